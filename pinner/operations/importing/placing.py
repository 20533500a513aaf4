"""From what was found to what a manifest can say: each module's home of today, and the one selector it has."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from pinner.openstack.catalogue import canonical_module, ref_candidates, third_party
from pinner.openstack.moved import current_home
from pinner.openstack.series import Series, all_series
from pinner.operations.answers import Answers
from pinner.operations.importing.placed import Placed
from pinner.operations.importing.telling import Told, tell_ref
from pinner.puppet.git_urls import check_git_url
from pinner.puppet.names import check_forge_name, check_forge_version, check_install_path, quoted
from pinner.puppet.ranges import parse_range
from pinner.words.imports import FoundEnvironment, FoundModule, RefKind
from pinner.words.problems import Problem
from pinner.words.refs import BRANCH, TAG
from pinner.words.wants import Selector

_PARTIAL: Final = "name one in the source, or leave the module out with --partial"
_MARKS_OF_A_DAY: Final = ("-eom", "-em")
_ANY_VERSION: Final = ">= 0.0.0"
_FLOATING: Final = re.compile(
    r"master|main|trunk|head|dev|devel|develop|development|v?\d+(\.\d+)*\.x", re.IGNORECASE
)
_LOGIN: Final = re.compile(r"https?://[^/]*@")


@dataclass(frozen=True, slots=True)
class PlacedEnvironment:
    """One environment's modules in the order found; `problems` name those that are missing.

    `unasked` are those of the problems that their repositories' answer would mend.
    """

    found: FoundEnvironment
    modules: tuple[Placed, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    unasked: tuple[Problem, ...] = ()


def homes_to_ask(environments: Iterable[FoundEnvironment]) -> frozenset[str]:
    """Return the URLs of all repositories that can tell more about the refs named."""
    modules = (module for environment in environments for module in environment.modules)
    homes = {current_home(module.git) for module in modules if module.git}
    return frozenset(home for home in homes if check_git_url(home) is None)


def place_modules(environment: FoundEnvironment, answers: Answers) -> PlacedEnvironment:
    """Return the environment with everything about its modules decided."""
    placed: list[Placed] = []
    remarks: list[_Remark] = []
    for item in (item for module in environment.modules for item in _place(module, answers)):
        if isinstance(item, Placed):
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
    """What is to be told of a module; `is_lost` where it cannot be imported, `is_unasked` where that may yet change."""

    problem: Problem
    is_lost: bool = False
    is_unasked: bool = False


def _place(module: FoundModule, answers: Answers) -> Iterator[Placed | _Remark]:
    path_flaw = check_install_path(module.install_path) if module.install_path else None
    if path_flaw:
        yield _lost(module, path_flaw, "r10k refuses a path outside the environment; " + _PARTIAL)
    elif module.git is not None:
        yield from _place_git(module, module.git, answers)
    elif module.forge is not None:
        yield from _place_forge(module, module.forge)


def _place_git(module: FoundModule, url: str, answers: Answers) -> Iterator[Placed | _Remark]:
    home = current_home(url)
    if flaw := check_git_url(home):
        yield _lost(module, flaw, _PARTIAL)
        return
    if module.version is not None:
        yield from _place_range(module, home, module.version)
        return
    if _LOGIN.match(url) and not _LOGIN.match(home):
        message = f"module '{module.name}': the user and password in its URL are left out"
        yield _Remark(Problem(message, module.place, "git's credential helper is the place for them"))
    told = tell_ref(module, answers.mirror(home))
    if told.flaw or told.selector is None:
        yield replace(_lost(module, told.flaw or "", _PARTIAL), is_unasked=told.is_unasked)
        return
    if told.doubt:
        yield _Remark(Problem(f"module '{module.name}': {told.doubt}", module.place))
    placed = _placed(module, home, told, told.selector)
    yield placed
    if placed.floats and not told.doubt:
        message = (
            f"module '{module.name}': '{placed.value}' is no release: it moves on with whatever is developed"
        )
        yield _Remark(Problem(message, module.place, "pin a tag, a version or a commit"))


def _placed(module: FoundModule, home: str, told: Told, selector: Selector) -> Placed:
    series = carried_series(home, selector, told.value)
    return Placed(
        name=module.name,
        place=module.place,
        git=home,
        selector=selector,
        value=told.value,
        commit=told.value if selector is Selector.COMMIT else module.commit,
        series=series,
        floats=selector is Selector.BRANCH and series is None and _is_floating(module, told.value),
        install_path=module.install_path,
        is_module=module.is_module,
    )


def _is_floating(module: FoundModule, branch: str) -> bool:
    """Tell whether a branch is one of development, not one that somebody keeps for just this use."""
    return module.kind is RefKind.NONE or _FLOATING.fullmatch(branch) is not None


@cache
def carried_series(git: str, selector: Selector, value: str) -> Series | None:
    """Return the release that a ref of a repository carries for good.

    The tags `R-eom` and `R-em` mark a day after which branches went on, so they carry none.
    """
    prefix = {Selector.BRANCH: BRANCH, Selector.TAG: TAG}.get(selector)
    if prefix is None or value.endswith(_MARKS_OF_A_DAY):
        return None
    ref = f"{prefix}{value}"
    carrying = (each for each in all_series() if any(ref == one.ref for one in ref_candidates(git, each)))
    return next(carrying, None)


def _place_range(module: FoundModule, home: str, version: str) -> Iterator[Placed | _Remark]:
    """Yield a module of which the newest release tag in a range is wanted."""
    if parse_range(version).flaws:
        yield _lost(module, f"{quoted(version)} is no version range", _PARTIAL)
        return
    line = " ".join(version.split())  # a manifest has ranges in one
    placed = Placed(module.name, module.place, home, Selector.VERSION, line, commit=module.commit)
    yield replace(placed, install_path=module.install_path)


def _place_forge(module: FoundModule, forge: str) -> Iterator[Placed | _Remark]:
    if flaw := check_forge_name(forge):
        yield _lost(module, flaw, _PARTIAL)
    elif module.install_path:
        flaw = "no Puppetfile that all tools read has an install_path for a module of the Forge"
        yield _lost(module, flaw, "take it from git, or leave it out with --partial")
    elif module.version is not None and check_forge_version(module.version) is None:
        yield Placed(module.name, module.place, forge=forge, forge_version=module.version)
    elif (known := third_party(module.name)) and canonical_module(forge) in known.forge_names:
        for item in _place_range(module, known.git, module.version or _ANY_VERSION):
            yield item
            if isinstance(item, Placed):
                yield _no_longer_of_the_forge(module, item)
    else:
        message = "the Forge's newest version is no pin" if module.version is None else "a range is no pin"
        yield _lost(module, message, "give an exact version, or leave the module out with --partial")


def _no_longer_of_the_forge(module: FoundModule, placed: Placed) -> _Remark:
    asked = placed.value if module.version else "the latest version"
    message = f"module '{module.name}': {asked} from the Forge becomes the newest release tag of {placed.git}"
    return _Remark(Problem(message, module.place, "give an exact version to take it from the Forge"))


def _lost(module: FoundModule, flaw: str, hint: str) -> _Remark:
    return _Remark(Problem(f"module '{module.name}': {flaw}", module.place, hint), is_lost=True)
