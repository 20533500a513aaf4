"""Files of each kind in their real shape and size: imported, locked, generated, and the same modules come out."""

from pathlib import Path

import pytest

from tests.support.adopting import generated
from tests.support.cloud import Cloud
from tests.support.imported import (
    Row,
    Upstreams,
    as_fuel,
    as_opm,
    as_packstack,
    build_upstreams,
    rows_of,
    write,
)


@pytest.fixture
def site(tmp_path: Path) -> Cloud:
    """A project without environments and without upstreams."""
    return Cloud(tmp_path)


def assert_comes_out(site: Cloud, upstreams: Upstreams, environment: str = "x") -> None:
    assert generated(site, environment) == upstreams.expected


def manifest(site: Cloud, environment: str = "x") -> str:
    return (site.project / "environments" / f"{environment}.yaml").read_text()


def _first_line(row: Row) -> str:
    return f"mod '{row.name}',"


def test_packstack(site: Cloud) -> None:
    upstreams = build_upstreams(site, rows_of("packstack 2025.1"))
    source = write(site.root / "packstack/Puppetfile", as_packstack(upstreams.rows, openstack=21)).parent
    done = site.run("import", str(source), "--as", "x")
    assert done.code == 0, done.err
    assert done.out == "wrote environments/x.yaml\nnext: review what was written, then run 'pinner lock x'\n"
    text = manifest(site)
    assert "release: 2025.1\n\nopenstack:\n  - aodh\n" in text
    assert "  stdlib: {tag: v9.7.0}\n" in text
    assert "branch" not in text
    assert site.run("lock").code == 0
    assert_comes_out(site, upstreams)


def test_packstack_with_floating_modules(site: Cloud) -> None:
    upstreams = build_upstreams(site, rows_of("packstack 2024.1"))
    source = write(site.root / "packstack/Puppetfile", as_packstack(upstreams.rows, openstack=21))
    done = site.run("import", str(source), "--as", "x")
    assert done.code == 0, done.err
    floats = [row for row in upstreams.rows if row.ref in {"main", "master"}]
    told = [line for line in done.err.splitlines() if "is a development branch" in line]
    line_of = {line: number for number, line in enumerate(source.read_text().splitlines(), start=1)}
    assert told == [
        f"{source}:{line_of[_first_line(row)]}:1: module '{row.name}': '{row.ref}' is a development branch, not a release,"
        " so its commit changes often"
        for row in floats
    ]
    assert manifest(site).count("# follows the branch") == len(floats) == 17
    assert site.run("lock").code == 0
    assert_comes_out(site, upstreams)


def test_openstack_puppet_modules(site: Cloud) -> None:
    upstreams = build_upstreams(site, rows_of("openstack-puppet-modules kilo"), series="kilo")
    source = write(site.root / "opm/Puppetfile", as_opm(upstreams.rows))
    done = site.run("import", str(source), "--as", "x")
    assert done.code == 0, done.err + done.out
    assert "release: kilo\n\nopenstack:\n  - ceilometer\n" in manifest(site)
    assert len(site.lock("x")["modules"]) == 60
    assert site.lock("x")["modules"]["nova"]["want"] == {"release": "kilo"}
    assert site.run("lock", "--check").code == 0
    assert_comes_out(site, upstreams)


def test_puppet_openstack_integration(site: Cloud) -> None:
    rows = rows_of("puppet-openstack-integration 2025.1")
    upstreams = build_upstreams(site, rows)
    source = write(site.root / "poi/Puppetfile", as_packstack(upstreams.rows, openstack=30)).parent
    done = site.run("import", str(source), "--as", "x")
    assert done.code == 0, done.err
    assert "  ceph: {branch: master}    # follows the branch\n" in manifest(site)
    assert site.run("lock").code == 0
    assert_comes_out(site, upstreams)


@pytest.mark.parametrize("version", ["9.0", "9.2"])
def test_fuels_two_files_are_one_environment(site: Cloud, version: str) -> None:
    first, second = (
        build_upstreams(site, rows_of(name), series="mitaka")
        for name in (f"fuel {version}", f"fuel {version} openstack_tasks")
    )
    write(site.root / "fuel-library/deployment/Puppetfile", as_fuel(first.rows))
    write(site.root / "fuel-library/deployment/puppet/openstack_tasks/Puppetfile", as_fuel(second.rows))
    done = site.run("import", str(site.root / "fuel-library"), "--as", "x")
    assert done.code == 0, done.err
    assert 'nova: {git: "https://github.com/fuel-infra/puppet-nova.git", ' in manifest(site)
    assert site.run("lock").code == 0
    assert_comes_out(site, Upstreams((), {**first.expected, **second.expected}))


def test_old_homes_and_branches_of_a_minor_version(site: Cloud) -> None:
    rows = rows_of("puppet-openstack-integration kilo")
    upstreams = build_upstreams(site, rows)
    old = [
        Row(row.name, row.git.replace("https://github.com/", "git://github.com/"), row.ref)
        for row in upstreams.rows
    ]
    source = write(site.root / "poi/Puppetfile", as_packstack(old, openstack=29))
    done = site.run("import", str(source), "--as", "x")
    assert done.code == 0, done.err
    assert "git://" not in manifest(site)
    assert site.run("lock").code == 0, manifest(site)
    assert_comes_out(site, upstreams)
