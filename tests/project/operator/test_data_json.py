"""Hiera's JSON: values and lines, and what is not valid JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, Value
from pinner.project.operator.values import read_json


def problems(content: bytes) -> list[str]:
    built = read_json(content, "data.json")
    return [str(problem) for problem in (*built.flaws, *([built.refusal] if built.refusal else []))]


def test_values_have_the_lines_they_stand_on() -> None:
    content = b'{\n  "nova::debug": true,\n  "nova::ports": [80,\n    2.5, null],\n  "x": "ENC[PKCS7,a]"\n}\n'
    assert read_json(content, "data.json").root == Hash(
        (
            (Literal("nova::debug", 2), Literal(value=True, line=2)),
            (Literal("nova::ports", 3), Array((Literal(80, 3), Literal(2.5, 4), Literal(None, 4)), 3)),
            (Literal("x", 5), Opaque(OpaqueReason.ENCRYPTED, 5)),
        ),
        1,
    )


def test_comments_are_passed_over_as_ruby_does() -> None:
    content = b'{ /* one\n two */ "url": "http://example.org/", // three\n "b": 1 }'
    assert read_json(content, "data.json").root == Hash(
        ((Literal("url", 2), Literal("http://example.org/", 2)), (Literal("b", 3), Literal(1, 3))), 1
    )


def test_what_no_terminal_takes_is_replaced_and_huge_numbers_are_closed() -> None:
    content = b'{"a": "\\ud800", "b": 1' + b"0" * 5000 + b"}"
    found = read_json(content, "data.json").root
    assert isinstance(found, Hash)
    assert [value for _, value in found.entries] == [Literal("?", 1), Opaque(OpaqueReason.FOREIGN, 1)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            b'{"a": 1,\n "a": 2}',
            "data.json:2: the key 'a' was given before, at line 1: Hiera uses this one\n  hint: delete one of them",
        ),
        (b'{"a":\n}', "data.json:2: this is not valid JSON: Expecting value"),
        (b"", "data.json:1: this is not valid JSON: Expecting value"),
        (b"[NaN]", "data.json:1: this is not valid JSON: NaN is not a number"),
        (b"[" * 100_000, "data.json: its JSON is nested too deeply to be read"),
        (b"\xff", "data.json:1:1: byte 0xff is not valid UTF-8\n  hint: save the file as UTF-8"),
    ],
)
def test_problems(content: bytes, expected: str) -> None:
    assert problems(content) == [expected]


def plain(value: Value) -> Any:
    if isinstance(value, Hash):
        return {plain(key): plain(held) for key, held in value.entries}
    if isinstance(value, Array):
        return [plain(item) for item in value.items]
    assert isinstance(value, Literal)
    return value.value


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text('abc\n\t"\\/*é😀', max_size=6),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab/", max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(PLAIN, st.sampled_from([None, 2]))
def test_whatever_json_writes_is_read_back(value: Any, indent: int | None) -> None:
    root = read_json(json.dumps(value, indent=indent, allow_nan=False).encode(), "data.json").root
    assert root is not None
    assert plain(root) == value


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn /*\\\n', max_size=30))
def test_any_text_is_read_or_named(text: str) -> None:
    built = read_json(text.encode(), "data.json")
    assert (built.root is None) == (built.refusal is not None)
