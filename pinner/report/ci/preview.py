"""Markdown of `preview`, for reviews: each change once, with the nodes that have it."""

from collections.abc import Iterator

from pinner.model.errors import Location
from pinner.model.preview import Effect, Preview
from pinner.report.ci.markdown import escape
from pinner.report.text.compilation import fold_names
from pinner.report.text.preview import SIDES, change_words, hidden_words, modules_of, totals
from pinner.report.words import count


def preview_markdown(result: Preview) -> Iterator[str]:
    """Yield the lines of a Markdown report: failures, then groups of nodes with their changes."""
    yield f"# {escape(result.before.label)} → {escape(result.after.label)}: nodes"
    yield ""
    yield f"`{result.before.lock_id}` → `{result.after.lock_id}`: {escape(totals(result))}"
    for one in result.failures:
        notice = one.cause.notice
        where = f"{Location(notice.path, notice.line)}: " if notice.path else ""
        nodes = f"{count(len(one.cause.nodes), 'node')} ({fold_names(one.cause.nodes)})"
        yield ""
        yield f"- **{escape(nodes)} {SIDES[one.side]}:** {escape(where + notice.message)}"
        if one.cause.hint:
            yield f"  - hint: {escape(one.cause.hint)}"
    for group in result.groups:
        acting = [change for change in group.changes if change.effect is Effect.ACTS]
        yield ""
        yield f"## {escape(count(len(group.nodes), 'node'))}: {escape(fold_names(group.nodes))}"
        yield ""
        yield from (
            f"- {escape(name)} {escape(result.moves[name])}"
            for name in modules_of(group)
            if name in result.moves
        )
        if acting:
            yield from ("", "| change | declared in |", "|---|---|")
        for change in acting:
            where = str(Location(change.path, change.line)) if change.path else ""
            yield f"| {escape(change_words(change))} | {escape(where)} |"
        hidden = list(hidden_words(change for change in group.changes if change.effect is not Effect.ACTS))
        if hidden:
            yield ""
            yield escape(f"Beside that: {', '.join(hidden)}.")
    for title, rows in (
        ("New warnings", [f"{count(n, 'node')}: {one.message}" for one, n in result.warnings.items()]),
        ("Different each time a catalog is compiled", list(result.unstable)),
        (
            "Changed facts, types and providers, which catalogs do not show",
            [f"{name}: {', '.join(paths)}" for name, paths in result.not_seen.items()],
        ),
    ):
        if rows:
            yield from ("", f"## {title}", "", *(f"- {escape(row)}" for row in rows))
