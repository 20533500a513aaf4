"""Import Puppetfiles, librarian-puppet's locks and Fuel's pairs of Puppetfiles as environments.

All options of r10k and librarian-puppet have their meaning there.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pinner.model.control import ENVIRONMENT_CONF, own_module_directories
from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind
from pinner.model.text import quoted
from pinner.project.files import read_file, resolve
from pinner.puppet.foreign import LARGEST_LOCK, LockedModule, SourceKind, read_librarian_lock
from pinner.puppet.names import check_commit, check_module_name, check_moduledir
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
MOST_DECLARED: Final = 1000
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
    if len(reading.puppetfile.modules) > MOST_DECLARED:
        message = f"there are {len(reading.puppetfile.modules)} modules here: no environment has more than {MOST_DECLARED}"
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
    if ref is not None and ref.value == _CONTROL_BRANCH:
        kind, name = RefKind.BRANCH, branch
    elif ref is None or not isinstance(ref.value, str) or not ref.value:
        kind, name = RefKind.NONE, None
    else:
        kind, name = _KINDS[ref.name], ref.value
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


MOST_OF_ONE: Final = 2_000
"""Maximum number of modules in one environment. Each is a repository to contact; the largest sites have
several hundred."""
MOST: Final = 200_000
"""Maximum number of modules in all environments; two hundred environments of the largest sites have half of
that."""


def join_environments(parts: Iterable[FoundSources], *, most: int = MOST) -> FoundSources:
    """Return what was found in several places as one; endless parts are read only up to the limit.

    Raises InputError if there are more than `most` modules, or more than MOST_OF_ONE in one environment.
    """
    taken: list[FoundSources] = []
    number = 0
    for part in parts:
        for environment in part.environments:
            number += len(environment.modules)
            _refuse_too_many(environment, number, most)
        taken.append(part)
    return FoundSources(
        tuple(environment for part in taken for environment in part.environments),
        tuple(problem for part in taken for problem in part.problems),
        tuple(note for part in taken for note in part.notes),
        tuple(problem for part in taken for problem in part.assumed),
    )


def overlay_environments(parts: Sequence[FoundSources]) -> FoundSources:
    """Return several sources as one environment: a base, and overlays whose modules take precedence.

    Raises InputError if a source has not exactly one environment.
    """
    for part in parts:
        if len(part.environments) != 1:
            message = f"only sources with one environment can be joined, and one has {len(part.environments)}"
            raise InputError(Problem(message, hint="name a single Puppetfile, or a branch with #BRANCH"))
    joined = join_environments(parts)
    base = joined.environments[0]
    modules: dict[str, FoundModule] = {}
    notes = []
    for environment in joined.environments:
        for module in environment.modules:
            below = modules.get(module.name)
            is_elsewhere = environment.moduledir != base.moduledir and module.install_path is None
            modules[module.name] = (
                replace(module, install_path=environment.moduledir) if is_elsewhere else module
            )
            if below is not None:
                message = f"module '{module.name}': this takes precedence over {below.place}"
                notes.append(Problem(message, module.place))
    merged = replace(base, modules=tuple(modules.values()))
    _refuse_too_many(merged, len(merged.modules), MOST)
    return replace(joined, environments=(merged,), notes=(*joined.notes, *notes))


def _refuse_too_many(environment: FoundEnvironment, number: int, most: int) -> None:
    if len(environment.modules) > MOST_OF_ONE:
        what = f"the environment {quoted(environment.name)} has {len(environment.modules)} modules"
        message = f"{what}: the limit is {MOST_OF_ONE}"
    elif number > most:
        what = f"up to the environment {quoted(environment.name)} there are {number} modules"
        message = f"{what}: the limit is {most} at once"
    else:
        return
    raise InputError(Problem(message, Location(environment.modules[0].place.path)))


NAME: Final = "Puppetfile.lock"


def is_librarian(path: Path) -> bool:
    """Return whether the path is a Puppetfile.lock, or a directory that contains one."""
    file = _file(path)
    return file.name == NAME and file.is_file()


def read_librarian(path: Path) -> FoundSources:
    """Return the one environment of the lock.

    Raises InputError or UnknownError if the file cannot be read at all.
    """
    file = _file(path)
    lock = read_librarian_lock(read_file(file, shown=str(file), limit=LARGEST_LOCK + 1), str(file))
    items = [_locked(module) for module in lock.modules]
    problems = [item for item in items if isinstance(item, Problem)]
    kept: dict[str, FoundModule] = {}
    for module in (item for item in items if isinstance(item, FoundModule)):
        first = kept.setdefault(module.name, module)
        if first is not module:
            message = f"module '{module.name}' is already locked at {first.place}"
            problems.append(Problem(message, module.place, "use --partial to take the first one"))
    name = resolve(file).parent.name or "production"
    return FoundSources(
        (FoundEnvironment(name, NAME, tuple(kept.values())),),
        (*lock.problems, *problems),
        tuple(
            Problem(
                f"module {quoted(module.name)}: it is in the directory {quoted(module.options.get('remote', ''))},"
                " so there is nothing to pin",
                module.place,
            )
            for module in lock.modules
            if module.kind is SourceKind.PATH
        ),
    )


def _file(path: Path) -> Path:
    return path / NAME if path.is_dir() else path


def _locked(module: LockedModule) -> FoundModule | Problem | None:
    """Return the module, the problem that prevents its import, or None if it is in the project itself."""
    # As in librarian's util.rb: a module's own name is what follows the last dash.
    directory = module.name.replace("/", "-").rpartition("-")[2]
    if flaw := check_module_name(directory):
        return _problem(module, flaw)
    match module.kind:
        case SourceKind.PATH:
            return None
        case SourceKind.FORGE:
            forge = module.name.replace("-", "/", 1)
            return FoundModule(directory, module.place, forge=forge, version=module.version)
        case SourceKind.GITHUB_TARBALL:
            url = f"https://github.com/{module.options.get('remote', '')}"
            return FoundModule(directory, module.place, git=url, version=module.version)
        case SourceKind.GIT:
            return _locked_at_git(module, directory)


def _locked_at_git(module: LockedModule, directory: str) -> FoundModule | Problem:
    git, ref, sha = (module.options.get(key) for key in ("remote", "ref", "sha"))
    if git is None:
        return _problem(module, "its source has no remote")
    if "path" in module.options:
        return _problem(module, "it is part of a repository, and r10k installs only whole ones")
    if sha is None or check_commit(sha):
        return _problem(module, f"its sha {quoted(sha or '')} is not a full commit id")
    if ref is None or ref == sha:
        return FoundModule(directory, module.place, git=git, kind=RefKind.COMMIT, ref=sha, commit=sha)
    return FoundModule(directory, module.place, git=git, kind=RefKind.ANY, ref=ref, commit=sha)


def _problem(module: LockedModule, flaw: str) -> Problem:
    return Problem(f"module {quoted(module.name)}: {flaw}", module.place, _PARTIAL)


LONGEST: Final = 16 * 1024 * 1024
"""Maximum bytes of a file that is read; the Puppetfile reader has a smaller limit of its own."""
PUPPETFILE: Final = "Puppetfile"
_NAMED: Final = re.compile(r"Puppetfile[._-](?P<after>.+)|(?P<before>.+)[._-]Puppetfile")
_NOT_NAMES: Final = frozenset({"lock", "erb", "j2", "orig", "bak", "rej", "swp", "tmp"})
_FUEL: Final = (Path(PUPPETFILE), Path("puppet/openstack_tasks") / PUPPETFILE)
_LISTS: Final = ("openstack_modules.txt", "external_modules.txt")


def is_puppetfile(path: Path) -> bool:
    """Return whether the path has the name of a Puppetfile, or is a directory that contains one."""
    if path.is_dir():
        return next(_files(path), None) is not None
    return path.is_file() and (path.name == PUPPETFILE or _named(path) is not None)


def read_puppetfiles(path: Path) -> FoundSources:
    """Return an environment for the Puppetfile, or for each one in the directory.

    Raises InputError if there is none; InputError or UnknownError if a file cannot be read.
    """
    files = list(_files(path)) if path.is_dir() else [path]
    if not files:
        raise InputError(Problem("this directory has no Puppetfile", Location(str(path))))
    return join_environments(environment_of([file], name=_name(file), source=PUPPETFILE) for file in files)


def is_fuel(path: Path) -> bool:
    """Return whether the directory is fuel-library, or its `deployment` directory."""
    return _fuel_root(path) is not None


def read_fuel(path: Path) -> FoundSources:
    """Return the one environment that Fuel's Puppetfiles form together; raises InputError without them."""
    root = _fuel_root(path)
    if root is None:
        message = f"this directory has no deployment/{PUPPETFILE}"
        raise InputError(Problem(message, Location(str(path))))
    files = [root / file for file in _FUEL if (root / file).is_file()]
    return environment_of(files, name="fuel", source="Fuel")


def has_lists(path: Path) -> bool:
    """Return whether a Puppetfile is beside the lists from which it is generated, as in packstack."""
    return all((path / name).is_file() for name in (PUPPETFILE, *_LISTS))


def read_with_lists(path: Path) -> FoundSources:
    """Return the environment of the Puppetfile, with a note for each module that only a list names."""
    found = environment_of([path / PUPPETFILE], name=_name(path / PUPPETFILE), source=PUPPETFILE)
    listed: dict[str, Location] = {}
    for file in (path / name for name in _LISTS):
        text = read_file(file, shown=str(file), limit=LONGEST).decode(errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            # A line is `nova`, or `owner/puppet-name`, perhaps followed by `,ref`.
            repository = line.partition("#")[0].partition(",")[0].strip()
            name = re.sub(r"\A(?:puppet|puppetlabs)-", "", repository.rpartition("/")[2])
            if name:
                listed[name.replace("-", "_")] = Location(str(file), number)
    names = {module.name for module in found.environments[0].modules}
    notes = [
        Problem(f"module '{name}' is listed here, but is not in the {PUPPETFILE}", place)
        for name, place in listed.items()
        if name not in names
    ]
    return replace(found, notes=(*found.notes, *notes))


def environment_of(files: Iterable[Path], *, name: str, source: str) -> FoundSources:
    """Return one environment with the modules of all these Puppetfiles."""
    files = tuple(files)
    found = as_environment(
        [read_declared(read_file(file, shown=str(file), limit=LONGEST), str(file)) for file in files],
        name=name,
        source=source,
    )
    directory = files[0].parent
    conf = directory / ENVIRONMENT_CONF
    content = read_file(conf, shown=str(conf), limit=LONGEST) if conf.is_file() else b""
    return with_modulepath(found, content, lambda path: (directory / path).is_dir())


def with_modulepath(found: FoundSources, conf: bytes, is_there: Callable[[str], bool]) -> FoundSources:
    """Return one environment with the module path of its environment.conf, empty if there is none.

    The path counts if it has directories besides the moduledir; `is_there` answers which exist.
    """
    (environment,) = found.environments
    path = own_module_directories(conf.decode(errors="replace"))
    own = {one for one in path if check_moduledir(one) is None and is_there(one)}
    if own - {environment.moduledir}:
        modulepath = tuple(one for one in path if one in own or one == environment.moduledir)
        environment = replace(environment, modulepath=modulepath)
    return replace(found, environments=(environment,))


def as_environment(declared: Iterable[Declared], *, name: str, source: str) -> FoundSources:
    """Return one environment of what several Puppetfiles declare.

    Of a module that is declared twice, the first counts and the other is a problem.
    """
    parts = tuple(declared)
    problems = [problem for part in parts for problem in part.problems]
    modules: dict[str, FoundModule] = {}
    for module in (module for part in parts for module in part.modules):
        first = modules.setdefault(module.name, module)
        if first is not module:
            message = f"module '{module.name}' is already declared at {first.place}"
            problems.append(
                Problem(message, module.place, "delete one of them; use --partial to take the first one")
            )
    environment = FoundEnvironment(name, source, tuple(modules.values()), moduledir=parts[0].moduledir)
    return FoundSources(
        (environment,),
        tuple(problems),
        tuple(note for part in parts for note in part.notes),
        tuple(problem for part in parts for problem in part.assumed),
    )


def _files(directory: Path) -> Iterator[Path]:
    """Yield the directory's own Puppetfile and those named after environments, or those in subdirectories."""
    own = [file for file in sorted(directory.iterdir()) if file.is_file() and is_puppetfile(file)]
    yield from own
    if not own:
        yield from sorted(file for file in directory.glob(f"*/{PUPPETFILE}") if file.is_file())


def _name(file: Path) -> str:
    """Return the name of the file's environment: from the file's name, else from its directory."""
    return _named(file) or resolve(file).parent.name or "production"


def _named(file: Path) -> str | None:
    match = _NAMED.fullmatch(file.name)
    name = (match["after"] or match["before"]) if match else None
    return None if name in _NOT_NAMES else name


def _fuel_root(path: Path) -> Path | None:
    for root in (path / "deployment", path):
        if (root / _FUEL[1]).is_file() or (root.name == "deployment" and (root / PUPPETFILE).is_file()):
            return root
    return None
