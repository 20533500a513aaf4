"""Read the JSON reports of `pinner preview --shard`, which `pinner preview --merge` puts together."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pinner.model.catalogs import Cause, NodeCounts, Notice
from pinner.model.errors import InputError, Location, Problem
from pinner.model.preview import (
    CatalogChange,
    ChangeGroup,
    ChangeKind,
    Effect,
    Preview,
    PreviewSide,
    Shard,
    SideCause,
)
from pinner.project.files import read_file

_LARGEST: Final = 1024**3
_LARGEST_KEY: Final = 4096
_SHORTEST_KEY: Final = 16
_HINT: Final = "'pinner preview A B --shard 1/4 --format json' writes one"


def read_shard(path: Path) -> Preview:
    """Return the preview of a file; raises InputError if it is not the report of a shard."""
    try:
        value = json.loads(read_file(path, shown=str(path), limit=_LARGEST))
        return _preview(value)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(Problem("not the JSON report of a shard", Location(str(path)), _HINT)) from error


def read_key(path: Path) -> str:
    """Return the key of digests in a file; raises InputError if it is too short to be one."""
    key = read_file(path, shown=str(path), limit=_LARGEST_KEY).strip()
    if len(key) < _SHORTEST_KEY:
        hint = "'openssl rand -hex 32' makes one"
        raise InputError(Problem(f"a key has at least {_SHORTEST_KEY} characters", Location(str(path)), hint))
    return key.decode("utf-8", "backslashreplace")


def _preview(value: Any) -> Preview:
    shard = value["shard"]
    changes = {str(one["id"]): _change(one) for one in value["changes"]}
    return Preview(
        _side(value["from"]),
        _side(value["to"]),
        NodeCounts(*(int(value["nodes"][name]) for name in ("compiled", "failed", "left_out"))),
        tuple(
            ChangeGroup(tuple(map(str, group["nodes"])), tuple(changes[name] for name in group["changes"]))
            for group in value["groups"]
        ),
        tuple(_failure(one) for one in value["failures"]),
        _warnings(value["warnings"]),
        tuple(map(str, value["unstable"])),
        {str(one["module"]): tuple(map(str, one["paths"])) for one in value["not_seen"]},
        {str(one["name"]): str(one["move"]) for one in value["modules"]},
        tuple(Problem(str(one)) for one in value["problems"]),
        kinds={str(name): kind for kind, names in value["kinds"].items() for name in names},
        shard=Shard(
            int(shard["index"]),
            int(shard["of"]),
            str(shard["key"]),
            int(shard["left_out"]),
            _warnings(shard["warnings_before"]),
        ),
    )


def _side(value: Any) -> PreviewSide:
    return PreviewSide(str(value["environment"]), str(value["lock_id"]), value["control"], value["puppet"])


def _warnings(rows: Any) -> Mapping[Notice, int]:
    return {Notice(str(one["message"]), one["path"], one["line"]): int(one["nodes"]) for one in rows}


def _change(one: Any) -> CatalogChange:
    return CatalogChange(
        ChangeKind(one["change"]),
        str(one["type"]),
        str(one["title"]),
        one["parameter"],
        _text(one["old"]),
        _text(one["new"]),
        Effect(one["effect"]),
        one["module"],
        one["path"],
        one["line"],
        bool(one["secret"]),
    )


def _text(value: Any) -> str | None:
    """Return a value as the JSON text that changes have."""
    return None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _failure(one: Any) -> SideCause:
    if one["side"] not in {"before", "after", "both"}:
        raise ValueError(one["side"])
    notice = Notice(str(one["message"]), one["path"], one["line"])
    return SideCause(one["side"], Cause(tuple(map(str, one["nodes"])), notice, one["module"], one["hint"]))
