"""Ruby text cut into words. Only as much of Ruby is known as keeps quotes, comments and heredocs apart from code.

One pass, no recursion, nothing run: time and memory follow the length of the text.
"""

import re
from collections.abc import Iterator
from typing import Final

from pinner.puppet.ruby.heredocs import HEREDOC, read_heredoc
from pinner.puppet.ruby.literals import READERS, Literal
from pinner.puppet.ruby.quotes import NeverClosedError
from pinner.puppet.ruby.tokens import NOT_A_VALUE, PLAIN, TOKEN, Kind, Token

_COMMENT_BLOCK: Final = re.compile(r"=begin(?=\s|\Z)")
_COMMENT_BLOCK_END: Final = re.compile(r"\n=end(?=\s|\Z)[^\n]*\n?")
_END_OF_CODE: Final = re.compile(r"__END__(?:\r?\n|\Z)")
_LEADING_DOT: Final = re.compile(r"[ \t\r]*(?:\.(?!\.)|&\.)")
_VALUES: Final = frozenset({Kind.WORD, Kind.STRING, Kind.SYMBOL, Kind.NUMBER, Kind.CLOSE, Kind.DYNAMIC})
_DEPENDS_ON_PLACE: Final = frozenset({"percent", "slash", "character", "heredoc"})


def read_tokens(text: str) -> Iterator[Token]:
    """Yield the words of the text. Line breaks inside a quote are part of it; after a BROKEN nothing comes."""
    lexer = _Lexer(text)
    token: Token | None = lexer.skip_to_code()
    while token is None or token.kind is not Kind.BROKEN:
        match = TOKEN.match(text, lexer.position)
        if match is None:
            return
        token = lexer.read(match)
        if token is not None:
            yield token
    if lexer.previous is not token:
        yield token


class _Lexer:
    """A position in the text, and what stands before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.line_start = 0
        self.end_of_heredocs = 0
        self.previous: Token | None = None
        self.is_after_blank = True

    def read(self, match: re.Match[str]) -> Token | None:
        """Return the word that the match begins, None if it is only a blank; the position is after it then."""
        token = self._read(match, str(match.lastgroup))
        self.is_after_blank = token is None
        self.previous = token or self.previous
        return token

    def _read(self, match: re.Match[str], group: str) -> Token | None:
        if group in PLAIN:
            token = self._token(PLAIN[group], match[0])
            self.position = match.end()
            return token
        if group in ("blank", "comment"):
            return self._read_blank(match)
        if group == "newline":
            return self._read_newline(match)
        if group == "end":
            return self._token(Kind.BROKEN, "a control character stands here, where Ruby stops reading")
        if group in _DEPENDS_ON_PLACE and not self._begins_literal(match):
            return self._take(Literal(Kind.OPERATOR, match[0][0], match.start() + 1))
        return self._read_literal(match, group)

    def _read_literal(self, match: re.Match[str], group: str) -> Token:
        try:
            return (
                self._read_heredoc() if group == "heredoc" else self._take(READERS[group](self.text, match))
            )
        except NeverClosedError:
            return self._token(Kind.BROKEN, "a text is opened here and never closed")

    def _read_heredoc(self) -> Token:
        announcement = HEREDOC.match(self.text, self.position)
        if announcement is None:
            return self._token(Kind.BROKEN, "a heredoc is announced here that cannot be read")
        next_line = self.text.find("\n", self.position) + 1 or len(self.text)
        heredoc = read_heredoc(self.text, announcement, max(next_line, self.end_of_heredocs))
        self.end_of_heredocs = heredoc.end
        if heredoc.value is None:
            return self._take(Literal(Kind.DYNAMIC, "a heredoc with code in it", announcement.end()))
        return self._take(Literal(Kind.STRING, heredoc.value, announcement.end()))

    def _read_blank(self, match: re.Match[str]) -> Token | None:
        if match[0].startswith("\\") and self.end_of_heredocs > self.position:
            return self._token(Kind.BROKEN, "a line with a heredoc goes on here, which cannot be read")
        self._move(match.end())
        return None

    def _read_newline(self, match: re.Match[str]) -> Token | None:
        token = self._token(Kind.NEWLINE, "\n")
        self._move(self.end_of_heredocs if self.end_of_heredocs > self.position else match.end())
        goes_on = _LEADING_DOT.match(self.text, self.position)
        return self.skip_to_code() or (None if goes_on else token)

    def skip_to_code(self) -> Token | None:
        """Pass over what counts at the beginning of a line only: comment blocks, and the end of all code."""
        while _COMMENT_BLOCK.match(self.text, self.position):
            end = _COMMENT_BLOCK_END.search(self.text, self.position)
            if end is None:
                return self._token(Kind.BROKEN, "the comment that =begin opens is never closed")
            self._move(end.end())
        if _END_OF_CODE.match(self.text, self.position):
            self._move(len(self.text))
        return None

    def _begins_literal(self, match: re.Match[str]) -> bool:
        """Tell whether `%`, `/`, `?` or `<<` begins a literal here, and is no operator between two values."""
        before = self.previous
        if before is None or before.kind not in _VALUES:
            return True
        if before.kind is not Kind.WORD:
            return False
        if before.text in NOT_A_VALUE:
            return True
        is_argument = self.is_after_blank and match.lastgroup != "character"
        return is_argument and not self.text[match.start() + 1 : match.start() + 2].isspace()

    def _take(self, literal: Literal) -> Token:
        token = self._token(literal.kind, literal.text)
        self._move(literal.end)
        return token

    def _token(self, kind: Kind, text: str) -> Token:
        return Token(kind, text, self.line, self.position - self.line_start + 1)

    def _move(self, end: int) -> None:
        breaks = self.text.count("\n", self.position, end)
        if breaks:
            self.line += breaks
            self.line_start = self.text.rfind("\n", self.position, end) + 1
        self.position = end
