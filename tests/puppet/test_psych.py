"""What is told of YAML's traps is what Ruby really reads."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.puppet.psych import misread
from tests.support.oracles import RubyOracle, run_oracle

WORDS = st.text(alphabet="0123456789abcdefxonyte._-+", min_size=1, max_size=12)
NUMBERS = st.from_regex(r"[+]?[0-9]{0,3}[._,xb]?[0-9a-f_]{0,4}([eE][+-]?[0-9])?", fullmatch=True).filter(
    lambda text: re.match(r"[+]?([0-9_]|[.][^eE])", text)
)
DAYS = st.from_regex(r"20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True)
TEXTS = WORDS | NUMBERS | DAYS


@pytest.fixture(scope="module")
def ruby() -> Iterator[RubyOracle]:
    yield from run_oracle("psych.rb", "ruby")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0120715", "41421"),
        ("9.10", "9.1"),
        ("26.0", None),
        ("2025.1", None),
        ("2025.10", "2025.1"),
        ("2024-10-02", "a date, which it refuses"),
        ("8820892", None),
        ("1_000", "1000"),
        ("0x1f", "31"),
        ("on", "true"),
        ("No", "false"),
        ("1.2.3", None),
        ("stable/2025.1", None),
        ("master", None),
        ("0123456789abcdef0123456789abcdef01234567", None),
        ("12e456", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_the_traps(text: str, meant: str | None) -> None:
    assert misread(text) == meant


@settings(max_examples=400, deadline=None)
@given(text=TEXTS)
def test_ruby_agrees(ruby: RubyOracle, text: str) -> None:
    meant = misread(text) or text
    assert ruby.ask(text) == ("refused" if "date" in meant else meant)
