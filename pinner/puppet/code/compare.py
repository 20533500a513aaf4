"""Compare two APIs: the changes of definitions and parameters.

If a file cannot be read on one side, that is reported, and nothing in it counts as removed or added. If no
parameter of a class had a type before and all have one now, one change is reported: the class became typed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pinner.model.module_api import (
    ApiChange,
    ApiChangeKind,
    Definition,
    DefinitionKind,
    Evidence,
    ModuleApi,
    Parameter,
    Severity,
)
from pinner.puppet.code.defaults import DefaultOutcome, Width, compare_defaults, normal, shown_default, width
from pinner.puppet.code.renames import (
    Handovers,
    ModuleNames,
    Successor,
    advised_key,
    match_definitions,
    match_parameters,
    module_names,
    similar_parameters,
)

NEVER_ANNOUNCED = "removed without a deprecation"
ONLY_MARKED = "deprecated; upstream names no replacement"
NOW_TYPED = "has a type now: a value that does not match it stops compilation"
NOW_UNTYPED = "accepts any value now"
NEEDS_A_VALUE = "has no default: compilation stops unless you set it"
NOW_OPTIONAL = "has a default now"
AS_ANNOUNCED = "as its deprecation announced"
AS_THE_CODE_SHOWS = "its value goes where the old one's went"
WIDTHS = {
    Width.NARROWED: (
        Severity.BREAKS,
        "accepts fewer values now: a value that does not match stops compilation",
    ),
    Width.WIDENED: (Severity.INFO, "accepts all values that it accepted before, and more"),
    Width.UNCLEAR: (Severity.BEHAVIOUR, "accepts other values now: check that yours match"),
}


@dataclass(frozen=True, slots=True)
class ParameterPair:
    """A definition on both sides, possibly renamed."""

    old: Definition
    new: Definition
    names: ModuleNames
    handovers: Handovers


def compare_parameters(pair: ParameterPair) -> Iterator[ApiChange]:
    """Yield the changes of all parameters; of a parameter declared twice, the last declaration counts."""
    before = {one.name: one for one in pair.old.parameters}
    after = {one.name: one for one in pair.new.parameters}
    gone = [one for name, one in before.items() if name not in after]
    come = [one for name, one in after.items() if name not in before]
    renamed = match_parameters(pair.old, pair.new, pair.names, pair.handovers)
    similar = similar_parameters(pair.old, pair.new)
    new_keys = {one.key for one in renamed.values()}
    yield from (_added_parameter(pair, one) for one in come if f"{pair.new.name}::{one.name}" not in new_keys)
    for one in gone:
        if one.name in renamed:
            yield from _renamed_parameter(pair, one, renamed[one.name], after)
        else:
            advice = one.deprecation or pair.old.deprecation
            hint = removal_hint((*one.evidence, *pair.old.evidence), one.replacement, advice)
            if one.name in similar and hint == NEVER_ANNOUNCED:
                hint = f"{hint}; '{similar[one.name]}' has nearly the same name and the same default"
            sides, texts = (one, None), (one.default, None)
            yield _change(
                pair, ApiChangeKind.PARAMETER_REMOVED, Severity.BREAKS, sides, texts=texts, hint=hint
            )
    for name, one in before.items():
        if name in after:
            yield from _kept(pair, one, after[name])


def removal_hint(evidence: tuple[Evidence, ...], replacement: str | None, text: str | None) -> str:
    """Return the hint for a removal: the replacement, the deprecation text, or that there was none."""
    if not evidence:
        return NEVER_ANNOUNCED
    return f"use {replacement} instead" if replacement else text or ONLY_MARKED


def deprecation_hint(replacement: str | None, removal: str | None, text: str | None) -> str:
    """Return the replacement of something deprecated and when it will be removed, or its deprecation text."""
    if text and not replacement:
        return text
    advice = [f"use {replacement} instead"] if replacement else []
    advice += [f"it will be removed in {removal}"] if removal else []
    return "; ".join(advice) or text or ONLY_MARKED


def _change(
    pair: ParameterPair,
    change: ApiChangeKind,
    severity: Severity,
    sides: tuple[Parameter | None, Parameter | None],
    *,
    texts: tuple[str | None, str | None] = (None, None),
    hint: str | None = None,
) -> ApiChange:
    before, after = sides
    shown, owner = (after, pair.new) if after else (before, pair.old)
    named = before or after
    return ApiChange(
        change=change,
        of=pair.old.kind,
        definition=pair.old.name,
        severity=severity,
        parameter=named.name if named else None,
        old=texts[0],
        new=texts[1],
        hint=hint,
        announced=before is not None and (before.deprecated or pair.old.deprecated),
        path=owner.path,
        line=shown.line if shown else None,
    )


def _added_parameter(pair: ParameterPair, one: Parameter) -> ApiChange:
    if not one.is_required or one.is_rest or pair.new.kind is DefinitionKind.TYPE:
        return _change(
            pair, ApiChangeKind.PARAMETER_ADDED, Severity.INFO, (None, one), texts=(None, shown_default(one))
        )
    texts = (None, one.type)
    return _change(
        pair, ApiChangeKind.PARAMETER_REQUIRED, Severity.BREAKS, (None, one), texts=texts, hint=NEEDS_A_VALUE
    )


def _renamed_parameter(
    pair: ParameterPair, one: Parameter, successor: Successor, after: Mapping[str, Parameter]
) -> Iterator[ApiChange]:
    """Yield the rename, and other changes of the parameter if the new name did not exist before."""
    hint = AS_ANNOUNCED if advised_key(one, pair.new.name) == successor.key else AS_THE_CODE_SHOWS
    owner, _, name = successor.key.rpartition("::")
    other = after.get(name) if owner == pair.new.name else None
    change = _change(
        pair,
        ApiChangeKind.PARAMETER_RENAMED,
        Severity.BREAKS,
        (one, other),
        texts=(one.name, name if other else successor.key),
        hint=hint,
    )
    yield replace(change, needs=successor.needs)
    if other and all(name != known.name for known in pair.old.parameters):
        yield from _kept(pair, one, other)


def _kept(pair: ParameterPair, one: Parameter, other: Parameter) -> Iterator[ApiChange]:
    texts = (one.default, other.default) if normal(one.default) != normal(other.default) else (None, None)
    if other.deprecated and not one.deprecated:
        hint = deprecation_hint(other.replacement, other.removal, other.deprecation)
        yield _change(
            pair, ApiChangeKind.PARAMETER_DEPRECATED, Severity.LATER, (one, other), texts=texts, hint=hint
        )
    elif one.deprecated and not other.deprecated and one.name == other.name:
        yield _change(pair, ApiChangeKind.PARAMETER_UNDEPRECATED, Severity.INFO, (one, other))
    yield from _default(pair, one, other)
    if normal(one.accepts) != normal(other.accepts) and normal(one.type) != normal(other.type):
        if one.type is None:
            severity, hint = Severity.BEHAVIOUR, NOW_TYPED
        elif other.type is None:
            severity, hint = Severity.INFO, NOW_UNTYPED
        else:
            how = width(one.type, other.type)
            if how is Width.SAME:
                return
            severity, hint = WIDTHS[how]
        yield _change(
            pair, ApiChangeKind.TYPE_CHANGED, severity, (one, other), texts=(one.type, other.type), hint=hint
        )


def _default(pair: ParameterPair, one: Parameter, other: Parameter) -> Iterator[ApiChange]:
    found = compare_defaults(one, other)
    kind, severity, hint = ApiChangeKind.DEFAULT_CHANGED, Severity.BEHAVIOUR, found.hint
    match found.outcome:
        case DefaultOutcome.SAME:
            return
        case DefaultOutcome.NOW_REQUIRED:
            kind, severity = ApiChangeKind.PARAMETER_REQUIRED, Severity.BREAKS
            hint = f"{NEEDS_A_VALUE} ({hint})" if hint else NEEDS_A_VALUE
        case DefaultOutcome.NOW_OPTIONAL:
            severity, hint = Severity.INFO, NOW_OPTIONAL
        case DefaultOutcome.CHANGED if (
            other.deprecated and not one.deprecated and normal(other.default) == "undef"
        ):
            return  # because of the deprecation, which is reported already
    texts = (found.old, found.new)
    yield _change(pair, kind, severity, (one, other), texts=texts, hint=hint)


_NOT_CALLED = frozenset(
    {DefinitionKind.PROVIDER, DefinitionKind.FACT, DefinitionKind.TASK, DefinitionKind.DATA}
)
_NAMES = {
    DefinitionKind.CLASS: "a class",
    DefinitionKind.DEFINE: "a defined type",
    DefinitionKind.FUNCTION: "a function",
    DefinitionKind.TYPE: "a native type",
}
_FEW = 2


@dataclass(frozen=True, slots=True)
class Sides:
    """The definitions of one kind by name.

    `kinds` maps every name of the new side to its kind.
    """

    before: Mapping[str, Definition]
    after: Mapping[str, Definition]
    names: ModuleNames
    kinds: Mapping[str, DefinitionKind]
    handovers: Handovers


def compare_definitions(sides: Sides) -> Iterator[ApiChange]:
    """Yield the changes of all definitions of one kind, in no particular order."""
    gone = [one for name, one in sides.before.items() if name not in sides.after]
    come = [one for name, one in sides.after.items() if name not in sides.before]
    renamed = match_definitions(gone, come, sides.names, sides.handovers)
    yield from (
        _removed_definition(one, sides.kinds.get(one.name)) for one in gone if one.name not in renamed
    )
    yield from (
        ApiChange(ApiChangeKind.ADDED, one.kind, one.name, Severity.INFO, path=one.path, line=one.line)
        for one in come
        if one.name not in renamed.values()
    )
    for old, new in renamed.items():
        pair = ParameterPair(sides.before[old], sides.after[new], sides.names, sides.handovers)
        yield _renamed_definition(pair)
        yield from _compare(pair)
    for name, one in sides.before.items():
        if name in sides.after:
            yield from _compare(ParameterPair(one, sides.after[name], sides.names, sides.handovers))


def _severity(kind: DefinitionKind) -> Severity:
    return Severity.BEHAVIOUR if kind in _NOT_CALLED else Severity.BREAKS


def _removed_definition(one: Definition, now: DefinitionKind | None) -> ApiChange:
    hint = removal_hint(one.evidence, one.replacement, one.deprecation)
    if now:
        hint = f"it is {_NAMES.get(now, now.value)} now"
    return ApiChange(
        ApiChangeKind.REMOVED,
        one.kind,
        one.name,
        _severity(one.kind),
        hint=hint,
        announced=one.deprecated,
        path=one.path,
        line=one.line,
    )


def _whole(
    pair: ParameterPair,
    change: ApiChangeKind,
    severity: Severity,
    *,
    texts: tuple[str | None, str | None] = (None, None),
    hint: str | None = None,
) -> ApiChange:
    return ApiChange(
        change,
        pair.old.kind,
        pair.old.name,
        severity,
        old=texts[0],
        new=texts[1],
        hint=hint,
        announced=pair.old.deprecated,
        path=pair.new.path,
        line=pair.new.line,
    )


def _renamed_definition(pair: ParameterPair) -> ApiChange:
    old, new = pair.old.name, pair.new.name
    if new == pair.names.translate(old) == old.replace("-", "_"):
        hint = "hyphens became underscores"
    elif new == pair.names.translate(old):
        hint = f"the module was renamed to {pair.names.new}"
    else:
        hint = AS_ANNOUNCED if new == pair.old.replacement else "its parameters reappear there"
    return _whole(pair, ApiChangeKind.RENAMED, _severity(pair.old.kind), texts=(old, new), hint=hint)


def _compare(pair: ParameterPair) -> Iterator[ApiChange]:
    if pair.old == pair.new:
        return
    if pair.new.deprecated and not pair.old.deprecated:
        hint = deprecation_hint(pair.new.replacement, pair.new.removal, pair.new.deprecation)
        yield _whole(pair, ApiChangeKind.DEPRECATED, Severity.LATER, hint=hint)
    elif pair.old.deprecated and not pair.new.deprecated and pair.old.name == pair.new.name:
        yield _whole(pair, ApiChangeKind.UNDEPRECATED, Severity.INFO)
    old, new = pair.old.inherits, pair.new.inherits  # between `params` classes, a change matters little
    if new != (old and pair.names.translate(old)):
        is_harmless = all(parent is None or parent.endswith("::params") for parent in (old, new))
        severity = Severity.INFO if is_harmless else Severity.BEHAVIOUR
        yield _whole(pair, ApiChangeKind.REPARENTED, severity, texts=(old, new))
    yield from _target(pair)
    # The changes of the parameters; all new types become one change if the definition became typed.
    changes = tuple(compare_parameters(pair))
    typed = [one for one in changes if one.change is ApiChangeKind.TYPE_CHANGED and one.old is None]
    had_types = any(parameter.type is not None for parameter in pair.old.parameters)
    if len(typed) < _FEW or had_types or any(parameter.type is None for parameter in pair.new.parameters):
        yield from changes
        return
    yield _whole(
        pair,
        ApiChangeKind.TYPED,
        Severity.BEHAVIOUR,
        texts=(None, f"{len(typed)} parameters"),
        hint=NOW_TYPED,
    )
    yield from (one for one in changes if one not in typed)


def _target(pair: ParameterPair) -> Iterator[ApiChange]:
    """Yield a change of an alias's target type or a function's return type."""
    old, new = pair.old.target, pair.new.target
    if normal(old) == normal(new):
        return
    severity, hint = (Severity.INFO, None)
    if pair.old.kind is DefinitionKind.TYPE_ALIAS and old and new:
        how = width(old, new)
        if how is Width.SAME:
            return
        severity, hint = WIDTHS[how]
    yield _whole(pair, ApiChangeKind.TYPE_CHANGED, severity, texts=(old, new), hint=hint)


_CHANGES = tuple(ApiChangeKind)
_SEVERITIES = tuple(Severity)


def compare_apis(old: ModuleApi, new: ModuleApi) -> tuple[ApiChange, ...]:
    """Return the changes sorted by definition, the most severe first in each; empty if both are equal."""
    lost, found = _only_unreadable(old, new), _only_unreadable(new, old)
    changes = [
        *(_unreadable(one, reason, Severity.BEHAVIOUR, "new") for one, reason in lost.items()),
        *(_unreadable(one, reason, Severity.INFO, "old") for one, reason in found.items()),
    ]
    names = module_names(old.definitions, new.definitions)
    kinds = {one.name: one.kind for one in new.definitions}
    handovers = Handovers(old.definitions, new.definitions, (names.old, names.new))
    for kind in DefinitionKind:
        before, after = _by_name(old.definitions, kind, lost), _by_name(new.definitions, kind, found)
        changes += compare_definitions(Sides(before, after, names, kinds, handovers))
    return tuple(sorted(changes, key=_order))


def _order(change: ApiChange) -> tuple[str, str, bool, int, int, int, str]:
    return (
        change.definition,
        change.of,
        change.parameter is not None,
        _SEVERITIES.index(change.severity),
        _CHANGES.index(change.change),
        change.line or 0,
        change.parameter or "",
    )


def _only_unreadable(side: ModuleApi, other: ModuleApi) -> Mapping[Definition, str]:
    """Return the definitions missing in `other` because it cannot read their file, with the reason."""
    reasons = {one.path: one.reason for one in other.unreadable}
    known = {(one.kind, one.name) for one in other.definitions}
    return {
        one: reasons[one.path]
        for one in side.definitions
        if one.path in reasons and (one.kind, one.name) not in known
    }


def _unreadable(one: Definition, reason: str, severity: Severity, side: str) -> ApiChange:
    hint = f"{one.path} cannot be read on the {side} side: {reason}"
    return ApiChange(
        ApiChangeKind.UNREADABLE, one.kind, one.name, severity, hint=hint, path=one.path, line=one.line
    )


def _by_name(
    definitions: Iterable[Definition], kind: DefinitionKind, without: Mapping[Definition, str]
) -> Mapping[str, Definition]:
    found: dict[str, Definition] = {}
    for one in definitions:
        if one.kind is kind and one not in without:
            found.setdefault(one.name, one)
    return found
