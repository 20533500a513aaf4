r"""Which names, refs, commits, paths and versions are let in: whitelists, one rule each, shared by everything that reads.

A Puppetfile is Ruby that r10k runs, often as root, and the same words reach git's command line and file names. So
nothing is escaped: a value is either made of harmless characters or refused. Each `check_` function returns None, or
what is wrong with the value in words that quote it. Never `$` or `\Z` here: a trailing newline passes those.
"""

import re
from typing import Final

LONGEST: Final = 200
"""Characters in one name: a file system holds 255 bytes, and suffixes are added to names."""

_LONGEST_PATH: Final = 500
_SHOWN: Final = 60
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_OWNER: Final = re.compile(r"[A-Za-z0-9]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_REF_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._/+@=%-]+")
_PATH_SEGMENT: Final = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_PRE_RELEASE: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_EXACT_VERSION: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PRE_RELEASE}(?:\.{_PRE_RELEASE})*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def quoted(text: str) -> str:
    """Return the value as a message shows it: in quotes, control characters spelled out, its end cut off if long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def check_module_name(text: str) -> str | None:
    """Say what keeps this from being the name of a module (its directory, and the namespace of its classes)."""
    return _check_name(text, "module")


def check_environment_name(text: str) -> str | None:
    """Say what keeps this from being the name of a Puppet environment."""
    return _check_name(text, "environment")


def check_forge_name(text: str) -> str | None:
    """Say what keeps this from being `owner/module`, a module's name on the Puppet Forge."""
    owner, slash, module = text.partition("/")
    if len(text) <= LONGEST and slash and _OWNER.fullmatch(owner) and _NAME.fullmatch(module):
        return None
    return f"{quoted(text)} is no Forge name: write owner/module, letters and digits before the slash, a module's name after it"


def check_forge_version(text: str) -> str | None:
    """Say what keeps this from being one exact version, which is all that r10k takes for a Forge module."""
    if len(text) <= LONGEST and _EXACT_VERSION.fullmatch(text):
        return None
    return f"{quoted(text)} is no exact version: write three numbers like 1.2.3, with -rc1 or the like after them if need be"


def check_commit(text: str) -> str | None:
    """Say what keeps this from being a whole commit id."""
    if _COMMIT.fullmatch(text):
        return None
    return f"{quoted(text)} is no commit: write all 40 hex digits, letters small"


def check_ref_name(text: str) -> str | None:
    """Say what keeps this from being a branch or tag name, or a whole ref name.

    Stricter than `git check-ref-format`: only letters, digits and `._/+@=%-`, never a `-` first.
    """
    if len(text) > LONGEST:
        return f"{quoted(text)} is no ref name: it is longer than {LONGEST} characters"
    if not _REF_CHARACTERS.fullmatch(text):
        return f"{quoted(text)} is no ref name here: use letters, digits and . _ / + @ = % - only"
    flaw = _ref_flaw(text)
    return flaw and f"{quoted(text)} is no ref name: {flaw}"


def check_install_path(text: str) -> str | None:
    """Say what keeps this from being a directory inside the environment: the one that holds a module's directory.

    `.` is the environment itself; otherwise segments of letters, digits and `_ . -` with slashes between.
    """
    if text == ".":
        return None
    if len(text) > _LONGEST_PATH:
        return f"{quoted(text)} is no path here: it is longer than {_LONGEST_PATH} characters"
    if text.startswith("/"):
        return f"{quoted(text)} is no path here: write it relative to the environment's directory"
    if all(_is_segment(segment) for segment in text.split("/")):
        return None
    return f"{quoted(text)} is no path here: write directory names with slashes between, of letters, digits and _ . - only, no '..'"


def check_moduledir(text: str) -> str | None:
    """Say what keeps this from being the directory, inside the environment, that holds its modules."""
    if text == ".":
        return "'.' is no moduledir: r10k would purge the environment's own files; name a directory in it"
    return check_install_path(text)


def _check_name(text: str, kind: str) -> str | None:
    if len(text) > LONGEST:
        return f"{quoted(text)} is no {kind} name: it is longer than {LONGEST} characters"
    if _NAME.fullmatch(text):
        return None
    return f"{quoted(text)} is no {kind} name: use small letters, digits and underscores, a letter first"


def _ref_flaw(text: str) -> str | None:
    """Return the rule of git check-ref-format that the name breaks, the characters being fine already."""
    if text.startswith("-"):
        return "it begins with a '-'"
    if text == "@":
        return "a lone '@' means HEAD to git"
    if ".." in text or text.endswith("."):
        return "'..' and a '.' at the end are forbidden"
    return next((flaw for segment in text.split("/") if (flaw := _ref_segment_flaw(segment))), None)


def _ref_segment_flaw(segment: str) -> str | None:
    if not segment:
        return "a slash stands first, last, or twice in a row"
    if segment.startswith("."):
        return "no part of it may begin with a '.'"
    if segment.endswith(".lock"):
        return "no part of it may end with '.lock'"
    return None


def _is_segment(segment: str) -> bool:
    return segment not in {".", ".."} and _PATH_SEGMENT.fullmatch(segment) is not None
