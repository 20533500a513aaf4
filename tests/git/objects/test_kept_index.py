"""The index of a mirror's trees is kept beside it, and built anew whenever that would not be right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.tree_index import FILE, read_index
from pinner.git.process.repository import Mirror
from pinner.model.manifest import Settings
from tests.support.repositories import Repository, make_repository

NAME = "all-1"


class Asked:
    """Counts every file; remembers whether anybody asked, which happens only while an index is built."""

    def __init__(self) -> None:
        self.paths: list[bytes] = []

    def __call__(self, path: bytes) -> bool:
        self.paths.append(path)
        return True


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    made = make_repository(tmp_path / "module.git")
    made.commit({"manifests/init.pp": "class a {}\n", "README": "a\n"})
    return made


@pytest.fixture
def sync(upstream: Repository, tmp_path: Path) -> Callable[[], Mirror]:
    mirrors = Mirrors(tmp_path / "cache", Settings(cache="", retries=0))

    def synced() -> Mirror:
        mirror = mirrors.sync([upstream.url])[upstream.url]
        assert isinstance(mirror, Mirror)
        return mirror

    return synced


def is_built(mirror: Mirror, *, reader: str = NAME) -> bool:
    asked = Asked()
    read_index(mirror, asked, reader=reader)
    return bool(asked.paths)


def test_what_was_built_is_read_again_as_it_was(sync: Callable[[], Mirror]) -> None:
    mirror = sync()
    built = read_index(mirror, lambda _path: True, reader=NAME)
    assert not is_built(mirror)
    assert read_index(mirror, Asked(), reader=NAME) == built
    assert not is_built(sync())


def test_new_commits_are_in_it_after_a_sync(upstream: Repository, sync: Callable[[], Mirror]) -> None:
    assert is_built(sync())
    commit = upstream.commit({"README": "b\n"})
    index = read_index(sync(), lambda _path: True, reader=NAME)
    assert index.number(commit) == 1
    assert not is_built(sync())


def test_another_question_has_another_index(sync: Callable[[], Mirror]) -> None:
    assert is_built(sync())
    assert is_built(sync(), reader="all-2")


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-3],
        lambda raw: raw[:-1] + bytes([raw[-1] ^ 1]),
        lambda _raw: b"",
        lambda _raw: b"\xff",
    ],
)
def test_a_damaged_one_is_built_again(sync: Callable[[], Mirror], damage: Callable[[bytes], bytes]) -> None:
    mirror = sync()
    built = read_index(mirror, lambda _path: True, reader=NAME)
    path = mirror.path / FILE
    path.write_bytes(damage(path.read_bytes()))
    assert is_built(mirror)
    assert read_index(mirror, Asked(), reader=NAME) == built


def test_where_nothing_can_be_kept_it_is_built_each_time(sync: Callable[[], Mirror]) -> None:
    mirror = sync()
    (mirror.path / FILE).mkdir()
    assert is_built(mirror)
    assert is_built(mirror)
    assert [path.name for path in mirror.path.glob("*.lock")] == []


def test_what_a_killed_process_left_goes_with_the_next_sync(sync: Callable[[], Mirror]) -> None:
    mirror = sync()
    (mirror.path / f"{FILE}-1-1.lock").write_bytes(b"half")
    sync()
    assert sorted(path.name for path in mirror.path.glob(f"{FILE}*")) == []
