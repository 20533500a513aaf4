"""What changes between two parameter lists, for those who set the parameters."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pinner.puppet.code.narrowing import Width, width
from pinner.puppet.code.normal import normal
from pinner.puppet.code.renames import ModuleNames, match_parameters
from pinner.words.api import Definition, Evidence, Kind, Parameter
from pinner.words.changes import ApiChange, Change, Severity

NEVER_ANNOUNCED = "removed without ever having been announced"
ONLY_MARKED = "marked as deprecated, without a word on what to use instead"
NOW_TYPED = "now typed: a value that does not fit stops compilation"
NOW_UNTYPED = "takes any value now"
NEEDS_A_VALUE = "has no default: without a value compilation stops"
NOW_OPTIONAL = "has a default now"
WIDTHS = {
    Width.NARROWED: (Severity.BREAKS, "takes less now: a value that does not fit stops compilation"),
    Width.WIDENED: (Severity.INFO, "takes all that it took before, and more"),
    Width.UNCLEAR: (Severity.BEHAVIOUR, "takes other values now: whether yours fit depends on them"),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """One definition on both sides, perhaps under two names; `keys` are all `class::parameter` of the new side."""

    old: Definition
    new: Definition
    names: ModuleNames
    keys: Collection[str] = ()


def compare_parameters(pair: Pair) -> Iterator[ApiChange]:
    """Yield the changes of all parameters; a parameter declared twice counts as it was declared last."""
    before = {one.name: one for one in pair.old.parameters}
    after = {one.name: one for one in pair.new.parameters}
    gone = [one for name, one in before.items() if name not in after]
    come = [one for name, one in after.items() if name not in before]
    renamed = match_parameters(pair.old, pair.new, pair.names, keys=pair.keys)
    yield from (_added(pair, one) for one in come if one.name not in renamed.values())
    yield from (_removed(pair, one) for one in gone if one.name not in renamed)
    for one in gone:
        if one.name in renamed:
            yield from _renamed(pair, one, renamed[one.name], after)
    for name, one in before.items():
        if name in after:
            yield from _kept(pair, one, after[name])


def removal_hint(evidence: tuple[Evidence, ...], replacement: str | None, says: str | None) -> str:
    """Return what to tell of something that is gone: its replacement, its deprecation's words, or that it had none."""
    if not evidence:
        return NEVER_ANNOUNCED
    return f"use {replacement} instead" if replacement else says or ONLY_MARKED


def deprecation_hint(replacement: str | None, removal: str | None, says: str | None) -> str:
    """Return what to use instead of something deprecated and when it goes, else the deprecation's own words."""
    told = [f"use {replacement} instead"] if replacement else []
    told += [f"it will be removed in {removal}"] if removal else []
    return "; ".join(told) or says or ONLY_MARKED


def _change(
    pair: Pair,
    change: Change,
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


def _added(pair: Pair, one: Parameter) -> ApiChange:
    if one.default is not None or one.is_rest or pair.new.kind is Kind.TYPE:
        return _change(pair, Change.PARAMETER_ADDED, Severity.INFO, (None, one), texts=(None, one.default))
    texts = (None, one.type)
    return _change(
        pair, Change.PARAMETER_REQUIRED, Severity.BREAKS, (None, one), texts=texts, hint=NEEDS_A_VALUE
    )


def _removed(pair: Pair, one: Parameter) -> ApiChange:
    hint = removal_hint((*one.evidence, *pair.old.evidence), one.replacement, one.says or pair.old.says)
    texts = (one.default, None)
    return _change(pair, Change.PARAMETER_REMOVED, Severity.BREAKS, (one, None), texts=texts, hint=hint)


def _renamed(pair: Pair, one: Parameter, name: str, after: Mapping[str, Parameter]) -> Iterator[ApiChange]:
    """Tell of a new name, and of what else changed unless the other one was there before."""
    hint = "as its deprecation said" if one.replacement == name else "judged by its default and its name"
    sides = (one, after.get(name))
    yield _change(pair, Change.PARAMETER_RENAMED, Severity.BREAKS, sides, texts=(one.name, name), hint=hint)
    if name in after and all(name != known.name for known in pair.old.parameters):
        yield from _kept(pair, one, after[name])


def _kept(pair: Pair, one: Parameter, other: Parameter) -> Iterator[ApiChange]:
    yield from _deprecation(pair, one, other)
    if normal(one.default) != normal(other.default):
        yield from _default(pair, one, other)
    if normal(one.type) != normal(other.type):
        yield from _type(pair, one, other)


def _deprecation(pair: Pair, one: Parameter, other: Parameter) -> Iterator[ApiChange]:
    texts = (one.default, other.default) if normal(one.default) != normal(other.default) else (None, None)
    if other.deprecated and not one.deprecated:
        hint = deprecation_hint(other.replacement, other.removal, other.says)
        yield _change(pair, Change.PARAMETER_DEPRECATED, Severity.LATER, (one, other), texts=texts, hint=hint)
    elif one.deprecated and not other.deprecated and one.name == other.name:
        yield _change(pair, Change.PARAMETER_UNDEPRECATED, Severity.INFO, (one, other))


def _default(pair: Pair, one: Parameter, other: Parameter) -> Iterator[ApiChange]:
    sides, texts = (one, other), (one.default, other.default)
    if other.default is None:
        yield _change(
            pair, Change.PARAMETER_REQUIRED, Severity.BREAKS, sides, texts=texts, hint=NEEDS_A_VALUE
        )
    elif one.default is None:
        yield _change(pair, Change.DEFAULT_CHANGED, Severity.INFO, sides, texts=texts, hint=NOW_OPTIONAL)
    elif one.deprecated or not other.deprecated or normal(other.default) != "undef":
        yield _change(pair, Change.DEFAULT_CHANGED, Severity.BEHAVIOUR, sides, texts=texts)
    # else the default went with the deprecation: one event, and told as one


def _type(pair: Pair, one: Parameter, other: Parameter) -> Iterator[ApiChange]:
    if one.type is None:
        severity, hint = Severity.BEHAVIOUR, NOW_TYPED
    elif other.type is None:
        severity, hint = Severity.INFO, NOW_UNTYPED
    else:
        how = width(one.type, other.type)
        if how is Width.SAME:
            return
        severity, hint = WIDTHS[how]
    yield _change(pair, Change.TYPE_CHANGED, severity, (one, other), texts=(one.type, other.type), hint=hint)
