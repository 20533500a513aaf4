"""`pinner init`: the first files of a project, or one more manifest; nothing that is there is changed."""

import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pinner.openstack import catalogue, series
from pinner.openstack.series import Series
from pinner.operations.first_manifest import EVERY, render_manifest
from pinner.project.atomic import write_atomically
from pinner.project.layout import Project, flaw_of_way, project_at
from pinner.puppet.names import check_environment_name
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

# What nearly every cloud has, and the modules that those need of OpenStack's own.
USUAL = (
    "cinder",
    "glance",
    "horizon",
    "keystone",
    "neutron",
    "nova",
    "openstacklib",
    "oslo",
    "ovn",
    "placement",
    "vswitch",
)

SETTINGS_TEXT = """\
# Settings of this project; every line is optional.
# rewrite: {"https://opendev.org/openstack/": "https://git.example.net/openstack/"}   # fetch from an internal mirror
# jobs: 16          # parallel git connections
# timeout: 60       # seconds for one git call
"""


class Ci(StrEnum):
    """A CI system that `init` writes a file for."""

    GITLAB = "gitlab"
    GITHUB = "github"


CI_FILES = {Ci.GITLAB: ".gitlab-ci.yml", Ci.GITHUB: ".github/workflows/pinner.yml"}


@dataclass(frozen=True, slots=True)
class Started:
    """The files that `init` wrote, as the user would type their paths, in the order of writing."""

    manifest: str | None
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to start with.

    `environment` is None where only files are added to a project that is there. `release` is a series' id or code name (None: the newest one that the catalogue knows whole), `modules` names of it
    (none: the usual ones that exist in it; `all` alone: every one).
    """

    environment: str | None
    release: str | None = None
    modules: tuple[str, ...] = ()
    ci: Ci | None = None
    has_template: bool = False


def start(directory: Path, wish: Wish) -> Started:
    """Write a manifest, pinner.yaml where there is none, and what else is wished for.

    Raises InputError, and writes nothing, if something wished for is wrong or there already.
    """
    release = choose_release(wish.release)
    project = project_at(directory)
    flaw = check_environment_name(wish.environment) if wish.environment is not None else None
    problems = [Problem(flaw)] if flaw else []
    problems += _missing(wish.modules, release)
    if not problems:
        files = dict(_files(wish, project, release))
        problems = list(_in_the_way(files, project))
    if problems:
        raise InputError(problems)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode(), shown=project.shown(path))
    manifest = project.shown(project.manifest(wish.environment)) if wish.environment else None
    return Started(manifest, tuple(project.shown(path) for path in files))


def choose_release(text: str | None) -> Series:
    """Return the release that the text names, or the newest that the catalogue knows whole; raises InputError."""
    if text is None:
        return _newest_known_whole()
    found = series.find_series(text)
    if found is None:
        near = series.nearest_series(text)
        raise InputError(
            Problem(f"unknown release {text!r}", hint=f"near it: {', '.join(near)}" if near else None)
        )
    return found


def choose_modules(names: tuple[str, ...], release: Series) -> tuple[str, ...]:
    """Return the names, or the usual ones that exist in the release if there are none; raises InputError."""
    if problems := _missing(names, release):
        raise InputError(problems)
    existing = {entry.name for entry in catalogue.modules_in(release)}
    return names or tuple(name for name in USUAL if name in existing)


def _files(wish: Wish, project: Project, release: Series) -> Iterator[tuple[Path, str]]:
    if not project.settings.exists():
        yield project.settings, SETTINGS_TEXT
    if wish.environment:
        modules = choose_modules(wish.modules, release)
        yield project.manifest(wish.environment), render_manifest(release, modules)
    if wish.has_template:
        yield project.template("default"), _packaged("default.j2")
    if wish.ci:
        yield project.root / CI_FILES[wish.ci], _packaged(f"{wish.ci}.yml")


def _packaged(name: str) -> str:
    data = pkgutil.get_data("pinner.operations", f"starter/{name}")
    if data is None:
        raise FileNotFoundError(name)
    return data.decode()


def _in_the_way(paths: Iterable[Path], project: Project) -> Iterator[Problem]:
    for path in paths:
        if flaw := flaw_of_way(project, path):
            yield Problem(flaw, Place(project.shown(path)), "delete the link")
        elif path.exists():
            yield _there(path, project)


def _there(path: Path, project: Project) -> Problem:
    is_manifest = path.parent == project.environments
    hint = (
        "choose another name"
        if is_manifest
        else "nothing that is there is overwritten: leave that option out"
    )
    return Problem(f"{project.shown(path)} is there already", hint=hint)


def _missing(names: tuple[str, ...], release: Series) -> list[Problem]:
    absent = [name for name in names if catalogue.find_module(name, release) is None]
    explained = [catalogue.explain_missing(name, release) for name in absent if names != (EVERY,)]
    return [Problem(message, hint=hint) for message, hint in explained]


def _newest_known_whole() -> Series:
    """Return the newest release whose branches the catalogue has seen in all the usual modules."""
    for candidate in reversed(series.all_series()):
        seen = {entry.name for entry in catalogue.modules_in(candidate) if entry.seen_ref}
        if set(USUAL) <= seen:
            return candidate
    raise AssertionError
