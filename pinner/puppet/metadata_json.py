"""metadata.json: what Puppet's modules say about themselves since 2014 or so."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from pinner.puppet.flaws import Flaws
from pinner.puppet.json_text import Number, read_json
from pinner.puppet.metadata_fields import (
    MOST_DEPENDENCIES,
    describe_kind,
    read_dependency,
    read_module_name,
    read_requirement,
    read_text,
    read_version,
    without_repeats,
)
from pinner.words.metadata import Dependency, Metadata

_ReadRow = Callable[[object, object, str, Flaws], Dependency | None]

_FILE: Final = "metadata.json"


def read_metadata_json(text: str, flaws: Flaws) -> Metadata:
    """Return what can be read, without the flaws: those are in `flaws`."""
    document = read_json(text, flaws)
    if not isinstance(document, dict):
        if not flaws.as_tuple():
            flaws.add(f"it holds {describe_kind(document)}, not an object")
        return Metadata(file=_FILE)
    return Metadata(
        file=_FILE,
        name=read_module_name(document.get("name"), flaws),
        version=read_version(document.get("version"), flaws),
        dependencies=_read_rows(document, "dependencies", read_dependency, flaws=flaws),
        requirements=_read_rows(document, "requirements", read_requirement, flaws=flaws),
        platforms=_read_platforms(_read_list(document, "operatingsystem_support", flaws), flaws),
    )


def _read_list(document: Mapping[str, object], key: str, flaws: Flaws) -> Sequence[object]:
    value = document.get(key)
    if isinstance(value, list):
        if len(value) > MOST_DEPENDENCIES:
            flaws.add(f"{key} has {len(value)} rows: only the first {MOST_DEPENDENCIES} are read")
        return value[:MOST_DEPENDENCIES]
    if value is not None:
        flaws.add(f"{key} is {describe_kind(value)}, not a list")
    return ()


def _read_rows(
    document: Mapping[str, object], key: str, read_row: _ReadRow, *, flaws: Flaws
) -> tuple[Dependency, ...]:
    singular = "dependency" if key == "dependencies" else "requirement"
    rows = enumerate(_read_list(document, key, flaws), start=1)
    found = (_read_row(row, f"{singular} {number}", read_row, flaws=flaws) for number, row in rows)
    return without_repeats((row for row in found if row), f"a {singular}", flaws)


def _read_row(row: object, what: str, read_row: _ReadRow, *, flaws: Flaws) -> Dependency | None:
    if isinstance(row, str) and not isinstance(row, Number):
        flaws.add(f"{what} is a text, not an object with a name")
        name, _, version_range = row.strip().partition(" ")
        return read_row(name, version_range.strip(), what, flaws)
    if not isinstance(row, dict):
        flaws.add(f"{what} is {describe_kind(row)}, not an object with a name: left out")
        return None
    return read_row(row.get("name"), row.get("version_requirement"), what, flaws)


def _read_platforms(rows: Sequence[object], flaws: Flaws) -> Mapping[str, tuple[str, ...]]:
    releases_by_system: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(rows, start=1):
        for system, releases in _read_platform(row, f"platform {number}", flaws):
            if system in releases_by_system:
                flaws.add(f"platform {system} stands twice")
            releases_by_system[system] = tuple(
                dict.fromkeys((*releases_by_system.get(system, ()), *releases))
            )
    return releases_by_system


def _read_platform(row: object, what: str, flaws: Flaws) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(row, str) and not isinstance(row, Number):
        flaws.add(f"{what} is a text, not an object with operatingsystem")
    fields = row if isinstance(row, dict) else {"operatingsystem": row}
    system = read_text(fields.get("operatingsystem"), f"the operatingsystem of {what}", flaws)
    if system is None:
        flaws.add(f"{what} does not name an operating system: left out")
        return
    releases = _read_list(fields, "operatingsystemrelease", flaws)
    texts = (read_text(release, f"a release of {what}", flaws) for release in releases)
    yield system, tuple(text for text in texts if text)
