"""Determine the effect of code changes on each use, and the successors of removed names."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pinner.model.comparison import DataEffect, Effect
from pinner.model.module_api import ApiChange, ApiChangeKind, AttributeRule, Definition, Needs, Parameter
from pinner.model.operator_data import Array, Literal, Opaque, OpaqueReason, PlaceScope, Use, UseOrigin, Value
from pinner.puppet.code.defaults import constant, normal
from pinner.puppet.code.renames import Handovers, Successor
from pinner.puppet.data_types import Fit
from pinner.puppet.language.evaluate import Value as PuppetValue
from pinner.puppet.language.nodes import BUILTIN_FUNCTIONS
from pinner.puppet.platforms import PLATFORMS, Platform
from pinner.puppet.usage.codebase import Codebase, Declared, LookupOptions, Owner, missing_values
from pinner.puppet.usage.judge import correction, exists, mismatch, one_line, owner_of, platforms_in, takes
from pinner.puppet.usage.values import (
    GivenValues,
    accepted,
    counts,
    deprecated_values,
    given_values,
    refusals_of,
    refused,
    takes_count,
)

_OF_WHOLE = frozenset({ApiChangeKind.REMOVED, ApiChangeKind.RENAMED, ApiChangeKind.UNREADABLE})
_OF_PARAMETER = frozenset({ApiChangeKind.PARAMETER_REMOVED, ApiChangeKind.PARAMETER_RENAMED})


class Successors:
    """Finds successors by the changes between two codebases and by what their code hands on."""

    def __init__(self, code: "CodeChange") -> None:
        self.before = code.before
        self.after = code.after
        self.renames = code.renames
        self.changes: dict[tuple[str, str | None], ApiChange] = {}
        self._handovers: dict[tuple[str, bool], Handovers] = {}
        for change in code.changes:
            if change.change in (_OF_PARAMETER if change.parameter else _OF_WHOLE):
                self.changes.setdefault((change.definition, change.parameter), change)

    def successor(self, use: Use, old: Owner) -> Successor | None:
        """Return the new key of a removed parameter or definition, None if nothing proves one."""
        whole = self.changes.get((use.owner, None))
        owner = (whole.new if whole and whole.change is ApiChangeKind.RENAMED else None) or use.owner
        if use.parameter is None:
            return Successor(owner) if owner != use.owner else None
        change = self.changes.get((use.owner, use.parameter))
        if change and change.change is ApiChangeKind.PARAMETER_RENAMED:
            key = self.written(change.new, owner)
            return Successor(key, change.needs) if key else None
        if owner != use.owner:
            key = self.written(use.parameter, owner)
            return Successor(key) if key else None
        old_key = f"{use.owner}::{use.parameter}"
        advised = self.written(old.parameters[use.parameter].replacement, owner)
        found = self.handovers(use.module).successor(old_key, advised) or self.renames.get(old_key)
        return found if found and self.parameter(found.key) else None

    def handovers(self, module: str, *, is_after: bool = False) -> Handovers:
        """Return what a module hands on between both sides or, with `is_after`, within the new one."""
        known = module, is_after
        if known not in self._handovers:
            old, new = (side.definitions_of(module) for side in (self.before, self.after))
            self._handovers[known] = Handovers(new if is_after else old, new)
        return self._handovers[known]

    def written(self, name: str | None, owner: str) -> str | None:
        """Return `class::parameter` for the parameter `name`, which may be qualified, if it exists now."""
        if not name or ", " in name:
            return None
        whole = name.removeprefix("::") if "::" in name else f"{owner}::{name}"
        return whole if self.parameter(whole) else None

    def parameter(self, key: str) -> Parameter | None:
        """Return the parameter `class::parameter` of the new side."""
        holder, _, parameter = key.rpartition("::")
        found = self.after.classes.get(holder) or self.after.defines.get(holder)
        return found.parameters.get(parameter) if found else None

    def hint(self, use: Use) -> str | None:
        """Return the known reason for the removal."""
        if use.module not in self.after.modules and use.module in self.before.modules:
            return f"module '{use.module}' is no longer in the environment"
        change = self.changes.get((use.owner, use.parameter)) or self.changes.get((use.owner, None))
        return one_line(change.hint) if change and change.hint else None


_BREAKING = frozenset(UseOrigin) - {UseOrigin.KEY, UseOrigin.OPTIONS}
_SOME_TEXTS = (
    "some-text",
    "/var/lib/some",
    "http://some.example.org:8774/v2",
    "some.example.org",
    "10.0.0.1",
    "8774",
)
_TEXT = frozenset({OpaqueReason.ENCRYPTED, OpaqueReason.INTERPOLATED})


NO_DEFAULT = "it has no default: set it"
_OF_CLASSES = frozenset({UseOrigin.KEY, UseOrigin.LIST, UseOrigin.CLASS, UseOrigin.REFERENCE})


@dataclass(frozen=True, slots=True)
class CodeChange:
    """The code before and after, and the changes; with `shows_values`, messages may contain values.

    `renames` are the successors that only a release in between proves, by their old keys.
    `lookups` are the keys that data and code look up by name; `declared` is what the operator's code declares.
    """

    before: Codebase
    after: Codebase
    changes: tuple[ApiChange, ...]
    options: LookupOptions = field(default_factory=LookupOptions)
    shows_values: bool = False
    renames: Mapping[str, Successor] = field(default_factory=dict)
    lookups: frozenset[str] = frozenset()
    declared: Declared = field(default_factory=Declared)
    platforms: tuple[Platform, ...] = PLATFORMS


def effects_on(uses: Iterable[Use], change: CodeChange) -> Iterator[DataEffect]:
    """Yield the effects on each use, in order, then new required parameters of classes in use."""
    uses = tuple(uses)
    given = {use.subject for use in uses}
    known_values = given_values(uses, change.options.change, is_partial=change.declared.is_partial)
    judge = _Judge(change, known_values, given, Successors(change))
    first_use: dict[str, Use] = {}
    for use in uses:
        if use.origin in _OF_CLASSES and not use.scope.unreached:
            first_use.setdefault(use.owner, use)
        yield from (_in_scope(effect, use.scope) for effect in judge.effects(use))
    for api_change in change.changes:
        key = f"{api_change.definition}::{api_change.parameter}"
        used = first_use.get(api_change.definition)
        if api_change.change is ApiChangeKind.PARAMETER_REQUIRED and used and key not in given:
            yield replace(_effect(used, Effect.BREAKS, NO_DEFAULT), key=key, is_missing=True)
    known = {(one.declaration, one.key) for one in missing_values(change.declared, change.before)}
    for one in missing_values(change.declared, change.after):
        if one.declaration.origin is UseOrigin.RESOURCE and (one.declaration, one.key) not in known:
            module = one.owner.module or one.declaration.owner.partition("::")[0]
            place = one.declaration.place
            yield DataEffect(Effect.BREAKS, one.key, module, place, NO_DEFAULT, is_code=True, is_missing=True)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Compares each use with both sides; `given` are the keys that have a value somewhere."""

    code: CodeChange
    values: GivenValues
    given: Container[str]
    successors: Successors

    def effects(self, use: Use) -> Iterator[DataEffect]:
        old, new = owner_of(use, self.code.before), owner_of(use, self.code.after)
        if old is None or (use.parameter is not None and use.parameter not in old.parameters):
            return
        if new is None or (use.parameter is not None and use.parameter not in new.parameters):
            if not self._is_no_loss(use, old, new):
                yield self._gone(use, old)
            return
        if new.arities and use.arguments is not None:
            count = use.arguments
            if not takes_count(new.arities, count) and (not old.arities or takes_count(old.arities, count)):
                yield _effect(use, Effect.BREAKS, f"it takes {counts(new.arities)} now")
        marked = self._marked(use, old, new)
        if marked:
            yield marked
        if use.parameter is not None:
            before, after = old.parameters[use.parameter], new.parameters[use.parameter]
            if after.rule and use.value is not None:
                yield from _refused(use, before.rule or after.rule, after.rule)
            else:
                beside = self.values.beside(use, old.parameters), self.values.beside(use, new.parameters)
                yield from self._retyped(use, (before, after), beside)

    def _is_no_loss(self, use: Use, old: Owner, new: Owner | None) -> bool:
        """Return whether the use works as before, or is reported with what it belongs to."""
        if use.origin is UseOrigin.FUNCTION and use.owner in BUILTIN_FUNCTIONS:
            return True
        is_read = use.is_data and use.subject in self.code.lookups
        if is_read and self.successors.successor(use, old) is None:
            return True
        if new is None:
            return use.parameter is not None and not use.is_data
        return new.definition.is_open

    def _gone(self, use: Use, old: Owner) -> DataEffect:
        whole = self.successors.changes.get((use.owner, None))
        if whole and whole.change is ApiChangeKind.UNREADABLE:
            return _effect(use, Effect.TYPE, self.successors.hint(use))
        effect = Effect.BREAKS if use.origin in _BREAKING else Effect.IGNORED
        successor = self.successors.successor(use, old)
        if successor is None:
            advice = self._advice(use, old)
            return replace(
                _effect(use, effect, advice or self.successors.hint(use)), is_by_hand=advice is not None
            )
        why_not = self._why_not(use, successor)
        if why_not is None:
            return _effect(use, effect, f"write {successor.key}", successor.key)
        is_by_hand = use.value is None or _is_handed_on(use.value, successor.needs)
        return replace(_effect(use, effect, why_not), is_by_hand=is_by_hand)

    def _advice(self, use: Use, old: Owner) -> str | None:
        """Return what the deprecation recommends and the shape that it requires, if the code proves no rename."""
        marked = old.parameters[use.parameter] if use.parameter else None
        key = self.successors.written(marked.replacement, use.owner) if marked else None
        parameter = self.successors.parameter(key) if key else None
        if marked is None or parameter is None:
            return None
        shown = f", which takes {words}" if (words := shape(parameter)) else ""
        return f"use {key} instead{shown}: the value may have to change"

    def _why_not(self, use: Use, successor: Successor) -> str | None:
        """Return why a value cannot be written unchanged under its new name, None if it can be."""
        key, value = successor.key, use.value
        parameter = self.successors.parameter(key) if use.parameter else None
        if parameter is None or value is None:
            return None
        if key in self.given:
            return f"its value goes to {key} now, which is set too: keep the one that is to count"
        if not _is_handed_on(value, successor.needs):
            return f"the value had no effect; others go to {key} now"
        type_ = parameter.type
        now = takes(value, type_, self.code.after) if type_ else Fit.YES
        if type_ and (now is Fit.NO or (now is Fit.UNKNOWN and self._may_not_fit(value, type_))):
            missed = mismatch(value, use.subject, type_, shows_values=self.code.shows_values)
            return f"its value goes to {key} now, which takes {one_line(type_)}{missed}"
        return None

    def _marked(self, use: Use, old: Owner, new: Owner) -> DataEffect | None:
        """Return an effect for a new deprecation; one of the whole definition takes precedence."""
        pairs: list[tuple[Definition | Parameter, Definition | Parameter]] = [
            (old.definition, new.definition)
        ]
        if use.parameter is not None:
            pairs.append((old.parameters[use.parameter], new.parameters[use.parameter]))
        marked = next((after for before, after in pairs if after.deprecated and not before.deprecated), None)
        if marked is None or use.origin is UseOrigin.OPTIONS:
            return self._marked_value(use, old, new)
        key = self.successors.written(marked.replacement, use.owner)
        replacement = key if use.parameter and key and self._goes_to(use, key) else None
        advice = marked.deprecation
        if marked.replacement and exists(marked.replacement, self.code.after):
            advice = f"use {key or marked.replacement}"
        parameter = self.successors.parameter(key) if key and not replacement else None
        if parameter and (shown := shape(parameter)):
            advice = f"{advice}, which takes {shown}"
        when = f" (removal in {marked.removal})" if marked.removal else ""
        return _effect(
            use,
            Effect.DEPRECATED,
            one_line(f"{advice or 'upstream names no replacement'}{when}"),
            replacement,
        )

    def _marked_value(self, use: Use, old: Owner, new: Owner) -> DataEffect | None:
        """Return an effect if the new code, and not the old one, logs a deprecation of this value."""
        if use.parameter is None:
            return None
        platforms = platforms_in(use.scope, self.code.platforms)
        before, after = (
            [
                one.text
                for one, _ in deprecated_values(
                    side.parameters[use.parameter],
                    use.value,
                    platforms,
                    self.values.beside(use, side.parameters),
                )
            ]
            for side in (old, new)
        )
        fresh = next((text for text in after if text not in before), None)
        return _effect(use, Effect.DEPRECATED, one_line(fresh)) if fresh else None

    def _goes_to(self, use: Use, key: str) -> bool:
        """Return whether the new code hands the value on to `key`, unchanged and in a shape that it takes."""
        handovers = self.successors.handovers(use.module, is_after=True)
        successor = handovers.successor(f"{use.owner}::{use.parameter}", key)
        return successor is not None and successor.key == key and self._why_not(use, successor) is None

    def _retyped(
        self,
        use: Use,
        sides: tuple[Parameter, Parameter],
        beside: tuple[Mapping[str, PuppetValue], Mapping[str, PuppetValue]],
    ) -> Iterator[DataEffect]:
        """Yield the effects on a value of the parameter on both sides, with the values `beside` it on both."""
        before, after = sides
        value, type_, old_type = use.value, after.accepts, before.accepts
        if value is None or (use.origin is UseOrigin.KEY and self.code.options.change(use.subject)):
            return
        platforms = platforms_in(use.scope, self.code.platforms)
        known = {one.condition for one, _ in refusals_of(before, use.value, platforms, beside[0])}
        for refusal, where in refusals_of(after, use.value, platforms, beside[1]):
            if refusal.condition not in known:
                on = f" on {where}" if where else ""
                yield _effect(
                    use, Effect.BREAKS, one_line(f"the code refuses this value{on}: {refusal.message}")
                )
        now = takes(value, type_, self.code.after) if type_ else Fit.YES
        if type_ is None or now is Fit.YES or (old_type and takes(value, old_type, self.code.before) is now):
            return
        if now is Fit.NO:
            shows_values = self.code.shows_values
            missed = mismatch(value, use.subject, type_, shows_values=shows_values)
            hint = f"it takes {one_line(type_)}{missed}"
            fix = correction(value, use.subject, type_, shows_values=shows_values)
            yield _effect(use, Effect.BREAKS, f"{hint}: {fix}" if fix else hint)
        elif normal(old_type) != normal(type_) and self._may_not_fit(value, type_):
            yield _effect(use, Effect.TYPE, f"it takes {one_line(type_)} now: check that the value matches")

    def _may_not_fit(self, value: Value, type_: str) -> bool:
        """Return whether the value may not match the type and needs a manual review.

        An encrypted or interpolated value is a text; it needs no review if the type accepts one of some
        sample texts.
        """
        if isinstance(value, Opaque):
            texts = (Literal(text, 0) for text in _SOME_TEXTS)
            return value.why in _TEXT and all(takes(text, type_, self.code.after) is Fit.NO for text in texts)
        return not isinstance(value, Literal) or value.value is not None


_SHAPES = (
    ("[", "an Array"),
    ("{", "a Hash"),
    ("'", "a String"),
    ("true", "a Boolean"),
    ("false", "a Boolean"),
)


def shape(parameter: Parameter) -> str:
    """Return the values that a parameter takes: its type, or the kind of its default; "" if neither is known."""
    if parameter.type:
        return one_line(parameter.type)
    default = constant(parameter.default) or ""
    return next((words for start, words in _SHAPES if default.startswith(start)), "")


def _is_handed_on(value: Value, needs: Needs) -> bool:
    """Return whether the old code handed on this value; it may have left out undef, '' or false."""
    if not isinstance(value, Literal):
        return True
    left_out = {Needs.NOTHING: (), Needs.GIVEN: (None,), Needs.FILLED: (None, ""), Needs.TRUE: (None, False)}
    return not any(value.value is one or (value.value == "" and one == "") for one in left_out[needs])


def _refused(use: Use, before: AttributeRule, after: AttributeRule) -> Iterator[DataEffect]:
    """Yield an effect if a native type refuses a value that it accepted, or counts only a part of it now."""
    value = use.value
    if value is None:
        return
    if refused(value, after) is not None:
        if refused(value, before) is None:
            yield _effect(use, Effect.BREAKS, f"it takes {one_line(accepted(after))} now")
    elif isinstance(value, Array) and before.takes_list and after.is_property and not after.takes_list:
        yield _effect(use, Effect.TYPE, "it takes one value now, not a list")


def _in_scope(effect: DataEffect, scope: PlaceScope) -> DataEffect:
    """Return an effect, as one that needs a review where no machine is concerned."""
    if not scope.unreached:
        return effect
    hint = "; ".join(filter(None, (effect.hint, f"not reached: {scope.unreached}")))
    return replace(effect, effect=Effect.TYPE, hint=hint, replacement=None)


def _effect(use: Use, effect: Effect, hint: str | None, replacement: str | None = None) -> DataEffect:
    return DataEffect(effect, use.subject, use.module, use.place, hint, replacement, not use.is_data)
