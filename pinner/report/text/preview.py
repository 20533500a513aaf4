"""Text of `preview`: each change once, with the nodes that have it; most nodes first."""

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator

from pinner.model.errors import Location
from pinner.model.preview import CatalogChange, ChangeGroup, ChangeKind, Effect, Preview
from pinner.model.text import one_line
from pinner.report.json.preview import decoded
from pinner.report.text.compilation import cause_lines, fold_names
from pinner.report.words import clip, count

_LONGEST = 100
_MOST_LINES = 8
_UNSET = '"<SERVICE DEFAULT>"'
SIDES = {
    "after": "cannot be compiled with the new lock",
    "both": "cannot be compiled with either lock",
    "before": "cannot be compiled with the old lock",
}
"""Side of a failure to what it means."""


def preview_text(result: Preview, *, shows_all: bool = False) -> Iterator[str]:
    """Yield the lines; without `shows_all`, changes on which no agent acts are only counted."""
    a, b = result.before, result.after
    yield f"{a.label} ({a.lock_id}) -> {b.label} ({b.lock_id}): {totals(result)}"
    for group in result.groups:
        yield from _group(group, result, shows_all=shows_all)
    for one in result.failures:
        yield ""
        yield f"{SIDES[one.side]}:"
        yield from cause_lines(one.cause)
    if result.warnings:
        yield ""
        yield "new warnings:"
        for notice, number in sorted(result.warnings.items(), key=lambda item: (-item[1], item[0].message)):
            where = f"{Location(notice.path, notice.line)}: " if notice.path else ""
            yield f"  {count(number, 'node')}: {one_line(where + notice.message)}"
    if result.unstable:
        yield ""
        yield "different each time a catalog is compiled, and not compared:"
        yield from (f"  {one_line(one)}" for one in result.unstable)
    if result.not_seen:
        yield ""
        yield "changed facts, types and providers, which act on nodes and are not in catalogs:"
        yield from (f"  {name}: {', '.join(paths)}" for name, paths in result.not_seen.items())


def totals(result: Preview) -> str:
    """Return in short how many nodes and changes there are."""
    counts = result.counts
    changes = [change for group in result.groups for change in group.changes]
    acting = sum(change.effect is Effect.ACTS for change in changes)
    groups = sum(any(one.effect is Effect.ACTS for one in group.changes) for group in result.groups)
    words = [count(counts.compiled, "node"), f"{count(acting, 'change')} in {count(groups, 'group')}"]
    words += [f"{counts.failed} cannot be compiled"] if counts.failed else []
    words += [f"{counts.left_out} left out"] if counts.left_out else []
    return ", ".join(words)


def _group(group: ChangeGroup, result: Preview, *, shows_all: bool) -> Iterator[str]:
    shown = [one for one in group.changes if shows_all or one.effect is Effect.ACTS]
    hidden = [one for one in group.changes if one not in shown] if len(shown) < len(group.changes) else []
    yield ""
    moves = [f"{name} {result.moves[name]}" for name in modules_of(group) if name in result.moves]
    yield f"{count(len(group.nodes), 'node')} ({one_line(fold_names(group.nodes))})"
    if moves:
        yield f"  {'; '.join(moves)}"
    for change in shown:
        yield from change_lines(change)
    yield from (f"  {line} (--all)" for line in hidden_words(hidden))


def modules_of(group: ChangeGroup) -> list[str]:
    """Return the modules that declare what changes on these nodes, most changes first."""
    found = Counter(one.module for one in group.changes if one.module and one.effect is Effect.ACTS)
    return [name for name, _ in sorted(found.items(), key=lambda item: (-item[1], item[0]))]


def hidden_words(changes: Iterable[CatalogChange]) -> Iterator[str]:
    """Yield how many changes there are on which no agent acts."""
    found = Counter((one.effect, one.change) for one in changes)
    for change, words in (
        (ChangeKind.REMOVED, "no longer kept unset"),
        (ChangeKind.ADDED, "now kept unset"),
        (ChangeKind.CHANGED, "kept unset in another way"),
    ):
        if number := found[Effect.UNSET, change]:
            yield f"{count(number, 'setting')} {words}"
    for effect, words in ((Effect.BOOKKEEPING, "class, definition or tag"), (Effect.ORDER, "order")):
        if number := sum(value for key, value in found.items() if key[0] is effect):
            yield f"{count(number, 'change')} of {words}"


def change_lines(change: CatalogChange) -> Iterator[str]:
    """Yield the lines of one change: what, and where it is declared; the lines of a text that differ below it."""
    where = f"  {Location(change.path, change.line)}" if change.path else ""
    yield f"  {one_line(change_words(change))}{where}"
    if (
        change.parameter
        and (texts := [_text(one) for one in (change.old, change.new)])
        and "\n" in "".join(texts)
    ):
        lines = difflib.unified_diff(texts[0].splitlines(), texts[1].splitlines(), lineterm="", n=0)
        differing = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        yield from (f"      {one_line(clip(line, _LONGEST))}" for line in differing[:_MOST_LINES])
        if len(differing) > _MOST_LINES:
            yield f"      and {count(len(differing) - _MOST_LINES, 'line')} more"


def change_words(change: CatalogChange) -> str:
    """Return one change on one line, without its place."""
    if change.change is ChangeKind.ADDED:
        return clip(f"+ {change.resource}{_parameters(change.new)}", _LONGEST)
    if change.change is ChangeKind.REMOVED:
        return clip(f"- {change.resource}{_parameters(change.old)}", _LONGEST)
    old, new = value_words(change.old), value_words(change.new)
    if "\n" in _text(change.old) + _text(change.new):
        return f"~ {change.resource} {change.parameter}"
    return f"~ {change.resource} {change.parameter}: {old} -> {new}"


def _parameters(text: str | None) -> str:
    values = decoded(text)
    if not isinstance(values, dict) or not values:
        return ""
    if values.keys() == {"value"}:
        return f" = {value_words(json.dumps(values['value']))}"
    shown = (
        f"{name} = {value_words(json.dumps(value, ensure_ascii=False))}" for name, value in values.items()
    )
    return f" {', '.join(shown)}"


def value_words(text: str | None) -> str:
    """Return a value in short; "unset" for one that is not set."""
    if text is None or text == _UNSET:
        return "unset"
    value = decoded(text)
    return clip(value if isinstance(value, str) and value else text, _LONGEST)


def _text(text: str | None) -> str:
    value = decoded(text)
    return value if isinstance(value, str) else ""
