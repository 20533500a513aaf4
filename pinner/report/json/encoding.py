"""The form of every JSON document that pinner prints (its format number, an encoding that is safe to show), and that of `id`."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pinner.model.identification import LockOrigins

FORMAT = 1
"""The value of `format` in every document; keys may be added without a new number."""

Json = Mapping[str, Any]
"""A JSON object."""


def dump(value: Json) -> str:
    """Return a JSON document as text, its format number first, in ASCII, which every stream can encode."""
    return encode({"format": FORMAT, **value})


def encode(value: Json) -> str:
    """Return a value's JSON text, with ASCII's control characters escaped so that no terminal obeys them."""
    return json.dumps(value, indent=2).replace("\x7f", "\\u007f")


def lock_ids_json(rows: Iterable[tuple[str, str | None]]) -> Json:
    """Return what `id` prints."""
    return {"environments": [{"name": name, "lock_id": lock_id} for name, lock_id in rows]}


def origins_json(result: "LockOrigins") -> Json:
    """Return the same values for scripts; `commit` is null for the lock that is currently on disk."""
    run = result.run
    return {
        "report": {
            "version": run.version,
            "environment": run.environment,
            "host": run.host,
            "time": run.time,
        },
        "locks": [
            {
                "environment": origin.environment,
                "commit": origin.commit,
                "committed_at": origin.committed_at.isoformat() if origin.committed_at else None,
            }
            for origin in result.found
        ],
        "current": result.now,
        "gap": result.gap,
    }
