"""The modules of one Puppetfile as what was found: every option that r10k and librarian-puppet know has its meaning."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pinner.project.quoting import redact
from pinner.puppet.names import check_module_name, quoted
from pinner.puppet.puppetfile import (
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
    Reading,
    read_puppetfile,
)
from pinner.puppet.puppetfile.values import DEFAULT_MODULEDIR, REFS
from pinner.puppet.ruby.declarations import Symbol
from pinner.words.imports import FoundModule, RefKind
from pinner.words.places import Place
from pinner.words.problems import Problem

_CONTROL_BRANCH: Final = Symbol("control_branch")
_KINDS: Final = {
    "branch": RefKind.BRANCH,
    "tag": RefKind.TAG,
    "commit": RefKind.COMMIT,
    "ref": RefKind.ANY,
    "version": RefKind.ANY,
}
_NOT_TAKEN: Final = {
    "default_branch": "pinner never takes another ref than the one that is asked for",
    "default_branch_override": "pinner never takes another ref than the one that is asked for",
    "exclude_spec": "r10k's own default is to delete spec/ after a checkout",
}
_GITHUB: Final = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
_TITLE: Final = re.compile(r"(?:\w+[-/])?\w+", re.ASCII)
_PUBLIC_FORGES: Final = frozenset(
    f"{name}.{owner}.com" for name in ("forge", "forgeapi") for owner in ("puppet", "puppetlabs")
)
_PARTIAL: Final = "leave it out with --partial"
MOST: Final = 1000
"""Modules of one Puppetfile: each names a repository that is asked, and no environment has a tenth of that."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What one Puppetfile declares; `problems` name what is missing in `modules`, `notes` what deserves a look."""

    modules: tuple[FoundModule, ...]
    moduledir: str = "modules"
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def read_declared(content: str | bytes, path: str, *, branch: str | None = None) -> Declared:
    """Return the modules of a Puppetfile; nothing raises.

    `path` is named in messages. `branch` is what `:control_branch` means: the branch of the control repository that
    the file lies on, where that is known.
    """
    return declare(read_puppetfile(content, path=path), path, branch=branch)


def declare(reading: Reading, path: str, *, branch: str | None = None) -> Declared:
    """Return the modules of what was read, of a Puppetfile or of another file with r10k's options."""
    if len(reading.puppetfile.modules) > MOST:
        message = (
            f"there are {len(reading.puppetfile.modules)} modules here: no environment has more than {MOST}"
        )
        return Declared((), problems=(Problem(message, Place(path)),))
    answers = [(module, _found(module, branch)) for module in reading.puppetfile.modules]
    failed = [module for module, answer in answers if isinstance(answer, Problem)]
    problems = (answer for _, answer in answers if isinstance(answer, Problem))
    return Declared(
        modules=tuple(_at_home(answer, reading) for _, answer in answers if isinstance(answer, FoundModule)),
        moduledir=reading.puppetfile.moduledir,
        problems=_in_order((*reading.unread, *problems)),
        notes=_in_order(
            (
                *_remarks(reading, failed),
                *_left_behind(reading.puppetfile.modules),
                *_settings(reading.puppetfile, path),
            )
        ),
    )


def _found(module: PuppetfileModule, branch: str | None) -> FoundModule | Problem | None:
    """Return the module, why it cannot be imported, or None for one that is in the control repository itself."""
    place = module.place or Place("Puppetfile")
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
            message = f"module {quoted(module.name)}: pinner pins git repositories, it takes nothing from {module.kind}"
            return Problem(message, place, f"put it into a git repository, or {_PARTIAL}")


def _at_home(module: FoundModule, reading: Reading) -> FoundModule:
    """Return the module with the directory it has by the `moduledir` above it, where the last of the file is another."""
    above = [value for place, value in reading.moduledirs if place < module.place]
    moduledir = above[-1] if above else DEFAULT_MODULEDIR
    is_elsewhere = bool(reading.moduledirs) and moduledir != reading.puppetfile.moduledir
    is_elsewhere = is_elsewhere and module.install_path is None
    return replace(module, install_path=moduledir) if is_elsewhere else module


def _git_module(module: PuppetfileModule, place: Place, branch: str | None) -> FoundModule | Problem:
    ref = _ref_option(module)
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
        return f":{ref.name} is no text"
    known = "only '--kind r10k' on the control repository itself knows it"
    return None if branch else f"it follows the control repository's branch: {known}"


def _ref_option(module: PuppetfileModule) -> Option | None:
    """Return the option that counts: r10k takes the last. librarian's version beside the name is no ref."""
    given = [option for option in module.options if option.name in REFS and option.place != module.place]
    return given[-1] if given else None


def _meaning(ref: Option | None, branch: str | None) -> tuple[RefKind, str | None]:
    if ref is not None and ref.value == _CONTROL_BRANCH:
        return RefKind.BRANCH, branch
    if ref is None or not isinstance(ref.value, str) or not ref.value:
        return RefKind.NONE, None
    return _KINDS[ref.name], ref.value


def _github_module(module: PuppetfileModule, place: Place) -> FoundModule | Problem:
    """Return librarian-puppet's module from a release archive of GitHub: the repository's tag of that version."""
    repository = module.text("github_tarball") or ""
    if not _GITHUB.fullmatch(repository):
        message = f"module {quoted(module.name)}: {quoted(repository)} is no repository of GitHub"
        return Problem(message, place, _PARTIAL)
    return FoundModule(
        module.directory, place, git=f"https://github.com/{repository}", version=module.text("version")
    )


def _remarks(reading: Reading, failed: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield what r10k would refuse or warn about in git modules that are imported all the same."""
    modules = sorted(reading.puppetfile.modules, key=lambda module: _position(module.place))
    places = [_position(module.place) for module in modules]
    told = {id(module) for module in failed}
    for problem in reading.problems:
        index = bisect_right(places, _position(problem.place)) - 1
        module = modules[index] if index >= 0 else None
        is_told = problem in reading.unread or (module is not None and id(module) in told)
        is_told = is_told or any(problem.place == place for place, _ in reading.moduledirs)
        if not is_told and (module is None or module.kind is ModuleKind.GIT):
            yield problem


def _left_behind(modules: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield one note for each option that a manifest has no place for, at its first module, and local modules."""
    options = [option for module in modules for option in module.options if option.name in _NOT_TAKEN]
    count: Mapping[str, int] = Counter(option.name for option in options)
    for option in {option.name: option for option in reversed(options)}.values():
        more = f" (in {count[option.name]} modules)" if count[option.name] > 1 else ""
        yield Problem(f":{option.name} is not taken over{more}: {_NOT_TAKEN[option.name]}", option.place)
    for module in modules:
        if module.kind in {ModuleKind.LOCAL, ModuleKind.PATH}:
            message = f"module {quoted(module.name)}: it lies in the control repository itself, there is nothing to pin"
            yield Problem(message, module.place)


def _settings(puppetfile: Puppetfile, path: str) -> Iterator[Problem]:
    """Yield a note for what a Puppetfile sets for all of its modules and a manifest does not."""
    host = (puppetfile.forge or "").partition("://")[2].partition("/")[0]
    if puppetfile.forge is not None and host not in _PUBLIC_FORGES:
        message = f"the Forge {quoted(redact(puppetfile.forge))} is not taken over"
        yield Problem(message, Place(path), "r10k.yaml is the place for it: forge.baseurl")
    if puppetfile.exclusions:
        names = ", ".join(map(quoted, puppetfile.exclusions))
        yield Problem(f"the exclusion of {names} is not taken over: r10k knows no such thing", Place(path))


def _position(place: Place | None) -> tuple[int, int]:
    return (place.line or 0, place.column or 0) if place else (0, 0)


def _in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: _position(problem.place)))
