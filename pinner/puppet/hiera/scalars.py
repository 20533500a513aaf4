"""Read plain YAML scalars as Ruby's Psych does, and find those that r10k misreads.

The rules are those of psych's lib/psych/scalar_scanner.rb.
"""

import re
from enum import Enum, auto
from typing import Final

from pinner.model.operator_data import Plain

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
_PSYCH_TIME = re.compile(
    r"-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?"
)
_DATE = re.compile(r"\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(?P<fraction>\.[0-9_]*)?")
_PSYCH_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?")
_INTEGER = re.compile(
    r"[-+]?0b[0-1_,]+|[-+]?0[0-7_,]+|[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)|[-+]?0x[0-9a-fA-F_,]+"
)
_SPECIAL = frozenset({".inf", "+.inf", "-.inf", ".nan"})
_MOST_DIGITS = 300


class OddScalar(Enum):
    """Scalars that are not plain values.

    REFUSED is a date, a time or half a number: Puppet refuses the whole file.
    """

    REFUSED = auto()
    SYMBOL = auto()


def resolve_scalar(text: str) -> Plain | OddScalar:
    """Return the value of an unquoted scalar."""
    if not text:
        return None
    if "\n" in text or _TEXT.match(text):
        return _WORDS.get(text.lower(), text) if len(text) <= _LONGEST_WORD else text
    if _PSYCH_TIME.fullmatch(text) or _DATE.fullmatch(text):
        return OddScalar.REFUSED
    if text[0] == ":" and len(text) > 1:
        return OddScalar.SYMBOL
    try:
        return _parse_number(text)
    except ValueError:
        return OddScalar.REFUSED


def _parse_number(text: str) -> Plain:
    if len(text) > _MOST_DIGITS:
        return text
    if text.lower() in _SPECIAL:
        return float(text.replace(".", ""))
    if match := _BASE_60.fullmatch(text):
        # The value in base 60, with psych's weights 3600, 60 and 1 even for only two parts.
        parts = [part.replace("_", "") for part in text.split(":")]
        factors = (3600, 60, 1)
        if match["fraction"] is not None:
            return sum(float(part) * factor for part, factor in zip(parts, factors, strict=False))
        return sum(int(part) * factor for part, factor in zip(parts, factors, strict=False))
    bare = re.sub("[,_]", "", text)
    if _PSYCH_FLOAT.fullmatch(text) and bare.strip("+-") != ".":
        return float(bare)
    return _integer(bare) if _INTEGER.fullmatch(text) else text


def _integer(bare: str) -> int | str:
    sign, digits = (bare[0], bare[1:]) if bare[0] in "+-" else ("", bare)
    if digits.startswith(("0b", "0x")):
        value = int(digits, 0)
    else:
        value = int(digits, 8 if digits.startswith("0") and len(digits) > 1 else 10)
    return -value if sign == "-" else value


_WHOLES: Final = tuple(
    (re.compile(shape), base)
    for shape, base in (
        (r"[-+]?0[0-7_,]+", 8),
        (r"[-+]?0x[0-9a-fA-F_,]+", 16),
        (r"[-+]?0b[01_,]+", 2),
        (r"[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)", 10),
    )
)
_YAML_FLOAT: Final = re.compile(r"[-+]?(?:[0-9][0-9_,]*\.[0-9]*|\.[0-9]+)(?:[eE][+-][0-9]+)?")
_EXPONENT: Final = re.compile(r"[-+]?\.[eE][-+][0-9]+")
_DAY: Final = re.compile(r"[0-9]{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)", re.ASCII)
_YAML_TIME: Final = re.compile(
    r"-?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|\s+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:\s*(?:Z|[-+][0-9]{1,2}:?(?:[0-9]{2})?))?"
)
_SIXTIETHS: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?")
_SYMBOL: Final = re.compile(r""":(?P<quote>["'])(?P<quoted>.*)(?P=quote)|:(?P<bare>.+)""")
_ENDLESS: Final = {".inf": "Infinity", "+.inf": "Infinity", "-.inf": "-Infinity", ".nan": "NaN"}
_TRUTH: Final = {"yes": "true", "true": "true", "on": "true", "no": "false", "false": "false", "off": "false"}
_START_OF_NUMBER: Final = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?")
"""The part of a text that Ruby's `to_i` and `to_f` read; they ignore the rest."""
_PREFIXES: Final = frozenset({"0b", "0x"})
_NO_DIGITS: Final = "a number without digits, which it refuses"
_LONGEST: Final = 60
"""Maximum length, in characters, of a number that is examined: names of refs and versions are shorter."""


def misread(text: str) -> str | None:
    """Return what r10k reads an unquoted scalar as, None if that is its own text or null.

    `text` is a scalar that YAML accepts without quotes; `-` or `yes:` is not one.
    """
    if len(text) > _LONGEST:
        return None
    if _DAY.fullmatch(text):
        return "a date, which it refuses"
    if _YAML_TIME.fullmatch(text):
        return "a time, which it refuses"
    meant = _TRUTH.get(text.lower()) or _ENDLESS.get(text.lower())
    if meant is None and text.startswith(":"):
        symbol = _SYMBOL.match(text)
        meant = symbol and (symbol["bare"] or (symbol["quoted"] or "").removeprefix(":"))
    elif meant is None:
        meant = _odd_number(text)
    return None if meant == text else meant


def _odd_number(text: str) -> str | None:
    digits = re.sub("[_,]", "", text)
    for shape, base in _WHOLES:
        if shape.fullmatch(text):
            return _NO_DIGITS if digits.lstrip("+-") in _PREFIXES else str(int(digits, base))
    return _sixtieths(text) or _fraction(text, digits)


def _sixtieths(text: str) -> str | None:
    """Return a time of day in seconds; psych gives hours and minutes the same weights without seconds."""
    shape = _SIXTIETHS.fullmatch(text)
    if shape is None:
        return None
    number = float if shape[1] else int
    total: int | float = 0
    for part, weight in zip(text.split(":"), (3600, 60, 1), strict=False):
        found = _START_OF_NUMBER.match(part)
        total += number(found[0].replace("_", "") if found else 0) * weight
    return str(total)


def _fraction(text: str, digits: str) -> str | None:
    if _EXPONENT.fullmatch(text):
        return _NO_DIGITS
    if not _YAML_FLOAT.fullmatch(text):
        return None
    return re.sub("^(-?[0-9])e", r"\1.0e", repr(float(digits))).replace("inf", "Infinity")
