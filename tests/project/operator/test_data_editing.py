"""Keys of hiera files under another name: everything else stays byte for byte."""

import pytest

from pinner.project.operator.values import KeyEdit, rename_keys

YAML, JSON = "data/common.yaml", "data/common.json"
EDIT = KeyEdit(2, "nova::old", "nova::new")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("---\nnova::old: 1   # why\n", "---\nnova::new: 1   # why\n"),
        ("---\n'nova::old' : 1\n", "---\n'nova::new' : 1\n"),
        ('---\n"nova::old": 1', '---\n"nova::new": 1'),
        ("---\r\nnova::old:\r\n  - 1\r\n", "---\r\nnova::new:\r\n  - 1\r\n"),
        ("\ufeff# ü\nnova::old: 🙂\n", "\ufeff# ü\nnova::new: 🙂\n"),
        ("lookup_options:\n  nova::old: {merge: deep}\n", "lookup_options:\n  nova::new: {merge: deep}\n"),
        ("nova::older: 2\nnova::old: nova::old\n", "nova::older: 2\nnova::new: nova::old\n"),
        ("---\n{nova::older: 1, nova::old: 2}\n", "---\n{nova::older: 1, nova::new: 2}\n"),
        ("---\nnova::old: &a [1]\nb: *a\n", "---\nnova::new: &a [1]\nb: *a\n"),
        ("---\nnova::old: |\n  nova::old: text\n", "---\nnova::new: |\n  nova::old: text\n"),
        ("# c\n\nnova::old: 1\n", None),  # not on that line
        ("---\nx: nova::old\n", None),  # a value
        ("---\nnova::old: 1\nnova::new: 2\n", None),  # the new key already exists
        ("---\n# nova::old: 0\n", None),  # a comment
        ("---\nnova::old: [\n", None),  # no YAML
        ("---", None),
    ],
)
def test_yaml(before: str, after: str | None) -> None:
    edited = rename_keys(before.encode(), [EDIT], YAML)
    assert edited.data.decode() == (before if after is None else after)
    assert (edited.made, edited.refused) == (((), (EDIT,)) if after is None else ((EDIT,), ()))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{ "a": 1,\n  "nova::old" : "nova::old:" }', '{ "a": 1,\n  "nova::new" : "nova::old:" }'),
        ('{ "a": "nova::old",\n  "b": ["nova::old"] }', None),
    ],
)
def test_json(before: str, after: str | None) -> None:
    edited = rename_keys(before.encode(), [EDIT], JSON)
    assert edited.data.decode() == (before if after is None else after)


def test_what_can_be_renamed_is_and_the_rest_is_told() -> None:
    before = "quantum::a: 1\nquantum::b: 2\nneutron::b: 3\nquantum::c: 4   # last\n"
    edits = [
        KeyEdit(line, f"quantum::{name}", f"neutron::{name}") for line, name in ((4, "c"), (2, "b"), (1, "a"))
    ]
    edited = rename_keys(before.encode(), edits, YAML)
    assert edited.data.decode() == "neutron::a: 1\nquantum::b: 2\nneutron::b: 3\nneutron::c: 4   # last\n"
    assert (edited.made, edited.refused) == ((edits[2], edits[0]), (edits[1],))
