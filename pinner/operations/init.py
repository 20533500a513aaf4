"""`pinner init`: the first files of a project, or one more manifest, written as a person would write them."""

from dataclasses import dataclass
from pathlib import Path

from pinner.openstack import catalogue, series
from pinner.openstack.series import Series
from pinner.project.atomic import write_atomically
from pinner.project.layout import project_at
from pinner.puppet.names import check_environment_name
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


@dataclass(frozen=True, slots=True)
class Started:
    """The files that `init` wrote, as the user would type their paths, in the order of writing."""

    release: str
    paths: tuple[str, ...]


def start(directory: Path, environment: str, *, release: str | None, modules: tuple[str, ...]) -> Started:
    """Write a manifest for `environment`, and pinner.yaml where there is none; nothing existing is changed.

    `release` is a series' id or code name (default: the newest one that the catalogue knows whole), `modules` names
    of it (default: the usual ones that exist in it). Raises InputError.
    """
    chosen = _release(release)
    flaw = check_environment_name(environment)
    problems = [Problem(flaw)] if flaw else []
    problems += [
        Problem(*_missing(name, chosen)) for name in modules if catalogue.find_module(name, chosen) is None
    ]
    project = project_at(directory)
    manifest = project.manifest(environment)
    if manifest.exists():
        problems.append(Problem(f"{project.shown(manifest)} is there already", hint="choose another name"))
    if problems:
        raise InputError(problems)
    existing = {entry.name for entry in catalogue.modules_in(chosen)}
    names = modules or tuple(name for name in USUAL if name in existing)
    texts = {} if project.settings.exists() else {project.settings: SETTINGS_TEXT}
    texts[manifest] = _manifest(chosen, names)
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode(), shown=project.shown(path))
    return Started(chosen.id, tuple(project.shown(path) for path in texts))


def _missing(name: str, release: Series) -> tuple[str, None, str | None]:
    message, hint = catalogue.explain_missing(name, release)
    return message, None, hint


def _release(text: str | None) -> Series:
    if text is None:
        return _newest_known_whole()
    found = series.find_series(text)
    if found is None:
        near = series.nearest_series(text)
        raise InputError(
            Problem(f"unknown release {text!r}", hint=f"near it: {', '.join(near)}" if near else None)
        )
    return found


def _newest_known_whole() -> Series:
    """Return the newest release whose branches the catalogue has seen in all the usual modules."""
    for candidate in reversed(series.all_series()):
        seen = {entry.name for entry in catalogue.modules_in(candidate) if entry.seen_ref}
        if set(USUAL) <= seen:
            return candidate
    raise AssertionError


def _manifest(release: Series, modules: tuple[str, ...]) -> str:
    listed = "".join(f"  - {name}\n" for name in sorted(modules))
    return f"""\
# One Puppet environment: which modules it runs, and from where.
description: OpenStack {release.id} ({release.name})
# owners: [cloud@example.org]
release: {release.id}

openstack:              # modules that follow the release; or `openstack: all`
{listed}
# modules:              # everything that differs, and any other module
#   horizon: {{git: "https://git.example.net/puppet-horizon", branch: acme/{release.id}, reason: "login page"}}
#   stdlib:  {{version: ">= 9.0.0 < 10.0.0"}}

dependencies:
  externals: integration    # third-party modules as upstream's gate runs them for this release
{_overrides(release, modules)}"""


def _overrides(release: Series, modules: tuple[str, ...]) -> str:
    """Return the overrides without which what the gate runs would contradict its own metadata; empty if none."""
    third_party = {pin.name for pin in catalogue.integration_pins(release)}
    ranges: dict[str, dict[str, str]] = {}
    for misfit in catalogue.gate_misfits(release):
        if misfit.module in third_party.union(modules) and misfit.dependency in third_party:
            major = int(misfit.version.partition(".")[0])
            ranges.setdefault(misfit.module, {})[misfit.dependency] = (
                f'">= {misfit.version} < {major + 1}.0.0"'
            )
    rows = [f"    {module}: {{{_pairs(wanted)}}}\n" for module, wanted in ranges.items()]
    heading = "  override:                 # the gate runs these pairs, though the metadata of one has not caught up\n"
    return "".join([heading, *rows]) if rows else ""


def _pairs(wanted: dict[str, str]) -> str:
    return ", ".join(f"{name}: {text}" for name, text in wanted.items())
