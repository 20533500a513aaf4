"""Run compile.rb for one environment and yield what it returns for each node.

The process is started again if it ends too early: then it compiles what is left without compiling anything in the
parent, and after that one node at a time, so that the node that ends it is known. That node fails; the others are
compiled.
"""

import itertools
import json
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from pinner.git.process.children import end_session, forget, start
from pinner.model.catalogs import Catalog, Compiled, Failure, Json, Node, Notice, Resource
from pinner.model.errors import Problem, UnknownError

PROGRAM: Final = Path(__file__).parent / "compile.rb"
HIDDEN_NAMES: Final = (
    r"(?i)(?:password|passphrase|passwd|secret|token|secret_key|encryption_key|private_key|transport_url)\z"
)
"""Names of parameters whose values are secret, as a regular expression of Ruby and of Python."""
MOST_DEATHS: Final = 20
_RUBIES = ("/opt/puppetlabs/puppet/bin/ruby", "ruby")
_KEPT = ("PATH", "RUBYLIB", "RUBYOPT", "GEM_HOME", "GEM_PATH")
_COLLECTOR = {"RUBY_GC_MALLOC_LIMIT": "67108864", "RUBY_GC_OLDMALLOC_LIMIT": "134217728"}
"""Fewer runs of Ruby's garbage collector: a fifth less time for half again as much memory of a child."""
_STARTING = 120.0
_LAST_BYTES = 4000
_LONGEST = 300 * 1024 * 1024
"""Bytes without the end of a line: compile.rb passes on answers of 256 MiB."""
_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Compiler:
    """How the nodes of one environment are compiled; `timeout` (seconds) and `memory` (bytes) are a node's.

    `wrapper` is put before the command, see pinner.catalogs.sandbox. `key` is the key of the digests of secrets:
    two environments can be compared only with the same one. See pinner.catalogs for the rest.
    """

    environmentpath: Path
    environment: str
    key: str
    ruby: str
    jobs: int = 1
    timeout: float = 300.0
    memory: int = 2 * 1024**3
    settings: Mapping[str, str] = field(default_factory=dict)
    exported: Sequence[Json] = ()
    is_whole: bool = False
    is_warm: bool = True
    wrapper: tuple[str, ...] = ()

    def configuration(self) -> bytes:
        """Return the first line that compile.rb reads."""
        values = {
            "environmentpath": str(self.environmentpath),
            "environment": self.environment,
            "key": self.key,
            "secret": HIDDEN_NAMES,
            "jobs": self.jobs,
            "timeout": self.timeout,
            "memory": self.memory,
            "settings": dict(self.settings),
            "exported": list(self.exported),
            "whole": self.is_whole,
            "warm": self.is_warm,
        }
        return json.dumps(values).encode() + b"\n"


def find_ruby(given: str | None = None) -> str:
    """Return the path of the Ruby that has Puppet: `given`, Puppet's own, or the first in PATH.

    Raises UnknownError if there is none.
    """
    for name in (given,) if given else _RUBIES:
        if path := shutil.which(name):
            return path
    hint = "install OpenVox or Puppet ('apt install puppet-agent'), or name its Ruby with --ruby"
    raise UnknownError(
        Problem(f"there is no Ruby at {given!r}" if given else "Ruby is not installed", hint=hint)
    )


def directories_of(ruby: str) -> Iterator[Path]:
    """Yield the directories outside the system's own that a Ruby needs, for the sandbox."""
    prefix = Path(ruby).resolve().parent.parent
    libraries = (
        part for name in ("RUBYLIB", "GEM_HOME", "GEM_PATH") for part in os.environ.get(name, "").split(":")
    )
    for path in (prefix, *(Path(part) for part in libraries if part)):
        if path.is_dir() and path.is_absolute() and path not in {Path("/"), Path("/usr"), Path.home()}:
            yield path


def ruby_environment() -> dict[str, str]:
    """Return the environment variables of a Ruby that compiles: where it finds programs and libraries, nothing else."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "HOME": "/", **_COLLECTOR}


def compile_nodes(
    compiler: Compiler, nodes: Sequence[Node], rows: dict[str, Resource] | None = None
) -> Iterator[Compiled]:
    """Yield the result of each node, in the order in which they are ready.

    Equal resources of all catalogs are one object; `rows` are those known before, and gets the new ones, by their JSON
    text. Raises UnknownError if Puppet cannot be started.
    """
    rows = {} if rows is None else rows
    for node, answer in raw_answers(compiler, nodes):
        yield compiled(node.name, answer, rows)


def raw_answers(compiler: Compiler, nodes: Sequence[Node]) -> Iterator[tuple[Node, Mapping[str, Json]]]:
    """Yield each node with the JSON object that compile.rb returned for it; see `compile_nodes`."""
    waiting = dict(enumerate(nodes, start=1))
    deaths = 0
    while waiting:
        with Run(compiler) as run:
            for number, answer in run.answers(waiting):
                yield waiting.pop(number), answer
        if not waiting:
            return
        deaths += 1
        compiler = replace(compiler, is_warm=False, jobs=compiler.jobs if deaths == 1 else 1)
        if deaths > 2:  # noqa: PLR2004 - now one node at a time
            yield waiting.pop(min(waiting)), _died(run.last_words())
        if deaths == MOST_DEATHS:
            for number in sorted(waiting):
                yield waiting[number], _died("; too many nodes did this")
            return


def _died(why: str) -> Mapping[str, Json]:
    return {"error": {"message": f"the compiler ended while it compiled this node{why}", "class": "died"}}


class Run:
    """One process, which compiles nodes until it is closed; it is started at once.

    `seen` are the kinds of the nodes that it got so far. Raises UnknownError if it cannot be started.
    """

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.requests: Iterator[bytes] = iter([compiler.configuration()])
        self.unsent = b""
        self.pending: set[int] = set()
        self.seen: set[str] = set()
        self.errors = b""
        self.is_ready = False
        with ExitStack() as ending:
            scratch = tempfile.mkdtemp(prefix="pinner-compile-")  # a killed process leaves its files in it
            ending.callback(shutil.rmtree, scratch, ignore_errors=True)
            self._output, inherited = os.pipe()
            ending.callback(os.close, self._output)
            options = ("-EUTF-8:UTF-8", "-W0", str(PROGRAM), str(inherited))
            command = (*compiler.wrapper, compiler.ruby, *options)
            try:
                self._process = start(
                    command,
                    environment={**ruby_environment(), "TMPDIR": scratch},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    keep_open=(inherited,),
                )
            except OSError as error:
                raise UnknownError(Problem(f"{command[0]} cannot be started: {error.strerror}")) from error
            finally:
                os.close(inherited)
            ending.callback(self._end, self._process)
            self._ending = ending.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and all that it started."""
        self._ending.close()

    def kill(self) -> None:
        """Kill the process and all that it started, while another thread waits for its answers."""
        _kill_session(self._process.pid)

    def last_words(self) -> str:
        """Return the last line that the process wrote to standard error, after a colon; empty if there is none."""
        lines = self.errors.decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    def answers(self, nodes: Mapping[int, Node]) -> Iterator[tuple[int, Mapping[str, Json]]]:
        """Yield the number of each node and its answer; if the process ends before, those of the last nodes are missing.

        Each call needs numbers of its own. Raises UnknownError if Puppet could not be started.
        """
        self.pending = nodes.keys() | set()
        self.seen |= {node.kind for node in nodes.values()}
        self.requests = itertools.chain(self.requests, itertools.starmap(_request, tuple(nodes.items())))
        process, answers = self._process, self._output
        assert process.stdin  # noqa: S101 - for mypy: all of them are pipes
        assert process.stderr  # noqa: S101 - for mypy: it is a pipe
        requests, errors = process.stdin.fileno(), process.stderr.fileno()
        os.set_blocking(requests, False)
        unread = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(requests, selectors.EVENT_WRITE)
            selector.register(answers, selectors.EVENT_READ)
            selector.register(errors, selectors.EVENT_READ)
            heard = time.monotonic()
            while self.pending or not self.is_ready:
                ready = {key.fd for key, _ in selector.select(1.0)}
                if requests in ready and not self._send(requests):
                    selector.unregister(requests)
                if errors in ready:
                    text = os.read(errors, 65536)
                    self.errors = (self.errors + text)[-_LAST_BYTES:]
                    if not text:
                        selector.unregister(errors)
                if answers in ready:
                    heard = time.monotonic()
                    text = os.read(answers, 1 << 20)
                    if not text:
                        break
                    unread += text
                    *lines, rest = unread.split(b"\n") if b"\n" in text else (unread,)
                    unread = bytearray(rest)
                    yield from self._read(lines)
                    if len(unread) > _LONGEST:
                        break
                elif (
                    process.poll() is not None
                    or time.monotonic() - heard > _STARTING + 2 * self.compiler.timeout
                ):
                    break  # what a module started may still hold the pipe of a process that has ended
        if not self.is_ready:
            raise UnknownError(Problem(f"Puppet could not be started{self.last_words()}"))

    def _send(self, requests: int) -> bool:
        """Write what the pipe takes; return whether anything is left."""
        self.unsent = self.unsent or next(self.requests, b"")
        try:
            self.unsent = self.unsent[os.write(requests, self.unsent) :] if self.unsent else b""
        except BlockingIOError:
            return True
        except BrokenPipeError:  # the answers end, too
            return False
        if not self.unsent:
            self.unsent = next(self.requests, b"")
        return bool(self.unsent)

    def _read(self, lines: Sequence[bytes | bytearray]) -> Iterator[tuple[int, Mapping[str, Json]]]:
        """Yield the answers in the lines; code of modules may have written any of them."""
        for line in lines:
            number, _, text = line.partition(b" ")
            try:
                answer = json.loads(text)
            except (ValueError, RecursionError):
                answer = None
            if number == b"0":
                if isinstance(answer, dict) and "error" in answer and not self.is_ready:
                    hint = "install Puppet or OpenVox for this Ruby, or name another Ruby with --ruby"
                    message = f"Puppet could not be started: {answer['error']}"
                    raise UnknownError(Problem(message, hint=hint if "cannot load" in message else None))
                self.is_ready = True
            elif number.isdigit() and len(number) < _DIGITS and int(number) in self.pending:
                self.pending.discard(int(number))
                yield int(number), answer if isinstance(answer, dict) else _died(": its answer is not JSON")

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with suppress(OSError):
            process.stdin.close() if process.stdin else None
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.0 if self.pending else 2.0)  # it removes its temporary directory
        _kill_session(process.pid)
        process.wait()
        if process.stderr:
            process.stderr.close()
        forget(process)


def _kill_session(session: int) -> None:
    """Kill all processes of a session: each node has a process group of its own, which may outlive the leader."""
    end_session(session)
    for entry in Path("/proc").glob("[0-9]*") if Path("/proc").is_dir() else ():
        with suppress(OSError):
            if os.getsid(int(entry.name)) == session:
                os.kill(int(entry.name), signal.SIGKILL)


def _request(number: int, node: Node) -> bytes:
    values = {
        "id": number,
        "name": node.name,
        "kind": node.kind,
        "facts": node.facts,
        "trusted": node.trusted,
        "classes": node.classes,
        "parameters": node.parameters,
    }
    return json.dumps(values).encode() + b"\n"


def compiled(name: str, answer: Mapping[str, Json], rows: dict[str, Resource]) -> Compiled:
    """Return the answer as values; a malformed one, which only hostile code gives, is a failure."""
    try:
        fields: dict[str, Any] = dict(answer)
        warnings = tuple(Notice(*one) for one in fields.get("warnings", ()))
        cpu, puppet = float(fields.get("cpu", 0.0)), fields.get("puppet")
        if error := fields.get("error"):
            notice = Notice(str(error["message"]), error.get("file"), error.get("line"))
            return Compiled(name, Failure(notice, str(error["class"])), warnings, cpu, puppet)
        texts = fields["resources"]
        resources = tuple(rows.get(text) or rows.setdefault(text, read_row(text)) for text in texts)
        return Compiled(name, Catalog(resources, dict(fields["secrets"])), warnings, cpu, puppet)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError):
        return Compiled(name, Failure(Notice("the answer of the compiler cannot be read"), "died"))


def read_row(text: str) -> Resource:
    """Return the resource of a row; raises ValueError or TypeError if the text is not one."""
    found = Resource(*json.loads(text))
    texts = (found.type, found.title, found.name or "", found.path or "", found.kind)
    if not (all(isinstance(one, str) for one in texts) and isinstance(found.parameters, dict)):
        raise ValueError(text)
    return found
