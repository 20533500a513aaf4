"""Compile nodes on a dask cluster, with the same results as on this machine (see pinner.catalogs.local).

Workers need this version of pinner, and Puppet. They get the directory of each environment as an archive, and some nodes of
one kind at a time. They return what compile.rb does, each resource once, so that masking, comparing and storing are the same
as here. dask's messages are Python objects, which can run code: only encrypted connections leave this machine.
"""

import io
import itertools
import json
import logging
import os
import shutil
import stat
import sys
import tarfile
import tempfile
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from ipaddress import ip_address
from operator import attrgetter
from pathlib import Path
from posixpath import dirname, join, normpath
from secrets import token_hex
from typing import Any, Final
from urllib.parse import urlsplit

import dask
import distributed
from distributed.scheduler import KilledWorker

from pinner import __version__
from pinner.catalogs.inputs import which_puppet
from pinner.catalogs.process import (
    MOST_DEATHS,
    PROGRAM,
    Compiler,
    Run,
    compiled,
    directories_of,
    find_ruby,
    raw_answers,
)
from pinner.catalogs.sandbox import Sandbox, wrapper_of
from pinner.model.catalogs import Compiled, Node, Resource
from pinner.model.errors import InputError, PinnerError, Problem, UnknownError

LOCAL: Final = "local"
"""In place of an address: a cluster on this machine, for this command only."""
_CHUNK: Final = 20
"""Nodes that a worker compiles at a time: a worker that is lost has to be replaced in this much work."""
_DEATHS: Final = 3
"""How many workers may end while they compile a chunk."""
_LARGEST: Final = 256 * 1024**2
_LOOK: Final = 1.0
"""Seconds between two looks at which workers there are."""
_FETCH: Final = 10.0
"""Seconds for a result, which a worker may take with it."""
_UNSENT: Final = frozenset({"spec"})
"""Directories of modules that Puppet does not read."""
_DIED: Final = {"error": {"message": "the workers that compiled this node ended", "class": "died"}}
_FIELDS: Final = attrgetter("name", "facts", "trusted", "kind", "classes", "parameters")
"""Those of a node, in the order of its class."""


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Nodes of one kind and side, which one worker compiles; `deaths` is how many workers ended meanwhile."""

    side: int
    nodes: tuple[Node, ...]
    deaths: int = 0

    @property
    def code(self) -> tuple[int, str]:
        """Return what the nodes have in common: a worker that has compiled some of them is faster with the others."""
        return self.side, self.nodes[0].kind


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connected cluster; `puppet` describes the Puppet and the sandbox that all of its workers have."""

    client: Any
    address: str
    puppet: str
    ruby: str | None
    sandbox: Sandbox
    seconds: float
    plugins: dict[tuple[Path, ...], str]

    def compile_sides(
        self, compilers: Sequence[Compiler], nodes: Sequence[Sequence[Node]], rows: dict[str, Resource]
    ) -> Iterator[tuple[int, Compiled]]:
        """Yield the index of a compiler and the result of a node, as pinner.catalogs.local does.

        A chunk whose worker dies is compiled by another one. Raises UnknownError if no workers are left.
        """
        try:
            schedule = _Schedule(self.client, self._send(compilers), nodes)
            for side, node, answer in schedule.answers(self.seconds):
                yield side, compiled(node, answer, rows)
        except (OSError, CancelledError, RuntimeError) as error:
            why = error if isinstance(error, RuntimeError) else "the connection to the scheduler was lost"
            raise UnknownError(Problem(f"--scheduler: {self.address}: {why}")) from error

    def _send(self, compilers: Sequence[Compiler]) -> str:
        """Send environments to all workers, also those that will join; return the name of the plugin that has them."""
        places = tuple(one.environmentpath / one.environment for one in compilers)
        if places not in self.plugins:
            packed = tuple(
                (replace(one, jobs=1, is_warm=True), _pack(place))
                for one, place in zip(compilers, places, strict=True)
            )
            plugin = Environments(packed, self)
            self.client.register_plugin(plugin)
            self.plugins[places] = plugin.name
        return self.plugins[places]

    def forget(self) -> None:
        """Let the workers end their compilers and remove the environments."""
        for name in self.plugins.values() if self.client.status == "running" else ():
            with suppress(OSError, RuntimeError, CancelledError):
                self.client.unregister_worker_plugin(name)


class _Schedule:
    """Which worker compiles what: one chunk for each thread, if possible of code that the worker knows.

    A chunk belongs to its worker. One whose worker has gone is given to another; after several times, each of its nodes is
    compiled while nothing else is, so that it is known which of them ends workers.
    """

    def __init__(self, client: Any, plugin: str, nodes: Sequence[Sequence[Node]]) -> None:
        self.client, self.plugin = client, plugin
        slots = sum(client.nthreads().values()) or 1
        size = min(_CHUNK, max(1, sum(map(len, nodes)) // (4 * slots)))
        self.waiting = list(_chunks(nodes, size))
        self.running: dict[Any, tuple[_Chunk, str]] = {}
        self.known: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)

    def answers(self, longest: float) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        """Yield side, name and answer of each node; `longest` is how many seconds there may be no workers."""
        seen = time.monotonic()
        given_up: list[_Chunk] = []
        try:
            while self.waiting or self.running:
                try:
                    slots = self.client.nthreads(callback_timeout=longest)
                except TimeoutError:
                    raise RuntimeError("the scheduler does not answer") from None
                for address in slots.keys() - self.known.keys():
                    _check_address(address)  # it may have joined now
                seen = time.monotonic() if slots else seen
                if time.monotonic() - seen > longest:
                    raise RuntimeError("no workers are left")
                given_up += self._move_lost(slots)
                if len(given_up) >= MOST_DEATHS:
                    given_up += [one for one in self.waiting if one.deaths]
                    self.waiting = [one for one in self.waiting if not one.deaths]
                self._submit(slots)
                for chunk, result in self._finished():
                    yield from ((chunk.side, *one) for one in _unfolded(result))
            yield from ((one.side, node.name, _DIED) for one in given_up for node in one.nodes)
        finally:
            if self.client.status == "running":
                self.client.cancel(list(self.running))

    def _move_lost(self, slots: Mapping[str, int]) -> Iterator[_Chunk]:
        """Put chunks whose workers have gone back to those that wait; yield nodes that ended workers too often."""
        for future, (chunk, address) in list(self.running.items()):
            if address in slots and not isinstance(
                future.status == "error" and future.exception(), KilledWorker
            ):
                continue
            del self.running[future]
            self.client.cancel([future])
            if chunk.deaths == _DEATHS:
                yield chunk
            elif chunk.deaths == _DEATHS - 1:
                self.waiting += [replace(chunk, nodes=(node,), deaths=_DEATHS) for node in chunk.nodes]
            else:
                self.waiting.append(replace(chunk, deaths=chunk.deaths + 1))

    def _submit(self, slots: Mapping[str, int]) -> None:
        """Give each free thread a chunk."""
        busy = Counter(address for _, address in self.running.values())
        free = [address for address, threads in slots.items() for _ in range(threads - busy[address])]
        for address in sorted(free, key=lambda one: busy[one]):
            sides = Counter(side for known in self.known.values() for side in {side for side, _ in known})
            own = self.known[address]
            own_sides = {side for side, _ in own}
            chunk = min(
                (one for one in self.waiting if one.deaths < _DEATHS),
                key=lambda one: (one.code not in own, one.side not in own_sides, sides[one.side]),
                default=self.waiting[0] if self.waiting and not self.running else None,
            )
            if chunk is None:
                return
            self.waiting.remove(chunk)
            own.add(chunk.code)
            nodes = _packed([_FIELDS(node) for node in chunk.nodes])
            words = (compile_chunk, self.plugin, chunk.side, nodes)
            self.running[self.client.submit(*words, workers=[address], pure=False)] = chunk, address

    def _finished(self) -> Iterator[tuple[_Chunk, Mapping[str, Any]]]:
        """Wait for a moment, and yield the chunks that are done with their results."""
        if not self.running:
            time.sleep(_LOOK)
            return
        with suppress(TimeoutError):
            distributed.wait(list(self.running), timeout=_LOOK, return_when="FIRST_COMPLETED")
        for future, (chunk, _) in list(self.running.items()):
            if future.done():
                try:
                    result = _unpacked(future.result(timeout=_FETCH))
                except (TimeoutError, KilledWorker):
                    continue  # has its worker gone in the meantime?
                except Exception as error:
                    raise RuntimeError(f"a worker has failed: {error!r}") from error
                del self.running[future]
                yield chunk, result


def _chunks(nodes: Sequence[Sequence[Node]], size: int) -> Iterator[_Chunk]:
    """Yield the nodes in the order given, each kind of a side in chunks."""
    for side, some in enumerate(nodes):
        by_kind: defaultdict[str, list[Node]] = defaultdict(list)
        for node in some:
            by_kind[node.kind].append(node)
        for same in by_kind.values():
            yield from (_Chunk(side, tuple(same[at : at + size])) for at in range(0, len(same), size))


def _packed(value: Any) -> bytes:
    return zlib.compress(json.dumps(value).encode())


def _unpacked(text: bytes) -> Any:
    return json.loads(zlib.decompress(text))


def _unfolded(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the name and answer of each node, with the resources that the answers have in common put back."""
    if "problems" in result:
        raise UnknownError(Problem(message, hint=hint) for message, hint in result["problems"])
    for name, text in result["answers"]:
        answer = json.loads(text)
        if "resources" in answer:
            answer["resources"] = [result["rows"][index] for index in answer["resources"]]
        yield name, answer


def compile_chunk(plugin: str, side: int, nodes: bytes) -> bytes:
    """Return, on a worker, the rows of some nodes' resources, and their answers with the indexes of rows as resources."""
    environments: Environments = distributed.get_worker().plugins[plugin]
    index_by_row: dict[str, int] = {}
    answers = []
    try:
        for node, answer in environments.answers(side, [Node(*one) for one in _unpacked(nodes)]):
            fields: dict[str, Any] = dict(answer)
            try:
                if "resources" in fields:
                    rows = [str(row) for row in fields["resources"]]
                    fields["resources"] = [index_by_row.setdefault(row, len(index_by_row)) for row in rows]
                answers.append([node.name, json.dumps(fields)])
            except (TypeError, RecursionError):  # only hostile code gives such an answer
                answers.append([node.name, "{}"])
    except PinnerError as error:
        return _packed({"problems": [[one.message, one.hint] for one in error.problems]})
    return _packed({"rows": list(index_by_row), "answers": answers})


class Environments(distributed.WorkerPlugin):  # type: ignore[misc]  # dask has no types
    """What a worker has of one command: directories of environments, and running compilers for their nodes."""

    def __init__(self, packed: Sequence[tuple[Compiler, bytes]], cluster: Cluster) -> None:
        self.name = f"pinner-{token_hex(8)}"
        self.packed, self.puppet = packed, cluster.puppet
        self.ruby, self.sandbox = cluster.ruby, cluster.sandbox

    def setup(self, worker: Any) -> None:
        """Make ready, without work: the worker waits."""
        self.root = Path(worker.local_directory) / self.name
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.compilers: dict[int, Compiler] = {}
        self.runs: set[Run] = set()
        self.idle: list[tuple[int, Run]] = []
        self.is_over = False

    def teardown(self, worker: Any) -> None:  # noqa: ARG002 - dask's signature
        """End all compilers and remove the directories."""
        with self.lock:
            self.is_over = True
            for run in self.runs - {run for _, run in self.idle}:
                run.kill()  # its thread closes it
            for _, run in self.idle:
                run.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def answers(self, side: int, nodes: Sequence[Node]) -> Iterator[tuple[Node, Mapping[str, Any]]]:
        """Yield each node with its answer; the compiler stays for the next nodes, unless one of these ended it."""
        run = self._take(side, nodes[0].kind)
        waiting = {next(self.numbers): node for node in nodes}
        try:
            for number, answer in run.answers(waiting):
                yield waiting.pop(number), answer
        finally:
            with self.lock:
                if waiting or self.is_over:
                    run.close()
                    self.runs.discard(run)
                else:
                    self.idle.append((side, run))
        if waiting and not self.is_over:
            yield from raw_answers(replace(run.compiler, is_warm=False), tuple(waiting.values()))

    def _take(self, side: int, kind: str) -> Run:
        """Return an idle compiler, if possible one that knows the kind, or a new one."""
        with self.lock:
            if self.is_over:
                raise UnknownError(Problem("the command has ended"))
            own = [one for one in self.idle if one[0] == side]
            if own:
                chosen = max(own, key=lambda one: kind in one[1].seen)
                self.idle.remove(chosen)
                return chosen[1]
            if side not in self.compilers:
                self.compilers[side] = self._prepare(side)
            run = Run(self.compilers[side])
            self.runs.add(run)
            return run

    def _prepare(self, side: int) -> Compiler:
        """Return a compiler for the environment, unpacked here, with this worker's Ruby and sandbox."""
        compiler, archive = self.packed[side]
        place = self.root / str(side)
        _extract(archive, place / compiler.environment)
        (self.root / "sandbox").mkdir(exist_ok=True)
        ruby, wrapper, puppet = _ways(self.ruby, self.sandbox, self.root / "sandbox", place)
        if puppet != self.puppet:
            raise UnknownError(Problem(f"a worker has another Puppet: {puppet}, not {self.puppet}"))
        return replace(compiler, environmentpath=place, ruby=ruby, wrapper=wrapper)


def _ways(
    given: str | None, sandbox: Sandbox, scratch: Path, *readable: Path
) -> tuple[str, tuple[str, ...], str]:
    """Return Ruby, the words of the sandbox, and what describes both; raises UnknownError if there is no Puppet."""
    ruby = find_ruby(given)
    wrapper = wrapper_of(sandbox, (*readable, *directories_of(ruby)), scratch)
    puppet = which_puppet(ruby)
    if puppet is None:
        raise UnknownError(Problem(f"{ruby} has no Puppet", hint="install OpenVox or Puppet on each worker"))
    version, number, *_ = puppet.splitlines()
    return ruby, wrapper, f"Puppet {number}, {version}, sandbox {wrapper[0] if wrapper else Sandbox.NONE}"


def describe_worker(ruby: str | None, sandbox: Sandbox) -> Mapping[str, str]:
    """Return, on a worker, `versions`, and `puppet` or the `problem` why there is none."""
    which_puppet.cache_clear()  # a worker may outlive an upgrade of Puppet
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return {"versions": _versions(), "puppet": _ways(ruby, sandbox, Path(scratch))[2]}
        except PinnerError as error:
            return {"versions": _versions(), "problem": str(error)}


def _versions() -> str:
    """Return the versions that the workers and this machine must have in common."""
    programs = sha256(b"".join(path.read_bytes() for path in sorted(PROGRAM.parent.glob("*.rb")))).hexdigest()
    python = ".".join(map(str, sys.version_info[:2]))
    return f"pinner {__version__} ({programs[:8]}), distributed {distributed.__version__}, Python {python}"


@contextmanager
def open_cluster(
    address: str,
    *,
    ruby: str | None = None,
    sandbox: Sandbox = Sandbox.AUTO,
    workers: int | None = None,
    seconds: float = 120.0,
) -> Iterator[Cluster]:
    """Yield the cluster at an address, or for LOCAL a new one with a number of workers, by default one per processor.

    `seconds` is how long scheduler and workers are waited for, and how long a cluster may be without workers.
    Raises InputError for an address that is not encrypted and not on this machine, UnknownError if there are no workers, or
    if they do not have the versions that this machine has.
    """
    security = None if address == LOCAL else _security(address)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it logs each worker that ends
    with ExitStack() as stack:
        try:
            target = (
                stack.enter_context(_start_cluster(workers or os.cpu_count() or 1, stack))
                if address == LOCAL
                else address
            )
            client = stack.enter_context(distributed.Client(target, security=security, timeout=seconds))
            client.wait_for_workers(1, timeout=seconds)
            puppet = _check_workers(client, ruby, sandbox)
        except (OSError, ValueError, RuntimeError) as error:
            message = f"--scheduler: {address}: {str(error) or type(error).__name__}"
            raise UnknownError(Problem(message, hint="are the scheduler and a worker running?")) from error
        cluster = Cluster(client, address, puppet, ruby, sandbox, seconds, {})
        stack.callback(cluster.forget)
        yield cluster


def _start_cluster(workers: int, ending: ExitStack) -> Any:
    """Return a cluster of processes on this machine that other users of it can neither use nor look into.

    What the processes unpack is in a directory of this run's own: dask's usual one has a name that another user
    can take first. They start as `python -c`, which imports from the current directory, and that may be a project of
    strangers: PYTHONSAFEPATH prevents it, also for those that are started later in place of others.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    scratch = tempfile.TemporaryDirectory(prefix="pinner-cluster-", ignore_cleanup_errors=True)
    configured = dask.config.get("temporary-directory", None)
    settings: dict[str, Any] = {
        "temporary-directory": configured or ending.enter_context(scratch),
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    with dask.config.set(settings):
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",  # None would be the usual port, which may be in use
            scheduler_kwargs={"dashboard": False},
            security=True,
            silence_logs=logging.CRITICAL,
        )


def _security(address: str) -> Any:
    """Return how the connection to an address is made safe; raises InputError if it is not."""
    _check_address(address)
    if address.startswith("tcp:"):
        return None
    lacking = [
        name
        for name in ("ca-file", "client.cert")
        if dask.config.get(f"distributed.comm.tls.{name}", None) is None
    ]
    hint = "set it in ~/.config/dask/distributed.yaml, as in 'See what changes on your machines' in the documentation"
    if lacking:
        raise InputError(
            Problem(f"--scheduler: dask's setting distributed.comm.tls.{name} is not set", hint=hint)
            for name in lacking
        )
    security = distributed.Security(require_encryption=True)
    try:
        security.get_connection_args("client")
    except OSError as error:
        raise InputError(
            Problem(f"--scheduler: dask's TLS files cannot be read: {error}", hint=hint)
        ) from error
    return security


def _check_address(address: str) -> None:
    """Raise InputError unless an address is encrypted, or on this machine."""
    try:
        parts = urlsplit(address)
        scheme, host, is_whole = parts.scheme, parts.hostname or "", bool(parts.port)
    except ValueError:
        is_whole = False
    if not is_whole or scheme not in {"tls", "tcp"} or not host:
        hint = f"write tls://scheduler.example.net:8786, or '{LOCAL}' for workers on this machine"
        raise InputError(Problem(f"--scheduler: {address!r} is not an address", hint=hint))
    if scheme == "tcp" and not _is_loopback(host):
        message = (
            f"--scheduler: {address} is not encrypted: who can reach it can run code on all workers and here"
        )
        hint = "start scheduler and workers with --tls-ca-file, --tls-cert and --tls-key, and give tls://scheduler.example.net:8786"
        raise InputError(Problem(message, hint=hint))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_workers(client: Any, ruby: str | None, sandbox: Sandbox) -> str:
    """Return what describes Puppet and sandbox of all workers; raises an error if they are not the same."""
    for address in client.nthreads():
        _check_address(address)
    hint = f"install 'pinner[cluster]=={__version__}' and Puppet on each worker, in the same versions"
    found = client.run(describe_worker, ruby, sandbox, on_error="return")
    problems = []
    for worker, told in sorted(found.items()):
        if isinstance(told, BaseException):
            problems.append(Problem(f"worker {worker}: {told}", hint=hint))
        elif told["versions"] != _versions():
            words = f"worker {worker} has {told['versions']}; this machine has {_versions()}"
            problems.append(Problem(words, hint=hint))
        elif "problem" in told:
            problems.append(Problem(f"worker {worker}: {told['problem']}"))
    puppets = {told["puppet"] for told in found.values() if not problems}
    if len(puppets) > 1:
        problems.append(Problem(f"the workers differ: {'; '.join(sorted(puppets))}", hint=hint))
    if problems:
        raise UnknownError(problems)
    return str(puppets.pop())


def _pack(environment: Path) -> bytes:
    """Return the directory of an environment as an archive, with what its own links lead to, see `write_tree`.

    Links in modules and in the control repository stay links; those that lead out of the environment are left out.
    """
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT, errors="surrogateescape"
    ) as tar:
        for name, path in _files(environment, "", is_own=True):
            about = tarfile.TarInfo(name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                about.type, about.linkname = tarfile.SYMTYPE, os.readlink(path)  # noqa: PTH115 - the text of the link itself
                tar.addfile(about)
            elif stat.S_ISDIR(mode):
                about.type = tarfile.DIRTYPE
                tar.addfile(about)
            elif stat.S_ISREG(mode):
                try:
                    content = path.read_bytes()
                except OSError as error:
                    raise InputError(Problem(f"{path}: {error.strerror}")) from error
                about.size, about.mode = len(content), stat.S_IMODE(mode)
                tar.addfile(about, io.BytesIO(content))
            if buffer.tell() > _LARGEST:
                message = (
                    f"{environment.name} has more than {_LARGEST} bytes of files, packed: too much to send"
                )
                raise InputError(Problem(message, hint="does --control name a directory of other things?"))
    return buffer.getvalue()


def _files(directory: Path, name: str, *, is_own: bool) -> Iterator[tuple[str, Path]]:
    """Yield the name in the archive and the path of each file below a directory, directories first; `is_own` if we made it."""
    unsent = _UNSENT if not is_own and (directory / "metadata.json").is_file() else ()
    for path in sorted(one for one in directory.iterdir() if one.name not in unsent):
        below = join(name, path.name)
        target = Path(os.readlink(path)) if is_own and path.is_symlink() else path  # noqa: PTH115 - one step only
        if target.is_symlink():
            text = str(target.readlink())
            if not text.startswith("/") and normpath(join(dirname(below), text)).split("/")[0] != "..":
                yield below, target
        else:
            yield below, target
            if target.is_dir():
                yield from _files(target, below, is_own=is_own and target == path)


def _extract(archive: bytes, directory: Path) -> None:
    directory.mkdir(parents=True, mode=0o700)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for one in tar:
            path = directory / one.name
            if one.isdir():
                path.mkdir()
            elif one.issym():
                path.symlink_to(one.linkname)
            elif content := tar.extractfile(one):
                path.write_bytes(content.read())
                path.chmod(one.mode | stat.S_IRUSR)
