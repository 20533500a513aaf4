"""JSON of `preview`."""

import json
from collections import defaultdict
from collections.abc import Mapping

from pinner.model.catalogs import Notice
from pinner.model.preview import CatalogChange, Preview, PreviewSide, Shard
from pinner.report.json.compilation import cause_json, counts_json
from pinner.report.json.encoding import Json


def preview_json(result: Preview) -> Json:
    """Return what `preview` prints; each change is once in `changes`, and groups name it by its id."""
    ids = {change: f"c{number}" for number, change in enumerate(changes_of(result), start=1)}
    nodes_by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for name, kind in sorted(result.kinds.items()):
        nodes_by_kind[kind].append(name)
    document = {
        "from": _side(result.before),
        "to": _side(result.after),
        "nodes": counts_json(result.counts),
        "groups": [
            {"nodes": list(group.nodes), "changes": [ids[change] for change in group.changes]}
            for group in result.groups
        ],
        "changes": [_change(change, name) for change, name in ids.items()],
        "failures": [{"side": one.side, **cause_json(one.cause)} for one in result.failures],
        "warnings": _warnings(result.warnings),
        "unstable": list(result.unstable),
        "not_seen": [{"module": name, "paths": list(paths)} for name, paths in result.not_seen.items()],
        "modules": [{"name": name, "move": move} for name, move in result.moves.items()],
        "kinds": dict(sorted(nodes_by_kind.items())),  # of a role, operating system and release
        "problems": [problem.message for problem in result.problems],
    }
    return document if result.shard is None else {**document, "shard": _shard(result.shard)}


def _shard(shard: Shard) -> Json:
    return {
        "index": shard.index,
        "of": shard.of,
        "key": shard.key,
        "left_out": shard.left_out,
        "warnings_before": _warnings(shard.warnings_before),
    }


def changes_of(result: Preview) -> tuple[CatalogChange, ...]:
    """Return all changes, in the order of their groups."""
    return tuple(change for group in result.groups for change in group.changes)


def _side(side: PreviewSide) -> Json:
    return {
        "environment": side.label,
        "lock_id": side.lock_id,
        "control": side.control,
        "puppet": side.puppet,
    }


def _change(change: CatalogChange, name: str) -> Json:
    return {
        "id": name,
        "change": change.change.value,
        "type": change.type,
        "title": change.title,
        "parameter": change.parameter,
        "old": decoded(change.old),
        "new": decoded(change.new),
        "effect": change.effect.value,
        "module": change.module,
        "path": change.path,
        "line": change.line,
        "secret": change.is_secret,
    }


def decoded(text: str | None) -> object:
    """Return the value of a JSON text; a text that masking made invalid stays as it is."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _warnings(warnings: Mapping[Notice, int]) -> list[Json]:
    return [
        {"message": notice.message, "path": notice.path, "line": notice.line, "nodes": number}
        for notice, number in sorted(warnings.items(), key=lambda item: (-item[1], repr(item[0])))
    ]
