"""Node names are folded to ranges from which each name can be made again."""

import re
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.report.text.compilation import fold_names


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        (["a1", "a2", "a3", "b"], "a[1-3], b"),
        (["c007.x.org", "c001.x.org", "c002.x.org"], "c[001-002,007].x.org"),
        (["c9", "c10", "c11"], "c[10-11], c9"),
        (["c1-mgmt.x", "c2-mgmt.x"], "c[1-2]-mgmt.x"),
        (["rack1-c1", "rack1-c2", "rack2-c1"], "rack1-c[1-2], rack2-c1"),
        (["one.node1.org"], "one.node1.org"),
    ],
)
def test_names_are_folded(names: list[str], folded: str) -> None:
    assert fold_names(names) == folded


def unfold(text: str) -> set[str]:
    """Expand the ranges as a shell's brace expansion would."""
    return set(chain.from_iterable(map(_unfold, text.split(", "))))


def _unfold(word: str) -> list[str]:
    found = re.fullmatch(r"(.*)\[(.*)\](.*)", word)
    if found is None:
        return [word]
    numbers = []
    for part in found[2].split(","):
        first, _, last = part.partition("-")
        numbers += [f"{n:0{len(first)}}" for n in range(int(first), int(last or first) + 1)]
    return [f"{found[1]}{number}{found[3]}" for number in numbers]


@given(st.sets(st.from_regex(r"\A[ab]{0,2}[0-9]{1,3}(-x)?(\.org)?\Z"), max_size=12))
def test_folded_names_are_those_that_were_folded(names: set[str]) -> None:
    assert unfold(fold_names(names)) == (names or {""})
