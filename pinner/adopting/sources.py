"""Read the sources that can be imported: one table has the kinds of source, what recognises and what reads each kind.

Here are the readers of control repositories, of r10k's configuration on disk (r10k.yaml, and the files of its yaml and
yamldir sources), of Jens' environments and of the packaged presets of puppet_openstack_builder; those of Puppetfiles
have a file of their own.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pinner.adopting.place import PlacedEnvironment, PlacedModule, is_openstacks
from pinner.adopting.puppetfiles import (
    Declared,
    as_environment,
    declare,
    has_lists,
    is_fuel,
    is_librarian,
    is_puppetfile,
    join_environments,
    read_declared,
    read_fuel,
    read_librarian,
    read_puppetfiles,
    read_with_lists,
    with_modulepath,
)
from pinner.git.objects.read import TooLarge, expand_commit, read_files, with_directories
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.resolve import RefResolver, fetch_all
from pinner.model.control import ENVIRONMENT_CONF
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.lock import Metadata, SelectorKind
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind
from pinner.model.text import check_git_url, quoted
from pinner.openstack.catalogue import NAME, Preset, current_home, presets
from pinner.project.files import resolve
from pinner.project.foreign.environments import (
    DefinitionFile,
    Remarks,
    read_definition,
    read_environment,
    read_environments,
    read_library,
    read_sources,
)
from pinner.project.yaml.schema import read_foreign
from pinner.puppet.foreign import Library
from pinner.puppet.foreign import read_environment as read_jens_environment
from pinner.puppet.names import check_install_path, check_module_name
from pinner.puppet.puppetfile.reader import (
    LONGEST,
    PUPPETFILE,
    Environment,
    Naming,
    Puppetfile,
    Reading,
    Source,
    judge_module,
)
from pinner.puppet.versions import version_of_tag
from pinner.workspace.locks import read_metadata
from pinner.workspace.workspace import Workspace


def select_modules(
    environments: Sequence[PlacedEnvironment], resolver: RefResolver
) -> tuple[PlacedEnvironment, ...]:
    """Return the environments with `module: false` for repositories without a module at the required commit.

    OpenStack's own modules stay modules: if their metadata is gone, the module was retired, which must not go
    unnoticed.
    """
    commits: dict[Mirror, set[str]] = {}
    for module in (module for environment in environments for module in environment.modules):
        mirror, commit = _spot(module, resolver)
        if mirror and commit and module.is_module and not is_openstacks(module):
            commits.setdefault(mirror, set()).add(commit)
    metadata = read_metadata(commits, resolver.workspace)
    return tuple(_environment_of(environment, resolver, metadata) for environment in environments)


def _spot(module: PlacedModule, resolver: RefResolver) -> tuple[Mirror | None, str | None]:
    """Return the mirror and the commit of a module; None for what cannot be determined yet."""
    mirror = resolver.mirror(module.git) if module.git else None
    if mirror is None:
        return None, None
    if module.commit:
        return mirror, module.commit
    by_selector = {SelectorKind.BRANCH: mirror.refs.branch, SelectorKind.TAG: mirror.refs.tag}
    find = by_selector.get(module.selector) if module.selector else None
    return mirror, find(module.value) if find else None


def _environment_of(
    environment: PlacedEnvironment, resolver: RefResolver, metadata: Mapping[str, Metadata]
) -> PlacedEnvironment:
    modules = []
    notes = []
    for module in environment.modules:
        known = metadata.get(_spot(module, resolver)[1] or "")
        is_none = (
            known is not None and not known.is_of_module and module.is_module and not is_openstacks(module)
        )
        modules.append(replace(module, is_module=False) if is_none else module)
        if is_none:
            message = f"module '{module.name}': its repository has no metadata.json, manifests/ or lib/, so it is treated as files, not as a Puppet module"
            notes.append(
                Problem(
                    message, module.place, "the manifest sets 'module: false'; remove that if it is a module"
                )
            )
    return replace(environment, modules=tuple(modules), notes=(*environment.notes, *notes))


SOURCE: Final = "r10k"
MOST_BRANCHES: Final = 500
_SHOWN: Final = 5
"""Number of names in one message; the others are only counted."""
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+|[\w.-]+@[\w.-]+:.+", re.ASCII)
_BRANCH_AFTER: Final = "#"


def is_control_repository(source: str) -> bool:
    """Return whether the source is a URL, a bare repository, or a clone with #BRANCH.

    A branch is optional for the first two.
    """
    text, hashed, _ = source.partition(_BRANCH_AFTER)
    path = Path(text)
    is_bare = all((path / name).exists() for name in ("HEAD", "objects", "refs"))
    return _URL.fullmatch(text) is not None or is_bare or (bool(hashed) and (path / ".git").exists())


def read_control_repository(source: str, workspace: Workspace) -> FoundSources:
    """Return one environment per branch that has a Puppetfile; with #BRANCH in the source, only that one.

    Raises InputError if there is none, UnknownError if the repository could not be fetched.
    """
    text, _, branch = source.partition(_BRANCH_AFTER)
    is_url = _URL.fullmatch(text) is not None
    url = current_home(text) if is_url else str(resolve(Path(text)))
    if flaw := check_git_url(url):
        raise InputError(Problem(flaw))
    shown = url if is_url else text
    mirror = require_mirror(fetch_all(workspace, [url]), url, Location(shown))
    branches = (branch,) if branch else mirror.refs.branches
    found = read_branches(mirror, branches, shown=shown, naming=Naming())
    if not found.environments:
        what = f"branch {quoted(branch)}" if branch else "no branch"
        message = f"{what} has {'no' if branch else 'a'} {PUPPETFILE}"
        known = f"its branches are {', '.join(mirror.refs.branches[:10])}"
        raise InputError(Problem(message, Location(shown), known))
    return found


def require_mirror(resolver: RefResolver, url: str, place: Location) -> Mirror:
    """Return the mirror of a control repository; raises UnknownError if it could not be fetched."""
    mirror = resolver.mirrors[url]
    if isinstance(mirror, SyncFailure):
        raise UnknownError(Problem(mirror.message, place, mirror.hint))
    return mirror


def read_branches(
    mirror: Mirror, branches: tuple[str, ...], *, shown: str, naming: Naming, puppetfile: str = PUPPETFILE
) -> FoundSources:
    """Return one environment per branch that has a Puppetfile, named as r10k names it.

    Raises InputError if there are more than MOST_BRANCHES branches.
    """
    if len(branches) > MOST_BRANCHES:
        message = f"there are {len(branches)} branches: the limit is {MOST_BRANCHES} at once"
        raise InputError(Problem(message, Location(shown), "name one with #BRANCH"))
    found = join_environments(_read_branch(mirror, branch, shown, naming, puppetfile) for branch in branches)
    named = [(branch, naming.of_branch(branch)) for branch in branches]
    others = [f"{branch} is '{name}'" for branch, name in named if name not in {None, branch}]
    if not others:
        return found
    more = [f"and {len(others) - _SHOWN} more"] if len(others) > _SHOWN else []
    words = ", ".join((*others[:_SHOWN], *more))
    message = f"r10k gives the environments of some branches other names: {words}"
    return replace(found, notes=(Problem(message, Location(shown)), *found.notes))


def _read_branch(mirror: Mirror, branch: str, shown: str, naming: Naming, puppetfile: str) -> FoundSources:
    place = Location(f"{shown}{_BRANCH_AFTER}{branch}")
    name = naming.of_branch(branch)
    if name is None:
        note = Problem(
            "r10k skips the branch: its name is not a valid environment name, and 'invalid_branches' is 'error'",
            place,
        )
        return FoundSources((), notes=(note,))
    declared = read_at(mirror, mirror.refs.branch(branch), puppetfile, shown=str(place), branch=branch)
    if declared is None:
        return FoundSources((), notes=(Problem(f"there is no {puppetfile} on this branch", place),))
    found = as_environment([declared], name=name, source=SOURCE)
    commit = mirror.refs.branch(branch) or ""
    content = read_files(mirror, [(commit, ENVIRONMENT_CONF)], max_bytes=LONGEST)[commit, ENVIRONMENT_CONF]
    conf = content if isinstance(content, bytes) else b""
    return with_modulepath(found, conf, lambda path: bool(with_directories(mirror, [commit], [path])))


def read_at(
    mirror: Mirror, commit: str | None, puppetfile: str, *, shown: str, branch: str | None = None
) -> Declared | None:
    """Return what the Puppetfile of a commit declares, None if there is none."""
    path = f"{shown}:{puppetfile}"
    if flaw := check_install_path(puppetfile):
        return Declared((), problems=(Problem(flaw, Location(shown)),))
    content = (
        read_files(mirror, [(commit, puppetfile)], max_bytes=LONGEST)[commit, puppetfile] if commit else None
    )
    if isinstance(content, TooLarge):
        problem = Problem(f"this is longer than {LONGEST} bytes: no Puppetfile is", Location(path))
        return Declared((), problems=(problem,))
    return None if content is None else read_declared(content, path, branch=branch)


def find_commit(mirror: Mirror, ref: str) -> str | None:
    """Return the commit that a ref names, None if it names none or a short id is ambiguous.

    The order is git's: a tag, a branch, a commit or the start of its id.
    """
    found = mirror.refs.tag(ref) or mirror.refs.branch(ref)
    if found:
        return found
    commit = expand_commit(mirror, ref.lower())
    return commit if isinstance(commit, str) else None


SETTINGS: Final = ("r10k.yaml", "r10k.yml")
FILE: Final = "environments.yaml"
DIRECTORY: Final = "environments.d"
_DEFAULTS: Final = {"yaml": f"/etc/puppetlabs/r10k/{FILE}", "yamldir": f"/etc/puppetlabs/r10k/{DIRECTORY}"}


def read_settings(path: Path, workspace: Workspace) -> FoundSources:
    """Return the environments of all sources of an r10k.yaml.

    Raises InputError if it names none, UnknownError if a control repository could not be fetched.
    """
    file = read_foreign(path)
    remarks = Remarks()
    sources = read_sources(file.root, remarks) if file.root else ()
    if not sources:
        raise InputError(file.problems or Problem("there are no 'sources' in this file", Location(str(path))))
    found = join_environments(_read_source(source, path, workspace) for source in sources)
    problems = (*file.problems, *remarks.problems, *found.problems)
    return replace(found, problems=problems, notes=(*remarks.notes, *found.notes))


def _environments(path: Path) -> Path | None:
    """Return the file or directory of environments that a path means, None if there is none."""
    if path.is_dir() and path.name != DIRECTORY:
        inner = (path / FILE, path / DIRECTORY)
        return next((each for each in inner if each.exists()), None)
    is_known = path.is_dir() or (path.is_file() and path.name == FILE)
    return path if is_known else None


def _read_source(source: Source, path: Path, workspace: Workspace) -> FoundSources:
    """Return a source's environments, or what is wrong with it; raises UnknownError if that is uncertain."""
    try:
        if source.kind == "git":
            url = current_home(source.remote.value) if source.remote else ""
            if flaw := check_git_url(url):
                return FoundSources((), (Problem(f"source '{source.name}': {flaw}", source.place),))
            mirror = require_mirror(fetch_all(workspace, [url]), url, source.place)
            branches = tuple(
                one for one in mirror.refs.branches if not one.startswith(source.ignored_prefixes)
            )
            return read_branches(
                mirror, branches, shown=url, naming=source.naming, puppetfile=source.puppetfile
            )
        if source.kind in _DEFAULTS:
            config = Path(source.config.value if source.config else _DEFAULTS[source.kind])
            if not config.exists():  # r10k.yaml is a copy from another machine
                config = path.parent / config.name
            return _read_all(config, workspace, _naming(source, config))
    except InputError as error:
        return FoundSources((), tuple(error.problems))
    message = f"source '{source.name}': nothing is taken from a source of type '{source.kind}'"
    return FoundSources(
        (), (Problem(message, source.place, "pinner runs no commands; import what it prints"),)
    )


def _naming(source: Source, config: Path) -> Naming:
    """Return how r10k names a source's environments.

    With `prefix: true`, the prefix of a yamldir source is the name of its last file (yamldir.rb).
    """
    files = sorted(config.glob("*.yaml"))
    if source.kind == "yamldir" and source.has_own_prefix and files:
        return replace(source.naming, prefix=files[-1].stem)
    return source.naming


def _read_all(path: Path, workspace: Workspace, naming: Naming) -> FoundSources:
    remarks = Remarks()
    environments = tuple(_listed(path, remarks))
    remotes = {current_home(each.remote.value) for each in environments if each.kind == "git" and each.remote}
    resolver = fetch_all(workspace, (url for url in remotes if check_git_url(url) is None))
    found = join_environments(_found(each, naming, resolver) for each in environments)
    if not environments:
        raise InputError(remarks.problems or Problem("the project has no environments", Location(str(path))))
    problems = (*remarks.problems, *found.problems)
    return replace(found, problems=problems, notes=(*remarks.notes, *found.notes))


def _listed(path: Path, remarks: Remarks) -> Iterator[Environment]:
    """Yield the environments that the file, or each file of the directory, defines."""
    if not path.is_dir():
        file = read_foreign(path)
        remarks.problems += file.problems
        yield from read_environments(file.root, remarks) if file.root else ()
        return
    for each in sorted(path.glob("*.yaml")):
        file = read_foreign(each)
        remarks.problems += file.problems
        if file.root:
            yield read_environment(each.stem, file.root, Location(str(each)), remarks)
    for each in sorted(path.glob("*.yml")):
        remarks.notes.append(Problem("r10k reads *.yaml only, so this is not read", Location(str(each))))


def _found(environment: Environment, naming: Naming, resolver: RefResolver) -> FoundSources:
    judged = tuple(problem for module in environment.modules for problem in judge_module(module))
    puppetfile = Puppetfile(environment.modules, environment.moduledir or Puppetfile().moduledir)
    own = declare(Reading(puppetfile, judged), environment.place.path)
    content = _content(environment, resolver)
    rest = [_less(content, own)] if content else []
    parts = [own, *rest] if own.modules else [*rest, own]
    return as_environment(parts, name=naming.as_it_is(environment.name), source=SOURCE)


def _content(environment: Environment, resolver: RefResolver) -> Declared | None:
    """Return what the Puppetfile of the environment's control repository declares, None if there is none."""
    if environment.kind == "plain":
        return None
    if environment.kind != "git":
        return _lost(environment, f"its control repository is of type '{environment.kind}', and not read")
    if environment.remote is None or environment.ref is None:
        return _lost(environment, "it names no control repository, or no ref of it")
    url = current_home(environment.remote.value)
    if flaw := check_git_url(url):
        return _lost(environment, flaw)
    ref = environment.ref.value
    mirror = require_mirror(resolver, url, environment.place)
    commit = find_commit(mirror, ref)
    if commit is None:
        return _lost(environment, f"there is no '{ref}' in {url}")
    branch = ref if mirror.refs.branch(ref) else None
    return read_at(mirror, commit, environment.puppetfile, shown=f"{url}#{ref}", branch=branch)


def _lost(environment: Environment, message: str) -> Declared:
    what = f"environment '{environment.name}': {message}"
    return Declared(
        (), problems=(Problem(what, environment.place, "with --partial its own modules are imported"),)
    )


def _less(content: Declared, own: Declared) -> Declared:
    """Return the Puppetfile's modules without those in the environment's own `modules:`, which win."""
    taken = {module.name for module in own.modules}
    rest = (module for module in content.modules if module.name not in taken)
    notes = (
        Problem(f"module '{module.name}': the environment's own 'modules' name it too, and win", module.place)
        for module in content.modules
        if module.name in taken
    )
    # An environment has one moduledir: if its Puppetfile has another, its modules get an install path.
    is_elsewhere = bool(own.modules) and content.moduledir != own.moduledir
    path = content.moduledir if is_elsewhere else None
    modules = tuple(replace(module, install_path=module.install_path or path) for module in rest)
    return Declared(modules, content.moduledir, content.problems, (*content.notes, *notes))


LIBRARY: Final = "repositories.yaml"
ENVIRONMENTS: Final = "environments"
_LAYOUT: Final = (
    "Jens links code/ and data/ of each repository, r10k installs the whole repository: move the modules' files to"
    " where Puppet finds them, and change the paths in hiera.yaml"
)


def is_jens(path: Path) -> bool:
    """Return whether the directory has Jens' environments and, in it or one directory below, its library."""
    return path.is_dir() and (path / ENVIRONMENTS).is_dir() and next(_libraries(path), None) is not None


def read_jens(path: Path) -> FoundSources:
    """Return every environment of Jens' metadata.

    Raises InputError if no environment or library is found, or more than one library.
    """
    libraries = list(_libraries(path))
    if len(libraries) != 1:
        what = "more than one" if libraries else "no"
        message = f"there is {what} {LIBRARY} here or one directory below"
        raise InputError(Problem(message, Location(str(path))))
    library, problems = read_library(libraries[0])
    files = sorted(file for file in (path / ENVIRONMENTS).glob("*.yaml") if file.is_file())
    if not files:
        raise InputError(
            Problem("no environment was found in this directory", Location(str(path / ENVIRONMENTS)))
        )
    found = join_environments(_read(read_definition(file), library) for file in files)
    return FoundSources(
        found.environments,
        (*problems, *found.problems),
        (Problem(_LAYOUT, Location(str(path))), *found.notes),
    )


def _libraries(path: Path) -> Iterator[Path]:
    yield from (file for file in (path / LIBRARY, *sorted(path.glob(f"*/{LIBRARY}"))) if file.is_file())


def _read(file: DefinitionFile, library: Library) -> FoundSources:
    found = read_jens_environment(file.definition, library)
    return FoundSources(found.environments, (*file.problems, *found.problems), (*file.notes, *found.notes))


_SEPARATOR: Final = ":"


def is_preset(path: Path) -> bool:
    """Return whether the source names a preset: `puppet_openstack_builder`, with or without a release.

    Without a release, a file of that name takes precedence.
    """
    name, _, release = str(path).partition(_SEPARATOR)
    return name == NAME and (bool(release) or not path.exists())


def read_preset(path: Path) -> FoundSources:
    """Return the environment of the named release, or one per release; raises InputError if it is unknown."""
    _, _, release = str(path).partition(_SEPARATOR)
    chosen = [preset for preset in presets() if release in {"", preset.release}]
    if not chosen:
        known = ", ".join(preset.release for preset in presets())
        raise InputError(
            Problem(f"{NAME} has no release {release!r}", Location(str(path)), f"it has {known}")
        )
    return join_environments(map(_found_in_preset, chosen))


def _found_in_preset(preset: Preset) -> FoundSources:
    place = Location(f"{NAME}{_SEPARATOR}{preset.release}")
    modules, notes = [], []
    for module in preset.modules:
        directory = module.name.partition("/")[2]  # librarian split at the slash only, so a dash stays
        # Without a ref, librarian used the repository's default branch: master, for all of them in 2014.
        ref = module.ref or "master"
        if flaw := check_module_name(directory):
            hint = f"it was {module.git} at {ref}, which Puppet 3 and librarian accepted"
            notes.append(Problem(f"module '{module.name}' is omitted: {flaw}", place, hint))
        else:
            kind = RefKind.TAG if version_of_tag(ref) else RefKind.BRANCH
            modules.append(FoundModule(directory, place, git=module.git, kind=kind, ref=ref))
    environment = FoundEnvironment(preset.release, NAME, tuple(modules), release=preset.release)
    return FoundSources((environment,), notes=tuple(notes))


MOST: Final = 1000
"""Maximum number of environments of one source; the largest sites have about two hundred."""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source.

    `name` is the value of `--kind`, `what` its description in help and messages. `recognises` looks at files
    only, and is cheap; `read` raises InputError or UnknownError if nothing at all can be read.
    """

    name: str
    what: str
    recognises: Callable[[str], bool]
    read: Callable[[str, Workspace], FoundSources]


def _files(
    name: str, what: str, recognises: Callable[[Path], bool], read: Callable[[Path], FoundSources]
) -> SourceKind:
    """Return a kind that is read from files alone."""
    return SourceKind(
        name, what, lambda source: recognises(Path(source)), lambda source, _workspace: read(Path(source))
    )


# The first kind that recognises a source reads it, so special kinds come before general ones.
KINDS = (
    _files("preset", "puppet_openstack_builder:RELEASE, which is packaged", is_preset, read_preset),
    _files("librarian", "librarian-puppet's Puppetfile.lock", is_librarian, read_librarian),
    _files("jens", "Jens' repositories.yaml and environments", is_jens, read_jens),
    _files("fuel", "Fuel's Puppetfiles", is_fuel, read_fuel),
    _files("lists", "a Puppetfile beside lists of modules", has_lists, read_with_lists),
    SourceKind(
        "r10k-settings",
        "r10k.yaml, all its sources",
        lambda source: Path(source).name in SETTINGS and Path(source).is_file(),
        lambda source, workspace: read_settings(Path(source), workspace),
    ),
    SourceKind(
        "r10k-environments",
        "r10k's environments.yaml or environments.d",
        lambda source: _environments(Path(source)) is not None,
        lambda source, workspace: _read_all(_environments(Path(source)) or Path(source), workspace, Naming()),
    ),
    SourceKind(
        "r10k",
        "a control repository, by its URL or the path of a bare one: all branches, or #BRANCH",
        is_control_repository,
        read_control_repository,
    ),
    _files(
        "puppetfile",
        "a Puppetfile, or a directory of them",
        is_puppetfile,
        read_puppetfiles,
    ),
)


def read_source(source: str, kind: str | None, workspace: Workspace) -> FoundSources:
    """Return what a source contains; `kind` names one of KINDS if it is not to be recognised from the files.

    Raises InputError if the source is of no known kind or has too many environments, and whatever the kind's
    reader raises.
    """
    chosen = next((known for known in KINDS if kind == known.name), None) or _recognised(source)
    found = chosen.read(source, workspace)
    if len(found.environments) > MOST:
        message = f"there are {len(found.environments)} environments: the limit is {MOST} at once"
        raise InputError(Problem(message, Location(source)))
    return found


def _recognised(source: str) -> SourceKind:
    known = next((kind for kind in KINDS if kind.recognises(source)), None)
    if known is not None:
        return known
    if not Path(source).exists():
        hint = "name a file, a directory, or a control repository by its URL"
        raise InputError(Problem("there is no such file or directory", Location(source), hint))
    width = max(len(kind.name) for kind in KINDS)
    listed = "".join(f"\n    {kind.name:{width}}  {kind.what}" for kind in reversed(KINDS))
    hint = f"use '--kind' if it is one of these:{listed}"
    raise InputError(Problem("pinner cannot import this", Location(source), hint))
