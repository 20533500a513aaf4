"""Counts in words: `1 module`, `2 modules`, `none`."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return the number with its noun in the right form."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
