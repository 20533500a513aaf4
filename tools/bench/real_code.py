"""Real Puppet code for the bench: thirty of Debian's module packages in two releases, as upstreams and as a project."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from tests.support.debian_modules import DebianModule, download
from tests.support.debian_upstreams import Release, commit_modules
from tools.bench.cost import Command, FailedError, measure
from tools.bench.serving import Server
from tools.bench.site import Project, Site, lead_to

SUITES = ("bookworm", "trixie")
OPENSTACK = (
    *("aodh", "barbican", "ceilometer", "cinder", "cloudkitty", "designate", "glance", "gnocchi", "heat"),
    *("horizon", "ironic", "keystone", "magnum", "manila", "mistral", "neutron", "nova", "octavia"),
    *("openstack-extras", "openstacklib", "oslo", "ovn", "placement", "swift", "tempest", "vswitch"),
)
THIRD_PARTY = (
    *("puppetlabs-apache", "puppetlabs-concat", "puppetlabs-inifile", "puppetlabs-mysql"),
    *("puppetlabs-postgresql", "puppetlabs-rabbitmq", "puppetlabs-stdlib"),
)
DATA_FILES = 500
KEYS = 20_000
_IGNORED = "dependency-unsatisfied, dependency-contradiction, dependency-missing, end-of-life"
_PLAIN = ("true", "false")


@dataclass(frozen=True, slots=True)
class RealCode:
    """A locked project; `manifests` are lists, one path a line, of all .pp files of the newer release and of both."""

    project: Project
    old: str
    new: str
    manifests_of_new: Path
    manifests_of_both: Path
    data: Path


def prepare(work: Path) -> RealCode:
    """Download, commit, lock, and write a data directory that sets the newer release's parameters."""
    work.mkdir(parents=True)
    modules = download(work / "debian", (*OPENSTACK, *THIRD_PARTY), SUITES)
    releases = commit_modules(work / "upstreams", modules)
    if len(releases) < len(SUITES):
        raise FailedError(
            f"Debian's suites have {len(releases)} releases that the catalogue knows, and two are needed"
        )
    old, new = releases[0], releases[-1]
    project = _project(work, releases)
    of_new = _list(work / "new.txt", modules[new.suite])
    of_both = _list(work / "both.txt", (*modules[old.suite], *modules[new.suite]))
    data = work / "data"
    _write_data(data, _settings(project, new.environment))
    return RealCode(project, old.environment, new.environment, of_new, of_both, data)


def _project(work: Path, releases: tuple[Release, ...]) -> Project:
    site = Site(work, Server("", "", work / "requests"))
    for release in releases:
        site.write(f"project/environments/{release.environment}.yaml", _manifest(release))
    project = lead_to(site, work / "upstreams")
    measure(project.pinner("lock"))
    return project


def _manifest(release: Release) -> str:
    versions = "".join(
        f'  {name}: {{version: "{version}"}}\n' for name, version in release.third_party.items()
    )
    return (
        f'release: "{release.series}"\nopenstack: [{", ".join(release.openstack)}]\n'
        f"modules:\n{versions}findings: {{ignore: [{_IGNORED}]}}\n"
    )


def _list(path: Path, modules: tuple[DebianModule, ...]) -> Path:
    manifests = (str(file) for module in modules for file in sorted(module.path.rglob("*.pp")))
    path.write_text("".join(f"{file}\n" for file in manifests))
    return path


def _settings(project: Project, environment: str) -> Iterator[str]:
    """Yield lines of data, `class::parameter: value`, of every class that the environment pins."""
    lock = json.loads((project.directory / "environments" / f"{environment}.lock").read_text())
    for pin in lock["modules"].values():
        told = _output(project.pinner("api", pin["git"], pin["commit"], "--format", "json"))
        for definition in json.loads(told)["definitions"]:
            if definition["kind"] == "class":
                for parameter in definition["parameters"]:
                    yield f"{definition['name']}::{parameter['name']}: {_value(parameter['default'])}\n"


def _output(command: Command) -> str:
    return subprocess.run(
        command.words, cwd=command.cwd, env=command.variables, capture_output=True, text=True, check=True
    ).stdout


def _value(default: str | None) -> str:
    return default if default in _PLAIN else "'set by the operator'"


def _write_data(directory: Path, settings: Iterator[str]) -> None:
    """Write KEYS settings over DATA_FILES files; where there are fewer, other files set them again."""
    lines = list(settings)
    each = KEYS // DATA_FILES
    directory.mkdir()
    rows = cycle(lines)
    for number in range(DATA_FILES):
        (directory / f"node{number:03}.yaml").write_text("---\n" + "".join(islice(rows, each)))
