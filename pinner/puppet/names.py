r"""Whitelists for names, refs, commits, paths and versions, shared by everything that reads them.

A Puppetfile is Ruby that r10k executes, often as root, and the same values reach git's command line and file
names. So nothing is escaped: a value consists of harmless characters or is refused. Each `check_` function
returns None, or a message that quotes the value and describes the error. Never use `$` or `\Z` here: they
accept a trailing newline.
"""

import re
from typing import Final

from pinner.model.text import quoted

LONGEST: Final = 200
"""Maximum length of a name: file systems allow 255 bytes, and suffixes are added to names."""

_LONGEST_PATH: Final = 500
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
