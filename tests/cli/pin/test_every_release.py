"""Every environment of the meetup, and every module of every release since: locked, verified and generated in one go.

The upstreams have the real names of modules, refs and versions, and are served over HTTP on loopback.
"""

import copy
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pinner.locking.gate import URL as GATE
from pinner.model.lock import Series
from pinner.openstack.catalogue import (
    ModuleEntry,
    all_series,
    find_module,
    find_series,
    integration_pins,
    modules_in,
    newest_listed,
)
from tests.support.catalogue_upstreams import Tip, build, build_upstreams
from tests.support.servers import HttpGitServer, Traffic, serve_http
from tests.support.sites import Site

MEETUP = Path(__file__).resolve().parents[3] / "examples" / "meetup-2014" / "environments"
COMMIT = re.compile(r"[0-9a-f]{40}")
RELEASED = [series for series in all_series() if not newest_listed() < series]
MODERN = RELEASED[[series.id for series in RELEASED].index("kilo") :]
PRIVATE = ("sunfire", "despegar")


@dataclass(frozen=True, slots=True)
class Everything:
    """A project with all environments, locked by one command: `told` is what that said, `traffic` what it cost."""

    site: Site
    project: Path
    server: HttpGitServer
    told: Any
    traffic: Traffic

    def pinner(self, *arguments: str) -> str:
        return self.site.pinner(*arguments, cwd=self.project)

    @property
    def locks(self) -> Mapping[str, Any]:
        paths = sorted(self.project.glob("environments/*.lock"))
        return {path.stem: json.loads(path.read_text())["modules"] for path in paths}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    root = tmp_path_factory.mktemp("everything")
    build_upstreams(root / "upstreams")
    for name in PRIVATE:
        tips = [Tip("refs/heads/production", f"example/{name}", "1.0.0")]
        build(root / "upstreams", f"ssh://git@git.example.net/puppet-{name}", tips)
    with serve_http(root / "upstreams") as server:
        project = write_project(root / "site" / "project", server)
        site = Site(root / "site")
        told = json.loads(site.pinner("lock", "--format", "json", cwd=project))
        yield Everything(site, project, server, told, copy.deepcopy(server.traffic))


def write_project(project: Path, server: HttpGitServer) -> Path:
    shutil.copytree(MEETUP, project / "environments")
    for series in MODERN:
        environment = project / "environments" / f"{environment_of(series)}.yaml"
        environment.write_text(manifest_of_all(series))
    rewrite = "".join(
        f'  "{here}/": "{server.url}/{here.partition("://")[2].removeprefix("git@")}/"\n'
        for here in ("https://opendev.org", "https://github.com", "ssh://git@git.example.net")
    )
    (project / "pinner.yaml").write_text(f"rewrite:\n{rewrite}cache: ../cache\n")
    return project


def environment_of(series: Series) -> str:
    return f"all_{series.id.replace('.', '_')}"


def manifest_of_all(series: Series) -> str:
    """Return a manifest of everything in a release; what upstream's gate pins by commit has another id in our upstreams."""
    pinned = {pin.name for pin in integration_pins(series) if pin.ref and COMMIT.fullmatch(pin.ref)}
    rows = "".join(f'  {name}: {{version: ">= 1.0.0 < 10.0.0"}}\n' for name in sorted(pinned))
    modules = f"modules:\n{rows}" if rows else ""
    return f'release: "{series.id}"\nopenstack: all\n{modules}dependencies: {{externals: integration}}\n'


def test_the_meetup_has_thirty_seven_environments_and_since_then_there_are_as_many_as_releases(
    everything: Everything,
) -> None:
    meetup = {path.stem for path in MEETUP.glob("[a-z]*.yaml")}
    assert len(meetup) == 37
    assert set(everything.locks) == meetup | {environment_of(series) for series in MODERN}


def test_none_has_an_error(everything: Everything) -> None:
    errors = [
        (environment["name"], finding["message"])
        for environment in everything.told["environments"]
        for finding in environment["findings"]
        if finding["level"] == "error"
    ]
    assert errors == []


def test_locking_all_of_them_makes_one_connection_a_repository(everything: Everything) -> None:
    urls = {pin["git"] for pins in everything.locks.values() for pin in pins.values()} | {GATE}
    advertised = [request.repository for request in everything.traffic.requests if request.method == "GET"]
    assert sorted(advertised) == sorted(url.partition("://")[2].removeprefix("git@") for url in urls)
    assert everything.traffic.connections == len(urls)


def test_every_release_is_pinned_at_the_ref_that_carries_it(everything: Everything) -> None:
    for environment, pins in everything.locks.items():
        for name, pin in pins.items():
            if "release" in pin["want"]:
                entry = find_module(name, find_series(pin["want"]["release"]))
                assert isinstance(entry, ModuleEntry)
                assert pin["ref"] == entry.seen_ref or f"refs/heads/stable/{pin['want']['release']}", (
                    environment
                )
                assert pin["name"] == entry.forge_name.replace("/", "-"), environment


@pytest.mark.parametrize("series", MODERN, ids=lambda series: series.id)
def test_all_means_every_module_of_the_release_and_what_the_gate_runs_beside(
    everything: Everything, series: Series
) -> None:
    pins = everything.locks[environment_of(series)]
    released = {entry.name for entry in modules_in(series)}
    gate = {pin.name for pin in integration_pins(series) if pin.ref}
    assert set(pins) == released | gate
    assert {name for name, pin in pins.items() if pin.get("required_by")} <= gate


def test_they_verify(everything: Everything) -> None:
    told = json.loads(everything.pinner("verify", "--format", "json"))
    assert [environment["name"] for environment in told["environments"]] == sorted(everything.locks)
    levels = {finding["level"] for environment in told["environments"] for finding in environment["findings"]}
    assert "error" not in levels


def test_they_generate_a_puppetfile_each_that_names_every_commit(everything: Everything) -> None:
    everything.pinner("generate")
    for environment, pins in everything.locks.items():
        puppetfile = (everything.project / "puppetfiles" / environment / "Puppetfile").read_text()
        refs = re.findall(r"^  :ref => '([0-9a-f]{40})'$", puppetfile, flags=re.MULTILINE)
        assert sorted(refs) == sorted(pin["commit"] for pin in pins.values())
    everything.pinner("generate", "--check")


def test_an_unchanged_world_is_told_apart_from_a_stale_lock_without_any_connection(
    everything: Everything,
) -> None:
    before = everything.server.traffic.connections
    everything.pinner("lock", "--check")
    assert everything.server.traffic.connections == before
