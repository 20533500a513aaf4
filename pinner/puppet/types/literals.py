"""Strings and numbers of Puppet code -> what they stand for, where nothing in them must be computed."""

import re

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "s": " ", "$": "$", '"': '"', "'": "'", "\\": "\\"}
_COMPUTED = re.compile(r"\$\w|\$\{|\$::|\\u|\\\n")
_INTEGER = re.compile(r"0[xX][0-9a-fA-F]{1,100}|0[0-7]{0,100}|[1-9]\d{0,100}")
_FLOAT = re.compile(r"\d{1,100}\.\d{1,100}(?:[eE]\d{1,3})?|\d{1,100}[eE]\d{1,3}")


def read_string(source: str) -> str | None:
    """Return what a string with its quotes stands for, None for one that is interpolated."""
    inner = source[1:-1]
    if source[0] == "'":
        return re.sub(r"\\([\\'])", r"\1", inner)
    if _COMPUTED.search(inner):
        return None
    return _ESCAPE.sub(lambda match: _LETTERS.get(match[1], match[0]), inner)


def read_number(source: str) -> int | float | None:
    """Return what a number without a sign stands for, None for what Puppet would not take or nobody can mean."""
    if _INTEGER.fullmatch(source):
        return int(source, 8 if source[0] == "0" and source.isdigit() else 0)
    return float(source) if _FLOAT.fullmatch(source) else None
