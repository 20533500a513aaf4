"""Several servers, each with a deployment directory of its own: prepare everywhere, then switch, and compare."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.control import lock_two, move_nova
from tests.support.prepared import Prepared

pytestmark = pytest.mark.usefixtures("_known_committer")
SERVERS = ("compile1", "compile2")
FILE = "modules/nova/files/x"


def deploy(cloud: Cloud, server: str, *arguments: str) -> Result:
    return cloud.run("deploy", "--to", str(cloud.root / server), "--no-generate-types", *arguments)


def served(cloud: Cloud, server: str, environment: str = "staging") -> str | None:
    link = cloud.root / server / environment
    return Path(os.readlink(link)).name if link.is_symlink() else None  # noqa: PTH115 - the target itself


def content(cloud: Cloud, server: str, version: str, environment: str = "staging") -> bytes | None:
    """Return what Puppet Server would answer an agent whose catalog is of that version, None if it could not."""
    program = cloud.root / server / ".pinner/code-content"
    done = subprocess.run(
        [program, environment, version, FILE], env={}, cwd="/", capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def unanswered(cloud: Cloud) -> list[tuple[str, str]]:
    """Return each id that one server gives to agents, and the server that cannot answer it."""
    ids = {version for server in SERVERS if (version := served(cloud, server))}
    return [(one, server) for one in sorted(ids) for server in SERVERS if content(cloud, server, one) is None]


@pytest.fixture
def two(cloud: Cloud, prepared: Prepared) -> tuple[Cloud, str]:
    """A project that is deployed on two servers, with a newer lock, and the id that they serve."""
    prepared(cloud, lock_two)
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1", files={"files/x": "old\n"})
    assert cloud.run("update").code == 0
    for server in SERVERS:
        assert deploy(cloud, server).code == 0
    before = served(cloud, SERVERS[0])
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.2", files={"files/x": "new\n"})
    assert cloud.run("update").code == 0
    assert before
    return cloud, before


def steps(cloud: Cloud) -> Iterator[Result]:
    for phase in ("--prepare", "--switch"):
        for server in SERVERS:
            yield deploy(cloud, server, phase)


def test_in_two_phases_no_server_gives_an_id_that_another_cannot_answer(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    assert unanswered(cloud) == []
    for result in steps(cloud):
        assert result.code == 0, result.err
        assert unanswered(cloud) == []
    after = served(cloud, SERVERS[0])
    assert after == served(cloud, SERVERS[1]) != before
    for server in SERVERS:
        assert content(cloud, server, before) == b"old\n"
        assert content(cloud, server, after or "") == b"new\n"


def test_in_one_phase_a_server_gives_such_ids(two: tuple[Cloud, str]) -> None:
    cloud, _ = two
    assert deploy(cloud, SERVERS[0]).code == 0
    assert unanswered(cloud) == [(served(cloud, SERVERS[0]), SERVERS[1])]


def test_what_is_prepared_is_not_served_until_it_is_switched_to(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    result = deploy(cloud, "compile1", "--prepare", "--format", "json")
    assert result.code == 0, result.err
    rows: dict[str, Any] = {one["name"]: one for one in result.json["environments"]}
    assert [rows[name]["action"] for name in ("production", "staging")] == ["unchanged", "prepared"]
    new = rows["staging"]["version"]
    assert served(cloud, "compile1") == before != new
    assert not rows["staging"]["switched"]
    assert deploy(cloud, "compile1", "--check").code == 1
    listed = deploy(cloud, "compile1", "--list", "staging").out
    assert f"  {new}  made " in listed
    assert "never served, prepared\n" in listed
    for name in ("upstreams", "cache", "project"):
        (cloud.root / name).rename(cloud.root / f"gone-{name}")
    (cloud.root / "project").mkdir()
    switched = deploy(cloud, "compile1", "--switch")
    assert switched.code == 0, switched.err
    assert switched.out.splitlines()[-1].endswith(": 1 up to date, 1 switched")
    assert served(cloud, "compile1") == new


def test_a_bundle_is_prepared_too(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    file = str(cloud.root / "bundle.tar")
    assert cloud.run("bundle", "-o", file).code == 0
    prepared = deploy(cloud, "compile2", "--from-bundle", file, "--prepare")
    assert prepared.code == 0, prepared.err
    assert prepared.out.splitlines()[-1].startswith("prepared 2 environments in ")
    assert served(cloud, "compile2") == before
    assert deploy(cloud, "compile2", "--switch", "staging").code == 0
    assert served(cloud, "compile2") != before


def test_only_what_was_prepared_is_switched_to(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    none = deploy(cloud, "compile1", "--switch")
    assert none.code == 2
    assert "no version is prepared" in none.err
    assert deploy(cloud, "compile1", "--prepare", "staging").code == 0
    refused = deploy(cloud, "compile1", "--switch", "staging", "production")
    assert refused.code == 2
    assert "environment 'production': no version is prepared\n  hint: run 'pinner deploy --to " in refused.err
    other = deploy(cloud, "compile1", "--switch", "staging@pin-000000000000")
    assert other.code == 2
    assert " is prepared, and not pin-000000000000" in other.err
    assert served(cloud, "compile1") == before
    assert deploy(cloud, "compile1", "--switch", "staging").code == 0
    after = served(cloud, "compile1")
    assert after != before
    assert deploy(cloud, "compile1", "--switch", "staging").code == 2
    again = deploy(cloud, "compile1", "--switch", f"staging@{after}")
    assert again.code == 0
    assert again.out.splitlines()[-1].endswith(": 1 up to date")


@pytest.mark.parametrize("action", ["deploy", "rollback"])
def test_what_was_prepared_before_something_else_was_done_is_forgotten(
    two: tuple[Cloud, str], action: str
) -> None:
    cloud, before = two
    assert deploy(cloud, "compile1").code == 0
    move_nova(cloud, "2025.1")
    assert deploy(cloud, "compile1", "--prepare").code == 0
    if action == "rollback":
        assert deploy(cloud, "compile1", "--rollback", "staging").code == 0
        assert served(cloud, "compile1") == before
        assert deploy(cloud, "compile1", "--switch", "staging").code == 2
        assert served(cloud, "compile1") == before
    else:
        move_nova(cloud, "2025.1")
        assert deploy(cloud, "compile1").code == 0
        assert deploy(cloud, "compile1", "--switch").code == 2


def test_an_altered_version_is_not_switched_to(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    new = deploy(cloud, "compile1", "--prepare", "staging", "--format", "json").json["environments"][0]
    file = (Path(new["directory"]) / FILE).resolve()
    file.chmod(0o644)
    file.write_text("evil\n")
    result = deploy(cloud, "compile1", "--switch")
    assert result.code == 3
    assert f"version {new['version']} of 'staging' cannot be served: " in result.err
    assert served(cloud, "compile1") == before
    assert deploy(cloud, "compile1", "--prepare").code == 0
    assert deploy(cloud, "compile1", "--switch").code == 0


def test_cleaning_keeps_what_is_prepared(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    assert deploy(cloud, "compile1", "--prepare").code == 0
    assert deploy(cloud, "compile1", "--clean", "--keep", "0", "--min-age", "0").code == 0
    assert deploy(cloud, "compile1", "--switch").code == 0
    assert served(cloud, "compile1") != before


def test_a_first_version_is_prepared_and_something_else_in_its_place_is_kept(
    cloud: Cloud, prepared: Prepared
) -> None:
    prepared(cloud, lock_two)
    assert deploy(cloud, "compile1", "--prepare").code == 0
    assert served(cloud, "compile1") is None
    (cloud.root / "compile1/staging/modules").mkdir(parents=True)
    refused = deploy(cloud, "compile1", "--switch")
    assert refused.code == 2
    assert "this is not a link, so pinner did not deploy it" in refused.err
    assert not (cloud.root / "compile1/production").exists()
    assert deploy(cloud, "compile1", "--switch", "--adopt").code == 0
    assert served(cloud, "compile1")
    assert list((cloud.root / "compile1/.pinner").glob("replaced-staging-*/modules"))


def reports(cloud: Cloud) -> list[str]:
    files = []
    for server in SERVERS:
        file = cloud.root / f"{server}.json"
        file.write_text(deploy(cloud, server, "--list", "--format", "json").out)
        files.append(str(file))
    return files


def test_the_status_shows_who_serves_what(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    production = served(cloud, "compile1", "production")
    alike = cloud.run("deploy", "--status", *reports(cloud))
    assert alike.code == 0, alike.err
    assert alike.out.splitlines() == [
        f"production: serves {production}",
        f"staging: serves {before}",
        "compared 2 environments on 2 servers: no difference",
    ]
    rows = deploy(cloud, "compile1", "--prepare", "--format", "json").json["environments"]
    (new,) = (one["version"] for one in rows if one["name"] == "staging")
    half = cloud.run("deploy", "--status", *reports(cloud))
    assert half.code == 1
    assert half.out.splitlines() == [
        f"production: serves {production}",
        "staging: the servers differ",
        f"  compile1: serves {before}, prepared {new}",
        f"  compile2: serves {before}, lacks {new}",
        "compared 2 environments on 2 servers: 1 differs",
    ]
    assert deploy(cloud, "compile2", "--prepare").code == 0
    assert cloud.run("deploy", "--status", *reports(cloud)).code == 0
    assert deploy(cloud, "compile1", "--switch").code == 0
    between = cloud.run("deploy", "--status", *reports(cloud), "--format", "json")
    assert between.code == 1
    (staging,) = (one for one in between.json["environments"] if one["name"] == "staging")
    assert staging == {
        "name": "staging",
        "differs": True,
        "servers": [
            {"server": "compile1", "version": new, "prepared": None, "lacks": []},
            {"server": "compile2", "version": before, "prepared": new, "lacks": []},
        ],
    }


def test_an_environment_that_one_server_lacks_is_a_difference(two: tuple[Cloud, str]) -> None:
    cloud, before = two
    files = reports(cloud)
    report = json.loads(Path(files[1]).read_text())
    report["environments"] = [one for one in report["environments"] if one["name"] != "staging"]
    Path(files[1]).write_text(json.dumps(report))
    result = cloud.run("deploy", "--status", *files)
    assert result.code == 1
    assert f"  compile2: serves nothing, lacks {before}" in result.out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"environments": [{"name": "production"}]}',
        '{"environments": [{"name": "../x", "versions": []}]}',
        '{"environments": [{"name": "a", "versions": [{"version": "\\u001b[2J", "current": true, "prepared": false}]}]}',
        '{"environments": [{"name": "a", "versions": [{"version": 1, "current": true, "prepared": false}]}]}',
        '{"environments": [{"name": ["a"], "versions": []}]}',
    ],
)
def test_a_file_that_is_not_a_list_of_versions_is_refused(cloud: Cloud, text: str) -> None:
    file = cloud.root / "compile1.json"
    file.write_text(text)
    result = cloud.run("deploy", "--status", str(file))
    assert result.code == 2
    assert f"{file}: this is not a list of versions\n" in result.err


def test_reports_need_different_names_and_exist(cloud: Cloud) -> None:
    for folder in ("a", "b"):
        (cloud.root / folder).mkdir()
        (cloud.root / folder / "x.json").write_text('{"environments": []}')
    twice = cloud.run("deploy", "--status", *(str(cloud.root / one / "x.json") for one in ("a", "b")))
    assert twice.code == 2
    assert "several reports are called 'x'\n  hint: name each file after its server" in twice.err
    none = cloud.run("deploy", "--status", str(cloud.root / "none.json"))
    assert none.code == 2
    assert "none.json: there is no such file" in none.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prepare", "--switch"),
        ("--prepare", "--dry-run"),
        ("--prepare", "--drain", "1"),
        ("--prepare", "--flush", "https://localhost"),
        ("--status",),
        ("--status", "--list"),
    ],
)
def test_options_that_exclude_each_other(cloud: Cloud, arguments: tuple[str, ...]) -> None:
    assert deploy(cloud, "compile1", *arguments).code == 2


def test_a_directory_is_required(cloud: Cloud) -> None:
    result = cloud.run("deploy", "--list")
    assert result.code == 2
    assert "Missing option '--to'." in result.err
