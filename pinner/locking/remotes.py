"""Determine for each pinned commit whether it exists, what reaches it and how it is related to its ref.

Positions and reachability depend only on commit ids, so they are cached forever; only what is new is
computed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from pinner.git.objects.history import ShallowError, is_reached, refs_containing
from pinner.git.objects.read import flaw_of_tree, has_commits
from pinner.git.process.repository import Mirror
from pinner.locking.requirements import GitRequirement, PinAtRemote, PinnedEnvironment, Resolution
from pinner.locking.resolve import RefResolver
from pinner.model.lock import (
    BRANCH,
    LOCKED,
    Dependency,
    GitPin,
    Metadata,
    Pin,
    Refs,
    ResolvedRef,
    Selector,
    SelectorKind,
)
from pinner.workspace.commits import read_metadata
from pinner.workspace.locks import meaning_of
from pinner.workspace.workspace import CacheKey

# A canonical URL and a commit.
Spot = tuple[str, str]

_REACHED = CacheKey("reached-1", lambda is_known: "yes" if is_known else "no", lambda text: text == "yes")


def _text_of_json(text: str) -> str:
    reason = json.loads(text)
    if not isinstance(reason, str):
        raise TypeError
    return reason


_TREE_FLAWS = CacheKey("tree-flaw-1", json.dumps, _text_of_json)


def _commits_by_mirror(pins: Iterable[Pin], resolver: RefResolver) -> Mapping[Mirror, frozenset[str]]:
    """Return the pinned commits of each repository that was contacted."""
    found: dict[Mirror, set[str]] = {}
    for pin in pins:
        if isinstance(pin, GitPin) and (mirror := resolver.mirror(pin.git)):
            found.setdefault(mirror, set()).add(pin.commit)
    return {mirror: frozenset(ids) for mirror, ids in found.items()}


def read_pinned_metadata(pins: Iterable[Pin], resolver: RefResolver) -> Mapping[str, Metadata]:
    """Return commit to metadata for all pins.

    For a repository that was not contacted, the metadata comes from its pin.
    """
    modules = [pin for pin in pins if isinstance(pin, GitPin) and pin.is_module]
    locked = {pin.commit: _metadata_in_lock(pin) for pin in modules if resolver.mirror(pin.git) is None}
    return {**locked, **read_metadata(_commits_by_mirror(modules, resolver), resolver.workspace)}


def _metadata_in_lock(pin: GitPin) -> Metadata:
    rows = tuple(Dependency(name, wanted_range) for name, wanted_range in pin.dependencies.items())
    return Metadata(file=LOCKED, name=pin.name, version=pin.version, dependencies=rows)


def metadata_by_module(pins: Mapping[str, Pin], metadata: Mapping[str, Metadata]) -> Mapping[str, Metadata]:
    """Return module to metadata for the Puppet modules among the pins, from metadata by commit."""
    modules = ((name, pin) for name, pin in pins.items() if isinstance(pin, GitPin) and pin.is_module)
    return {name: metadata[pin.commit] for name, pin in modules if pin.commit in metadata}


def with_metadata(
    environments: Sequence[PinnedEnvironment], resolver: RefResolver
) -> list[PinnedEnvironment]:
    """Return the environments with the metadata of their modules."""
    pins = (pin for each in environments for pin in each.pins.values())
    metadata = read_pinned_metadata(pins, resolver)
    return [replace(each, metadata=metadata_by_module(each.pins, metadata)) for each in environments]


def read_tree_flaws(environments: Iterable[PinnedEnvironment], resolver: RefResolver) -> Mapping[str, str]:
    """Return commit to why git would not check out its tree (empty: it would).

    Commits that were not read are left out: those of repositories that were not contacted, and those that
    their mirrors lack.
    """
    pins = (pin for each in environments for pin in each.pins.values())
    commits = _commits_by_mirror(pins, resolver)

    def flaws(request: tuple[Mirror, frozenset[str]]) -> list[tuple[str, str]]:
        mirror, ids = request
        rows = [(commit, flaw_of_tree(mirror, commit)) for commit in sorted(has_commits(mirror, ids))]
        return [(commit, flaw.reason if flaw else "") for commit, flaw in rows]

    def read(unread: Sequence[str]) -> Mapping[str, str]:
        requests = [(mirror, some) for mirror, ids in commits.items() if (some := ids.intersection(unread))]
        return dict(row for rows in resolver.workspace.map(flaws, requests) for row in rows)

    return resolver.workspace.cached(_TREE_FLAWS, {name for ids in commits.values() for name in ids}, read)


def missing_commits(pins: Iterable[Pin], resolver: RefResolver) -> frozenset[Spot]:
    """Return the (git, commit) of pins that neither the mirror nor its remote has as a commit.

    A commit that no branch or tag reaches is fetched by its id, so that later steps can read it. A commit
    that a ref names exists: that was checked when the mirror's refs were recorded. All others are looked up
    with one git process per repository; cached data about a commit do not prove that this repository has it.
    """
    commits = _commits_by_mirror(pins, resolver)
    unnamed = {mirror: ids - set(mirror.refs.commits.values()) for mirror, ids in commits.items()}
    fetch_commit = resolver.workspace.mirrors.fetch_commit

    def look_up(mirror: Mirror) -> list[Spot]:
        lacking = sorted(unnamed[mirror] - has_commits(mirror, unnamed[mirror]))
        return [(mirror.url, commit) for commit in lacking if not fetch_commit(mirror, commit)]

    mirrors = sorted((mirror for mirror, ids in unnamed.items() if ids), key=lambda mirror: mirror.url)
    return frozenset(spot for spots in resolver.workspace.map(look_up, mirrors) for spot in spots)


def read_remote_state(
    environments: Iterable[PinnedEnvironment], resolver: RefResolver
) -> list[PinnedEnvironment]:
    """Return the environments with what the remotes of their contacted modules have now."""
    read = [replace(each, remote=_read_refs(each, resolver)) for each in environments]
    rows = [row for each in read for row in each.remote.values()]
    pairs = {(row.pin.git, row.pin.commit, row.tip) for row in rows if row.pin and row.tip}
    bare = {(row.pin.git, row.pin.commit) for row in rows if row.pin and row.pin.ref is None}
    positions = resolver.positions(pairs)
    missing = missing_commits((pin for each in read for pin in each.pins.values()), resolver)
    # Commits that were just fetched by id can be compared now.
    left = [pair for pair in pairs - positions.keys() if pair[:2] not in missing]
    positions = {**positions, **resolver.positions(left)}
    reached = find_reached(bare, missing, resolver)
    orphans = {(row.pin.git, row.pin.commit) for row in rows if row.pin and _is_orphan(row)} - missing
    containing: dict[Spot, tuple[str, ...]] = {}
    for spot in sorted(orphans):
        with suppress(ShallowError):
            containing[spot] = refs_containing(_mirror(spot, resolver), spot[1])

    def complete(row: PinAtRemote) -> PinAtRemote:
        if row.pin is None:
            return row
        spot = row.pin.git, row.pin.commit
        position = positions.get((*spot, row.tip)) if row.tip else None
        is_undetermined = (
            (row.tip is not None and position is None)
            or (row.pin.ref is None and spot not in reached)
            or (_is_orphan(row) and spot not in containing)
        )
        return replace(
            row,
            position=position,
            is_missing=spot in missing,
            is_unreached=row.pin.ref is None and not reached.get(spot, True),
            is_undetermined=is_undetermined and spot not in missing,
            containing_refs=containing.get(spot, ()) if _is_orphan(row) else (),
        )

    return [replace(each, remote={name: complete(row) for name, row in each.remote.items()}) for each in read]


def _mirror(spot: Spot, resolver: RefResolver) -> Mirror:
    mirror = resolver.mirror(spot[0])
    if mirror is None:
        raise AssertionError(spot)
    return mirror


def _read_refs(environment: PinnedEnvironment, resolver: RefResolver) -> Mapping[str, PinAtRemote]:
    """Return what each contacted module means now, with its pin, refs and the commit to compare."""
    found: dict[str, PinAtRemote] = {}
    required = environment.required.git_modules
    for name in sorted(environment.contacted & required.keys()):
        pin = environment.pins.get(name)
        resolution = _resolve(required[name], pin, resolver)
        mirror = resolver.mirror(pin.git) if isinstance(pin, GitPin) else None
        if not isinstance(pin, GitPin) or mirror is None:
            found[name] = PinAtRemote(resolution)
        else:
            tip = tip_to_compare(pin, resolution, mirror.refs)
            stand_in = resolver.stand_in(pin.git)
            found[name] = PinAtRemote(
                resolution, pin, mirror.refs, stand_in, None if tip == pin.commit else tip
            )
    return found


def _resolve(requirement: GitRequirement, pin: Pin | None, resolver: RefResolver) -> Resolution:
    """Return what a requirement means now.

    A requirement for exactly the pinned commit is not looked up, because its presence is checked anyway.
    """
    is_pinned = isinstance(pin, GitPin) and requirement.want == Selector(SelectorKind.COMMIT, pin.commit)
    if is_pinned and resolver.mirror(requirement.git):
        return ResolvedRef(requirement.want.value, None)
    return resolver.resolve(requirement)


def tip_to_compare(pin: GitPin, resolution: Resolution, refs: Refs) -> str | None:
    """Return the commit that the pin's ref, or the ref that replaced it for its release, names now.

    Returns None if there is nothing to compare: for a bare commit, or for a tag, which names one commit and
    not a line of development.
    """
    if pin.ref is None or meaning_of(pin):
        return None
    if pin.ref in refs.commits:
        return refs.commits[pin.ref]
    return refs.commits.get(resolution.ref or "") if isinstance(resolution, ResolvedRef) else None


def _is_orphan(row: PinAtRemote) -> bool:
    """Return whether the pin's branch is gone without a known replacement."""
    if row.pin is None or row.refs is None or isinstance(row.resolution, ResolvedRef):
        return False
    ref = row.pin.ref or ""
    return ref.startswith(BRANCH) and ref not in row.refs.commits


def find_reached(
    spots: Iterable[Spot], missing: frozenset[Spot], resolver: RefResolver
) -> Mapping[Spot, bool]:
    """Return whether any branch or tag reaches each commit, without running git for what refs name or is cached.

    Commits in `missing`, and those that a shallow mirror cannot answer for, are left out unless cached.
    """
    mirrors = {spot: _mirror(spot, resolver) for spot in sorted(spots)}
    named = {spot: True for spot, mirror in mirrors.items() if spot[1] in set(mirror.refs.commits.values())}
    keys: dict[Spot, str] = {}
    for spot, mirror in mirrors.items():
        if spot not in named:
            refs = "".join(sorted(set(mirror.refs.commits.values())))
            keys[spot] = f"{spot[1]} of {hashlib.sha256(refs.encode()).hexdigest()}"
    by_key = {key: spot for spot, key in keys.items()}

    def look(key: str) -> bool | None:
        spot = by_key[key]
        try:
            return is_reached(mirrors[spot], spot[1])
        except ShallowError:
            return None

    def compute(unknown: Sequence[str]) -> Mapping[str, bool]:
        present = [key for key in unknown if by_key[key] not in missing]
        found = zip(present, resolver.workspace.map(look, present), strict=True)
        return {key: is_known for key, is_known in found if is_known is not None}

    known = resolver.workspace.cached(_REACHED, by_key, compute)
    return {**named, **{spot: known[key] for spot, key in keys.items() if key in known}}
