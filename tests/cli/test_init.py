"""`pinner init`: the first manifest, and one more; nothing that is there is changed."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud


@pytest.fixture
def empty(cloud: Cloud) -> Path:
    (cloud.project / "pinner.yaml").unlink()
    return cloud.project


def test_a_project_starts_where_one_stands(cloud: Cloud, empty: Path) -> None:
    result = cloud.run("init", "--release", "2025.1", "staging")
    assert result.out == (
        "wrote pinner.yaml\n"
        "wrote environments/staging.yaml\n"
        "next: look at what environments/staging.yaml says, then run 'pinner lock staging'\n"
    )
    assert "release: 2025.1\n" in (empty / "environments/staging.yaml").read_text()


def test_paths_are_told_as_one_would_type_them(cloud: Cloud, empty: Path) -> None:
    (empty / "cloud").mkdir()
    assert cloud.run("-C", "cloud", "init").out.startswith(
        "wrote cloud/pinner.yaml\nwrote cloud/environments/production.yaml\n"
    )


def test_the_first_manifest_is_sound_for_every_usual_module(cloud: Cloud) -> None:
    cloud.run("init", "production")
    result = cloud.run("lock", "--check")
    assert (result.code, "environment 'production' has no lock" in result.out) == (1, True)


def test_named_modules_are_listed_and_pinned(cloud: Cloud) -> None:
    cloud.run("init", "--release", "epoxy", "-m", "nova", "-m", "keystone", "production")
    assert (
        "openstack:              # modules that follow the release; or `openstack: all`\n  - keystone\n  - nova\n"
        in (cloud.project / "environments/production.yaml").read_text()
    )


def test_a_manifest_that_is_there_is_left_alone(cloud: Cloud) -> None:
    cloud.manifest("production", "openstack: [mine]\n")
    result = cloud.run("init", "production")
    assert (result.code, result.err) == (
        2,
        "environments/production.yaml is there already\n  hint: choose another name\n",
    )
    assert (cloud.project / "environments/production.yaml").read_text() == "openstack: [mine]\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--release", "2025.3"), "unknown release '2025.3'\n"),
        (("../../etc/passwd",), "'../../etc/passwd' is no environment name"),
        (("-m", "--help"), "no module '--help' in the catalogue"),
        (("--release", "grizzly", "-m", "neutron"), "module 'neutron' is called 'quantum' in grizzly"),
    ],
)
def test_wrong_words_write_nothing(cloud: Cloud, empty: Path, words: tuple[str, ...], told: str) -> None:
    result = cloud.run("init", *words)
    assert (result.code, told in result.err) == (2, True), result.err
    assert list(empty.rglob("*.yaml")) == []
