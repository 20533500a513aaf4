"""Format texts for messages: quote values, hide credentials, and decide which git URLs are accepted.

Hidden are everything between the scheme and the host of a URL, every value of its query, anything but a
number in the place of a port, the user and password of `user:password@host:path`, values of parameters that
are named like secrets, and HTTP headers that carry credentials. The plain user of an ssh URL (`git@`) stays
because it is not a secret and often is the mistake. If a text is ambiguous, too much is hidden rather than
too little.

Accepted URLs are https, http, ssh, git and file URLs, absolute paths, and ssh's short form `git@host:path`. They are
returned in their canonical form, or rewritten. Transports that run commands (`ext::`, `fd::`), git options, quotes and
credentials are refused, before git receives them: git runs programs for `ext::` and interprets words that begin with a
hyphen as options (https://git-scm.com/docs/git-remote-ext). As in pinner/puppet/names.py, no value is escaped, and the
network is not used.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit, urlunsplit

from pinner.model.errors import InputError, Problem

HIDDEN: Final = "***"

_AT: Final = r"(?:@|%(?:25)*40)"
_COLON: Final = r"(?::|%(?:25)*3[aA])"
_LAST_AT: Final = re.compile(rf".*{_AT}", re.DOTALL)
_ANY_COLON: Final = re.compile(_COLON)
_SCHEME: Final = re.compile(r"\s*([A-Za-z0-9+.-]+)(?::/+|//+)")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_AUTHORITY: Final = re.compile(
    r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._+-]*)@)?"
    r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+|localhost|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?(?=[/?#]|\Z)"
)
_HOST_AND_PORT: Final = re.compile(rf"((?:\[[^\]]*\]|[^/?#:%\[]|%(?!(?:25)*3[aA]))*){_COLON}([^/?#]*)")
_VALUE: Final = re.compile(r"(=)[^&;]+|(?<![^&;])[^&;=]+(?=[&;]|\Z)")
_SSH: Final = frozenset({"ssh", "git+ssh", "ssh+git"})

# Free text is searched in one pass for URLs, whose passwords may contain blanks, quotes and `@`, and for
# user:password@.
_NO_PORT: Final = r"(?![0-9]{0,5}(?:[/?#\s'\"<>),;]|\Z))"
# A password may go on in the next line: the first one has then no `@`, or nothing after it that ends a URL.
_TWO_LINES: Final = (
    rf"{_NO_PORT}(?:(?:[^\n]{{0,300}}@)?[^\s'\"<>/@]{{0,300}}|[^\n@]{{0,300}})\n[^\n]{{0,300}}@"
    r"|\r?\n[^\s'\"<>/@]{1,300}@"
)
_IN_TEXT: Final = re.compile(
    r"(?P<url>(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]+(?::/+|//+)"
    rf"(?:[^\s'\"<>/@]{{0,200}}{_COLON}(?:{_TWO_LINES}|{_NO_PORT}[^\n]{{0,300}}@)|\S{{0,1000}}{_AT})?[^\s'\"<>]*)"
    rf"|(?<![^\s'\"@/(])[^\s'\"@/:%(]{{0,200}}(?::(?!/)|%(?:25)*3[aA])[^\s'\"]{{0,1000}}{_AT}"
)
_PARAMETER: Final = re.compile(
    r"\b(?<!-)([\w-]{0,60}(?:token|password|passwd|secret|api[_-]?key|signature)[\w-]{0,60}(?:=|%(?:25)*3d))[^&\s'\"]+",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"((?:proxy-)?authorization|(?:set-)?cookie|private-token)(: *)[^\r\n]+", re.IGNORECASE
)
_TRIGGER: Final = re.compile(r"[@?=]|//|:/|%40|%25|authorization|cookie|private-token", re.IGNORECASE)


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return any text without credentials.

    `known` are URLs of this run; they are found whatever characters they contain.
    """
    for url in sorted(known, key=len, reverse=True):
        if url and url in text:
            text = text.replace(url, redact_url(url))
    if not _TRIGGER.search(text):
        return text
    text = _IN_TEXT.sub(_redact_found, text)
    text = _PARAMETER.sub(rf"\1{HIDDEN}", text)
    return _HEADER.sub(rf"\1\2{HIDDEN}", text)


def redact_value(text: str) -> str:
    """Return a single value from the user, which may be a URL as a whole, without credentials."""
    login = _LAST_AT.match(text)
    is_url = _SCHEME.match(text) or (login and "\n" not in text and _ANY_COLON.search(login[0]))
    return redact_url(text) if is_url else redact(text)


def redact_url(url: str) -> str:
    """Return an actual or intended git URL without credentials; one without any is returned unchanged.

    A parameter named like a secret is hidden in the path too: `;token=` and a question mark written as `%3F`.
    """
    return _PARAMETER.sub(rf"\1{HIDDEN}", _redact_url(url))


def _redact_url(url: str) -> str:
    scheme = _SCHEME.match(url)
    if scheme is None:
        return _redact_query(_redact_short(url))
    rest = url[scheme.end() :]
    authority = _AUTHORITY.match(rest)
    if authority and _is_harmless(scheme[1].lower(), authority, rest[authority.end() :]):
        return scheme[0] + _redact_query(rest)
    if scheme[1].lower() == "file" and not _ANY_COLON.search(rest):
        return scheme[0] + _redact_query(rest)
    return scheme[0] + _redact_query(_redact_port(_redact_login(rest, is_ssh=scheme[1].lower() in _SSH)))


def _redact_found(match: re.Match[str]) -> str:
    if not match["url"]:
        return f"{HIDDEN}@"
    url = match[0].rstrip(
        ".,:;)"
    )  # what ends a sentence or a part of it: `https://example.org:8140: refused`
    return redact_url(url) + match[0][len(url) :]


def _is_harmless(scheme: str, authority: re.Match[str], after: str) -> bool:
    """Return whether the host comes first, so that a later `@` belongs to the path and not to a password."""
    if authority["user"] is not None and scheme not in _SSH:
        return False
    return authority["port"] is None or not _LAST_AT.match(after)


def _redact_login(rest: str, *, is_ssh: bool) -> str:
    """Hide everything before the host in the part of a URL after the scheme."""
    login = _LAST_AT.match(rest)
    if login is None:
        return rest
    is_plain = is_ssh and _USER.fullmatch(login[0].removesuffix("@"))
    return rest if is_plain else f"{HIDDEN}@{rest[login.end() :]}"


def _redact_port(rest: str) -> str:
    """Hide anything but a number in the place of a port: `https://user:password/x`, its host missing."""
    start = len(HIDDEN) + 1 if rest.startswith(f"{HIDDEN}@") else 0
    found = _HOST_AND_PORT.match(rest, start)
    if found is None or not found[2] or found[2].isdecimal():
        return rest
    return f"{rest[: found.start(2)]}{HIDDEN}{rest[found.end() :]}"


def _redact_short(url: str) -> str:
    """Hide the login in `user:password@host:path` and other texts without a scheme; paths keep their `@`."""
    login = _LAST_AT.match(url)
    if login is None or not (_ANY_COLON.search(login[0]) or re.search(r"\s", login[0])):
        return url
    return f"{HIDDEN}@{url[login.end() :]}"


def _redact_query(url: str) -> str:
    url, hash_mark, fragment = url.partition("#")
    start, question_mark, query = url.partition("?")
    values = _VALUE.sub(lambda match: f"{match[1] or ''}{HIDDEN}", query)
    # In messages, `URL#branch` names a branch; after a query, or with values, a fragment may be part of a
    # password.
    end = HIDDEN if fragment and (query or "=" in fragment) else fragment
    return f"{start}{question_mark}{values}{hash_mark}{end}"


SHORT: Final = 12
"""Characters of a commit id, where it is shortened."""
_SHOWN: Final = 60


def quoted(text: str) -> str:
    """Return the value for a message: quoted, without credentials, control characters escaped, shortened."""
    text = redact_value(text)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def join_words(words: Sequence[str], *, last: str) -> str:
    """Return `a, b or c` for three words and `last` = "or"."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def nearest(word: str, known: Iterable[str], *, prefix: str = "did you mean ") -> str | None:
    """Return a hint with the known words most similar to this one, nearest first, or None."""
    matches = get_close_matches(word, sorted(known), n=3)
    return f"{prefix}{join_words([quoted(match) for match in matches], last='or')}?" if matches else None


# Control characters except tab and newline, marks that reorder text (Trojan Source, CVE-2021-42574), marks
# without width, line separators that only some programs honour, and lone surrogates, which no file can hold.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return the text with each character that would not show as itself escaped, such as `\\u202e`."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """Return the visible text on one line, with each run of whitespace as one space."""
    return visible(" ".join(text.split()))


TRANSPORTS = ("file", "git", "http", "https", "ssh")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_ANY_SCHEME = re.compile(r"\A([A-Za-z0-9][A-Za-z0-9+.-]*)://")
_SCP = re.compile(
    r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?(?P<host>[A-Za-z0-9_.][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):(?P<path>[^:].*)"
)
_LOGIN_IN_PERCENT = re.compile(r"%(?:25)*(?:3a|40)", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"(?:\A|[&;])[^&;=]*(?:token|pass|pwd|secret|key|auth|sig)[^&;=]*=", re.IGNORECASE
)
_REASONS = frozenset({"Port out of range 0-65535", "Invalid IPv6 URL"})
_DEFAULT_PORTS = {"git": 9418, "http": 80, "https": 443, "ssh": 22}

# These hosts serve X and X.git as one repository. On other hosts they may be two, and two modules must never
# share a mirror by mistake.
_SAME_WITH_SUFFIX = frozenset({"bitbucket.org", "codeberg.org", "github.com", "gitlab.com", "opendev.org"})


def canonical_git_url(url: str) -> str:
    """Return a repository's name in the cache: equal for URLs that certainly mean the same repository.

    Raises InputError for a URL that git must not receive.
    """
    require_allowed(url)
    if not (match := _ANY_SCHEME.match(url)):
        return url.rstrip("/") or "/"
    parts = urlsplit(url)
    scheme = match[1].lower()
    host = (parts.hostname or "").lower()
    path = parts.path.rstrip("/")
    if host in _SAME_WITH_SUFFIX:
        path = path.removesuffix(".git")
    login = f"{parts.username}@" if parts.username else ""
    name = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _DEFAULT_PORTS.get(scheme)} else f":{parts.port}"
    return str(urlunsplit((scheme, f"{login}{name}{port}", path, parts.query, parts.fragment)))


def rewrite_url(url: str, rules: Mapping[str, str]) -> str:
    """Return the URL to fetch from: the rule with the longest prefix of `url` applies.

    Raises InputError as `canonical_git_url` does.
    """
    prefix = max((rule for rule in rules if rule and url.startswith(rule)), key=len, default=None)
    place = url if prefix is None else rules[prefix] + url.removeprefix(prefix)
    require_allowed(place)
    return _ANY_SCHEME.sub(lambda match: match[0].lower(), place)  # git supports `https`, not `HTTPS`


def require_allowed(url: str) -> None:
    """Raise InputError unless `url` uses one of the transports, is scp-like, or is an absolute path."""
    if fault := _fault(url):
        what, hint = fault
        raise InputError(Problem(f"{redact_url(url)!r}{what}", hint=hint))


_TRANSPORT_HINT = f"use {', '.join(TRANSPORTS[:-1])} or {TRANSPORTS[-1]}, user@host:path, or an absolute path"


def _fault(url: str) -> tuple[str, str | None] | None:
    """Return the message to append to the URL, and the hint; None if git may receive the URL."""
    if not url or url.startswith("-") or not url.isprintable() or " " in url:
        return (
            " is not a valid git URL",
            "a URL must not contain spaces or control characters, or begin with a hyphen",
        )
    if _HELPER.match(url):
        return ": git remote helpers are refused", _TRANSPORT_HINT
    if match := _ANY_SCHEME.match(url):
        return _fault_of_scheme(url, match[1].lower())
    short = _SCP.fullmatch(url)
    if short and short["host"].lower() in TRANSPORTS:
        return " is not a valid git URL", f"write {short['host'].lower()}:// with two slashes"
    if url.startswith("/") or short:
        return None
    return " is not a valid git URL", _TRANSPORT_HINT


def _fault_of_scheme(url: str, scheme: str) -> tuple[str, str | None] | None:
    if scheme not in TRANSPORTS:
        return f": the transport '{scheme}' is refused", _TRANSPORT_HINT
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        # Other messages of urlsplit repeat text that may be a password.
        reason = str(error) if str(error) in _REASONS else "its host or its port is not valid"
        return f" is not a valid git URL: {reason}", None
    is_login = parts.password is not None or (parts.username is not None and scheme != "ssh")
    if is_login or _LOGIN_IN_PERCENT.search(parts.netloc) or _SECRET_PARAMETER.search(parts.query):
        return ": credentials in a URL are refused", "use a git credential helper or an ssh key"
    if scheme != "file" and (not parts.hostname or parts.hostname.startswith("-") or parts.path in {"", "/"}):
        return " is not a valid git URL: it needs a host and a path", None
    if scheme == "file" and not parts.path.startswith("/"):
        return " is not a valid git URL: it needs an absolute path", None
    return None


_LONGEST: Final = 1000
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~/:@%+=\[\]-]+")
_BARE_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_PUPPETFILE_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ANY_AUTHORITY: Final = re.compile(
    r"(?:(?P<userinfo>[^/@]*)@)?(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)
_SHORT_SSH: Final = re.compile(
    r"(?P<user>[A-Za-z0-9_][A-Za-z0-9._+-]*)@(?P<host>[A-Za-z0-9][A-Za-z0-9._-]*):(?P<path>[A-Za-z0-9_.~/][^:@\[\]]*)"
)
_HIGHEST_PORT: Final = 65535
_NETWORK_SCHEMES: Final = ("https", "http", "ssh", "git")
_FORMS: Final = "write https://, http://, ssh://, git:// or file:///, an absolute path, or git@host:path"


def check_git_url(text: str) -> str | None:
    """Return why the text is not an acceptable git URL, or None if it is; passwords are never repeated."""
    if _may_hold_credentials(text):
        return "a git URL must not contain a user or password (only ssh may have a user): use git's credential helper"
    flaw = _flaw(text)
    return flaw and f"{quoted(redact_url(text))} is not a valid git URL: {flaw}"


def _may_hold_credentials(text: str) -> bool:
    """Return whether the text may contain a login; runs first, so that no message repeats a password."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return ":" in text.partition("@")[0] and "@" in text and "/" not in text.partition("@")[0]
    if _LOGIN_IN_PERCENT.search(rest.partition("/")[0]):
        return True
    userinfo, at, _ = rest.partition("/")[0].rpartition("@")
    return bool(at) and (scheme.lower() != "ssh" or ":" in userinfo)


def _flaw(text: str) -> str | None:
    if len(text) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    if "::" in text and not _PUPPETFILE_SCHEME.match(text):
        return f"transports that run commands are refused; {_FORMS}"
    if not _CHARACTERS.fullmatch(text):
        return "only letters, digits and . _ ~ / : @ % + = - are allowed"
    return _escape_flaw(text) or _form_flaw(text)


def _escape_flaw(text: str) -> str | None:
    """Return why an escape is refused: git would decode it to something that the whitelist does not allow."""
    if _BARE_PERCENT.search(text):
        return "a '%' is not followed by two hex digits"
    decoded = unquote_to_bytes(text)
    if _CONTROL.search(decoded):
        return "a '%' escape stands for a control character"
    if any(segment in {b".", b".."} for segment in decoded.split(b"/")):
        return "'.' and '..' are not allowed in its path: one repository would have many names"
    return None


def _form_flaw(text: str) -> str | None:
    if text.startswith("/"):
        return _path_flaw(text)
    if scheme := _PUPPETFILE_SCHEME.match(text):
        rest = text[scheme.end() :]
        if scheme[1] == "file":
            return _path_flaw(rest) if rest.startswith("/") else "a file URL is file:/// and an absolute path"
        if scheme[1] not in _NETWORK_SCHEMES:
            return _FORMS
        authority, slash, path = rest.partition("/")
        return _authority_flaw(authority) or _path_flaw(slash + path)
    short = _SHORT_SSH.fullmatch(text)
    return _path_flaw("/" + short["path"].lstrip("/")) if short else _FORMS


def _authority_flaw(authority: str) -> str | None:
    match = _ANY_AUTHORITY.fullmatch(authority)
    if match is None:
        return "its host may contain only letters, digits, '.', '_' and '-', and its port must be a number"
    user, port = match["userinfo"], match["port"]
    if user is not None and not _USER.fullmatch(user):
        return "its user may contain only letters, digits, '.', '_', '+' and '-'"
    return (
        None
        if port is None or 0 < int(port) <= _HIGHEST_PORT
        else f"its port is not between 1 and {_HIGHEST_PORT}"
    )


def _path_flaw(path: str) -> str | None:
    """Return what is wrong with the path of a URL, including its leading slash."""
    if not path.strip("/"):
        return "the path of the repository is missing"
    if path.startswith("//") or "[" in path or "]" in path:
        return "its path begins with two slashes or contains a bracket"
    return "its path begins with a '-'" if path.startswith("/-") else None
