"""Import r10k's configuration on disk: r10k.yaml, and the files of its yaml and yamldir sources."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from pinner.adopting.control import (
    SOURCE,
    find_commit,
    read_at,
    read_branches,
    require_mirror,
    without_ignored,
)
from pinner.adopting.declared_modules import Declared, declare
from pinner.adopting.puppetfiles import as_environment, join_environments
from pinner.locking.resolve import RefResolver, fetch_all
from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import FoundSources
from pinner.model.text import check_git_url
from pinner.openstack.catalogue import current_home
from pinner.project.foreign.environments import Remarks, read_environment, read_environments, read_sources
from pinner.project.yaml.schema import read_foreign
from pinner.puppet.puppetfile.reader import Environment, Naming, Puppetfile, Reading, Source, judge_module
from pinner.workspace.workspace import Workspace

SETTINGS: Final = ("r10k.yaml", "r10k.yml")
FILE: Final = "environments.yaml"
DIRECTORY: Final = "environments.d"
_DEFAULTS: Final = {"yaml": f"/etc/puppetlabs/r10k/{FILE}", "yamldir": f"/etc/puppetlabs/r10k/{DIRECTORY}"}


def is_settings(path: Path) -> bool:
    """Return whether the path is an r10k.yaml."""
    return path.name in SETTINGS and path.is_file()


def is_environments(path: Path) -> bool:
    """Return whether the path is what r10k's yaml or yamldir sources read, or a directory that holds it."""
    return _environments(path) is not None


def read_environments_of(path: Path, workspace: Workspace) -> FoundSources:
    """Return the environments of environments.yaml, or of a directory with one file per environment.

    Raises InputError if there is none, UnknownError if a control repository could not be fetched.
    """
    return _read_all(_environments(path) or path, workspace, Naming())


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
            branches = tuple(without_ignored(mirror, source.ignored_prefixes))
            return read_branches(
                mirror, branches, shown=url, naming=source.naming, puppetfile=source.puppetfile
            )
        if source.kind in _DEFAULTS:
            config = _near(Path(source.config.value if source.config else _DEFAULTS[source.kind]), path)
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


def _near(config: Path, path: Path) -> Path:
    """Return the configured path, or that name beside r10k.yaml if this is a copy from another machine."""
    return config if config.exists() else path.parent / config.name


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
    flaw = check_git_url(url)
    return (
        _lost(environment, flaw) if flaw else _content_at(environment, url, environment.ref.value, resolver)
    )


def _content_at(environment: Environment, url: str, ref: str, resolver: RefResolver) -> Declared | None:
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
