"""Why a remote could not be synced: the kinds there are, each in words, and which of them may pass by themselves."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """Why a remote could not be synced."""

    NOT_FOUND = "not-found"
    AUTHENTICATION = "authentication"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"
    SERVER = "server"
    PROTOCOL = "protocol"
    REFUSED = "refused"
    BUSY = "busy"
    DISK_FULL = "disk-full"
    CACHE = "cache"
    DAMAGED_MIRROR = "damaged-mirror"
    CORRUPT = "corrupt"
    UNSUPPORTED = "unsupported"
    UNTRUSTED = "untrusted"
    NOT_CACHED = "not-cached"
    MOVED = "moved"
    REJECTED = "rejected"
    OTHER = "other"


TRANSIENT = frozenset(
    {
        FailureKind.UNREACHABLE,
        FailureKind.INTERRUPTED,
        FailureKind.TIMEOUT,
        FailureKind.SERVER,
        FailureKind.BUSY,
        FailureKind.MOVED,
    }
)


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """Why one remote's answer could not be had: `url` is canonical, `message` whole, `hint` how to mend it."""

    url: str
    kind: FailureKind
    message: str
    hint: str | None = None


def failure(kind: FailureKind, url: str, *, place: str, reason: str) -> SyncFailure:
    """Return the failure in words. `place` is where `url` was fetched from, `reason` git's own words for it."""
    where = url if place == url else f"{url} (fetched from {place})"
    sentence, hint = _WORDS[kind]
    return SyncFailure(url, kind, f"{sentence.format(where=where)}: {reason}", hint)


_CHECK_NETWORK = "try again later, or use --offline to work from the cache"

_WORDS: dict[FailureKind, tuple[str, str | None]] = {
    FailureKind.NOT_FOUND: (
        "there is no git repository at {where}",
        "check the URL, and `rewrite` in pinner.yaml",
    ),
    FailureKind.AUTHENTICATION: (
        "no access to {where}",
        (
            "pinner never asks for passwords: set up a git credential helper, or an ssh key in your agent and the host "
            "in known_hosts; some servers also answer like this when the repository does not exist"
        ),
    ),
    FailureKind.CERTIFICATE: (
        "the TLS certificate of {where} is not trusted",
        "add its authority to the system's, or name it in git's http.sslCAInfo",
    ),
    FailureKind.UNREACHABLE: ("could not reach {where}", _CHECK_NETWORK),
    FailureKind.INTERRUPTED: ("the connection to {where} broke off", _CHECK_NETWORK),
    FailureKind.TIMEOUT: (
        "{where} did not answer in time",
        "raise `timeout` in pinner.yaml if it is only slow",
    ),
    FailureKind.SERVER: ("{where} cannot serve now", _CHECK_NETWORK),
    FailureKind.PROTOCOL: (
        "{where} does not answer like a git server",
        "check that the URL is the repository's, not that of a web page about it",
    ),
    FailureKind.REFUSED: ("git refuses the transport of {where}", "use https, ssh, git, http or file"),
    FailureKind.BUSY: (
        "the mirror of {where} is in use",
        "wait for the other pinner or git process, or end it",
    ),
    FailureKind.DISK_FULL: (
        "no room on the disk for the mirror of {where}",
        "make room, or move the cache: PINNER_CACHE",
    ),
    FailureKind.CACHE: (
        "cannot write the mirror of {where}",
        "check the cache's owner and rights, or set PINNER_CACHE",
    ),
    FailureKind.CORRUPT: (
        "the repository at {where} is damaged",
        "ask those who serve it",
    ),
    FailureKind.NOT_CACHED: ("{where} is not in the cache", "run once without --offline"),
    FailureKind.MOVED: (
        "others moved branches of {where} meanwhile",
        "run it again: it builds upon what is there then",
    ),
    FailureKind.REJECTED: (
        "{where} refused the push",
        "nothing was published; ask those who run that server",
    ),
    FailureKind.UNSUPPORTED: (
        "{where} cannot be pinned",
        "pinner needs git >= 2.31 and repositories with SHA-1 ids",
    ),
    FailureKind.UNTRUSTED: (
        "git does not trust the owner of {where}",
        "if you do: git config --global --add safe.directory PATH",
    ),
    FailureKind.OTHER: ("git failed on {where}", None),
}
