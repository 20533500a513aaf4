"""Results as the JSON that scripts read (format 1): a value of plain dicts and lists, and its text."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pinner.operations.compare import Comparison, ModuleChange
from pinner.operations.lock import Outcome
from pinner.operations.status import EnvironmentStatus
from pinner.operations.why import Reason
from pinner.report.details import details
from pinner.words.findings import Finding
from pinner.words.pins import ForgePin, Pin

FORMAT = 1
Json = Mapping[str, Any]


def dump(value: Json) -> str:
    """Return the text of a JSON document with its format number first, in ASCII: any stream can say that."""
    return encode({"format": FORMAT, **value})


def encode(value: Json) -> str:
    """Return the JSON text of a value; ASCII's own control characters are spelled too, for nothing may be obeyed."""
    return json.dumps(value, indent=2).replace("\x7f", "\\u007f")


def outcomes(results: Iterable[Outcome]) -> Json:
    """Return what `lock`, `update` and `verify` print."""
    return {
        "environments": [
            {
                "name": outcome.environment,
                "lock_id": outcome.after.lock_id if outcome.after else None,
                "written": outcome.is_written,
                "findings": [finding(found) for found in outcome.findings],
            }
            for outcome in results
        ]
    }


def finding(found: Finding) -> Json:
    """Return one finding."""
    return {
        "level": found.level.value,
        "code": found.code,
        "module": found.module,
        "message": found.message,
        "hint": found.hint,
        "path": found.place.path if found.place else None,
        "line": found.place.line if found.place else None,
        "column": found.place.column if found.place else None,
    }


def statuses(results: Iterable[EnvironmentStatus]) -> Json:
    """Return what `status` prints."""
    return {
        "environments": [
            {
                "name": status.name,
                "lock_id": status.lock.lock_id if status.lock else None,
                "modules": [
                    {"name": row.name, **_state(row.pin), "behind": row.behind} for row in status.modules
                ],
                "unknown": [finding(found) for found in status.unknown],
            }
            for status in results
        ]
    }


def _state(pin: Pin) -> Json:
    if isinstance(pin, ForgePin):
        return {"version": pin.version, "commit": None, "ref": None, "status": None}
    return {"version": pin.version, "commit": pin.commit, "ref": pin.ref, "status": pin.status}


def lock_ids(rows: Iterable[tuple[str, str | None]]) -> Json:
    """Return what `id` prints."""
    return {"environments": [{"name": name, "lock_id": lock_id} for name, lock_id in rows]}


def comparison(result: Comparison) -> Json:
    """Return what `diff` prints."""
    return {
        "from": {"name": result.before.label, "lock_id": result.before.lock.lock_id},
        "to": {"name": result.after.label, "lock_id": result.after.lock.lock_id},
        "modules": [_change(change) for change in result.modules],
        "problems": [str(problem) for problem in result.problems],
    }


def _change(change: ModuleChange) -> Json:
    return {
        "name": change.name,
        "change": change.change.value,
        "direction": change.direction,
        "from": pin(change.before),
        "to": pin(change.after),
        "ahead": change.ahead,
        "behind": change.behind,
        "also": [{"key": row.key, "from": row.before, "to": row.after} for row in change.rewordings],
        **details(change),
    }


def pin(value: Pin | None) -> Json | None:
    """Return one pin with the keys it has in a lock."""
    if value is None:
        return None
    if isinstance(value, ForgePin):
        return {"forge": value.forge, "version": value.version, "install_path": value.install_path}
    return {
        "git": value.git,
        "commit": value.commit,
        "ref": value.ref,
        "want": dict(value.want.as_mapping()),
        "status": value.status,
        "name": value.name,
        "version": value.version,
        "dependencies": dict(value.dependencies),
        "install_path": value.install_path,
        "module": value.is_module,
        "required_by": list(value.required_by),
    }


def reason(result: Reason) -> Json:
    """Return what `why` prints."""
    return {
        "environment": result.environment,
        "module": result.module,
        "rule": result.rule,
        "path": result.place.path if result.place else None,
        "line": result.place.line if result.place else None,
        "inherited": result.is_inherited,
        "pin": pin(result.pin),
        "required_by": [{"module": row.module, "range": row.range} for row in result.dependents],
        "reason": str(result.reason) if result.reason else None,
        "until": str(result.until) if result.until else None,
    }
