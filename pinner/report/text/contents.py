"""Text and JSON of what environments, modules and the catalogue contain: `list`, `tree`, `show`, `api`, `audit`, `config`, `doctor`, `catalogue`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pinner.model.catalogue import CatalogueRelease, CatalogueSummary, CatalogueUpdate, FactChange
from pinner.model.findings import Level
from pinner.model.lock import ForgePin, GitPin, Pin, short_name
from pinner.model.module_api import Definition, DefinitionKind, Parameter
from pinner.model.results import (
    Audit,
    CommitApi,
    DependencyTree,
    Diagnosis,
    EnvironmentSummary,
    ModuleContents,
    SettingValue,
)
from pinner.model.text import SHORT, one_line, redact
from pinner.report.changes import unreadable_words, verdict_words
from pinner.report.json.document import results_json, verdict_json
from pinner.report.text.findings import finding_lines
from pinner.report.words import columns, count, describe_pin, level_counts

HEADINGS = ("environment", "release", "lock id", "modules", "description")


def environments_text(summaries: Iterable[EnvironmentSummary]) -> Iterator[str]:
    """Yield the environments in columns; `-` stands for what a manifest does not name."""
    rows = [HEADINGS]
    for one in summaries:
        lock_id, modules = (one.lock.lock_id, str(len(one.lock.pins))) if one.lock else ("no lock yet", "-")
        rows.append((one.name, one.release or "-", lock_id, modules, one_line(one.description or "-")))
    yield from columns(rows)


def environments_json(summaries: Iterable[EnvironmentSummary]) -> dict[str, Any]:
    """Return what `list --format json` prints; `lock_id` and `modules` are null without a lock."""
    return {
        "environments": [
            {
                "name": one.name,
                "release": one.release,
                "lock_id": one.lock.lock_id if one.lock else None,
                "modules": len(one.lock.pins) if one.lock else None,
                "extends": list(one.bases),
                "description": one.description,
                "owners": list(one.owners),
            }
            for one in summaries
        ]
    }


def tree_text(tree: DependencyTree) -> Iterator[str]:
    """Yield the environment, then a line per dependency; what a repeated module requires is drawn once."""
    yield f"{tree.environment}: {tree.lock.lock_id}, {count(len(tree.lock.pins), 'module')}"
    for place, need, module, is_repeated in tree.rows():
        stem = "".join("    " if is_last else "│   " for is_last in place[:-1])
        branch = ("└── " if place[-1] else "├── ") if place else ""
        pin = tree.lock.pins.get(module)
        version = (pin.version or "no version") if pin else "not in this environment"
        wanted = f"  {one_line(need.range)}" if need and need.range else ""
        yield f"{stem}{branch}{module} {version}{wanted}{'  (see above)' if is_repeated else ''}"


def tree_json(tree: DependencyTree) -> dict[str, Any]:
    """Return what `tree --format json` prints: each module once, with its `requires` or `required_by`."""
    key = "required_by" if tree.is_reversed else "requires"
    return {
        "environment": tree.environment,
        "lock_id": tree.lock.lock_id,
        "roots": list(tree.roots),
        "modules": [
            {
                "name": name,
                "version": pin.version if (pin := tree.lock.pins.get(name)) else None,
                key: [{"module": one.module, "range": one.range, "pinned": one.is_pinned} for one in row],
            }
            for name, row in sorted(tree.needs.items())
        ],
    }


def contents_text(shown: ModuleContents) -> Iterator[str]:
    """Yield the module's pin, then what it defines; of the only definition asked for, all parameters."""
    is_from_git = isinstance(shown.pin, GitPin)
    home = shown.git if is_from_git else f"the Forge, read at {shown.commit} of {shown.git}"
    yield f"{shown.pin.module} in {shown.environment}: {describe_pin(shown.pin)} of {home}"
    for one in shown.api.definitions:
        if shown.definition is not None:
            yield from definition_lines(one)
            continue
        old = sum(parameter.deprecated for parameter in one.parameters)
        parts = [count(len(one.parameters), "parameter")] if one.parameters else []
        parts += [f"{old} deprecated"] if old else []
        parts += ["deprecated"] if one.deprecated else []
        about = f" ({', '.join(parts)})" if parts else ""
        yield f"  {one.kind} {one.name}{about}"
    yield from (f"  {unreadable_words(file)}" for file in shown.api.unreadable)


def contents_json(shown: ModuleContents) -> dict[str, Any]:
    """Return what `show --format json` prints: the pin, and the document of `api`."""
    pin: Pin = shown.pin
    return {
        "environment": shown.environment,
        "module": pin.module,
        "version": pin.version,
        "ref": None if isinstance(pin, ForgePin) else pin.ref,
        **api_json(CommitApi(shown.git, shown.commit, shown.api)),
    }


def settings_text(settings: Iterable[SettingValue]) -> Iterator[str]:
    """Yield the settings in columns: name, value, and where the value comes from."""
    rows = [(one.name, one_line(redact(one.value)), one.origin) for one in settings]
    yield from columns([("setting", "value", "from"), *rows])


def settings_json(settings: Iterable[SettingValue]) -> dict[str, Any]:
    """Return what `config --format json` prints; each value is text."""
    return {
        "settings": [{"name": one.name, "value": redact(one.value), "origin": one.origin} for one in settings]
    }


def diagnosis_text(found: Diagnosis) -> Iterator[str]:
    """Yield the checks, each with its hint, then the settings that are not the defaults."""
    width = max((len(check.subject) for check in found.checks), default=0)
    for check in found.checks:
        yield f"{check.state.value:7}  {check.subject:{width}}  {one_line(redact(check.message))}"
        if check.hint:
            yield f"  hint: {one_line(check.hint)}"
    chosen = [one for one in found.settings if one.origin != "default"]
    if chosen:
        yield ""
        yield from settings_text(chosen)


def diagnosis_json(found: Diagnosis) -> dict[str, Any]:
    """Return what `doctor --format json` prints."""
    return {
        "healthy": found.is_healthy,
        "checks": [
            {
                "subject": check.subject,
                "state": check.state.value,
                "message": redact(check.message),
                "hint": check.hint,
            }
            for check in found.checks
        ],
        **settings_json(found.settings),
    }


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
    yield from map(unreadable_words, result.api.unreadable)


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


_HEADINGS = ("release", "name", "phase", "released", "ends", "SLURP", "modules", "gate")
_TITLES = {
    "release": "Releases",
    "repository": "Repositories",
    "modules": "Modules of a release",
    "version": "Last versions",
    "gate-ref": "Refs of upstream's gate",
    "gate": "Third-party modules in upstream's gate",
    "home": "Homes of third-party modules",
}


def summary_text(summary: CatalogueSummary) -> Iterator[str]:
    """Yield where the facts come from, then one line per release, the newest first."""
    yield f"facts from {summary.collected}: {summary.path or 'packaged with pinner'}"
    yield from (f"  {url} {commit[:SHORT]}" for url, commit in sorted(summary.sources.items()))
    if summary.age:
        yield f"warning: {summary.age}"
    yield from columns([_HEADINGS, *(_row(release) for release in reversed(summary.releases))])


def _row(release: CatalogueRelease) -> tuple[str, ...]:
    series = release.series
    gate = short_name(release.gate_ref) if release.gate_ref else "-"
    return (
        series.id,
        series.name,
        series.status.value,
        series.released or "-",
        series.eol or "-",
        "yes" if series.is_slurp else "-",
        str(release.modules),
        gate,
    )


def summary_json(summary: CatalogueSummary) -> dict[str, Any]:
    """Return the value of the JSON document of `catalogue show`."""
    return {
        "path": summary.path,
        "collected": summary.collected,
        "sources": dict(summary.sources),
        "warning": summary.age,
        "releases": [
            {
                "id": release.series.id,
                "name": release.series.name,
                "phase": release.series.status.value,
                "released": release.series.released,
                "eol": release.series.eol,
                "slurp": release.series.is_slurp,
                "modules": release.modules,
                "gate_ref": release.gate_ref,
                "externals": release.externals,
            }
            for release in summary.releases
        ],
    }


def update_text(update: CatalogueUpdate) -> Iterator[str]:
    """Yield what changed, by kind, then where the facts were written."""
    for kind, title in _TITLES.items():
        found = [change for change in update.changes if change.kind == kind]
        if found:
            yield f"{title}:"
            yield from (f"  {_change(change)}" for change in found)
    yield from (f"not read: {problem}" for problem in update.problems)
    changed = count(len(update.changes), "fact") if update.changes else "no facts"
    state = f"wrote {update.path}" if update.is_written else "nothing was written"
    yield f"{changed} changed from {update.before} to {update.collected}; {state}"


def _change(change: FactChange) -> str:
    if change.kind == "modules":
        parts = [
            f"{sign} {names}" for sign, names in (("without", change.old), ("with", change.new)) if names
        ]
        return f"{change.subject}: {'; '.join(parts)}"
    if change.old is None:
        return f"{change.subject}: {change.new}"
    return f"{change.subject}: {change.old} -> {change.new or 'gone'}"


def update_json(update: CatalogueUpdate) -> dict[str, Any]:
    """Return the value of the JSON document of `catalogue update`."""
    return {
        "path": update.path,
        "before": update.before,
        "collected": update.collected,
        "sources": dict(update.sources),
        "written": update.is_written,
        "changes": [
            {"kind": change.kind, "subject": change.subject, "old": change.old, "new": change.new}
            for change in update.changes
        ],
        "problems": list(update.problems),
    }
