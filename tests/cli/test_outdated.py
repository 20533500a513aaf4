"""`pinner outdated`: what upstream has that the locks do not."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone]\nmodules:\n  nova: {tag: 24.0.0}\n")
    assert cloud.run("lock").code == 0
    return cloud


def kinds(cloud: Cloud, *options: str) -> dict[str, list[tuple[str, str]]]:
    (found,) = cloud.run("outdated", "--format", "json", *options).json["environments"]
    return {row["name"]: [(news["kind"], news["to"]) for news in row["news"]] for row in found["modules"]}


def test_newer_releases_and_tags_are_told(locked: Cloud) -> None:
    assert kinds(locked) == {"keystone": [("newer-release", "2025.1")], "nova": [("newer-major", "26.0.0")]}


def test_commits_behind_and_a_newer_tag_of_the_same_release(locked: Cloud) -> None:
    keystone = locked.upstream("keystone")
    keystone.commit("stable/2024.1", version="24.0.1")
    keystone.tag("24.0.1", "refs/heads/stable/2024.1")
    assert kinds(locked)["keystone"] == [
        ("behind", "stable/2024.1"),
        ("newer-tag", "24.0.1"),
        ("newer-release", "2025.1"),
    ]
    assert "1 commits behind" not in locked.run("outdated").out


def test_what_is_at_its_end(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    nova.tag("havana-eol", "refs/tags/24.0.0")
    text = "modules:\n  nova: {release: havana}\n  keystone: {branch: stable/2025.1, reason: x, until: 2020-02-01}\n"
    text += "findings: {ignore: [dependency-unsatisfied]}\n"
    cloud.manifest("production", text)
    cloud.run("lock")
    found = kinds(cloud)
    assert ("until", "2020-02-01") in found["keystone"]
    assert [kind for kind, _ in found["nova"]][-1] == "end-of-life"


def test_a_moved_pin_of_the_gate(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit(
        "stable/2025.1", version="26.0.0", needs={"puppetlabs/stdlib": ">=9.0.0"}
    )
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.7.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.7.0", "refs/heads/main")
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [keystone]\ndependencies: {externals: integration}\n"
    )
    assert cloud.run("lock").code == 0
    gate = cloud.upstream("openstack-integration")
    puppetfile = (
        "mod 'stdlib',\n  :git => 'https://github.com/puppetlabs/puppetlabs-stdlib',\n  :ref => 'v9.8.0'\n"
    )
    gate.commit("stable/2025.1", files={"Puppetfile": puppetfile})
    assert kinds(cloud)["stdlib"] == [("gate-moved", "v9.8.0")]


def test_the_exit_code_tells_on_demand(locked: Cloud) -> None:
    assert locked.run("outdated").code == 0
    assert locked.run("outdated", "--exit-code").code == 1
    locked.upstream("nova").path.rename(locked.root / "gone")
    assert locked.run("outdated").code == 3


def test_the_text_names_each_module_with_its_news(locked: Cloud) -> None:
    assert locked.run("outdated").out.splitlines() == [
        "production: news of 2 modules of 2",
        "  keystone  24.0.0: newest release is 2025.1",
        "  nova      24.0.0: newest tag is 26.0.0",
    ]


def test_the_newest_tag_of_the_same_major_version_is_told_from_the_newest_of_all(locked: Cloud) -> None:
    locked.upstream("nova").tag("24.1.0", "refs/tags/24.0.0")
    assert "  nova      24.0.0: newest tag of 24.x is 24.1.0; newest tag is 26.0.0" in (
        locked.run("outdated").out.splitlines()
    )


def test_what_could_not_be_asked_is_told_once_for_all_environments(locked: Cloud) -> None:
    locked.manifest("_base", "release: 2024.1\nopenstack: [keystone, nova]\n")
    for name in ("production", "staging"):
        locked.manifest(name, "extends: _base\n")
    assert locked.run("lock").code == 0
    for module in ("keystone", "nova"):
        locked.upstream(module).path.rename(locked.root / module)
    result = locked.run("outdated")
    assert (result.code, result.out.splitlines()) == (
        3,
        [
            "production: news of 0 modules of 2, 2 could not be asked",
            "staging: news of 0 modules of 2, 2 could not be asked",
        ],
    )
    assert result.err.count("error: module 'nova'") == 1
    assert result.err.count("hint:") == 1


def test_an_environment_without_a_lock(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    assert cloud.run("outdated").out == "production: no lock yet: run 'pinner lock production'\n"


def test_nothing_is_written(locked: Cloud) -> None:
    def state(root: Path) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = state(locked.project)
    locked.run("outdated")
    assert state(locked.project) == before
