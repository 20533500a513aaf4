"""What was found in several places as one, and how much of it is taken at once."""

from collections.abc import Iterable
from typing import Final

from pinner.puppet.names import quoted
from pinner.words.imports import Found, FoundEnvironment
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

MOST_OF_ONE: Final = 2_000
"""Modules of one environment: each names a repository that is asked. The largest sites have some hundred."""
MOST: Final = 200_000
"""Modules of all environments together; two hundred environments of the largest sites have half of that."""


def joined(parts: Iterable[Found], *, most: int = MOST) -> Found:
    """Return what was found in several places as one; of endless parts none is read after there are too many modules.

    Raises InputError where they are more than `most`, or one environment alone has more than MOST_OF_ONE.
    """
    taken: list[Found] = []
    number = 0
    for part in parts:
        for environment in part.environments:
            number += len(environment.modules)
            _refuse_too_many(environment, number, most)
        taken.append(part)
    return Found(
        tuple(environment for part in taken for environment in part.environments),
        tuple(problem for part in taken for problem in part.problems),
        tuple(note for part in taken for note in part.notes),
    )


def _refuse_too_many(environment: FoundEnvironment, number: int, most: int) -> None:
    if len(environment.modules) > MOST_OF_ONE:
        what = f"the environment {quoted(environment.name)} has {len(environment.modules)} modules"
        raise InputError(Problem(f"{what}: pinner takes at most {MOST_OF_ONE}", _place(environment)))
    if number > most:
        what = f"up to the environment {quoted(environment.name)} there are {number} modules"
        raise InputError(Problem(f"{what}: pinner takes at most {most} at once", _place(environment)))


def _place(environment: FoundEnvironment) -> Place:
    return Place(environment.modules[0].place.path)
