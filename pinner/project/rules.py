"""Checks of single scalars that a project's files hold, beside those of puppet/names.py: None, or what is wrong."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from pinner.project.quoting import near, quote, redact
from pinner.puppet.git_urls import check_git_url
from pinner.puppet.names import check_environment_name, check_ref_name
from pinner.puppet.ranges import parse_range
from pinner.words.codes import RULES

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RELEASE = re.compile(r"[a-z]{1,40}|[0-9]{4}\.[0-9]")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,99}(?::[a-z][a-z0-9_]{0,199})?")
_DEPENDENCY = re.compile(r"(?:[A-Za-z0-9]{1,100}[/-])?[a-z][a-z0-9_]{0,199}")
_PUPPET = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.(?:0|[1-9][0-9]{0,5})){2}")
_RANGE = re.compile(r"[0-9A-Za-z.<>=~^ *|+-]{1,200}")
_TEMPLATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_LONGEST_FACT = 4000
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@lru_cache(maxsize=2**16)
def judge(check: Callable[[str], str | None], text: str) -> str | None:
    """Return what the check finds wrong, credentials left out; files of many environments hold the same texts."""
    flaw = check(text)
    return redact(flaw) if flaw else None


def check_prose(text: str) -> str | None:
    """Refuse characters that steer a terminal or turn the direction of reading; line breaks and tabs are fine."""
    for letter in text:
        if (unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t") or _DIRECTIONS.match(
            letter
        ):
            return f"the character U+{ord(letter):04X} is not allowed in a text"
    return None


def check_line(text: str) -> str | None:
    """Refuse what is not one line of prose."""
    if not text.strip():
        return "the text is empty"
    if len(text.splitlines()) > 1:
        return "the text must be one line"
    return check_prose(text)


def check_fact(text: str) -> str | None:
    """Refuse what a module's metadata cannot well say: unprintable or endless text. Empty is fine."""
    if len(text) > _LONGEST_FACT:
        return f"the text is longer than {_LONGEST_FACT} characters"
    return None if text.isprintable() else f"{quote(text)} holds characters that cannot be printed"


def check_day(text: str) -> str | None:
    """Refuse what is no day of the calendar, YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        return f"{quote(text)} is no day: write it as YYYY-MM-DD"
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"the day {quote(text)} does not exist"
    return None


def check_release(text: str) -> str | None:
    """Refuse what cannot be a series; whether it is one, the catalogue knows."""
    if _RELEASE.fullmatch(text):
        return None
    return f"{quote(text)} is no OpenStack release: write its id (2025.1) or its code name in small letters (epoxy)"


def check_branch(text: str) -> str | None:
    """Refuse what is no short name of a branch."""
    return _check_short(text, "refs/heads/")


def check_tag(text: str) -> str | None:
    """Refuse what is no short name of a tag."""
    return _check_short(text, "refs/tags/")


def check_whole_ref(text: str) -> str | None:
    """Refuse what is no branch or tag under its whole name."""
    if not text.startswith(("refs/heads/", "refs/tags/")):
        return f"{quote(text)} is no whole ref name: begin it with 'refs/heads/' or 'refs/tags/'"
    return check_ref_name(text)


def check_base(text: str) -> str | None:
    """Refuse what is neither an environment's name nor a base's (`_` before such a name)."""
    name = text.removeprefix("environments/").removesuffix(".yaml")
    if name != text and check_environment_name(name.removeprefix("_")) is None:
        return f"{quote(text)} is a file's name: write the name only, {quote(name)}"
    if check_environment_name(text.removeprefix("_")) is None:
        return None
    return f"{quote(text)} names no environment or base: use small letters, digits and underscores"


def check_ignored(text: str) -> str | None:
    """Refuse what is not `CODE` or `CODE:MODULE`, and codes that no finding has."""
    if not _CODE.fullmatch(text):
        return f"{quote(text)} is no finding: write its code, or code:module, such as 'end-of-life:nova'"
    code = text.partition(":")[0]
    if code in RULES:
        return None
    meant = near(code, RULES)
    return f"no finding has the code {quote(code)}{f'; {meant}' if meant else ''}"


def check_range(text: str) -> str | None:
    """Refuse what is no version range in Puppet's syntax, or one that can hardly be meant."""
    if not _RANGE.fullmatch(text):
        return f"{quote(text)} is no version range: write one such as '>= 1.2.0 < 2.0.0'"
    flaws = parse_range(text).flaws
    return f"{quote(text)} is no version range: {'; '.join(flaws)}" if flaws else None


def check_dependency(text: str) -> str | None:
    """Refuse what names no dependency: a module, with its owner or without."""
    if _DEPENDENCY.fullmatch(text):
        return None
    return f"{quote(text)} names no module: write it as 'stdlib' or 'puppetlabs/stdlib'"


def check_platform(text: str) -> str | None:
    """Refuse what can be neither an operating system nor one of its releases."""
    if _WORD.fullmatch(text):
        return None
    return f"{quote(text)} is no platform: use letters, digits, blanks and . _ - only"


def check_puppet_version(text: str) -> str | None:
    """Refuse what is no exact version of Puppet."""
    if _PUPPET.fullmatch(text):
        return None
    return f"{quote(text)} is no version of Puppet: write all three numbers, such as 8.10.0"


def check_template(text: str) -> str | None:
    """Refuse what is no template's name; a path never is."""
    if not _TEMPLATE.fullmatch(text):
        return (
            f"{quote(text)} is no template: write the name of a file in Puppetfile.templates, without '.j2'"
        )
    if text.endswith(".j2"):
        return f"{quote(text)} is no template: leave '.j2' away"
    return None


def check_url_prefix(text: str) -> str | None:
    """Refuse what no git URL can begin with."""
    whole = f"{text}x" if text.endswith(("/", ":")) else text
    flaw = check_git_url(whole)
    return flaw and flaw.replace(quote(whole), quote(text), 1)


def check_rewrite_target(text: str) -> str | None:
    """Refuse what is neither the beginning of a URL or absolute path nor a path that begins with `./` or `../`."""
    if text.startswith(("./", "../")):
        return check_line(text)
    return check_url_prefix(text)


def check_path(text: str) -> str | None:
    """Refuse what no file system takes as a path."""
    return check_line(text)


def _check_short(text: str, prefix: str) -> str | None:
    if text.startswith(prefix):
        return f"{quote(text)} is a whole ref name: leave {quote(prefix)} away"
    return check_ref_name(text)
