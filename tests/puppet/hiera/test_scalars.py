"""Plain YAML scalars: Puppet's reader, which is Ruby's Psych, is the oracle."""

from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pinner.puppet.hiera.scalars import OddScalar, resolve_scalar
from tests.support.oracles import RubyOracle
from tests.support.properties import examples

KNOWN = (
    *(
        "yes",
        "No",
        "ON",
        "off",
        "true",
        "~",
        "null",
        "Null",
        "y",
        "n",
        "1.10",
        "0123456",
        "08",
        "019",
        "0x1F",
        "0b11",
    ),
    *(
        "2024-10-02",
        "2024-13-40",
        "2024-10-02T10:00:00Z",
        "12:30",
        "12:30:15",
        "1:30.5",
        "1_000",
        "1,000",
        "1e3",
    ),
    *(
        "1.0e+3",
        ".5",
        "5.",
        ".",
        "-.",
        "+1",
        "-0",
        "00",
        ":sym",
        "::a",
        ".inf",
        "-.Inf",
        ".NaN",
        "1..2",
        "1.2.3",
        "-",
    ),
    *(
        "0b,",
        "0x_",
        ".e+5",
        "10.0.0.1",
        "fe80::1",
        "1:60",
        "Yes!",
        "=",
        "<",
        "_1",
        "1_",
        "é",
        "2025.1",
        "0o17",
        "+.inf",
    ),
)
TEXTS = st.one_of(
    st.text(alphabet="0123456789.:-+_,eExXabByYnN~ TZé=/", min_size=1, max_size=9),
    st.tuples(st.sampled_from(KNOWN), st.text(alphabet="0123456789.:-+_,e", max_size=2)).map("".join),
)


def ours(text: str) -> Any:
    found = resolve_scalar(text)
    if isinstance(found, OddScalar):
        return found
    return ("float", repr(found)) if isinstance(found, float) else found


def theirs(answer: Any) -> Any:
    if "error" in answer:
        return OddScalar.REFUSED
    value = answer["value"]["hash"][0][1]
    if isinstance(value, dict) and "float" in value:
        return "float", repr(float(value["float"].replace("Infinity", "inf")))
    return OddScalar.SYMBOL if isinstance(value, dict) else value


def plain_text(text: str) -> str | None:
    """Return what YAML hands on of `k: text`, None where that is not one plain scalar."""
    try:
        scalars = [event for event in yaml.parse(f"k: {text}\n") if isinstance(event, yaml.NodeEvent)]
    except yaml.YAMLError:
        return None
    last = scalars[-1]
    is_plain = len(scalars) == 3 and isinstance(last, yaml.ScalarEvent) and not last.style
    return last.value if is_plain and isinstance(last, yaml.ScalarEvent) else None


@settings(max_examples=examples(400))
@given(TEXTS)
def test_puppet_reads_the_same_value(puppet_types: RubyOracle, text: str) -> None:
    plain = plain_text(text)
    assume(plain is not None)
    assert plain is not None
    assert ours(plain) == theirs(puppet_types.ask({"yaml": f"k: {text}\n"}))


@pytest.mark.parametrize("text", KNOWN)
def test_puppet_reads_the_same_known_value(puppet_types: RubyOracle, text: str) -> None:
    if plain_text(text) == text:
        assert ours(text) == theirs(puppet_types.ask({"yaml": f"k: {text}\n"}))


@given(st.text(max_size=30))
@example("9" * 400)
@example("1:" * 1000)
@example("_" * 100_000)
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(resolve_scalar(text), str | int | float | OddScalar | None)


def test_a_number_that_nobody_can_mean_stays_text() -> None:
    assert resolve_scalar("9" * 301) == "9" * 301
