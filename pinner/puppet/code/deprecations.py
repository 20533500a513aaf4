"""Find deprecated parameters and definitions by evidence in docs, parameter lists and messages.

The rules are those that proved right when they were counted over every release of the OpenStack modules: a
heading, a text that starts with the word, a comment in the list, a warning that names the parameter. The word
elsewhere in a text is not evidence.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from pinner.model.errors import InputError
from pinner.model.module_api import Evidence, Mark
from pinner.puppet.code.docs import DEPRECATED_HEADING, Doc, DocEntry, plain, read_doc
from pinner.puppet.code.headers import Header
from pinner.puppet.language.evaluate import Scope, decide
from pinner.puppet.language.parser import parse_expression
from pinner.puppet.lexer import Brace, Lines, Nesting

_CALL = re.compile(
    r"(?<!\w)(?:warning|notice|fail)\s*+\(?\s*+('[^'\\]*+(?:\\.[^'\\]*+)*+'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\")",
    re.DOTALL,
)
_CALLS = ("warning", "notice", "fail")
_OF_INTEREST = ("depre", "deperec", "dperec", "no effect", "no longer", "removed", "does nothing")
_LINE_BREAK = re.compile(r"\s*\\?\s*\n\s*|\s{2,}")
_NOISE = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*")
_CONDITION = re.compile(r"\b(?:if|elsif|unless|case)\b")
_WHOLE_CONDITION = re.compile(
    r"(?:\A|[\s{}])(?P<word>if|unless)\s*(?P<test>(?:'[^'\n]*'|\"[^\"\n]*\"|[^'\"{}#;])+)\Z"
)
_VARIABLE = re.compile(r"\$(?:::)?(\w+(?:::\w+)*)")
_LOOP = re.compile(
    r"(?:\[(?P<words>[^\[\]]*)\]|\$(?P<list>\w+))\s*\)?\s*(?:\.\s*each)?\s*\|[^|]*?\$(?P<variable>\w+)\s*\|\s*\Z"
)
_LIST = re.compile(r"\$(\w+)\s*=\s*\[([^\[\]]*)\]")
_NAME_WORD = re.compile(r"[\w:-]{1,200}")
_MOST_VARIANTS = 100
_LONGEST_MESSAGE = 1000
_BEFORE_BRACE = 4000


@dataclass(frozen=True, slots=True)
class CodeMessage:
    """A call in the body of `header`; `tested` holds the variables that each `if` around it tests.

    `tested` is ordered from the inside outwards; `loops` maps a lambda's variable to the words it iterates
    over. `is_unconditional` is True if the call is directly in the body. `condition` is the expression that
    the conditions around it make, "" if a block around it is of another kind.
    """

    header: Header
    start: int
    text: str
    tested: tuple[tuple[str, ...], ...] = ()
    loops: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_unconditional: bool = False
    condition: str = ""

    @property
    def variants(self) -> tuple[str, ...]:
        """Return the text once for each word that a loop around the call inserts."""
        texts: tuple[str, ...] = (self.text,)
        for variable, words in self.loops.items():
            pattern = re.compile(rf"\$\{{{variable}\}}|\${variable}\b")
            if pattern.search(self.text):
                texts = tuple(
                    islice((pattern.sub(word, text) for text in texts for word in words), _MOST_VARIANTS)
                )
        return texts


def read_messages(text: str, headers: Sequence[Header]) -> list[CodeMessage]:
    """Return the messages in the bodies of `headers` that may deprecate something, in order.

    If a body cannot be read to its end, the messages before that position are returned.
    """
    calls = _calls(text, headers[0].body) if headers else {}
    if not calls:
        return []
    nesting = Nesting(text, headers[0].body - 1)
    with suppress(InputError):  # the messages found so far are valid: the headers have already been read
        nesting.around(tuple(calls))
    finder = _Finder(text, headers)
    found = (finder.message(start, calls[start], braces) for start, braces in nesting.found.items())
    return [message for message in found if message]


def _calls(text: str, start: int) -> dict[int, str]:
    """Return the texts of all calls that contain a word of interest, by offset; some may be in comments."""
    found: dict[int, str] = {}
    for function in _CALLS:
        at = text.find(function, start)
        while at >= 0:
            match = _CALL.match(text, at)
            if match and any(word in match[1][1 : _LONGEST_MESSAGE + 1].lower() for word in _OF_INTEREST):
                found[at] = match[1][1:-1]
            at = text.find(function, at + 1)
    return dict(sorted(found.items()))


class _Finder:
    """Creates messages; the text before each brace is examined once."""

    def __init__(self, text: str, headers: Sequence[Header]) -> None:
        self.text = text
        self.header_by_brace = {header.body - 1: header for header in headers}
        self.tested: dict[Brace, tuple[str, ...]] = {}
        self.conditions: dict[Brace, str] = {}
        self.loops: dict[Brace, tuple[str, tuple[str, ...]] | None] = {}

    def message(self, start: int, text: str, braces: tuple[Brace, ...]) -> CodeMessage | None:
        """Return the call at `start` as a message, None if it is outside of all definitions."""
        headers = [
            self.header_by_brace[brace.start] for brace in braces if brace.start in self.header_by_brace
        ]
        if not headers:
            return None
        for brace in braces:
            self._look_at(brace)
        tested = tuple(names for names in (self.tested[brace] for brace in braces[::-1]) if names)
        loops = dict(loop for loop in (self.loops[brace] for brace in braces) if loop)
        shown = _LINE_BREAK.sub(" ", text[:_LONGEST_MESSAGE])
        is_unconditional = braces[-1].start in self.header_by_brace
        depth = next(n for n, brace in enumerate(braces) if brace.start == headers[-1].body - 1)
        tests = [self.conditions[brace] for brace in braces[depth + 1 :]]
        condition = " and ".join(f"({test})" for test in tests) if all(tests) else ""
        return CodeMessage(headers[-1], start, shown, tested, loops, is_unconditional, condition)

    def _look_at(self, brace: Brace) -> None:
        if brace in self.tested:
            return
        before = self.text[max(brace.before, brace.start - _BEFORE_BRACE) : brace.start]
        loop = _LOOP.search(before)
        self.loops[brace] = None
        if loop:  # over a literal list, or over the list assigned to its variable
            words = loop["words"] if loop["list"] is None else self.lists.get(loop["list"], "")
            found = (match[0] for match in islice(_NAME_WORD.finditer(words), _MOST_VARIANTS))
            self.loops[brace] = (loop["variable"], tuple(found))
        quiet = _NOISE.sub("", before)
        conditions = [match.end() for match in _CONDITION.finditer(quiet)]
        whole = _WHOLE_CONDITION.search(before)
        self.conditions[brace] = ""
        if whole and not loop:
            test = whole["test"].strip()
            self.conditions[brace] = f"!({test})" if whole["word"] == "unless" else test
        self.tested[brace] = tuple(_VARIABLE.findall(quiet[conditions[-1] :])) if conditions else ()

    @cached_property
    def lists(self) -> Mapping[str, str]:
        """Return the words of each list that is assigned to a variable."""
        return dict(_LIST.findall(self.text))


_LONGEST_EVIDENCE = 400
_DEPRECATION_WORD = re.compile(r"depre(?:c|at|rec)\w*|dep?erec\w*|dperec\w*", re.IGNORECASE)
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
_PACKAGES = "package management"
_THIS = re.compile(
    r"\b(?:this|the)\s+(?:class|define|defined type|defined resource type|resource)\b", re.IGNORECASE
)
_LIST_COMMENT = re.compile(r"#[#=*\s]*deprecated\b", re.IGNORECASE)
_SUBJECTS = re.compile(r"[\w:]+")


@dataclass(slots=True)
class Marks:
    """The evidence on a definition as a whole and, by name, on its parameters `names`; each mark once."""

    names: frozenset[str]
    whole: list[Evidence] = field(default_factory=list)
    of: dict[str, list[Evidence]] = field(default_factory=dict)

    def add(self, name: str | None, evidence: Evidence) -> None:
        """Add evidence on the parameter `name`; None means the whole definition."""
        marks = self.whole if name is None else self.of.setdefault(name, [])
        if all(one.mark is not evidence.mark for one in marks):
            marks.append(evidence)


def read_marks(source: Lines, headers: Sequence[Header]) -> list[Marks]:
    """Return the marks of each header of `source`, in the same order."""
    marks = [Marks(frozenset(parameter.name for parameter in header.parameters)) for header in headers]
    if "deprecat" in source.text.lower():
        floors = [0, *(header.body for header in headers)]
        for header, found, floor in zip(headers, marks, floors, strict=False):
            doc = read_doc(source.text, header.start, found.names, floor=floor)
            _mark_by_introduction(source, doc, found)
            for name in found.names & doc.entries.keys():
                entry = doc.entries[name]
                if entry.is_under_deprecated:
                    found.add(name, _evidence(source, Mark.HEADING, entry.start, entry.text))
                if _is_deprecation(entry, name):
                    found.add(name, _evidence(source, Mark.TEXT, entry.start, entry.text))
            _mark_by_comments(source, header, found)
    by_start = {header.start: found for header, found in zip(headers, marks, strict=True)}
    for message in read_messages(source.text, headers):
        _mark_by_message(source, message, by_start[message.header.start])
    return marks


def _evidence(source: Lines, mark: Mark, start: int, text: str) -> Evidence:
    return Evidence(mark, source.at(start), text[:_LONGEST_EVIDENCE])


def _is_deprecation(entry: DocEntry, name: str) -> bool:
    if "eprecated" not in entry.raw and "EPRECATED" not in entry.raw:
        return False
    starts = _STARTS.match(entry.text[:_LONGEST_EVIDENCE])
    is_own = starts is not None and starts["subject"] in {None, "parameter", "option", name}
    return is_own or bool(_CAPITALS.search(entry.raw))


def _mark_by_introduction(source: Lines, doc: Doc, marks: Marks) -> None:
    if "eprecated" not in doc.introduction and "EPRECATED" not in doc.introduction:
        return
    start = doc.start
    for line in doc.introduction.splitlines(keepends=True):
        if _WHOLE.match(line.lstrip("#=* \t")):
            advice = plain(doc.introduction[start - doc.start :])
            marks.add(None, _evidence(source, Mark.TEXT, start, advice))
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
    """Return the span that a comment applies to.

    A heading applies to all that follows; another comment to the next line, or to the code before it on its
    line.
    """
    line = text.rfind("\n", header.start, start) + 1
    if text[line:start].strip():
        return line, start
    if DEPRECATED_HEADING.match(text[start:end].rstrip()):
        return end, header.body
    return end, text.find("\n", end + 1)


def _mark_by_message(source: Lines, message: CodeMessage, marks: Marks) -> None:
    word = _DEPRECATION_WORD.search(message.text)
    if word is None and not _NO_EFFECT.search(message.text):
        return
    before = message.text[: word.start()] if word else message.text
    named = _named(message, len(message.text) - len(before), marks.names)
    if word and not named and (_names_whole(before, message.header) or _is_about_all(message, before)):
        marks.add(None, _evidence(source, Mark.WARNING, message.start, message.text))
        return
    mark = Mark.NO_EFFECT if not word else Mark.VALUE if _VALUE.search(before) else Mark.WARNING
    for name, variant in named.items():
        evidence = _evidence(source, mark, message.start, variant)
        if mark in {Mark.WARNING, Mark.VALUE} and message.condition and not message.loops:
            is_of_value = mark is Mark.VALUE or is_about_value(message.condition, name, named)
            evidence = replace(
                evidence, mark=Mark.VALUE if is_of_value else mark, condition=message.condition
            )
        marks.add(name, evidence)
    if word and not named:
        tests = (tuple(name for name in tested if name in marks.names) for tested in message.tested)
        for name in next((test for test in tests if test), ()):
            marks.add(name, _evidence(source, Mark.CONDITION, message.start, message.text))


def _named(message: CodeMessage, tail: int, names: Collection[str]) -> dict[str, str]:
    """Return the parameters named before the last `tail` characters, each with the variant that names it."""
    named: dict[str, str] = {}
    for variant in message.variants:
        words = _SUBJECTS.findall(variant[: len(variant) - tail])
        for name in (word.rstrip(":").rsplit("::", 1)[-1] for word in words):
            if name in names:
                named.setdefault(name, variant)
    return named


_SAMPLES = ("some text", 5, ("some text",), {"some": "text"}, True)
_FACTS = {"os_service_default": "<SERVICE DEFAULT>"}


def is_about_value(condition: str, name: str, named: Collection[str]) -> bool:
    """Return whether a condition is more than a test that `name`, and others that the message names, are set."""
    try:
        test = parse_expression(condition)
    except InputError:
        return False
    others = {one.rpartition("::")[2] for one in _VARIABLE.findall(condition)} - {*named, *_FACTS}
    others -= {"facts"} if "os_service_default" in condition else set()
    decided = [decide(test, Scope(_FACTS, variables={name: sample})) for sample in _SAMPLES]
    return False in decided or (None in decided and bool(others))


def _is_about_all(message: CodeMessage, before: str) -> bool:
    """Return whether a message that is always logged names no code: it is about all of the definition.

    A module's main class logs messages about features that it does not contain.
    """
    is_part = "::" in message.header.name and message.is_unconditional
    is_about_part = _VALUE.search(before) or _PACKAGES in before.lower()
    return is_part and "::" not in before and not is_about_part


def _names_whole(before: str, header: Header) -> bool:
    own = rf"(?<![\w:])(?<!\bin )(?<!\bin ::)(?:::)?{re.escape(header.name)}(?!\w|:+\w)" + (
        "" if "::" in header.name else r"\s+class"
    )
    return bool(re.search(own, before) or _THIS.search(before))
