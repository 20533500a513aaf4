import random
from collections.abc import Iterator

import pytest

from pinner.model.errors import InputError, Problem
from tools.fuzz.__main__ import find_fault, fuzz
from tools.fuzz.mutation import mutate, samples
from tools.fuzz.targets import TARGETS, Target


def fault_of(run: object, text: str = "x") -> str:
    assert callable(run)
    return find_fault(Target(run, ()), text, limit=0.2) or ""


def refuse(_text: str) -> Iterator[str]:
    raise InputError(Problem("no"))


def crash(_text: str) -> Iterator[str]:
    raise KeyError("x")


def hang(_text: str) -> Iterator[str]:
    try:
        while True:
            pass
    except Exception:  # noqa: BLE001 - a reader may do so
        yield "nothing happened"


def test_what_is_a_fault() -> None:
    assert fault_of(refuse) == ""
    assert fault_of(lambda text: [text]) == ""
    assert "KeyError" in fault_of(crash)
    assert fault_of(hang).startswith("it took more than 0.2 s")


def test_a_seed_repeats_its_inputs() -> None:
    corpus = samples("project/test_manifest.py")
    once, again, other = ([mutate(corpus, random.Random(seed)) for _ in range(20)] for seed in (1, 1, 2))  # noqa: S311 - no secret
    assert once == again != other


def test_faults_are_reported_with_what_repeats_them() -> None:
    counts, faults = fuzz({"crash": Target(crash, (), ("a: 1\n",))}, seed=7, seconds=30)
    assert counts == {"crash": 1}
    assert faults[0].startswith("crash, input 0 of seed 7: ")


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_has_samples_and_takes_them(name: str) -> None:
    target = TARGETS[name]
    assert len(target.corpus()) > 0
    assert target.corpus() != ("\n",)
    assert [find_fault(target, text) for text in target.corpus()[:5]] == [None] * min(5, len(target.corpus()))
