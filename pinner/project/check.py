"""Nodes against a description of kinds: every problem of a file in one go, in the order of its text."""

import re

from pinner.project.kinds import Choice, Either, Kind, ListOf, MapOf, Number, Record, Switch, Word
from pinner.project.nodes import Mapping, Node, Refused, Scalar, Sequence
from pinner.project.quoting import near, quote
from pinner.project.rules import judge
from pinner.words.places import Place
from pinner.words.problems import Problem

_BARE_KEY = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_TRUTH = {"true", "false"}
_TRUTH_BY_HABIT = {
    "yes": "true",
    "on": "true",
    "true": "true",
    "no": "false",
    "off": "false",
    "false": "false",
}


def check(kind: Kind, node: Node, *, at: str = "") -> tuple[Problem, ...]:
    """Return what keeps the node from being of that kind; `at` is the dotted path of keys to it."""
    checker = _Checker()
    checker.check(kind, node, at)
    return tuple(sorted(checker.problems, key=position_of))


def check_exclusive(record: Record, node: Mapping, *, at: str) -> tuple[Problem, ...]:
    """Return a problem for the first pair of keys in the map of which the record allows only one."""
    given = record.exclusive_names.intersection(node.entries)
    for pair in record.exclusive if len(given) > 1 else ():
        if given.issuperset(pair):
            first, second = sorted((node.entries[key].key for key in pair), key=lambda key: key.place)
            message = f"{_prefix(at)}'{second.text}' does not go with '{first.text}'"
            hint = f"'{first.text}' stands at {_beside(first.place, second.place)}; delete one of them"
            return (Problem(message, second.place, hint),)
    return ()


def read_number(kind: Number, text: str) -> float | None:
    """Return the number that the text spells in decimal digits, or None where it is not of that kind."""
    form = r"[0-9]{1,9}" if kind.is_whole else r"[0-9]{1,9}(?:\.[0-9]{1,9})?"
    if not re.fullmatch(form, text, re.ASCII):
        return None
    number = float(text)
    return number if kind.minimum <= number <= kind.maximum else None


class _Checker:
    """Walks a node and its kind together; the nodes' depth is bounded, so the walk may recurse."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def check(self, kind: Kind, node: Node, at: str) -> None:
        match kind, node:
            case _, Refused():
                pass
            case _, Scalar() if node.is_null:
                self._tell(node, at, "has no value", f"write {kind.what}, or delete the key")
            case Word(), Scalar():
                self._check_word(kind, node, at)
            case ListOf(), Sequence():
                self._check_list(kind, node, at)
            case MapOf(), Mapping():
                self._check_map(kind, node, at)
            case Record(), Mapping():
                self._check_record(kind, node, at)
            case _:
                self._check_rare(kind, node, at)

    def _check_rare(self, kind: Kind, node: Node, at: str) -> None:
        match kind, node:
            case Either(), Scalar():
                self._check_choice(kind.first, node, at, kind.what)
            case Either(), _:
                self.check(kind.second, node, at)
            case (Choice() | Switch(), Scalar()):
                self._check_choice(kind, node, at, kind.what)
            case Number(), Scalar():
                if not node.is_plain or read_number(kind, node.text) is None:
                    self._tell_wrong(kind.what, node, at)
            case _:
                self._tell_wrong(kind.what, node, at)

    def _check_word(self, kind: Word, node: Scalar, at: str) -> None:
        if node.is_plain and node.text.lower() in _TRUTH:
            self._tell_wrong(kind.what, node, at, "put it into quotes if it is meant as a text")
        elif flaw := judge(kind.check, node.text):
            self._tell(node, at, flaw)

    def _check_choice(self, kind: Choice | Switch, node: Scalar, at: str, what: str) -> None:
        if isinstance(kind, Choice):
            if node.text not in kind.values:
                self._tell_wrong(what, node, at, near(node.text, kind.values))
            return
        words = ["true" if value else "false" for value in kind.values]
        if not node.is_plain or node.text not in words:
            meant = _TRUTH_BY_HABIT.get(node.text.lower())
            self._tell_wrong(what, node, at, f"write {meant}, without quotes" if meant in words else None)

    def _check_list(self, kind: ListOf, node: Sequence, at: str) -> None:
        seen: set[str] = set()
        for item in node.items:
            self.check(kind.item, item, at)
            if isinstance(item, Scalar):
                if item.text in seen:
                    self._tell(item, at, f"{quote(item.text)} stands twice in the list", "delete one of them")
                seen.add(item.text)

    def _check_map(self, kind: MapOf, node: Mapping, at: str) -> None:
        for text, entry in node.entries.items():
            if flaw := judge(kind.key.check, text):
                self._tell(entry.key, at, flaw)
            step = _step(at, text)
            if kind.hint_for_null and isinstance(entry.value, Scalar) and entry.value.is_null:
                self._tell(entry.value, step, "has no value", kind.hint_for_null.format(key=_step("", text)))
            else:
                self.check(kind.value, entry.value, step)

    def _check_record(self, kind: Record, node: Mapping, at: str) -> None:
        for text, entry in node.entries.items():
            if known := kind.field_by_name.get(text):
                self.check(known.kind, entry.value, _step(at, text))
            else:
                hint = near(text, kind.field_by_name) or f"known keys: {', '.join(kind.field_by_name)}"
                self._tell(entry.key, at, f"unknown key {quote(text)}", hint)
        self.problems += check_exclusive(kind, node, at=at)

    def _tell_wrong(self, what: str, node: Node, at: str, hint: str | None = None) -> None:
        self._tell(node, at, f"must be {what}, not {_describe(node)}", hint)

    def _tell(self, node: Node, at: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(f"{_prefix(at)}{message}", node.place, hint))


def _describe(node: Node) -> str:
    if isinstance(node, Scalar):
        return quote(node.text)
    return "a list" if isinstance(node, Sequence) else "a map"


def _step(at: str, key: str) -> str:
    shown = key if _BARE_KEY.fullmatch(key) else quote(key)
    return f"{at}.{shown}" if at else shown


def _prefix(at: str) -> str:
    return f"{at}: " if at else ""


def _beside(place: Place, other: Place) -> str:
    return f"line {place.line}, column {place.column}" if place.path == other.path else str(place)


def position_of(problem: Problem) -> tuple[int, int]:
    """Return what sorts the problems of one file by where they stand in it."""
    place = problem.place
    return (place.line or 0, place.column or 0) if place else (0, 0)
