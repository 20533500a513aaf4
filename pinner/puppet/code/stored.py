"""Definitions as compact JSON and back: a file's definitions are read once, and kept by the id of its blob."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from pinner.words.api import Creation, Definition, Evidence, Kind, Mark, Parameter, Unreadable

_NO_MARKS: list[Any] = [[], None, None, False]


def to_json(found: tuple[Definition, ...] | Unreadable) -> str:
    """Return what `read_file` found as one line of JSON, without the path: equal files then share one text."""
    if isinstance(found, Unreadable):
        return _dump({"unreadable": found.reason})
    return _dump([_definition_row(definition) for definition in found])


def from_json(path: str, text: str) -> tuple[Definition, ...] | Unreadable:
    """Return what `to_json` stored, for the file at `path`; raises ValueError for any other text."""
    try:
        rows = json.loads(text)
        if isinstance(rows, dict):
            return Unreadable(path, str(rows["unreadable"]))
        return tuple(_definition(path, row) for row in rows)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not stored definitions: {error}") from error


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _definition_row(one: Definition) -> list[Any]:
    return [
        one.kind.value,
        one.name,
        one.line,
        one.inherits,
        [_parameter_row(parameter) for parameter in one.parameters],
        one.target,
        _evidence_rows(one.evidence),
        one.replacement,
        one.removal,
        [[creation.parameter, creation.type] for creation in one.creates],
    ]


def _parameter_row(one: Parameter) -> list[Any]:
    row: list[Any] = [one.name, one.line, one.type, one.default]
    marks = [_evidence_rows(one.evidence), one.replacement, one.removal, one.is_rest]
    return row if marks == _NO_MARKS else row + marks


def _evidence_rows(evidence: Iterable[Evidence]) -> list[Any]:
    return [[one.mark.value, one.line, one.text] for one in evidence]


def _definition(path: str, row: Sequence[Any]) -> Definition:
    kind, name, line, inherits, parameters, target, evidence, replacement, removal, creates = row
    return Definition(
        kind=Kind(kind),
        name=name,
        path=path,
        line=line,
        inherits=inherits,
        parameters=tuple(_parameter(*one) for one in parameters),
        target=target,
        evidence=_evidence(evidence),
        replacement=replacement,
        removal=removal,
        creates=tuple(Creation(parameter, type_) for parameter, type_ in creates),
    )


def _parameter(name: str, line: int, type_: str | None, default: str | None, *marks: Any) -> Parameter:
    if not marks:
        return Parameter(name, line, type_, default)
    evidence, replacement, removal, is_rest = marks
    return Parameter(name, line, type_, default, _evidence(evidence), replacement, removal, is_rest)


def _evidence(rows: Sequence[Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(Mark(mark), line, text) for mark, line, text in rows)
