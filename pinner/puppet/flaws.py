"""A gathering place for flaws: what in a file cannot be read as it stands, in words."""

from typing import Final

MOST: Final = 20
"""Flaws that are told in full; of the others only the number."""


class Flaws:
    """Flaws in the order in which they were found, none twice, and never more than a screenful."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._more = 0

    def add(self, text: str) -> None:
        """Note a flaw."""
        if len(self._texts) < MOST or text in self._texts:
            self._texts[text] = None
        else:
            self._more += 1

    def as_tuple(self) -> tuple[str, ...]:
        """Return the flaws, the last one saying how many were left out."""
        return (*self._texts, *([f"and {self._more} more"] if self._more else []))
