"""Defines remotes and their mirrors, and runs the git calls that contact a remote: how many at a time, and with what.

The limit of concurrent connections is lower for ssh servers, and is lowered further when a server refuses connections.
sshd drops connections at random once 10 of them have not logged in yet (sshd_config(5), MaxStartups 10:30:100), and
other programs connect to the same server. Hosting services return "429 Too Many Requests" instead.

curl built with GnuTLS (Debian, Ubuntu) parses every file of the system's certificate directory for each
connection, although the bundle beside it holds the same authorities: this takes 35 ms of the 50 ms of CPU of
one `git ls-remote`. So pinner passes git an empty directory first. This can only reject more certificates: if
one is rejected, the call is repeated with git's own settings, which then apply for the rest of the run.

git itself follows redirects silently. It then sends the headers of `http.extraHeader` (where CI systems put
tokens) to the new server, and credentials from the user's helpers if it requests them. So pinner disables
git's redirects and follows them itself: as git would on the same server, and without credentials to another
server.

A mirror has the remote's branches and tags under their own names and, under refs/pinner/commits/, single
commits that no branch or tag reaches.
"""

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit, urlunsplit

from pinner.git.process.children import EndlessError, Output, ProcessGroup
from pinner.git.process.command import allowed_transports, in_repository, run
from pinner.git.process.failures import FailureKind, classify, printable
from pinner.git.process.local_repositories import local_path
from pinner.model.errors import Problem, UnknownError
from pinner.model.lock import Refs
from pinner.model.text import redact_url

SSH_CONNECTIONS = 8
"""The most concurrent connections to one ssh server, even if `jobs` is higher."""

_FEWER = 4


@dataclass(slots=True)
class _Host:
    limit: int
    used: int = 0


@dataclass(slots=True)
class Connections:
    """The connections of one run: at most `jobs` in total."""

    jobs: int
    _used: int = 0
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @contextlib.contextmanager
    def to(self, place: str) -> Iterator[int]:
        """Wait for a free connection to the host of `place` and hold it during a `with` block.

        The value is the current limit for that host, to be passed to `reduce`.
        """
        with self._changed:
            host = self._host(place)
            self._changed.wait_for(lambda: self._used < self.jobs and host.used < host.limit)
            self._used += 1
            host.used += 1
            limit = host.limit
        try:
            yield limit
        finally:
            with self._changed:
                self._used -= 1
                host.used -= 1
                self._changed.notify_all()

    def reduce(self, place: str, limit: int) -> None:
        """Lower the limit for the host of `place` to a quarter of `limit`, the limit during the refused call.

        Several refusals under the same limit lower it only once.
        """
        with self._changed:
            host = self._host(place)
            host.limit = min(host.limit, max(1, limit // _FEWER))

    def _host(self, place: str) -> _Host:
        limit = min(self.jobs, SSH_CONNECTIONS) if is_ssh(place) else self.jobs
        return self._hosts.setdefault(host_of(place), _Host(limit))


def is_ssh(place: str) -> bool:
    """Return whether git uses ssh for `place`: an ssh URL, or the short form user@host:path."""
    return place.startswith("ssh:") or not (place.startswith("/") or "://" in place)


def host_of(place: str) -> str:
    """Return the host in `place`, with the port if the URL has one; "" for a path."""
    if "://" in place:
        return urlsplit(place).netloc.rpartition("@")[2].lower()
    return "" if place.startswith("/") else place.partition(":")[0].rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Mirror:
    """A local copy of a remote: `url` is canonical, `path` absolute, `notes` are messages about this sync."""

    url: str
    path: Path
    refs: Refs = field(compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_shallow(self) -> bool:
        """Return whether commits are missing because the repository it is fetched from is shallow."""
        return (self.path / "shallow").exists()


_TIMEOUT = 30.0
_SETTINGS_READ = r"^(core\.sshcommand|http\.(.*\.)?(sslcapath|followredirects))$"
_FALSE = frozenset({"false", "no", "off", "0"})
_WITHOUT_PROMPTS = "ssh -oBatchMode=yes"


@dataclass(slots=True)
class TransportEnvironment:
    """The variables that one run adds to git calls that contact a remote.

    `no_authorities` is an empty directory. `redirects` maps a place to the place its server redirected it to
    in this run. If `trusts_bundle` is False, git uses the system's certificate directory.
    """

    environ: Mapping[str, str]
    no_authorities: Path
    redirects: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _configured: Mapping[str, str] | None = None
    trusts_bundle: bool = True

    def variables(self, place: str, *, timeout: float) -> Mapping[str, str]:
        """Return the variables for a git call that contacts `place`; `timeout` is in seconds.

        The low-speed limit ends a git process that outlives a killed pinner. Its time is twice `timeout`, so
        that pinner's own limit is reached first.
        """
        found = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(max(1, round(2 * timeout)))}
        if place.startswith("https:") and (
            self.trusts_bundle
            and "GIT_SSL_CAPATH" not in self.environ
            and self.no_authorities.is_dir()
            and not any(key.endswith("sslcapath") for key in self._configuration())
        ):
            found["GIT_SSL_CAPATH"] = str(self.no_authorities)
        has_own_ssh = {"GIT_SSH", "GIT_SSH_COMMAND"} & self.environ.keys()
        if is_ssh(place) and not has_own_ssh and "core.sshcommand" not in self._configuration():
            found["GIT_SSH_COMMAND"] = _WITHOUT_PROMPTS
        return found

    def may_follow_redirects(self) -> bool:
        """Return whether git's configuration allows redirects, which is the default."""
        return not any(
            key.endswith("followredirects") and value in _FALSE
            for key, value in self._configuration().items()
        )

    def _configuration(self) -> Mapping[str, str]:
        """Return the configured settings that match _SETTINGS_READ, key to value; git reads them once per run."""
        with self._lock:
            if self._configured is None:
                arguments = ["--git-dir=/dev/null", "config", "--null", "--get-regexp", _SETTINGS_READ]
                out = run(arguments, timeout=_TIMEOUT).out.decode(errors="replace")
                rows = (row.partition("\n") for row in out.lower().split("\0")[:-1])
                self._configured = {key: value for key, _, value in rows}
            return self._configured


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository that pinner syncs, and what the run needs for it.

    `url` is canonical, `place` is where it is fetched from, `path` is its mirror, and `timeout` is in
    seconds, for one git call.
    """

    url: str
    place: str
    path: Path
    timeout: float
    running: ProcessGroup
    transport: TransportEnvironment
    connections: Connections
    is_written_to: bool = False


NOT_FOLLOWED = ("-c", "http.followRedirects=false")
"""Options for a call that must fail if the server redirects it."""

WITHOUT_CREDENTIALS = ("-c", "http.extraHeader=", "-c", "credential.helper=", "-c", "core.askPass=")
"""Options for a call that sends only credentials configured for the server it contacts."""

NO_ASKPASS: Mapping[str, str] = {"GIT_ASKPASS": ""}
TRACE: Mapping[str, str] = {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
"""Variables that make git print the URL it is redirected to, which no option does."""

MOST = 5
"""The most redirects in a row that are followed."""

_REDIRECTED = r"unable to access .*returned error: 30[12378]\b"
_LOCATION = r"<= Recv header: location: *(\S+)"
_LIST = "/info/refs"
_PORTS = {"http": 80, "https": 443}


class RedirectError(UnknownError):
    """A server redirects the repository to a URL that pinner does not follow."""


def read_location(trace: str, place: str) -> str | None:
    """Return the URL that the ref list of `place` was redirected to, from a trace of git, or None.

    What is not a URL at all is returned as the server sent it.
    """
    found = re.findall(_LOCATION, trace, re.IGNORECASE)
    try:
        return urljoin(f"{place.rstrip('/')}{_LIST}", found[-1]) if found else None
    except ValueError:
        return str(found[-1])


def repository_at(location: str) -> str | None:
    """Return the URL of the repository whose ref list is at `location`; None if that is not a ref list."""
    try:
        parts = urlsplit(location)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.path.endswith(_LIST) or not location.isprintable():
        return None
    return urlunsplit((parts.scheme, parts.netloc, parts.path.removesuffix(_LIST), "", ""))


def is_same_server(a: str, b: str) -> bool:
    """Return whether two HTTP URLs have the same host and port; a change from HTTP to HTTPS is allowed."""
    old, new = _server(a), _server(b)
    is_upgrade = old[0] == new[0] and (old[1:], new[1:]) == (("http", 80), ("https", 443))
    return old == new or is_upgrade


def _server(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.scheme, parts.port or _PORTS.get(parts.scheme)


NO_GIT = "the response has no refs and is not from git"
KEPT_COMMITS = "refs/pinner/commits/"
_LARGEST_LIST = 64 * 1024 * 1024
_NO_VARIABLES: Mapping[str, str] = {}
_SHALLOW = ("--update-shallow",)
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

# The user's configuration applies, but these settings would leave thousands of small files.
_OPTIONS = ("-c", "fetch.unpackLimit=1", "-c", "fetch.writeCommitGraph=false")

# Not --atomic, because then git cannot replace the branch `stable` with `stable/2025.1`. Readers do not see
# the refs of a fetch that was killed, because they take the refs from the metadata of the last complete sync.
FETCH = (
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--no-show-forced-updates",
)

# A clone takes a third less time than a fetch into an empty repository: index-pack checks that the objects
# are connected, and the refs are written to one file.
_CLONE = (
    "clone",
    "--quiet",
    "--bare",
    "--no-local",
    "--template=",
)


def clone(remote: Remote, lock: int, new: Path) -> Output:
    """Clone the remote into the directory `new`; git inherits the descriptor `lock`."""
    return call_remote(
        remote, lock, (*_CLONE, *serving(remote), "--end-of-options", remote.place, str(new)), into=new
    )


def fetch(remote: Remote, lock: int) -> Output:
    """Update the mirror's branches and tags to those of the remote.

    The mirror of a shallow remote is shallow too: without `--update-shallow`, git would not update its refs.
    Commits that such a remote got since then are fetched as well.
    """
    where = in_repository(remote.path)
    deeper = ("--unshallow",) if (remote.path / "shallow").exists() else ()
    return call_remote(
        remote,
        lock,
        (
            *(where, *FETCH, *serving(remote), *_SHALLOW, *deeper, "--prune"),
            *("--end-of-options", remote.place, *_REFSPECS),
        ),
        into=remote.path,
    )


def fetch_commit(remote: Remote, lock: int, commit: str) -> Output:
    """Fetch one commit by its full id and keep it under a ref."""
    refspec = f"{commit}:{KEPT_COMMITS}{commit}"
    where = in_repository(remote.path)
    options = (*FETCH, *serving(remote), *_SHALLOW)
    arguments = (where, *options, "--end-of-options", remote.place, refspec)
    return call_remote(remote, lock, arguments, into=remote.path)


def serving(remote: Remote) -> tuple[str, ...]:
    """Return the options for fetching from a repository on this machine.

    If that repository lacks objects, the git that serves it would fetch them from its configured remote and
    run the programs that its configuration names. Without transports it cannot; git >= 2.39.4 never does so
    when serving.
    """
    return () if local_path(remote.place) is None else ("--upload-pack=GIT_ALLOW_PROTOCOL= git-upload-pack",)


def is_git_server(remote: Remote) -> bool:
    """Return whether a remote without refs is a git server.

    git accepts a web page of one line as the ref list of a "dumb" server, with no refs in it. Only a trace
    shows the difference; it takes a second connection, but only for empty repositories.
    """
    if not remote.place.startswith("http"):
        return True
    output = call_remote(
        remote, None, ("ls-remote", "--end-of-options", remote.place), {"GIT_TRACE_PACKET": "1"}
    )
    return "packet:" in output.err


def call_remote(
    remote: Remote,
    lock: int | None,
    arguments: tuple[str, ...],
    extra: Mapping[str, str] = _NO_VARIABLES,
    *,
    into: Path | None = None,
) -> Output:
    """Run a git call that contacts the remote, and return its result.

    `into` is the repository that a clone or fetch writes to; such a call may take longer than `timeout` as
    long as data arrive. Raises RedirectError if the remote redirects to a URL that is not followed.
    """
    for _ in range(MOST + 1):
        place = remote.transport.redirects.get(remote.place, remote.place)
        output = _call(place, remote, lock, arguments, extra, into=into)
        if output.status == 0 or not re.search(_REDIRECTED, output.err):
            _require_no_login(place, remote, output)
            return output
        remote.transport.redirects[remote.place] = _follow(place, remote)
    raise RedirectError(Problem(f"{_shown(place)}, after {MOST} redirects in a row"))


def _call(
    place: str,
    remote: Remote,
    lock: int | None,
    arguments: tuple[str, ...],
    extra: Mapping[str, str],
    *,
    into: Path | None,
) -> Output:
    """Run the call with `place` instead of the remote's own place."""
    is_elsewhere = _is_elsewhere(place, remote)
    anonymously = WITHOUT_CREDENTIALS if is_elsewhere else ()
    variables = remote.transport.variables(place, timeout=remote.timeout)
    output = run(
        [
            *(*_OPTIONS, *NOT_FOLLOWED, *anonymously),
            *(place if word == remote.place else word for word in arguments),
        ],
        timeout=remote.timeout,
        variables={
            **allowed_transports(remote.transport.environ),
            **variables,
            **extra,
            **(NO_ASKPASS if is_elsewhere else {}),
        },
        keep_open=() if lock is None else (lock,),
        running=remote.running,
        received=_Arrivals(into) if into else None,
    )
    if output.status == 0 or "GIT_SSL_CAPATH" not in variables:
        return output
    if classify(output.err) is not FailureKind.CERTIFICATE:
        return output
    remote.transport.trusts_bundle = False
    return _call(place, remote, lock, arguments, extra, into=into)


def _shown(url: str) -> str:
    """Return a URL that a server chose for a message: without credentials or control characters, and short."""
    return printable(redact_url(url))


def _is_elsewhere(place: str, remote: Remote) -> bool:
    return place != remote.place and not is_same_server(remote.place, place)


def _follow(place: str, remote: Remote) -> str:
    """Return the place that `place` is redirected to; raises RedirectError if it is not followed."""
    trace = _call(place, remote, None, ("ls-remote", "--end-of-options", remote.place), TRACE, into=None)
    location = read_location(trace.err, place)
    target = repository_at(location) if location else None
    if target is None:
        what = f"{_shown(location)} is not a git repository" if location else "the server gives no new URL"
        raise RedirectError(Problem(what))
    if "@" in urlsplit(target).netloc:
        raise RedirectError(Problem(f"{_shown(target)} has credentials in it"))
    if not remote.transport.may_follow_redirects():
        raise RedirectError(
            Problem(f"{_shown(target)}, because http.followRedirects is off in git's configuration")
        )
    if remote.is_written_to and _is_elsewhere(target, remote):
        raise RedirectError(Problem(f"{_shown(target)} is another server"))
    return target


def _require_no_login(place: str, remote: Remote, output: Output) -> None:
    if output.status == 0 or not _is_elsewhere(place, remote):
        return
    if classify(output.err) is FailureKind.AUTHENTICATION:
        raise RedirectError(
            Problem(f"{_shown(place)} is another server and requires a login; no credentials were sent there")
        )


class _Arrivals:
    """Counts the bytes that a clone or fetch has received: packs, complete or not, and the ref list.

    git does not report the size of the ref list, so the bytes that the process has read are taken from Linux
    (proc(5), /proc/PID/io) and count up to a limit. On other systems the ref list must arrive within
    `timeout`.
    """

    def __init__(self, repository: Path) -> None:
        self._packs = repository / "objects" / "pack"
        self._before = self._size()

    def __call__(self, process: int) -> int:
        """Return the bytes received so far; raises EndlessError if only an oversized ref list has arrived."""
        size, read = self._size(), 0
        with contextlib.suppress(OSError, ValueError, IndexError):
            read = int(Path(f"/proc/{process}/io").read_text().split()[1])
        if read > _LARGEST_LIST and size == self._before:
            raise EndlessError(f"received a list of refs of more than {_LARGEST_LIST} bytes")
        return size + min(_LARGEST_LIST, read)

    def _size(self) -> int:
        with contextlib.suppress(OSError), os.scandir(self._packs) as entries:
            return sum(entry.stat().st_size for entry in entries)
        return 0
