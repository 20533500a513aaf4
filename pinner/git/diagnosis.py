"""What git's stderr means when a call failed: the kind of failure, and git's own reason made fit to be shown.

git has one exit status for everything, so its messages (under LC_ALL=C) are the only source. Never asks anyone.
"""

import re

from pinner.git.command import Output
from pinner.git.failures import FailureKind
from pinner.git.urls import redacted


def _rule(kind: FailureKind, *patterns: str) -> tuple[FailureKind, str]:
    return kind, "|".join(patterns)


# The first that matches wins. Compiled on use, which is rare: that takes 8 ms. Sources: git's remote-curl.c, http.c, connect.c, fetch-pack.c, packfile.c; curl's
# strerror.c; OpenSSH's ssh.c and sshconnect.c.
_RULES = (
    _rule(FailureKind.DISK_FULL, "no space left on device", "disk quota exceeded", "file too large"),
    _rule(
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
        "fsck error",
    ),
    _rule(FailureKind.UNTRUSTED, "dubious ownership"),
    _rule(
        FailureKind.UNSUPPORTED, "mismatched algorithms", "unknown object format", "unknown option", "SHA-256"
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
        "repository not found",
        "could not be found",
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
    ),
    _rule(FailureKind.AUTHENTICATION, "correct access rights"),
)

_NOISE = "^(?:fatal|error|remote|warning): *"
_VAGUE = "could not read from remote repository"  # ssh's own line before it says why
_REMOTE_DAMAGE = "possible repository corruption on the remote side"
_LONGEST = 300


def classify(stderr: str) -> FailureKind:
    """Return the kind of failure that git's stderr tells of; what the remote's git said counts only if ours is mute."""
    if _REMOTE_DAMAGE in stderr:
        return FailureKind.CORRUPT
    lines = stderr.splitlines(keepends=True)
    own = "".join(line for line in lines if not line.startswith("remote:"))
    kinds = (
        kind for text in (own, stderr) for kind, words in _RULES if re.search(words, text, re.IGNORECASE)
    )
    return next(kinds, FailureKind.OTHER)


def essence(output: Output) -> str:
    """Return git's own reason on one line: no credentials, no control characters, at most 300 characters."""
    lines = [line for line in output.err.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:")) and _VAGUE not in line.lower()]
    chosen = (fatal or lines or [f"git ended with status {output.status}"])[0]
    return fit_to_show(re.sub(_NOISE, "", chosen, flags=re.IGNORECASE))


def fit_to_show(line: str) -> str:
    """Return a line of git's or a server's: no credentials, no control characters, at most 300 characters."""
    reason = redacted(line)
    clean = "".join(character for character in reason if character.isprintable()).strip()
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"
