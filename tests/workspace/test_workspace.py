from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Mirrors
from pinner.model.manifest import Settings
from pinner.project.files import Project
from pinner.workspace.workspace import CacheKey, Workspace

LENGTHS = CacheKey("length-1", str, int)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    settings = Settings(cache=str(tmp_path / "cache"), jobs=4)
    cache = tmp_path / "cache"
    return Workspace(
        project=Project(tmp_path),
        settings=settings,
        mirrors=Mirrors(cache, settings, is_offline=True, on_note=print),
        objects=ObjectCache(cache),
        today=date(2025, 6, 1),
    )


def lengths(ids: Sequence[str]) -> Mapping[str, int]:
    return {name: len(name) for name in ids}


def test_only_what_is_not_stored_is_computed(workspace: Workspace) -> None:
    requested: list[Sequence[str]] = []

    def compute(ids: Sequence[str]) -> Mapping[str, int]:
        requested.append(ids)
        return lengths(ids)

    assert workspace.cached(LENGTHS, ["bb", "a"], compute) == {"a": 1, "bb": 2}
    assert workspace.cached(LENGTHS, ["a", "ccc", "bb"], compute) == {"a": 1, "bb": 2, "ccc": 3}
    assert workspace.cached(LENGTHS, ["a"], compute) == {"a": 1}
    assert requested == [["a", "bb"], ["ccc"]]


def test_what_may_change_is_returned_and_not_stored(workspace: Workspace) -> None:
    found = workspace.cached(LENGTHS, ["a", "bb"], lengths, keep=lambda length: length > 1)
    assert found == {"a": 1, "bb": 2}
    assert workspace.cached(LENGTHS, ["a", "bb"], lambda ids: dict.fromkeys(ids, 9)) == {"a": 9, "bb": 2}


def test_a_new_number_of_the_reader_computes_again(workspace: Workspace) -> None:
    workspace.cached(LENGTHS, ["a"], lengths)
    newer = CacheKey("length-2", str, int)
    assert workspace.cached(newer, ["a"], lambda ids: dict.fromkeys(ids, 7)) == {"a": 7}


def test_results_are_in_the_order_of_the_items(workspace: Workspace) -> None:
    assert workspace.map(lambda number: number * 2, range(40)) == [number * 2 for number in range(40)]
    assert workspace.map(str, [1]) == ["1"]
    assert workspace.map(str, ()) == []


def test_an_error_in_a_thread_is_raised(workspace: Workspace) -> None:
    with pytest.raises(ZeroDivisionError):
        workspace.map(lambda number: 1 // number, [2, 1, 0])
