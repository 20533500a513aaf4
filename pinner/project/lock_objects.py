"""A lock's JSON objects, read key by key: each value is checked, and every flaw is kept with the keys that lead to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pinner.project.quoting import near
from pinner.project.rules import judge

Check = Callable[[str], str | None]
Keys = tuple[str, ...]

BY_HAND = "was the lock edited by hand? take the file back from git"
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the value that the keys lead to, from the top of the file."""

    keys: Keys
    message: str
    hint: str = BY_HAND


@dataclass(slots=True)
class JsonObject:
    """One object of the file; reading a key takes it away, so that what is left over was not expected."""

    keys: Keys
    flaws: list[Flaw]
    _values: dict[str, object] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: object, keys: Keys, flaws: list[Flaw]) -> "JsonObject":
        """Return the value as an object; where it is none, an empty one, and a flaw."""
        if isinstance(value, dict):
            return cls(keys, flaws, dict(value))
        flaws.append(Flaw(keys, "this must be an object"))
        return cls(keys, flaws)

    def has(self, key: str) -> bool:
        """Say whether the key is there and was not read yet."""
        return key in self._values

    def text(self, key: str, check: Check) -> str | None:
        """Return a text that passes the check, or None where the key is missing."""
        value = self._take(key)
        return None if value is _MISSING else self._checked(value, (*self.keys, key), check)

    def needed_text(self, key: str, check: Check) -> str:
        """Return a text that passes the check; a missing key is a flaw."""
        if not self.has(key):
            self.flaws.append(Flaw(self.keys, f"the key '{key}' is missing"))
        return self.text(key, check) or ""

    def truth(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key)
        if value is _MISSING:
            return default
        if not isinstance(value, bool):
            self.flaws.append(Flaw((*self.keys, key), "this must be true or false"))
        return value is True

    def texts(self, key: str, check: Check) -> tuple[str, ...]:
        """Return a list of texts that pass the check; empty where the key is missing."""
        value = self._take(key)
        if value is _MISSING:
            return ()
        if not isinstance(value, list):
            self.flaws.append(Flaw((*self.keys, key), "this must be a list"))
            return ()
        return tuple(self._checked(item, (*self.keys, key), check) or "" for item in value)

    def inner(self, key: str) -> "JsonObject":
        """Return an inner object, an empty one where the key is missing."""
        value = self._take(key)
        return JsonObject.of({} if value is _MISSING else value, (*self.keys, key), self.flaws)

    def needed_inner(self, key: str) -> "JsonObject":
        """Return an inner object; a missing key is a flaw."""
        if not self.has(key):
            self.flaws.append(Flaw(self.keys, f"the key '{key}' is missing"))
        return self.inner(key)

    def rest(self, check: Check) -> Iterator[str]:
        """Yield the keys not read yet; one that does not pass the check is a flaw."""
        for key in tuple(self._values):
            if flaw := judge(check, key):
                self.flaws.append(Flaw((*self.keys, key), flaw))
            yield key

    def refuse_rest(self) -> None:
        """Tell of the keys that were not expected."""
        for key in self._values:
            hint = near(key, self._known) or "was the lock edited by hand, or written by a newer pinner?"
            self.flaws.append(Flaw((*self.keys, key), "this key is unknown", hint))

    def _take(self, key: str) -> object:
        self._known.add(key)
        return self._values.pop(key, _MISSING)

    def _checked(self, value: object, keys: Keys, check: Check) -> str | None:
        if not isinstance(value, str):
            self.flaws.append(Flaw(keys, "this must be a text in double quotes"))
            return None
        if flaw := judge(check, value):
            self.flaws.append(Flaw(keys, flaw))
        return value
