"""Decide on the current repository, selector and release of found modules, and on valid environment names.

A release is determined even if a source names only commits: a manifest can then name the release, while the lock
holds each module at exactly the source's commit.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pinner.adopting.ref_guess import PlacedModule, RefGuess, guess_ref
from pinner.git.objects.history import is_ancestor
from pinner.git.objects.read import has_commits
from pinner.locking.resolve import RefResolver
from pinner.model.errors import InputError, Problem
from pinner.model.lock import BRANCH, TAG, SelectorKind, Series
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind, Settings
from pinner.model.text import check_git_url, quoted
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
)
from pinner.puppet.versions import parse_range, parse_version, version_of_tag
from pinner.workspace.locks import read_metadata

if TYPE_CHECKING:
    from pinner.git.process.repository import Mirror


def with_names(found: FoundSources, name: str | None) -> FoundSources:
    """Return what was found with names that Puppet allows, the one environment under `name` if that is given.

    Raises InputError if `name` is invalid, if there is not exactly one environment for it, or if two
    environments would get the same name.
    """
    environments = found.environments if name is None else (_only(found, name),)
    renamed = tuple(replace(each, name=suggest_name(each.name)) for each in environments)
    _refuse_equal_names(environments, renamed)
    notes = [
        Problem(f"the environment {quoted(old.name)} becomes '{new.name}', which Puppet allows")
        for old, new in zip(environments, renamed, strict=True)
        if old.name != new.name
    ]
    return replace(found, environments=renamed, notes=(*found.notes, *notes))


def _only(found: FoundSources, name: str) -> FoundEnvironment:
    if flaw := check_environment_name(name):
        raise InputError(Problem(flaw))
    if len(found.environments) != 1:
        message = f"'--as {name}' names one environment, and there are {len(found.environments)}"
        raise InputError(Problem(message, hint="import them one by one, or leave '--as' away"))
    return replace(found.environments[0], name=name)


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
    return named or _most_common(_carried(modules)) or _most_common(_by_version(modules))


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


def _by_version(modules: Sequence[PlacedModule]) -> Iterator[Series]:
    """Yield the releases that have the major versions of the modules' tags."""
    for module in modules:
        if module.selector is SelectorKind.TAG and is_openstacks(module):
            version = version_of_tag(module.value)
            yield from series_of_major(module.name, version.release[0]) if version else ()


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
    return replace(placed, modules=tuple(_tight(module) for module in placed.modules))


def _tight(module: PlacedModule) -> PlacedModule:
    is_fixed = module.selector in {SelectorKind.COMMIT, SelectorKind.TAG}
    if module.commit is None or is_fixed:
        return module
    return replace(
        module,
        selector=SelectorKind.COMMIT,
        value=module.commit,
        series=None,
        floats=False,
        was=f"{module.selector} {module.value}",
    )


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
