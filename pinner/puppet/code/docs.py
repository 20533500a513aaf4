"""Read the comments above definitions, and the advice in deprecation texts.

Every form that the modules have used is read: `[*name*]`, `[name]`, `* name: text`, `@param name`. Blank
lines inside the block and licences above it are skipped.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain

_NAME = r"[`'\"$]*(?:::)?(?P<name>[a-z_]\w*(?:::\w+)*)"
_INSTEAD = re.compile(
    r"\b(?:use[sd]?|set|switch(?:ing)? to|moved? to|replaced (?:by|with)|in favou?r of|superseded by|deprecated for|"
    r"renamed to|migrate to|consider|via|with)\s+(?:the\s+|parameter\s+|class\s+|define\s+|option\s+|of\s+|new\s+)*+"
    + _NAME,
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
    match = _first(text, names)
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


def _first(text: str, names: Collection[str] | None) -> re.Match[str] | None:
    passive = _SHOULD_BE.finditer(text) if " be used instead" in text or " be set instead" in text else ()
    candidates = chain(passive, _INSTEAD.finditer(text))
    return next((match for match in candidates if _is_name(text, match, names)), None)


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


DEPRECATED_HEADING = re.compile(r"#[#=* ]*+deprecated(?: (\w++))?+[ \t:=#*\r]*+\Z", re.IGNORECASE)
"""A comment line that opens a section of deprecated parameters; its second word has a dozen misspellings."""

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
    return (mark["what"] or "").lower() in _WHOLE


def _is_title(mark: re.Match[str]) -> bool:
    if mark["deprecated"] is not None:
        return _is_of_whole(mark)
    heading = mark["heading"] or mark["word"]
    return heading is not None and not _OF_PARAMETERS.search(heading)
