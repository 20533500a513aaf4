"""Which braces stand around given places of Puppet code, without cutting the code between them into tokens."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pinner.puppet.code.lexer import Lexer, Token

_LANDMARK = re.compile(
    r"""[^'"\#/{}@]*+(?:
        (?P<open>\{)
      | (?P<close>\})
      | (?P<quiet>'[^'\\]*+(?:\\.[^'\\]*+)*+' | "[^"\\$]*+(?:(?:\\.|\$(?!\{))[^"\\$]*+)*+" | \#[^\n]*+ | @(?!\())
      | (?P<special>["'/@])
    )""",
    re.VERBOSE | re.DOTALL,
)
_LAST_WORD = re.compile(r"\w+\s*\Z", re.ASCII)
_LOOK_BACK = 200
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Brace:
    """An open brace: where it stands, and where the brace before it ended: between them is what it belongs to."""

    before: int
    start: int


class Nesting:
    """Walks over `text` from `start` on, once; raises InputError at something that is never closed."""

    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.position = start
        self.open: list[Brace] = []
        self.found: dict[int, tuple[Brace, ...]] = {}
        self._places: list[int] = []
        self._last_brace = start

    def around(self, places: Sequence[int]) -> dict[int, tuple[Brace, ...]]:
        """Return the braces around each of the ascending `places` that stands in code, outermost first."""
        self._places = list(places[::-1])
        while self._places and (match := _LANDMARK.match(self.text, self.position)):
            kind, start = match.lastgroup, match.end() - 1
            if kind == "quiet":
                start = match.start("quiet")
            self._note_places(start)
            self.position = match.end()
            if kind == "special":
                self._read_tokens(start)
            elif kind != "quiet":
                self._step(start)
            self._drop_places()
        self._note_places(len(self.text))
        return self.found

    def _note_places(self, stop: int) -> None:
        while self._places and self._places[-1] < stop:
            self.found[self._places.pop()] = tuple(self.open)

    def _drop_places(self) -> None:
        while self._places and self._places[-1] < self.position:
            self._places.pop()

    def _step(self, start: int) -> None:
        if self.text[start] == "{":
            self.open.append(Brace(self._last_brace, start))
            if len(self.open) > _DEEPEST:
                raise Lexer(self.text).error(f"braces are nested more than {_DEEPEST} deep", start)
        elif self.open:
            self.open.pop()
        self._last_brace = start + 1

    def _read_tokens(self, start: int) -> None:
        """Leave strings, comments and regular expressions, and the line that a heredoc starts on, to the lexer."""
        lexer = Lexer(self.text, start, after=self._token_before(start))
        is_on_line = True
        while is_on_line:
            token = lexer.next()
            if self._places and self._places[-1] == token.start:
                self._note_places(token.start + 1)
            if token.kind in {"open", "close"} and self.text[token.start] in "{}":
                self._step(token.start)
            is_on_line = not lexer.is_at_plain_text and token.kind != "end"
        self.position = lexer.position

    def _token_before(self, start: int) -> Token:
        before = self.text[max(0, start - _LOOK_BACK) : start].rstrip()
        end = start - _LOOK_BACK + len(before) if start > _LOOK_BACK else len(before)
        word = _LAST_WORD.search(before)
        if word:
            kind = "variable" if before[: word.start()].endswith(("$", ":")) else "word"
            return Token(kind, end - len(word[0]), end)
        return Token("string" if before.endswith(("'", '"')) else "operator", max(0, end - 1), end)
