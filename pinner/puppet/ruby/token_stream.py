"""Words of Ruby, one at a time, with one looked at in advance; and how to pass over what is no literal."""

from collections.abc import Iterator
from typing import Final

from pinner.puppet.ruby.tokens import BLOCKS, NOT_A_VALUE, Kind, Token

_LOOPS: Final = frozenset({"for", "until", "while"})
_GOES_ON_AFTER: Final = frozenset({Kind.OPERATOR, Kind.COMMA, Kind.ARROW})
_BEGINS_AFTER: Final = frozenset({Kind.NEWLINE, Kind.OPERATOR, Kind.OPEN, Kind.COMMA, Kind.ARROW, Kind.LABEL})
_ENDS: Final = frozenset({Kind.END, Kind.BROKEN})


class TokenStream:
    """`current` is the word that comes next, `last` the one before it."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._open_brackets = 0
        self._open_blocks = 0
        self.last = Token(Kind.NEWLINE, "", 1, 1)
        self.current = next(tokens, self._end())

    def take(self) -> Token:
        """Return the current word and go on."""
        taken = self.current
        if taken.kind is Kind.OPEN:
            self._open_brackets += 1
        elif taken.kind is Kind.CLOSE:
            self._open_brackets = max(0, self._open_brackets - 1)
        self.last = taken
        self.current = taken if taken.kind in _ENDS else next(self._tokens, self._end())
        return taken

    def takes(self, kind: Kind, text: str | None = None) -> bool:
        """Go on if the current word is of that kind (and that text), and tell whether it was."""
        is_taken = self.current.kind is kind and text in (None, self.current.text)
        if is_taken:
            self.take()
        return is_taken

    def skip_separators(self) -> None:
        """Go on to the next statement."""
        while self.current.kind is Kind.NEWLINE:
            self.take()

    def skip_line_breaks(self) -> None:
        """Go on to the next line that holds anything, within a statement: a semicolon would end it."""
        while self.takes(Kind.NEWLINE, "\n"):
            pass

    @property
    def is_at_end(self) -> bool:
        """Tell whether nothing more comes."""
        return self.current.kind in _ENDS

    def skip_statement(self) -> bool:
        """Go on to the end of the statement, blocks and brackets that it opens included; False if the text ends before."""
        awaits_do = False
        while not self.is_at_end:
            if self._ends_statement():
                self._open_brackets = 0
                return True
            awaits_do = self._count_blocks(awaits_do=awaits_do)
            self.take()
        return not self._open_blocks and not self._open_brackets

    def _ends_statement(self) -> bool:
        is_open = self._open_blocks > 0 or self._open_brackets > 0 or self.last.kind in _GOES_ON_AFTER
        return self.current.kind is Kind.NEWLINE and not is_open

    def _count_blocks(self, *, awaits_do: bool) -> bool:
        """Count what the current word opens or closes. A loop has a `do` of its own, if on the same line."""
        kind, text = self.current.kind, self.current.text
        if kind is Kind.NEWLINE:
            return False
        if kind is not Kind.WORD or self.last.text == ".":
            return awaits_do
        if text == "end":
            self._open_blocks = max(0, self._open_blocks - 1)
        elif text == "do":
            self._open_blocks += not awaits_do
            return False
        elif text in BLOCKS and self._begins_expression():
            self._open_blocks += 1
            return awaits_do or text in _LOOPS
        return awaits_do

    def _begins_expression(self) -> bool:
        is_after_keyword = self.last.kind is Kind.WORD and self.last.text in NOT_A_VALUE
        return self.last.kind in _BEGINS_AFTER or is_after_keyword

    def _end(self) -> Token:
        return Token(Kind.END, "", self.last.line, self.last.column)
