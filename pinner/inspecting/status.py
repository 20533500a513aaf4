"""`pinner status` and `pinner id --from-report`: compare locks with their remotes, and with what a Puppet run had."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType

from pinner.deploying.versions.history import list_versions
from pinner.deploying.versions.servers import compare_servers
from pinner.git.control.user_repository import Head, commits_that_wrote, head_of
from pinner.git.objects.history import ShallowError, refs_containing
from pinner.git.objects.read import default_branch
from pinner.git.process.repository import Mirror
from pinner.locking.externals import with_locked_externals
from pinner.locking.pins import may_be_left_out, require_known
from pinner.locking.requirements import EnvironmentRequirements, read_requirements
from pinner.locking.resolve import Progress, fetch_all
from pinner.model.findings import Finding
from pinner.model.identification import LockOrigin, LockOrigins, PuppetRun
from pinner.model.lock import BRANCH, GitPin, Lock, ResolvedRef, SelectorKind, Status
from pinner.model.results import Dashboard, EnvironmentStatus, ModuleStatus
from pinner.openstack.catalogue import (
    all_series,
    canonical_url,
    find_module,
    phase_today,
    ref_candidates,
    release_of,
    release_of_ref,
    status_of,
)
from pinner.project.files import ENVIRONMENTS, LOCK_SUFFIX, Project, list_environments
from pinner.project.foreign.node_facts import read_run
from pinner.project.manifest.lock import read_lock
from pinner.workspace.locks import read_old_locks
from pinner.workspace.workspace import Workspace


def followed_ref(pin: GitPin, found: ResolvedRef, mirror: Mirror) -> ResolvedRef | None:
    """Return the ref to compare a pin with; None if it could not be determined. `found` is what its selector means.

    A commit is compared with its release's branch, else with the default branch if that contains it, else
    with the only branch that does. The tag that ended a release is compared with the release's branch.
    """
    if pin.want.selector is SelectorKind.COMMIT:
        ref = _branch_of_release(pin, mirror) or _containing_branch(pin, mirror)
        return ResolvedRef(mirror.refs.commits[ref], ref) if ref else None
    if pin.want.selector is SelectorKind.TAG and found.ref and release_of_ref(pin.git, found.ref):
        ref = _branch_of_release(pin, mirror)
        return ResolvedRef(mirror.refs.commits[ref], ref) if ref else found
    return found


def _branch_of_release(pin: GitPin, mirror: Mirror) -> str | None:
    series = release_of(pin)
    candidates = ref_candidates(pin.git, series) if series else ()
    refs = (candidate.ref for candidate in candidates)
    return next((ref for ref in refs if ref.startswith(BRANCH) and ref in mirror.refs.commits), None)


def _containing_branch(pin: GitPin, mirror: Mirror) -> str | None:
    branches: list[str] = []
    with suppress(ShallowError):
        branches = [ref for ref in refs_containing(mirror, pin.commit) if ref.startswith(BRANCH)]
    default = f"{BRANCH}{default_branch(mirror)}"
    if default in branches:
        return default
    return branches[0] if len(branches) == 1 else None


def only_modules(
    modules: frozenset[str], sets: tuple[EnvironmentRequirements, ...], locks: Mapping[str, Lock | None]
) -> tuple[EnvironmentRequirements, ...]:
    """Return the requirements of these modules, of the environments that have one; all of them if there are none.

    Raises InputError for a module that no environment has.
    """
    if not modules:
        return sets
    require_known(modules, sets, locks)
    known = {
        required.environment: required.modules.keys()
        | (lock.pins if (lock := locks[required.environment]) else {}).keys()
        for required in sets
    }
    return tuple(
        required.without_modules(required.modules.keys() - modules)
        for required in sets
        if modules & known[required.environment]
    )


def read_statuses(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    modules: frozenset[str] = frozenset(),
    on_done: Progress | None = None,
) -> tuple[EnvironmentStatus, ...]:
    """Return the state of each environment compared with its remotes, or with the cache when offline.

    With `modules`, of those only, and of the environments that have one of them; no other remote is contacted.
    """
    named = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.manifest.environment for required in named))
    sets = tuple(with_locked_externals(required, locks[required.manifest.environment]) for required in named)
    sets = only_modules(modules, sets, locks)
    urls = (module.git for required in sets for module in required.git_modules.values())
    resolver = fetch_all(workspace, urls, on_done=on_done)
    replies = {
        required.manifest.environment: {
            name: resolver.resolve(module) for name, module in required.git_modules.items()
        }
        for required in sets
    }
    pairs = {
        (name, module): (pin.git, pin.commit, followed.commit)
        for name, found in replies.items()
        for module, answer in found.items()
        if isinstance(answer, ResolvedRef) and (lock := locks[name])
        if isinstance(pin := lock.pins.get(module), GitPin)
        if (mirror := resolver.mirror(pin.git)) and (followed := followed_ref(pin, answer, mirror))
    }
    positions = resolver.positions(pairs.values())
    behinds = {
        key: 0 if pair[1] == pair[2] else positions[pair].behind if pair in positions else None
        for key, pair in pairs.items()
    }
    return tuple(
        _status(
            required,
            locks[required.environment],
            replies[required.environment],
            behinds,
            chosen=modules,
            today=workspace.today,
        )
        for required in sets
    )


def _status(
    required: EnvironmentRequirements,
    lock: Lock | None,
    replies: Mapping[str, ResolvedRef | Finding],
    behinds: Mapping[tuple[str, str], int | None],
    *,
    chosen: frozenset[str],
    today: date,
) -> EnvironmentStatus:
    name, manifest = required.environment, required.manifest
    unknown = tuple(
        reply
        for reply in replies.values()
        if isinstance(reply, Finding) and not may_be_left_out(reply, required, lock)
    )
    modules = []
    for module, pin in lock.pins.items() if lock else ():
        if chosen and module not in chosen:
            continue
        override = manifest.modules.get(module)
        until = override.until.value if override and override.until else None
        status = ModuleStatus(
            module,
            pin,
            behinds.get((name, module)),
            is_override=override is not None and not override.is_left_out,
            until=until,
            is_late=until is not None and date.fromisoformat(until) < today,
        )
        modules.append(
            _with_life_cycle(status, pin, replies.get(module)) if isinstance(pin, GitPin) else status
        )
    return EnvironmentStatus(
        name, lock, tuple(modules), unknown, manifest.description, manifest.owners, required.series
    )


def _with_life_cycle(status: ModuleStatus, pin: GitPin, reply: ResolvedRef | Finding | None) -> ModuleStatus:
    """Return the status with what the pin's release has become at the remote."""
    known = find_module(status.name, None)
    of_ref, release = status_now(pin, reply), release_of(pin)
    return replace(
        status,
        pin=replace(pin, status=of_ref),
        ref_now=ref_now(pin, reply),
        release=release,
        phase=phase_today(of_ref, release),
        is_fork=known is not None and canonical_url(known.git) != canonical_url(pin.git),
    )


def ref_now(pin: GitPin, reply: ResolvedRef | Finding | None) -> str | None:
    """Return the ref that carries the pin's release now, if it is another one than the locked ref."""
    is_moved = pin.want.selector is SelectorKind.RELEASE and isinstance(reply, ResolvedRef)
    return reply.ref if is_moved and isinstance(reply, ResolvedRef) and reply.ref != pin.ref else None


def status_now(pin: GitPin, reply: ResolvedRef | Finding | None) -> Status | None:
    """Return the status of the ref that carries the pin's release at the remote, as in the lock if that is not known."""
    if pin.want.selector is SelectorKind.RELEASE and isinstance(reply, ResolvedRef):
        return reply.status
    return status_of(pin)


def make_dashboard(
    statuses: tuple[EnvironmentStatus, ...],
    today: date,
    previous: Mapping[str, object] = MappingProxyType({}),
    served: Mapping[str, tuple[str | None, ...]] | None = None,
) -> Dashboard:
    """Return the statuses with the releases from the oldest one in use to the newest that has a date."""
    used = [status.release for status in statuses if status.release]
    series = tuple(one for one in all_series() if one.released and used and not one < min(used))
    return Dashboard(statuses, today, series, previous, served)


def read_served(paths: Iterable[Path]) -> Mapping[str, tuple[str | None, ...]]:
    """Return the lock ids that servers serve, by environment: one for each path, None if it is not deployed there.

    A path is a deployment directory, or a file of `deploy --list --format json`. Raises InputError if it is neither.
    """
    servers: list[dict[str, str]] = []
    for path in paths:
        if path.is_dir():
            listed = list_versions(path, ()).versions.items()
            current = ((name, one.version) for name, versions in listed for one in versions if one.is_current)
            servers.append({name: version.lock_id for name, version in current})
        else:
            rows = compare_servers([path]).environments.items()  # a version's id begins with its lock id
            servers.append({name: one.current.rpartition("-")[0] for name, (one,) in rows if one.current})
    names = sorted({name for server in servers for name in server})
    return {name: tuple(server.get(name) for server in servers) for name in names}


def find_origins(project: Project, path: Path) -> LockOrigins:
    """Return the locks with the id that the report or catalog at `path` has.

    If locks of the run's own environment are among them, only those are returned. The project's history is
    read only if no lock on disk has the id. Raises InputError for a file that is neither a report nor a
    catalog.
    """
    run = read_run(path)
    names = list_environments(project).environments
    ids = {name: lock.lock_id for name in names if (lock := read_lock(project, name))}
    now = ids.get(run.environment or "")
    if run.version is None:
        return LockOrigins(run, (), now)
    found = _own_first((LockOrigin(name) for name, lock_id in ids.items() if lock_id == run.version), run)
    if found:
        return LockOrigins(run, found, now)
    head = head_of(project.root)
    if head is None:
        return LockOrigins(run, (), now, "the project is not in a git repository")
    gap = "this clone of the project is shallow" if head.is_shallow else None
    return LockOrigins(run, _own_first(_of_history(head, run.version), run), now, gap)


def _own_first(found: Iterator[LockOrigin], run: PuppetRun) -> tuple[LockOrigin, ...]:
    """Return the origins in the run's own environment if there are any, else all."""
    origins = tuple(found)
    own = tuple(origin for origin in origins if origin.environment == run.environment)
    return own or origins


def _of_history(head: Head, lock_id: str) -> Iterator[LockOrigin]:
    """Yield, for each environment, the newest commit that wrote a lock with this id."""
    seen: set[str] = set()
    for blob in (blob for blob, lock in read_old_locks(head) if lock.lock_id == lock_id):
        for written in commits_that_wrote(head, ENVIRONMENTS, blob):
            environment = written.name.removesuffix(LOCK_SUFFIX)
            if environment not in seen:
                seen.add(environment)
                yield LockOrigin(environment, written.commit, written.committed_at)
