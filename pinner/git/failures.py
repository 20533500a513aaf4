"""What git's stderr means when a remote could not be synced: the kind, in words, and whether trying again may help.

git has one exit status for everything, so its messages are the only source (run with LC_ALL=C). Never asks anyone.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from pinner.git.urls import redacted


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
    CORRUPT = "corrupt"
    NOT_CACHED = "not-cached"
    OTHER = "other"


TRANSIENT = frozenset(
    {
        FailureKind.UNREACHABLE,
        FailureKind.INTERRUPTED,
        FailureKind.TIMEOUT,
        FailureKind.SERVER,
        FailureKind.BUSY,
    }
)


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """Why one remote's answer could not be had: `url` is canonical, `message` whole, `hint` how to mend it."""

    url: str
    kind: FailureKind
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    kind: FailureKind


def _rule(kind: FailureKind, *patterns: str) -> _Rule:
    return _Rule(re.compile("|".join(patterns), re.IGNORECASE), kind)


# The first that matches wins. Sources: git's remote-curl.c, http.c, connect.c, fetch-pack.c, packfile.c; curl's
# strerror.c; OpenSSH's ssh.c and sshconnect.c.
_RULES = (
    _rule(FailureKind.DISK_FULL, "no space left on device", "disk quota exceeded", "file too large"),
    _rule(
        FailureKind.CORRUPT,
        r"unexpected line in .*packed-refs",
        r"packed-refs .* (?:unterminated|is corrupt)",
        r"(?:bad|invalid|corrupt|missing) (?:loose )?object",
        "unable to parse object",
        "is far too short to be a packfile",
        "does not match index",
        r"packfile .* cannot be (?:accessed|mapped)",
        "not a GIT packfile",
        r"\.idx.*(?:corrupt|non-monotonic|wrong|is too small)",
        "missing necessary objects",
        "(?:did not send|missing) all necessary objects",
        "your current branch appears to be broken",
        "fatal: not a git repository:",
        "bad config line",
        "unknown repository extension",
        "inflate: data stream error",
    ),
    _rule(FailureKind.REFUSED, r"transport '.*' not allowed", "protocol .* not (?:supported|allowed)"),
    _rule(
        FailureKind.CERTIFICATE,
        "server certificate verification failed",
        "SSL certificate problem",
        "certificate (?:subject|verify|has expired)",
        "(?:problem with the|error (?:setting|reading|adding).*) (?:SSL CA|certificate|trust)",
        "no alternative certificate subject name",
    ),
    _rule(
        FailureKind.AUTHENTICATION,
        "could not read (?:Username|Password)",
        "Authentication failed",
        "Invalid username or (?:password|token)",
        "returned error: (?:401|403|407)",
        "Permission denied",
        "Host key verification failed",
        "access denied or repository not exported",
        "could not read from remote repository[^\n]*\n+[^\n]*correct access rights",
        "dubious ownership",
    ),
    _rule(
        FailureKind.SERVER,
        r"returned error: (?:429|408|5\d\d)",
        "remote error: (?:.*(?:busy|overloaded|try again|internal))",
    ),
    _rule(
        FailureKind.NOT_FOUND,
        "repository '.*' not found",
        "returned error: (?:404|410)",
        "does not appear to be a git repository",
        "repository .* does not exist",
        "no such file or directory",
        "remote error: (?:.*not found|.*no such)",
    ),
    _rule(
        FailureKind.UNREACHABLE,
        "could not resolve (?:host|proxy)",
        "unable to look up",
        "Temporary failure in name resolution",
        "Name or service not known",
        "failed to connect",
        "couldn't connect",
        "unable to connect",
        "connection refused",
        "no route to host",
        "network is unreachable",
    ),
    _rule(FailureKind.TIMEOUT, "timed out", "timeout", "operation too slow"),
    _rule(
        FailureKind.INTERRUPTED,
        "early EOF",
        "connection reset",
        "broken pipe",
        "hung up unexpectedly",
        "unexpected disconnect",
        "transfer closed with",
        "empty reply from server",
        "recv failure",
        "send failure",
        "RPC failed",
        "TLS connection was non-properly terminated",
        "GnuTLS recv error",
        "SSL_(?:read|connect|ERROR)",
        "expected flush after",
        "the remote end hung up",
        "index-pack failed",
    ),
    _rule(
        FailureKind.PROTOCOL,
        "not valid: is this a git repository",
        "protocol error",
        "bad line length",
        "invalid server response",
        "unable to access",
        "mismatched algorithms",
        "unknown object format",
    ),
)

_NOISE = re.compile(r"^(?:fatal|error|remote|warning): *", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]")
_LONGEST = 300


def classify(stderr: str) -> FailureKind:
    """Return the kind of failure that git's stderr tells of."""
    return next((rule.kind for rule in _RULES if rule.pattern.search(stderr)), FailureKind.OTHER)


def essence(stderr: str) -> str:
    """Return git's own reason on one line: no credentials, no control characters, at most 300 characters."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    chosen = (fatal or lines or ["git said nothing"])[0]
    clean = _UNPRINTABLE.sub("", redacted(_NOISE.sub("", chosen))).strip()
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


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
        "the repository at {where} is damaged, or its data were on the way",
        "ask those who serve it",
    ),
    FailureKind.NOT_CACHED: ("{where} is not in the cache", "run once without --offline"),
    FailureKind.OTHER: ("git failed on {where}", None),
}
