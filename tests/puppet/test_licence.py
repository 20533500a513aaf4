import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.metadata import read_licence


@pytest.mark.parametrize(
    ("content", "licence"),
    [
        (b'{"license": "Apache-2.0"}', "Apache-2.0"),
        (b'/* a comment */ {"license": "MIT"}', "MIT"),
        (b'{"license": ["MIT"]}', None),
        (b'{"license": null}', None),
        (b'{"license": "a\\nb"}', None),
        (b"{}", None),
        (b"[]", None),
        (b"", None),
        (b"[" * 100_000, None),
        (b'{"license": "' + b"x" * 9_000_000 + b'"}', None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_the_metadata_say(content: bytes, licence: str | None) -> None:
    assert read_licence(content) == licence


@given(st.binary())
def test_nothing_raises(content: bytes) -> None:
    assert read_licence(content) is None or content
