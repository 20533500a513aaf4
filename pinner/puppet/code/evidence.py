"""Which parameters and definitions the code marks as deprecated, gathered from docs, lists and messages.

The rules are those that proved right when they were counted over every release of the OpenStack modules: a heading, a
text that starts with the word, a comment in the list, a warning that names the parameter. The word elsewhere in a text
is no evidence.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from pinner.puppet.code.docs import DEPRECATED_HEADING, Doc, Entry, plain, read_doc
from pinner.puppet.code.headers import Header
from pinner.puppet.code.lines import Lines
from pinner.puppet.code.messages import Message, read_messages
from pinner.words.api import Evidence, Mark

_LONGEST = 400
_WORD = re.compile(r"depre(?:c|at|rec)\w*|dep?erec\w*|dperec\w*", re.IGNORECASE)
_NO_EFFECT = re.compile(r"no effect|no longer|removed|does nothing", re.IGNORECASE)
_VALUE = re.compile(
    r"\b(?:usage|us(?:e|ing)|passing|setting)\s+(?:of\s+)?(?:(?:an?|the)\s+)?"
    r"(?:undef|true|false|default|string|list|empty|quoted|\$\S+|\S+\s+value)\b|\bthe value \S+ for\b|\bquoted value\b",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"\W*(?:(?:\([^)]{1,60}\)|optional|required)[\s.:;,-]*)*\W*"
    r"(?:this\s+(?:\w+\s+){0,2}?(?:is|was|has been)\s+(?:now\s+)?|the\s+(?P<subject>\w+)\s+(?:\w+\s+)?(?:is|was|has been)\s+(?:now\s+)?)?"
    r"deprecated\b",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"\bDEPRECATED\b")
_WHOLE = re.compile(
    r"\s*(?:DEPRECATED|Deprecated)\b|.*\bDEPRECATED\b|.*\b(?:[Tt]his|[Tt]he)\s+(?:[\w:]+\s+)?"
    r"(?:class|define|defined type|resource|module|manifest)\s+(?:is|was|has been|will be)\s+(?:now\s+)?deprecated"
)
_THIS = re.compile(
    r"\b(?:this|the)\s+(?:class|define|defined type|defined resource type|resource)\b", re.IGNORECASE
)
_LIST_COMMENT = re.compile(r"#[#=*\s]*deprecated\b", re.IGNORECASE)
_SUBJECTS = re.compile(r"[\w:]+")


@dataclass(slots=True)
class Marks:
    """The evidence on one definition as a whole, and on its parameters `names` by name; each mark once."""

    names: frozenset[str]
    whole: list[Evidence] = field(default_factory=list)
    of: dict[str, list[Evidence]] = field(default_factory=dict)

    def add(self, name: str | None, evidence: Evidence) -> None:
        """Add evidence on the parameter `name`, or on the whole for None."""
        marks = self.whole if name is None else self.of.setdefault(name, [])
        if all(one.mark is not evidence.mark for one in marks):
            marks.append(evidence)


def read_marks(source: Lines, headers: Sequence[Header]) -> list[Marks]:
    """Return the marks of each header of `source`, in the same order."""
    marks = [Marks(frozenset(parameter.name for parameter in header.parameters)) for header in headers]
    if "deprecat" in source.text.lower():
        floors = [0, *(header.body for header in headers)]
        for header, found, floor in zip(headers, marks, floors, strict=False):
            _mark_by_doc(source, header, found, floor)
            _mark_by_comments(source, header, found)
    by_start = {header.start: found for header, found in zip(headers, marks, strict=True)}
    for message in read_messages(source.text, headers):
        _mark_by_message(source, message, by_start[message.header.start])
    return marks


def _evidence(source: Lines, mark: Mark, start: int, says: str) -> Evidence:
    return Evidence(mark, source.at(start), says[:_LONGEST])


def _mark_by_doc(source: Lines, header: Header, marks: Marks, floor: int) -> None:
    doc = read_doc(source.text, header.start, marks.names, floor=floor)
    _mark_by_introduction(source, doc, marks)
    for name in marks.names & doc.entries.keys():
        entry = doc.entries[name]
        if entry.is_under_deprecated:
            marks.add(name, _evidence(source, Mark.HEADING, entry.start, entry.text))
        if _says_deprecated(entry, name):
            marks.add(name, _evidence(source, Mark.TEXT, entry.start, entry.text))


def _says_deprecated(entry: Entry, name: str) -> bool:
    if "eprecated" not in entry.raw and "EPRECATED" not in entry.raw:
        return False
    starts = _STARTS.match(entry.text[:_LONGEST])
    is_own = starts is not None and starts["subject"] in {None, "parameter", "option", name}
    return is_own or bool(_CAPITALS.search(entry.raw))


def _mark_by_introduction(source: Lines, doc: Doc, marks: Marks) -> None:
    if "eprecated" not in doc.introduction and "EPRECATED" not in doc.introduction:
        return
    start = doc.start
    for line in doc.introduction.splitlines(keepends=True):
        if _WHOLE.match(line.lstrip("#=* \t")):
            said = plain(doc.introduction[start - doc.start :])
            marks.add(None, _evidence(source, Mark.TEXT, start, said))
            return
        start += len(line)


def _mark_by_comments(source: Lines, header: Header, marks: Marks) -> None:
    starts = [parameter.start for parameter in header.parameters]
    for start, end in header.comments:
        comment = source.text[start:end].rstrip()
        if _LIST_COMMENT.match(comment):
            first, last = _meant(source.text, header, start, end)
            for parameter in header.parameters[bisect_left(starts, first) : bisect_left(starts, last)]:
                marks.add(parameter.name, _evidence(source, Mark.COMMENT, start, comment.strip("# ")))
            if last == header.body:
                return


def _meant(text: str, header: Header, start: int, end: int) -> tuple[int, int]:
    """Return the stretch that a comment is about: all after a heading, the next line, or what stands before it."""
    line = text.rfind("\n", header.start, start) + 1
    if text[line:start].strip():
        return line, start
    if DEPRECATED_HEADING.match(text[start:end].rstrip()):
        return end, header.body
    return end, text.find("\n", end + 1)


def _mark_by_message(source: Lines, message: Message, marks: Marks) -> None:
    word = _WORD.search(message.text)
    if word is None and not _NO_EFFECT.search(message.text):
        return
    before = message.text[: word.start()] if word else message.text
    named = _named(message, len(message.text) - len(before), marks.names)
    if word and not named and _names_whole(before, message.header):
        marks.add(None, _evidence(source, Mark.WARNING, message.start, message.text))
        return
    mark = _mark_of(before, is_deprecation=word is not None)
    for name, variant in named.items():
        marks.add(name, _evidence(source, mark, message.start, variant))
    for name in _tested(message, marks.names) if word and not named else ():
        marks.add(name, _evidence(source, Mark.CONDITION, message.start, message.text))


def _mark_of(before: str, *, is_deprecation: bool) -> Mark:
    if not is_deprecation:
        return Mark.NO_EFFECT
    return Mark.VALUE if _VALUE.search(before) else Mark.WARNING


def _named(message: Message, tail: int, names: Collection[str]) -> dict[str, str]:
    """Return the parameters that the message names before its last `tail` characters, each with the text that does."""
    named: dict[str, str] = {}
    for variant in message.variants:
        words = _SUBJECTS.findall(variant[: len(variant) - tail])
        for name in (word.rstrip(":").rsplit("::", 1)[-1] for word in words):
            if name in names:
                named.setdefault(name, variant)
    return named


def _names_whole(before: str, header: Header) -> bool:
    own = rf"(?<![\w:])(?<!\bin )(?<!\bin ::)(?:::)?{re.escape(header.name)}(?!\w|:+\w)" + (
        "" if "::" in header.name else r"\s+class"
    )
    return bool(re.search(own, before) or _THIS.search(before))


def _tested(message: Message, names: Collection[str]) -> tuple[str, ...]:
    tests = (tuple(name for name in frame if name in names) for frame in message.tested)
    return next((test for test in tests if test), ())
