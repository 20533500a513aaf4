"""lookup_options: whose values no single file decides."""

import pytest

from pinner.model.errors import Location
from pinner.model.operator_data import DataFile, Datum
from pinner.puppet.usage.codebase import option_keys, read_options
from tests.support.data import value_of

OPTIONS = {
    "nova::merged": {"merge": "unique"},
    "nova::deep": {"merge": {"strategy": "deep"}},
    "nova::first": {"merge": "first"},
    "nova::secret": {"convert_to": "Sensitive"},
    "nova::nothing": {},
    "^.*::password$": {"convert_to": "Sensitive"},
    "^(?=odd)": {"merge": "hash"},
}


def file(options: object) -> DataFile:
    place = Location("common.yaml", 1)
    return DataFile(
        "common.yaml", (Datum("lookup_options", value_of(options), place), Datum("x", value_of(1), place))
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [("nova::merged", True), ("nova::deep", True), ("nova::secret", True), ("nova::db::password", True)],
)
def test_keys_that_are_merged_or_converted(key: str, *, expected: bool) -> None:
    options = {name: value for name, value in OPTIONS.items() if not name.startswith("^(")}
    assert read_options([file(options)]).change(key) is expected


@pytest.mark.parametrize("key", ["nova::first", "nova::nothing", "nova::other"])
def test_keys_that_are_not(key: str) -> None:
    options = {name: value for name, value in OPTIONS.items() if not name.startswith("^(")}
    assert read_options([file(options)]).change(key) is False


def test_an_expression_that_cannot_be_judged_may_mean_any_key() -> None:
    assert read_options([file(OPTIONS)]).change("nova::other") is True


def test_options_of_another_shape_say_nothing() -> None:
    assert read_options([file([1]), file({"a::b": 1, 2: {"merge": "hash"}})]).keys == frozenset()


def test_the_keys_that_options_name() -> None:
    assert [name for name, _ in option_keys(value_of(OPTIONS))] == [
        name for name in OPTIONS if name[0] != "^"
    ]
    assert list(option_keys(value_of([1]))) == []
