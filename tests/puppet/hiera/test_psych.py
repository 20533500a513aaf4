"""What is told of YAML's traps is what Ruby really reads."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinner.project.yaml.nodes import MappingNode, ScalarNode, read_nodes
from pinner.puppet.hiera.scalars import misread
from tests.support.oracles import RubyOracle, run_oracle
from tests.support.properties import examples

WORDS = st.text(alphabet="0123456789abcdefxonyte._-+", min_size=1, max_size=12)
NUMBERS = st.from_regex(r"[-+]?[0-9]{0,3}[._,xb]?[0-9a-f_]{0,4}([eE][+-]?[0-9])?", fullmatch=True)
DAYS = st.from_regex(r"20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}Z?)?", fullmatch=True)
SYMBOLS = st.text(alphabet=":'\"ab~1.", min_size=1, max_size=6).map(":{}".format)
SIXTIETHS = st.from_regex(r"[0-9_]{1,4}(:[0-5]?[0-9]){1,2}(\.[0-9_]{0,3})?", fullmatch=True)
TEXTS = WORDS | NUMBERS | DAYS | SYMBOLS | SIXTIETHS
REFUSED = "which it refuses"


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
        ("~", None),
        (":latest", "latest"),
        (":'1.0'", "1.0"),
        (":''", ""),
        ("10:30", "37800"),
        ("10:30:05.5", "37805.5"),
        ("1__0:1", "3660"),
        (".inf", "Infinity"),
        ("-.Inf", "-Infinity"),
        ("1.e+20", "1.0e+20"),
        ("-1.0e+999", "-Infinity"),
        ("2024-10-02 10:00:00", "a time, which it refuses"),
        ("0b_", "a number without digits, which it refuses"),
        (".e+1", "a number without digits, which it refuses"),
    ],
)
def test_the_traps(text: str, meant: str | None) -> None:
    assert misread(text) == meant


@settings(max_examples=examples(400))
@given(text=TEXTS)
@example(text="-")
@example(text="yes:")
@example(text=":a")
@example(text="1:2._3")
def test_ruby_agrees(ruby: RubyOracle, text: str) -> None:
    assert ruby.ask(text) == as_pinner_reads(text)


def as_pinner_reads(text: str) -> str:
    """Return what we say Ruby reads of `a: TEXT`; what YAML does not accept there, Ruby refuses as our reader does."""
    read = read_nodes(f"a: {text}".encode(), "x.yaml")
    if read.problems:
        return "refused"
    assert isinstance(read.root, MappingNode)
    value = read.root.entries["a"].value
    assert isinstance(value, ScalarNode)
    meant = misread(value.text) if value.is_plain else None
    if meant is None:
        return "" if value.is_null else value.text
    return "refused" if meant.endswith(REFUSED) else meant
