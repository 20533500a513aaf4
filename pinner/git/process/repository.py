"""Defines remotes and their mirrors, the variables for git calls that contact a remote, and how many run at a time.

The limit of concurrent connections is lower for ssh servers, and is lowered further when a server refuses connections.
sshd drops connections at random once 10 of them have not logged in yet (sshd_config(5), MaxStartups 10:30:100), and
other programs connect to the same server. Hosting services return "429 Too Many Requests" instead.

curl built with GnuTLS (Debian, Ubuntu) parses every file of the system's certificate directory for each
connection, although the bundle beside it holds the same authorities: this takes 35 ms of the 50 ms of CPU of
one `git ls-remote`. So pinner passes git an empty directory first. This can only reject more certificates: if
one is rejected, the call is repeated with git's own settings, which then apply for the rest of the run.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pinner.git.process.children import ProcessGroup
from pinner.git.process.command import run
from pinner.model.lock import Refs

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
    in this run.
    """

    environ: Mapping[str, str]
    no_authorities: Path
    redirects: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _configured: Mapping[str, str] | None = None
    _trusts_bundle: bool = True

    def variables(self, place: str, *, timeout: float) -> Mapping[str, str]:
        """Return the variables for a git call that contacts `place`; `timeout` is in seconds.

        The low-speed limit ends a git process that outlives a killed pinner. Its time is twice `timeout`, so
        that pinner's own limit is reached first.
        """
        found = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(max(1, round(2 * timeout)))}
        if place.startswith("https:") and (
            self._trusts_bundle
            and "GIT_SSL_CAPATH" not in self.environ
            and self.no_authorities.is_dir()
            and not any(key.endswith("sslcapath") for key in self._configuration())
        ):
            found["GIT_SSL_CAPATH"] = str(self.no_authorities)
        has_own_ssh = {"GIT_SSH", "GIT_SSH_COMMAND"} & self.environ.keys()
        if is_ssh(place) and not has_own_ssh and "core.sshcommand" not in self._configuration():
            found["GIT_SSH_COMMAND"] = _WITHOUT_PROMPTS
        return found

    def redirected(self, place: str) -> str:
        """Return the place to contact for `place`, after the redirects seen in this run."""
        return self.redirects.get(place, place)

    def may_follow_redirects(self) -> bool:
        """Return whether git's configuration allows redirects, which is the default."""
        return not any(
            key.endswith("followredirects") and value in _FALSE
            for key, value in self._configuration().items()
        )

    def trust_as_git_does(self) -> None:
        """Use the system's certificate directory from now on."""
        self._trusts_bundle = False

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
