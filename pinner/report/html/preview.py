"""The review page of `preview`: groups of changes, and the nodes that have them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pinner.model.preview import CatalogChange, ChangeGroup, ChangeKind, Effect, Preview
from pinner.report.html.pages import render
from pinner.report.text.compilation import fold_names
from pinner.report.text.preview import SIDES, hidden_words, modules_of, totals

_BADGES = {Effect.ACTS: "behaviour", Effect.UNSET: "info", Effect.BOOKKEEPING: "info", Effect.ORDER: "info"}
_WORDS = {ChangeKind.ADDED: "added", ChangeKind.REMOVED: "removed", ChangeKind.CHANGED: "changed"}
_UNSET = '"<SERVICE DEFAULT>"'


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the page shows it: `by_role` is role to the number of its nodes in the group."""

    number: int
    group: ChangeGroup
    folded: str
    acting: int
    by_role: Counter[str]
    modules: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def roles(self) -> str:
        """Return the roles as the script compares them, one on each line."""
        return "\n".join(sorted(self.by_role))


def preview_page(result: Preview) -> str:
    """Return the review page of `preview`."""
    roles = Counter(result.kinds.values())
    groups = [_group(number, group, result) for number, group in enumerate(result.groups, start=1)]
    return render(
        "preview.html",
        "preview.js",
        result=result,
        title=f"{result.before.label} → {result.after.label}: nodes",
        verdict=totals(result),
        level="not-ready" if result.counts.failed else "ready" if result.is_same else "unknown",
        groups=groups,
        acting=[one for one in groups if one.acting],
        roles=sorted(roles.items()),
        modules=sorted({name for one in groups for name in one.modules}),
        effects=tuple(Effect),
        sides=SIDES,
        fold=fold_names,
        badge_of=_BADGES.__getitem__,
        word_of=_WORDS.__getitem__,
        values_of=values_of,
        strength=strength,
    )


def _group(number: int, group: ChangeGroup, result: Preview) -> Group:
    acting = sum(one.effect is Effect.ACTS for one in group.changes)
    by_role = Counter(result.kinds.get(name, "") for name in group.nodes)
    others = tuple(hidden_words(one for one in group.changes if one.effect is not Effect.ACTS))
    return Group(number, group, fold_names(group.nodes), acting, by_role, tuple(modules_of(group)), others)


def values_of(change: CatalogChange) -> Sequence[tuple[str, str | None, str | None]]:
    """Return parameter, old and new value for each parameter of a change; a whole resource has all of its own."""
    if change.parameter:
        return [(change.parameter, _value(change.old), _value(change.new))]
    values = json.loads(change.old or change.new or "{}")
    texts = {name: _value(json.dumps(one, ensure_ascii=False)) for name, one in sorted(values.items())}
    is_new = change.change is ChangeKind.ADDED
    return [(name, None if is_new else text, text if is_new else None) for name, text in texts.items()]


def _value(text: str | None) -> str | None:
    if text is None or text == _UNSET:
        return "unset"
    value = json.loads(text)
    return value if isinstance(value, str) and value else text


def strength(number: int, total: int) -> str:
    """Return the classes of a cell: how many nodes of a role have the changes of a group."""
    if not number:
        return "number"
    return f"number heat later s{1 if 3 * number < total else 2 if number < total else 3}"
