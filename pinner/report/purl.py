"""Package URLs of pins: https://github.com/package-url/purl-spec, its rules of encoding, and its types."""

import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from pinner.words.pins import ForgePin, GitPin, Pin

_HOSTED: Final = {"github.com": "github", "bitbucket.org": "bitbucket"}
"""Hosts with a purl type of their own: `pkg:github/<owner>/<name>@<commit>`, owner and name in small letters."""

_SHORT_SSH: Final = re.compile(r"(?P<login>[^/@:]+@[^/:]+):(?P<path>.+)")


def package_url(pin: Pin) -> str:
    """Return the package URL of a pin; a git module's says its commit, whatever version it claims to have."""
    if isinstance(pin, ForgePin):
        return f"pkg:puppet/{pin.forge}@{_quoted(pin.version)}"
    parts = urlsplit(absolute(pin.git))
    path = parts.path.removesuffix("/").removesuffix(".git")
    segments = [unquote(segment) for segment in path.split("/") if segment]
    kind = _HOSTED.get((parts.hostname or "").lower())
    if kind and len(segments) == len(("owner", "name")):
        return f"pkg:{kind}/{'/'.join(map(_quoted, segments)).lower()}@{pin.commit}"
    return f"pkg:generic/{_quoted(segments[-1])}@{pin.commit}?vcs_url={_quoted(location(pin))}"


def location(pin: GitPin) -> str:
    """Return where the pinned code lies, as SPDX writes it: `git+https://host/path@<commit>`."""
    return f"git+{absolute(pin.git)}@{pin.commit}"


def absolute(git: str) -> str:
    """Return a git URL as a URL with a scheme, for ssh's short form and absolute paths have none."""
    if git.startswith("/"):
        return f"file://{git}"
    short = None if "://" in git else _SHORT_SSH.fullmatch(git)
    return f"ssh://{short['login']}/{short['path'].lstrip('/')}" if short else git


def _quoted(text: str) -> str:
    """Return a part of a purl: all is percent-encoded but letters, digits, `.-_~`, and `:` and `/` in a qualifier."""
    return quote(text, safe=":/")
