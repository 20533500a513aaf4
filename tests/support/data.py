"""Values of hiera data, from plain Python ones."""

from typing import Any

from pinner.model.operator_data import Array, Hash, Literal, Value


def value_of(plain: Any) -> Value:
    """Return the value that stands on line 1."""
    if isinstance(plain, dict):
        return Hash(tuple((value_of(key), value_of(held)) for key, held in plain.items()), 1)
    if isinstance(plain, list):
        return Array(tuple(value_of(item) for item in plain), 1)
    return Literal(plain, 1)
