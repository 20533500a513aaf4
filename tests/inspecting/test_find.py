"""What a text may mean: a commit, a change, a bug."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.inspecting.find import parse_query
from pinner.model.errors import InputError
from pinner.model.results import Query, QueryKind

HEX = st.text("0123456789abcdef", min_size=4, max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deadbeef", ["commit deadbeef"]),
        ("DEADBEEF", ["commit deadbeef"]),
        ("I1234", ["Change-Id I1234"]),
        ("iABCDE", ["Change-Id Iabcde"]),
        ("123456", ["bug 123456"]),
        ("1234567", ["commit 1234567", "bug 1234567"]),
        ("123456789", ["commit 123456789"]),
        ("1234567a", ["commit 1234567a"]),
        ("commit:123456", ["commit 123456"]),
        ("bug:1234567", ["bug 1234567"]),
        ("#42", ["bug 42"]),
        ("rhbz#1234567", ["bug 1234567"]),
        ("https://opendev.org/openstack/puppet-nova/commit/0123abcd", ["commit 0123abcd"]),
        ("https://bugs.launchpad.net/bugs/2059949/", ["commit 2059949", "bug 2059949"]),
    ],
)
def test_each_is_told_by_how_it_is_written(text: str, expected: list[str]) -> None:
    assert [str(query) for query in parse_query(text)] == expected


@given(HEX)
def test_any_beginning_of_a_commit_id_may_be_said_to_be_one(text: str) -> None:
    assert parse_query(f"commit:{text}") == (Query(QueryKind.COMMIT, text),)


@given(st.text(max_size=60))
def test_any_text_means_something_or_is_refused(text: str) -> None:
    try:
        found = parse_query(text)
    except InputError:
        return
    assert found
    assert all(query.value.isalnum() and query.value.isascii() for query in found)
