"""Create and update the locks of environments, on disk or only in memory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from pinner.locking.checks import inspect
from pinner.locking.externals import (
    add_externals,
    gate_urls,
    locked_externals,
    with_locked_externals,
    with_updated_externals,
)
from pinner.locking.pin_checks import external_homes, fact_flaws, lock_flaws, without_pins
from pinner.locking.pins import (
    UpdateScope,
    log_for,
    pin_environment,
    record_moves,
    require_known,
    unknown_module,
)
from pinner.locking.requirements import EnvironmentRequirements, PinnedEnvironment, read_requirements
from pinner.locking.resolve import Progress, RefResolver
from pinner.model.errors import InputError, Location, Problem
from pinner.model.findings import EnvironmentResult, Finding, Level, as_errors, drop_ignored
from pinner.model.lock import Dependency, GitPin, Lock, Metadata, Pin
from pinner.model.rules import RULES
from pinner.project.manifest.lock import write_lock
from pinner.workspace.workspace import Workspace

# Environment to module to descriptions of the unexplained values of its locked pin.
Flaws = Mapping[str, Mapping[str, tuple[str, ...]]]


def lock_environments(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    scope: UpdateScope = UpdateScope(),  # noqa: B008 - it is frozen
    previous: Mapping[str, Lock] = MappingProxyType({}),
    resolver: RefResolver | None = None,
    is_strict: bool = False,
    is_dry_run: bool = False,
    on_done: Progress | None = None,
) -> tuple[EnvironmentResult, ...]:
    """Pin the modules in `scope`, keep all other pins, check each set, and write the locks without errors.

    With `is_dry_run`, nothing is written, and the results have which locks would be.

    By default, new and changed modules are pinned. If the scope names modules, the remotes of other locked
    modules are not contacted. `previous` maps environments to locks to start from instead of those on disk,
    such as locks imported from another tool. Remotes that `resolver` already contacted are not contacted
    again.
    """
    resolver = resolver or RefResolver(workspace, on_done)
    sets = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.environment for required in sets))
    flaws = {
        required.environment: lock_flaws(required, lock) if (lock := locks[required.environment]) else {}
        for required in sets
    }
    if scope.is_partial:
        _refuse_flaws(flaws, workspace)
    # A pin with unexplained values counts as missing; a remote that only such a pin names is not contacted.
    befores = {name: lock and without_pins(lock, flaws[name]) for name, lock in locks.items()}
    befores |= previous
    require_known(scope.accepted | scope.older, sets, befores)
    if scope.modules:
        sets = tuple(with_locked_externals(required, befores[required.environment]) for required in sets)
        sets = _with_named_modules(scope.modules, sets, befores)
    resolver.fetch(_urls(sets, scope, befores))
    if scope.is_partial:
        sets = tuple(with_updated_externals(required, scope, resolver) for required in sets)
    pinned = [pin_environment(one, befores[one.environment], scope, resolver) for one in sets]
    pinned = add_externals(pinned, scope, resolver)
    log = log_for(workspace, (each.lock for each in pinned if not each.failures), befores.values())
    pinned = [record_moves(each, log, accepted=scope.accepted) for each in pinned]
    whole = (each for each in pinned if not each.failures)
    inspected = {each.name: each for each in inspect(whole, resolver, log=log, accepted=scope.accepted)}
    return tuple(
        _finish(
            inspected.get(each.name, each),
            previous.get(each.name, locks[each.name]),
            () if each.name in previous else _corrections(each, locks[each.name], flaws),
            workspace,
            is_strict=is_strict,
            is_dry_run=is_dry_run,
        )
        for each in pinned
    )


def _urls(
    sets: Iterable[EnvironmentRequirements], scope: UpdateScope, befores: Mapping[str, Lock | None]
) -> Iterator[str]:
    """Yield the repositories that are needed, so that they are synced in one batch.

    Locked externals are most likely required again.
    """
    sets = tuple(sets)
    yield from gate_urls(sets, scope)
    for required in sets:
        yield from (module.git for module in scope.contacts(required).values())
        locked = {} if scope.is_partial else locked_externals(required, befores[required.environment])
        yield from (module.git for name, module in locked.items() if external_homes(required, name))


def _refuse_flaws(flaws: Flaws, workspace: Workspace) -> None:
    """Raise InputError for pins with unexplained values, which an update of named modules would keep."""
    problems = [
        Problem(
            f"module '{module}': {flaw}",
            Location(workspace.project.shown(workspace.project.lock(name))),
            f"find out who changed the lock; 'pinner lock {name}' pins the module anew",
        )
        for name, found in flaws.items()
        for module, texts in found.items()
        for flaw in texts
    ]
    if problems:
        raise InputError(problems)


def _with_named_modules(
    modules: frozenset[str], sets: tuple[EnvironmentRequirements, ...], befores: Mapping[str, Lock | None]
) -> tuple[EnvironmentRequirements, ...]:
    """Return the environments that have one of `modules`; raises InputError for unknown ones, or without a lock."""
    chosen = tuple(required for required in sets if modules & required.modules.keys())
    known = frozenset(name for required in sets for name in required.modules)
    problems = [unknown_module(name, known) for name in sorted(modules - known)]
    problems += [
        Problem(f"environment '{name}' has no lock yet", hint=f"run 'pinner lock {name}' first")
        for name in (required.environment for required in chosen)
        if befores[name] is None
    ]
    if problems:
        raise InputError(problems)
    return chosen


def _corrections(environment: PinnedEnvironment, before: Lock | None, flaws: Flaws) -> Iterator[Finding]:
    """Yield `pin-corrected` for each unexplained value of the old lock, which the new lock corrects."""
    if environment.failures or before is None:
        return
    rows = [(module, flaw) for module, texts in flaws[environment.name].items() for flaw in texts]
    rows += [(module, flaw) for module, pin in environment.pins.items() for flaw in _false_facts(before, pin)]
    for module, flaw in rows:
        yield RULES["pin-corrected"].finding(
            module,
            f"module '{module}': the lock was corrected: {flaw}",
            hint="find out who changed the lock",
            place=Location(environment.required.manifest.path),
        )


def _false_facts(before: Lock, after: Pin) -> Iterator[str]:
    pin = before.pins.get(after.module)
    if not (isinstance(pin, GitPin) and isinstance(after, GitPin) and pin.is_module and after.is_module):
        return
    if (pin.git, pin.commit) == (after.git, after.commit):
        rows = tuple(Dependency(*row) for row in after.dependencies.items())
        yield from fact_flaws(pin, Metadata(name=after.name, version=after.version, dependencies=rows))


def _finish(
    environment: PinnedEnvironment,
    before: Lock | None,
    corrections: Iterable[Finding],
    workspace: Workspace,
    *,
    is_strict: bool,
    is_dry_run: bool,
) -> EnvironmentResult:
    """Return the result of an environment, whose lock is written unless there is a failure or an error."""
    notes = drop_ignored((*environment.notes, *corrections), environment.required.ignored_findings)
    findings = (*environment.failures, *notes, *environment.findings)
    if is_strict:
        findings = as_errors(findings)
    after = None if environment.failures else environment.lock
    is_clean = not any(finding.level is Level.ERROR for finding in findings)
    if is_dry_run:
        would_write = bool(after and is_clean and after != before)
        return EnvironmentResult(
            environment.name, before, after, findings, environment.failures, would_write=would_write
        )
    is_written = bool(after and is_clean and write_lock(workspace.project, after))
    return EnvironmentResult(environment.name, before, after, findings, environment.failures, is_written)


def urls_of(required: EnvironmentRequirements, before: Lock) -> Iterable[str]:
    """Yield the repositories that `lock_in_memory` most likely needs, so that they can be synced in one batch."""
    yield from (module.git for module in required.git_modules.values())
    yield from (module.git for module in locked_externals(required, before).values())


def lock_in_memory(
    required: EnvironmentRequirements, before: Lock, resolver: RefResolver
) -> PinnedEnvironment:
    """Return the environment as `lock` would pin it, keeping the pins of `before` that still match; write nothing.

    `failures` give the reason for each module that could not be pinned and is missing; `findings` are all
    others, notes included.
    """
    pinned = _pin_what_can_be(required, before, resolver)
    lost = pinned.failures
    whole = add_externals([replace(pinned, failures=())], UpdateScope(), resolver)[0]
    if whole.failures:
        whole = replace(pinned, notes=(*pinned.notes, *whole.notes), failures=whole.failures)
    failures = (*lost, *whole.failures)
    contacted = frozenset(whole.required.modules)
    checked = inspect([replace(whole, contacted=contacted, failures=failures)], resolver)[0]
    notes = drop_ignored(whole.notes, required.ignored_findings)
    findings = tuple(dict.fromkeys((*notes, *checked.findings)))
    return replace(checked, findings=findings)


def pin_named_only(required: EnvironmentRequirements, before: Lock, resolver: RefResolver) -> Lock:
    """Return the lock of only the modules that the manifest names, without their dependencies and unchecked.

    A module that cannot be pinned, for example because the release lacks it, keeps its pin from `before`.
    """
    pinned = _pin_what_can_be(required, before, resolver)
    lost = {finding.module or "" for finding in pinned.failures}
    stays = {name: pin for name, pin in before.pins.items() if name in lost}
    return Lock(before.environment, {**stays, **pinned.pins}, before.moduledir)


def known_gaps(required: EnvironmentRequirements, lock: Lock, resolver: RefResolver) -> frozenset[str | None]:
    """Return the hints of the `dependency-missing` findings for a lock.

    Gaps that the lock already had are not caused by a move.
    """
    environment = PinnedEnvironment(required, lock, lock.pins, frozenset())
    findings = inspect([environment], resolver)[0].findings
    return frozenset(finding.hint for finding in findings if finding.code == "dependency-missing")


def _pin_what_can_be(
    required: EnvironmentRequirements, before: Lock, resolver: RefResolver
) -> PinnedEnvironment:
    """Return the environment with only the modules that can be pinned, and the failures of the others."""
    pinned = pin_environment(required, before, UpdateScope(), resolver)
    lost = {finding.module or "" for finding in pinned.failures}
    return replace(pinned, required=required.without_modules(lost))
