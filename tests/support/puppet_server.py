"""A real Puppet Server on loopback: Debian's package, started without its service, stopped whatever happens."""

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.support.oracles import find_tool, give_up
from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.puppet_server_tree import NAME, ServerTree

JAR = Path("/usr/share/puppetserver/puppetserver.jar")
# JIT and collector that start fastest on two cores
_JAVA = ("-Xms512m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# who started this may be gone before the kernel was told to watch it
_UNLESS_ORPHANED = 'test "$PPID" = "$0" && exec "$@"'
_START_LIMIT = 600
_ANSWER_LIMIT = 300


class RefusedError(Exception):
    """The server answered, and not with what was asked for; the text is its words."""


@dataclass(frozen=True, slots=True)
class PuppetServer:
    """A server that is starting or runs; every question waits until it is ready."""

    tree: ServerTree
    process: subprocess.Popen[bytes]

    def wait_until_ready(self) -> None:
        """Wait until the server says that it runs; raises AssertionError with its logs where it died."""
        wait_until(lambda: self._is_over() or self._says_running(), seconds=_START_LIMIT, pause=0.2)
        if self._is_over():
            logs = "".join(path.read_text()[-4000:] for path in sorted(self.tree.log.glob("*.log")))
            raise AssertionError(f"Puppet Server ended with {self.process.returncode}:\n{logs}")

    def catalog(
        self, node: str, environment: str, facts: Mapping[str, Any], *, is_static: bool = False
    ) -> Any:
        """Return the catalog that the server compiles for a node of those facts; nothing is applied.

        A static catalog has the metadata of files and a code id. Raises RefusedError with the compiler's words.
        """
        form = {
            "environment": environment,
            "facts_format": "application/json",
            "facts": quote(json.dumps(_facts_of(node, facts))),
        }
        if is_static:
            form |= {"static_catalog": "true", "checksum_type": "sha256"}
        path = f"/puppet/v3/catalog/{node}?{urlencode({'environment': environment})}"
        return json.loads(self._ask("POST", path, urlencode(form)))

    def static_content(self, environment: str, code_id: str, path: str) -> str:
        """Return a file as the version has it that the code id names; raises RefusedError if it is refused."""
        query = urlencode({"environment": environment, "code_id": code_id})
        return self._ask("GET", f"/puppet/v3/static_file_content/{path}?{query}", accepts="*/*")

    def flush(self, environment: str) -> None:
        """Let the server forget what it has read of an environment's code."""
        query = urlencode({"environment": environment})
        self._ask("DELETE", f"/puppet-admin-api/v1/environment-cache?{query}")

    def restart_ruby(self) -> None:
        """Give the server a new Ruby, which has loaded nothing yet."""
        self._ask("DELETE", "/puppet-admin-api/v1/jruby-pool")

    def stop(self) -> None:
        """End the server and everything that it started, and wait for it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _is_over(self) -> bool:
        return self.process.poll() is not None

    def _says_running(self) -> bool:
        try:
            return self._ask("GET", "/status/v1/simple") == "running"
        except (OSError, RefusedError, http.client.HTTPException):
            return False

    def _ask(
        self,
        method: str,
        path: str,
        form: str | None = None,
        *,
        accepts: str = "application/json, text/plain",
    ) -> str:
        """Return an answer; asked with the server's own certificate, which may do everything."""
        headers = {"Accept": accepts}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPSConnection(
            NAME, self.tree.port, timeout=_ANSWER_LIMIT, context=self._tls()
        )
        with contextlib.closing(connection):
            connection.request(method, path, body=form, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise RefusedError(f"{method} {path}: {answer.status} {text}")
        return text

    def _tls(self) -> ssl.SSLContext:
        """Return a context that trusts the server's CA alone; raises OSError until the first start has made it."""
        context = ssl.create_default_context(cafile=self.tree.ssl / "certs" / "ca.pem")
        context.load_cert_chain(
            self.tree.ssl / "certs" / f"{NAME}.pem", self.tree.ssl / "private_keys" / f"{NAME}.pem"
        )
        return context


def start_puppet_server(root: Path, *, versioned: Path | None = None) -> PuppetServer:
    """Start a server that has all its files below `root`; it ends with this process, however this one ends.

    To be called in the main thread: the kernel takes the end of the thread that starts a process for its parent's.
    """
    java, setpriv = find_tool("java", "default-jre-headless"), find_tool("setpriv", "util-linux")
    if not JAR.exists():
        give_up("needs Puppet Server (Debian's package puppetserver)")
    tree = ServerTree(root, free_port(), versioned)
    tree.write()
    temporary = root / "tmp"
    command = [
        *(setpriv, "--pdeathsig", "KILL", "--", "sh", "-c", _UNLESS_ORPHANED, str(os.getpid()), java, *_JAVA),
        *(f"-Djava.io.tmpdir={temporary}", "-Djruby.lib=/usr/share/jruby/lib"),
        "-Djruby.logger.class=com.puppetlabs.jruby_utils.jruby.Slf4jLogger",
        *("-jar", str(JAR), "--config", f"{root}/conf.d", "--bootstrap-config", f"{root}/services.cfg"),
        *("--restart-file", f"{root}/restart"),
    ]
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "TMPDIR": str(temporary),
        "LC_ALL": "C.UTF-8",
    }
    with (tree.log / "stdout.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return PuppetServer(tree, process)


@contextlib.contextmanager
def run_puppet_server(root: Path, *, versioned: Path | None = None) -> Iterator[PuppetServer]:
    """Have a server for the time of a `with` block: it is started, and not yet waited for."""
    server = start_puppet_server(root, versioned=versioned)
    try:
        yield server
    finally:
        server.stop()


def _facts_of(node: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return facts as an agent sends them."""
    now = datetime.now(UTC)
    return {
        "name": node,
        "values": {**values, "clientcert": node, "clientversion": values["puppetversion"]},
        "timestamp": now.isoformat(),
        "expiration": (now + timedelta(hours=1)).isoformat(),
    }
