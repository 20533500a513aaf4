"""What stands in the comment above a definition: its introduction, and an entry for each parameter.

Every form that the modules have used is read: `[*name*]`, `[name]`, `* name: text`, `@param name`. Blank lines inside
the block, and licences above it, are walked over.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

DEPRECATED_HEADING = re.compile(r"#[#=* ]*+deprecated(?: (\w++))?+[ \t:=#*\r]*+\Z", re.IGNORECASE)
"""A comment line that opens a section of deprecated parameters; the second word is misspelt in a dozen ways."""

_MARK = re.compile(
    r"""\n[ \t]*+\#(?:
        (?P<deprecated>[#=*\ ]*+deprecated(?:\ (?P<what>\w++))?+[ \t:=#*\r]*+(?=\n|\Z))
      | [ \t]*+(?:
            \[[ \t]*+\*[ \t]*+(?P<starred>\w++)[ \t]*+\*[ \t]*+\]
          | @param[ \t]++(?:\[[^\]\n]*+\][ \t]*+)?+\$?(?P<tagged>\w++)
          | \[[ \t]*+(?P<bracketed>\w++)[ \t]*+\]
          | \*[ \t]*+(?P<listed>\w++)[ \t]*+\*?+(?=[ \t]*+(?:[:\-\n]|\Z))
          | (?P<heading>(?:=++|\#++|\*\*)[ \t]*+\w[^\n]*+|@(?:example|author|api|see|since|note|return|summary)\b)
        )
      | [ \t]{0,2}(?P<word>parameters|examples?|dependencies|copyright|authors?|licen[sc]e|actions|requires|sample\ usage)
        :?[ \t\r]*+(?=\n|\Z)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_COMMENTS = re.compile(r"(?:\s++|#[^\n]*+)*+")
_INDENTED_WORD = re.compile(r"\n[ \t]*+#[ \t]{3,}+\w++[ \t\r]*+\Z")
_OF_PARAMETERS = re.compile(r"param|option|argument|variable", re.IGNORECASE)
_WHOLE = frozenset({"class", "define", "type", "resource", "module"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter's text as it stands, `#` and all; `start` is the offset of its line in the file."""

    start: int
    is_under_deprecated: bool
    raw: str

    @property
    def text(self) -> str:
        """Return the whole text on one line."""
        return plain(self.raw.lstrip(" \t:-"))


@dataclass(slots=True)
class Doc:
    """A definition's comment: what stands before any parameter and where that starts, and the entries by name."""

    start: int = 0
    introduction: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)


def plain(raw: str) -> str:
    """Return the words of comment lines, on one line."""
    lines = (line.strip().lstrip("#=* ") for line in raw.splitlines())
    return " ".join(line for line in lines if line)


def read_doc(text: str, start: int, names: Collection[str], *, floor: int = 0) -> Doc:
    """Return what the comment above the definition at `start` says of it and of its parameters `names`.

    Nothing before `floor`, where the definition before it has its body, is looked at.
    """
    begin = _start_of_block(text, start, floor)
    block = "\n" + text[begin:start]
    marks = list(_marks(block, names))
    ends = [*(mark.start() for mark in marks), len(block)][1:]
    doc = Doc(begin, block[1 : _end_of_introduction(marks, len(block))])
    for name, entry in _entries(block, list(zip(marks, ends, strict=True)), begin):
        doc.entries.setdefault(name, entry)
    return doc


def _start_of_block(text: str, start: int, floor: int) -> int:
    """Return where the lines of comments and blanks begin that end at `start`; `start` if other code is on its line."""
    prefix = _ONLY_COMMENTS.match(text, floor, start)
    if prefix and prefix.end() == start:
        return floor
    end = text.rfind("\n", floor, start)
    if text[end + 1 : start].strip():
        return start
    while end >= 0:
        begin = max(text.rfind("\n", floor, end), floor - 1) + 1
        line = text[begin:end].strip()
        if line and not line.startswith("#"):
            return end + 1
        end = begin - 1 if begin > floor else -1
    return floor


def _marks(block: str, names: Collection[str]) -> Iterator[re.Match[str]]:
    """Yield the lines that open something; a bare `Deprecated`, indented in an entry, is that entry's text."""
    is_in_entry = False
    for mark in _MARK.finditer(block):
        loose = mark["bracketed"] or mark["listed"]
        is_text = is_in_entry and _INDENTED_WORD.match(mark[0]) and not _is_blank_before(block, mark.start())
        if not is_text and (loose is None or loose in names):
            is_in_entry = _name(mark) is not None
            yield mark


def _is_blank_before(block: str, start: int) -> bool:
    return not block[block.rfind("\n", 0, start) + 1 : start].strip("# \t\r")


def _name(mark: re.Match[str]) -> str | None:
    return mark["starred"] or mark["tagged"] or mark["bracketed"] or mark["listed"]


def _entries(block: str, marks: list[tuple[re.Match[str], int]], begin: int) -> Iterator[tuple[str, Entry]]:
    is_under_deprecated = False
    for mark, end in marks:
        name = _name(mark)
        if name:
            yield name, Entry(begin + mark.start(), is_under_deprecated, block[mark.end() : end])
        else:
            is_under_deprecated = mark["deprecated"] is not None and not _is_of_whole(mark)


def _is_of_whole(mark: re.Match[str]) -> bool:
    return (mark["what"] or "").lower() in _WHOLE


def _end_of_introduction(marks: list[re.Match[str]], end: int) -> int:
    """Return where the first heading of parameters, or the first entry, starts; a class's own title is neither."""
    return next((mark.start() for mark in marks if not _is_title(mark)), end)


def _is_title(mark: re.Match[str]) -> bool:
    if mark["deprecated"] is not None:
        return _is_of_whole(mark)
    heading = mark["heading"] or mark["word"]
    return heading is not None and not _OF_PARAMETERS.search(heading)
