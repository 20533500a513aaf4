"""The events of a YAML or JSON reader -> a value of hiera data: a stack of its own, and a bound on what aliases multiply."""

from dataclasses import dataclass, field

from pinner.project.data_hashes import entries_of
from pinner.project.quoting import quote
from pinner.puppet.hiera.scalars import Odd, resolve
from pinner.words.data import Array, Closed, Closure, Hash, Literal, Plain, Value
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

DEEPEST = 60
"""Levels of nesting that are read."""

_DEEPEST_AT_ALL = 1000
"""Levels at which reading is given up: libyaml's time grows with their square."""

MOST_REPEATED = 500_000
"""Values that all aliases of one file may stand for, taken together."""

_TOO_DEEP = f"what is nested more than {DEEPEST} levels deep is not read"
_TOO_MANY = (
    f"the aliases of this file stand for more than {MOST_REPEATED} values: from here on they are not read"
)


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet; the items of a hash are its keys and values in turn."""

    line: int
    is_hash: bool
    anchor: str | None
    items: list[Value] = field(default_factory=list)
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor stands for: how many values it holds, and how deep they are nested."""

    value: Value
    size: int
    depth: int


class DataBuilder:
    """Takes events in order. `root` is what was built, `refusal` the first thing for which Puppet refuses the file.

    With `is_raw`, a scalar is the text that stands there, whatever Hiera would make of it.
    """

    def __init__(self, path: str, *, is_raw: bool = False) -> None:
        self.path = path
        self._is_raw = is_raw
        self.root: Value | None = None
        self.refusal: Problem | None = None
        self._flaws: dict[str, Problem] = {}
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._repeated = 0

    @property
    def flaws(self) -> tuple[Problem, ...]:
        """Return what was told on the way, each thing once."""
        return tuple(self._flaws.values())

    def plain(self, text: str, line: int, *, anchor: str | None = None) -> None:
        """Take a scalar without quotes."""
        found = text if self._is_raw else resolve(text)
        if self._is_at_key and text.startswith(":") and found in {text, Odd.SYMBOL}:
            self._add(Literal(text[1:].strip("'\""), line), anchor=anchor)
        elif isinstance(found, Odd):
            if found is Odd.REFUSED:
                message = f"Puppet refuses a file with {quote(text)} in it: it takes that for a date or half a number"
                self.refuse(message, line, "put it into quotes")
            self.foreign(line, anchor=anchor)
        else:
            self.literal(found, line, anchor=anchor)

    def literal(self, value: Plain, line: int, *, anchor: str | None = None) -> None:
        """Take a value as it is; a string that Hiera will change is closed."""
        is_worked_on = isinstance(value, str) and not self._is_raw
        self._add(_of_string(str(value), line) if is_worked_on else Literal(value, line), anchor=anchor)

    def foreign(self, line: int, *, anchor: str | None = None) -> None:
        """Take a value that only Puppet understands."""
        self._add(Closed(Closure.FOREIGN, line), anchor=anchor)

    def open(self, line: int, *, is_hash: bool, anchor: str | None = None) -> None:
        """Begin a hash or an array; raises InputError where so many are open that reading on would take for ever."""
        if len(self._stack) == _DEEPEST_AT_ALL:
            message = f"values are nested more than {_DEEPEST_AT_ALL} levels deep"
            raise InputError(Problem(message, Place(self.path, line)))
        if anchor:
            self._anchors[anchor] = None
        self._stack.append(_Open(line, is_hash, anchor))

    def close(self) -> None:
        """End the hash or array that was begun last."""
        done = self._stack.pop()
        if done.depth > DEEPEST:
            self.tell(_TOO_DEEP, done.line)
            self._add(Closed(Closure.TOO_BIG, done.line), anchor=done.anchor)
        elif done.is_hash:
            self._add(self._hash(done), done.size, done.depth, anchor=done.anchor)
        else:
            self._add(Array(tuple(done.items), done.line), done.size, done.depth, anchor=done.anchor)

    def alias(self, name: str, line: int) -> None:
        """Take what an anchor stands for."""
        anchored = self._anchors.get(name)
        if anchored is None:
            self.tell(f"the alias {quote(f'*{name}')} stands inside what it means: it is not read", line)
            self.foreign(line)
            return
        self._repeated += anchored.size
        if self._repeated > MOST_REPEATED:
            self.tell(_TOO_MANY, line)
            self._add(Closed(Closure.TOO_BIG, line))
        else:
            self._add(anchored.value, anchored.size, anchored.depth)

    def refuse(self, message: str, line: int | None, hint: str | None = None) -> None:
        """Note why Puppet will not read this file; the first reason counts."""
        self.refusal = self.refusal or Problem(message, Place(self.path, line), hint)

    def tell(self, message: str, line: int, hint: str | None = None) -> None:
        """Note something that the file's author should know."""
        self._flaws.setdefault(message, Problem(message, Place(self.path, line), hint))

    @property
    def _is_at_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_hash and len(self._stack[-1].items) % 2 == 0

    def _add(self, value: Value, size: int = 1, depth: int = 0, *, anchor: str | None = None) -> None:
        if anchor:
            self._anchors[anchor] = _Anchored(value, size, depth)
        if not self._stack:
            self.root = value
            return
        holder = self._stack[-1]
        holder.items.append(value)
        holder.size += size
        holder.depth = max(holder.depth, depth + 1)

    def _hash(self, done: _Open) -> Hash:
        entries, repeated = entries_of(done.items)
        for key, line in repeated:
            message = (
                f"the key {quote(str(key.value))} was given before, at line {line}: Hiera takes this one"
            )
            self.tell(message, key.line, "delete one of them")
        return Hash(entries, done.line)


def _of_string(text: str, line: int) -> Value:
    if "ENC[" in text:
        return Closed(Closure.ENCRYPTED, line)
    return Closed(Closure.INTERPOLATED, line, text) if "%{" in text else Literal(text, line)
