"""What a change of the modules' code does to each place that uses it: only what worked before, and is touched now."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from pinner.puppet.code.normal import normal
from pinner.puppet.hiera.options import LookupOptions
from pinner.puppet.types.fitting import Fit
from pinner.puppet.usage.codebase import Codebase, Owner
from pinner.puppet.usage.describing import describe, mending
from pinner.puppet.usage.judging import one_line, owner_of, takes
from pinner.puppet.usage.successors import Successors
from pinner.words.api import Definition, Parameter
from pinner.words.changes import ApiChange, Change
from pinner.words.data import Closed, Closure, Literal, Value
from pinner.words.effects import DataEffect, Effect
from pinner.words.uses import Origin, Use

_BREAKING = frozenset({Origin.HASH, Origin.LIST, Origin.CLASS, Origin.RESOURCE, Origin.REFERENCE})
_SOME_TEXTS = (
    "some-text",
    "/var/lib/some",
    "http://some.example.org:8774/v2",
    "some.example.org",
    "10.0.0.1",
    "8774",
)
_TEXT = frozenset({Closure.ENCRYPTED, Closure.INTERPOLATED})


@dataclass(frozen=True, slots=True)
class Move:
    """The code before and after, and what changed between the two."""

    before: Codebase
    after: Codebase
    changes: tuple[ApiChange, ...]
    options: LookupOptions = field(default_factory=LookupOptions)


def effects_on(uses: Iterable[Use], move: Move) -> Iterator[DataEffect]:
    """Yield what happens at each use, in order, then which classes in use have a parameter now that needs a value."""
    judge = _Judge(move)
    first_use: dict[str, Use] = {}
    given: set[str] = set()
    for use in uses:
        given.add(use.subject)
        if use.origin not in {Origin.HASH, Origin.RESOURCE, Origin.OPTIONS}:
            first_use.setdefault(use.owner, use)
        yield from judge.effects(use)
    yield from judge.wanting(first_use.values(), given)


class _Judge:
    """Holds each use against both sides."""

    def __init__(self, move: Move) -> None:
        self.move = move
        self.successors = Successors(move.before, move.after, move.changes)

    def effects(self, use: Use) -> Iterator[DataEffect]:
        old, new = owner_of(use, self.move.before), owner_of(use, self.move.after)
        if old is None or (use.parameter is not None and use.parameter not in old.parameters):
            return
        if new is None or (use.parameter is not None and use.parameter not in new.parameters):
            is_told_already = new is None and use.parameter is not None and not use.is_data
            if not is_told_already:
                yield self._gone(use, old)
            return
        marked = self._marked(use, old, new)
        if marked:
            yield marked
        if use.parameter is not None:
            yield from self._retyped(use, old.parameters[use.parameter], new.parameters[use.parameter])

    def wanting(self, first_uses: Iterable[Use], given: Container[str]) -> Iterator[DataEffect]:
        """Yield an effect for each parameter that has no default any more, of a class in use, and no value here."""
        of_class = {use.owner: use for use in first_uses}
        for change in self.move.changes:
            key = f"{change.definition}::{change.parameter}"
            use = of_class.get(change.definition)
            if change.change is Change.PARAMETER_REQUIRED and use and key not in given:
                hint = "it has no default: give it a value"
                yield DataEffect(Effect.BREAKS, key, use.module, use.place, hint, is_code=not use.is_data)

    def _gone(self, use: Use, old: Owner) -> DataEffect:
        if self.successors.is_unreadable(use):
            return _effect(use, Effect.TYPE, self.successors.hint(use))
        effect = Effect.BREAKS if use.origin in _BREAKING else Effect.IGNORED
        replacement = self.successors.key(use, old)
        hint = f"write {replacement}" if replacement else self.successors.hint(use)
        return _effect(use, effect, hint, replacement)

    def _marked(self, use: Use, old: Owner, new: Owner) -> DataEffect | None:
        """Return an effect for what is deprecated now and was not before, the whole before its parameter."""
        pairs: list[tuple[Definition | Parameter, Definition | Parameter]] = [
            (old.definition, new.definition)
        ]
        if use.parameter is not None:
            pairs.append((old.parameters[use.parameter], new.parameters[use.parameter]))
        marked = next((after for before, after in pairs if after.deprecated and not before.deprecated), None)
        if marked is None or use.origin is Origin.OPTIONS:
            return None
        replacement = self.successors.written(marked.replacement, use.owner)
        said = f"use {replacement or marked.replacement}" if marked.replacement else marked.says
        when = f" (goes in {marked.removal})" if marked.removal else ""
        return _effect(
            use, Effect.DEPRECATED, one_line(f"{said or 'no word on what to use'}{when}"), replacement
        )

    def _retyped(self, use: Use, before: Parameter, after: Parameter) -> Iterator[DataEffect]:
        value, type_ = use.value, after.type
        if (
            value is None
            or type_ is None
            or (use.origin is Origin.KEY and self.move.options.change(use.subject))
        ):
            return
        now = takes(value, type_, self.move.after)
        if now is Fit.YES or (before.type and takes(value, before.type, self.move.before) is now):
            return
        if now is Fit.NO:
            hint = f"it takes {one_line(type_)}, not {describe(value, after.name)}"
            mend = mending(value, type_)
            yield _effect(use, Effect.BREAKS, f"{hint}: {mend}" if mend else hint)
        elif normal(before.type) != normal(type_) and self._may_not_fit(value, type_):
            yield _effect(use, Effect.TYPE, f"it takes {one_line(type_)} now: see whether the value fits")

    def _may_not_fit(self, value: Value, type_: str) -> bool:
        """Say whether it is worth a look: what is encrypted or interpolated is text, and fits where any text does."""
        if isinstance(value, Closed):
            texts = (Literal(text, 0) for text in _SOME_TEXTS)
            return value.why in _TEXT and all(takes(text, type_, self.move.after) is Fit.NO for text in texts)
        return not isinstance(value, Literal) or value.value is not None


def _effect(use: Use, effect: Effect, hint: str | None, replacement: str | None = None) -> DataEffect:
    return DataEffect(effect, use.subject, use.module, use.place, hint, replacement, not use.is_data)
