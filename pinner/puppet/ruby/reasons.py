"""Why a word of Ruby is no literal, for a message."""

from typing import Final

from pinner.puppet.names import quoted
from pinner.puppet.ruby.tokens import BLOCKS, Kind, Token

_MODIFIERS: Final = frozenset({"if", "unless", "while", "until", "and", "or", "rescue"})
_REASONS: Final = {
    Kind.WORD: "{quoted} is a variable, a constant or a method, and no literal",
    Kind.NUMBER: "{quoted} is no text: write it in quotes",
    Kind.OPERATOR: "{quoted} makes it an expression",
    Kind.DYNAMIC: "{text} is no literal",
    Kind.BROKEN: "{text}",
    Kind.NEWLINE: "the declaration breaks off here",
    Kind.END: "the declaration breaks off here",
    Kind.STRING: "a comma is missing before this",
    Kind.SYMBOL: "a comma is missing before this",
    Kind.LABEL: "a comma is missing before this",
    Kind.COMMA: "a comma stands where a value belongs",
    Kind.ARROW: "'=>' stands where a value belongs",
    Kind.CLOSE: "a bracket is closed here that does not belong to a literal",
    Kind.OPEN: "a bracket is opened here, and what is in it is no literal",
}


def reason_against(token: Token) -> str:
    """Say what keeps the word from being a literal, or from standing where it stands in a declaration."""
    if token.kind is Kind.WORD and token.text in _MODIFIERS:
        return f"'{token.text}' makes it depend on something"
    return _REASONS[token.kind].format(text=token.text, quoted=quoted(token.text))


def reason_against_first(token: Token) -> str:
    """Say what keeps the word from beginning a declaration."""
    if token.kind is Kind.WORD and token.text in BLOCKS:
        return f"what stands between '{token.text}' and its 'end' depends on something"
    return reason_against(token) if token.kind is Kind.BROKEN else "no declaration begins like this"
