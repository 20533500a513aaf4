"""The `init` command: write the first files of a project."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pinner.locking.gate import gate_range
from pinner.model.errors import InputError, Problem
from pinner.model.lock import Series
from pinner.openstack.catalogue import (
    all_series,
    explain_missing,
    find_module,
    find_series,
    gate_misfits,
    integration_pins,
    modules_in,
    nearest_series,
)
from pinner.project.files import Project, project_at
from pinner.project.yaml.schema import check_puppet_version
from pinner.puppet.names import check_environment_name

EVERY = "all"


def render_manifest(
    release: Series, modules: tuple[str, ...], runtimes: Mapping[str, str] | None = None
) -> str:
    """Return the text of a first manifest; `modules` are names from that release, or `all` alone.

    `runtimes` are `puppet` or `openvox` with the version that the environment runs.
    """
    runs = "".join(f"{name}: {version}\n" for name, version in (runtimes or {}).items()) or _RUNS
    if modules == (EVERY,):
        names = tuple(entry.name for entry in modules_in(release))
        return _manifest(release, runs, "openstack: all", _overrides(release, names))
    listed = "".join(f"\n  - {name}" for name in sorted(modules))
    heading = "openstack:              # modules that follow the release; or `openstack: all`"
    return _manifest(release, runs, heading + listed, _overrides(release, modules))


_RUNS = "# puppet: 8.10.0       # what the servers run, or `openvox: 8.19.0`: checked against the modules' metadata\n"


def _manifest(release: Series, runs: str, openstack: str, overrides: str) -> str:
    return f"""\
# One Puppet environment: which modules it runs, and from where.
description: OpenStack {release.id} ({release.name})
# owners: [cloud@example.org]
release: {release.id}
{runs}
{openstack}

# modules:              # everything that differs, and any other module
#   horizon: {{git: "https://git.example.net/puppet-horizon", branch: acme/{release.id}, reason: "login page"}}
#   stdlib:  {{version: ">= 9.0.0 < 10.0.0"}}

dependencies:
  externals: integration    # third-party modules as upstream's gate runs them for this release
{overrides}"""


def _overrides(release: Series, modules: tuple[str, ...]) -> str:
    """Return the overrides needed because the gate's set contradicts its own metadata; empty if none are."""
    third_party = {pin.name for pin in integration_pins(release)}
    ranges: dict[str, dict[str, str]] = {}
    for misfit in gate_misfits(release):
        is_brought_in = misfit.module in third_party and (
            misfit.needed_by is None or not set(misfit.needed_by).isdisjoint(modules)
        )
        if (is_brought_in or misfit.module in modules) and misfit.dependency in third_party:
            ranges.setdefault(misfit.module, {})[misfit.dependency] = f'"{gate_range(misfit)}"'
    rows = []
    for module, range_by_name in ranges.items():
        pairs = ", ".join(f"{name}: {text}" for name, text in range_by_name.items())
        rows.append(f"    {module}: {{{pairs}}}\n")
    heading = "  override:                 # the gate runs these pairs, though the metadata of one has not caught up\n"
    return "".join([heading, *rows]) if rows else ""


# What nearly every cloud has, and the OpenStack modules that these depend on.
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
    """A CI system that `init` can write a file for."""

    GITLAB = "gitlab"
    GITHUB = "github"


CI_FILES = {Ci.GITLAB: ".gitlab-ci.yml", Ci.GITHUB: ".github/workflows/pinner.yml"}


@dataclass(frozen=True, slots=True)
class Started:
    """The files that `init` wrote, in the order of writing, with paths as the user would type them."""

    manifest: str | None
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InitChoice:
    """What to start with.

    `environment` is None if files are only added to an existing project. `release` is a series' id or code
    name; None means the newest that the catalogue knows completely. `modules` are names from that release;
    empty means the usual ones that exist in it, and `all` alone means every one. `puppet` and `openvox` are the
    versions that the environment runs.
    """

    environment: str | None
    release: str | None = None
    modules: tuple[str, ...] = ()
    ci: Ci | None = None
    has_template: bool = False
    puppet: str | None = None
    openvox: str | None = None


def start(directory: Path, choice: InitChoice) -> Started:
    """Write a manifest, pinner.yaml if there is none, and the other files that were chosen.

    Raises InputError, and writes nothing, if a choice is invalid or a file exists already.
    """
    release = choose_release(choice.release)
    project = project_at(directory)
    flaw = check_environment_name(choice.environment) if choice.environment is not None else None
    problems = [Problem(flaw)] if flaw else []
    problems += [Problem(flaw) for text in _runtimes(choice).values() if (flaw := check_puppet_version(text))]
    problems += _missing(choice.modules, release)
    if not problems:
        files = dict(_files(choice, project, release))
        problems = list(_in_the_way(files, project))
    if problems:
        raise InputError(problems)
    for path, text in files.items():
        project.files.write(path, text.encode(), shown=project.shown(path))
    manifest = project.shown(project.manifest(choice.environment)) if choice.environment else None
    return Started(manifest, tuple(project.shown(path) for path in files))


def choose_release(text: str | None) -> Series:
    """Return the release that the text names; for None the newest that the catalogue knows completely.

    Raises InputError for an unknown release.
    """
    if text is None:
        for candidate in reversed(all_series()):
            seen = {entry.name for entry in modules_in(candidate) if entry.seen_ref}
            if set(USUAL) <= seen:
                return candidate
        raise AssertionError
    found = find_series(text)
    if found is None:
        near = nearest_series(text)
        raise InputError(
            Problem(
                f"unknown release {text!r}",
                hint=f"similar names: {', '.join(near)}"
                if near
                else f"releases are named essex to {all_series()[-1].id}",
            )
        )
    return found


def choose_modules(names: tuple[str, ...], release: Series) -> tuple[str, ...]:
    """Return the names, or if there are none the usual modules that exist in the release.

    Raises InputError for a name that the release does not have.
    """
    if problems := _missing(names, release):
        raise InputError(problems)
    existing = {entry.name for entry in modules_in(release)}
    return names or tuple(name for name in USUAL if name in existing)


def _runtimes(choice: InitChoice) -> Mapping[str, str]:
    given = {"puppet": choice.puppet, "openvox": choice.openvox}
    return {name: version for name, version in given.items() if version}


def _files(choice: InitChoice, project: Project, release: Series) -> Iterator[tuple[Path, str]]:
    if not project.files.exists(project.settings, shown=project.shown(project.settings)):
        yield project.settings, SETTINGS_TEXT
    if choice.environment:
        modules = choose_modules(choice.modules, release)
        yield project.manifest(choice.environment), render_manifest(release, modules, _runtimes(choice))
    if choice.has_template:
        yield project.template("default"), _packaged("default.j2")
    if choice.ci:
        yield project.root / CI_FILES[choice.ci], _packaged(f"{choice.ci}.yml")


def _packaged(name: str) -> str:
    data = pkgutil.get_data("pinner.adopting", f"starter/{name}")
    if data is None:
        raise FileNotFoundError(name)
    return data.decode()


def _in_the_way(paths: Iterable[Path], project: Project) -> Iterator[Problem]:
    for path in paths:
        if flaw := project.files.find_flaw(path, shown=project.shown(path)):
            yield flaw
        elif project.files.exists(path, shown=project.shown(path)):
            is_manifest = path.parent == project.environments
            hint = (
                "choose another name"
                if is_manifest
                else "existing files are not overwritten: omit that option"
            )
            yield Problem(f"{project.shown(path)} already exists", hint=hint)


def _missing(names: tuple[str, ...], release: Series) -> list[Problem]:
    absent = [name for name in names if find_module(name, release) is None]
    explained = [explain_missing(name, release) for name in absent if names != (EVERY,)]
    return [Problem(message, hint=hint) for message, hint in explained]
