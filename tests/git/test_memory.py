"""The memory of what was read from immutable objects."""

import sqlite3
from pathlib import Path

import pytest

from pinner.git.memory import FILE, Memory


def test_what_was_remembered_is_recalled(tmp_path: Path) -> None:
    Memory(tmp_path).remember("reader-1", {"a" * 40: "é", "b" * 40: "two"})
    assert Memory(tmp_path).recall("reader-1", ["a" * 40, "c" * 40]) == {"a" * 40: "é"}


def test_another_reader_starts_with_nothing(tmp_path: Path) -> None:
    Memory(tmp_path).remember("reader-1", {"a" * 40: "one"})
    assert Memory(tmp_path).recall("reader-2", ["a" * 40]) == {}


def test_a_directory_without_a_memory_recalls_nothing_and_makes_no_file(tmp_path: Path) -> None:
    assert Memory(tmp_path / "none").recall("reader-1", ["a" * 40]) == {}
    assert not (tmp_path / "none").exists()


def test_more_ids_than_one_query_takes(tmp_path: Path) -> None:
    values = {f"{number:040x}": str(number) for number in range(1201)}
    Memory(tmp_path).remember("reader-1", values)
    assert Memory(tmp_path).recall("reader-1", values) == values


@pytest.mark.parametrize("garbage", [b"no database at all" * 100, b""])
def test_a_damaged_memory_is_made_anew(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / FILE).write_bytes(garbage)
    memory = Memory(tmp_path)
    assert memory.recall("reader-1", ["a" * 40]) == {}
    memory.remember("reader-1", {"a" * 40: "one"})
    assert memory.recall("reader-1", ["a" * 40]) == {"a" * 40: "one"}


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    memory = Memory(tmp_path / "file")
    memory.remember("reader-1", {"a" * 40: "one"})
    assert memory.recall("reader-1", ["a" * 40]) == {}


def test_a_memory_locked_by_another_process_is_left_alone(tmp_path: Path) -> None:
    memory = Memory(tmp_path, wait=0.01)
    memory.remember("reader-1", {"a" * 40: "one"})
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    memory.remember("reader-1", {"b" * 40: "two"})
    other.execute("COMMIT")
    other.close()
    assert memory.recall("reader-1", ["a" * 40, "b" * 40]) == {"a" * 40: "one"}
