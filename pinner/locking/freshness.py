"""Check offline whether locks are up to date (`pinner lock --check`), and whether pins went back.

Pins that went back, or were dropped without a change of the manifest, are found by comparison with the previous lock.
That comes from the project's git repository: from the named revision, else from HEAD if the lock has changed since,
else from HEAD's first parent.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pinner.git.control.user_repository import head_of, read_at
from pinner.git.objects.history import count_between
from pinner.locking.externals import (
    external_rule,
    locked_requirers,
    why_stale,
    with_locked_externals,
    without_unknown,
)
from pinner.locking.pin_checks import differing_pin, lock_flaws, without_pins
from pinner.locking.pins import is_move, stale_fields
from pinner.locking.requirements import (
    EnvironmentRequirements,
    GitRequirement,
    read_requirements,
)
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.findings import EnvironmentResult, Finding, drop_ignored
from pinner.model.lock import GitPin, Lock, Pin
from pinner.model.rules import RULES
from pinner.model.text import SHORT
from pinner.project.files import ENVIRONMENTS, LOCK_SUFFIX, unused_locks
from pinner.project.manifest.lock import parse_lock
from pinner.puppet.versions import parse_version
from pinner.workspace.workspace import Workspace


def check_locks(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    against: str | None = None,
    older: frozenset[str] = frozenset(),
) -> tuple[EnvironmentResult, ...]:
    """Return, offline, findings about stale, missing and unused locks, unexplained values and downgrades.

    Nothing is written. `against` is the revision of the project's git repository that holds the previous
    locks; `older` names modules that may go back.
    """
    sets = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.environment for required in sets))
    results = []
    for required in sets:
        lock = locks[name := required.environment]
        back = check_downgrades(required, lock, workspace, against=against, allowed=older) if lock else ()
        findings = (
            *check_freshness(required, lock, workspace),
            *back,
            *_unconfirmed(required, lock, workspace),
        )
        results.append(
            EnvironmentResult(name, lock, lock, tuple(drop_ignored(findings, required.ignored_findings)))
        )
    return (*results, *check_unused(workspace, environments))


def _unconfirmed(
    required: EnvironmentRequirements, lock: Lock | None, workspace: Workspace
) -> Iterator[Finding]:
    """Yield `lock-unconfirmed` for third-party modules that only upstream's gate can name.

    The gate is not read here.
    """
    everything = with_locked_externals(required, lock)
    path = workspace.project.shown(workspace.project.lock(required.environment))
    for module in sorted(everything.modules.keys() - without_unknown(everything).modules.keys()):
        message = f"module '{module}': it is not in pinner's packaged data, so its URL was not checked"
        hint = f"'pinner verify {required.environment}' compares it with what upstream's gate runs"
        rule = RULES["lock-unconfirmed"]
        yield rule.finding(module, message, hint=hint, place=Location(path))


def check_unused(workspace: Workspace, environments: tuple[str, ...]) -> Iterator[EnvironmentResult]:
    """Yield `lock-unused` for each lock without a manifest, unless environments are named."""
    for name in () if environments else unused_locks(workspace.project):
        place = Location(workspace.project.shown(workspace.project.lock(name)))
        message = f"environment '{name}' has no manifest: this lock is neither checked nor used"
        hint = "delete the file, or restore its manifest"
        finding = RULES["lock-unused"].finding(None, message, hint=hint, place=place)
        lock = workspace.locks((name,))[name]
        yield EnvironmentResult(name, lock, lock, (finding,))


def check_freshness(
    required: EnvironmentRequirements, lock: Lock | None, workspace: Workspace
) -> Iterator[Finding]:
    """Yield `lock-missing`, or `lock-stale` and then `lock-differs`, each by module name."""
    name = required.environment
    hint = f"run 'pinner lock {name}'"
    if lock is None:
        yield missing_lock(required)
        return
    path = workspace.project.shown(workspace.project.lock(name))
    if lock.moduledir != required.manifest.moduledir:
        message = f"moduledir was {lock.moduledir}, is now {required.manifest.moduledir}"
        yield RULES["lock-stale"].finding(None, message, hint=hint, place=Location(path))
    stale_modules = dict(_stale_modules(required, lock))
    for module, stale in stale_modules.items():
        place = required.modules[module].place if module in required.modules else Location(path)
        yield RULES["lock-stale"].finding(module, f"module '{module}': {stale}", hint=hint, place=place)
    for module, flaws in lock_flaws(required, without_pins(lock, stale_modules)).items():
        yield from (differing_pin(required, module, flaw, path) for flaw in flaws)


def require_fresh(
    sets: Iterable[EnvironmentRequirements], locks: Mapping[str, Lock], workspace: Workspace
) -> None:
    """Raise InputError if a lock is stale or has pins that nothing explains; contacts no remote."""
    findings = (
        finding
        for required in sets
        for finding in drop_ignored(
            check_freshness(required, locks[required.environment], workspace), required.ignored_findings
        )
    )
    if problems := [Problem(found.message, found.place, found.hint) for found in findings]:
        raise InputError(problems)


def missing_lock(required: EnvironmentRequirements) -> Finding:
    """Return `lock-missing` for an environment."""
    name = required.environment
    message = f"environment '{name}' has no lock"
    hint = f"run 'pinner lock {name}'"
    place = Location(required.manifest.path)
    return RULES["lock-missing"].finding(None, message, hint=hint, place=place)


def _stale_modules(required: EnvironmentRequirements, lock: Lock) -> Iterator[tuple[str, str]]:
    for module in sorted(required.modules.keys() | lock.pins.keys()):
        requirement, pin = required.modules.get(module), lock.pins.get(module)
        if requirement is None or (isinstance(requirement, GitRequirement) and requirement.required_by):
            if stale := why_stale(module, required, lock):
                yield module, stale
        elif pin is None:
            if not (isinstance(requirement, GitRequirement) and requirement.may_be_absent):
                yield module, "is not in the lock yet"
        else:
            changes = stale_fields(requirement, pin)
            if isinstance(pin, GitPin) and (pin.required_by or pin.external):
                changes += ("it is locked as a module that others require, but the manifest names it",)
            if changes:
                yield module, "; ".join(changes)


SHOWN = 4


@dataclass(frozen=True, slots=True)
class PreviousLock:
    """The previous lock, found at the revision `label`.

    If `lock` is None, either there was no lock or `gap` is the reason why it could not be read.
    """

    label: str
    lock: Lock | None = None
    gap: str | None = None


def check_downgrades(
    required: EnvironmentRequirements,
    lock: Lock,
    workspace: Workspace,
    *,
    against: str | None,
    allowed: frozenset[str],
) -> Iterator[Finding]:
    """Yield `pin-downgraded` and `pin-dropped` by module name, then `downgrade-unchecked`.

    The last covers the pins that the cache lacks the history for; no remote is contacted. `allowed` names the
    modules that may go back. Raises InputError if the revision `against` does not exist.
    """
    place = Location(workspace.project.shown(workspace.project.lock(lock.environment)))
    before = previous_lock(lock, workspace, against=against)
    if before.lock is None:
        if before.gap:
            message = f"the lock was not compared with the one before it: {before.gap}"
            hint = "fetch the whole history (in CI: 'fetch-depth: 0')"
            yield RULES["history-incomplete"].finding(None, message, hint=hint, place=place)
        return
    unknown: list[str] = []
    for module, old in sorted(before.lock.pins.items()):
        new = lock.pins.get(module)
        if new is None:
            yield from _dropped(required, lock, old, before.label, place)
        elif (
            isinstance(old, GitPin)
            and isinstance(new, GitPin)
            and module not in allowed
            and is_move(old, new, new)  # a pin whose selector was changed in the manifest may be older
        ):
            is_older = _is_older(old, new, workspace)
            if is_older:
                yield _downgraded(old, new, before.label, place)
            elif is_older is None:
                unknown.append(module)
    if unknown:
        yield _unchecked(required, unknown, before.label, place)


def previous_lock(lock: Lock, workspace: Workspace, *, against: str | None) -> PreviousLock:
    """Return the previous lock of an environment."""
    if against:
        return PreviousLock(against, _read(lock.environment, against, workspace))
    try:
        head = head_of(workspace.project.root)
        if head is None:
            return PreviousLock("HEAD")
        committed = _read(lock.environment, "HEAD", workspace)
        if committed is None or committed != lock:
            return PreviousLock("HEAD", committed)
        return PreviousLock("HEAD^", _read(lock.environment, "HEAD^", workspace))
    except InputError:  # HEAD has no parent
        return PreviousLock(
            "HEAD^", gap="this clone of the project is shallow" if head and head.is_shallow else None
        )
    except UnknownError as error:
        return PreviousLock("HEAD", gap=error.problems[0].message)


def _read(environment: str, revision: str, workspace: Workspace) -> Lock | None:
    """Return the lock at a revision; None if there was none or if it cannot be read."""
    content = read_at(workspace.project.root, revision, f"{ENVIRONMENTS}/{environment}{LOCK_SUFFIX}")
    try:
        return parse_lock(content, environment=environment, path=revision) if content is not None else None
    except InputError:
        return None


def _is_older(old: GitPin, new: GitPin, workspace: Workspace) -> bool | None:
    """Return whether a pin went back, by the cached mirror or else by the versions; None if unknown."""
    mirror = workspace.mirrors.open(new.git)
    counts = count_between(mirror, new.commit, old.commit) if mirror else None
    versions = parse_version(old.version or ""), parse_version(new.version or "")
    is_lower = versions[1] < versions[0] if versions[0] and versions[1] else None
    if counts is not None:
        only_new, only_old = counts
        return only_old > 0 and (only_new == 0 or bool(is_lower))
    return None if is_lower is None or versions[0] == versions[1] else is_lower


def _downgraded(old: GitPin, new: GitPin, label: str, place: Location) -> Finding:
    before, after = (
        f"{pin.version} ({pin.commit[:SHORT]})" if pin.version else pin.commit[:SHORT] for pin in (old, new)
    )
    message = (
        f"module '{new.module}': went back from {before} in the lock at {label} to the older "
        f"{after}, although its selector in the manifest is the same"
    )
    hint = (
        f"'pinner update -m {new.module}' returns to the newer commit; if it is intended, name it in the manifest (commit, tag or "
        f"as_of), or accept it: 'pinner lock --check --allow-older {new.module}'"
    )
    return RULES["pin-downgraded"].finding(new.module, message, hint=hint, place=place)


def _dropped(
    required: EnvironmentRequirements, lock: Lock, old: Pin, label: str, place: Location
) -> Iterator[Finding]:
    """Yield `pin-dropped` for a third-party module that is still required.

    For modules that the manifest names, `lock-stale` is reported instead.
    """
    rule = external_rule(required)
    if not (isinstance(old, GitPin) and old.required_by and rule and old.external == rule):
        return
    requirers = locked_requirers(required, lock).get(old.module)
    if requirers and old.module not in required.modules:
        message = (
            f"module '{old.module}': the lock at {label} has it and this one does not, although {', '.join(requirers)} "
            "requires it"
        )
        hint = f"'pinner lock {lock.environment}' adds it again if its repository is there"
        yield RULES["pin-dropped"].finding(old.module, message, hint=hint, place=place)


def _unchecked(required: EnvironmentRequirements, modules: list[str], label: str, place: Location) -> Finding:
    more = f" and {len(modules) - SHOWN} more" if len(modules) > SHOWN else ""
    message = (
        f"whether pins went back since the lock at {label} could not be determined from the cache: "
        f"{', '.join(modules[:SHOWN])}{more}"
    )
    hint = f"'pinner verify {required.environment}' fetches what is needed"
    return RULES["downgrade-unchecked"].finding(None, message, hint=hint, place=place)
