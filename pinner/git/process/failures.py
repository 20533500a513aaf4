"""Classifies failed git calls by their stderr and formats the messages that report them.

git uses the same exit status for every failure, so its messages (under LC_ALL=C) are the only source.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pinner.git.process.children import Output
from pinner.model.errors import UnknownError
from pinner.model.text import redact, redact_url


class DamagedError(UnknownError):
    """A mirror differs from what git and pinner wrote."""


class FailureKind(StrEnum):
    """Why a remote could not be synced."""

    NOT_FOUND = "not-found"
    AUTHENTICATION = "authentication"
    CERTIFICATE = "certificate"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"
    ENDLESS = "endless"
    DROPPED = "dropped"
    SERVER = "server"
    PROTOCOL = "protocol"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    BUSY = "busy"
    DISK_FULL = "disk-full"
    EXHAUSTED = "exhausted"
    CACHE = "cache"
    DAMAGED_MIRROR = "damaged-mirror"
    FSCK = "fsck"
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
        FailureKind.DROPPED,
        FailureKind.SERVER,
        FailureKind.BUSY,
        FailureKind.MOVED,
    }
)


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """Why a remote could not be synced: `url` is canonical, `message` complete, and `hint` how to fix it."""

    url: str
    kind: FailureKind
    message: str
    hint: str | None = None


def failure(kind: FailureKind, url: str, *, place: str, reason: str) -> SyncFailure:
    """Return the failure with its message and hint.

    `place` is where `url` was fetched from, `reason` the error that git printed.
    """
    shown = redact_url(url)
    where = shown if place == url else f"{shown} (fetched from {redact_url(place)})"
    sentence, hint = _WORDS[kind]
    if kind is FailureKind.FSCK and (flaw := _FLAW.search(reason)):
        hint = _hint_for_flaw(flaw["id"], flaw["object"])
    return SyncFailure(url, kind, f"{sentence.format(where=where)}: {reason}", hint)


# git's fsck.c reports "object <id>: <msg-id>: <text>". No setting can downgrade the msg-ids in _ALWAYS_FATAL.
_FLAW = re.compile(r"object (?P<object>[0-9a-f]{40,64}): (?P<id>[A-Za-z]+):")
_ALWAYS_FATAL = frozenset({"nulInHeader", "unterminatedHeader"})
_ATTACKS = ("gitmodules", "gitattributes", "symlink", "hasDot", "fullPathname", "nullSha1")


def _hint_for_flaw(msg_id: str, object_id: str) -> str:
    """Return how to accept an error that git's fsck found, by its msg-id (git help fsck, "FSCK MESSAGES")."""
    one = f"list {object_id} in the file that fetch.fsck.skipList names"
    every = f"git config --global fetch.fsck.{msg_id} ignore"
    if msg_id in _ALWAYS_FATAL:
        return f"to accept this object, {one}"
    if msg_id.startswith(_ATTACKS):
        return f"such an object can attack those who check it out, so examine it first; to accept it, {one}"
    return f"if upstream's old history has this flaw, accept the flaw: {every}; or the object alone: {one}"


_CHECK_NETWORK = "try again later, or use --offline to work from the cache"

EXHAUSTED_HINT = (
    "use fewer --jobs, or raise the limits of this machine (ulimit -a); a git process may use 900 MiB"
)

_WORDS: dict[FailureKind, tuple[str, str | None]] = {
    FailureKind.NOT_FOUND: (
        "no git repository at {where}",
        "check the URL, and `rewrite` in pinner.yaml",
    ),
    FailureKind.AUTHENTICATION: (
        "no access to {where}",
        (
            "pinner never asks for passwords: set up a git credential helper, or an ssh key in your agent and the host "
            "in known_hosts; some servers also respond like this when the repository does not exist"
        ),
    ),
    FailureKind.CERTIFICATE: (
        "the TLS certificate of {where} is not trusted",
        "add its authority to the system's, or name it in git's http.sslCAInfo",
    ),
    FailureKind.UNREACHABLE: ("could not reach {where}", _CHECK_NETWORK),
    FailureKind.INTERRUPTED: ("the connection to {where} was interrupted", _CHECK_NETWORK),
    FailureKind.TIMEOUT: (
        "{where} did not respond in time",
        "if the server or the connection is slow, raise `timeout` in pinner.yaml",
    ),
    FailureKind.ENDLESS: (
        "{where} does not stop sending",
        "if the repository is that large or the connection that slow, raise `timeout` in pinner.yaml",
    ),
    FailureKind.DROPPED: (
        "{where} closed the connection before login",
        (
            "ssh servers do so when too many connections arrive at once (MaxStartups in sshd_config), or to hosts that "
            "they block; lower `jobs`, or try again later"
        ),
    ),
    FailureKind.SERVER: ("{where} is temporarily unavailable", _CHECK_NETWORK),
    FailureKind.PROTOCOL: (
        "{where} does not respond like a git server",
        "check that the URL is the repository's, not that of a web page about it",
    ),
    FailureKind.REDIRECTED: (
        "{where} is redirected to a URL that pinner does not follow",
        "if the repository has moved, use its new URL, in the manifest or by `rewrite` in pinner.yaml",
    ),
    FailureKind.REFUSED: ("git refuses the transport of {where}", "use https, ssh, git, http or file"),
    FailureKind.BUSY: (
        "the mirror of {where} is in use",
        "wait for the other pinner or git process, or end it",
    ),
    FailureKind.EXHAUSTED: ("this machine ran out of a resource while git read {where}", EXHAUSTED_HINT),
    FailureKind.DISK_FULL: (
        "no space left on the disk for the mirror of {where}",
        "make room, or move the cache: PINNER_CACHE",
    ),
    FailureKind.CACHE: (
        "cannot write the mirror of {where}",
        "check the cache's owner and permissions, or set PINNER_CACHE",
    ),
    FailureKind.FSCK: (
        "git's setting transfer.fsckObjects refuses {where}",
        "to accept a flaw of old history, set fetch.fsck.<msg-id> or fetch.fsck.skipList (git help fsck)",
    ),
    FailureKind.CORRUPT: (
        "the repository at {where} is damaged",
        (
            "ask its administrators to run 'git fsck --full' there; no ref of it can be locked until then, unless `rewrite` names an "
            "intact copy; what is locked can be deployed as before"
        ),
    ),
    FailureKind.NOT_CACHED: ("{where} is not in the cache", "run once without --offline"),
    FailureKind.MOVED: (
        "others moved branches of {where} meanwhile",
        "run the command again: it starts from the new state",
    ),
    FailureKind.REJECTED: (
        "{where} refused the push",
        "nothing was published; ask the server's administrators",
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


# The first match wins. The patterns are compiled when first used, which is rare, because that takes 8 ms.
# Sources: git's remote-curl.c, http.c, connect.c, fetch-pack.c, packfile.c; curl's strerror.c; OpenSSH's
# ssh.c and sshconnect.c.
_RULES: tuple[tuple[FailureKind, *tuple[str, ...]], ...] = (
    (FailureKind.FSCK, "fsck error in pack", "fsck failed$"),
    (FailureKind.CORRUPT, "upload-pack: not our ref"),  # a ref names an object that is missing there
    (
        FailureKind.EXHAUSTED,
        "out of memory",
        "cannot allocate memory",
        "too many open files",
        "unable to create (?:async )?thread",
        "unable to create threaded",
        r"(?:cannot|unable to) (?:fork|start async)",
        "fork failed",
        "resource temporarily unavailable",
        "mmap failed",
    ),
    (FailureKind.DISK_FULL, "no space left on device", "disk quota exceeded", "file too large"),
    (
        FailureKind.DAMAGED_MIRROR,
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
    (FailureKind.UNTRUSTED, "dubious ownership"),
    (FailureKind.UNSUPPORTED, "mismatched algorithms", "unknown object format", "unknown option", "SHA-256"),
    (FailureKind.REFUSED, r"transport '.*' not allowed", "protocol .* not (?:supported|allowed)"),
    (
        FailureKind.CERTIFICATE,
        "server certificate verification failed",
        "SSL certificate problem",
        "certificate (?:subject|verify|has expired)",
        "(?:problem with the|error (?:setting|reading|adding).*) (?:SSL CA|certificate|trust)",
        "no alternative certificate subject name",
    ),
    (
        FailureKind.AUTHENTICATION,
        "could not read (?:Username|Password)",
        "Authentication failed",
        "Invalid username or (?:password|token)",
        "returned error: (?:401|403|407)",
        "Permission denied",
        "Host key verification failed",
        "access denied or repository not exported",
        "too many authentication failures",
    ),
    (
        FailureKind.DROPPED,
        "^(?:kex|ssh)_exchange_identification: .*(?:closed|reset|timed out|broken pipe)",
        "banner exchange",
        r"^Connection (?:closed|reset) by \S+ port \d+",
        r"^ssh_dispatch_run_fatal: .*(?:closed|reset|timed out|broken pipe)",
        "exceeded MaxStartups",
    ),
    (
        FailureKind.SERVER,
        r"returned error: (?:429|408|5\d\d)",
        "remote error: (?:.*(?:busy|overloaded|try again|internal))",
    ),
    (
        FailureKind.NOT_FOUND,
        "repository '.*' not found",
        "returned error: (?:404|410)",
        "does not appear to be a git repository",
        "repository .* does not exist",
        "no such file or directory",
        "remote error: (?:.*not found|.*no such)",
        "repository not found",
        "could not be found",
    ),
    (
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
    (FailureKind.REDIRECTED, r"returned error: 30[12378]\b"),  # of a request after the first
    (FailureKind.TIMEOUT, "timed out", "timeout", "operation too slow"),
    (
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
        "closed by remote host",
        "unexpectedly closed network connection",
        "client_loop: send disconnect",
        "index-pack failed",
    ),
    (
        FailureKind.PROTOCOL,
        "not valid: is this a git repository",
        "protocol error",
        "bad line length",
        "invalid server response",
        "unable to access",
    ),
    (FailureKind.AUTHENTICATION, "correct access rights"),
)

_PREFIX = "^(?:(?:fatal|error|remote|warning): *)+"
_VAGUE = "could not read from remote repository"  # for any ssh failure; another line has the reason
_REMOTE_DAMAGE = "possible repository corruption on the remote side"
_DAMAGED_OBJECT = r"(?:remote: )?fatal: .*\b[0-9a-f]{40}\b"  # the object that the server's git could not read
_LONGEST = 300
_COLOUR = r"\x1b\[[0-9;]*[mK]"
# Traces (of git and GCM), `ssh -v`, OpenSSH's remarks, and git's warnings, hints and advice: never the reason
# for a failure, unless nothing else was printed.
_REMARK = r"\d\d:\d\d:\d\d\.\d+ |debug\d?: |\*\* |(?:warning|hint|advice): "
_ERROR = ("fatal:", "error:")
# Every error of git's object-file.c and packfile.c has one of these words.
_ABOUT_OBJECTS = "object|pack|header|inflate|delta|mmap|index"


def classify(stderr: str) -> FailureKind:
    """Return the kind of failure that the stderr of a failed call reports.

    git's own errors come first, then its remarks, then the output of the remote's git.
    """
    return FailureKind.CORRUPT if _REMOTE_DAMAGE in stderr else _reason(stderr)[0]


def git_reason(output: Output, known: Iterable[str] = ()) -> str:
    """Return git's error on one line, without credentials or control characters, in at most 300 characters.

    `known` are the URLs passed to git: they are redacted wherever git repeats them, whatever they contain.
    """
    errors = [line for line in _reasons(output.err) if line.startswith(_ERROR) and _VAGUE not in line.lower()]
    if _REMOTE_DAMAGE in output.err:
        errors = [*(line for line in _lines(output.err) if re.match(_DAMAGED_OBJECT, line)), *errors]
    lines = [*errors, _reason(output.err)[1], *_reasons(output.err), *_lines(output.err)]
    chosen = next(filter(None, lines), f"git ended with status {output.status}")
    return printable(re.sub(_PREFIX, "", chosen, flags=re.IGNORECASE), known)


def has_error(output: Output) -> bool:
    """Return whether git printed an error about stored objects, whatever its exit status.

    Traces, warnings, advice and the output of a wrapper around git do not count.
    """
    return any(
        line.startswith(_ERROR) and re.search(_ABOUT_OBJECTS, line, re.IGNORECASE)
        for line in _reasons(output.err)
    )


def printable(line: str, known: Iterable[str] = ()) -> str:
    """Return a line of output without credentials or control characters, in at most 300 characters."""
    reason = redact(line, known)
    clean = "".join(character for character in reason if character.isprintable()).strip()
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def _reason(stderr: str) -> tuple[FailureKind, str]:
    """Return the kind of failure and the line that shows it, or OTHER and an empty line if none does."""
    lines = _lines(stderr)
    own = [line for line in lines if not line.startswith("remote:")]
    for group in (_reasons(stderr), own, lines):
        text = "\n".join(group)
        for kind, *patterns in _RULES:
            if found := re.search("|".join(patterns), text, re.IGNORECASE | re.MULTILINE):
                start = text.rfind("\n", 0, found.start()) + 1
                return kind, text[start:].partition("\n")[0]
    return FailureKind.OTHER, ""


def _reasons(stderr: str) -> list[str]:
    """Return git's own lines, without remarks and without the remote's lines."""
    return [
        line
        for line in _lines(stderr)
        if not line.startswith("remote:") and not re.match(_REMARK, line, re.IGNORECASE)
    ]


def _lines(stderr: str) -> list[str]:
    return [line for line in re.sub(_COLOUR, "", stderr).splitlines() if line.strip()]
