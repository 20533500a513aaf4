"""The text of a lock -> a JSON document, or a problem that says where it was cut, merged or edited wrongly."""

import json
import re

from pinner.project.nodes import read_nodes
from pinner.project.quoting import quote
from pinner.project.text import line_of_conflict
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

FORMAT = 1
"""The number that a lock's `pinner_lock` holds."""

MEND = "take the file back from git; or delete it, and 'pinner lock' pins everything anew"
_MOST_DIGITS = 18
_KEY = re.compile(r'^ *"pinner_lock"', re.MULTILINE)


def load_document(text: str, path: str) -> dict[str, object]:
    """Return the document of a lock in our format.

    Raises InputError where the text is no JSON, repeats a key, is no lock, or is a lock of a newer format.
    """
    document = _load(text, path)
    if not isinstance(document, dict) or "pinner_lock" not in document:
        raise InputError(Problem("this is no lock of pinner: it has no 'pinner_lock'", Place(path), MEND))
    number = document.pop("pinner_lock")
    if type(number) is not int or number != FORMAT:
        raise InputError(_explain_format(number, _place_of_format(text, path)))
    return document


def _load(text: str, path: str) -> object:
    try:
        return json.loads(
            text, object_pairs_hook=_refuse_repeated, parse_constant=_refuse_constant, parse_int=_small
        )
    except json.JSONDecodeError as error:
        raise InputError(_explain(error, text, path)) from None
    except RecursionError:
        raise InputError(Problem("values are nested too deep", Place(path), MEND)) from None
    except ValueError as error:
        raise InputError(_repeated(text, path) or Problem(str(error), Place(path), MEND)) from None


def _refuse_repeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{quote(name)} is no JSON")


def _small(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits belongs in no lock")
    return int(digits)


def _repeated(text: str, path: str) -> tuple[Problem, ...]:
    """Return the repeated keys with their places as the reader of YAML finds them; JSON is YAML to it."""
    problems = read_nodes(text.encode(), path).problems
    return tuple(problem for problem in problems if "was given before" in problem.message)


def _explain(error: json.JSONDecodeError, text: str, path: str) -> Problem:
    if line := line_of_conflict(text):
        hint = "take either side (git checkout --ours or --theirs), then run 'pinner lock'"
        return Problem("the lock holds the marks of a merge conflict", Place(path, line, 1), hint)
    if not text.strip():
        return Problem("the lock is empty", Place(path), MEND)
    place = Place(path, error.lineno, error.colno)
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return Problem("the lock ends in the middle", place, MEND)
    return Problem(f"the lock is no JSON: {error.msg}", place, MEND)


def _place_of_format(text: str, path: str) -> Place:
    found = _KEY.search(text)
    return Place(path, text.count("\n", 0, found.start()) + 1) if found else Place(path)


def _explain_format(number: object, place: Place) -> Problem:
    if type(number) is int and number > FORMAT:
        message = f"the lock has format {number}; this pinner knows format {FORMAT}"
        return Problem(message, place, "it was written by a newer pinner: update this one")
    return Problem(f"'pinner_lock' must be {FORMAT}", place, MEND)
