"""What changes between the definitions of one kind: which come and go, which go on under another name."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pinner.puppet.code.narrowing import Width, width
from pinner.puppet.code.normal import normal
from pinner.puppet.code.parameter_changes import (
    NOW_TYPED,
    WIDTHS,
    Pair,
    compare_parameters,
    deprecation_hint,
    removal_hint,
)
from pinner.puppet.code.renames import ModuleNames, match_definitions
from pinner.words.api import Definition, Kind
from pinner.words.changes import ApiChange, Change, Severity

_NOT_CALLED = frozenset({Kind.PROVIDER, Kind.FACT, Kind.TASK, Kind.DATA})
_NAMES = {
    Kind.CLASS: "a class",
    Kind.DEFINE: "a defined type",
    Kind.FUNCTION: "a function",
    Kind.TYPE: "a native type",
}
_FEW = 2


@dataclass(frozen=True, slots=True)
class Sides:
    """The definitions of one kind by name; `kinds` and `keys` are all names and `class::parameter`s of the new side."""

    before: Mapping[str, Definition]
    after: Mapping[str, Definition]
    names: ModuleNames
    kinds: Mapping[str, Kind]
    keys: Collection[str]


def compare_definitions(sides: Sides) -> Iterator[ApiChange]:
    """Yield the changes of all definitions of one kind, in no order that matters."""
    gone = [one for name, one in sides.before.items() if name not in sides.after]
    come = [one for name, one in sides.after.items() if name not in sides.before]
    renamed = match_definitions(gone, come, sides.names)
    yield from (_removed(one, sides.kinds.get(one.name)) for one in gone if one.name not in renamed)
    yield from (_added(one) for one in come if one.name not in renamed.values())
    for old, new in renamed.items():
        pair = Pair(sides.before[old], sides.after[new], sides.names, sides.keys)
        yield _renamed(pair)
        yield from _compare(pair)
    for name, one in sides.before.items():
        if name in sides.after:
            yield from _compare(Pair(one, sides.after[name], sides.names, sides.keys))


def _severity(kind: Kind) -> Severity:
    return Severity.BEHAVIOUR if kind in _NOT_CALLED else Severity.BREAKS


def _removed(one: Definition, now: Kind | None) -> ApiChange:
    hint = removal_hint(one.evidence, one.replacement, one.says)
    if now:
        hint = f"it is {_NAMES.get(now, now.value)} now"
    return ApiChange(
        Change.REMOVED,
        one.kind,
        one.name,
        _severity(one.kind),
        hint=hint,
        announced=one.deprecated,
        path=one.path,
        line=one.line,
    )


def _added(one: Definition) -> ApiChange:
    return ApiChange(Change.ADDED, one.kind, one.name, Severity.INFO, path=one.path, line=one.line)


def _whole(
    pair: Pair,
    change: Change,
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


def _renamed(pair: Pair) -> ApiChange:
    old, new = pair.old.name, pair.new.name
    if new == pair.names.translate(old):
        hint = (
            "hyphens became underscores"
            if new == old.replace("-", "_")
            else f"the module is {pair.names.new} now"
        )
    else:
        hint = "as its deprecation said" if new == pair.old.replacement else "its parameters reappear there"
    return _whole(pair, Change.RENAMED, _severity(pair.old.kind), texts=(old, new), hint=hint)


def _compare(pair: Pair) -> Iterator[ApiChange]:
    if pair.old == pair.new:
        return
    yield from _deprecation(pair)
    yield from _parent(pair)
    yield from _target(pair)
    yield from _folded(pair, tuple(compare_parameters(pair)))


def _deprecation(pair: Pair) -> Iterator[ApiChange]:
    new = pair.new
    if new.deprecated and not pair.old.deprecated:
        hint = deprecation_hint(new.replacement, new.removal, new.says)
        yield _whole(pair, Change.DEPRECATED, Severity.LATER, hint=hint)
    elif pair.old.deprecated and not new.deprecated and pair.old.name == new.name:
        yield _whole(pair, Change.UNDEPRECATED, Severity.INFO)


def _parent(pair: Pair) -> Iterator[ApiChange]:
    """Tell of another `inherits`; a class of defaults to inherit from, or none, changes little."""
    old, new = pair.old.inherits, pair.new.inherits
    if new != (old and pair.names.translate(old)):
        is_harmless = all(parent is None or parent.endswith("::params") for parent in (old, new))
        severity = Severity.INFO if is_harmless else Severity.BEHAVIOUR
        yield _whole(pair, Change.REPARENTED, severity, texts=(old, new))


def _target(pair: Pair) -> Iterator[ApiChange]:
    """Tell of what a type alias stands for, or a function returns, if it takes or gives something else now."""
    old, new = pair.old.target, pair.new.target
    if normal(old) == normal(new):
        return
    severity, hint = (Severity.INFO, None)
    if pair.old.kind is Kind.TYPE_ALIAS and old and new:
        how = width(old, new)
        if how is Width.SAME:
            return
        severity, hint = WIDTHS[how]
    yield _whole(pair, Change.TYPE_CHANGED, severity, texts=(old, new), hint=hint)


def _folded(pair: Pair, changes: tuple[ApiChange, ...]) -> Iterator[ApiChange]:
    """Yield the changes of the parameters, those of a definition that only became typed as one."""
    typed = [one for one in changes if one.change is Change.TYPE_CHANGED and one.old is None]
    if len(typed) < _FEW or not _became_typed(pair):
        yield from changes
        return
    yield _whole(
        pair, Change.TYPED, Severity.BEHAVIOUR, texts=(None, f"{len(typed)} parameters"), hint=NOW_TYPED
    )
    yield from (one for one in changes if one not in typed)


def _became_typed(pair: Pair) -> bool:
    had_none = all(parameter.type is None for parameter in pair.old.parameters)
    return had_none and all(parameter.type is not None for parameter in pair.new.parameters)
