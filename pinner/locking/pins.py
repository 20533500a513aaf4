"""Decide which pins stay, which wait and which are renewed, and create the pins of an environment.

With `cooldown` in a manifest, an update waits until commits and tags are some days old, but not with security fixes.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from pinner.git.objects.history import is_later
from pinner.git.objects.read import list_tree, read_blobs
from pinner.git.process.repository import Mirror
from pinner.locking.requirements import (
    EnvironmentRequirements,
    ForgeRequirement,
    GitRequirement,
    PinnedEnvironment,
    Requirement,
    Resolution,
    hint_to_go_back,
)
from pinner.locking.resolve import RefResolver, with_metadata
from pinner.model.comparison import NoteChange
from pinner.model.errors import InputError, Problem
from pinner.model.findings import Finding
from pinner.model.lock import (
    BRANCH,
    ForgePin,
    GitPin,
    Lock,
    Pin,
    Position,
    ResolvedRef,
    Selector,
    SelectorKind,
    short_name,
)
from pinner.model.rules import RULES
from pinner.openstack.notes import DIRECTORY, compare_notes, read_note
from pinner.project.operator.values import read_yaml
from pinner.puppet.versions import version_of_tag
from pinner.workspace.locks import TagLog, has_tags, joined_dependencies, meaning_of, read_tag_log
from pinner.workspace.workspace import Workspace

_MOVING = frozenset({SelectorKind.RELEASE, SelectorKind.BRANCH, SelectorKind.VERSION})
_LARGEST_NOTE = 1024 * 1024
_SHOWN = 12
"""Characters of a commit id in messages."""


def apply_cooldown(
    resolutions: Mapping[str, Resolution | None],
    required: EnvironmentRequirements,
    before: Lock,
    resolver: RefResolver,
) -> tuple[Mapping[str, Resolution | None], tuple[Finding, ...]]:
    """Return the resolutions without commits and tags that are too young, with a note for each that changes.

    None stands for a pin that stays. Only pins that exist are kept from moving: a new or changed selector is resolved
    as it is. Third-party modules that others require follow their own source.
    """
    found = dict(resolutions)
    notes: list[Finding] = []
    for name, resolution in resolutions.items():
        requirement, pin = required.modules.get(name), before.pins.get(name)
        days = required.manifest.cooldown_of(name)
        if (
            days
            and isinstance(requirement, GitRequirement)
            and isinstance(pin, GitPin)
            and isinstance(resolution, ResolvedRef)
            and _is_plain_move(requirement, pin, resolution)
        ):
            found[name], message = _cooled(requirement, pin, resolution, days, resolver)
            if message:
                notes.append(
                    RULES["cooldown"].finding(name, f"module '{name}': {message}", place=requirement.place)
                )
    return found, tuple(notes)


def _is_plain_move(requirement: GitRequirement, pin: GitPin, resolution: ResolvedRef) -> bool:
    """Return whether an unchanged selector now means another commit."""
    want = requirement.want
    is_same = pin.want == want and pin.git == requirement.git and not requirement.required_by
    return is_same and want.selector in _MOVING and want.as_of is None and pin.commit != resolution.commit


def _cooled(
    requirement: GitRequirement, pin: GitPin, newest: ResolvedRef, days: int, resolver: RefResolver
) -> tuple[ResolvedRef | None, str | None]:
    """Return what the pin moves to, None if it stays, with a message if that is not the newest."""
    day = (resolver.workspace.today - timedelta(days=days + 1)).isoformat()
    old = resolver.resolve(replace(requirement, want=replace(requirement.want, as_of=day)))
    chosen: ResolvedRef | None = None
    if isinstance(old, ResolvedRef):
        pair = (pin.git, pin.commit, old.commit)
        position = resolver.positions([pair]).get(pair)
        is_newer = position is not None and position.behind > 0 and position.ahead == 0
        chosen = old if is_newer else None
    if chosen and chosen.commit == newest.commit:
        return newest, None
    mirror = resolver.mirror(requirement.git)
    start = chosen.commit if chosen else pin.commit
    what = f"{newest.commit[:_SHOWN]} ({short_name(newest.ref or '')})"
    if mirror and _names_security(mirror, start, newest.commit):
        return (
            newest,
            f"its release notes name a security fix: {what} does not wait for the cooldown of {days} days",
        )
    stays = f"moves to {chosen.commit[:_SHOWN]}" if chosen else "stays"
    return chosen, f"{what} waits for the cooldown of {days} days: the pin {stays}"


def _names_security(mirror: Mirror, old: str, new: str) -> bool:
    """Return whether a release note that is new or changed since the old commit has a security section."""
    trees = [
        {entry.path: entry.id for entry in list_tree(mirror, commit, under=DIRECTORY) if entry.kind == "blob"}
        for commit in (old, new)
    ]
    changed = [note for note in compare_notes(*trees) if note.change is not NoteChange.REMOVED]
    blobs = read_blobs(mirror, [note.blob for note in changed], max_bytes=_LARGEST_NOTE)
    for note in changed:
        content = blobs[note.blob]
        if isinstance(content, bytes):
            built = read_yaml(content, note.path, is_raw=True)
            entries = read_note(built.root, note.path) if built.refusal is None else ""
            if not isinstance(entries, str) and any(entry.section == "security" for entry in entries):
                return True
    return False


@dataclass(frozen=True, slots=True)
class UpdateScope:
    """The pins to renew: those of `modules`, all if it is empty, only new and changed ones if it is None.

    `accepted` names the modules whose tags may have moved: their pins are renewed too. `older` names those
    that may go back to an older commit.
    """

    modules: frozenset[str] | None = None
    accepted: frozenset[str] = frozenset()
    older: frozenset[str] = frozenset()

    @property
    def is_partial(self) -> bool:
        """Return whether modules were named, so that no others are changed or contacted."""
        return bool(self.modules)

    def contacts(self, required: EnvironmentRequirements) -> Mapping[str, GitRequirement]:
        """Return the modules whose remotes are contacted: all, or exactly those that were named."""
        modules = required.git_modules
        return {name: one for name, one in modules.items() if not self.modules or name in self.modules}

    def renews(self, requirement: GitRequirement, before: Lock | None) -> bool:
        """Return whether the pin of a required module is renewed.

        A pin that could stay is also renewed if a move of its tag is accepted.
        """
        pin = before.pins.get(requirement.module) if before else None
        if self.modules is not None or pin is None or stale_fields(requirement, pin):
            return True
        return isinstance(pin, GitPin) and pin.module in self.accepted and meaning_of(pin) is not None


def stale_fields(requirement: Requirement, pin: Pin) -> tuple[str, ...]:
    """Return descriptions of the differences between requirement and pin; empty if the pin is up to date."""
    rows: list[tuple[str, str | Selector, str | Selector]]
    if isinstance(requirement, GitRequirement) and isinstance(pin, GitPin):
        rows = [
            ("git", pin.git, requirement.git),
            ("want", pin.want, requirement.want),
            ("install_path", pin.install_path, requirement.install_path),
            ("module", str(pin.is_module).lower(), str(requirement.is_module).lower()),
        ]
    elif isinstance(requirement, ForgeRequirement) and isinstance(pin, ForgePin):
        rows = [
            ("forge", pin.forge, requirement.forge),
            ("version", pin.version, requirement.version),
            ("install_path", pin.install_path, requirement.install_path),
        ]
    else:
        return ("its source changed between git and the Forge",)
    return tuple(
        f"the manifest requires {new.describe()}; the lock was made for {old.describe()}"
        if isinstance(old, Selector) and isinstance(new, Selector)
        else f"{key} was {old}, is now {new}"
        for key, old, new in rows
        if old != new
    )


def pin_environment(
    required: EnvironmentRequirements, before: Lock | None, scope: UpdateScope, resolver: RefResolver
) -> PinnedEnvironment:
    """Return the environment with its pins: those in `scope` are renewed, the others are kept.

    If modules are named, all other pins stay, even those that the manifest no longer requires.
    """
    contacted = scope.contacts(required)
    renewed = {name: module for name, module in contacted.items() if scope.renews(module, before)}
    resolved = {name: resolver.resolve(module) for name, module in renewed.items()}
    resolutions: Mapping[str, Resolution | None] = resolved
    notes: tuple[Finding, ...] = ()
    if before:
        allowed = scope.older | scope.accepted
        resolutions, notes = hold_back(resolved, renewed, before, resolver, allowed=allowed)
        resolutions, cooled = apply_cooldown(resolutions, required, before, resolver)
        notes = (*notes, *cooled)
    pins: dict[str, Pin] = dict(before.pins) if scope.is_partial and before else {}
    failures: list[Finding] = []
    for name, requirement in (contacted if scope.is_partial else required.modules).items():
        made = _pin(requirement, before.pins.get(name) if before else None, resolutions.get(name))
        if isinstance(made, Finding):
            failures.append(made)
        elif made is not None:
            pins[name] = made
    absent = [finding for finding in failures if may_be_left_out(finding, required, before)]
    if not pins:
        absent = []  # nothing could be pinned, so the release is missing, not smaller than expected
    return PinnedEnvironment(
        required=required,
        before=before,
        pins={name: pins[name] for name in sorted(pins)},
        contacted=frozenset(contacted),
        failures=tuple(finding for finding in failures if finding not in absent),
        notes=(*notes, *map(_not_in_release, absent)),
    )


def _pin(requirement: Requirement, before: Pin | None, resolution: Resolution | None) -> Pin | Finding | None:
    """Return the pin that a requirement resolves to; without a resolution, the pin that it had, if any."""
    if isinstance(requirement, ForgeRequirement):
        return ForgePin(requirement.module, requirement.forge, requirement.version, requirement.install_path)
    if resolution is None and isinstance(before, GitPin):
        return replace(before, required_by=requirement.required_by, external=requirement.external)
    if not isinstance(resolution, ResolvedRef):
        return before if resolution is None else resolution
    return GitPin(
        module=requirement.module,
        git=requirement.git,
        commit=resolution.commit,
        ref=resolution.ref,
        want=requirement.want,
        install_path=requirement.install_path,
        status=resolution.status,
        is_module=requirement.is_module,
        required_by=requirement.required_by,
        external=requirement.external,
    )


def may_be_left_out(finding: Finding, required: EnvironmentRequirements, before: Lock | None) -> bool:
    """Return whether `openstack: all` can omit the module: only OpenStack's list of deliverables names it.

    That is, no ref of it was ever seen for the release, and it is not locked.
    """
    module = required.git_modules.get(finding.module or "")
    is_locked = before is not None and (finding.module or "") in before.pins
    return finding.is_of_missing_ref and module is not None and module.may_be_absent and not is_locked


def _not_in_release(finding: Finding) -> Finding:
    return RULES["not-in-release"].finding(
        finding.module,
        f"{finding.message}: omitted from 'openstack: all'",
        hint="name it under 'openstack' or 'modules' if it is needed",
        place=finding.place,
    )


def repin(
    environment: PinnedEnvironment,
    extra: Mapping[str, GitRequirement],
    scope: UpdateScope,
    resolver: RefResolver,
) -> PinnedEnvironment:
    """Return the environment with `extra` modules required and pinned, keeping its notes."""
    required = environment.required.with_modules(extra)
    again = pin_environment(required, environment.before, scope, resolver)
    return replace(again, notes=tuple(dict.fromkeys((*environment.notes, *again.notes))))


def describe_pins(
    environments: Iterable[PinnedEnvironment], resolver: RefResolver
) -> list[PinnedEnvironment]:
    """Return the environments with the metadata of each module, also in its pin; failed ones stay unchanged."""
    environments = tuple(environments)
    read = iter(with_metadata([each for each in environments if not each.failures], resolver))
    return [each if each.failures else _described(next(read)) for each in environments]


def _described(environment: PinnedEnvironment) -> PinnedEnvironment:
    pins = dict(environment.pins)
    for name, metadata in environment.metadata.items():
        pin = pins[name]
        facts = (metadata.name, metadata.version, joined_dependencies(metadata))
        if isinstance(pin, GitPin) and (pin.name, pin.version, pin.dependencies) != facts:
            pins[name] = replace(pin, name=facts[0], version=facts[1], dependencies=facts[2])
    return replace(environment, pins=pins)


def log_for(workspace: Workspace, locks: Iterable[Lock | None], befores: Iterable[Lock | None]) -> TagLog:
    """Return the commits that tags had in all earlier locks, including `befores`, those on disk.

    The log is empty if no lock names a tag.
    """
    if not any(has_tags(lock) for lock in locks if lock):
        return TagLog()
    return read_tag_log(workspace, [lock for lock in befores if lock])


def record_moves(
    environment: PinnedEnvironment, log: TagLog, *, accepted: frozenset[str]
) -> PinnedEnvironment:
    """Return the environment with the tag moves that are accepted now and those that were accepted before."""
    pins = dict(environment.pins)
    for name, pin in environment.git_pins.items():
        before = environment.before.pins.get(name) if environment.before else None
        is_same = isinstance(before, GitPin) and meaning_of(before) == meaning_of(pin)
        made = replace(pin, moved_from=before.moved_from) if isinstance(before, GitPin) and is_same else pin
        if name in accepted and (others := log.others(made)):
            made = replace(made, moved_from=tuple(sorted(others.union(made.moved_from))))
        pins[name] = made
    return replace(environment, pins=pins)


def require_known(
    modules: frozenset[str], sets: Iterable[EnvironmentRequirements], locks: Mapping[str, Lock | None]
) -> None:
    """Raise InputError for modules in `--accept-moved` or `--allow-older` that no environment has."""
    known = {name for required in sets for name in required.modules}
    known |= {name for lock in locks.values() if lock for name in lock.pins}
    if unknown := sorted(modules - known):
        raise InputError([unknown_module(name, known) for name in unknown])


def unknown_module(name: str, known: Iterable[str]) -> Problem:
    """Return the problem that no environment has that module, with the closest known name as a hint."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return Problem(
        f"no environment has a module '{name}'", hint=f"did you mean '{near[0]}'?" if near else None
    )


SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Move:
    """The pin of an unchanged selector, and the commit that the selector resolves to now."""

    module: GitRequirement
    pin: GitPin
    resolved: ResolvedRef

    @property
    def pair(self) -> tuple[str, str, str]:
        return self.pin.git, self.pin.commit, self.resolved.commit


def hold_back(
    resolutions: Mapping[str, Resolution],
    modules: Mapping[str, GitRequirement],
    before: Lock,
    resolver: RefResolver,
    *,
    allowed: frozenset[str],
) -> tuple[Mapping[str, Resolution | None], tuple[Finding, ...]]:
    """Return the resolutions without those that would move a pin back, with `older-than-locked` warnings.

    None replaces the resolution of a pin that stays unchanged. If the manifest now names the same branch in
    another way, the resolution keeps the new ref and the old commit. `allowed` names the modules that may move
    back.
    """
    moves = {
        name: move
        for name, resolution in resolutions.items()
        if name not in allowed and (move := _move(modules[name], before.pins.get(name), resolution))
    }
    positions = resolver.positions(move.pair for move in moves.values())
    older = {
        name: move for name, move in moves.items() if _is_older(move, positions.get(move.pair), resolver)
    }
    kept = {
        name: None
        if move.module.want == move.pin.want or move.module.required_by
        else replace(move.resolved, commit=move.pin.commit)
        for name, move in older.items()
    }
    # `check_refs` reports a pin that follows the tip of a branch, so it needs no note here.
    noted = (
        move
        for move in older.values()
        if move.module.want.as_of is not None or not (move.resolved.ref or "").startswith(BRANCH)
    )
    return {**resolutions, **kept}, tuple(_note(move, resolver) for move in noted)


def _move(module: GitRequirement, pin: Pin | None, resolution: Resolution) -> _Move | None:
    if not isinstance(pin, GitPin) or not isinstance(resolution, ResolvedRef):
        return None
    return _Move(module, pin, resolution) if is_move(pin, module, resolution) else None


def is_move(pin: GitPin, now: GitRequirement | GitPin, found: ResolvedRef | GitPin) -> bool:
    """Return whether the selector of a pin means the same as that of `now`, but another commit was `found`.

    Two selectors mean the same if they are equal, or name one branch at one date.
    """
    is_external = bool(pin.required_by and now.required_by) and pin.external == now.external
    is_same_branch = pin.ref == found.ref and (found.ref or "").startswith(BRANCH)
    is_same = pin.want == now.want or (is_same_branch and pin.want.as_of == now.want.as_of)
    return pin.git == now.git and pin.commit != found.commit and (is_external or is_same)


def _is_older(move: _Move, position: Position | None, resolver: RefResolver) -> bool:
    """Return whether the new commit is, or may be, older than the pin.

    A mirror that lacks the locked commit cannot show that it is not.
    """
    mirror, stand_in = resolver.mirror(move.pin.git), resolver.stand_in(move.pin.git)
    if position is None and stand_in and mirror:
        if resolver.workspace.mirrors.fetch_commit(mirror, move.pin.commit):
            position = resolver.positions([move.pair]).get(move.pair)
        mirror = resolver.mirror(move.pin.git)
    if position is None and mirror and mirror.is_shallow and is_later(mirror, *move.pair[1:]):
        return False
    old, new = (version_of_tag(short_name(ref or "")) for ref in (move.pin.ref, move.resolved.ref))
    # the order of the two tags, if both name a version
    by_tags = None if old is None or new is None else (new > old) - (new < old)
    if position is None:
        return bool(stand_in) if by_tags is None else by_tags < 0
    if position.ahead and position.behind:
        return (by_tags or 0) < 0
    return position.ahead > 0


def _note(move: _Move, resolver: RefResolver) -> Finding:
    name = move.module.module
    where = resolver.stand_in(move.pin.git) or move.pin.git
    now, locked = (
        f"{one.commit[:SHOWN]} ({short_name(one.ref)})" if one.ref else one.commit[:SHOWN]
        for one in (move.resolved, move.pin)
    )
    message = f"module '{name}': {now} of {where} is older than the locked commit {locked}: the pin stays"
    return RULES["older-than-locked"].finding(
        name, message, hint=hint_to_go_back(name, where), place=move.module.place
    )
