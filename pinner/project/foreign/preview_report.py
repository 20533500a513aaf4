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
from pinner.puppet.names import LOCK_ID

_LARGEST: Final = 1024**3
_LARGEST_KEY: Final = 4096
_SHORTEST_KEY: Final = 16
MOST_SHARDS: Final = 1000
_HINT: Final = "'pinner preview A B --shard 1/4 --format json' writes one"


def read_shard(path: Path) -> Preview:
    """Return the preview of a file; raises InputError if it is not the report of a shard."""
    try:
        value = json.loads(read_file(path, shown=str(path), limit=_LARGEST))
        return _preview(value)
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
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
    changes = {_text(one["id"]): _change(one) for one in value["changes"]}
    return Preview(
        _side(value["from"]),
        _side(value["to"]),
        NodeCounts(*(_number(value["nodes"][name]) for name in ("compiled", "failed", "left_out"))),
        tuple(
            ChangeGroup(_texts(group["nodes"]), tuple(changes[name] for name in group["changes"]))
            for group in value["groups"]
        ),
        tuple(_failure(one) for one in value["failures"]),
        _warnings(value["warnings"]),
        _texts(value["unstable"]),
        {_text(one["module"]): _texts(one["paths"]) for one in value["not_seen"]},
        {_text(one["name"]): _text(one["move"]) for one in value["modules"]},
        tuple(Problem(one) for one in _texts(value["problems"])),
        kinds={name: kind for kind, names in value["kinds"].items() for name in _texts(names)},
        shard=Shard(
            _number(shard["index"]),
            _number(shard["of"], most=MOST_SHARDS),
            _text(shard["key"]),
            _number(shard["left_out"]),
            _warnings(shard["warnings_before"]),
        ),
    )


def _text(value: Any) -> str:
    """Return a text; raises TypeError for anything else, and ValueError if it is not Unicode."""
    if not isinstance(value, str):
        raise TypeError(value)
    value.encode()
    return value


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(values)
    return tuple(map(_text, values))


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any, *, most: int = 10**9) -> int:
    """Return a number; raises TypeError for anything else, and ValueError for one that counts nothing."""
    if not isinstance(value, int):
        raise TypeError(value)
    if not 0 <= value <= most:
        raise ValueError(value)
    return value


def _side(value: Any) -> PreviewSide:
    if not LOCK_ID.fullmatch(value["lock_id"]):
        raise ValueError(value["lock_id"])
    return PreviewSide(
        _text(value["environment"]),
        value["lock_id"],
        _optional(value["control"]),
        _optional(value["puppet"]),
    )


def _notice(one: Any) -> Notice:
    line = None if one["line"] is None else _number(one["line"])
    return Notice(_text(one["message"]), _optional(one["path"]), line)


def _warnings(rows: Any) -> Mapping[Notice, int]:
    return {_notice(one): _number(one["nodes"]) for one in rows}


def _change(one: Any) -> CatalogChange:
    parameter, values = _optional(one["parameter"]), (one["old"], one["new"])
    if not parameter and not all(value is None or isinstance(value, dict) for value in values):
        raise ValueError(parameter)  # a whole resource has its parameters
    old, new = (
        None if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False) for value in values
    )
    return CatalogChange(
        ChangeKind(one["change"]),
        _text(one["type"]),
        _text(one["title"]),
        parameter,
        old,
        new,
        Effect(one["effect"]),
        _optional(one["module"]),
        _optional(one["path"]),
        None if one["line"] is None else _number(one["line"]),
        bool(one["secret"]),
    )


def _failure(one: Any) -> SideCause:
    if one["side"] not in {"before", "after", "both"}:
        raise ValueError(one["side"])
    module, hint = _optional(one["module"]), _optional(one["hint"])
    return SideCause(one["side"], Cause(_texts(one["nodes"]), _notice(one), module, hint))
