"""The three answers to "does it fit?", and how several of them make one."""

from collections.abc import Iterable
from enum import Enum
from typing import TypeGuard

from pinner.puppet.types.syntax import Argument, Unbounded


class Fit(Enum):
    """Yes, no, or not to be told."""

    YES = "fits"
    NO = "does not fit"
    UNKNOWN = "cannot tell"


def told(answer: bool) -> Fit:  # noqa: FBT001 - the answer is what this is about
    """Return one of Python's answers as one of ours."""
    return Fit.YES if answer else Fit.NO


def all_of(answers: Iterable[Fit]) -> Fit:
    """Return yes if all are yes, no if one is no."""
    given = set(answers)
    return Fit.NO if Fit.NO in given else Fit.UNKNOWN if Fit.UNKNOWN in given else Fit.YES


def any_of(answers: Iterable[Fit]) -> Fit:
    """Return yes if one is yes, no if all are no."""
    given = set(answers)
    return Fit.YES if Fit.YES in given else Fit.UNKNOWN if Fit.UNKNOWN in given else Fit.NO


def between(size: float, limits: tuple[Argument, ...]) -> Fit:
    """Return whether `size` lies between `limits`: none, a lower one, or a lower and an upper one."""
    bounds = [None if isinstance(one, Unbounded) else one for one in limits]
    if len(bounds) > 2 or not all(one is None or _is_number(one) for one in bounds):  # noqa: PLR2004 - two limits
        return Fit.UNKNOWN
    least, most = (*bounds, None, None)[:2]
    if _is_number(least) and _is_number(most) and least > most:
        return Fit.UNKNOWN
    return told((not _is_number(least) or size >= least) and (not _is_number(most) or size <= most))


def _is_number(one: object) -> TypeGuard[int | float]:
    return isinstance(one, int | float) and not isinstance(one, bool)
