"""Real repositories and real servers for the git room; git itself cut off from the user's configuration."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors, OnNote
from pinner.git.process.repository import Mirror
from pinner.model.manifest import Settings
from tests.support.repositories import Repository, Zoo, build_zoo, isolate_git, make_repository
from tests.support.servers import HttpGitServer, make_certificate, serve_http

MakeMirrors = Callable[..., Mirrors]


@pytest.fixture(autouse=True)
def isolated_git(monkeypatch: pytest.MonkeyPatch) -> None:
    isolate_git(monkeypatch)


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    """The repository of odd refs; never changed."""
    return build_zoo(tmp_path_factory.mktemp("zoo") / "zoo.git")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def upstreams(tmp_path: Path) -> Path:
    """The directory that `server` serves."""
    directory = tmp_path / "upstreams"
    directory.mkdir()
    return directory


@pytest.fixture
def nova(upstreams: Path) -> Repository:
    """A small repository of this test's own: one commit on `main`, tag `1.0.0`."""
    repository = make_repository(upstreams / "nova.git")
    repository.tag("1.0.0", repository.commit({"metadata.json": '{"name": "openstack-nova"}\n'}))
    return repository


@pytest.fixture
def server(upstreams: Path) -> Iterator[HttpGitServer]:
    with serve_http(upstreams) as running:
        yield running


@pytest.fixture
def make_mirrors(tmp_path: Path) -> MakeMirrors:
    """Make `Mirrors` over this test's cache; keywords are those of Settings, `is_offline` and `on_note`."""

    def make(
        *, is_offline: bool = False, on_note: OnNote = lambda _note: None, **settings: object
    ) -> Mirrors:
        cache = tmp_path / "cache"
        values: dict[str, object] = {"cache": str(cache), "timeout": 30.0, "retries": 0, **settings}
        made = Settings(**values)  # type: ignore[arg-type]  # fields by name
        return Mirrors(cache, made, is_offline=is_offline, pause=0.01, on_note=on_note)

    return make


@pytest.fixture
def mirrors(make_mirrors: MakeMirrors) -> Mirrors:
    return make_mirrors()


@pytest.fixture(scope="session")
def zoo_mirror(zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """A mirror of the zoo, for reading."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        isolate_git(monkeypatch)
        cache = tmp_path_factory.mktemp("cache")
        mirror = Mirrors(cache, Settings(cache=str(cache))).sync([zoo.repository.url])[zoo.repository.url]
    assert isinstance(mirror, Mirror)
    return mirror
