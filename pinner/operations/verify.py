"""`pinner verify` and `pinner lock --check` tell whether locks are fresh, and whether their sets hold together."""

from collections.abc import Iterator

from pinner.operations.accepting import log_for, refuse_unknown
from pinner.operations.answers import Progress, ask
from pinner.operations.externals import why_stale, with_locked_externals
from pinner.operations.inspection import inspect, keep_audible
from pinner.operations.isolation.check import check_isolation
from pinner.operations.lock import Outcome, strict
from pinner.operations.pinning import differences
from pinner.operations.remotes import Subject
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.words.findings import Finding, Level
from pinner.words.pins import Lock
from pinner.words.places import Place


def verify_environments(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    ignore: frozenset[tuple[str, str | None]] = frozenset(),
    accepted: frozenset[str] = frozenset(),
    is_strict: bool = False,
    names_isolation: bool = False,
    on_done: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Check the locks against the remotes and each other; nothing is written.

    `names_isolation`: all Ruby code is named that is not the same in all environments. `ignore` holds (code, module or None) pairs to be silent about, beside those of the manifests; `accepted` names modules whose
    moved tags are not told.
    """
    asked = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in asked))
    sets = tuple(with_locked_externals(wanted, locks[wanted.manifest.environment]) for wanted in asked)
    refuse_unknown(accepted, sets, locks)
    urls = (
        module.git for wanted in sets for module in wanted.modules.values() if isinstance(module, WantedGit)
    )
    answers = ask(workspace, urls, on_done=on_done)
    subjects = [
        Subject(wanted, lock, frozenset(wanted.modules))
        for wanted in sets
        if (lock := locks[wanted.manifest.environment]) is not None
    ]
    log = log_for(workspace, locks.values(), locks.values())
    found = inspect(subjects, answers, log=log, accepted=accepted)
    apart = check_isolation(subjects, answers, is_detailed=names_isolation)
    outcomes: list[Outcome] = []
    for wanted in sets:
        name = wanted.manifest.environment
        own = (*check_freshness(wanted, locks[name], workspace), *apart.get(name, ()))
        findings = (*keep_audible(own, wanted), *found.get(name, ()))
        audible = [
            finding
            for finding in findings
            if not {(finding.code, None), (finding.code, finding.module)} & ignore
        ]
        audible = [strict(finding) for finding in audible] if is_strict else audible
        outcomes.append(Outcome(name, locks[name], locks[name], tuple(audible)))
    return tuple(outcomes)


def check_locks(workspace: Workspace, environments: tuple[str, ...]) -> tuple[Outcome, ...]:
    """Tell, offline, which locks are stale or missing; nothing is written."""
    sets = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in sets))
    rows = ((wanted, locks[wanted.manifest.environment]) for wanted in sets)
    return tuple(
        Outcome(wanted.manifest.environment, lock, lock, tuple(check_freshness(wanted, lock, workspace)))
        for wanted, lock in rows
    )


def check_freshness(wanted: WantedSet, lock: Lock | None, workspace: Workspace) -> Iterator[Finding]:
    """Yield `lock-missing` or, module by module, `lock-stale`."""
    name = wanted.manifest.environment
    hint = f"run 'pinner lock {name}'"
    if lock is None:
        yield missing_lock(wanted)
        return
    path = workspace.project.shown(workspace.project.lock(name))
    if lock.moduledir != wanted.manifest.moduledir:
        message = f"moduledir was {lock.moduledir}, is now {wanted.manifest.moduledir}"
        yield Finding(Level.ERROR, "lock-stale", None, message, hint, Place(path))
    for module, stale in _stale_modules(wanted, lock):
        place = wanted.modules[module].place if module in wanted.modules else Place(path)
        yield Finding(Level.ERROR, "lock-stale", module, f"module '{module}': {stale}", hint, place)


def missing_lock(wanted: WantedSet) -> Finding:
    """Return `lock-missing` for an environment."""
    name = wanted.manifest.environment
    message = f"environment '{name}' has no lock"
    hint = f"run 'pinner lock {name}'"
    return Finding(Level.ERROR, "lock-missing", None, message, hint, Place(wanted.manifest.path))


def _stale_modules(wanted: WantedSet, lock: Lock) -> Iterator[tuple[str, str]]:
    for module in sorted(wanted.modules.keys() | lock.pins.keys()):
        wish, pin = wanted.modules.get(module), lock.pins.get(module)
        if wish is None or (isinstance(wish, WantedGit) and wish.required_by):
            if stale := why_stale(module, wanted, lock):
                yield module, stale
        elif pin is None:
            if not (isinstance(wish, WantedGit) and wish.may_be_absent):
                yield module, "is not in the lock yet"
        else:
            changes = differences(wish, pin)
            if changes:
                yield module, "; ".join(changes)
