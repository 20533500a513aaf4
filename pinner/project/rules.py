"""Check single scalars of a project's files: each check returns None, or what is wrong.

Further checks are in pinner/puppet/names.py.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from pinner.model.text import check_git_url, quote, redact
from pinner.puppet.names import check_environment_name, check_ref_name
from pinner.puppet.ranges import parse_range

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RANGE = re.compile(r"[0-9A-Za-z.<>=~^ *|+-]{1,200}")
_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LONGEST_FACT = 4000
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@lru_cache(maxsize=2**16)
def judge(check: Callable[[str], str | None], text: str) -> str | None:
    """Return the result of a check, without credentials; cached because many environments share texts."""
    flaw = check(text)
    return redact(flaw) if flaw else None


def check_prose(text: str) -> str | None:
    """Refuse characters that control a terminal or change text direction; allow line breaks and tabs."""
    for letter in text:
        if (unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t") or _DIRECTIONS.match(
            letter
        ):
            return f"the character U+{ord(letter):04X} is not allowed in a text"
    return None


def check_line(text: str) -> str | None:
    """Refuse text that is not one line of prose."""
    if not text.strip():
        return "the text is empty"
    if len(text.splitlines()) > 1:
        return "the text must be one line"
    return check_prose(text)


def check_fact(text: str) -> str | None:
    """Refuse text that is unlikely in a module's metadata: unprintable or too long. Empty text is allowed."""
    if len(text) > _LONGEST_FACT:
        return f"the text is longer than {_LONGEST_FACT} characters"
    return None if text.isprintable() else f"{quote(text)} contains unprintable characters"


def check_day(text: str) -> str | None:
    """Refuse text that is not a valid date, YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        return f"{quote(text)} is not a valid date: write it as YYYY-MM-DD"
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"the date {quote(text)} does not exist"
    return None


def _form(pattern: str, flaw: str) -> Callable[[str], str | None]:
    """Return the check that refuses text that does not match the pattern as a whole."""
    compiled = re.compile(pattern)
    return lambda text: None if compiled.fullmatch(text) else f"{quote(text)} {flaw}"


check_release = _form(
    r"[a-z]{1,40}|[0-9]{4}\.[0-9]",
    "is not an OpenStack release: write its id (2025.1) or its code name in lower case (epoxy)",
)
"""Whether the series exists is checked in the catalogue."""
check_dependency = _form(
    r"(?:[A-Za-z0-9]{1,100}[/-])?[a-z][a-z0-9_]{0,199}",
    "is not a module name: write it as 'stdlib' or 'puppetlabs/stdlib'",
)
check_platform = _form(
    r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}",
    "is not a valid platform: use only letters, digits, spaces and . _ -",
)
check_puppet_version = _form(
    r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}",
    "is not a version of Puppet or OpenVox: write all three numbers, such as 8.10.0",
)


def _short_name(prefix: str) -> Callable[[str], str | None]:
    """Return the check that refuses text that is not the name of a ref without `prefix`."""

    def check_short_name(text: str) -> str | None:
        if text.startswith(prefix):
            return f"{quote(text)} is a full ref name: omit {quote(prefix)}"
        return check_ref_name(text)

    return check_short_name


check_branch = _short_name("refs/heads/")
check_tag = _short_name("refs/tags/")


def check_whole_ref(text: str) -> str | None:
    """Refuse text that is not the full name of a branch or tag."""
    if not text.startswith(("refs/heads/", "refs/tags/")):
        return f"{quote(text)} is not a full ref name: it must begin with 'refs/heads/' or 'refs/tags/'"
    return check_ref_name(text)


def check_base(text: str) -> str | None:
    """Refuse text that is neither an environment's name nor a base's (`_` before such a name)."""
    name = text.removeprefix("environments/").removesuffix(".yaml")
    if name != text and check_environment_name(name.removeprefix("_")) is None:
        return f"{quote(text)} is a file's name: write the name only, {quote(name)}"
    if check_environment_name(text.removeprefix("_")) is None:
        return None
    return f"{quote(text)} is not a valid name of an environment or base: use lower-case letters, digits and underscores"


def check_range(text: str) -> str | None:
    """Refuse text that is not a version range in Puppet's syntax, or is hardly what the user meant."""
    if not _RANGE.fullmatch(text):
        return f"{quote(text)} is not a valid version range: write one such as '>= 1.2.0 < 2.0.0'"
    flaws = parse_range(text).flaws
    return f"{quote(text)} is not a valid version range: {'; '.join(flaws)}" if flaws else None


def check_data_directory(text: str) -> str | None:
    """Refuse text that is not a path relative to the project, which is the same on every machine."""
    if flaw := check_line(text):
        return flaw
    if text.startswith(("/", "~")):
        return f"{quote(text)} is not relative to the project: use --hiera or --code for other directories"
    return None


def check_template(text: str) -> str | None:
    """Refuse text that is not a template's name; a path is never one."""
    if not _TEMPLATE.fullmatch(text):
        return f"{quote(text)} is not a template name: write the name of a file in Puppetfile.templates, without '.j2'"
    if text.endswith(".j2"):
        return f"{quote(text)} is not a template name: omit '.j2'"
    return None


def check_url_prefix(text: str) -> str | None:
    """Refuse text that is not the start of any git URL."""
    whole = f"{text}x" if text.endswith(("/", ":")) else text
    flaw = check_git_url(whole)
    return flaw and flaw.replace(quote(whole), quote(text), 1)


def check_rewrite_target(text: str) -> str | None:
    """Refuse text that is not the start of a URL, of an absolute path, or of a path with `./` or `../`."""
    if text.startswith(("./", "../")):
        return check_line(text)
    return check_url_prefix(text)


_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[A-Za-z0-9._~/?#&=+:;,@%-]*")


def link_check(*names: str) -> Callable[[str], str | None]:
    """Return the check that refuses text that is not the address of a web page with these placeholders.

    The last of `names` is required. Placeholders stand after the host, which is so the same for all values.
    """

    def check_link(text: str) -> str | None:
        unknown = [name for name in _PLACEHOLDER.findall(text) if name not in names]
        if not _ADDRESS.fullmatch(_PLACEHOLDER.sub("x", text)) or "{" in text.split("/")[2]:
            return f"{quote(text)} is not the address of a web page: write one with https:// or http://, its host and a path"
        if unknown or names[-1] not in _PLACEHOLDER.findall(text):
            known = ", ".join(f"'{{{name}}}'" for name in names)
            return f"{quote(text)} must contain '{{{names[-1]}}}'; placeholders are {known}"
        return None

    return check_link
