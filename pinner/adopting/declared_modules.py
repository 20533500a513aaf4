"""Convert one Puppetfile into found modules, with the meaning of all options of r10k and librarian-puppet."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.manifest import FoundModule, RefKind
from pinner.model.text import quoted
from pinner.puppet.names import check_module_name
from pinner.puppet.puppetfile.reader import (
    REFS,
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
    Reading,
    read_puppetfile,
)
from pinner.puppet.ruby.declarations import Symbol

_CONTROL_BRANCH: Final = Symbol("control_branch")
_KINDS: Final = {
    "branch": RefKind.BRANCH,
    "tag": RefKind.TAG,
    "commit": RefKind.COMMIT,
    "ref": RefKind.ANY,
    "version": RefKind.ANY,
}
_NOT_TAKEN: Final = {
    "default_branch": "pinner never uses a ref other than the required one",
    "default_branch_override": "pinner never uses a ref other than the required one",
    "exclude_spec": "r10k's own default is to delete spec/ after a checkout",
}
_GITHUB: Final = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_TITLE: Final = re.compile(r"(?:\w+[-/])?\w+", re.ASCII)
_PUBLIC_FORGES: Final = frozenset(
    f"{name}.{owner}.com" for name in ("forge", "forgeapi") for owner in ("puppet", "puppetlabs")
)
_PARTIAL: Final = "omit it with --partial"
_DEFAULT: Final = "use --partial to take that value"
MOST: Final = 1000
"""Maximum number of modules in one Puppetfile. Each is a repository to contact, and no environment has a
tenth of that."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What one Puppetfile declares.

    `problems` name what is missing in `modules`, `assumed` the values of the run that were replaced by their
    defaults, `notes` what the user should check.
    """

    modules: tuple[FoundModule, ...]
    moduledir: str = "modules"
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    assumed: tuple[Problem, ...] = ()


def read_declared(content: str | bytes, path: str, *, branch: str | None = None) -> Declared:
    """Return the modules of a Puppetfile; raises nothing.

    `path` is used in messages. `branch` is what `:control_branch` means: the branch of the control repository
    that the file is from, if known.
    """
    return declare(read_puppetfile(content, path=path), path, branch=branch)


def declare(reading: Reading, path: str, *, branch: str | None = None) -> Declared:
    """Return the modules of a parsed Puppetfile, or of another parsed file with r10k's options."""
    if len(reading.puppetfile.modules) > MOST:
        message = (
            f"there are {len(reading.puppetfile.modules)} modules here: no environment has more than {MOST}"
        )
        return Declared((), problems=(Problem(message, Location(path)),))
    items = [(module, _found(module, branch)) for module in reading.puppetfile.modules]
    moduledirs = reading.moduledir_by_module or (reading.puppetfile.moduledir,) * len(items)
    failed = [module for module, item in items if isinstance(item, Problem)]
    problems = (item for _, item in items if isinstance(item, Problem))
    return Declared(
        modules=tuple(
            _at_home(item, moduledir, reading)
            for (_, item), moduledir in zip(items, moduledirs, strict=True)
            if isinstance(item, FoundModule)
        ),
        moduledir=reading.puppetfile.moduledir,
        problems=_in_order((*reading.unread, *problems)),
        notes=_in_order(
            (
                *_remarks(reading, failed),
                *_left_behind(reading.puppetfile.modules),
                *_settings(reading.puppetfile, path),
                *reading.notes,
            )
        ),
        assumed=tuple(replace(problem, hint=_DEFAULT) for problem in reading.assumed),
    )


def _found(module: PuppetfileModule, branch: str | None) -> FoundModule | Problem | None:
    """Return the module, the problem that prevents its import, or None if it is in the control repository."""
    place = module.place or Location("Puppetfile")
    name = module.directory if _TITLE.fullmatch(module.name) else module.name
    if flaw := check_module_name(name):
        return Problem(f"module {quoted(module.name)}: {flaw}", place, _PARTIAL)
    match module.kind:
        case ModuleKind.GIT:
            return _git_module(module, place, branch)
        case ModuleKind.FORGE:
            forge = module.name.replace("-", "/", 1)
            path = module.install_path
            return FoundModule(
                module.directory, place, forge=forge, version=module.version, install_path=path
            )
        case ModuleKind.GITHUB_TARBALL:
            return _github_module(module, place)
        case ModuleKind.LOCAL | ModuleKind.PATH:
            return None
        case _:
            message = f"module {quoted(module.name)}: pinner pins git repositories and cannot import from {module.kind}"
            return Problem(message, place, f"move it to a git repository, or {_PARTIAL}")


def _at_home(module: FoundModule, moduledir: str, reading: Reading) -> FoundModule:
    """Return the module with the directory that the `moduledir` before it sets, if a later one overrides it.

    A manifest has one moduledir, so that directory becomes the module's install path.
    """
    is_elsewhere = bool(reading.moduledirs) and moduledir != reading.puppetfile.moduledir
    is_elsewhere = is_elsewhere and module.install_path is None
    return replace(module, install_path=moduledir) if is_elsewhere else module


def _git_module(module: PuppetfileModule, place: Location, branch: str | None) -> FoundModule | Problem:
    # r10k uses the last ref option. librarian's version right after the name is not a ref.
    given = [option for option in module.options if option.name in REFS and option.place != module.place]
    ref = given[-1] if given else None
    if flaw := _git_flaw(module, ref, branch):
        return Problem(f"module {quoted(module.name)}: {flaw}", place, _PARTIAL)
    kind, name = _meaning(ref, branch)
    path = module.install_path
    return FoundModule(module.directory, place, git=module.git, kind=kind, ref=name, install_path=path)


def _git_flaw(module: PuppetfileModule, ref: Option | None, branch: str | None) -> str | None:
    if module.git is None:
        return "it has no URL"
    if module.text("path") is not None:
        return "it is a directory inside its repository, which neither r10k nor pinner installs"
    if ref is None or ref.value is None or isinstance(ref.value, str):
        return None
    if ref.value != _CONTROL_BRANCH:
        return f":{ref.name} is not text"
    known = "import the control repository itself with '--kind r10k'"
    return None if branch else f"it follows the control repository's branch: {known}"


def _meaning(ref: Option | None, branch: str | None) -> tuple[RefKind, str | None]:
    if ref is not None and ref.value == _CONTROL_BRANCH:
        return RefKind.BRANCH, branch
    if ref is None or not isinstance(ref.value, str) or not ref.value:
        return RefKind.NONE, None
    return _KINDS[ref.name], ref.value


def _github_module(module: PuppetfileModule, place: Location) -> FoundModule | Problem:
    """Return librarian-puppet's module from a GitHub archive: the repository's tag of that version."""
    repository = module.text("github_tarball") or ""
    if not _GITHUB.fullmatch(repository):
        message = f"module {quoted(module.name)}: {quoted(repository)} is not a GitHub repository"
        return Problem(message, place, _PARTIAL)
    return FoundModule(
        module.directory, place, git=f"https://github.com/{repository}", version=module.text("version")
    )


def _remarks(reading: Reading, failed: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield what r10k would refuse or warn about in git modules that are imported anyway."""
    modules = sorted(reading.puppetfile.modules, key=lambda module: _position(module.place))
    places = [_position(module.place) for module in modules]
    reported = {id(module) for module in failed}
    for problem in reading.problems:
        index = bisect_right(places, _position(problem.place)) - 1
        module = modules[index] if index >= 0 else None
        is_reported = (
            problem in reading.unread
            or problem in reading.assumed
            or (module is not None and id(module) in reported)
        )
        is_reported = is_reported or any(problem.place == place for place, _ in reading.moduledirs)
        if not is_reported and (module is None or module.kind is ModuleKind.GIT):
            yield problem


def _left_behind(modules: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield a note per option that a manifest cannot hold, at its first module, and one per local module."""
    options = [option for module in modules for option in module.options if option.name in _NOT_TAKEN]
    count: Mapping[str, int] = Counter(option.name for option in options)
    for option in {option.name: option for option in reversed(options)}.values():
        more = f" (in {count[option.name]} modules)" if count[option.name] > 1 else ""
        yield Problem(f":{option.name} is not imported{more}: {_NOT_TAKEN[option.name]}", option.place)
    for module in modules:
        if module.kind in {ModuleKind.LOCAL, ModuleKind.PATH}:
            message = f"module {quoted(module.name)}: it is part of the control repository, so there is nothing to pin"
            yield Problem(message, module.place)


def _settings(puppetfile: Puppetfile, path: str) -> Iterator[Problem]:
    """Yield a note for each setting of the whole Puppetfile that a manifest does not have."""
    host = (puppetfile.forge or "").partition("://")[2].partition("/")[0]
    if puppetfile.forge is not None and host not in _PUBLIC_FORGES:
        message = f"the Forge {quoted(puppetfile.forge)} is not imported"
        yield Problem(message, Location(path), "set it in r10k.yaml as forge.baseurl")
    if puppetfile.exclusions:
        names = ", ".join(map(quoted, puppetfile.exclusions))
        yield Problem(
            f"the exclusion of {names} is not imported: r10k does not support exclusions", Location(path)
        )


def _position(place: Location | None) -> tuple[int, int]:
    return (place.line or 0, place.column or 0) if place else (0, 0)


def _in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: _position(problem.place)))
