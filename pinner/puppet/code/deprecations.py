"""Find deprecated parameters and definitions by evidence in docs, parameter lists and messages, and read its advice.

The rules are those that proved right when they were counted over every release of the OpenStack modules: a
heading, a text that starts with the word, a comment in the list, a warning that names the parameter. The word
elsewhere in a text is not evidence.

Every form of the comments above definitions that the modules have used is read: `[*name*]`, `[name]`,
`* name: text`, `@param name`. Blank lines inside the block and licences above it are skipped.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain, islice, pairwise

from pinner.model.errors import InputError
from pinner.model.module_api import Definition, Evidence, Mark
from pinner.puppet.code.headers import Header
from pinner.puppet.language.evaluate import Scope, decide
from pinner.puppet.language.nodes import Binary, Regex, Syntax, Text, Variable, walk
from pinner.puppet.language.parser import parse_expression
from pinner.puppet.lexer import Brace, Lines, Nesting
from pinner.puppet.ruby.regex import finds

_NAME = r"[`'\"$]*(?:::)?(?P<name>[a-z_]\w*+(?:::\w++)*)(?!::\w|\.\w)"
_INSTEAD = re.compile(
    r"\b(?:use[sd]?|set|switch(?:ing)? to|moved? to|replaced (?:by|with)|in favou?r of|superseded by|deprecated for|"
    r"renamed to|migrate to|consider|via|with)\s+(?:(?:the|parameter|class|define|option|of|new)\s+)*"
    r"(?!(?:the|parameter|class|define|option|of|new)\s)" + _NAME,
    re.IGNORECASE,
)
_SHOULD_BE = re.compile(
    _NAME + r"[`'\"]?\s+(?:parameter\s+)?(?:should|must|can) be (?:used|set) instead", re.IGNORECASE
)
_MORE = re.compile(r"[`'\"]?(?:\([\w/ ]*\))?(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+)(?:the\s+)?" + _NAME)
_OF_CLASS = re.compile(
    r"[`'\"]?(?:\s+(?:parameters?|options?))?\s+(?:of|on|in|from)\s+(?:the\s+)?(?:base\s+)?[`'\"]?(?:::)?"
    r"(?P<owner>[a-z]\w*(?:::\w+)*)[`'\"]?(?P<word>\s+class)?"
)
_SAME = re.compile(
    r"\bsame (?:parameter|option|name)\w*\s+(?:of|on|in|from)\s+(?:the\s+)?[`'\"]?(?:::)?(?P<owner>[a-z]\w*(?:::\w+)*)"
)
_WHEN = re.compile(
    r"\b(?:removed|dropped|deleted)\s+(?:completely\s+)?(?:from\s+[\w:-]+\s+)?(?:in|after|by|as of|during|with)\s+"
    r"(?P<when>(?:(?:an?|the|any)\s+)?[\w.-]*\w(?:\s+(?:release|releases|cycle|version|future|realse|later))*)",
    re.IGNORECASE,
)
_AFTERWORDS = re.compile(
    r"[`'\"]?\s+(?:parameter|class|option|define|defined|instead|resource)s?\b|[`'\"]?\s*(?:[.,;)]|$)"
)
_ADVISES = (
    "depr",
    "instead",
    "in favo",
    "replaced",
    "superseded",
    "renamed",
    "moved",
    "no longer",
    "dropped",
)
_GOES = ("removed", "dropped", "deleted")
_IS_CLASS = re.compile(r"[`'\"]?\s+(?:class|define)")
_NO_NAME = re.compile(
    r"an?|the|this|that|these|those|its?|them|they|to|of|in|on|by|for|with|from|and|or|not?|any|all|other|another|your|our"
    r"|same|new|old|instead|please|us(?:e|ing)|only|default|undef|true|false|values?|options?|parameters?|class(?:es)?"
    r"|defines?|names?|services?|hash|array|string|list|hiera|puppet|modules?|deprecated|release|future|longer|something"
    r"|ones?|both|either|as|is|are|be",
    re.IGNORECASE,
)


def replacement_of(text: str, name: str, owner: str, names: Collection[str] | None = None) -> str | None:
    """Return what `text` advises to use instead of `name`, None without advice; several names joined by ", ".

    `owner` is the definition that has the parameter `name`; its own prefix is removed from the result. A word
    without `::` counts only if it is one of the definition's parameters `names`, or if the text calls it a class.
    """
    lowered = text.lower()
    if not any(word in lowered for word in _ADVISES):
        return None
    same = _SAME.search(text) if "same " in text else None
    if same:
        return f"{same['owner']}::{name}"
    passive = _SHOULD_BE.finditer(text) if " be used instead" in text or " be set instead" in text else ()
    candidates = chain(passive, _INSTEAD.finditer(text))
    match = next((one for one in candidates if _is_name(text, one, names)), None)
    if match is None:
        return None
    if _IS_CLASS.match(text, match.end("name")):
        return match["name"]
    prefix = f"{owner}::"
    found = (
        one.removeprefix(prefix) if one.count("::") == prefix.count("::") else one
        for one in _all_names(text, match, names)
    )
    return ", ".join(dict.fromkeys(one for one in found if one != name)) or None


def removal_of(text: str) -> str | None:
    """Return the part of `text` that states when something will be removed."""
    lowered = text.lower()
    match = _WHEN.search(text) if any(word in lowered for word in _GOES) else None
    return match["when"] if match else None


def _is_name(text: str, match: re.Match[str], names: Collection[str] | None) -> bool:
    name = match["name"]
    if _NO_NAME.fullmatch(name) or not name.islower():
        return False
    owner = _OF_CLASS.match(text, match.end("name"))
    is_owned = owner is not None and ("::" in owner["owner"] or owner["word"] is not None)
    if names is not None and "::" not in name and not is_owned:
        return name in names or bool(_IS_CLASS.match(text, match.end("name")))
    return "_" in name or "::" in name or is_owned or bool(_AFTERWORDS.match(text, match.end("name")))


def _all_names(text: str, match: re.Match[str], known: Collection[str] | None) -> list[str]:
    owner = _OF_CLASS.match(text, match.end("name"))
    if owner and ("::" in owner["owner"] or owner["word"]):
        return [f"{owner['owner']}::{match['name']}"]
    names = [match["name"]]
    more = _MORE.match(text, match.end("name"))
    while more and _is_name(text, more, known):
        names.append(more["name"])
        more = _MORE.match(text, more.end("name"))
    return names


DEPRECATED_HEADING = re.compile(r"#[#=* ]*+deprecated(?: (\w++))?[ \t:=#*\r]*+\Z", re.IGNORECASE)
"""A comment line that opens a section of deprecated parameters; its second word has a dozen misspellings."""

_MARK = re.compile(
    r"""\n[ \t]*+\#(?:
        (?P<deprecated>[#=*\ ]*+deprecated(?:\ (?P<what>\w++))?[ \t:=#*\r]*+(?=\n|\Z))
      | [ \t]*+(?:
            \[[ \t]*+\*[ \t]*+(?P<starred>\w++)[ \t]*+\*[ \t]*+\]
          | @param[ \t]++(?:\[[^\]\n]*+\][ \t]*+)?\$?(?P<tagged>\w++)
          | \[[ \t]*+(?P<bracketed>\w++)[ \t]*+\]
          | \*[ \t]*+(?P<listed>\w++)[ \t]*+\*?+(?=[ \t]*+(?:[:\-\n]|\Z))
          | (?P<heading>(?:=++|\#++|\*\*)[ \t]*+\w[^\n]*+|@(?:example|author|api|see|since|note|return|summary)\b)
        )
      | [ \t]{0,2}(?P<word>parameters|examples?|dependencies|copyright|authors?|licen[sc]e|actions|requires|sample\ usage)
        :?[ \t\r]*+(?=\n|\Z)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY_COMMENTS = re.compile(r"(?:\s++|#[^\n]*+)*")
_INDENTED_WORD = re.compile(r"\n[ \t]*+#[ \t]{3,}+\w++[ \t\r]*+\Z")
_OF_PARAMETERS = re.compile(r"param|option|argument|variable", re.IGNORECASE)
_WHOLE_WORDS = frozenset({"class", "define", "type", "resource", "module"})


@dataclass(frozen=True, slots=True)
class DocEntry:
    """The unmodified text of one parameter, including `#`; `start` is the offset of its line in the file."""

    start: int
    is_under_deprecated: bool
    raw: str

    @property
    def text(self) -> str:
        """Return the whole text on one line."""
        return plain(self.raw.lstrip(" \t:-"))


@dataclass(slots=True)
class Doc:
    """A definition's comment: its text before any parameter, the offset of that text, and entries by name."""

    start: int = 0
    introduction: str = ""
    entries: dict[str, DocEntry] = field(default_factory=dict)


def plain(raw: str) -> str:
    """Return the text of comment lines on one line, without comment signs."""
    lines = (line.strip().lstrip("#=* ") for line in raw.splitlines())
    return " ".join(line for line in lines if line)


def read_doc(text: str, start: int, names: Collection[str], *, floor: int = 0) -> Doc:
    """Return the comment above the definition at `start`, with the entries of its parameters `names`.

    Text before `floor`, the offset of the previous definition's body, is not read.
    """
    begin = _start_of_block(text, start, floor)
    block = "\n" + text[begin:start]
    marks = list(_marks(block, names))
    ends = [*(mark.start() for mark in marks), len(block)][1:]
    doc = Doc(begin, block[1 : next((mark.start() for mark in marks if not _is_title(mark)), len(block))])
    is_under_deprecated = False
    for mark, end in zip(marks, ends, strict=True):
        if name := _name(mark):
            entry = DocEntry(begin + mark.start(), is_under_deprecated, block[mark.end() : end])
            doc.entries.setdefault(name, entry)
        else:
            is_under_deprecated = mark["deprecated"] is not None and not _is_of_whole(mark)
    return doc


def _start_of_block(text: str, start: int, floor: int) -> int:
    """Return where the comments and blank lines that end at `start` begin.

    Returns `start` if there is other code on its line.
    """
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
    """Yield the lines that open a section or entry.

    A lone `Deprecated`, indented inside an entry, belongs to the text of that entry.
    """
    is_in_entry = False
    for mark in _MARK.finditer(block):
        loose = mark["bracketed"] or mark["listed"]
        line_before = block[block.rfind("\n", 0, mark.start()) + 1 : mark.start()]
        is_text = is_in_entry and _INDENTED_WORD.match(mark[0]) and line_before.strip("# \t\r")
        if not is_text and (loose is None or loose in names):
            is_in_entry = _name(mark) is not None
            yield mark


def _name(mark: re.Match[str]) -> str | None:
    return mark["starred"] or mark["tagged"] or mark["bracketed"] or mark["listed"]


def _is_of_whole(mark: re.Match[str]) -> bool:
    return (mark["what"] or "").lower() in _WHOLE_WORDS


def _is_title(mark: re.Match[str]) -> bool:
    if mark["deprecated"] is not None:
        return _is_of_whole(mark)
    heading = mark["heading"] or mark["word"]
    return heading is not None and not _OF_PARAMETERS.search(heading)


_CALL = re.compile(
    r"(?<!\w)(?:warning|notice|fail|deprecation)\s*+\(?\s*+(?:['\"](?P<key>[\w:]++)['\"]\s*+,\s*+)?"
    r"(?(key)|(?!['\"][\w:]++['\"]\s*+,))(?P<text>'[^'\\]*+(?:\\.[^'\\]*+)*'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*\")",
    re.DOTALL,
)
_CALLS = ("warning", "notice", "fail", "deprecation")
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
            if match and any(
                word in match["text"][1 : _LONGEST_MESSAGE + 1].lower() for word in _OF_INTEREST
            ):
                # stdlib's deprecation() is given what it is about first.
                found[at] = f"{match['key']}: {match['text'][1:-1]}" if match["key"] else match["text"][1:-1]
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
    r"\W*(?:(?:\([^)]{1,60}\)|optional|required|note)[\s.:;,-]*)*\W*"
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


_RUBY_TEXT = (
    r"(?:(?P<quote>['\"])(?P<text>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)"
    r"|<<[-~]?['\"]?(?P<word>\w+)['\"]?[^\n]*\n(?P<doc>.*?)^[ \t]*(?P=word)\b)"
)
_RUBY_DOC = re.compile(
    rf"^[ \t]*(?:desc\b:?|@doc[ \t]*=)[ \t]*\(?\s*(?:%q\{{)?{_RUBY_TEXT}", re.MULTILINE | re.DOTALL
)
_RUBY_MESSAGE = re.compile(
    r"^(?P<before>[^\n]*\n[^\n#]*?)\b(?:warning|deprecation_warning|warn)[ \t]*\(?\s*"
    + _RUBY_TEXT
    + r"(?P<after>[^\n]*)",
    re.MULTILINE | re.DOTALL,
)
_IS_SET = r"\b(?:if|unless)\s+!?\(?(?:self|@parameters)\[:{0}\](?:\.nil\?)?\)?\s*(?:then\b)?\s*$"


def read_type_marks(source: Lines, types: Sequence[Definition]) -> list[Marks]:
    """Return the marks of each native type of a Ruby file, in the same order.

    Counted are a description that says so, and a warning that is logged whenever the attribute has a value.
    """
    marks = [Marks(frozenset(one.name for one in type_.parameters)) for type_ in types]
    lines = source.text.splitlines(keepends=True) if "deprecat" in source.text.lower() else []
    starts = [0, *accumulate(map(len, lines))]
    for index, (type_, found) in enumerate(zip(types, marks, strict=True) if lines else ()):
        last = types[index + 1].line - 1 if index + 1 < len(types) else len(lines)
        spans = [(None, type_.line), *((one, one.line) for one in type_.parameters), (None, last + 1)]
        for (one, first), (_, end) in pairwise(spans):
            doc = _RUBY_DOC.search(source.text, starts[first - 1], starts[end - 1])
            raw = (doc["text"] or doc["doc"] or "") if doc else ""
            subject = _STARTS.match(plain(raw))
            is_own = subject is not None and subject["subject"] in {
                *(None, "parameter", "option", "property", "type"),
                one.name if one else type_.name,
            }
            if doc and (is_own or _CAPITALS.search(raw)):
                is_whole = one is None or (one.rule is not None and one.rule.is_namevar)
                name = None if is_whole or one is None else one.name
                found.add(
                    name,
                    _evidence(source, Mark.TEXT, doc.start("text" if doc["text"] else "doc"), plain(raw)),
                )
        for message in _RUBY_MESSAGE.finditer(source.text, starts[type_.line - 1], starts[last]):
            text = plain(message["text"] or message["doc"] or "")
            word = _DEPRECATION_WORD.search(text)
            for name in found.names & set(_SUBJECTS.findall(text[: word.start()] if word else "")):
                test = re.compile(_IS_SET.format(re.escape(name)), re.MULTILINE)
                if test.search(message["before"]) or test.search(message["after"]):
                    found.add(name, _evidence(source, Mark.WARNING, message.start("text"), text))
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
    return False in decided or (None in decided and bool(others)) or _excepts_values(test, name)


def _excepts_values(test: Syntax, name: str) -> bool:
    """Return whether a condition is false for several texts, or for those of a pattern, such as `$x !~ /^https:/`.

    One text can be the default, and a pattern that matches an empty text or any text asks whether there is a value.
    """
    compared = [one for one in walk(test) if isinstance(one, Binary) and one.left == Variable(0, name)]
    patterns = [one.right.source for one in compared if isinstance(one.right, Regex)]
    if any(finds(pattern, "") is False is finds(pattern, "some text") for pattern in patterns):
        return True
    texts = {
        one.value for each in compared for one in walk(each.right) if isinstance(one, Text) and one.value
    }
    decided = [decide(test, Scope(_FACTS, variables={name: text})) for text in texts]
    return decided.count(False) > 1


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
