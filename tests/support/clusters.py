"""Real dask clusters of processes on this machine, and a program in place of a Ruby with Puppet, which ends its worker on request."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.processes import wait_until

_RUBY = """#!{python} -IS
import json, os, signal, sys
if "-e" in sys.argv:
    print("ruby 3.3 (in name only)", "8.10.0", __file__, "0.0", sep=chr(10))
    sys.exit()
answers = open(int(sys.argv[-1]), "w", buffering=1)
configuration = json.loads(sys.stdin.readline())
root = os.path.join(configuration["environmentpath"], configuration["environment"])
print("0 " + json.dumps(dict(puppet="8.10.0", ruby="3.3")), file=answers)
for line in sys.stdin:
    node = json.loads(line)
    ending = node["facts"].get("ends_worker")
    if ending == "always" or ending and not os.path.exists(ending):
        if ending != "always":
            open(ending, "w").close()
        os.kill(os.getppid(), signal.SIGKILL)
        sys.exit()
    answer = dict(warnings=[["careful", "modules/nova/manifests/init.pp", 1]], cpu=0.5, puppet="8.10.0")
    if node["facts"].get("fails"):
        answer["error"] = {{"message": "no such class", "class": "Puppet::Error", "file": "manifests/site.pp", "line": 1}}
    else:
        with open(os.path.join(root, "modules/nova/manifests/init.pp")) as file:
            content = file.read()
        rows = [["File", "/etc/nova", None, dict(content=content), "modules/nova/manifests/init.pp", 1, "native"]]
        own = dict(content=node["name"] + " has hunter2hunter2")
        rows.append(["File", "/etc/name", None, own, "modules/nova/manifests/init.pp", 2, "native"])
        answer.update(resources=[json.dumps(row) for row in rows], secrets=dict(hunter2hunter2="0123456789ab"))
    print(node["id"], json.dumps(answer), file=answers)
"""


def write_ruby(path: Path) -> Path:
    """Write a program that answers as compile.rb does, with one file of the module nova as catalog; return its path.

    A node with the fact `ends_worker` ends the process that started the program: a path does so once, `always` each time.
    """
    path.write_text(_RUBY.format(python=sys.executable))
    path.chmod(0o755)
    return path


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of an authority, and of a certificate of its own for all machines of a cluster."""

    authority: Path
    certificate: Path
    key: Path

    def settings(self) -> Mapping[str, str]:
        """Return dask's settings of a client."""
        prefix = "distributed.comm.tls"
        return {
            f"{prefix}.ca-file": str(self.authority),
            f"{prefix}.client.cert": str(self.certificate),
            f"{prefix}.client.key": str(self.key),
        }

    def options(self) -> Sequence[str]:
        """Return the options of dask's programs."""
        return (
            *("--tls-ca-file", str(self.authority)),
            *("--tls-cert", str(self.certificate)),
            *("--tls-key", str(self.key)),
        )


def make_certificates(directory: Path) -> Certificates:
    """Make an authority and a certificate with openssl."""
    directory.mkdir()
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")
    for words in (
        ("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=cluster"),
        ("req", "-new", *new_key[:-2], "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=machine"),
        (
            *("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "3650", "-out", "certificate.pem"),
        ),
    ):
        subprocess.run(["openssl", *words], cwd=directory, capture_output=True, check=True)
    return Certificates(directory / "ca.pem", directory / "certificate.pem", directory / "key.pem")


@dataclass
class DaskProcesses:
    """A scheduler and its workers, each a process; `address` is that of the scheduler."""

    directory: Path
    certificates: Certificates | None = None
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = ""

    def start(self, program: str, *words: str, hidden: str = "") -> None:
        """Start one of dask's programs, which cannot import `hidden`; what it writes is in a file."""
        options = self.certificates.options() if self.certificates else ()
        hide = f"import sys; sys.modules[{hidden!r}] = None; " if hidden else ""
        script = f"{hide}from distributed.cli.{program} import main; main()"
        with (self.directory / f"{program}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", script, *words, "--no-dashboard", *options],
                cwd=self.directory,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)

    def start_scheduler(self) -> None:
        note = self.directory / "scheduler.json"
        scheme = "tls" if self.certificates else "tcp"
        words = ("--host", f"{scheme}://127.0.0.1", "--port", "0", "--scheduler-file", str(note))
        self.start("dask_scheduler", *words)
        wait_until(lambda: note.exists() and note.read_bytes().endswith(b"}"))
        self.address = json.loads(note.read_bytes())["address"]

    def start_workers(self, number: int, *, hidden: str = "") -> None:
        """Start workers with a thread each; they are started again if they end, unless something is hidden from them."""
        words = ["--nworkers", str(number), "--nthreads", "1", "--host", "127.0.0.1"]
        words += ["--local-directory", str(self.directory / "workers")]
        self.start("dask_worker", self.address, *words, *(["--no-nanny"] if hidden else []), hidden=hidden)


@contextlib.contextmanager
def dask_processes(
    directory: Path, *, workers: int = 0, certificates: Certificates | None = None
) -> Iterator[DaskProcesses]:
    """Yield a scheduler with workers, which are started again if they are killed; all of them are ended afterwards."""
    directory.mkdir()
    cluster = DaskProcesses(directory, certificates)
    try:
        cluster.start_scheduler()
        if workers:
            cluster.start_workers(workers)
        yield cluster
    finally:
        for process in cluster.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
