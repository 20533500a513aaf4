"""Determine what the ref of a found module means, and move or report repositories that moved or are missing."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from pinner.git.objects.read import commit_of, default_branch, expand_commit, has_commits
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.resolve import RefResolver
from pinner.model.errors import Location, Problem
from pinner.model.lock import SelectorKind, Series
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind
from pinner.model.text import check_git_url, redact_url
from pinner.openstack.catalogue import (
    all_series,
    current_home,
    find_module,
    find_repository,
    ref_candidates,
    third_party,
)
from pinner.puppet.names import check_ref_name
from pinner.puppet.versions import version_of_tag


@dataclass(frozen=True, slots=True)
class PlacedModule:
    """One module in the terms of a manifest.

    `git` is its current repository. `series` is the release that the ref carries, if it carries one. `commit`
    is the one that the source locked or pinned. `floats`: the source names no ref, or a branch that belongs
    to no release, so that its meaning may change any day. `was` is the ref under which a commit was found.
    """

    name: str
    place: Location
    git: str | None = None
    selector: SelectorKind | None = None
    value: str = ""
    commit: str | None = None
    series: Series | None = None
    floats: bool = False
    was: str | None = None
    forge: str | None = None
    forge_version: str = ""
    install_path: str | None = None
    is_module: bool = True


SHOWN = 3


def report_moved(environments: Iterable[FoundEnvironment]) -> Iterator[Problem]:
    """Yield a note for each server and owner whose modules are now fetched from elsewhere.

    A module whose URL is not accepted is not fetched, and only the check of URLs reports it. The notes are in
    the order found.
    """
    first: dict[tuple[str, str], Location] = {}
    count: Counter[tuple[str, str]] = Counter()
    for module in (module for environment in environments for module in environment.modules if module.git):
        home = current_home(module.git or "")
        move = _owner(redact_url(module.git or "")), _owner(redact_url(home))
        if move[0] != move[1] and check_git_url(home) is None:
            first.setdefault(move, module.place)
            count[move] += 1
    for (old, new), place in first.items():
        many = f"{count[old, new]} modules are" if count[old, new] > 1 else "a module is"
        yield Problem(f"{many} now fetched from {new} instead of {old}", place)


def report_missing(placed: Iterable[PlacedModule], resolver: RefResolver) -> Iterator[Problem]:
    """Yield a note for each release branch that repositories no longer have, or do not have yet.

    A module that names the branch cannot be deployed.
    """
    first: dict[tuple[str, str], Location] = {}
    count: Counter[tuple[str, str]] = Counter()
    for module in placed:
        is_release = module.selector is SelectorKind.BRANCH and find_repository(module.git or "") is not None
        mirror = resolver.mirror(module.git or "") if is_release else None
        if (
            module.series
            and mirror is not None
            and mirror.refs.commits
            and mirror.refs.branch(module.value) is None
        ):
            key = module.value, _state(mirror, module.series)
            first.setdefault(key, module.place)
            count[key] += 1
    for (branch, state), place in first.items():
        many = f"{count[branch, state]} repositories" if count[branch, state] > 1 else "a repository"
        yield Problem(f"the branch '{branch}' {state.format(where=many)}", place)


def _state(mirror: Mirror, series: Series) -> str:
    """Return what is true of a release's branch that a repository does not have."""
    refs = mirror.refs.commits
    later = [each for each in all_series() if each.position >= series.position]
    if any(one.ref in refs for each in later for one in ref_candidates(mirror.url, each)):
        return "no longer exists in {where}: 'release:' in a manifest finds its successor"
    return "does not exist yet in {where}: the release can be locked once it does"


def report_unfetched(resolver: RefResolver, used: Collection[str]) -> Iterator[Problem]:
    """Yield a note that names the `used` repositories that gave no answer.

    There is none offline, as no repository was contacted.
    """
    silent = [url for url, mirror in resolver.mirrors.items() if isinstance(mirror, SyncFailure)]
    silent = [url for url in silent if url in used]
    if silent and not resolver.workspace.is_offline:
        shown = ", ".join(silent[:SHOWN])
        more = f" and {len(silent) - SHOWN} more" if len(silent) > SHOWN else ""
        hint = "the kinds of their refs were guessed from their names"
        yield Problem(f"no answer from {shown}{more}", hint=hint)


def _owner(url: str) -> str:
    """Return a URL without the repository's own name and without the mask that replaced its user."""
    start, separator, _ = url.replace("***@", "").rpartition("/")
    return f"{start}{separator}"


COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT: Final = re.compile(r"[0-9a-f]{7,39}", re.IGNORECASE)
_TAG: Final = re.compile(r"v?\d+(?:[._]\d+)+(?:[-.+_a-z0-9]*)|.+-(?:eol|eom|em)", re.IGNORECASE)
_USUAL_BRANCHES: Final = ("main", "master")
_SELECTORS: Final = {RefKind.BRANCH: SelectorKind.BRANCH, RefKind.TAG: SelectorKind.TAG}


@dataclass(frozen=True, slots=True)
class RefGuess:
    """The selector with its value; `doubt` is what is uncertain about it, `flaw` why there is none.

    `is_unasked`: there may be one, but the repository gave no answer.
    """

    selector: SelectorKind | None = None
    value: str = ""
    doubt: str | None = None
    flaw: str | None = None
    is_unasked: bool = False


def guess_ref(module: FoundModule, mirror: Mirror | None) -> RefGuess:
    """Return what the ref of a git module means; `mirror` is None if its repository could not be fetched."""
    if module.kind is RefKind.NONE:
        return _default_branch(mirror)
    ref = module.ref or ""
    if COMMIT.fullmatch(ref.lower()):
        # The commit; for the id of an annotated tag itself, the tag's commit, which git and r10k use.
        commit = ref.lower()
        meant = commit_of(mirror, commit) if mirror else None
        if meant is None or meant == commit:
            return RefGuess(SelectorKind.COMMIT, commit)
        return RefGuess(
            SelectorKind.COMMIT, meant, doubt=f"{commit} is the id of an annotated tag, which names {meant}"
        )
    if flaw := check_ref_name(ref):
        return RefGuess(flaw=flaw)
    return _ref_in(module.kind, ref, mirror) if mirror else _by_form(module.kind, ref)


def _default_branch(mirror: Mirror | None) -> RefGuess:
    """Return the branch that a clone checks out, which every tool except r10k uses if no ref is named."""
    if mirror is None:
        flaw = "it names no ref, and its repository could not be read for its default branch"
        return RefGuess(flaw=flaw, is_unasked=True)
    branch = default_branch(mirror) or next(
        (name for name in _USUAL_BRANCHES if mirror.refs.branch(name)), None
    )
    if branch is None:
        return RefGuess(flaw="it names no ref, and its repository has no default branch")
    return RefGuess(
        SelectorKind.BRANCH, branch, doubt=f"it names no ref: '{branch}' is the repository's own branch"
    )


def _ref_in(kind: RefKind, ref: str, mirror: Mirror) -> RefGuess:
    """Return what the repository has of that name.

    r10k, too, uses whichever exists, whatever the option is called.
    """
    has = {SelectorKind.BRANCH: mirror.refs.branch(ref), SelectorKind.TAG: mirror.refs.tag(ref)}
    found = [selector for selector, commit in has.items() if commit]
    return _named(kind, ref, found) if found else _unnamed(kind, ref, mirror)


def _named(kind: RefKind, ref: str, found: Sequence[SelectorKind]) -> RefGuess:
    meant = _SELECTORS.get(kind)
    if len(found) > 1:
        doubt = f"a branch and a tag have the name '{ref}': r10k uses the tag"
        return RefGuess(meant or SelectorKind.TAG, ref, doubt=None if meant is SelectorKind.TAG else doubt)
    doubt = f"'{ref}' is a {found[0]} there, not a {meant}"
    return RefGuess(found[0], ref, doubt=None if meant in {None, found[0]} else doubt)


def _unnamed(kind: RefKind, ref: str, mirror: Mirror) -> RefGuess:
    """Return the commit whose id starts with the ref, or what the ref may have been."""
    commit = expand_commit(mirror, ref.lower())
    if isinstance(commit, str):
        return RefGuess(SelectorKind.COMMIT, commit)
    if commit is not None:
        return RefGuess(flaw=f"'{ref}' is the start of several commit ids in {mirror.url}")
    guess = _by_form(kind, ref)
    if ref.startswith(("stable/", "unmaintained/")):
        return guess
    missing = f"there is no branch, tag or commit '{ref}' in {mirror.url}"
    return RefGuess(flaw=missing) if guess.flaw else RefGuess(guess.selector, guess.value, doubt=missing)


def _by_form(kind: RefKind, ref: str) -> RefGuess:
    if kind in _SELECTORS:
        return RefGuess(_SELECTORS[kind], ref)
    if _SHORT_COMMIT.fullmatch(ref) and version_of_tag(ref) is None:
        flaw = f"'{ref}' may be a shortened commit id, but its repository could not be read"
        return RefGuess(flaw=flaw, is_unasked=True)
    if _TAG.fullmatch(ref) and not ref.endswith(".x"):
        return RefGuess(SelectorKind.TAG, ref)
    is_plain = "/" in ref or ref in _USUAL_BRANCHES
    return RefGuess(
        SelectorKind.BRANCH, ref, doubt=None if is_plain else f"'{ref}' is assumed to be a branch"
    )


_PUBLIC_HOSTS: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org"})
"""Hosts that ask for a password if a repository does not exist."""


def leave_dead_forks(found: FoundSources, resolver: RefResolver) -> FoundSources:
    """Return the sources with the modules of missing repositories at upstream's, with a note for each.

    A repository is replaced only if upstream has every commit that its modules name: a branch or tag of a
    fork may be another one than upstream's of the same name.
    """
    forks = _dead_forks(found.environments, resolver)
    upstream = {home: _upstream(modules[0].name) for home, modules in forks.items()}
    candidates = {home: url for home, url in upstream.items() if url is not None and url != home}
    resolver.fetch(candidates.values())
    moved = {
        home: url
        for home, url in candidates.items()
        if (mirror := resolver.mirror(url)) and all(_has_commit(mirror, module) for module in forks[home])
    }
    environments = tuple(
        replace(each, modules=tuple(_moved(module, moved) for module in each.modules))
        for each in found.environments
    )
    return replace(found, environments=environments, notes=(*found.notes, *_notes(moved, forks)))


def _dead_forks(
    environments: Iterable[FoundEnvironment], resolver: RefResolver
) -> Mapping[str, Sequence[FoundModule]]:
    """Return the modules of each repository that does not exist."""
    forks: dict[str, list[FoundModule]] = {}
    for module in (module for environment in environments for module in environment.modules if module.git):
        home = current_home(module.git or "")
        failure = resolver.mirrors.get(home)
        if isinstance(failure, SyncFailure) and _is_missing(failure):
            forks.setdefault(home, []).append(module)
    return forks


def _is_missing(failure: SyncFailure) -> bool:
    is_public = urlsplit(failure.url).hostname in _PUBLIC_HOSTS
    return failure.kind is FailureKind.NOT_FOUND or (
        failure.kind is FailureKind.AUTHENTICATION and is_public and failure.url.startswith("https:")
    )


def _upstream(name: str) -> str | None:
    entry, known = find_module(name, None), third_party(name)
    return entry.git if entry is not None else known.git if known is not None else None


def _has_commit(mirror: Mirror, module: FoundModule) -> bool:
    if module.commit is None and module.kind not in {RefKind.COMMIT, RefKind.ANY}:
        return False
    commit = (module.commit or module.ref or "").lower()
    if COMMIT.fullmatch(commit):
        return bool(has_commits(mirror, [commit]))
    is_name = mirror.refs.branch(module.ref or "") or mirror.refs.tag(module.ref or "")
    return not is_name and isinstance(expand_commit(mirror, commit), str)


def _moved(module: FoundModule, moved: Mapping[str, str]) -> FoundModule:
    url = moved.get(current_home(module.git)) if module.git else None
    return replace(module, git=url) if url else module


def _notes(moved: Mapping[str, str], forks: Mapping[str, Sequence[FoundModule]]) -> Iterator[Problem]:
    for home, url in moved.items():
        first = forks[home][0]
        message = (
            f"module '{first.name}': {home} does not exist; its commits are in {url}, which is used instead"
        )
        yield Problem(message, first.place)
