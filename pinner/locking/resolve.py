"""Resolve requirements to commits, sharing the results between environments.

Each selector is looked up only among refs of its kind, by full ref name, so that a branch and a tag with the
same name are not confused. The result is a `ResolvedRef`, or a `Finding` that describes what is missing;
other git failures are raised as UnknownError.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.history import ShallowError, commit_as_of, count_between, end_of_day, tag_times
from pinner.git.objects.read import commit_of, has_commits
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.requirements import GitRequirement, Resolution
from pinner.model.findings import Finding
from pinner.model.lock import BRANCH, TAG, Position, ResolvedRef, Selector, SelectorKind, short_name
from pinner.model.rules.table import RULES
from pinner.model.text import redact_url
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import Version, version_of_tag
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
        or _there_is(_near(name, mirror.refs.branches))
        or _it_has(mirror.refs.branches, "branches"),
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
        _there_is(near or _near(name, mirror.refs.tags)) or _it_has(mirror.refs.tags, "tags"),
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


def _there_is(near: Iterable[str]) -> str | None:
    quoted = _quoted(near)
    return f"there is {quoted}" if quoted else None


def _it_has(names: tuple[str, ...], what: str) -> str:
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
            message = f"module '{requirement.module}': {mirror.message}"
            rule = RULES["remote-unreachable"]
            return rule.finding(requirement.module, message, hint=mirror.hint, place=requirement.place)
        key = requirement.git, requirement.want
        if key not in self._resolved:
            resolution = resolve_ref(requirement, mirror, self.workspace.mirrors)
            if isinstance(resolution, Finding):
                return resolution
            self._resolved[key] = resolution
        return self._resolved[key]

    def is_gone(self, git: str) -> bool:
        """Return whether the server reported that no repository exists at that canonical URL."""
        found = self.mirrors.get(git)
        return isinstance(found, SyncFailure) and found.kind is FailureKind.NOT_FOUND

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
