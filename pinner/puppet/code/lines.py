"""Which line of a text an offset stands on."""

import re
from bisect import bisect_left
from functools import cached_property

_BREAK = re.compile("\n")


class Lines:
    """Tells 1-based lines; the text is only cut into lines when the first one is asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def ends(self) -> list[int]:
        """Return the offsets of all line breaks."""
        return [match.start() for match in _BREAK.finditer(self.text)]

    def at(self, offset: int) -> int:
        """Return the 1-based line of the character at `offset`."""
        return bisect_left(self.ends, offset) + 1
