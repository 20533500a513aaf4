"""Which git URLs are let in: a whitelist of transports and of characters, shared by everything that reads.

https, http, ssh, git and file URLs, absolute paths, and ssh's short form `git@host:path`. Transports that run
commands (`ext::`, `fd::`), git options, quotes and credentials are refused. The rule is the one of names.py: no value
is escaped.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from pinner.puppet.names import quoted

_LONGEST: Final = 1000
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~/:@%+=\[\]-]+")
_BARE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY: Final = re.compile(
    r"(?:(?P<userinfo>[^/@]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_SHORT_SSH: Final = re.compile(
    r"(?P<user>[A-Za-z0-9_][A-Za-z0-9._+-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*):(?P<path>[A-Za-z0-9_.~/][^:@\[\]]*)"
)
_HIGHEST_PORT: Final = 65535
_NETWORK_SCHEMES: Final = ("https", "http", "ssh", "git")
_FORMS: Final = "write https://, http://, ssh://, git:// or file:///, an absolute path, or git@host:path"


def check_git_url(text: str) -> str | None:
    """Say what keeps this from being the URL of a git repository, or return None. A password is never repeated."""
    if _may_hold_credentials(text):
        return "a git URL holds no user or password (ssh alone takes a user): leave the credentials to git's credential helper"
    flaw = _flaw(text)
    return flaw and f"{_shown(text)} is no git URL here: {flaw}"


def _may_hold_credentials(text: str) -> bool:
    """Judge before anything else looks at the text, so that no message shows what stands before an `@`."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return ":" in text.partition("@")[0] and "@" in text and "/" not in text.partition("@")[0]
    userinfo, at, _ = rest.partition("/")[0].rpartition("@")
    return bool(at) and (scheme.lower() != "ssh" or ":" in userinfo)


def _shown(text: str) -> str:
    """Quote a URL without what may be secret in a misspelt one: all before its last `@`, and its query."""
    before, at, after = text.partition("?")[0].rpartition("@")
    return quoted(f"…@{after}" if at and ":" in before.replace("://", "", 1) else text.partition("?")[0])


def _flaw(text: str) -> str | None:
    if len(text) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    if "::" in text and not _SCHEME.match(text):
        return f"transports that run commands are refused; {_FORMS}"
    if not _CHARACTERS.fullmatch(text):
        return "only letters, digits and . _ ~ / : @ % + = - are let in"
    return _escape_flaw(text) or _form_flaw(text)


def _escape_flaw(text: str) -> str | None:
    """Refuse `%` escapes that git would turn into something the whitelist does not hold."""
    if _BARE_PERCENT.search(text):
        return "a '%' is not followed by two hex digits"
    decoded = unquote_to_bytes(text)
    if _CONTROL.search(decoded):
        return "a '%' escape stands for a control character"
    if any(segment in {b".", b".."} for segment in decoded.split(b"/")):
        return "'.' and '..' are no parts of a path here: one repository would have many names"
    return None


def _form_flaw(text: str) -> str | None:
    if text.startswith("/"):
        return _path_flaw(text)
    if scheme := _SCHEME.match(text):
        return _scheme_flaw(scheme[1], text[scheme.end() :])
    if short := _SHORT_SSH.fullmatch(text):
        return _path_flaw("/" + short["path"].lstrip("/"))
    return _FORMS


def _scheme_flaw(scheme: str, rest: str) -> str | None:
    if scheme == "file":
        return _path_flaw(rest) if rest.startswith("/") else "a file URL is file:/// and an absolute path"
    if scheme not in _NETWORK_SCHEMES:
        return _FORMS
    authority, slash, path = rest.partition("/")
    return _authority_flaw(authority) or _path_flaw(slash + path)


def _authority_flaw(authority: str) -> str | None:
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        return "its host is not of letters, digits, '.', '_' and '-', or its port is no number"
    user, port = match["userinfo"], match["port"]
    if user is not None and not _USER.fullmatch(user):
        return "its user is not of letters, digits, '.', '_', '+' and '-'"
    return (
        None
        if port is None or 0 < int(port) <= _HIGHEST_PORT
        else f"its port is not between 1 and {_HIGHEST_PORT}"
    )


def _path_flaw(path: str) -> str | None:
    """Judge the path of a URL, its leading slash included."""
    if not path.strip("/"):
        return "it names no repository after the host"
    if path.startswith("//") or "[" in path or "]" in path:
        return "its path begins with two slashes or holds a bracket"
    return "its path begins with a '-'" if path.startswith("/-") else None
