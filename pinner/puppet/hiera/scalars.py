"""A plain YAML scalar -> the value that Puppet gets for it, as Ruby's Psych decides (psych/scalar_scanner.rb)."""

import re
from enum import Enum, auto

from pinner.words.data import Plain

_TEXT = re.compile(r"[^\d.:-]?(?:[^\W\d_]|[_\s!@#$%^&*(){}<>|/\\~;=])+")
_LONGEST_WORD = 5
_WORDS: dict[str, Plain] = {
    "~": None,
    "null": None,
    "yes": True,
    "true": True,
    "on": True,
    "no": False,
    "false": False,
    "off": False,
}
_TIME = re.compile(
    r"-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?"
)
_DATE = re.compile(r"\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(?P<fraction>\.[0-9_]*)?")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?")
_INTEGER = re.compile(
    r"[-+]?0b[0-1_,]+|[-+]?0[0-7_,]+|[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|[-+]?0x[0-9a-fA-F_,]+"
)
_SPECIAL = frozenset({".inf", "+.inf", "-.inf", ".nan"})
_MOST_DIGITS = 300


class Odd(Enum):
    """What a scalar can be beside a plain value; Puppet refuses a whole file for a date, a time or half a number."""

    REFUSED = auto()
    SYMBOL = auto()


def resolve(text: str) -> Plain | Odd:
    """Return what an unquoted scalar stands for."""
    if not text:
        return None
    if "\n" in text or _TEXT.match(text):
        return _WORDS.get(text.lower(), text) if len(text) <= _LONGEST_WORD else text
    if _TIME.fullmatch(text) or _DATE.fullmatch(text):
        return Odd.REFUSED
    if text[0] == ":" and len(text) > 1:
        return Odd.SYMBOL
    try:
        return _number(text)
    except ValueError:
        return Odd.REFUSED


def _number(text: str) -> Plain:
    if len(text) > _MOST_DIGITS:
        return text
    if text.lower() in _SPECIAL:
        return float(text.replace(".", ""))
    if match := _BASE_60.fullmatch(text):
        return _base_60(text, is_float=match["fraction"] is not None)
    bare = re.sub("[,_]", "", text)
    if _FLOAT.fullmatch(text) and bare.strip("+-") != ".":
        return float(bare)
    return _integer(bare) if _INTEGER.fullmatch(text) else text


def _base_60(text: str, *, is_float: bool) -> float | int:
    """Psych multiplies the first part by 3600, the second by 60, the third by 1, whether there is a third or not."""
    parts = [part.replace("_", "") for part in text.split(":")]
    factors = (3600, 60, 1)
    if is_float:
        return sum(float(part) * factor for part, factor in zip(parts, factors, strict=False))
    return sum(int(part) * factor for part, factor in zip(parts, factors, strict=False))


def _integer(bare: str) -> int | str:
    sign, digits = (bare[0], bare[1:]) if bare[0] in "+-" else ("", bare)
    if digits.startswith(("0b", "0x")):
        value = int(digits, 0)
    else:
        value = int(digits, 8 if digits.startswith("0") and len(digits) > 1 else 10)
    return -value if sign == "-" else value
