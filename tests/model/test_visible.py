"""Text of strangers is shown, never obeyed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.text import one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fix \x1b[31mred\x1b[0m", r"Fix \x1b[31mred\x1b[0m"),
        ("if admin \u202e} begin", r"if admin \u202e} begin"),
        ("a\u2028b", r"a\u2028b"),
        ("a\u200bb", r"a\u200bb"),
        ("half \ud800", r"half \ud800"),
        ("tag \U000e0041", r"tag \U000e0041"),
        ("back\rspace\x08", r"back\rspace\x08"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Ünïcode, 日本語, 🙂", "Ünïcode, 日本語, 🙂"),
    ],
)
def test_what_would_not_show_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_one_line_has_single_blanks() -> None:
    assert one_line(" a\n\n b\x1b\tc ") == r"a b\x1b c"


@given(st.text(st.characters()))
def test_nothing_is_left_that_a_terminal_or_a_page_obeys(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not [
        sign
        for sign in shown
        if unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} and sign not in "\n\t"
    ]
    assert not [
        sign
        for sign in shown
        if unicodedata.bidirectional(sign) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]
    assert visible(shown) == shown
