"""Text and JSON of `list`, `tree`, `show`, `config` and `doctor`."""

from collections.abc import Iterable, Iterator
from typing import Any

from pinner.model.contents import DependencyTree, Diagnosis, EnvironmentSummary, ModuleContents, SettingValue
from pinner.model.lock import ForgePin, GitPin, Pin
from pinner.model.results import CommitApi
from pinner.model.text import one_line, redact
from pinner.report.text.modules import api_json, definition_lines
from pinner.report.words import columns, count, describe_pin

HEADINGS = ("environment", "release", "lock id", "modules", "description")


def environments_text(summaries: Iterable[EnvironmentSummary]) -> Iterator[str]:
    """Yield the environments in columns; `-` stands for what a manifest does not name."""
    yield from columns([HEADINGS, *(_summary(one) for one in summaries)])


def _summary(one: EnvironmentSummary) -> tuple[str, ...]:
    lock_id, modules = (one.lock.lock_id, str(len(one.lock.pins))) if one.lock else ("no lock yet", "-")
    return one.name, one.release or "-", lock_id, modules, one_line(one.description or "-")


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
    yield f"{shown.pin.module} in {shown.environment}: {describe_pin(shown.pin)} of {_home(shown)}"
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
    for file in shown.api.unreadable:
        yield f"  could not be read: {one_line(file.path)}: {one_line(file.reason)}"


def _home(shown: ModuleContents) -> str:
    return shown.git if isinstance(shown.pin, GitPin) else f"the Forge, read at {shown.commit} of {shown.git}"


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
