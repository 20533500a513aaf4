"""Resolve requirements to commits, and determine what remotes have now of each pinned commit.

Results are shared between environments. Each selector is looked up only among refs of its kind, by full ref name, so that a branch and a tag with the
same name are not confused. The result is a `ResolvedRef`, or a `Finding` that describes what is missing;
other git failures are raised as UnknownError.

Positions and reachability depend only on commit ids, so they are cached forever; only what is new is
computed.
"""

import difflib
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.history import (
    ShallowError,
    commit_as_of,
    count_between,
    end_of_day,
    is_reached,
    refs_containing,
    tag_times,
)
from pinner.git.objects.read import commit_of, flaw_of_tree, has_commits
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.requirements import GitRequirement, PinAtRemote, PinnedEnvironment, Resolution
from pinner.model.errors import Location
from pinner.model.findings import Finding
from pinner.model.lock import (
    BRANCH,
    LOCKED,
    TAG,
    Dependency,
    GitPin,
    Metadata,
    Pin,
    Position,
    Refs,
    ResolvedRef,
    Selector,
    SelectorKind,
    short_name,
)
from pinner.model.rules import RULES
from pinner.model.text import redact_url
from pinner.puppet.versions import Version, parse_range, version_of_tag
from pinner.workspace.locks import meaning_of, read_metadata
from pinner.workspace.workspace import CacheKey, Workspace

NEAR_MISSES = 3


def resolve_ref(requirement: GitRequirement, mirror: Mirror, mirrors: Mirrors) -> Resolution:
    """Return the commit that `requirement` means in `mirror`, or the finding `ref-missing`.

    The remote is contacted only for a commit that no branch or tag reaches (unless `mirrors` is offline).
    """
    by_selector: dict[SelectorKind, Callable[[GitRequirement, Mirror, Mirrors], Resolution]] = {
        SelectorKind.RELEASE: _release,
        SelectorKind.BRANCH: _branch,
        SelectorKind.TAG: _tag,
        SelectorKind.COMMIT: _commit,
        SelectorKind.VERSION: _version,
    }
    resolution = by_selector[requirement.want.selector](requirement, mirror, mirrors)
    if isinstance(resolution, Finding) and not mirror.refs.commits:
        return replace(resolution, hint="the repository is empty")
    return resolution


def _release(requirement: GitRequirement, mirror: Mirror, _mirrors: Mirrors) -> Resolution:
    for candidate in requirement.candidates:
        commit = mirror.refs.commits.get(candidate.ref)
        if commit is not None:
            return _as_of(requirement, mirror, ResolvedRef(commit, candidate.ref, candidate.status))
    value = requirement.want.value
    looked_for = ", ".join(short_name(candidate.ref) for candidate in requirement.candidates)
    near = _near(f"stable/{value}", [*mirror.refs.branches, *mirror.refs.tags])
    found = f"there is {_quoted(near)}; " if near else ""
    return _missing(requirement, f"no ref of release {value!r}", f"{found}looked for {looked_for}")


def _branch(requirement: GitRequirement, mirror: Mirror, _mirrors: Mirrors) -> Resolution:
    name = requirement.want.value
    commit = mirror.refs.branch(name)
    if commit is not None:
        return _as_of(requirement, mirror, ResolvedRef(commit, BRANCH + name))
    if mirror.refs.tag(name):
        return _missing(
            requirement, f"no branch {name!r}", f"there is a tag with that name: write 'tag: {name}'"
        )
    return _missing(
        requirement,
        f"no branch {name!r}",
        _moved_on(name, mirror)
        or _existing(_near(name, mirror.refs.branches), mirror.refs.branches, "branches"),
    )


def _moved_on(name: str, mirror: Mirror) -> str | None:
    """Return a hint naming the ref that replaced a deleted branch `stable/R`; None if there is none."""
    release = name.removeprefix("stable/")
    if release == name:
        return None
    if mirror.refs.branch(f"unmaintained/{release}"):
        now = f"branch: unmaintained/{release}"
    else:
        tags = (f"{release}-{mark}" for mark in ("eol", "eom", "em"))
        now = next((f"tag: {tag}" for tag in tags if mirror.refs.tag(tag)), "")
    return (
        f"the release has another ref now: write 'release: {release}', which follows it, or '{now}'"
        if now
        else None
    )


def _tag(requirement: GitRequirement, mirror: Mirror, _mirrors: Mirrors) -> Resolution:
    name = requirement.want.value
    commit = mirror.refs.tag(name)
    if commit is not None:
        return ResolvedRef(commit, TAG + name)
    if mirror.refs.branch(name):
        return _missing(
            requirement, f"no tag {name!r}", f"there is a branch with that name: write 'branch: {name}'"
        )
    near = [tag for tag in (f"v{name}", name.removeprefix("v")) if tag != name and mirror.refs.tag(tag)]
    return _missing(
        requirement,
        f"no tag {name!r}",
        _existing(near or _near(name, mirror.refs.tags), mirror.refs.tags, "tags"),
    )


def _commit(requirement: GitRequirement, mirror: Mirror, mirrors: Mirrors) -> Resolution:
    commit = requirement.want.value
    if has_commits(mirror, [commit]):
        return ResolvedRef(commit, None)
    if mirrors.fetch_commit(mirror, commit):
        meant = commit_of(mirror, commit)
        if meant == commit:
            return ResolvedRef(commit, None)
        hint = (
            f"it is an annotated tag's own id: write 'commit: {meant}'" if meant else "it is a file or a tree"
        )
        return _missing(requirement, f"{commit} is not a commit", hint)
    return _missing(
        requirement, f"no commit {commit}", "was it pushed, and is the id complete and spelt correctly?"
    )


def _version(requirement: GitRequirement, mirror: Mirror, _mirrors: Mirrors) -> Resolution:
    wanted_range = parse_range(requirement.want.value)
    versions = list(release_tags(mirror))
    fitting = [(version, tag) for version, tag in versions if wanted_range.matches(version)]
    if requirement.want.as_of is not None and fitting:
        return _version_as_of(requirement, mirror, fitting)
    if fitting:
        tag = max(fitting)[1]
        return ResolvedRef(mirror.refs.commits[TAG + tag], TAG + tag)
    newest = max(versions)[1] if versions else None
    hint = f"the newest release tag is {newest!r}" if newest else "the repository has no release tags"
    return _missing(requirement, f"no release tag in the range {requirement.want.value!r}", hint)


def _version_as_of(
    requirement: GitRequirement, mirror: Mirror, fitting: list[tuple[Version, str]]
) -> Resolution:
    """Return the newest of the tags that had been made when the day of `as_of` ended."""
    day = requirement.want.as_of or ""
    times = tag_times(mirror)
    for _, tag in sorted(fitting, reverse=True):
        time = times.get(TAG + tag)
        if time is not None and time.at < end_of_day(day):
            return ResolvedRef(mirror.refs.commits[TAG + tag], TAG + tag, is_undated=not time.is_own)
    what = f"no release tag in the range {requirement.want.value!r} had been made yet on {day}"
    return _missing(requirement, what, f"take a later day; the newest of these tags is {max(fitting)[1]!r}")


def release_tags(mirror: Mirror) -> Iterable[tuple[Version, str]]:
    """Yield version and short name of the tags that name a release, except pre-releases."""
    for tag in mirror.refs.tags:
        version = version_of_tag(tag)
        if version is not None and not version.pre_release:
            yield version, tag


def _as_of(requirement: GitRequirement, mirror: Mirror, found: ResolvedRef) -> Resolution:
    if requirement.want.as_of is None:
        return found
    commit = commit_as_of(mirror, found.commit, requirement.want.as_of)
    if commit is None:
        return _missing(
            requirement,
            f"{short_name(found.ref or '')} had no commit on {requirement.want.as_of}",
            "use a later date",
        )
    return ResolvedRef(commit, found.ref, found.status)


def _missing(requirement: GitRequirement, what: str, hint: str | None) -> Finding:
    message = f"module '{requirement.module}': {what} in {requirement.git}"
    return RULES["ref-missing"].finding(requirement.module, message, hint=hint, place=requirement.place)


def _near(name: str, names: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name, list(names), n=NEAR_MISSES, cutoff=0.6)


def _existing(near: list[str], names: tuple[str, ...], what: str) -> str:
    """Return a hint with the names near to the one that is missing, or else with the first of all names."""
    if near:
        return f"there is {_quoted(near)}"
    more = f" and {len(names) - NEAR_MISSES} more" if len(names) > NEAR_MISSES else ""
    return f"its {what} are {_quoted(names[:NEAR_MISSES])}{more}" if names else f"it has no {what}"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


# Called with the number of finished repositories, the number known to be needed so far, the URL that was finished
# (None at the start), and those that are waited for, the longest first.
Progress = Callable[[int, int, str | None, Sequence[str]], None]
# A canonical URL, a pinned commit, and the commit to compare it with.
Pair = tuple[str, str, str]
_POSITIONS = CacheKey(
    "position-1",
    lambda position: f"{position.ahead} {position.behind}",
    lambda text: Position(*map(int, text.split())),
)


def unreachable(module: str, failure: SyncFailure, place: Location | None = None) -> Finding:
    """Return the finding for a module whose remote did not answer."""
    message = f"module '{module}': {failure.message}"
    return RULES["remote-unreachable"].finding(module, message, hint=failure.hint, place=place)


@dataclass(frozen=True, slots=True)
class RefResolver:
    """Resolves requirements from the remotes contacted so far.

    No remote is contacted twice; `on_done` is called after each.
    """

    workspace: Workspace
    on_done: Progress | None = None
    mirrors: dict[str, Mirror | SyncFailure] = field(default_factory=dict)
    _resolved: dict[tuple[str, Selector], ResolvedRef] = field(default_factory=dict)

    def fetch(self, urls: Iterable[str]) -> None:
        """Fetch from `urls` in parallel, except those already fetched; offline, open the cached mirrors."""
        wanted = sorted(set(urls) - self.mirrors.keys())
        if self.workspace.is_offline:
            self.mirrors.update({url: self.workspace.mirrors.open_or_fail(url) for url in wanted})
        elif wanted:
            done, total = count(len(self.mirrors) + 1), len(self.mirrors) + len(wanted)
            report = self.on_done
            waiting = dict.fromkeys(wanted)

            def on_done(url: str, _found: Mirror | SyncFailure) -> None:
                waiting.pop(url, None)
                if report:
                    report(next(done), total, url, tuple(waiting))

            if report:
                report(len(self.mirrors), total, None, tuple(waiting))
            self.mirrors.update(self.workspace.mirrors.sync(wanted, on_done=on_done))

    def resolve(self, requirement: GitRequirement) -> Resolution:
        """Return the commit that `requirement` means, or a finding with the reason if there is none."""
        mirror = self.mirrors[requirement.git]
        if isinstance(mirror, SyncFailure):
            return unreachable(requirement.module, mirror, requirement.place)
        key = requirement.git, requirement.want
        if key not in self._resolved:
            resolution = resolve_ref(requirement, mirror, self.workspace.mirrors)
            if isinstance(resolution, Finding):
                return resolution
            self._resolved[key] = resolution
        return self._resolved[key]

    def stand_in(self, git: str) -> str | None:
        """Return what is used in place of that canonical URL, and so may be behind it; None if nothing is."""
        if self.workspace.is_offline:
            return "the cache"
        place = self.workspace.mirrors.place(git)
        return None if place == git else f"the mirror {redact_url(place)}"

    def mirror(self, git: str) -> Mirror | None:
        """Return the mirror of that canonical URL; None if it was not requested or could not be synced."""
        mirror = self.mirrors.get(git)
        return mirror if isinstance(mirror, Mirror) else None

    def positions(self, pairs: Iterable[Pair]) -> Mapping[Pair, Position]:
        """Return the position of each (git, commit, tip): how commit and tip are related.

        Those whose commits or history the mirror lacks are left out.
        """
        by_key: dict[str, list[Pair]] = {}
        for pair in sorted(set(pairs)):
            if pair[1] != pair[2] and self.mirror(pair[0]):
                by_key.setdefault(f"{pair[1]}..{pair[2]}", []).append(pair)

        def compute(keys: Sequence[str]) -> Mapping[str, Position]:
            counted = self.workspace.map(
                lambda key: next(filter(None, map(self._count, by_key[key])), None), keys
            )
            return {key: position for key, position in zip(keys, counted, strict=True) if position}

        known = self.workspace.cached(_POSITIONS, by_key, compute)
        return {pair: known[key] for key, same in by_key.items() if key in known for pair in same}

    def _count(self, pair: Pair) -> Position | None:
        git, commit, tip = pair
        mirror = self.mirror(git)
        try:
            counts = count_between(mirror, commit, tip) if mirror else None
        except ShallowError:
            return None
        return Position(*counts) if counts else None


def fetch_all(workspace: Workspace, urls: Iterable[str], *, on_done: Progress | None = None) -> RefResolver:
    """Return a resolver that has fetched from each of `urls` once."""
    resolver = RefResolver(workspace, on_done)
    resolver.fetch(urls)
    return resolver


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
    locked = {
        pin.commit: Metadata(
            file=LOCKED,
            name=pin.name,
            version=pin.version,
            dependencies=tuple(Dependency(*row) for row in pin.dependencies.items()),
        )
        for pin in modules
        if resolver.mirror(pin.git) is None
    }
    return {**locked, **read_metadata(_commits_by_mirror(modules, resolver), resolver.workspace)}


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
        requirement, pin = required[name], environment.pins.get(name)
        is_pinned = isinstance(pin, GitPin) and requirement.want == Selector(SelectorKind.COMMIT, pin.commit)
        if is_pinned and resolver.mirror(requirement.git):
            # exactly the pinned commit is not looked up, because its presence is checked anyway
            resolution: Resolution = ResolvedRef(requirement.want.value, None)
        else:
            resolution = resolver.resolve(requirement)
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
