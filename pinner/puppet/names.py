r"""Whitelists for names, refs, commits, paths and versions, shared by everything that reads them.

A Puppetfile is Ruby that r10k executes, often as root, and the same values reach git's command line and file
names. So nothing is escaped: a value consists of harmless characters or is refused. Each `check_` function
returns None, or a message that quotes the value and describes the error. Never use `$` or `\Z` here: they
accept a trailing newline.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

from pinner.model.text import quoted, redact

LONGEST: Final = 200
"""Maximum length of a name: file systems allow 255 bytes, and suffixes are added to names."""

_LONGEST_PATH: Final = 500
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_OWNER: Final = re.compile(r"[A-Za-z0-9]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
LOCK_ID: Final = re.compile(r"pin-[0-9a-f]{12}")
_REF_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._/+@=%-]+")
_PATH_SEGMENT: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_FACT: Final = 4000
_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_PRE_RELEASE: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_EXACT_VERSION: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE_RELEASE}(?:\.{_PRE_RELEASE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def check_module_name(text: str) -> str | None:
    """Return why this is not a module name (its directory and the namespace of its classes)."""
    return _check_name(text, "module")


def check_environment_name(text: str) -> str | None:
    """Return why this is not the name of a Puppet environment."""
    return _check_name(text, "environment")


def check_forge_name(text: str) -> str | None:
    """Return why this is not `owner/module`, a module's name on the Puppet Forge."""
    owner, slash, module = text.partition("/")
    if len(text) <= LONGEST and slash and _OWNER.fullmatch(owner) and _NAME.fullmatch(module):
        return None
    return f"{quoted(text)} is not a valid Forge name: write owner/module, with letters and digits before the slash and a module name after it"


def check_forge_version(text: str) -> str | None:
    """Return why this is not an exact version, the only form that r10k accepts for a Forge module."""
    if len(text) <= LONGEST and _EXACT_VERSION.fullmatch(text):
        return None
    return f"{quoted(text)} is not an exact version: write three numbers such as 1.2.3, optionally with a suffix such as -rc1"


def check_commit(text: str) -> str | None:
    """Return why this is not a full commit id."""
    if _COMMIT.fullmatch(text):
        return None
    return f"{quoted(text)} is not a full commit id: write all 40 hex digits in lower case"


def check_ref_name(text: str) -> str | None:
    """Return why this is not a branch name, tag name or full ref name.

    Stricter than `git check-ref-format`: only letters, digits and `._/+@=%-`, never a `-` first.
    """
    if len(text) > LONGEST:
        return f"{quoted(text)} is not a valid ref name: it is longer than {LONGEST} characters"
    if not _REF_CHARACTERS.fullmatch(text):
        return f"{quoted(text)} is not a valid ref name: use only letters, digits and . _ / + @ = % -"
    flaw = _ref_flaw(text)  # a rule of `git check-ref-format`
    return flaw and f"{quoted(text)} is not a valid ref name: {flaw}"


def _short_name(prefix: str) -> Callable[[str], str | None]:
    """Return the check that refuses text that is not the name of a ref without `prefix`."""

    def check_short_name(text: str) -> str | None:
        if text.startswith(prefix):
            return f"{quoted(text)} is a full ref name: omit {quoted(prefix)}"
        return check_ref_name(text)

    return check_short_name


check_branch = _short_name("refs/heads/")
check_tag = _short_name("refs/tags/")


def check_whole_ref(text: str) -> str | None:
    """Refuse text that is not the full name of a branch or tag."""
    if not text.startswith(("refs/heads/", "refs/tags/")):
        return f"{quoted(text)} is not a full ref name: it must begin with 'refs/heads/' or 'refs/tags/'"
    return check_ref_name(text)


def check_install_path(text: str) -> str | None:
    """Return why this is not a directory inside the environment that may contain a module's directory.

    `.` is the environment itself; other paths are segments of letters, digits and `_ . -`, separated by
    slashes.
    """
    if text == ".":
        return None
    if len(text) > _LONGEST_PATH:
        return f"{quoted(text)} is not a valid path: it is longer than {_LONGEST_PATH} characters"
    if text.startswith("/"):
        return f"{quoted(text)} is not a valid path: write it relative to the environment's directory"
    if all(
        segment not in {".", ".."} and _PATH_SEGMENT.fullmatch(segment) is not None
        for segment in text.split("/")
    ):
        return None
    return f"{quoted(text)} is not a valid path: write directory names of letters, digits and _ . - separated by slashes, without '..'"


def check_moduledir(text: str) -> str | None:
    """Return why this is not a directory inside the environment that may contain its modules."""
    if text == ".":
        return "'.' is not a valid moduledir: r10k would purge the environment's own files; use a directory inside it"
    return check_install_path(text)


def check_fact(text: str) -> str | None:
    """Refuse text that is unlikely in a module's metadata: unprintable or too long. Empty text is allowed."""
    if len(text) > _LONGEST_FACT:
        return f"the text is longer than {_LONGEST_FACT} characters"
    return None if text.isprintable() else f"{quoted(text)} contains unprintable characters"


def check_day(text: str) -> str | None:
    """Refuse text that is not a valid date, YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        return f"{quoted(text)} is not a valid date: write it as YYYY-MM-DD"
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"the date {quoted(text)} does not exist"
    return None


def form_check(pattern: str, flaw: str) -> Callable[[str], str | None]:
    """Return the check that refuses text that does not match the pattern as a whole."""
    compiled = re.compile(pattern)
    return lambda text: None if compiled.fullmatch(text) else f"{quoted(text)} {flaw}"


check_release = form_check(
    r"[a-z]{1,40}|[0-9]{4}\.[0-9]",
    "is not an OpenStack release: write its id (2025.1) or its code name in lower case (epoxy)",
)
"""Whether the series exists is checked in the catalogue."""


@lru_cache(maxsize=2**16)
def judge(check: Callable[[str], str | None], text: str) -> str | None:
    """Return the result of a check, without credentials; cached because many environments share texts."""
    flaw = check(text)
    return redact(flaw) if flaw else None


def _check_name(text: str, kind: str) -> str | None:
    if len(text) > LONGEST:
        return f"{quoted(text)} is not a valid {kind} name: it is longer than {LONGEST} characters"
    if _NAME.fullmatch(text):
        return None
    return f"{quoted(text)} is not a valid {kind} name: use lower-case letters, digits and underscores, starting with a letter"


def _ref_flaw(text: str) -> str | None:
    segments = text.split("/")
    broken = {
        "it starts with '-'": text.startswith("-"),
        "git reads '@' as HEAD": text == "@",
        "it contains '..' or ends with '.'": ".." in text or text.endswith("."),
        "it starts or ends with a slash, or contains two in a row": not all(segments),
        "one of its parts starts with '.'": any(segment.startswith(".") for segment in segments),
        "one of its parts ends with '.lock'": any(segment.endswith(".lock") for segment in segments),
    }
    return next((flaw for flaw, is_broken in broken.items() if is_broken), None)
