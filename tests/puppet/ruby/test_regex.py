"""Regular expressions: Ruby is the oracle wherever we say yes or no, and no expression takes long."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.puppet.ruby.regex import finds
from tests.support.oracles import RubyOracle
from tests.support.properties import examples

ATOMS = st.sampled_from(
    (
        "a",
        "b",
        "A",
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\S",
        r"\W",
        r"\h",
        "^",
        "$",
        r"\A",
        r"\z",
        r"\Z",
        r"\b",
        r"\B",
        "[ab]",
        "[^a]",
        "[a-c]",
        r"[a\-]",
        "[[:alpha:]_]",
        r"[^\d]",
        r"\/",
        "-",
        "(?i:a)",
        "(?i:[^a])",
        "(?m:.)",
        "0",
        "_",
    )
)
QUANTIFIERS = st.sampled_from(
    ("", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,}", "{,2}", "{0,2}", "{2,1}", "{2}?", "a++")
)
ATOM_WITH = st.tuples(ATOMS, QUANTIFIERS).map("".join)
EXPRESSIONS = st.recursive(
    st.lists(ATOM_WITH, max_size=4).map("".join),
    lambda inner: st.one_of(
        st.tuples(inner, QUANTIFIERS).map(lambda pair: f"({pair[0]}){pair[1]}"),
        st.tuples(inner, inner).map("|".join),
        st.tuples(inner, inner).map("".join),
        inner.map(lambda one: f"(?:{one})"),
        inner.map(lambda one: f"(?={one})"),
    ),
    max_leaves=5,
)


@settings(max_examples=examples(200))
@given(source=EXPRESSIONS, text=st.text(alphabet="abAB0_-/ ", max_size=6))
def test_ruby_agrees_wherever_we_say_yes_or_no(puppet_types: RubyOracle, source: str, text: str) -> None:
    answer = finds(source, text)
    truth = puppet_types.ask({"regex": source, "text": text})
    assert answer is None or truth is None or answer == truth


@settings(max_examples=examples(200))
@given(
    source=st.text(alphabet=r"ab()[]{}*+?|\^$.-&:1,<>=!i", max_size=12),
    text=st.text(alphabet="ab1", max_size=4),
)
def test_any_text_is_read_as_ruby_does_or_not_at_all(
    puppet_types: RubyOracle, source: str, text: str
) -> None:
    answer = finds(source, text)
    truth = puppet_types.ask({"regex": source, "text": text})
    assert answer is None or truth is None or answer == truth


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        (r"\A([0-9]|[1-9][0-9]|1[0-9]{2})(\.([0-9]{1,3})){3}\z", "10.0.0.1", True),
        (r"\A([0-9]|[1-9][0-9]|1[0-9]{2})(\.([0-9]{1,3})){3}\z", "10.0.0", False),
        (r"\A\/([^\n\/\0]+\/*)*\z", "/var/lib/nova", True),
        (r"\A\/([^\n\/\0]+\/*)*\z", "var/lib", False),
        (r"(?i:\Ahttps?:\/\/.*\z)", "HTTPS://example.org/", True),
        (r"(?<year>\d+)", "in 2026", True),
        (r"\A(?!x)", "y", None),
        (r"(a)\1", "aa", None),
        (r"\p{Alpha}", "a", None),
        ("ä", "a", None),
        ("a", "ä", None),
        ("a", "a\n", None),
        ("(" * 60 + ")" * 60, "a", None),
        ("a{1001}", "a", None),
        ("(a{1000}){1000}", "a", None),
        ("[[:graph:]]", "a", None),
        ("[a-c", "a", None),
        ("[z-a]", "a", None),
        ("[a&&b]", "a", None),
        (r"[\b]", "a", None),
        (r"\x41", "A", None),
        (r"\01", "A", None),
        ("a)", "a", None),
        ("a{,}", "a{,}", None),
    ],
)
def test_known_expressions(source: str, text: str, *, expected: bool | None) -> None:
    assert finds(source, text) is expected


def test_an_expression_that_ruins_backtracking_engines_is_answered() -> None:
    assert finds(r"\A(a+)+\z", "a" * 300 + "b") is False
    assert finds(r"(a*a*a*a*a*)*b", "a" * 300) is False


def test_too_much_work_is_not_begun() -> None:
    assert finds("(a{0,1000}){3}", "a" * 2000) is None
