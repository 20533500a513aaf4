import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.project.manifest.lock import LockedTag, dump_lock, read_locked_tags
from tests.support.locks import one_of_each_kind

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
PIN = {"git": "https://x/y", "ref": "refs/tags/1", "commit": "a" * 40, "want": {"tag": "1"}}


def lock(**changes: object) -> bytes:
    return json.dumps({"pinner_lock": 1, "modules": {"x": {**PIN, **changes}}}).encode()


def test_the_tags_of_a_lock() -> None:
    found = list(read_locked_tags(dump_lock(one_of_each_kind()).encode()))
    assert found == [
        LockedTag("https://opendev.org/openstack/puppet-nova", "refs/tags/31.0.0", "5" * 40, is_older=False),
        LockedTag(
            "https://github.com/puppetlabs/puppetlabs-stdlib", "refs/tags/v9.7.0", "4" * 40, is_older=False
        ),
        LockedTag(
            "https://opendev.org/openstack/puppet-swift", "refs/tags/icehouse-eol", "2" * 40, is_older=True
        ),
    ]


def test_a_day_of_a_version_range_is_the_tag_itself() -> None:
    (found,) = read_locked_tags(lock(want={"version": "1.x", "as_of": "2026-01-01"}))
    assert not found.is_older


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'"refs/tags/',
        b'["refs/tags/1"]',
        b'{"modules": "refs/tags/1"}',
        b'{"modules": ["refs/tags/1"]}',
        b'{"modules": {"x": "refs/tags/1"}}',
        b"[" * 100_000 + b'"refs/tags/1"',
        b'\xff\xfe"refs/tags/1"',
        lock(commit="a" * 39),
        lock(commit=None),
        lock(ref="refs/tags/a b"),
        lock(git="https://x/y\n"),
        lock(ref="refs/heads/main", want={"tag": "refs/tags/1"}),
    ],
)
def test_what_is_no_lock_of_ours_says_nothing(data: bytes) -> None:
    assert list(read_locked_tags(data)) == []


@given(JSON, JSON)
def test_whatever_stands_there_nothing_is_raised(pin: object, want: object) -> None:
    text = json.dumps({"modules": {"x": pin, "y": {**PIN, "want": want}}})
    assert len(list(read_locked_tags(text.encode()))) == 1
