"""Text and JSON of `api` and `audit`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pinner.model.findings import Level
from pinner.model.module_api import Definition, DefinitionKind, Parameter
from pinner.model.results import Audit, CommitApi
from pinner.model.text import one_line
from pinner.report.changes import verdict_words
from pinner.report.json.document import results_json, verdict_json
from pinner.report.text.findings import finding_lines
from pinner.report.words import count, level_counts

Json = Mapping[str, Any]
_NAMES_ONLY = frozenset(
    {DefinitionKind.PROVIDER, DefinitionKind.FACT, DefinitionKind.TASK, DefinitionKind.DATA}
)


def api_text(result: CommitApi) -> Iterator[str]:
    """Yield the lines: each definition with its parameters, then names, then files that could not be read."""
    definitions = result.api.definitions
    yield f"{result.git} at {result.commit}: {count(len(definitions), 'definition')}"
    for one in definitions:
        if one.kind not in _NAMES_ONLY:
            yield ""
            yield from definition_lines(one)
    named = [one for one in definitions if one.kind in _NAMES_ONLY]
    if named:
        yield ""
    yield from (f"{one.kind} {one.name} ({one.path})" for one in named)
    for file in result.api.unreadable:
        yield f"could not be read: {one_line(file.path)}: {one_line(file.reason)}"


def definition_lines(one: Definition) -> Iterator[str]:
    """Yield a definition with its parameters."""
    inherits = f", inherits {one.inherits}" if one.inherits else ""
    target = f" = {one_line(one.target)}" if one.target else ""
    yield one_line(f"{one.kind} {one.name}{target} ({one.path}:{one.line}{inherits})")
    if one.deprecated:
        yield f"  deprecated{_advice(one)}"
    for parameter in one.parameters:
        type_ = f"{one_line(parameter.type)} " if parameter.type else ""
        default = f" = {one_line(parameter.default)}" if parameter.default is not None else ""
        yield f"  {type_}{'*' if parameter.is_rest else ''}${parameter.name}{default}"
        if parameter.deprecated:
            yield f"    deprecated{_advice(parameter)}"


def _advice(marked: Definition | Parameter) -> str:
    when = f", to be removed in {one_line(marked.removal)}" if marked.removal else ""
    if marked.replacement:
        return f"{when}: use {one_line(marked.replacement)}"
    return f"{when}: {one_line(marked.deprecation)}" if marked.deprecation else when


def api_json(result: CommitApi) -> Json:
    """Return what `api --format json` prints."""
    return {
        "git": result.git,
        "commit": result.commit,
        "definitions": [
            {
                "kind": one.kind.family,
                "name": one.name,
                "inherits": one.inherits,
                "path": one.path,
                "line": one.line,
                "parameters": [
                    {
                        "name": each.name,
                        "type": each.type,
                        "default": each.default,
                        "line": each.line,
                        **_marks(each),
                    }
                    for each in one.parameters
                ],
                "is": one.kind.value,
                "target": one.target,
                **_marks(one),
            }
            for one in result.api.definitions
        ],
        "unreadable": [{"path": file.path, "reason": file.reason} for file in result.api.unreadable],
    }


def _marks(marked: Definition | Parameter) -> Json:
    return {
        "deprecated": marked.deprecated,
        "evidence": [
            {"mark": mark.mark.value, "line": mark.line, "text": mark.text} for mark in marked.evidence
        ],
        "replacement": marked.replacement,
        "removal": marked.removal,
    }


_NOUNS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def audit_text(result: Audit, *, is_verbose: bool = False) -> Iterator[str]:
    """Yield the lines: what was checked, each finding, errors first, then the counts and the verdict."""
    checked = [count(result.modules, "module")]
    if result.data_files:
        checked += [count(result.data_files, "data file"), count(result.keys, "key")]
    if result.code_files:
        checked.append(count(result.code_files, "file of code", "files of code"))
    yield f"{result.environment} ({result.lock.lock_id}): {', '.join(checked)}"
    levels = tuple(Level)
    worst_first = sorted(result.findings, key=lambda found: levels.index(found.level))
    yield from finding_lines(worst_first, is_verbose=is_verbose)
    yield level_counts(result.findings, _NOUNS)
    yield verdict_words(result.readiness, result.environment)


def audit_json(result: Audit) -> Mapping[str, Any]:
    """Return what `audit --format json` prints: the shape of `verify`, and what could not be determined."""
    return {
        **results_json([result.as_environment]),
        "verdict": verdict_json(result.readiness),
        "data_files": result.data_files,
        "code_files": result.code_files,
        "keys": result.keys,
        "problems": [str(problem) for problem in result.problems],
    }
