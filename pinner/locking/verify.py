"""Check locks against the remotes and each other (`pinner verify`)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pinner.locking.checks import inspect
from pinner.locking.externals import (
    ExternalChecks,
    gate_urls,
    unpackaged,
    with_locked_externals,
    without_unknown,
)
from pinner.locking.freshness import check_downgrades, check_freshness, check_unused
from pinner.locking.isolation import check_isolation
from pinner.locking.pins import (
    UpdateScope,
    log_for,
    require_known,
    unknown_module,
)
from pinner.locking.requirements import (
    EnvironmentRequirements,
    PinnedEnvironment,
    read_requirements,
)
from pinner.locking.resolve import Progress, RefResolver
from pinner.model.errors import InputError
from pinner.model.findings import EnvironmentResult, Finding, as_errors, drop_ignored
from pinner.model.lock import Lock
from pinner.workspace.operator_data import NOTHING, OperatorData, check_package_releases
from pinner.workspace.workspace import Workspace


def verify_environments(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    ignore: frozenset[tuple[str, str | None]] = frozenset(),
    against: str | None = None,
    accepted: frozenset[str] = frozenset(),
    is_strict: bool = False,
    names_isolation: bool = False,
    operator_data: OperatorData = NOTHING,
    on_done: Progress | None = None,
) -> tuple[EnvironmentResult, ...]:
    """Check the locks against the remotes and each other; write nothing.

    `ignore` holds (code, module or None) pairs to ignore in addition to those of the manifests; `accepted`
    names modules whose moved tags are not reported. `against` is the revision of the project's git repository
    that holds the previous locks. `names_isolation` lists all Ruby code that differs between environments. Packages that `operator_data` configure
    must be of each environment's release.
    """
    named = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.environment for required in named))
    sets = tuple(with_locked_externals(required, locks[required.environment]) for required in named)
    require_known(accepted, sets, locks)
    resolver = RefResolver(workspace, on_done)
    following = [required for required in named if unpackaged(required, locks[required.environment])]
    resolver.fetch([*_urls(map(without_unknown, sets)), *gate_urls(following, UpdateScope())])
    externals = ExternalChecks(resolver)
    sets = tuple(externals.without_flawed(required) for required in sets)
    resolver.fetch(_urls(sets))
    pinned = [
        PinnedEnvironment(required, lock, lock.pins, frozenset(required.modules))
        for required in sets
        if (lock := locks[required.environment]) is not None
    ]
    log = log_for(workspace, locks.values(), locks.values())
    findings = {each.name: each.findings for each in inspect(pinned, resolver, log=log, accepted=accepted)}
    apart = check_isolation(pinned, resolver, is_detailed=names_isolation)
    results: list[EnvironmentResult] = []
    for required, manifest_only in zip(sets, named, strict=True):
        name = required.environment
        path = workspace.project.shown(workspace.project.lock(name))
        lock = locks[name]
        own = (
            *check_freshness(required, lock, workspace),
            *(externals.check(manifest_only, lock, path) if lock else ()),
            *(_went_back(manifest_only, lock, workspace, against) if lock else ()),
            *apart.get(name, ()),
            *check_package_releases(operator_data, required.series),
        )
        reported = (*drop_ignored(own, required.ignored_findings), *findings.get(name, ()))
        reported = tuple(drop_ignored(reported, ignore))
        results.append(EnvironmentResult(name, lock, lock, as_errors(reported) if is_strict else reported))
    unused = () if ("lock-unused", None) in ignore else check_unused(workspace, environments)
    return (*results, *unused)


def _went_back(
    required: EnvironmentRequirements, lock: Lock, workspace: Workspace, against: str | None
) -> Iterator[Finding]:
    """Yield the pins that went back, as `check_locks` does.

    `history-incomplete` is left out, because it is already reported with the tags.
    """
    found = check_downgrades(required, lock, workspace, against=against, allowed=frozenset())
    return (finding for finding in found if finding.code != "history-incomplete")


def _urls(sets: Iterable[EnvironmentRequirements]) -> Iterable[str]:
    return (module.git for required in sets for module in required.git_modules.values())


def of_modules(
    results: Iterable[EnvironmentResult], modules: frozenset[str]
) -> tuple[EnvironmentResult, ...]:
    """Return the results with the findings about these modules, and those about no module; all if there are none.

    Raises InputError for a module that is in no lock.
    """
    results = tuple(results)
    if not modules:
        return results
    known = {name for result in results if result.after for name in result.after.pins}
    if unknown := sorted(modules - known):
        raise InputError([unknown_module(name, known) for name in unknown])
    return tuple(
        replace(result, findings=tuple(one for one in result.findings if one.module in {None, *modules}))
        for result in results
        if result.after is None or modules & result.after.pins.keys()
    )
