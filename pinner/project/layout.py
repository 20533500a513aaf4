"""Where a user's project keeps its files: finds the project, its environments, and the paths as the user types them."""

import os
from dataclasses import dataclass
from pathlib import Path

from pinner.project.quoting import join_words, near, quote
from pinner.puppet.names import check_environment_name
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

SETTINGS = "pinner.yaml"
ENVIRONMENTS = "environments"
TEMPLATES = "Puppetfile.templates"
_MANIFEST = ".yaml"
LOCK_SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class Project:
    """A project's root directory, absolute and with links resolved, and what a user types before a path in it."""

    root: Path
    prefix: str = ""

    def shown(self, path: Path) -> str:
        """Return a path below the root as the user would type it."""
        return f"{self.prefix}{path.relative_to(self.root)}"

    @property
    def settings(self) -> Path:
        """Return the path of pinner.yaml, whether it is there or not."""
        return self.root / SETTINGS

    @property
    def environments(self) -> Path:
        """Return the directory of manifests and locks."""
        return self.root / ENVIRONMENTS

    @property
    def templates(self) -> Path:
        """Return the directory of templates, whether it is there or not."""
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
    """The names that a project has manifests for, sorted, and the files whose names are wrong."""

    environments: tuple[str, ...]
    bases: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def find_project(start: Path) -> Project:
    """Return the project that the directory `start` lies in: the nearest one at or above it.

    A directory is a project's root if it holds pinner.yaml or manifests in `environments/`. Raises InputError where
    there is none.
    """
    here = start.resolve()
    root = next((path for path in (here, *here.parents) if _is_root(path)), None)
    if root is None:
        hint = "run 'pinner init' to start a project here"
        message = f"there is no {SETTINGS} and no {ENVIRONMENTS}/*{_MANIFEST}, here or in a directory above"
        raise InputError(Problem(message, Place(str(start)), hint))
    return project_at(root)


def project_at(directory: Path) -> Project:
    """Return the project whose root is that directory, whether it has any files yet or not."""
    root = directory.resolve()
    way = os.path.relpath(root)
    return Project(root, "" if way == os.curdir else f"{way}/")


def list_environments(project: Project) -> Listing:
    """Return the names of all environments and bases, and a problem for each file that cannot be one."""
    environments: list[str] = []
    bases: list[str] = []
    problems: list[Problem] = []
    for path in _files(project.environments):
        stem, suffix = path.stem, path.suffix
        if suffix == _MANIFEST and check_environment_name(stem.removeprefix("_")) is None:
            (bases if stem.startswith("_") else environments).append(stem)
        elif suffix in {_MANIFEST, ".yml"}:
            problems.append(_misnamed(path, project))
    return Listing(tuple(environments), tuple(bases), tuple(problems))


def select_environments(project: Project, asked: tuple[str, ...]) -> Listing:
    """Return the asked environments, each once and in the order asked, with a problem for each name not known.

    If none was asked for, all are meant: then every file whose name is wrong is a problem, and so is no environment.
    """
    listing = list_environments(project)
    if asked:
        names = dict.fromkeys(asked)
        unknown = tuple(_unknown(name, listing) for name in names if name not in listing.environments)
        return Listing(tuple(name for name in names if name in listing.environments), problems=unknown)
    if listing.environments or listing.problems:
        return listing
    return Listing((), listing.bases, (_nothing(project),))


def flaw_of_way(project: Project, path: Path) -> str | None:
    """Say whether a file of the project lies elsewhere in truth, so that neither its text nor a write leaves it."""
    real = Path(os.path.realpath(path))
    return None if real.is_relative_to(project.root) else "this is a link that leads out of the project"


def _is_root(path: Path) -> bool:
    if (path / SETTINGS).is_file():
        return True
    return any(file.suffix in {_MANIFEST, ".yml", LOCK_SUFFIX} for file in _files(path / ENVIRONMENTS))


def _files(directory: Path) -> list[Path]:
    """Return what the directory holds, sorted by name, without hidden files; nothing if it cannot be listed."""
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _misnamed(path: Path, project: Project) -> Problem:
    shown = project.shown(path)
    place = Place(shown if shown.isprintable() else quote(shown))
    if check_environment_name(path.stem.removeprefix("_")) is None:
        return Problem("manifests end in '.yaml'", place, f"rename it to {quote(path.stem + _MANIFEST)}")
    message = (
        f"{quote(path.stem)} cannot be a Puppet environment's name: use small letters, digits and underscores"
    )
    return Problem(message, place, f"rename it to {quote(suggest_name(path.stem) + _MANIFEST)}")


def suggest_name(stem: str) -> str:
    """Return the name nearest to a text that Puppet allows for an environment; a `_` at its start, a base's, stays."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stem.lower())
    start = "_" if stem.startswith("_") else ""
    name = letters.strip("_")
    return start + (name if name[:1].isalpha() else f"cloud_{name}".rstrip("_"))


def _unknown(name: str, listing: Listing) -> Problem:
    if name in listing.bases:
        return Problem(f"{quote(name)} is a base for environments, not an environment", hint=_known(listing))
    near_names = near(name, listing.environments)
    flaw = check_environment_name(name)
    return Problem(flaw or f"there is no environment {quote(name)}", hint=near_names or _known(listing))


def _known(listing: Listing) -> str:
    if not listing.environments:
        return "the project has no environments yet; 'pinner init' makes one"
    shown = listing.environments[:10]
    more = len(listing.environments) - len(shown)
    words = (*shown, f"{more} more") if more else shown
    return f"there are {join_words(words, last='and')}" if len(words) > 1 else f"there is {words[0]}"


def _nothing(project: Project) -> Problem:
    return Problem(
        "there is no environment here",
        Place(project.shown(project.environments) + "/"),
        "run 'pinner init' to make one",
    )
