"""`pinner outdated`: list what upstream has that the locks do not have, and what is near its end of life."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from pinner.git.process.repository import Mirror
from pinner.inspecting.status import followed_ref, only_modules, ref_now, status_now
from pinner.locking.externals import with_locked_externals
from pinner.locking.gate import read_gate
from pinner.locking.pins import may_be_left_out
from pinner.locking.requirements import EnvironmentRequirements, GitRequirement, read_requirements
from pinner.locking.resolve import Progress, RefResolver, fetch_all
from pinner.model.findings import Finding
from pinner.model.lock import (
    TAG,
    Externals,
    ForgePin,
    GitPin,
    Lock,
    ResolvedRef,
    SelectorKind,
    Series,
    Status,
    short_name,
)
from pinner.model.results import (
    AvailableUpdates,
    EndState,
    ModuleUpdates,
    OutdatedReport,
    Update,
    UpdateKind,
)
from pinner.openstack.catalogue import all_series, phase_today, ref_candidates, release_of, release_of_tag
from pinner.puppet.versions import Version, parse_version, version_of_tag
from pinner.workspace.locks import ForgeCode, find_forge_code, forge_home
from pinner.workspace.workspace import Workspace, age_finding

# How long before the date an end is reported, so that there is time to plan.
NEAR = timedelta(days=90)


def find_updates(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    modules: frozenset[str] = frozenset(),
    on_done: Progress | None = None,
) -> OutdatedReport:
    """Return what is newer than the locks of these environments (none: all), and what is near its end.

    With `modules`, of those only, and of the environments that have one of them.
    """
    named = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.manifest.environment for required in named))
    sets = tuple(with_locked_externals(required, locks[required.manifest.environment]) for required in named)
    sets = only_modules(modules, sets, locks)
    forge_pins = [pin for lock in locks.values() if lock for pin in _forge_pins(lock, modules)]
    urls = {module.git for required in sets for module in required.git_modules.values()}
    urls |= {home for pin in forge_pins if (home := forge_home(pin, workspace))}
    resolver = fetch_all(workspace, urls, on_done=on_done)
    forge = find_forge_code(forge_pins, workspace)
    found = age_finding(workspace.project, workspace.today)
    return OutdatedReport(
        tuple(
            _environment(required, locks[required.manifest.environment], resolver, forge, modules)
            for required in sets
        ),
        (found,) if found else (),
    )


def _forge_pins(lock: Lock, chosen: frozenset[str]) -> Iterator[ForgePin]:
    pins = (pin for pin in lock.pins.values() if not chosen or pin.module in chosen)
    return (pin for pin in pins if isinstance(pin, ForgePin))


def _environment(
    required: EnvironmentRequirements,
    lock: Lock | None,
    resolver: RefResolver,
    forge: ForgeCode,
    chosen: frozenset[str],
) -> AvailableUpdates:
    name = required.manifest.environment
    if lock is None:
        return AvailableUpdates(name, None)
    modules: list[ModuleUpdates] = []
    unknown: list[Finding] = []
    for module in required.git_modules.values():
        pin = lock.pins.get(module.module)
        if isinstance(pin, GitPin):
            reply = resolver.resolve(module)
            moved = _moved_branch(pin, resolver) if isinstance(reply, Finding) else None
            if isinstance(reply, Finding) and not moved and not may_be_left_out(reply, required, lock):
                unknown.append(reply)
            found = _news(module, pin, reply, resolver, required)
            news = tuple(one for one in found if not (moved and one.kind is UpdateKind.END_OF_LIFE))
            news += (moved,) if moved else ()
            release = release_of(pin)
            end = release.eol if release else None
            modules += [ModuleUpdates(module.module, pin, news, end)] if news else []
    for forge_pin in _forge_pins(lock, chosen):
        pin = forge.pins.get(forge_pin)
        mirror = resolver.mirror(pin.git) if pin else None
        if pin and mirror and (tags := tuple(_newer_tags(pin, mirror, resolver))):
            marked = (replace(one, what=f"{one.what} in {pin.git}") for one in tags)
            modules.append(ModuleUpdates(pin.module, pin, tuple(marked)))
    modules.sort(key=lambda one: one.name)
    checked = len(chosen & lock.pins.keys()) if chosen else len(lock.pins)
    return AvailableUpdates(name, lock, tuple(modules), tuple(unknown), checked, required.series)


def _news(
    module: GitRequirement,
    pin: GitPin,
    reply: ResolvedRef | Finding,
    resolver: RefResolver,
    required: EnvironmentRequirements,
) -> Iterator[Update]:
    mirror = resolver.mirror(pin.git)
    series = _series(module, pin)
    if mirror is not None and isinstance(reply, ResolvedRef):
        followed = followed_ref(pin, reply, mirror)
        if followed is not None:
            pair = (pin.git, pin.commit, followed.commit)
            position = resolver.positions([pair]).get(pair)
            if position is not None and position.behind:
                ref = short_name(followed.ref) if followed.ref else followed.commit
                commits = "1 commit" if position.behind == 1 else f"{position.behind} commits"
                yield Update(UpdateKind.BEHIND, f"{commits} behind {ref}", ref)
    if mirror is not None:
        yield from _newer_tags(pin, mirror, resolver)
        yield from _newer_release(pin, series, mirror)
    yield from _gate(module, pin, resolver, required)
    yield from _ends(module, pin, reply, resolver.workspace.today)


def _series(module: GitRequirement, pin: GitPin) -> Series | None:
    """Return the release that a pin follows, that its tag ended, or that its commit belongs to."""
    if pin.want.selector is SelectorKind.TAG:
        return release_of_tag(pin.git, pin.want.value)
    return release_of(pin) if pin.want.selector is SelectorKind.COMMIT else module.series


def _moved_branch(pin: GitPin, resolver: RefResolver) -> Update | None:
    """Return that the branch of a pin was removed because its release is now in another ref, as `unmaintained/R`."""
    mirror = resolver.mirror(pin.git)
    if mirror is None or pin.want.selector is not SelectorKind.BRANCH or pin.ref in mirror.refs.commits:
        return None
    for series in all_series():
        rows = ref_candidates(pin.git, series)
        now = next((row for row in rows if row.ref in mirror.refs.commits), None)
        if now and pin.ref in {row.ref for row in rows}:
            status = "at its end of life" if now.status is Status.END_OF_LIFE else str(now.status)
            what = (
                f"release {series.id} is {status}: the branch {pin.want.value} is {short_name(now.ref)} now"
            )
            state = EndState.REACHED if now.status is Status.END_OF_LIFE else EndState.UNMAINTAINED
            is_past = series.eol and date.fromisoformat(series.eol) <= resolver.workspace.today
            return Update(UpdateKind.END_OF_LIFE, what, series.id, state, series.eol if is_past else None)
    return None


def _newer_tags(pin: GitPin, mirror: Mirror, resolver: RefResolver) -> Iterator[Update]:
    """Yield newer tags that the commit does not contain; for a pin that follows a release, only of its own major."""
    pinned = parse_version(pin.version or "")
    if pinned is None or pin.want.selector is SelectorKind.BRANCH:
        return
    versions = [
        (version, tag) for tag in mirror.refs.tags if (version := version_of_tag(tag)) and version.is_stable
    ]
    newer = [(version, tag) for version, tag in versions if version > pinned]
    if pin.want.selector is SelectorKind.COMMIT:
        # Metadata may name an older version than the tags that the commit contains.
        pairs = {tag: (pin.git, pin.commit, mirror.refs.commits[TAG + tag]) for _, tag in newer}
        positions = resolver.positions(pairs.values())
        contained = {tag for tag, pair in pairs.items() if pair in positions and not positions[pair].behind}
        contained |= {tag for tag, pair in pairs.items() if pair[1] == pair[2]}
        newer = [row for row in newer if row[1] not in contained]
    yield from _newest(
        UpdateKind.NEWER_TAG, [row for row in newer if row[0].major == pinned.major], f" of {pinned.major}.x"
    )
    if pin.want.selector is not SelectorKind.RELEASE:
        yield from _newest(UpdateKind.NEWER_MAJOR, [row for row in newer if row[0].major > pinned.major])


def _newest(kind: UpdateKind, tags: list[tuple[Version, str]], among: str = "") -> Iterator[Update]:
    if tags:
        tag = max(tags)[1]
        yield Update(kind, f"newest tag{among} is {tag}", tag)


def _newer_release(pin: GitPin, series: Series | None, mirror: Mirror) -> Iterator[Update]:
    if series is None or pin.want.selector in {SelectorKind.BRANCH, SelectorKind.VERSION}:
        return
    later = (found for found in reversed(all_series()) if series < found)
    newest = next(
        (
            found
            for found in later
            if any(row.ref in mirror.refs.commits for row in ref_candidates(pin.git, found))
        ),
        None,
    )
    if newest is not None:
        yield Update(UpdateKind.NEWER_RELEASE, f"newest release is {newest.id}", newest.id)


def _gate(
    module: GitRequirement, pin: GitPin, resolver: RefResolver, required: EnvironmentRequirements
) -> Iterator[Update]:
    if (
        not module.required_by
        or required.series is None
        or required.manifest.externals is not Externals.INTEGRATION
    ):
        return
    external = read_gate(required.series, resolver).pins.get(module.module)
    if external is not None and external.ref and external.ref != pin.want.value:
        yield Update(UpdateKind.GATE_MOVED, f"upstream's gate runs {external.ref} now", external.ref)


def _ends(module: GitRequirement, pin: GitPin, reply: ResolvedRef | Finding, today: date) -> Iterator[Update]:
    series = release_of(pin)
    end = series.eol if series else None
    release = pin.want.value if pin.want.selector is SelectorKind.RELEASE else str(series)
    phase, moved_to = phase_today(status_now(pin, reply), series), ref_now(pin, reply)
    if phase is Status.END_OF_LIFE:
        past = end if end and date.fromisoformat(end) <= today else None
        what = f"release {release} is at its end of life{f' since {past}' if past else ''}"
        yield Update(UpdateKind.END_OF_LIFE, what, end or release, EndState.REACHED, past)
    elif end and date.fromisoformat(end) - today <= NEAR:
        yield Update(UpdateKind.END_OF_LIFE, f"release {release} ends on {end}", end, EndState.NEAR, end)
    elif phase is Status.UNMAINTAINED and release_of_tag(pin.git, pin.want.value):
        what = f"release {release} is unmaintained: the tag {pin.want.value} marks its end of maintenance"
        yield Update(UpdateKind.END_OF_LIFE, what, release, EndState.UNMAINTAINED)
    elif phase is Status.UNMAINTAINED and moved_to is not None:
        what = f"release {release} is unmaintained: its ref is {short_name(moved_to)} now"
        yield Update(UpdateKind.END_OF_LIFE, what, release, EndState.UNMAINTAINED)
    if module.until is not None and date.fromisoformat(module.until.value) - today <= NEAR:
        verb = "ended" if date.fromisoformat(module.until.value) < today else "ends"
        yield Update(UpdateKind.UNTIL, f"the override {verb} on {module.until}", module.until.value)
