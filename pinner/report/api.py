"""The API of a module: as text for people, as JSON for scripts."""

from collections.abc import Iterator, Mapping
from typing import Any

from pinner.operations.api import CommitApi
from pinner.report.counts import count
from pinner.report.visible import one_line
from pinner.words.api import Definition, Evidence, Kind, Parameter

Json = Mapping[str, Any]
_NAMES_ONLY = frozenset({Kind.PROVIDER, Kind.FACT, Kind.TASK, Kind.DATA})


def as_text(result: CommitApi) -> Iterator[str]:
    """Yield the lines: each definition with its parameters, then names, then the files that could not be read."""
    definitions = result.api.definitions
    yield f"{result.git} at {result.commit}: {count(len(definitions), 'definition')}"
    for one in definitions:
        if one.kind not in _NAMES_ONLY:
            yield ""
            yield from _definition(one)
    named = [one for one in definitions if one.kind in _NAMES_ONLY]
    if named:
        yield ""
    yield from (f"{one.kind} {one.name} ({one.path})" for one in named)
    for file in result.api.unreadable:
        yield f"could not be read: {one_line(file.path)}: {one_line(file.reason)}"


def _definition(one: Definition) -> Iterator[str]:
    inherits = f", inherits {one.inherits}" if one.inherits else ""
    target = f" = {one_line(one.target)}" if one.target else ""
    yield one_line(f"{one.kind} {one.name}{target} ({one.path}:{one.line}{inherits})")
    if one.deprecated:
        yield f"  deprecated{_advice(one)}"
    for parameter in one.parameters:
        yield f"  {_parameter(parameter)}"
        if parameter.deprecated:
            yield f"    deprecated{_advice(parameter)}"


def _parameter(one: Parameter) -> str:
    type_ = f"{one_line(one.type)} " if one.type else ""
    default = f" = {one_line(one.default)}" if one.default is not None else ""
    return f"{type_}{'*' if one.is_rest else ''}${one.name}{default}"


def _advice(marked: Definition | Parameter) -> str:
    when = f", goes in {one_line(marked.removal)}" if marked.removal else ""
    if marked.replacement:
        return f"{when}: use {one_line(marked.replacement)}"
    return f"{when}: {one_line(marked.says)}" if marked.says else when


def as_json(result: CommitApi) -> Json:
    """Return what `api --format json` prints."""
    return {
        "git": result.git,
        "commit": result.commit,
        "definitions": [_definition_json(one) for one in result.api.definitions],
        "unreadable": [{"path": file.path, "reason": file.reason} for file in result.api.unreadable],
    }


def _definition_json(one: Definition) -> Json:
    return {
        "kind": one.kind.family,
        "name": one.name,
        "inherits": one.inherits,
        "path": one.path,
        "line": one.line,
        "parameters": [_parameter_json(parameter) for parameter in one.parameters],
        "is": one.kind.value,
        "target": one.target,
        **_marks_json(one),
    }


def _parameter_json(one: Parameter) -> Json:
    return {"name": one.name, "type": one.type, "default": one.default, "line": one.line, **_marks_json(one)}


def _marks_json(marked: Definition | Parameter) -> Json:
    return {
        "deprecated": marked.deprecated,
        "evidence": [_evidence_json(mark) for mark in marked.evidence],
        "replacement": marked.replacement,
        "removal": marked.removal,
    }


def _evidence_json(mark: Evidence) -> Json:
    return {"mark": mark.mark.value, "line": mark.line, "text": mark.text}
