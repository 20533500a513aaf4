"""Decide on the current repository, ref, selector and release of found modules, and on valid environment names.

A release is determined even if a source names only commits: a manifest can then name the release, while the lock
holds each module at exactly the source's commit. Repositories that moved or are missing are replaced or reported.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from pinner.git.objects.history import is_ancestor
from pinner.git.objects.read import commit_of, default_branch, expand_commit, has_commits
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.resolve import RefResolver
from pinner.model.errors import InputError, Location, Problem
from pinner.model.lock import BRANCH, TAG, SelectorKind, Series
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind, Settings
from pinner.model.text import check_git_url, quoted, redact_url
from pinner.openstack.catalogue import (
    ModuleEntry,
    all_series,
    canonical_module,
    current_home,
    find_module,
    find_repository,
    find_series,
    ref_candidates,
    release_of_tag,
    series_of_major,
    third_party,
)
from pinner.openstack.facts import derived
from pinner.project.files import suggest_name
from pinner.puppet.names import (
    check_environment_name,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_ref_name,
)
from pinner.puppet.versions import parse_range, parse_version, version_of_tag
from pinner.workspace.locks import read_metadata


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
    if mirror is None:
        return _by_form(module.kind, ref)
    # r10k, too, uses whichever exists, whatever the option is called.
    has = {SelectorKind.BRANCH: mirror.refs.branch(ref), SelectorKind.TAG: mirror.refs.tag(ref)}
    found = [selector for selector, commit in has.items() if commit]
    return _named(module.kind, ref, found) if found else _unnamed(module.kind, ref, mirror)


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
    candidates = {}
    for home, modules in forks.items():
        known = find_module(modules[0].name, None) or third_party(modules[0].name)
        if known and known.git != home:
            candidates[home] = known.git
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
    notes = [
        Problem(
            f"module '{forks[home][0].name}': {home} does not exist; its commits are in {url}, which is used instead",
            forks[home][0].place,
        )
        for home, url in moved.items()
    ]
    return replace(found, environments=environments, notes=(*found.notes, *notes))


def _dead_forks(
    environments: Iterable[FoundEnvironment], resolver: RefResolver
) -> Mapping[str, Sequence[FoundModule]]:
    """Return the modules of each repository that does not exist."""
    forks: dict[str, list[FoundModule]] = {}
    for module in (module for environment in environments for module in environment.modules if module.git):
        home = current_home(module.git or "")
        failure = resolver.mirrors.get(home)
        if isinstance(failure, SyncFailure):
            is_public = urlsplit(failure.url).hostname in _PUBLIC_HOSTS and failure.url.startswith("https:")
            is_asked = failure.kind is FailureKind.AUTHENTICATION
            if failure.kind is FailureKind.NOT_FOUND or (is_public and is_asked):
                forks.setdefault(home, []).append(module)
    return forks


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


def with_names(found: FoundSources, name: str | None) -> FoundSources:
    """Return what was found with names that Puppet allows, the one environment under `name` if that is given.

    Raises InputError if `name` is invalid, if there is not exactly one environment for it, or if two
    environments would get the same name.
    """
    environments = found.environments
    if name is not None:
        if flaw := check_environment_name(name):
            raise InputError(Problem(flaw))
        if len(environments) != 1:
            message = f"'--as {name}' names one environment, and there are {len(environments)}"
            raise InputError(Problem(message, hint="import them one by one, or leave '--as' away"))
        environments = (replace(environments[0], name=name),)
    renamed = tuple(replace(each, name=suggest_name(each.name)) for each in environments)
    _refuse_equal_names(environments, renamed)
    notes = [
        Problem(f"the environment {quoted(old.name)} becomes '{new.name}', which Puppet allows")
        for old, new in zip(environments, renamed, strict=True)
        if old.name != new.name
    ]
    return replace(found, environments=renamed, notes=(*found.notes, *notes))


def _refuse_equal_names(before: Sequence[FoundEnvironment], after: Sequence[FoundEnvironment]) -> None:
    first: dict[str, str] = {}
    problems = []
    for old, new in zip(before, after, strict=True):
        if new.name in first:
            message = f"the environments {quoted(first[new.name])} and {quoted(old.name)} would both be '{new.name}'"
            problems.append(Problem(message, hint="import them one by one and name them with '--as'"))
        first.setdefault(new.name, old.name)
    if problems:
        raise InputError(problems)


_PARTIAL: Final = "name one in the source, or omit the module with --partial"
_MARKS_OF_A_DAY: Final = ("-eom", "-em")
_ANY_VERSION: Final = ">= 0.0.0"
_FLOATING: Final = re.compile(
    r"master|main|trunk|head|dev|devel|develop|development|v?\d+(\.\d+)*\.x", re.IGNORECASE
)
_LOGIN: Final = re.compile(r"https?://[^/]*@")


@dataclass(frozen=True, slots=True)
class PlacedEnvironment:
    """One environment's modules in the order found.

    `problems` name those that are missing; `unasked` are the problems that an answer from the repositories
    would fix.
    """

    found: FoundEnvironment
    modules: tuple[PlacedModule, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    unasked: tuple[Problem, ...] = ()


def homes_to_fetch(environments: Iterable[FoundEnvironment]) -> frozenset[str]:
    """Return the URLs of all repositories that are needed to resolve the refs found."""
    modules = (module for environment in environments for module in environment.modules)
    homes = {current_home(module.git) for module in modules if module.git}
    return frozenset(home for home in homes if check_git_url(home) is None)


def place_modules(environment: FoundEnvironment, resolver: RefResolver) -> PlacedEnvironment:
    """Return the environment with the repository and selector of each module decided."""
    placed: list[PlacedModule] = []
    remarks: list[_Remark] = []
    for item in (item for module in environment.modules for item in _place(module, resolver)):
        if isinstance(item, PlacedModule):
            placed.append(item)
        else:
            remarks.append(item)
    return PlacedEnvironment(
        environment,
        tuple(placed),
        problems=tuple(remark.problem for remark in remarks if remark.is_lost),
        notes=tuple(remark.problem for remark in remarks if not remark.is_lost),
        unasked=tuple(remark.problem for remark in remarks if remark.is_unasked),
    )


@dataclass(frozen=True, slots=True)
class _Remark:
    """What to report about a module.

    `is_lost`: it cannot be imported. `is_unasked`: that may change once its repository resolver.
    """

    problem: Problem
    is_lost: bool = False
    is_unasked: bool = False


def _place(module: FoundModule, resolver: RefResolver) -> Iterator[PlacedModule | _Remark]:
    path_flaw = check_install_path(module.install_path) if module.install_path else None
    if path_flaw:
        yield _lost(module, path_flaw, "r10k refuses a path outside the environment; " + _PARTIAL)
    elif module.git is not None:
        yield from _place_git(module, module.git, resolver)
    elif module.forge is not None:
        yield from _place_forge(module, module.forge)


def _place_git(module: FoundModule, url: str, resolver: RefResolver) -> Iterator[PlacedModule | _Remark]:
    home = current_home(url)
    if flaw := check_git_url(home):
        yield _lost(module, flaw, _PARTIAL)
        return
    if module.version is not None:
        yield from _place_range(module, home, module.version)
        return
    if _LOGIN.match(url) and not _LOGIN.match(home):
        message = f"module '{module.name}': the user and password in its URL are removed"
        yield _Remark(Problem(message, module.place, "store them with git's credential helper"))
    guess = guess_ref(module, resolver.mirror(home))
    if guess.flaw or guess.selector is None:
        yield replace(_lost(module, guess.flaw or "", _PARTIAL), is_unasked=guess.is_unasked)
        return
    if guess.doubt:
        yield _Remark(Problem(f"module '{module.name}': {guess.doubt}", module.place))
    placed = _placed(module, home, guess, guess.selector)
    yield placed
    if placed.floats and not guess.doubt:
        message = f"module '{module.name}': '{placed.value}' is a development branch, not a release, so its commit changes often"
        yield _Remark(Problem(message, module.place, "pin a tag, a version or a commit"))


def _placed(module: FoundModule, home: str, guess: RefGuess, selector: SelectorKind) -> PlacedModule:
    series = carried_series(home, selector, guess.value)
    is_floating = module.kind is RefKind.NONE or _FLOATING.fullmatch(guess.value) is not None
    return PlacedModule(
        name=module.name,
        place=module.place,
        git=home,
        selector=selector,
        value=guess.value,
        commit=guess.value if selector is SelectorKind.COMMIT else module.commit,
        series=series,
        floats=selector is SelectorKind.BRANCH and series is None and is_floating,
        install_path=module.install_path,
        is_module=module.is_module,
    )


@derived
def carried_series(git: str, selector: SelectorKind, value: str) -> Series | None:
    """Return the release that a ref of a repository always carries, None if it carries none.

    The tags `R-eom` and `R-em` mark a date after which the branches continued, so they carry none.
    """
    prefix = {SelectorKind.BRANCH: BRANCH, SelectorKind.TAG: TAG}.get(selector)
    if prefix is None or value.endswith(_MARKS_OF_A_DAY):
        return None
    ref = f"{prefix}{value}"
    carrying = (each for each in all_series() if any(ref == one.ref for one in ref_candidates(git, each)))
    return next(carrying, None)


def _place_range(module: FoundModule, home: str, version: str) -> Iterator[PlacedModule | _Remark]:
    """Yield a module for which the newest release tag in a range is required."""
    if parse_range(version).flaws:
        yield _lost(module, f"{quoted(version)} is not a valid version range", _PARTIAL)
        return
    line = " ".join(version.split())  # in a manifest a range is on one line
    placed = PlacedModule(module.name, module.place, home, SelectorKind.VERSION, line, commit=module.commit)
    yield replace(placed, install_path=module.install_path)


def _place_forge(module: FoundModule, forge: str) -> Iterator[PlacedModule | _Remark]:
    if flaw := check_forge_name(forge):
        yield _lost(module, flaw, _PARTIAL)
    elif module.install_path:
        flaw = "not all tools read an install_path for a module of the Forge"
        yield _lost(module, flaw, "take it from git, or omit it with --partial")
    elif module.version is not None and check_forge_version(module.version) is None:
        yield PlacedModule(module.name, module.place, forge=forge, forge_version=module.version)
    elif (known := third_party(module.name)) and canonical_module(forge) in known.forge_names:
        for item in _place_range(module, known.git, module.version or _ANY_VERSION):
            yield item
            if isinstance(item, PlacedModule):
                yield _no_longer_of_the_forge(module, item)
    else:
        message = (
            "the newest version of the Forge cannot be pinned"
            if module.version is None
            else "a range cannot be pinned"
        )
        yield _lost(module, message, "give an exact version, or omit the module with --partial")


def _no_longer_of_the_forge(module: FoundModule, placed: PlacedModule) -> _Remark:
    required = placed.value if module.version else "the latest version"
    message = (
        f"module '{module.name}': {required} from the Forge becomes the newest release tag of {placed.git}"
    )
    return _Remark(Problem(message, module.place, "give an exact version to take it from the Forge"))


def _lost(module: FoundModule, flaw: str, hint: str) -> _Remark:
    return _Remark(Problem(f"module '{module.name}': {flaw}", module.place, hint), is_lost=True)


def recognise(found: FoundEnvironment, modules: Sequence[PlacedModule]) -> Series | None:
    """Return the release: the source's own, else that of most branches and tags, else of most versions."""
    named = find_series(found.release) if found.release else None
    by_version = (
        series
        for module in modules
        if module.selector is SelectorKind.TAG and is_openstacks(module)
        if (version := version_of_tag(module.value))
        for series in series_of_major(module.name, version.release[0])
    )
    return named or _most_common(_carried(modules)) or _most_common(by_version)


def follows(module: PlacedModule, release: Series | None, settings: Settings) -> bool:
    """Return whether the module is exactly what the release has: then its name in `openstack:` is enough."""
    if release is None or module.series != release or module.install_path or not module.is_module:
        return False
    return module.name not in settings.modules and carries(module, release, settings)


def carries(module: PlacedModule, series: Series, settings: Settings) -> bool:
    """Return whether the module is one that follows releases, so that `release:` selects its ref."""
    entry = find_module(module.name, series)
    is_following = isinstance(entry, ModuleEntry) and entry.follows_releases
    return is_following and is_at_home(module, series, settings)


def is_at_home(module: PlacedModule, release: Series | None, settings: Settings) -> bool:
    """Return whether the module's name alone leads to its repository, so that a manifest need not name it."""
    if module.name in settings.modules:
        return settings.modules[module.name] == module.git
    entry = find_module(module.name, release)
    return entry is not None and entry.git == module.git


def is_openstacks(module: PlacedModule) -> bool:
    """Return whether it is one of OpenStack's own modules, or a fork of one."""
    is_named = isinstance(find_module(module.name, None), ModuleEntry)
    return is_named or (module.git is not None and find_repository(module.git) is not None)


def _carried(modules: Sequence[PlacedModule]) -> Iterator[Series]:
    for module in modules:
        series = module.series
        if series is None and module.selector is SelectorKind.TAG:
            series = release_of_tag(module.git or "", module.value)
        if series and is_openstacks(module):
            yield series


def _most_common(votes: Iterable[Series]) -> Series | None:
    count = Counter(votes)
    return max(count, key=lambda series: (count[series], series.position)) if count else None


_ENOUGH: Final = 3
"""Number of OpenStack's own modules that must be at commits to count as a lock instead of single
exceptions."""


def infer_release(placed: PlacedEnvironment, resolver: RefResolver, settings: Settings) -> PlacedEnvironment:
    """Return the environment with the release that its commits belong to, unchanged if not all are commits.

    Only OpenStack's own modules at their usual repositories count; there must be at least _ENOUGH of them.
    """
    own = [
        module for module in placed.modules if is_openstacks(module) and is_at_home(module, None, settings)
    ]
    if len(own) < _ENOUGH or any(module.selector is not SelectorKind.COMMIT for module in own):
        return placed
    series = dict(_series_by_module(own, resolver))
    named = find_series(placed.found.release) if placed.found.release else None
    release = named or _most_common(one for votes in series.values() for one in votes)
    if release is None:
        return placed
    follow = {
        module.name
        for module in own
        if release in series.get(module.name, ()) and _is_on(module, release, resolver)
    }
    modules = (
        replace(module, series=release) if module.name in follow else _by_tag(module, resolver)
        for module in placed.modules
    )
    return replace(placed, modules=tuple(modules))


def _by_tag(module: PlacedModule, resolver: RefResolver) -> PlacedModule:
    """Return the module with the newest release tag at its commit, unchanged if there is none."""
    mirror = resolver.mirror(module.git or "")
    if mirror is None or module.selector is not SelectorKind.COMMIT:
        return module
    tags = [
        (version, tag)
        for tag in mirror.refs.tags
        if mirror.refs.tag(tag) == module.value and (version := version_of_tag(tag)) is not None
    ]
    return replace(module, selector=SelectorKind.TAG, value=max(tags)[1]) if tags else module


def restore_commits(placed: PlacedEnvironment) -> PlacedEnvironment:
    """Return the environment with the commit for every module that has one, for a manifest without a lock."""
    modules = []
    for module in placed.modules:
        is_fixed = module.selector in {SelectorKind.COMMIT, SelectorKind.TAG}
        if module.commit is None or is_fixed:
            modules.append(module)
        else:
            modules.append(
                replace(
                    module,
                    selector=SelectorKind.COMMIT,
                    value=module.commit,
                    series=None,
                    floats=False,
                    was=f"{module.selector} {module.value}",
                )
            )
    return replace(placed, modules=tuple(modules))


def _series_by_module(
    modules: Sequence[PlacedModule], resolver: RefResolver
) -> Iterator[tuple[str, tuple[Series, ...]]]:
    """Yield each module's name and the releases with the major version in its metadata at its commit."""
    mirrors = {module.name: resolver.mirror(module.git or "") for module in modules}
    commits: dict[Mirror, list[str]] = {}
    for module in modules:
        mirror = mirrors[module.name]
        if mirror is not None and has_commits(mirror, [module.value]):
            commits.setdefault(mirror, []).append(module.value)
    metadata = read_metadata(commits, resolver.workspace)
    for module in modules:
        known = metadata.get(module.value)
        version = parse_version(known.version) if known and known.version else None
        if version is not None:
            yield module.name, series_of_major(module.name, version.release[0])


def _is_on(module: PlacedModule, release: Series, resolver: RefResolver) -> bool:
    """Return whether the ref that carries the release contains the commit."""
    mirror = resolver.mirror(module.git or "")
    if mirror is None:
        return False
    refs: Mapping[str, str] = mirror.refs.commits
    tip = next((refs[one.ref] for one in ref_candidates(mirror.url, release) if one.ref in refs), None)
    return tip is not None and is_ancestor(mirror, module.value, tip)
