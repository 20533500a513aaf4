"""`pinner upgrade`: plan the move of an environment to a later OpenStack release, and write the edits of its manifest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pinner.comparing.diff import compare
from pinner.comparing.steps import (
    Hop,
    annotate,
    data_steps,
    hop_of,
    milestones,
    names_in,
    package_steps,
    read_hops,
    reference_steps,
    renames_through,
    review_steps,
)
from pinner.comparing.target import Target, aim, next_target, releases_between, try_target
from pinner.locking.lock import known_gaps, pin_named_only, urls_of
from pinner.locking.requirements import (
    EnvironmentRequirements,
    PinnedEnvironment,
    read_requirements,
)
from pinner.locking.resolve import Progress, RefResolver, fetch_all
from pinner.model.comparison import (
    ChangeKind,
    Comparison,
    Edit,
    EditKind,
    Leg,
    ManifestEdit,
    ModuleChange,
    Stage,
    Step,
    Upgrade,
)
from pinner.model.errors import InputError, Location, Problem
from pinner.model.findings import Finding, Level
from pinner.model.lock import GitPin, Lock, LockRef, Pin, Series, short_name
from pinner.model.text import SHORT
from pinner.openstack.catalogue import (
    canonical_module,
    explain_missing,
    find_module,
    modules_in,
    supported_path,
)
from pinner.workspace.apis import with_control_code
from pinner.workspace.operator_data import NOTHING, OperatorData
from pinner.workspace.workspace import Workspace


def replan_after(operator_data: OperatorData, steps: Iterable[Step]) -> OperatorData:
    """Return the data with the keys renamed that the plan renames before the new modules are deployed."""
    new_by_place = {
        (place.path, place.line, step.edit.old): step.edit.new
        for step in steps
        if step.stage is Stage.BEFORE and step.edit and step.edit.new
        for place in step.places
    }
    files = []
    for file in operator_data.files:
        keys = (new_by_place.get((one.place.path, one.place.line, one.key), one.key) for one in file.data)
        data = tuple(replace(one, key=key) for one, key in zip(file.data, keys, strict=True))
        files.append(replace(file, data=data))
    return replace(operator_data, files=tuple(files))


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a leg: the environment's requirements, its lock, and the operator's data at that point.

    `first` is the release that the whole upgrade starts from.
    """

    required: EnvironmentRequirements
    series: Series
    lock: LockRef
    operator_data: OperatorData
    first: Series


def upgrade(
    workspace: Workspace,
    environment: str,
    to: Series | None = None,
    *,
    operator_data: OperatorData = NOTHING,
    reads_control: bool = False,
    goes_through: bool = False,
    writes: bool = False,
    on_done: Progress | None = None,
) -> tuple[Upgrade, Target]:
    """Return the upgrade of an environment to release `to`, and the target with the edits of its manifest.

    Without `to`, the target is the next released one that OpenStack supports an upgrade to. The effects on the
    operator's data in `operator_data` are part of it, with `reads_control` also those on the control repository's
    own modules. The upgrade has a leg for each step that OpenStack supports
    if `to` is more than one step away; with `goes_through`, one for each release in between. Raises InputError if
    the environment has no lock or no release to start from, and with `writes`, without `goes_through`, if `to` is more
    than one step away: the manifest would skip a release that has to run in between.
    """
    (required,) = read_requirements(workspace, (environment,))
    before = workspace.locks((environment,))[environment]
    to = to or next_target(required)
    releases = releases_between(required, to)
    if before is None or required.series is None:
        hint = f"run 'pinner lock {environment}'"
        raise InputError(Problem(f"environment '{environment}' has no lock to start from", hint=hint))
    if reads_control:
        operator_data = with_control_code(operator_data, workspace, before)
    start = Start(required, required.series, LockRef(environment, before), operator_data, required.series)
    path = supported_path(required.series, to)
    if len(path) > 1 and not goes_through:
        if writes:
            raise InputError(_several_steps(required, (required.series, *path)))
        releases, goes_through = path, True
    targets: list[Target] = []
    for release in releases:
        based_on = targets[-1].required if targets else required
        targets.append(aim(based_on, release, workspace.settings))
    urls = {url for target in targets for url in urls_of(target.required, before)}
    refs = fetch_all(workspace, urls, on_done=on_done)
    if goes_through:
        return _through(start, targets, refs)
    target, trial = try_target(aim(required, to, workspace.settings), before, refs)
    hops = _hops(start, targets, trial, refs)
    return Upgrade(environment, _leg(start, target, trial, refs, hops=hops)), target


def _several_steps(required: EnvironmentRequirements, way: tuple[Series, ...]) -> Problem:
    words = " -> ".join(map(str, way))
    message = (
        f"{way[-1]} is {len(way) - 1} upgrades away ({words}), and --write is for one: nothing was written"
    )
    hint = (
        f"run 'pinner upgrade {required.manifest.environment} --to {way[1]} --write', deploy that release, and go on from "
        "there; '--through --write' writes the last release at once, for an environment that is installed anew"
    )
    release = required.manifest.release
    return Problem(message, release.place if release else None, hint)


def _through(start: Start, targets: Iterable[Target], refs: RefResolver) -> tuple[Upgrade, Target]:
    """Upgrade release by release; each leg starts with the data of the leg before, edited by its plan."""
    legs: list[Leg] = []
    has_overrides = False
    here = start
    for target in targets:
        before = here.lock.lock
        aimed, trial = try_target(target.after(here.required.manifest), before, refs)
        has_overrides = has_overrides or bool(aimed.overrides)
        leg = _leg(here, aimed, trial, refs)
        legs.append(leg)
        data = replan_after(here.operator_data, leg.plan)
        here = Start(aimed.required, target.series, leg.comparison.after, data, start.first)
    whole = aim(start.required, legs[-1].target, refs.workspace.settings)
    if has_overrides:  # only the overrides of the last release count for the whole upgrade
        whole, trial = try_target(whole, before, refs)
    hops = tuple(hop_of(leg.target, leg.changes) for leg in legs)
    last = _leg(start, whole, trial, refs, hops=hops)
    return Upgrade(start.lock.lock.environment, last, tuple(legs)), whole


def _hops(
    start: Start, targets: Iterable[Target], trial: PinnedEnvironment, refs: RefResolver
) -> tuple[Hop, ...]:
    """Return what came with each release of an upgrade over several releases at once."""
    *between, last = targets
    before = start.lock.lock
    stations = [(start.series, before)]
    for target in between:
        stations.append((target.series, pin_named_only(target.required, stations[-1][1], refs)))
    after = _with_unpinned(trial, before, last)[0]
    return read_hops((*stations, (last.series, after)), refs.workspace) if between else ()


def _with_unpinned(trial: PinnedEnvironment, before: Lock, target: Target) -> tuple[Lock, frozenset[str]]:
    """Return the trial's lock with the old pins of modules that could not be pinned, and their names.

    Nothing is known about these modules in the new release: with their old code, nothing seems to be removed.
    The same holds for the third-party modules that only they require.
    """
    unknown = {failure.module for failure in trial.failures}
    repositories = {one.git for name, one in target.required.git_modules.items() if name in unknown}
    gone = {name: pin for name, pin in before.pins.items() if name not in trial.pins}
    stays = {
        name: pin
        for name, pin in gone.items()
        if name in unknown or (isinstance(pin, GitPin) and pin.git in repositories)
    }
    while more := {
        name: pin
        for name, pin in gone.items()
        if name not in stays and (isinstance(pin, GitPin) and not set(pin.required_by).isdisjoint(stays))
    }:
        stays |= more
    pins = {**trial.pins, **stays}
    return replace(trial.lock, pins={name: pins[name] for name in sorted(pins)}), frozenset(stays)


def _leg(
    start: Start, target: Target, trial: PinnedEnvironment, refs: RefResolver, *, hops: tuple[Hop, ...] = ()
) -> Leg:
    lock, unknown = _with_unpinned(trial, start.lock.lock, target)
    after = LockRef(f"{trial.lock.environment} on {target.series}", lock)
    comparison = compare(
        start.lock,
        after,
        refs.workspace,
        start.operator_data,
        left_out=unknown,
        renames=renames_through(hops),
    )
    when = milestones(names_in(comparison), hops)
    comparison = annotate(comparison, when)
    gaps = known_gaps(start.required, start.lock.lock, refs)
    data = tuple(data_steps(comparison, when, target.series))
    plan = (
        *manifest_steps(target),
        *module_steps(comparison, target, trial.failures),
        *third_party_steps(comparison, trial.failures, trial.findings, gaps),
        *data,
        *reference_steps(start.operator_data, data),
        *package_steps(start.operator_data, start.series, target.series, first=start.first),
        *finding_steps(trial.findings),
        *review_steps(comparison, start.operator_data),
    )
    order = tuple(Stage)
    return Leg(
        start=start.series,
        target=target.series,
        failures=trial.failures,
        findings=trial.findings,
        is_sound=trial.is_sound,
        comparison=comparison,
        plan=tuple(sorted(plan, key=lambda step: order.index(step.stage))),
        when=when,
    )


NEEDS = ("dependency-", "external-")


def manifest_steps(target: Target) -> Iterator[Step]:
    """Yield the edits of the manifest."""
    for edit in target.edits:
        yield Step(
            Stage.MANIFEST,
            f"manifest-{edit.kind}",
            _manifest_text(edit, target),
            None if edit.kind is EditKind.RELEASE else edit.module or edit.old,
            edit.place,
            edit=Edit(edit.old, edit.new),
        )
    for override in target.overrides:
        pair, old = override.misfit, override.old
        allowed = (
            f"its metadata requires {pair.range}" if old is None else f"the override here allows {old.value}"
        )
        text = (
            f"upstream's gate runs '{pair.module}' with '{pair.dependency}' {pair.version} for {target.series}, "
            f"but {allowed}"
        )
        line = f'dependencies: {{override: {{{pair.module}: {{{override.key}: "{override.range}"}}}}}}'
        yield Step(
            Stage.MANIFEST,
            "manifest-override",
            text,
            pair.module,
            old.place if old else Location(target.required.manifest.path),
            edit=Edit(old.value, override.range) if old else Edit(None, line),
        )


def _manifest_text(edit: ManifestEdit, target: Target) -> str:
    if edit.kind is EditKind.RELEASE:
        return "set the new release"
    if edit.kind is EditKind.SELECTOR:
        return f"move '{edit.module}' to the new release"
    if edit.kind is EditKind.RENAMED:
        return f"module '{edit.old}' is called '{edit.new}' in {target.series}"
    return explain_missing(edit.old, target.series)[0]


def module_steps(comparison: Comparison, target: Target, failures: Iterable[Finding]) -> Iterator[Step]:
    """Yield what happens to the modules that follow the release, and the modules that stay pinned.

    `failures` are the findings of modules that could not be pinned.
    """
    failures = tuple(failures)
    reported = {edit.old for edit in target.edits if edit.kind is EditKind.GONE}
    reported |= {change.formerly for change in comparison.modules if change.formerly}
    reported |= {failure.module or "" for failure in failures}
    for change in comparison.modules:
        name = change.name
        if change.formerly:
            text = f"'{change.formerly}' is renamed to '{name}': its classes and your keys take the new name"
            yield Step(Stage.MODULES, "module-renamed", text, name)
        elif name in reported or _is_external(change):
            continue
        elif change.change is ChangeKind.ADDED:
            yield Step(Stage.MODULES, "module-added", f"'{name}' is added: {_words(change.after)}", name)
        elif change.change is ChangeKind.REMOVED:
            message, hint = explain_missing(name, target.series)
            is_known = find_module(name, None) is not None
            text = f"'{name}' is dropped" + (f": {message}" if is_known else "")
            yield Step(Stage.MODULES, "module-removed", text, name, hint=hint if is_known else None)
    yield from _needed_modules(target, comparison)
    for failure in failures:
        yield _from_finding(Stage.MODULES, failure)
    for override in target.stays:
        pin = comparison.after.lock.pins.get(override.module)
        if pin is not None:
            reason = f" ({override.reason})" if override.reason else ""
            until = f", until {override.until}" if override.until else ""
            text = f"'{override.module}' stays at {_words(pin)}: the manifest pins it{reason}{until}"
            yield Step(Stage.MODULES, "module-stays", text, override.module, override.place)


def _needed_modules(target: Target, comparison: Comparison) -> Iterator[Step]:
    """Yield the modules of the new release that others depend on but that neither manifest nor lock has."""
    dependents: dict[str, set[str]] = {}
    for name, pin in comparison.after.lock.pins.items():
        for dependency in pin.dependencies if isinstance(pin, GitPin) else ():
            dependents.setdefault(canonical_module(dependency).rpartition("/")[2], set()).add(name)
    known = set(target.required.modules) | {change.name for change in comparison.modules}
    for entry in modules_in(target.series):
        if entry.name not in known and entry.name in dependents:
            text = f"'{entry.name}' is required by {', '.join(sorted(dependents[entry.name]))}, but is not in the set"
            hint = f"add '{entry.name}' under 'openstack'"
            yield Step(Stage.MODULES, "module-needed", text, entry.name, hint=hint)


def third_party_steps(
    comparison: Comparison,
    failures: Iterable[Finding],
    findings: Iterable[Finding],
    known_gaps: frozenset[str | None],
) -> Iterator[Step]:
    """Yield what happens to the third-party modules, and the requirements that the new set does not meet.

    `known_gaps` are the hints of modules that were missing before the upgrade, which are not repeated.
    """
    failed = {failure.module for failure in failures}
    for change in comparison.modules:
        if _is_external(change) and change.change is not ChangeKind.SAME and change.name not in failed:
            yield Step(Stage.THIRD_PARTY, f"third-party-{change.change}", _external_text(change), change.name)
    hints: set[str | None] = set(known_gaps)
    for finding in findings:
        is_repeated = finding.code == "dependency-missing" and finding.hint in hints
        if finding.code.startswith(NEEDS) and finding.level is not Level.INFO and not is_repeated:
            yield _from_finding(Stage.THIRD_PARTY, finding)
            hints.add(finding.hint)


def finding_steps(findings: Iterable[Finding]) -> Iterator[Step]:
    """Yield the other findings about the new set: errors one by one, warnings of one kind together."""
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        if not finding.code.startswith(NEEDS) and finding.level is not Level.INFO:
            by_code.setdefault(finding.code, []).append(finding)
    for first, *others in by_code.values():
        modules = [finding.module for finding in others if finding.module]
        if not others or first.level is Level.ERROR or len(modules) < len(others) or first.module is None:
            yield from (_from_finding(Stage.LOOK, finding) for finding in (first, *others))
        else:
            text = f"{first.message}; the same for {', '.join(modules)}"
            yield Step(Stage.LOOK, first.code, text, first.module, first.place, hint=first.hint)


def _from_finding(stage: Stage, finding: Finding) -> Step:
    return Step(stage, finding.code, finding.message, finding.module, finding.place, hint=finding.hint)


def _is_external(change: ModuleChange) -> bool:
    pins: Iterable[Pin | None] = (change.after, change.before)
    return any(isinstance(pin, GitPin) and bool(pin.required_by) for pin in pins)


def _external_text(change: ModuleChange) -> str:
    if change.after is None:
        return f"'{change.name}' is dropped: no module requires it any more"
    required = (
        f"required by {', '.join(change.after.required_by) if isinstance(change.after, GitPin) else ''}"
    )
    if change.before is None:
        return f"'{change.name}' is added: {_words(change.after)}, {required}"
    return f"'{change.name}' {_version(change.before)} -> {_version(change.after)}, {required}"


def _version(pin: Pin) -> str:
    return pin.version or (pin.commit[:SHORT] if isinstance(pin, GitPin) else "")


def _words(pin: Pin | None) -> str:
    if pin is None:
        return "nothing"
    if not isinstance(pin, GitPin) or pin.ref is None:
        return _version(pin)
    return f"{_version(pin)} ({short_name(pin.ref)})"
