"""Compare two catalogs of a node by what an agent would do.

OpenStack's modules declare a setting that is to be left alone with the value `<SERVICE DEFAULT>`: the agent then removes it
from the file. Such a setting that appears or disappears between two versions of a module changes nothing on most nodes.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pinner.model.catalogs import Json, Resource
from pinner.model.preview import CatalogChange, ChangeKind, Effect

UNSET: Final = "<SERVICE DEFAULT>"
_ORDER: Final = frozenset({"before", "require", "notify", "subscribe"})
_BOOKKEEPING: Final = frozenset(
    {"alias", "audit", "backup", "loglevel", "provider", "schedule", "secret", "stage", "tag"}
)
_WITHOUT_ACTION: Final = frozenset({"Anchor", "Class", "Stage"})
"""Types that only hold other resources in order."""
_SETTING: Final = ("_config", "_setting", "_paste_ini", "_policy", "Ini_", "_ini")

Key = tuple[str, str]
"""Type and name of a resource: two titles may name one package or file."""


def normal_resource(resource: Resource) -> Resource:
    """Return the resource with its name as its title, and its parameters in one form; see `normal_parameters`."""
    return resource._replace(title=resource.name or resource.title, parameters=normal_parameters(resource))


def by_name(resources: Iterable[Resource]) -> Mapping[Key, Resource]:
    """Return normal resources by type and name."""
    return {(one.type, one.title): one for one in resources}


def normal_parameters(resource: Resource) -> Mapping[str, Json]:
    """Return the parameters in one form if they mean the same.

    A list of one is its element, `installed` is `present`, and each way to leave a setting alone is the value UNSET.
    """
    given = {
        name: one[0] if isinstance(one, list) and len(one) == 1 else one
        for name, one in resource.parameters.items()
    }
    value, absent = given.get("value"), given.get("ensure_absent_val")
    is_setting = any(part in resource.type for part in _SETTING)
    if (
        value == UNSET
        or (absent is not None and value == absent)
        or (is_setting and given.get("ensure") == "absent")
    ):
        kept = {name: one for name, one in given.items() if name in _ORDER | _BOOKKEEPING}
        return {"value": UNSET, **kept}
    found = {
        name: one
        for name, one in given.items()
        if name not in {"name", "ensure_absent_val"} and (name, resource.kind) != ("path", "native")
    }
    if "path" in given and resource.type != "File":
        found["path"] = given["path"]
    if is_setting and found.get("ensure") == "present":
        del found["ensure"]
    if resource.type == "Package" and found.get("ensure", "installed") == "installed":
        found["ensure"] = "present"
    return found


def compare_catalogs(
    before: Mapping[Key, Resource], after: Mapping[Key, Resource]
) -> Iterator[CatalogChange]:
    """Yield the differences of normal resources by type and name, sorted by type, title and parameter.

    Values are JSON texts. What is one object on both sides is not looked at.
    """
    for key in sorted(key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)):
        a, b = before.get(key), after.get(key)
        if a and b:
            yield from _changed(a, b)
        elif b:
            yield _whole(ChangeKind.ADDED, b)
        elif a:
            yield _whole(ChangeKind.REMOVED, a)


def _whole(change: ChangeKind, one: Resource) -> CatalogChange:
    shown = {name: value for name, value in one.parameters.items() if name not in _ORDER | _BOOKKEEPING}
    text = _text(shown)
    if one.kind != "native" or one.type in _WITHOUT_ACTION:
        effect = Effect.BOOKKEEPING
    else:
        effect = Effect.UNSET if shown.get("value") == UNSET else Effect.ACTS
    old, new = (None, text) if change is ChangeKind.ADDED else (text, None)
    return CatalogChange(change, one.type, one.title, None, old, new, effect, path=one.path, line=one.line)


def _changed(a: Resource, b: Resource) -> Iterator[CatalogChange]:
    for name in sorted(a.parameters.keys() | b.parameters.keys()):
        old, new = a.parameters.get(name), b.parameters.get(name)
        if old == new:
            continue
        if name in _ORDER:
            effect = Effect.ORDER
        elif b.kind != "native" or b.type in _WITHOUT_ACTION or name in _BOOKKEEPING:
            effect = Effect.BOOKKEEPING
        else:
            effect = Effect.ACTS
        yield CatalogChange(
            ChangeKind.CHANGED,
            b.type,
            b.title,
            name,
            None if old is None else _text(old),
            None if new is None else _text(new),
            effect,
            path=b.path,
            line=b.line,
        )


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
