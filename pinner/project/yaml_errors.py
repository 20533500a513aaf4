"""What a YAML parser complains about -> a problem that says what to mend. Covers libyaml's words and PyYAML's own."""

import yaml

from pinner.project.quoting import quote
from pinner.project.text import line_of_conflict
from pinner.words.places import Place
from pinner.words.problems import Problem

_TAB = ("a tab stands where YAML wants blanks", "indent and separate with blanks, never with tabs")
_COLON = (
    "': ' stands inside a value",
    "put a value that holds ': ' into quotes, or start a new line for a new key",
)
_NO_COLON = (
    "this line is no 'key: value'",
    "write a colon and a blank after the key; put text of several lines into quotes",
)
_INDENT = (
    "the indentation does not fit the lines above",
    "give the keys of one map, and the dashes of one list, one column",
)
_NOTHING = (
    "a value is missing here, or a bracket was never closed",
    "close each '[' with ']' and each '{' with '}'",
)
_EXPLAINED = {
    "did not find expected node content": _NOTHING,
    "expected the node content": _NOTHING,
    "mapping values are not allowed": _COLON,
    "could not find expected ':'": _NO_COLON,
    "did not find expected key": _INDENT,
    "did not find expected '-' indicator": _INDENT,
    "expected <block end>": _INDENT,
}
_UNCLOSED = {
    "while scanning a quoted scalar": "the quote that opens here is never closed",
    "while parsing a flow sequence": "the '[' that opens here is not closed, or a ',' is missing in it",
    "while parsing a flow mapping": "the '{' that opens here is not closed, or a ',' is missing in it",
}


def explain(error: yaml.YAMLError, text: str, path: str) -> Problem:
    """Return the parser's error as a problem of the file `path` with that text."""
    if line := line_of_conflict(text):
        mend = "keep what is meant of the two sides, and delete the marks"
        return Problem("the file holds the marks of a merge conflict", Place(path, line, 1), mend)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(f"this is no YAML: {error}", Place(path))
    if error.context in _UNCLOSED and error.context_mark:
        return Problem(_UNCLOSED[error.context], _place(error.context_mark, path))
    mark = error.problem_mark or error.context_mark
    letter = _letter_at(mark, text)
    message, hint = _words_for(error.problem or "", letter)
    return Problem(message, _place(mark, path), hint)


def _words_for(said: str, letter: str) -> tuple[str, str | None]:
    if letter == "\t":
        return _TAB
    if "cannot start any token" in said:
        return f"a value cannot start with {quote(letter)}", "put the value into quotes"
    found = (words for known, words in _EXPLAINED.items() if known in said)
    return next(found, (f"this is no YAML: {said}", None))


def _letter_at(mark: yaml.Mark | None, text: str) -> str:
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    return lines[mark.line][mark.column : mark.column + 1]


def _place(mark: yaml.Mark | None, path: str) -> Place:
    return Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
