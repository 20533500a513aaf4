"""What the operator may have meant by a name that does not exist.

Bounded: each name is looked for once, and after many searches no more are made.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property

from pinner.puppet.usage.codebase import Codebase, Owner

_MOST_SEARCHES = 300
_MOST_SHOWN = 3
_LIKENESS = 0.75


class Nearby:
    """Answers for one codebase."""

    def __init__(self, codebase: Codebase) -> None:
        self.codebase = codebase
        self._searches = 0
        self._hints: dict[tuple[str, str | None], str | None] = {}

    def hint(self, owner: str, parameter: str | None) -> str | None:
        """Return a question that names what comes near, None where nothing does."""
        key = owner, parameter
        if key not in self._hints:
            self._hints[key] = self._look(owner, parameter)
        return self._hints[key]

    def _look(self, owner: str, parameter: str | None) -> str | None:
        known = self._owners.get(owner)
        if known and parameter:
            close = self._close(parameter, known.parameters)
            names = [f"{owner}::{name}" for name in close] or self._elsewhere(owner, parameter)
        else:
            siblings = self._names_by_module.get(owner.partition("::")[0], [])
            holders = [name for name in siblings if parameter in {None, *self._owners[name].parameters}]
            names = [
                name if parameter is None else f"{name}::{parameter}" for name in self._close(owner, holders)
            ]
        return f"did you mean {' or '.join(repr(name) for name in names)}?" if names else None

    def _close(self, word: str, known: Iterable[str]) -> list[str]:
        self._searches += 1
        if self._searches > _MOST_SEARCHES:
            return []
        return get_close_matches(word, sorted(known), n=_MOST_SHOWN, cutoff=_LIKENESS)

    def _elsewhere(self, owner: str, parameter: str) -> list[str]:
        """Return the same parameter of other classes of the module, where it stands in a few of them only."""
        siblings = self._names_by_module.get(owner.partition("::")[0], [])
        found = [name for name in siblings if parameter in self._owners[name].parameters]
        return [f"{name}::{parameter}" for name in found] if len(found) <= _MOST_SHOWN else []

    @cached_property
    def _owners(self) -> Mapping[str, Owner]:
        return {**self.codebase.defines, **self.codebase.classes}

    @cached_property
    def _names_by_module(self) -> Mapping[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in sorted(self._owners):
            names.setdefault(name.partition("::")[0], []).append(name)
        return names
