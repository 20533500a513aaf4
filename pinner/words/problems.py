"""What can go wrong, as values and as the errors that carry them.

A problem has three parts: where, what, how to mend. An error gathers all problems of one stage, in input order, and
its class says which exit code the question ends with (0 and 1 are answers, not errors).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from pinner.words.exit_codes import BUG, COULD_NOT_FIND_OUT, WRONG_INPUT
from pinner.words.places import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `message` says what, `hint` how to mend it, `place` where it stands."""

    message: str
    place: Place | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        mend = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}{self.message}{mend}"


def with_hints_once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems, each hint only with the first of those that share it: a long list stays readable."""
    given: set[str | None] = set()
    for problem in problems:
        yield replace(problem, hint=None) if problem.hint in given else problem
        given.add(problem.hint)


class PinnerError(Exception):
    """The root of everything pinner raises on purpose; `problems` is never empty."""

    exit_code: ClassVar[int] = BUG

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, with_hints_once(self.problems))))


class InputError(PinnerError):
    """The input is wrong: usage, a manifest, a lock, a template, a ref that does not exist."""

    exit_code = WRONG_INPUT


class UnknownError(PinnerError):
    """The question could not be answered: a remote is unreachable, git failed, the disk is full."""

    exit_code = COULD_NOT_FIND_OUT
