"""Every test of the command line gets a project of its own with real upstreams."""

import os
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import Control, Stages, control_of, introduce, make_control
from tests.support.prepared import Prepared, built_once
from tests.support.real_upstreams import build_real_upstreams, settings_for
from tests.support.repositories import isolate_git
from tests.support.today import stop_the_clock

stop_the_clock()


@pytest.fixture(autouse=True)
def _without_the_users_git_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in (
        "PINNER_CACHE",
        "PINNER_JOBS",
        "PINNER_TIMEOUT",
        "PINNER_RETRIES",
        "PINNER_LAYOUT",
        "PINNER_CONTROL_REPO",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def upstreams(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """keystone and nova upstream with a branch for 2024.1 and 2025.1; to be copied, never changed."""
    cloud = add_upstreams(Cloud(tmp_path_factory.mktemp("upstreams")))
    for upstream in cloud.upstreams.values():
        upstream.pack()
    return cloud


@pytest.fixture(scope="session")
def real_settings(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A pinner.yaml for a project on upstreams with their real metadata; all tests share them and their mirrors."""
    upstreams = built_once(tmp_path_factory, "real", build_real_upstreams)
    return settings_for(upstreams, upstreams / "cache")


@pytest.fixture
def cloud(tmp_path: Path, upstreams: Cloud) -> Cloud:
    """A project without environments, and those upstreams of its own."""
    return Cloud(tmp_path).take(upstreams)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, upstreams: Cloud) -> Prepared:
    """Make of that project, for each test, what a function makes of it; the function runs once."""
    return Prepared(tmp_path_factory.mktemp("prepared"), upstreams)


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory, upstreams: Cloud) -> Stages:
    """The same with two environments, at the stages of a publication; to be copied, never changed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch)
        introduce(monkeypatch)
        root = tmp_path_factory.mktemp("stages")
        return Stages.make(root, Cloud(root / "first").take(upstreams))


@pytest.fixture
def _known_committer(monkeypatch: pytest.MonkeyPatch) -> None:
    introduce(monkeypatch)


@pytest.fixture
def control(cloud: Cloud) -> Control:
    """An empty control repository, with the layout `branches`, for a project that has locked environments."""
    return make_control(cloud)


@pytest.fixture
def published(cloud: Cloud) -> Control:
    """The control repository of a project that was published before."""
    return control_of(cloud)


def add_upstreams(cloud: Cloud) -> Cloud:
    for module in ("keystone", "nova"):
        upstream = cloud.upstream(module)
        for release, version in (("2024.1", "24.0.0"), ("2025.1", "26.0.0")):
            major = int(version.split(".", maxsplit=1)[0])
            needs = {"openstack/keystone": f">={version} <{major + 1}.0.0"} if module == "nova" else {}
            upstream.commit("master", version=version, needs=needs)
            upstream.tag(version, "refs/heads/master")
            upstream.commit(f"stable/{release}", version=version, needs=needs, start="refs/heads/master")
    return cloud


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """An empty directory of modules, as a server has one."""
    made = tmp_path / "modules"
    made.mkdir()
    return made
