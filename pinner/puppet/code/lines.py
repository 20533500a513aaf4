"""Which line of a text an offset stands on."""

from bisect import bisect_right
from functools import cached_property
from itertools import accumulate


class Lines:
    """Tells 1-based lines; the text is only cut into lines when the first one is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def nexts(self) -> list[int]:
        """Return for each line the offset at which the next one begins; no Python code runs for any of them."""
        return list(accumulate(map((1).__add__, map(len, self.text.split("\n")))))

    def at(self, offset: int) -> int:
        """Return the 1-based line of the character at `offset`."""
        return bisect_right(self.nexts, offset) + 1
