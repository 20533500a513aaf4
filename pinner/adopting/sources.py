"""The kinds of source that can be imported: one table, with what recognises and what reads each kind.

Here are the readers of Jens' environments and of the packaged presets of puppet_openstack_builder; the others have
files of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pinner.adopting.control import is_control_repository, read_control_repository
from pinner.adopting.puppetfiles import (
    has_lists,
    is_fuel,
    is_librarian,
    is_puppetfile,
    join_environments,
    read_fuel,
    read_librarian,
    read_puppetfiles,
    read_with_lists,
)
from pinner.adopting.r10k import is_environments, is_settings, read_environments_of, read_settings
from pinner.model.errors import InputError, Location, Problem
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind
from pinner.openstack.catalogue import NAME, Preset, PresetModule, presets
from pinner.project.foreign.environments import DefinitionFile, read_definition, read_library
from pinner.puppet.foreign import Library, read_environment
from pinner.puppet.names import check_module_name
from pinner.puppet.versions import version_of_tag
from pinner.workspace.workspace import Workspace

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
    found = read_environment(file.definition, library)
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
    return FoundSources(
        tuple(_environment(preset) for preset in chosen),
        notes=tuple(note for each in chosen for note in _notes(each)),
    )


def _environment(preset: Preset) -> FoundEnvironment:
    place = _place(preset)
    modules = (_module(module, place) for module in preset.modules if _flaw(module) is None)
    name = preset.release
    return FoundEnvironment(name, NAME, tuple(modules), release=preset.release)


def _module(module: PresetModule, place: Location) -> FoundModule:
    # Without a ref, librarian used the repository's default branch: master, for all of them in 2014.
    ref = module.ref or "master"
    kind = RefKind.TAG if version_of_tag(ref) else RefKind.BRANCH
    return FoundModule(_directory(module), place, git=module.git, kind=kind, ref=ref)


def _notes(preset: Preset) -> Iterator[Problem]:
    for module in preset.modules:
        if flaw := _flaw(module):
            hint = f"it was {module.git} at {module.ref or 'master'}, which Puppet 3 and librarian accepted"
            yield Problem(f"module '{module.name}' is omitted: {flaw}", _place(preset), hint)


def _flaw(module: PresetModule) -> str | None:
    return check_module_name(_directory(module))


def _directory(module: PresetModule) -> str:
    """Return the name of the module's directory; librarian split at the slash only, so a dash stays."""
    return module.name.partition("/")[2]


def _place(preset: Preset) -> Location:
    return Location(f"{NAME}{_SEPARATOR}{preset.release}")


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
        lambda source: is_settings(Path(source)),
        lambda source, workspace: read_settings(Path(source), workspace),
    ),
    SourceKind(
        "r10k-environments",
        "r10k's environments.yaml or environments.d",
        lambda source: is_environments(Path(source)),
        lambda source, workspace: read_environments_of(Path(source), workspace),
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
