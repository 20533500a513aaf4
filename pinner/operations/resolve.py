"""From a want to a commit: the one place that decides which ref is right.

Each selector looks only where its kind of ref lives, by whole ref names, so that a branch and a tag of one name are
told apart. An answer is `Found`, a `Finding` that says what is not there, or an UnknownError from the git room.
"""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pinner.git.history import commit_as_of
from pinner.git.mirrors import Mirror, Mirrors
from pinner.git.objects import commit_of, has_commits
from pinner.operations.wanted import WantedGit
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import Version, version_of_tag
from pinner.words.findings import Finding, Level
from pinner.words.pins import Status
from pinner.words.refs import BRANCH, TAG, short_name
from pinner.words.wants import Selector

NEAR_MISSES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """The commit a want means now; `ref` is the whole name of the ref that said so, None for a bare commit."""

    commit: str
    ref: str | None
    status: Status | None = None


Answer = Found | Finding


def resolve(wanted: WantedGit, mirror: Mirror, mirrors: Mirrors) -> Answer:
    """Return the commit that `wanted` means in `mirror`, or the finding `ref-missing`.

    Only a commit that no branch or tag reaches is asked for at the remote (unless `mirrors` is offline).
    """
    by_selector: dict[Selector, Callable[[WantedGit, Mirror, Mirrors], Answer]] = {
        Selector.RELEASE: _release,
        Selector.BRANCH: _branch,
        Selector.TAG: _tag,
        Selector.COMMIT: _commit,
        Selector.VERSION: _version,
    }
    answer = by_selector[wanted.want.selector](wanted, mirror, mirrors)
    if isinstance(answer, Finding) and not mirror.refs.commits:
        return replace(answer, hint="the repository is empty: nothing was pushed to it yet")
    return answer


def _release(wanted: WantedGit, mirror: Mirror, _mirrors: Mirrors) -> Answer:
    for candidate in wanted.candidates:
        commit = mirror.refs.commits.get(candidate.ref)
        if commit is not None:
            return _as_of(wanted, mirror, Found(commit, candidate.ref, candidate.status))
    value = wanted.want.value
    looked_for = ", ".join(short_name(candidate.ref) for candidate in wanted.candidates)
    near = _near(f"stable/{value}", [*mirror.refs.branches, *mirror.refs.tags])
    found = f"there is {_quoted(near)}; " if near else ""
    return _missing(wanted, f"no ref of release {value!r}", f"{found}looked for {looked_for}")


def _branch(wanted: WantedGit, mirror: Mirror, _mirrors: Mirrors) -> Answer:
    name = wanted.want.value
    commit = mirror.refs.branch(name)
    if commit is not None:
        return _as_of(wanted, mirror, Found(commit, BRANCH + name))
    if mirror.refs.tag(name):
        return _missing(wanted, f"no branch {name!r}", f"there is a tag of that name: write 'tag: {name}'")
    return _missing(
        wanted,
        f"no branch {name!r}",
        _moved_on(name, mirror)
        or _there_is(_near(name, mirror.refs.branches))
        or _it_has(mirror.refs.branches, "branches"),
    )


def _moved_on(name: str, mirror: Mirror) -> str | None:
    """Say where the release of a branch `stable/R` lives since that is gone."""
    release = name.removeprefix("stable/")
    if release == name:
        return None
    if mirror.refs.branch(f"unmaintained/{release}"):
        now = f"branch: unmaintained/{release}"
    else:
        tags = (f"{release}-{mark}" for mark in ("eol", "eom", "em"))
        now = next((f"tag: {tag}" for tag in tags if mirror.refs.tag(tag)), "")
    return f"the release moved on: write 'release: {release}', which follows it, or '{now}'" if now else None


def _tag(wanted: WantedGit, mirror: Mirror, _mirrors: Mirrors) -> Answer:
    name = wanted.want.value
    commit = mirror.refs.tag(name)
    if commit is not None:
        return Found(commit, TAG + name)
    if mirror.refs.branch(name):
        return _missing(wanted, f"no tag {name!r}", f"there is a branch of that name: write 'branch: {name}'")
    near = [tag for tag in (f"v{name}", name.removeprefix("v")) if tag != name and mirror.refs.tag(tag)]
    return _missing(
        wanted,
        f"no tag {name!r}",
        _there_is(near or _near(name, mirror.refs.tags)) or _it_has(mirror.refs.tags, "tags"),
    )


def _commit(wanted: WantedGit, mirror: Mirror, mirrors: Mirrors) -> Answer:
    commit = wanted.want.value
    if has_commits(mirror, [commit]):
        return Found(commit, None)
    if mirrors.fetch_commit(mirror, commit):
        meant = commit_of(mirror, commit)
        if meant == commit:
            return Found(commit, None)
        hint = (
            f"it is an annotated tag's own id: write 'commit: {meant}'" if meant else "it is a file or a tree"
        )
        return _missing(wanted, f"{commit} is no commit", hint)
    return _missing(wanted, f"no commit {commit}", "was it pushed? a shortened or mistyped id looks the same")


def _version(wanted: WantedGit, mirror: Mirror, _mirrors: Mirrors) -> Answer:
    wanted_range = parse_range(wanted.want.value)
    versions = list(release_tags(mirror))
    fitting = [(version, tag) for version, tag in versions if wanted_range.matches(version)]
    for _, tag in sorted(fitting, reverse=True):
        found = Found(mirror.refs.commits[TAG + tag], TAG + tag)
        if wanted.want.as_of is None or _existed(wanted, mirror, found):
            return found
    newest = max(versions)[1] if versions else None
    hint = f"the newest release tag is {newest!r}" if newest else "the repository has no release tags"
    return _missing(wanted, f"no release tag in the range {wanted.want.value!r}", hint)


def release_tags(mirror: Mirror) -> Iterable[tuple[Version, str]]:
    """Yield version and short name of the tags that name a release, pre-releases left out."""
    for tag in mirror.refs.tags:
        version = version_of_tag(tag)
        if version is not None and not version.pre_release:
            yield version, tag


def _existed(wanted: WantedGit, mirror: Mirror, found: Found) -> bool:
    """Tell whether the tag existed on that day: when its own commit did, for light tags carry no date of their own."""
    return commit_as_of(mirror, found.commit, wanted.want.as_of or "") == found.commit


def _as_of(wanted: WantedGit, mirror: Mirror, found: Found) -> Answer:
    if wanted.want.as_of is None:
        return found
    commit = commit_as_of(mirror, found.commit, wanted.want.as_of)
    if commit is None:
        return _missing(
            wanted,
            f"{short_name(found.ref or '')} had no commit yet on {wanted.want.as_of}",
            "take a later day",
        )
    return Found(commit, found.ref, found.status)


def _missing(wanted: WantedGit, what: str, hint: str | None) -> Finding:
    message = f"module '{wanted.module}': {what} in {wanted.git}"
    return Finding(Level.ERROR, "ref-missing", wanted.module, message, hint, wanted.place)


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
