"""What Ruby's YAML takes a scalar without quotes for: r10k then sees something else than what stands in the file.

The rules are those of psych's lib/psych/scalar_scanner.rb.
"""

import re
from typing import Final

_OCTAL: Final = re.compile(r"[-+]?0[0-7_,]+")
_WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*)")
_HEX: Final = re.compile(r"[-+]?0x[0-9a-fA-F_,]+")
_BINARY: Final = re.compile(r"[-+]?0b[01_,]+")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9][0-9_,]*\.[0-9]*|\.[0-9]+)(?:[eE][+-][0-9]+)?")
_DAY: Final = re.compile(r"[0-9]{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)", re.ASCII)
_TRUTH: Final = {"yes": "true", "true": "true", "on": "true", "no": "false", "false": "false", "off": "false"}
_LONGEST: Final = 60
"""Characters of a number that is looked at: a ref's name and a version are shorter."""


def misread(text: str) -> str | None:
    """Return what r10k takes an unquoted scalar for, where that is not its own text; None where it is."""
    if len(text) > _LONGEST:
        return None
    if _DAY.fullmatch(text):
        return "a date, which it refuses"
    meant = _TRUTH.get(text.lower()) or _number(text)
    return None if meant in {None, text} else meant


def _number(text: str) -> str | None:
    digits = re.sub("[_,]", "", text)
    if _OCTAL.fullmatch(text):
        return str(int(digits, 8))
    if _HEX.fullmatch(text):
        return str(int(digits, 16)) if digits[-1] != "x" else None
    if _BINARY.fullmatch(text):
        return str(int(digits, 2)) if digits[-1] != "b" else None
    if _WHOLE.fullmatch(text):
        return str(int(digits))
    return repr(float(digits)) if _FLOAT.fullmatch(text) else None
