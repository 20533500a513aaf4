"""What the code itself says when it runs: warning(), notice() and fail() about deprecated or useless parameters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from pinner.puppet.code.headers import Header
from pinner.puppet.code.nesting import Brace, Nesting
from pinner.words.problems import InputError

_CALL = re.compile(
    r"(?<!\w)(?:warning|notice|fail)\s*+\(?\s*+('[^'\\]*+(?:\\.[^'\\]*+)*+'|\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\")",
    re.DOTALL,
)
_CALLS = ("warning", "notice", "fail")
_OF_INTEREST = ("depre", "deperec", "dperec", "no effect", "no longer", "removed", "does nothing")
_LINE_BREAK = re.compile(r"\s*\\?\s*\n\s*|\s{2,}")
_NOISE = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|#[^\n]*")
_CONDITION = re.compile(r"\b(?:if|elsif|unless|case)\b")
_VARIABLE = re.compile(r"\$(?:::)?(\w+(?:::\w+)*)")
_LOOP = re.compile(
    r"(?:\[(?P<words>[^\[\]]*)\]|\$(?P<list>\w+))\s*\)?\s*(?:\.\s*each)?\s*\|[^|]*?\$(?P<variable>\w+)\s*\|\s*\Z"
)
_LIST = re.compile(r"\$(\w+)\s*=\s*\[([^\[\]]*)\]")
_WORD = re.compile(r"[\w:-]{1,200}")
_MOST_VARIANTS = 100
_LONGEST = 1000
_BEFORE_BRACE = 4000


@dataclass(frozen=True, slots=True)
class Message:
    """One call: `header` is the definition it stands in, `tested` the variables that each `if` around it tests.

    `tested` goes from the inside outwards; `loops` maps a lambda's variable to the words it runs over.
    """

    header: Header
    start: int
    text: str
    tested: tuple[tuple[str, ...], ...] = ()
    loops: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def variants(self) -> tuple[str, ...]:
        """Return the text once for each word that a loop around it puts in."""
        texts: tuple[str, ...] = (self.text,)
        for variable, words in self.loops.items():
            pattern = re.compile(rf"\$\{{{variable}\}}|\${variable}\b")
            if pattern.search(self.text):
                texts = tuple(
                    islice((pattern.sub(word, text) for text in texts for word in words), _MOST_VARIANTS)
                )
        return texts


def read_messages(text: str, headers: Sequence[Header]) -> list[Message]:
    """Return the messages in the bodies of `headers` that may deprecate something, in order.

    Where a body cannot be read to its end, what stands before that place.
    """
    calls = _calls(text, headers[0].body) if headers else {}
    if not calls:
        return []
    nesting = Nesting(text, headers[0].body - 1)
    with suppress(InputError):  # what was found up to there counts; the headers themselves are read already
        nesting.around(tuple(calls))
    finder = _Finder(text, headers)
    found = (finder.message(start, calls[start], braces) for start, braces in nesting.found.items())
    return [message for message in found if message]


def _calls(text: str, start: int) -> dict[int, str]:
    """Return the texts of all calls that say a word of interest, by offset; some may stand in comments."""
    found = sorted(call for word in _CALLS for call in _calls_of(word, text, start))
    return {at: said for at, said in found if _is_of_interest(said)}


def _calls_of(word: str, text: str, start: int) -> Iterator[tuple[int, str]]:
    at = text.find(word, start)
    while at >= 0:
        match = _CALL.match(text, at)
        if match:
            yield at, match[1][1:-1]
        at = text.find(word, at + 1)


def _is_of_interest(said: str) -> bool:
    lowered = said[:_LONGEST].lower()
    return any(word in lowered for word in _OF_INTEREST)


class _Finder:
    """Makes messages; what a brace belongs to is looked at once."""

    def __init__(self, text: str, headers: Sequence[Header]) -> None:
        self.text = text
        self.header_by_brace = {header.body - 1: header for header in headers}
        self.tested: dict[Brace, tuple[str, ...]] = {}
        self.loops: dict[Brace, tuple[str, tuple[str, ...]] | None] = {}

    def message(self, start: int, said: str, braces: tuple[Brace, ...]) -> Message | None:
        """Return the call at `start` as a message, None if it stands in no definition."""
        headers = [
            self.header_by_brace[brace.start] for brace in braces if brace.start in self.header_by_brace
        ]
        if not headers:
            return None
        for brace in braces:
            self._look_at(brace)
        tested = tuple(names for names in (self.tested[brace] for brace in braces[::-1]) if names)
        loops = dict(loop for loop in (self.loops[brace] for brace in braces) if loop)
        return Message(headers[-1], start, _LINE_BREAK.sub(" ", said[:_LONGEST]), tested, loops)

    def _look_at(self, brace: Brace) -> None:
        if brace in self.tested:
            return
        before = self.text[max(brace.before, brace.start - _BEFORE_BRACE) : brace.start]
        loop = _LOOP.search(before)
        self.loops[brace] = (loop["variable"], self._words(loop)) if loop else None
        quiet = _NOISE.sub("", before)
        conditions = [match.end() for match in _CONDITION.finditer(quiet)]
        self.tested[brace] = tuple(_VARIABLE.findall(quiet[conditions[-1] :])) if conditions else ()

    def _words(self, loop: re.Match[str]) -> tuple[str, ...]:
        """Return what a loop runs over: the list itself, or the one that its variable is set to."""
        words = loop["words"] if loop["list"] is None else self.lists.get(loop["list"], "")
        return tuple(match[0] for match in islice(_WORD.finditer(words), _MOST_VARIANTS))

    @cached_property
    def lists(self) -> Mapping[str, str]:
        """Return the words of every list that a variable is set to."""
        return dict(_LIST.findall(self.text))
