"""Modulefile: what Puppet's modules said about themselves before metadata.json. It is Ruby; it is read, never run."""

from collections.abc import Sequence
from typing import Final

from pinner.puppet.flaws import Flaws
from pinner.puppet.metadata_fields import (
    MOST_DEPENDENCIES,
    read_dependency,
    read_module_name,
    read_version,
    without_repeats,
)
from pinner.puppet.names import quoted
from pinner.puppet.ruby.declarations import Declaration, Symbol, Unreadable, read_declarations
from pinner.words.metadata import Dependency, Metadata

LONGEST: Final = 1_000_000
"""Characters of the longest Modulefile that is read."""

_FILE: Final = "Modulefile"
_OTHER_WORDS: Final = frozenset({"author", "description", "license", "project_page", "source", "summary"})


def read_modulefile(text: str, flaws: Flaws) -> Metadata:
    """Return what can be read, without the flaws: those are in `flaws`."""
    if len(text) > LONGEST:
        flaws.add(f"it is longer than {LONGEST} characters")
        return Metadata(file=_FILE)
    declarations = _read_declarations(text, flaws)
    dependencies = [declaration for declaration in declarations if declaration.word == "dependency"]
    return Metadata(
        file=_FILE,
        name=read_module_name(_last_value(declarations, "name"), flaws),
        version=read_version(_last_value(declarations, "version"), flaws),
        dependencies=_read_dependencies(dependencies, flaws),
    )


def _read_declarations(text: str, flaws: Flaws) -> Sequence[Declaration]:
    declarations = []
    for statement in read_declarations(text):
        if isinstance(statement, Unreadable):
            flaws.add(f"line {statement.line}: {statement.reason}")
        elif statement.word in {"name", "version", "dependency"}:
            declarations.append(statement)
        elif statement.word not in _OTHER_WORDS:
            flaws.add(f"line {statement.line}: {quoted(statement.word)} is no word of a Modulefile")
    return declarations


def _last_value(declarations: Sequence[Declaration], word: str) -> object:
    """Return what the last declaration of the word says, as Ruby would have it; None where there is none."""
    values = [_value(declaration, 0) for declaration in declarations if declaration.word == word]
    return values[-1] if values else None


def _value(declaration: Declaration, index: int) -> object:
    """Return an argument; a symbol counts as what it is in metadata.json, a text."""
    if index >= len(declaration.arguments):
        return None
    value = declaration.arguments[index].value
    return value.name if isinstance(value, Symbol) else value


def _read_dependencies(declarations: Sequence[Declaration], flaws: Flaws) -> tuple[Dependency, ...]:
    if len(declarations) > MOST_DEPENDENCIES:
        flaws.add(f"it has {len(declarations)} dependencies: only the first {MOST_DEPENDENCIES} are read")
    rows = (
        read_dependency(_value(row, 0), _value(row, 1), f"the dependency in line {row.line}", flaws)
        for row in declarations[:MOST_DEPENDENCIES]
    )
    return without_repeats((row for row in rows if row), "a dependency", flaws)
