"""The steps of a plan that are about whole modules: what the manifest must say, what comes, goes, stays, moves along."""

from collections.abc import Iterable, Iterator, Mapping

from pinner.openstack import catalogue
from pinner.operations.compare import Change, Comparison, ModuleChange
from pinner.operations.gate_overrides import GateOverride
from pinner.operations.upgrade.steps import Edit, Stage, Step
from pinner.operations.upgrade.target import EditKind, ManifestEdit, Target
from pinner.operations.upgrade.trial import MISSING, Trial
from pinner.words.findings import Finding, Level
from pinner.words.pins import GitPin, Pin
from pinner.words.places import Place

NEEDS = ("dependency-", "external-")


def manifest_steps(target: Target) -> Iterator[Step]:
    """Yield what the manifest must say otherwise."""
    for edit in target.edits:
        yield Step(
            Stage.MANIFEST,
            f"manifest-{edit.kind}",
            _manifest_text(edit, target),
            None if edit.kind is EditKind.RELEASE else edit.old,
            edit.place,
            edit=Edit(edit.old, edit.new),
        )
    for override in target.overrides:
        yield _override_step(override, target)


def _override_step(override: GateOverride, target: Target) -> Step:
    pair = override.misfit
    where = "its metadata wants" if override.old is None else "the override here allows"
    wanted = pair.range if override.old is None else override.old.value
    text = (
        f"upstream's gate runs '{pair.module}' with '{pair.dependency}' {pair.version} for {target.series}, "
        f"though {where} {wanted}"
    )
    line = f'dependencies: {{override: {{{pair.module}: {{{override.key}: "{override.range}"}}}}}}'
    edit = Edit(None, line) if override.old is None else Edit(override.old.value, override.range)
    place = override.old.place if override.old else Place(target.wanted.manifest.path)
    return Step(Stage.MANIFEST, "manifest-override", text, pair.module, place, edit=edit)


def _manifest_text(edit: ManifestEdit, target: Target) -> str:
    if edit.kind is EditKind.RELEASE:
        return "the release moves on"
    if edit.kind is EditKind.RENAMED:
        return f"module '{edit.old}' is called '{edit.new}' in {target.series}"
    return catalogue.explain_missing(edit.old, target.series)[0]


def module_steps(comparison: Comparison, target: Target, trial: Trial) -> Iterator[Step]:
    """Yield what becomes of the modules that follow the release, and which stay because they are pinned by themselves."""
    told = {edit.old for edit in target.edits if edit.kind is EditKind.GONE}
    told |= {change.formerly for change in comparison.modules if change.formerly}
    told |= {failure.module or "" for failure in trial.failures}
    for change in comparison.modules:
        if change.formerly:
            text = f"'{change.formerly}' becomes '{change.name}': its classes and your keys take the new name"
            yield Step(Stage.MODULES, "module-renamed", text, change.name)
        elif change.name not in told and not _is_external(change):
            yield from _come_or_gone(change, target)
    yield from _unasked(target, comparison)
    for failure in trial.failures:
        yield _from_finding(Stage.MODULES, failure)
    yield from _staying(target, comparison)


def _come_or_gone(change: ModuleChange, target: Target) -> Iterator[Step]:
    if change.change is Change.ADDED:
        text = f"'{change.name}' comes: {_words(change.after)}"
        yield Step(Stage.MODULES, "module-added", text, change.name)
    elif change.change is Change.REMOVED:
        message, hint = catalogue.explain_missing(change.name, target.series)
        is_known = catalogue.find_module(change.name, None) is not None
        text = f"'{change.name}' goes" + (f": {message}" if is_known else "")
        yield Step(Stage.MODULES, "module-removed", text, change.name, hint=hint if is_known else None)


def _unasked(target: Target, comparison: Comparison) -> Iterator[Step]:
    """Yield the modules that are new since the old release and that nobody asked for, where others depend on them."""
    asked = set(target.wanted.modules) | {change.name for change in comparison.modules}
    needed = _needed(comparison)
    for entry in catalogue.modules_in(target.series):
        if entry.name not in asked and entry.name in needed:
            text = f"'{entry.name}' is not asked for, but needed by {', '.join(sorted(needed[entry.name]))}"
            hint = f"add '{entry.name}' under 'openstack'"
            yield Step(Stage.MODULES, "module-needed", text, entry.name, hint=hint)


def _needed(comparison: Comparison) -> Mapping[str, set[str]]:
    """Return module name to the modules of the new side that depend on it."""
    needed: dict[str, set[str]] = {}
    for name, pin in comparison.after.lock.pins.items():
        for dependency in pin.dependencies if isinstance(pin, GitPin) else ():
            needed.setdefault(catalogue.canonical_module(dependency).rpartition("/")[2], set()).add(name)
    return needed


def _staying(target: Target, comparison: Comparison) -> Iterator[Step]:
    for override in target.stays:
        pin = comparison.after.lock.pins.get(override.module)
        if pin is None:
            continue
        reason = f" ({override.reason})" if override.reason else ""
        until = f", until {override.until}" if override.until else ""
        text = f"'{override.module}' stays: {_words(pin)}, as the manifest pins it by itself{reason}{until}"
        yield Step(Stage.MODULES, "module-stays", text, override.module, override.place)


def third_party_steps(comparison: Comparison, trial: Trial, gaps: frozenset[str | None]) -> Iterator[Step]:
    """Yield what becomes of the modules that others need, and which needs the new set does not meet.

    `gaps` are the hints about what was missing before already.
    """
    failed = {failure.module for failure in trial.failures}
    for change in comparison.modules:
        if _is_external(change) and change.change is not Change.SAME and change.name not in failed:
            yield Step(Stage.THIRD_PARTY, f"third-party-{change.change}", _moved(change), change.name)
    hints: set[str | None] = set(gaps)
    for finding in trial.findings:
        is_told = finding.code == MISSING and finding.hint in hints
        if finding.code.startswith(NEEDS) and finding.level is not Level.INFO and not is_told:
            yield _from_finding(Stage.THIRD_PARTY, finding)
            hints.add(finding.hint)


def finding_steps(trial: Trial) -> Iterator[Step]:
    """Yield what else is wrong or doubtful with the new set: errors one by one, warnings of one kind together."""
    others = [
        finding
        for finding in trial.findings
        if not finding.code.startswith(NEEDS) and finding.level is not Level.INFO
    ]
    for code in dict.fromkeys(finding.code for finding in others):
        yield from _of_code([finding for finding in others if finding.code == code])


def _of_code(findings: list[Finding]) -> Iterator[Step]:
    modules = [finding.module for finding in findings if finding.module]
    first = findings[0]
    if len(findings) == 1 or first.level is Level.ERROR or len(modules) < len(findings):
        yield from (_from_finding(Stage.LOOK, finding) for finding in findings)
    else:
        text = f"{first.message}; the same for {', '.join(modules[1:])}"
        yield Step(Stage.LOOK, first.code, text, first.module, first.place, hint=first.hint)


def _from_finding(stage: Stage, finding: Finding) -> Step:
    return Step(stage, finding.code, finding.message, finding.module, finding.place, hint=finding.hint)


def _is_external(change: ModuleChange) -> bool:
    pins: Iterable[Pin | None] = (change.after, change.before)
    return any(isinstance(pin, GitPin) and bool(pin.required_by) for pin in pins)


def _moved(change: ModuleChange) -> str:
    if change.before is None:
        return f"'{change.name}' comes: {_words(change.after)}, needed by {_requirers(change.after)}"
    if change.after is None:
        return f"'{change.name}' goes: nobody needs it any more"
    return f"'{change.name}' {_version(change.before)} -> {_version(change.after)}, needed by {_requirers(change.after)}"


def _requirers(pin: Pin | None) -> str:
    return ", ".join(pin.required_by) if isinstance(pin, GitPin) else ""


def _version(pin: Pin) -> str:
    return pin.version or (pin.commit[:12] if isinstance(pin, GitPin) else "")


def _words(pin: Pin | None) -> str:
    if pin is None:
        return "nothing"
    ref = (
        pin.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
        if isinstance(pin, GitPin) and pin.ref
        else None
    )
    return f"{_version(pin)} ({ref})" if ref else _version(pin)
