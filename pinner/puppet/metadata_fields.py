"""The single fields of a module's metadata, whichever file they stand in: any value in, a clean text or a flaw out."""

import re
from collections.abc import Iterable
from typing import Final

from pinner.puppet.flaws import Flaws
from pinner.puppet.json_text import Number
from pinner.puppet.names import quoted
from pinner.puppet.versions import parse_version
from pinner.words.metadata import Dependency

MOST_DEPENDENCIES: Final = 1000
_LONGEST_TEXT: Final = 1000
_MODULE: Final = re.compile(r"([A-Za-z0-9_]+)[-/]([A-Za-z0-9_][A-Za-z0-9_.-]*)")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def read_text(value: object, what: str, flaws: Flaws) -> str | None:
    """Return a text of one printable line; a number is one too, with a flaw. None for all else, null without a flaw."""
    if value is None:
        return None
    if not isinstance(value, str):
        flaws.add(f"{what} is {describe_kind(value)}, not a text")
        return None
    if isinstance(value, Number):
        flaws.add(f"{what} is a number, not a text")
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        flaws.add(f"{what} is longer than {_LONGEST_TEXT} characters or not printable: left out")
        return None
    return str(value)


def read_module_name(value: object, flaws: Flaws) -> str | None:
    """Return the module's own name as `owner-module`."""
    text = read_text(value, "its name", flaws)
    if text is None:
        flaws.add("it does not say the module's name")
        return None
    match = _MODULE.fullmatch(text)
    if match is None:
        flaws.add(f"its name {quoted(text)} is not of the form owner-module")
        return None
    return f"{match[1]}-{match[2]}"


def read_version(value: object, flaws: Flaws) -> str | None:
    """Return the module's version as written."""
    text = read_text(value, "its version", flaws)
    if text is None:
        flaws.add("it does not say the module's version")
    elif parse_version(text) is None:
        flaws.add(f"its version {quoted(text)} is not SemVer")
    return text


def read_dependency(name: object, version_range: object, what: str, flaws: Flaws) -> Dependency | None:
    """Return one dependency, its name as `owner/module`, its range as written and empty where there is none."""
    text = read_text(name, f"the name of {what}", flaws)
    if text is None:
        flaws.add(f"{what} has no name: left out")
        return None
    match = _MODULE.fullmatch(text)
    if match is None and not _BARE.fullmatch(text):
        flaws.add(f"{what} has the name {quoted(text)}, which is none: left out")
        return None
    if match is None:
        flaws.add(f"{what} has the name {quoted(text)}, without an owner")
    return Dependency(f"{match[1]}/{match[2]}" if match else text, _read_range(version_range, what, flaws))


def read_requirement(name: object, version_range: object, what: str, flaws: Flaws) -> Dependency | None:
    """Return one requirement, on Puppet itself or the like."""
    text = read_text(name, f"the name of {what}", flaws)
    if text is None or not _BARE.fullmatch(text):
        flaws.add(
            f"{what} has no name: left out"
            if text is None
            else f"{what} has the name {quoted(text)}: left out"
        )
        return None
    return Dependency(text, _read_range(version_range, what, flaws))


def without_repeats(rows: Iterable[Dependency], what: str, flaws: Flaws) -> tuple[Dependency, ...]:
    """Return the rows without equal ones; two ranges for one name both stay, as both must hold."""
    rows = tuple(rows)
    kept = tuple(dict.fromkeys(rows))
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            flaws.add(f"{what} on {row.name} stands twice")
        seen.add(row.name)
    return kept


def _read_range(value: object, what: str, flaws: Flaws) -> str:
    return read_text(value, f"the version range of {what}", flaws) or ""


def describe_kind(value: object) -> str:
    """Name the JSON type of a value, for a message."""
    kinds = {
        dict: "an object",
        list: "a list",
        bool: "true or false",
        type(None): "null",
        Number: "a number",
        int: "a number",
    }
    return kinds.get(type(value), "a text")
