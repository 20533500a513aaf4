"""What changes between two APIs of one module, for those who use it.

A file that cannot be read on one side is told as such, and nothing in it as removed or added. A class none of whose
parameters had a type before, and all of which have one now, is told once: it became typed.
"""

from collections.abc import Iterable, Mapping

from pinner.puppet.code.definition_changes import Sides, compare_definitions
from pinner.puppet.code.renames import module_names
from pinner.words.api import Definition, Kind, ModuleApi
from pinner.words.changes import ApiChange, Change, Severity

_CHANGES = tuple(Change)
_SEVERITIES = tuple(Severity)


def compare_apis(old: ModuleApi, new: ModuleApi) -> tuple[ApiChange, ...]:
    """Return what changed, by definition, in each the worst first; nothing where both are equal."""
    lost, found = _only_unreadable(old, new), _only_unreadable(new, old)
    changes = [
        *(_unreadable(one, reason, Severity.BEHAVIOUR, "new") for one, reason in lost.items()),
        *(_unreadable(one, reason, Severity.INFO, "old") for one, reason in found.items()),
    ]
    names = module_names(old.definitions, new.definitions)
    kinds = {one.name: one.kind for one in new.definitions}
    keys = {f"{one.name}::{parameter.name}" for one in new.definitions for parameter in one.parameters}
    for kind in Kind:
        before, after = _by_name(old.definitions, kind, lost), _by_name(new.definitions, kind, found)
        changes += compare_definitions(Sides(before, after, names, kinds, keys))
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
    """Return the definitions of `side` of which `other` says nothing because their file cannot be read, with why."""
    reasons = {one.path: one.reason for one in other.unreadable}
    known = {(one.kind, one.name) for one in other.definitions}
    return {
        one: reasons[one.path]
        for one in side.definitions
        if one.path in reasons and (one.kind, one.name) not in known
    }


def _unreadable(one: Definition, reason: str, severity: Severity, side: str) -> ApiChange:
    hint = f"{one.path} cannot be read on the {side} side: {reason}"
    return ApiChange(Change.UNREADABLE, one.kind, one.name, severity, hint=hint, path=one.path, line=one.line)


def _by_name(
    definitions: Iterable[Definition], kind: Kind, without: Mapping[Definition, str]
) -> Mapping[str, Definition]:
    found: dict[str, Definition] = {}
    for one in definitions:
        if one.kind is kind and one not in without:
            found.setdefault(one.name, one)
    return found
