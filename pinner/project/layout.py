"""Find the project, its environments and files, and the paths as the user types them."""

import os
from dataclasses import dataclass
from pathlib import Path

from pinner.model.errors import InputError, Location, Problem
from pinner.model.text import join_words, nearest, quote
from pinner.project.files import Root, absolute, resolve
from pinner.puppet.names import check_environment_name

SETTINGS = "pinner.yaml"
FACTS = "pinner.catalogue.json"
ENVIRONMENTS = "environments"
TEMPLATES = "Puppetfile.templates"
_MANIFEST = ".yaml"
LOCK_SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class Project:
    """A project's root directory, absolute with links resolved, and what a user types before paths in it."""

    root: Path
    prefix: str = ""

    def shown(self, path: Path) -> str:
        """Return a path below the root as the user would type it."""
        return f"{self.prefix}{path.relative_to(self.root)}"

    @property
    def files(self) -> Root:
        """Return the Root that reads and writes the project's files."""
        return Root(self.root)

    def locate(self, path: Path) -> tuple[Root, Path]:
        """Return the Root for a directory that the user named, and the directory's path below it.

        If the path as typed is in the project, links may not lead out of the project. Otherwise the directory
        may be anywhere, and links below it may not lead out of it.
        """
        whole = absolute(path)
        above = next((each for each in (*reversed(whole.parents), whole) if resolve(each) == self.root), None)
        if above is not None:
            return self.files, self.root / whole.relative_to(above)
        return Root(resolve(whole), str(path)), resolve(whole)

    @property
    def settings(self) -> Path:
        """Return the path of pinner.yaml, which need not exist."""
        return self.root / SETTINGS

    @property
    def facts(self) -> Path:
        """Return the path of the facts about OpenStack's releases, which need not exist."""
        return self.root / FACTS

    @property
    def environments(self) -> Path:
        """Return the directory of manifests and locks."""
        return self.root / ENVIRONMENTS

    @property
    def templates(self) -> Path:
        """Return the directory of templates, which need not exist."""
        return self.root / TEMPLATES

    def manifest(self, name: str) -> Path:
        """Return the path of an environment's or a base's manifest."""
        return self.environments / f"{name}{_MANIFEST}"

    def lock(self, environment: str) -> Path:
        """Return the path of an environment's lock."""
        return self.environments / f"{environment}{LOCK_SUFFIX}"

    def template(self, name: str) -> Path:
        """Return the path of a template."""
        return self.templates / f"{name}.j2"


@dataclass(frozen=True, slots=True)
class Listing:
    """The names of a project's manifests, sorted, and a problem for each invalid file name."""

    environments: tuple[str, ...]
    bases: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def find_project(start: Path) -> Project:
    """Return the project that contains the directory `start`: the nearest one at or above it.

    A directory is a project's root if it contains pinner.yaml, or manifests or locks in `environments/`.
    Raises InputError if there is none.
    """
    here = resolve(start)
    root = next((path for path in (here, *here.parents) if _is_root(path)), None)
    if root is None:
        hint = "run 'pinner init' to start a project here"
        message = f"there is no {SETTINGS} and no {ENVIRONMENTS}/*{_MANIFEST}, here or in a directory above"
        raise InputError(Problem(message, Location(str(start)), hint))
    return project_at(root)


def project_at(directory: Path) -> Project:
    """Return the project whose root is that directory, whether it has any files yet or not."""
    root = resolve(directory)
    way = os.path.relpath(root)
    return Project(root, "" if way == os.curdir else f"{way}/")


def list_environments(project: Project) -> Listing:
    """Return the names of all environments and bases, and a problem for each file with an invalid name."""
    environments: list[str] = []
    bases: list[str] = []
    problems: list[Problem] = []
    if flaw := project.files.find_flaw(project.environments, shown=project.shown(project.environments)):
        return Listing((), problems=(flaw,))
    for path in _files(project.environments):
        stem, suffix = path.stem, path.suffix
        if suffix == _MANIFEST and check_environment_name(stem.removeprefix("_")) is None:
            (bases if stem.startswith("_") else environments).append(stem)
        elif suffix in {_MANIFEST, ".yml"}:
            problems.append(_misnamed(path, project))
    return Listing(tuple(environments), tuple(bases), tuple(problems))


def unused_locks(project: Project) -> tuple[str, ...]:
    """Return the names of environments that have a lock but no manifest, sorted."""
    names = {path.stem for path in _files(project.environments) if path.suffix == LOCK_SUFFIX}
    known = {path.stem for path in _files(project.environments) if path.suffix == _MANIFEST}
    return tuple(sorted(name for name in names - known if check_environment_name(name) is None))


def select_environments(project: Project, named: tuple[str, ...]) -> Listing:
    """Return the requested environments in that order, each once, with a problem for each unknown name.

    If none is requested, all are meant: then each invalid file name is a problem, and so is a project without
    environments.
    """
    listing = list_environments(project)
    if named:
        names = dict.fromkeys(named)
        unknown = tuple(_unknown(name, listing) for name in names if name not in listing.environments)
        return Listing(tuple(name for name in names if name in listing.environments), problems=unknown)
    if listing.environments or listing.problems:
        return listing
    place = Location(project.shown(project.environments) + "/")
    nothing = Problem("the project has no environments", place, "run 'pinner init' to make one")
    return Listing((), listing.bases, (nothing,))


def _is_root(path: Path) -> bool:
    if (path / SETTINGS).is_file():
        return True
    return any(file.suffix in {_MANIFEST, ".yml", LOCK_SUFFIX} for file in _files(path / ENVIRONMENTS))


def _files(directory: Path) -> list[Path]:
    """Return the directory's entries, sorted by name, without hidden files; empty if it cannot be listed."""
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _misnamed(path: Path, project: Project) -> Problem:
    shown = project.shown(path)
    place = Location(shown if shown.isprintable() else quote(shown))
    if check_environment_name(path.stem.removeprefix("_")) is None:
        return Problem("manifests end in '.yaml'", place, f"rename it to {quote(path.stem + _MANIFEST)}")
    message = f"{quote(path.stem)} is not a valid name of a Puppet environment: use lower-case letters, digits and underscores"
    return Problem(message, place, f"rename it to {quote(suggest_name(path.stem) + _MANIFEST)}")


def suggest_name(stem: str) -> str:
    """Return the nearest name that Puppet allows for an environment; the `_` at a base's start is kept."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stem.lower())
    start = "_" if stem.startswith("_") else ""
    name = letters.strip("_")
    return start + (name if name[:1].isalpha() else f"cloud_{name}".rstrip("_"))


def _unknown(name: str, listing: Listing) -> Problem:
    if name in listing.bases:
        return Problem(f"{quote(name)} is a base for environments, not an environment", hint=_known(listing))
    near_names = nearest(name, listing.environments)
    flaw = check_environment_name(name)
    return Problem(flaw or f"environment {quote(name)} does not exist", hint=near_names or _known(listing))


def _known(listing: Listing) -> str:
    if not listing.environments:
        return "the project has no environments yet; 'pinner init' makes one"
    shown = listing.environments[:10]
    more = len(listing.environments) - len(shown)
    words = (*shown, f"{more} more") if more else shown
    return f"there are {join_words(words, last='and')}" if len(words) > 1 else f"there is {words[0]}"
