"""`catalogue`: facts from upstream's repositories, written into a file that all commands use."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pinner.openstack.facts import facts_text, packaged_facts, use_facts
from tests.support.cloud import Cloud
from tests.support.openstack_releases import LATE, STATUS, deliverable, releases
from tests.support.third_party import gate, release

FILE = "pinner.catalogue.json"
YANKEE = "release: 2199.1\nopenstack: [keystone, nova]\ndependencies: {externals: integration}\n"


@pytest.fixture(autouse=True)
def packaged_facts_afterwards() -> Iterator[None]:
    yield
    use_facts()


@pytest.fixture
def upstream(cloud: Cloud) -> Cloud:
    """Upstream has released 2199.1, which the packaged facts do not have."""
    for module in ("keystone", "nova"):
        needs = {"puppetlabs/stdlib": ">= 9.0.0"}
        cloud.upstream(module).commit(
            "stable/2199.1", version="90.1.0", needs=needs, start="refs/heads/master"
        )
    release(cloud, "stdlib", "9.7.0")
    release(cloud, "stdlib", "9.8.0")
    gate(cloud, "stable/2199.1", stdlib="v9.7.0")
    gate(cloud, "master", stdlib="v9.8.0")
    releases(cloud)
    cloud.manifest("production", YANKEE)
    return cloud


def written(cloud: Cloud) -> Path:
    return cloud.project / FILE


def test_a_release_named_later_works_after_an_update(upstream: Cloud) -> None:
    unknown = upstream.run("lock")
    assert unknown.code == 2
    assert "unknown release '2199.1'" in unknown.err
    assert upstream.run("catalogue", "update").code == 0
    assert upstream.run("lock").code == 0
    modules = upstream.lock("production")["modules"]
    assert {name: pin["ref"] for name, pin in modules.items()} == {
        "keystone": "refs/heads/stable/2199.1",
        "nova": "refs/heads/stable/2199.1",
        "stdlib": "refs/tags/v9.7.0",
    }
    assert upstream.run("init", "--release", "yankee", "staging").code == 0


def test_an_update_shows_what_changed_and_writes_it_one_row_a_line(upstream: Cloud) -> None:
    result = upstream.run("catalogue", "update")
    lines = result.out.splitlines()
    assert "  2199.1: development, released 2026-10-01, maintained from 2026-10-01, SLURP" in lines
    assert "  2199.1: with keystone, nova" in lines
    assert "  nova 2199.1: 90.1.0" in lines  # yankee-eom, the last tag in the list, is no version
    assert "  2199.1: refs/heads/stable/2199.1" in lines
    assert "  stdlib 2199.1: v9.7.0" in lines
    assert any(line.startswith("  zed: unmaintained, released 2022-10-05 -> end of life") for line in lines)
    assert lines[-1].endswith(f"; wrote {FILE}")
    text = written(upstream).read_text()
    assert '\n["2199.1","openstack/nova","refs/heads/stable/2199.1","90.1.0"]\n' in text
    assert '\n["2199.2","zulu","future","2199-09-29",null,false,"development","2199-04-01"]\n' in text


def test_the_same_sources_give_the_same_bytes_online_and_offline(upstream: Cloud) -> None:
    first = upstream.run("catalogue", "update", "--format", "json")
    data = written(upstream).read_bytes()
    sources = json.loads(data)["sources"]
    assert sources["https://opendev.org/openstack/releases"] == releases_tip(upstream)
    assert (first.json["written"], first.json["sources"]) == (True, sources)
    again = upstream.run("catalogue", "update", "--offline", "--format", "json")
    assert (again.code, again.json["written"], again.json["changes"]) == (0, False, [])
    assert written(upstream).read_bytes() == data


def releases_tip(cloud: Cloud) -> str:
    return cloud.upstream("releases", repository="releases").id("refs/heads/master")


def test_a_dry_run_writes_nothing(upstream: Cloud) -> None:
    result = upstream.run("catalogue", "update", "--dry-run")
    assert result.out.splitlines()[-1].endswith("; nothing was written")
    assert not written(upstream).exists()


def test_a_module_that_is_not_in_the_newest_release_is_retired_and_a_new_one_is_known(
    upstream: Cloud,
) -> None:
    status = STATUS.replace("status: development\n  slurp", "status: maintained\n  slurp")
    files = dict(deliverable(name, "yankee", "90.0.0") for name in ("nova", "keystone", "quasar"))
    files.update(
        [deliverable("pulsar", "zed", "1.0.0"), deliverable("openstack-integration", "yankee", "1.0.0")]
    )
    files.update([deliverable("glance", "yankee")])  # expected, and not released yet
    releases(upstream, files, status=status)
    upstream.upstream("quasar").commit("stable/2199.1", version="90.0.0")
    result = upstream.run("catalogue", "update", "--format", "json")
    repositories = {
        change["subject"]: change["new"]
        for change in result.json["changes"]
        if change["kind"] == "repository"
    }
    assert repositories["puppet-quasar"] == "https://opendev.org/openstack/puppet-quasar"
    assert repositories["puppet-heat"] == "retired after 2026.1"
    assert (
        not {"puppet-pulsar", "puppet-openstack-integration", "puppet-nova", "puppet-glance"}
        & repositories.keys()
    )
    upstream.manifest("production", "release: yankee\nopenstack: [quasar]\n")
    upstream.manifest("staging", "release: yankee\nopenstack: [heat]\n")
    assert upstream.run("lock", "production").code == 0
    assert "module 'heat' ended with 2026.1" in upstream.run("lock", "staging").err


def test_show_lists_the_releases_with_their_phase(upstream: Cloud) -> None:
    assert "packaged with pinner" in upstream.run("catalogue", "show").out
    upstream.run("catalogue", "update")
    shown = upstream.run("catalogue", "show", "--format", "json").json
    rows = {row["id"]: row for row in shown["releases"]}
    assert shown["path"] == FILE
    assert (rows["2199.2"]["phase"], rows["zed"]["phase"]) == ("future", "end of life")
    assert rows["2199.1"] == {
        "id": "2199.1",
        "name": "yankee",
        "phase": rows["2199.1"]["phase"],
        "released": "2026-10-01",
        "eol": None,
        "slurp": True,
        "modules": 2,
        "gate_ref": "refs/heads/stable/2199.1",
        "externals": 1,
    }
    text = upstream.run("catalogue", "show").out.splitlines()
    assert text[0].endswith(f": {FILE}")
    assert [line.split()[0] for line in text if line.startswith("2199")] == ["2199.2", "2199.1"]


def test_a_file_of_upstream_that_cannot_be_read_is_reported_and_the_rest_is_used(upstream: Cloud) -> None:
    files = dict([deliverable("nova", "yankee", "90.0.0"), deliverable("keystone", "yankee", "90.0.0")])
    path, _ = deliverable("glance", "yankee")
    releases(upstream, {**files, path: "releases: [\n"})
    result = upstream.run("catalogue", "update")
    assert result.code == 3
    assert f"not read: {path}:" in result.out
    assert written(upstream).exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("status: future", "status: someday", "'someday' is not a status that is known"),
        ("release-id: 2199.2", "release-id: ../../x", "is not a valid name of a series"),
        ("2199-09-29", "2199-09-31", "the date '2199-09-31' does not exist"),
        ("---\n", "--- &a\n", "anchors"),
    ],
)
def test_values_of_upstream_that_are_not_valid_are_not_written(
    upstream: Cloud, old: str, new: str, message: str
) -> None:
    releases(upstream, status=STATUS.replace(old, new, 1))
    result = upstream.run("catalogue", "update")
    assert result.code == 3
    assert message in result.err
    assert not written(upstream).exists()


def test_a_mirror_that_is_older_than_the_facts_is_refused(upstream: Cloud) -> None:
    upstream.run("catalogue", "update")
    data = written(upstream).read_bytes()
    made = upstream.upstream("releases", repository="releases")
    made.days = LATE - 100
    releases_at_an_earlier_day = made.commit("older", files={"data/series_status.yaml": STATUS})
    made.move("refs/heads/master", releases_at_an_earlier_day)
    result = upstream.run("catalogue", "update")
    assert result.code == 3
    assert "older than the facts from" in result.err
    assert written(upstream).read_bytes() == data


def test_nothing_of_the_projects_own_file_gets_into_new_facts(upstream: Cloud) -> None:
    upstream.run("catalogue", "update")
    clean = written(upstream).read_bytes()
    edited = json.loads(clean)
    nova = next(row for row in edited["repositories"] if row["repository"] == "puppet-nova")
    nova["git"] = "https://git.example.net/elsewhere/puppet-nova"
    written(upstream).write_text(json.dumps(edited))
    result = upstream.run("catalogue", "update", "--format", "json")
    (change,) = result.json["changes"]
    assert (change["kind"], change["subject"], change["old"]) == ("repository", "puppet-nova", nova["git"])
    assert written(upstream).read_bytes() == clean


def test_without_the_sources_nothing_is_written(cloud: Cloud) -> None:
    cloud.manifest("production", YANKEE)
    for options in ((), ("--offline",)):
        result = cloud.run("catalogue", "update", *options)
        assert (result.code, written(cloud).exists()) == (3, False)
        assert "openstack/releases" in result.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", f"{FILE}: the file is not JSON"),
        ('{"pinner_catalogue": 1}', f"{FILE}: the file: the key 'collected' is missing"),
        (
            facts_text(packaged_facts()).replace('"refs/heads/stable/2025.1"', '"-x"', 1),
            "is not a valid full ref name",
        ),
    ],
)
@pytest.mark.parametrize(
    "command", [("lock",), ("outdated",), ("catalogue", "show"), ("init", "--release", "2025.1", "staging")]
)
def test_facts_that_are_not_valid_are_refused_by_every_command(
    cloud: Cloud, content: str, message: str, command: tuple[str, ...]
) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    written(cloud).write_text(content)
    result = cloud.run(*command)
    assert result.code == 2
    assert message in result.err
    assert (
        "hint: restore it from git; or delete it, and 'pinner catalogue update' makes a new one" in result.err
    )


def test_a_link_out_of_the_project_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    (tmp_path / "elsewhere.json").write_text(facts_text(packaged_facts()))
    written(cloud).symlink_to(tmp_path / "elsewhere.json")
    result = cloud.run("lock")
    assert result.code == 2
    assert f"{FILE}: this is a link that leads out of the project" in result.err


def test_outdated_reports_old_facts_and_exits_as_before(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    cloud.run("lock")
    written(cloud).write_text(facts_text(replace(packaged_facts(), collected="2020-02-01")))
    result = cloud.run("outdated", "--format", "json")
    (found,) = result.json["findings"]
    assert (result.code, found["code"], found["level"], found["path"]) == (0, "facts-old", "warning", FILE)
    assert found["message"].startswith(f"{FILE} is from 2020-02-01; this pinner has facts from")
    assert "facts-old" in cloud.run("outdated").out
    written(cloud).write_text(facts_text(replace(packaged_facts(), collected="2199-01-01")))
    assert cloud.run("outdated", "--format", "json").json["findings"] == []


def test_dry_run_is_an_option_of_update(cloud: Cloud) -> None:
    assert cloud.run("catalogue", "show", "--dry-run").code == 2
    assert cloud.run("catalogue", "frobnicate").code == 2


def test_the_packaged_facts_are_used_again_without_the_file(upstream: Cloud) -> None:
    upstream.run("catalogue", "update")
    assert upstream.run("lock").code == 0
    written(upstream).unlink()
    assert upstream.run("lock").code == 2
