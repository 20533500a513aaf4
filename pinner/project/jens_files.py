"""Jens' YAML files -> its library and its definitions, and what in them makes no sense."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinner.project.foreign import read_foreign
from pinner.project.lookups import map_at, text_at, texts_at, texts_by_key
from pinner.project.nodes import Mapping, Scalar
from pinner.project.quoting import near, quote
from pinner.puppet.jens import Definition, Library, Partition
from pinner.words.manifests import Text
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

_KEYS = ("default", "notifications", "overrides", "parser")


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """What an environment's file says; `problems` tell what is missing in it, `notes` what deserves a look."""

    definition: Definition
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def read_library(path: Path) -> tuple[Library, tuple[Problem, ...]]:
    """Return repositories.yaml, and its problems. Raises InputError where nothing of it can be read."""
    file = read_foreign(path)
    root = map_at(file.root, "repositories")
    if root is None:
        problem = Problem("this is no library of Jens: it has no map 'repositories'", Place(str(path)))
        raise InputError(file.problems or problem)
    library = {partition: texts_by_key(map_at(root, partition)) for partition in Partition}
    unknown = (
        Problem(f"Jens knows no part {quote(key)} of a library", entry.key.place, near(key, Partition))
        for key, entry in root.entries.items()
        if key not in set(Partition)
    )
    return library, (*file.problems, *unknown)


def read_definition(path: Path) -> DefinitionFile:
    """Return an environment's file. Never raises."""
    file = read_foreign(path)
    root, place = file.root, Place(str(path))
    definition = Definition(
        path.stem,
        place,
        default=_given(text_at(root, "default")),
        owners=tuple(text.value for text in _owners(root)),
        overrides=_overrides(root),
    )
    flaws = tuple(_flaws(root)) if root else ()
    return DefinitionFile(definition, (*file.problems, *flaws), tuple(_notes(root, place)) if root else ())


def _given(text: Text | None) -> Text | None:
    return text if text and text.value else None


def _owners(root: Mapping | None) -> tuple[Text, ...]:
    one = _given(text_at(root, "notifications"))
    return (one,) if one else texts_at(root, "notifications")


def _overrides(root: Mapping | None) -> dict[Partition, dict[str, Text]]:
    overrides = map_at(root, "overrides")
    return {partition: texts_by_key(map_at(overrides, partition)) for partition in Partition}


def _flaws(root: Mapping) -> Iterator[Problem]:
    """Yield what makes Jens refuse the file, and would make pinner miss something."""
    entry = root.entries.get("overrides")
    if entry is None:
        return
    if not isinstance(entry.value, Mapping):
        yield Problem(
            "'overrides' holds no map", entry.key.place, "write 'modules:' and names with refs below it"
        )
        return
    for key, inner in entry.value.entries.items():
        if key not in set(Partition):
            known = ", ".join(Partition)
            yield Problem(
                f"there is no part {quote(key)} to override",
                inner.key.place,
                near(key, Partition) or f"there are {known}",
            )
        elif not isinstance(inner.value, Mapping):
            yield Problem(f"the overrides of {key} are no map", inner.key.place)
        else:
            yield from (
                Problem(f"the ref of {quote(name)} is no text", ref.key.place)
                for name, ref in inner.value.entries.items()
                if not isinstance(ref.value, Scalar) or ref.value.is_null
            )


def _notes(root: Mapping, place: Place) -> Iterator[Problem]:
    if "notifications" not in root.entries:
        yield Problem("Jens itself refuses this file: it has no 'notifications'", place)
    for key, entry in root.entries.items():
        if key not in _KEYS:
            yield Problem(f"Jens takes no notice of the key {quote(key)}", entry.key.place, near(key, _KEYS))
    if parser := root.entries.get("parser"):
        message = "'parser' is left out: it chose between the parsers of Puppet 3, and there is one since"
        yield Problem(message, parser.key.place)
