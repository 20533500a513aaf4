"""JSON as modules hold it: comments before it, wrong encodings, repeated keys, and nothing that can exhaust us."""

import json
import re
from typing import Final

from pinner.puppet.flaws import Flaws

LONGEST: Final = 8_000_000
"""Bytes of the largest file that is read."""

_BYTE_ORDER_MARK: Final = "\ufeff"
_LEADING_COMMENT: Final = re.compile(r"\s*/\*.*?\*/", re.DOTALL)


class Number(str):
    """A number as its digits stand in the file: 1.10 stays 1.10, and 5,000 digits cost nothing."""

    __slots__ = ()


def decode(content: bytes, flaws: Flaws) -> str:
    """Return the text of a file; what is no UTF-8 is taken for Latin-1, as editors of its time wrote it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        flaws.add("it is not UTF-8: read as Latin-1")
        text = content.decode("latin-1")
    if text.startswith(_BYTE_ORDER_MARK):
        flaws.add("it begins with a byte order mark")
    return text.removeprefix(_BYTE_ORDER_MARK)


def read_json(text: str, flaws: Flaws) -> object:
    """Return the value, numbers as Number; None and a flaw where there is none to be had."""
    if comment := _LEADING_COMMENT.match(text):
        flaws.add("a comment stands before the JSON")
        text = text[comment.end() :]
    try:
        return _load(text, flaws)
    except json.JSONDecodeError as error:
        flaws.add(f"it is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    except RecursionError:
        flaws.add("its JSON is nested too deeply")
    return None


def _load(text: str, flaws: Flaws) -> object:
    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        built = dict(pairs)
        if len(built) < len(pairs):
            flaws.add("a key stands twice in one object: the last one counts")
        return built

    loaded: object = json.loads(
        text, object_pairs_hook=build, parse_int=Number, parse_float=Number, parse_constant=Number
    )
    return loaded
