"""`cooldown` of a manifest: an update waits until commits and tags are some days old, but not with security fixes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from pinner.git.objects.read import list_tree, read_blobs
from pinner.git.process.repository import Mirror
from pinner.locking.requirements import EnvironmentRequirements, GitRequirement, Resolution
from pinner.locking.resolve import RefResolver
from pinner.model.comparison import NoteChange
from pinner.model.findings import Finding
from pinner.model.lock import GitPin, Lock, ResolvedRef, SelectorKind, short_name
from pinner.model.rules.table import RULES
from pinner.openstack.notes import DIRECTORY, compare_notes, read_note
from pinner.project.operator.values import read_yaml

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
    chosen = old if isinstance(old, ResolvedRef) and _is_newer(pin, old, resolver) else None
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


def _is_newer(pin: GitPin, found: ResolvedRef, resolver: RefResolver) -> bool:
    pair = (pin.git, pin.commit, found.commit)
    position = resolver.positions([pair]).get(pair)
    return position is not None and position.behind > 0 and position.ahead == 0


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
