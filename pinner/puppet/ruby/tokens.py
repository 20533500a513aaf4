"""The words that Ruby text is made of, and the pattern that tells them apart."""

import re
from enum import StrEnum
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What a word of Ruby is."""

    NEWLINE = "newline"
    WORD = "word"
    LABEL = "label"
    SYMBOL = "symbol"
    STRING = "string"
    NUMBER = "number"
    ARROW = "arrow"
    COMMA = "comma"
    OPEN = "open"
    CLOSE = "close"
    OPERATOR = "operator"
    DYNAMIC = "dynamic"
    BROKEN = "broken"
    END = "end"


class Token(NamedTuple):
    """A word and where it begins, counted from 1.

    `text` is the word itself; of a STRING, SYMBOL or LABEL what it stands for; of a DYNAMIC (what must be run to know
    its value) and of a BROKEN (what Ruby cannot read on from) what it is, for a message. An END stands after the last.
    """

    kind: Kind
    text: str
    line: int
    column: int


NOT_A_VALUE: Final = frozenset(
    {
        "and",
        "begin",
        "case",
        "do",
        "else",
        "elsif",
        "ensure",
        "if",
        "in",
        "not",
        "or",
        "puts",
        "raise",
        "rescue",
        "return",
        "then",
        "unless",
        "until",
        "when",
        "while",
        "yield",
    }
)
"""Words after which a slash or a percent sign begins a literal."""

BLOCKS: Final = frozenset(
    {"begin", "case", "class", "def", "for", "if", "module", "unless", "until", "while"},
)
"""Words that open what `end` closes, where they stand first in an expression."""

KEYWORDS: Final = NOT_A_VALUE - {"puts", "raise"} | {
    *(
        "BEGIN",
        "END",
        "__ENCODING__",
        "__END__",
        "__FILE__",
        "__LINE__",
        "alias",
        "break",
        "class",
        "def",
        "defined?",
        "end",
    ),
    *("false", "for", "module", "next", "nil", "redo", "retry", "self", "super", "true", "undef"),
}
"""Words that Ruby keeps for itself: none of them is called."""

_NAME: Final = r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*"
TOKEN: Final = re.compile(
    rf"""
      (?P<blank>[ \t\r\f\v]+|\\\r?\n)
    | (?P<comment>\#[^\n]*)
    | (?P<newline>\n(?:[ \t\r\f\v]*+(?:\#[^\n]*+)?\n)*+)
    | (?P<label>{_NAME}[?!]?:(?!:))
    | (?P<word>{_NAME}(?:[?!](?![=~]))?)
    | (?P<number>[0-9](?:[0-9A-Za-z_]|\.(?=[0-9]))*)
    | (?P<scope>::)
    | (?P<quoted_symbol>:["'])
    | (?P<symbol>:{_NAME}(?:[?!](?!=)|=(?![>=~]))?)
    | (?P<quote>["'`])
    | (?P<variable>\$(?:{_NAME}|\S)|@@?{_NAME})
    | (?P<arrow>=>)
    | (?P<comma>,)
    | (?P<semicolon>;)
    | (?P<open>[(\[{{])
    | (?P<close>[)\]}}])
    | (?P<end>[\x00\x04\x1a])
    | (?P<percent>%[qQwWiIrsx]?[!"$-/:-@\[\]-`{{-~])
    | (?P<heredoc><<[~-]?["'`A-Za-z_])
    | (?P<slash>/)
    | (?P<character>\?(?:\\.|[^\s\\])(?![A-Za-z0-9_]))
    | (?P<operator>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""One word at the position of the match; every character begins one."""

PLAIN: Final = {
    "word": Kind.WORD,
    "number": Kind.NUMBER,
    "scope": Kind.OPERATOR,
    "arrow": Kind.ARROW,
    "comma": Kind.COMMA,
    "semicolon": Kind.NEWLINE,
    "open": Kind.OPEN,
    "close": Kind.CLOSE,
    "operator": Kind.OPERATOR,
}
"""Groups of TOKEN that are a word as they stand."""
