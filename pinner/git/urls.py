"""URLs of git repositories: which ones git may be given, how they are named in the cache, where they are fetched from.

Never asks the network. A URL is refused before git sees it: git runs programs for `ext::` and takes options from words
that begin with a hyphen (https://git-scm.com/docs/git-remote-ext).
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from pinner.git.surroundings import TRANSPORTS
from pinner.words.problems import InputError, Problem

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_SCHEME = re.compile(r"\A([A-Za-z0-9][A-Za-z0-9+.-]*)://")
_SCP = re.compile(
    r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?(?P<host>[A-Za-z0-9_.][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]):(?P<path>[^:].*)"
)
_DEFAULT_PORTS = {"git": 9418, "http": 80, "https": 443, "ssh": 22}

# Hosts known to serve X and X.git as one repository. Elsewhere they may be two, and two modules must never share a
# mirror by mistake.
_SAME_WITH_SUFFIX = frozenset({"bitbucket.org", "codeberg.org", "github.com", "gitlab.com", "opendev.org"})


def canonical(url: str) -> str:
    """Return the name a repository has in the cache: equal for spellings that surely mean the same repository.

    Raises InputError for a URL that git must not be given.
    """
    require_allowed(url)
    if not (match := _SCHEME.match(url)):
        return url.rstrip("/") or "/"
    parts = urlsplit(url)
    scheme = match[1].lower()
    host = (parts.hostname or "").lower()
    path = parts.path.rstrip("/")
    if host in _SAME_WITH_SUFFIX:
        path = path.removesuffix(".git")
    authority = _authority(parts.username, host, parts.port, scheme)
    return str(urlunsplit((scheme, authority, path, parts.query, parts.fragment)))


def rewritten(url: str, rules: Mapping[str, str]) -> str:
    """Return where to fetch from: the rule with the longest prefix of `url` wins. Raises InputError as `canonical`."""
    prefix = max((rule for rule in rules if rule and url.startswith(rule)), key=len, default=None)
    place = url if prefix is None else rules[prefix] + url.removeprefix(prefix)
    require_allowed(place)
    return _SCHEME.sub(lambda match: match[0].lower(), place)  # git knows `https`, not `HTTPS`


def require_allowed(url: str) -> None:
    """Raise InputError unless `url` is one of the transports, an scp-like address or an absolute path."""
    if fault := _fault(url):
        what, hint = fault
        raise InputError(Problem(f"{redacted(url)!r}{what}", hint=hint))


_TRANSPORT_HINT = (
    f"pinner speaks {', '.join(TRANSPORTS[:-1])} and {TRANSPORTS[-1]}, user@host:path, and absolute paths"
)


def _fault(url: str) -> tuple[str, str | None] | None:
    """Return what to say after the URL, and the hint; None for a URL that git may be given."""
    if not url or url.startswith("-") or not url.isprintable() or " " in url:
        return " is no git URL", "a URL has no blanks, no control characters, no leading hyphen"
    if _HELPER.match(url):
        return ": git remote helpers are refused", _TRANSPORT_HINT
    if match := _SCHEME.match(url):
        return _fault_of_scheme(url, match[1].lower())
    if url.startswith("/") or _SCP.fullmatch(url):
        return None
    return " is no git URL", _TRANSPORT_HINT


def _fault_of_scheme(url: str, scheme: str) -> tuple[str, str | None] | None:
    if scheme not in TRANSPORTS:
        return f": the transport '{scheme}' is refused", _TRANSPORT_HINT
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f" is no git URL: {error}", None
    if parts.password is not None or (parts.username is not None and scheme != "ssh"):
        return ": credentials in a URL are refused", "use a git credential helper or an ssh key"
    if scheme != "file" and (not parts.hostname or parts.hostname.startswith("-") or parts.path in {"", "/"}):
        return " is no git URL: it needs a host and a path", None
    if scheme == "file" and not parts.path.startswith("/"):
        return " is no git URL: it needs an absolute path", None
    return None


def _authority(user: str | None, host: str, port: int | None, scheme: str) -> str:
    name = f"[{host}]" if ":" in host else host
    login = f"{user}@" if user else ""
    return f"{login}{name}" if port in {None, _DEFAULT_PORTS.get(scheme)} else f"{login}{name}:{port}"


# Compiled on use: most runs show no URL.
_LOGIN = r"(?<=://)[^/\s'\"@]*@"
_PARAMETER = r"(?i)\b([\w-]*(?:token|password|passwd|secret|api[_-]?key)[\w-]*=)[^&\s'\"]+"
_HEADER = r"(?i)((?:proxy-)?authorization|cookie)(: *)[^\r\n]+"


def redacted(text: str) -> str:
    """Return `text` without anything that looks like a credential; the user of an ssh URL stays."""
    text = re.sub(_LOGIN, _hide_login, text)
    text = re.sub(_PARAMETER, r"\1***", text)
    return re.sub(_HEADER, r"\1\2***", text)


def _hide_login(match: re.Match[str]) -> str:
    is_ssh = match.string[: match.start()].endswith("ssh://") and ":" not in match[0]
    return match[0] if is_ssh else "***@"
