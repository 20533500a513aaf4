"""The cache of what was read from immutable objects."""

import contextlib
import json
import random
import sqlite3
from pathlib import Path

import pytest

from pinner.git.mirrors.metadata import CACHE_FILE, TABLE, ObjectCache


def test_what_was_put_is_got_again(tmp_path: Path) -> None:
    ObjectCache(tmp_path).put("reader-1", {"a" * 40: "é", "b" * 40: "two"})
    assert ObjectCache(tmp_path).get("reader-1", ["a" * 40, "c" * 40], str) == {"a" * 40: "é"}


def test_another_reader_starts_with_nothing(tmp_path: Path) -> None:
    ObjectCache(tmp_path).put("reader-1", {"a" * 40: "one"})
    assert ObjectCache(tmp_path).get("reader-2", ["a" * 40], str) == {}


def test_a_directory_without_a_cache_has_nothing_and_makes_no_file(tmp_path: Path) -> None:
    assert ObjectCache(tmp_path / "none").get("reader-1", ["a" * 40], str) == {}
    assert not (tmp_path / "none").exists()


def test_more_ids_than_one_query_takes(tmp_path: Path) -> None:
    values = {f"{number:040x}": str(number) for number in range(1201)}
    ObjectCache(tmp_path).put("reader-1", values)
    assert ObjectCache(tmp_path).get("reader-1", values, str) == values


@pytest.mark.parametrize("garbage", [b"no database at all" * 100, b""])
def test_a_damaged_memory_is_made_anew(tmp_path: Path, garbage: bytes) -> None:
    (tmp_path / CACHE_FILE).write_bytes(garbage)
    cache = ObjectCache(tmp_path)
    assert cache.get("reader-1", ["a" * 40], str) == {}
    cache.put("reader-1", {"a" * 40: "one"})
    assert cache.get("reader-1", ["a" * 40], str) == {"a" * 40: "one"}


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = ObjectCache(tmp_path / "file")
    cache.put("reader-1", {"a" * 40: "one"})
    assert cache.get("reader-1", ["a" * 40], str) == {}


def test_a_memory_locked_by_another_process_is_left_alone(tmp_path: Path) -> None:
    cache = ObjectCache(tmp_path, wait=0.01)
    cache.put("reader-1", {"a" * 40: "one"})
    other = sqlite3.connect(tmp_path / CACHE_FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache.put("reader-1", {"b" * 40: "two"})
    other.execute("COMMIT")
    other.close()
    assert cache.get("reader-1", ["a" * 40, "b" * 40], str) == {"a" * 40: "one"}


def test_a_text_that_cannot_be_decoded_counts_as_not_stored(tmp_path: Path) -> None:
    texts = {"a": "[1", "b": "[]", "c": "[1, 2]", "d": "null", "e": "[" * 100_000, "f": '["x", 0]'}
    ObjectCache(tmp_path).put("reader-1", texts)

    def pair(text: str) -> int:
        one, two = json.loads(text)
        return int(one) + int(two)

    assert ObjectCache(tmp_path).get("reader-1", texts, pair) == {"c": 3}


@pytest.mark.parametrize("column", ["reader", "id", "value", "digest"])
def test_a_row_that_was_changed_is_not_recalled_and_can_be_remembered_again(
    tmp_path: Path, column: str
) -> None:
    cache = ObjectCache(tmp_path)
    cache.put("reader-1", {"a": "24.0.0", "b": "25.0.0"})
    with sqlite3.connect(tmp_path / CACHE_FILE) as database:
        new = "x'00'" if column == "digest" else f"replace(replace({column}, '24', '25'), 'a', 'c')"
        database.execute(f"UPDATE {TABLE} SET {column} = {new} WHERE id = 'a'")  # noqa: S608 - constants
    database.close()
    assert "a" not in cache.get("reader-1", ["a", "b", "c"], str)
    assert "c" not in cache.get("recder-1", ["a", "b", "c"], str)
    cache.put("reader-1", {"a": "24.0.0"})
    assert cache.get("reader-1", ["a", "b"], str) == {"a": "24.0.0", "b": "25.0.0"}


@pytest.mark.parametrize("value", [b"\xff\xfe", 24, None])
def test_a_value_of_another_kind_is_not_recalled(tmp_path: Path, value: object) -> None:
    cache = ObjectCache(tmp_path)
    cache.put("reader-1", {"a": "one", "b": "two"})
    with sqlite3.connect(tmp_path / CACHE_FILE) as database, contextlib.suppress(sqlite3.IntegrityError):
        database.execute(f"UPDATE {TABLE} SET value = ? WHERE id = 'a'", (value,))  # noqa: S608 - a constant
    database.close()
    assert cache.get("reader-1", ["a", "b"], str).get("a") in {None, "one"}
    assert cache.get("reader-1", ["b"], str) == {"b": "two"}


def test_no_flipped_bit_becomes_a_false_value_and_none_lasts(tmp_path: Path) -> None:
    values = {f"{number:040x}": f"value {number}" for number in range(40)}
    ObjectCache(tmp_path / "whole").put("reader-1", values)
    whole = (tmp_path / "whole" / CACHE_FILE).read_bytes()
    chance = random.Random(1)  # noqa: S311 - places, no secrets
    places = [*range(0, 100, 3), *(chance.randrange(len(whole)) for _ in range(80))]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        directory = tmp_path / str(place)
        directory.mkdir(exist_ok=True)
        (directory / CACHE_FILE).write_bytes(damaged)
        cache = ObjectCache(directory, wait=0.1)
        assert cache.get("reader-1", values, str).items() <= values.items(), place
        cache.put("reader-1", values)
        assert cache.get("reader-1", values, str) == values, place


@pytest.mark.parametrize("length", [1, 99, 100, 511, 4095, 4096, 6000])
def test_a_memory_that_was_cut_off_is_made_anew(tmp_path: Path, length: int) -> None:
    values = {f"{number:040x}": f"value {number}" for number in range(100)}
    cache = ObjectCache(tmp_path)
    cache.put("reader-1", values)
    with (tmp_path / CACHE_FILE).open("r+b") as file:
        file.truncate(length)
    assert cache.get("reader-1", values, str).items() <= values.items()
    cache.put("reader-1", values)
    assert cache.get("reader-1", values, str) == values


def test_what_an_older_pinner_remembered_without_checksums_is_dropped(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / CACHE_FILE) as database:
        database.execute("CREATE TABLE cache (reader TEXT, id TEXT, value TEXT, PRIMARY KEY (reader, id))")
        database.execute("INSERT INTO cache VALUES ('reader-1', 'a', 'false')")
    database.close()
    cache = ObjectCache(tmp_path)
    assert cache.get("reader-1", ["a"], str) == {}
    cache.put("reader-1", {"b": "two"})
    assert cache.get("reader-1", ["a", "b"], str) == {"b": "two"}
