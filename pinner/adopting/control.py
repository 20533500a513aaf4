"""Read control repositories as import sources, and determine which imported repositories are modules."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pinner.adopting.declared_modules import Declared, read_declared
from pinner.adopting.place import PlacedEnvironment, is_openstacks
from pinner.adopting.puppetfiles import as_environment, join_environments
from pinner.adopting.ref_guess import PlacedModule
from pinner.deploying.environment_files import ENVIRONMENT_CONF, own_module_directories
from pinner.git.objects.read import TooLarge, expand_commit, read_files, with_directories
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.resolve import RefResolver, fetch_all
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.lock import Metadata, SelectorKind
from pinner.model.manifest import FoundSources
from pinner.model.text import check_git_url, quoted
from pinner.openstack.catalogue import current_home
from pinner.project.files import resolve
from pinner.puppet.names import check_install_path, check_moduledir
from pinner.puppet.puppetfile.reader import LONGEST, PUPPETFILE, Naming
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


def _spot(module: PlacedModule, resolver: RefResolver) -> "tuple[Mirror | None, str | None]":
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
    notes = (*_renamed(branches, naming, Location(shown)), *found.notes)
    return replace(found, notes=notes)


def _renamed(branches: tuple[str, ...], naming: Naming, place: Location) -> Iterator[Problem]:
    """Yield at most one note, which lists the branches whose environments r10k names differently."""
    named = [(branch, naming.of_branch(branch)) for branch in branches]
    others = [f"{branch} is '{name}'" for branch, name in named if name not in {None, branch}]
    if others:
        more = [f"and {len(others) - _SHOWN} more"] if len(others) > _SHOWN else []
        words = ", ".join((*others[:_SHOWN], *more))
        yield Problem(f"r10k gives the environments of some branches other names: {words}", place)


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
    modulepath = _modulepath(mirror, mirror.refs.branch(branch) or "", found.environments[0].moduledir)
    return replace(
        found, environments=tuple(replace(one, modulepath=modulepath) for one in found.environments)
    )


def _modulepath(mirror: Mirror, commit: str, moduledir: str) -> tuple[str, ...]:
    """Return the module path of a commit's environment.conf, if it has directories of the commit besides the moduledir."""
    content = read_files(mirror, [(commit, ENVIRONMENT_CONF)], max_bytes=LONGEST)[commit, ENVIRONMENT_CONF]
    if not isinstance(content, bytes):
        return ()
    path = own_module_directories(content.decode(errors="replace"))
    own = {one for one in path if check_moduledir(one) is None and with_directories(mirror, [commit], [one])}
    if not own - {moduledir}:
        return ()
    return tuple(one for one in path if one in own or one == moduledir)


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


def without_ignored(mirror: Mirror, prefixes: tuple[str, ...]) -> Iterator[str]:
    """Yield the branches that start with none of r10k's `ignore_branch_prefixes`."""
    yield from (branch for branch in mirror.refs.branches if not branch.startswith(prefixes))
