"""Read modules in a directory without git history, and convert identified ones into an import source."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pinner.git.objects.directory_tree import PlainTree, read_contents, read_plain_tree
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.identification import FileDifference, Identification, Identified, Match, Unread
from pinner.model.lock import TAG, Metadata, short_name
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind
from pinner.model.text import quoted
from pinner.openstack.catalogue import find_repository
from pinner.project.files import resolve
from pinner.puppet.code.ruby import DIRECTORIES, is_read
from pinner.puppet.names import check_module_name
from pinner.workspace.locks import CODE_DIRECTORIES, FILES, MAX_BYTES, choose_metadata

MOST_FILES = 20_000
"""Maximum number of files and directories of one module. puppet-nova, a large one, has about 900; `/usr`
looks like a module, too."""
LARGEST = 16 * 1024 * 1024
"""Size in bytes above which a module's file is not read."""


@dataclass(frozen=True, slots=True)
class LocalModule:
    """One module: `directory` is the name of its directory, `path` its path as the user would type it."""

    directory: str
    path: Path
    tree: PlainTree
    metadata: Metadata

    @property
    def name(self) -> str:
        """Return the prefix of its classes: the name in its metadata, else that of its directory."""
        return next((name for name in self.names if check_module_name(name) is None), self.directory)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Return what could not be read, and what git cannot store."""
        return (*self.tree.unread, *(Unread(one.path, f"it is {one.kind}") for one in self.tree.specials))

    @property
    def hidden_paths(self) -> frozenset[str]:
        """Return the paths whose content could not be determined."""
        return frozenset(one.path for one in self.unread)

    @property
    def hides_what_is_read(self) -> bool:
        """Return whether files that Puppet reads may be among the unread ones, and may differ unnoticed."""
        return any(not path or path in DIRECTORIES or is_read(path) for path in self.hidden_paths)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name it may have upstream, the likeliest first."""
        named = (self.metadata.name or "").partition("-")[2]
        without_owner = self.directory.partition("-")[2]
        found = (named, self.directory, without_owner, self.directory.removeprefix("puppet-"))
        return tuple(dict.fromkeys(name.replace("-", "_") for name in found if name))


@dataclass(frozen=True, slots=True)
class LocalModules:
    """The modules in order of their directories, and the names of the directories that are not modules."""

    modules: tuple[LocalModule, ...]
    others: tuple[str, ...] = ()


def read_local_modules(
    directory: Path,
    map_each: Callable[[Callable[[Path], LocalModule], Iterable[Path]], Iterable[LocalModule]] = map,
    *,
    most: int = MOST_FILES,
) -> LocalModules:
    """Return the modules in a directory, or the one module that the directory is; `map_each` reads them.

    A module has metadata, or a directory `manifests` or `lib`; links to modules are followed. In a directory
    with more than `most` files and directories, the rest is not read. Raises InputError if there is no
    module, UnknownError if the directory cannot be listed.
    """
    if _has_metadata(directory):
        return LocalModules((_read(directory, most),))
    below = _list(directory)
    found = [path for path in below if _is_module(path)]
    if not found and _is_module(directory):
        return LocalModules((_read(directory, most),))
    if not found:
        raise InputError(_no_module(directory, below))
    modules = tuple(map_each(lambda path: _read(path, most), found))
    return LocalModules(modules, tuple(path.name for path in below if path not in found))


def _list(directory: Path) -> list[Path]:
    """Return the directories in a directory, sorted by name, without hidden ones."""
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith(".") and path.is_dir())
    except NotADirectoryError:
        raise InputError(Problem("this is not a directory", Location(str(directory)))) from None
    except FileNotFoundError:
        raise InputError(Problem("the directory does not exist", Location(str(directory)))) from None
    except OSError as error:
        message = f"the directory cannot be read: {error.strerror}"
        raise UnknownError(Problem(message, Location(str(directory)))) from error


def _has_metadata(path: Path) -> bool:
    return any(os.path.isfile(path / name) for name in FILES)  # noqa: PTH113 - False if access is denied


def _is_module(path: Path) -> bool:
    return _has_metadata(path) or any(os.path.isdir(path / name) for name in CODE_DIRECTORIES)  # noqa: PTH112 - the same


def _no_module(directory: Path, below: list[Path]) -> Problem:
    hint = "a module has metadata.json, Modulefile, manifests/ or lib/"
    deeper = next((path for path in below if any(_is_module(one) for one in _subdirectories(path))), None)
    return Problem(
        "no module was found", Location(str(directory)), f"did you mean {deeper}?" if deeper else hint
    )


def _subdirectories(path: Path) -> Iterator[Path]:
    try:
        yield from sorted(path.iterdir())
    except OSError:
        return


def _read(path: Path, most: int) -> LocalModule:
    tree = read_plain_tree(path, largest=LARGEST, most=most)
    files = [file for file in tree.files if file.path in FILES]
    contents = read_contents(path, files, largest=MAX_BYTES)
    metadata = choose_metadata([(name, contents.get(name)) for name in FILES])
    return LocalModule(resolve(path).name if path.name in {"", ".."} else path.name, path, tree, metadata)


SOURCE = "modules without history"
NAMED = 3
"""Number of differing files that a module's remark names."""


def to_source(identified: Identification, directory: Path, environment: str) -> FoundSources:
    """Return one environment with all modules that are a commit, or come close to one.

    OpenStack's own modules get commits, from which the release is inferred; others get the tag if there is
    one. Modules that resemble no commit are problems, because they are missing in the environment.
    """
    place = Location(str(directory))
    modules: dict[str, FoundModule] = {}
    problems: list[Problem] = []
    for one in identified.modules:
        flaw: str | None  # why the module cannot be in the environment
        if one.identity is None:
            flaw = "it is not similar to any commit of the searched repositories"
        elif one.name in modules:
            flaw = f"another directory also contains the module '{one.name}'"
        else:
            flaw = check_module_name(one.name)
        if flaw or one.identity is None:
            problems.append(Problem(f"module {quoted(one.directory)}: {flaw}", place))
        else:
            is_openstacks = find_repository(one.identity.git) is not None
            is_tagged = one.identity.ref is not None and one.identity.ref.startswith(TAG)
            if is_openstacks or not is_tagged:
                kind, ref = RefKind.COMMIT, one.identity.commit
            else:
                kind, ref = RefKind.TAG, short_name(one.identity.ref or "")
            modules[one.name] = FoundModule(
                one.name, place, git=one.identity.git, kind=kind, ref=ref, commit=one.identity.commit
            )
    remarks = (_remark(one) for one in identified.modules if one.match is Match.NEAREST)
    return FoundSources(
        environments=(
            FoundEnvironment(environment, SOURCE, tuple(modules.values()), remarks=tuple(remarks)),
        ),
        problems=tuple(problems),
        notes=tuple(_notes(identified, place)),
    )


def _remark(one: Identified) -> str:
    """Return how the files found differ from the commit that is pinned in their place."""
    changed = [_file(file) for file in one.identity.differences.files] if one.identity else []
    files = [*changed, *(f"{file.path or '.'} (not read)" for file in one.unread)]
    named = ", ".join(files[:NAMED])
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    what = "was changed" if changed else "could not be read whole"
    return f"{one.name} {what}, this is the commit it comes nearest to: {named}{more}"


def _file(one: FileDifference) -> str:
    if not one.is_there:
        return f"{one.path} (added)"
    return (
        f"{one.path} (missing)" if not one.is_here else f"{one.path} (+{one.added or 0} -{one.removed or 0})"
    )


def _notes(identified: Identification, place: Location) -> Iterator[Problem]:
    for one in identified.modules:
        directory = one.directory
        if one.identity and directory != one.name:
            yield Problem(f"the module in {quoted(directory)} is called '{one.name}' by its metadata", place)
