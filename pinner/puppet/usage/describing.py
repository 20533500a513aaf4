"""Values in a message's words: enough to find and mend them, and never a secret."""

import re

from pinner.puppet.names import quoted
from pinner.words.data import Array, Closed, Hash, Literal, Value

_SECRET = re.compile(r"pass|secret|token|key|credential|auth|connection|salt|cert|url|uri", re.IGNORECASE)
_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)")


def describe(value: Value, parameter: str) -> str:
    """Return what a value is; a string is only shown where its parameter is unlikely to hold a secret."""
    if isinstance(value, Array):
        return f"an Array of {len(value.items)}"
    if isinstance(value, Hash):
        return f"a Hash of {len(value.entries)}"
    if isinstance(value, Closed):
        return "a value that is not known"
    return _describe_literal(value, parameter)


def _describe_literal(literal: Literal, parameter: str) -> str:
    value = literal.value
    if isinstance(value, str):
        return "a String" if _SECRET.search(parameter) else f"the String {quoted(value)}"
    if value is None:
        return "undef"
    if isinstance(value, bool):
        return f"the Boolean {str(value).lower()}"
    return f"the {'Integer' if isinstance(value, int) else 'Float'} {value}"


def mending(value: Value, type_: str) -> str | None:
    """Return how a value comes to fit, where the reason is one of the usual ones."""
    if not isinstance(value, Literal):
        return None
    text = value.value
    if isinstance(text, str) and "Boolean" in type_ and text.lower() in _WORDS:
        return f"write {_WORDS[text.lower()]} without quotes"
    if isinstance(text, str) and _NUMBER.fullmatch(text) and "Integer" in type_:
        return f"write {text} without quotes"
    if isinstance(text, bool | int | float) and "String" in type_:
        return "put it into quotes"
    return None
