"""JSON documents (format 1) of comparisons, upgrades, findings, statuses, reasons and identified modules."""

from collections.abc import Iterable
from typing import Any

from pinner.model.comparison import (
    Comparison,
    DataEffect,
    Direction,
    Leg,
    ModuleChange,
    ReleaseNote,
    Step,
    Trailers,
    Upgrade,
)
from pinner.model.errors import Location
from pinner.model.findings import EnvironmentResult, Finding, Totals
from pinner.model.identification import (
    FileDifference,
    Identification,
    Identity,
)
from pinner.model.lock import Commit, ForgePin, GitPin, LockFacts, LockRef, Pin
from pinner.model.module_api import ApiChange
from pinner.model.results import EnvironmentStatus, KeyMeaning, ModuleStatus, Readiness, Reason
from pinner.report.json.encoding import Json


def results_json(results: Iterable[EnvironmentResult]) -> Json:
    """Return what `lock`, `update` and `verify` print."""
    results = tuple(results)
    totals = Totals.of(results)
    return {
        "environments": [
            {
                "name": outcome.environment,
                "lock_id": outcome.after.lock_id if outcome.after else None,
                "written": outcome.is_written,
                "would_write": outcome.would_write,
                "findings": [finding_json(found) for found in outcome.findings],
            }
            for outcome in results
        ],
        "verdict": {
            "environments": totals.environments,
            "errors": totals.errors,
            "warnings": totals.warnings,
            "with_errors": totals.with_errors,
            "undetermined": totals.undetermined,
            "end_of_life": list(totals.ended),
        },
    }


def finding_json(found: Finding) -> Json:
    """Return the JSON value of one finding."""
    return {
        "level": found.level.value,
        "code": found.code,
        "module": found.module,
        "message": found.message,
        "hint": found.hint,
        "path": found.place.path if found.place else None,
        "line": found.place.line if found.place else None,
        "column": found.place.column if found.place else None,
        "places": places_json(found.places),
    }


def statuses_json(results: Iterable[EnvironmentStatus]) -> Json:
    """Return what `status` prints."""
    return {
        "environments": [
            {
                "name": status.name,
                "lock_id": status.lock.lock_id if status.lock else None,
                "release": str(status.release) if status.release else None,
                "end_of_life": status.release.eol if status.release else None,
                "modules": [_status(row) for row in status.modules],
                "unknown": [finding_json(found) for found in status.unknown],
            }
            for status in results
        ]
    }


def _status(row: ModuleStatus) -> Json:
    pin = row.pin if isinstance(row.pin, GitPin) else None
    return {
        "name": row.name,
        "version": row.pin.version,
        "commit": pin.commit if pin else None,
        "ref": pin.ref if pin else None,
        "status": pin.status if pin else None,
        "phase": row.phase,
        "behind": row.behind,
        "ref_now": row.ref_now or (pin.ref if pin else None),
        "release": str(row.release) if row.release else None,
        "end_of_life": row.release.eol if row.release else None,
        "override": row.is_override,
        "until": row.until,
        "fork": row.is_fork,
    }


def comparison_json(result: Comparison) -> Json:
    """Return what `diff` prints."""
    return {
        "from": _side(result.before),
        "to": _side(result.after),
        "verdict": verdict_json(result.readiness),
        "modules": [_change(change) for change in result.modules],
        "problems": [str(problem) for problem in result.problems],
    }


def _side(side: LockRef) -> Json:
    facts = side.facts or LockFacts()
    return {
        "name": side.label,
        "lock_id": side.lock.lock_id,
        "release": str(facts.release) if facts.release else None,
        "end_of_life": facts.release.eol if facts.release else None,
        "committed_at": facts.committed_at.isoformat() if facts.committed_at else None,
        "description": facts.description,
        "owners": list(facts.owners),
    }


def verdict_json(found: Readiness | None) -> Json | None:
    """Return the numbers of keys and classes by what they require, null if no data were checked."""
    if found is None:
        return None
    return {
        "ready": found.is_ready,
        "required": found.required,
        "ignored": found.ignored,
        "deprecated": found.deprecated,
        "review": found.review,
    }


def places_json(places: Iterable[Location]) -> list[Json]:
    """Return the JSON values of places."""
    return [{"path": place.path, "line": place.line} for place in places]


def _change(change: ModuleChange) -> Json:
    return {
        "name": change.name,
        "change": change.change.value,
        "direction": change.direction,
        "downgrade": change.direction is Direction.DOWN,
        "from": pin_json(change.before),
        "to": pin_json(change.after),
        "ahead": change.ahead,
        "behind": change.behind,
        "also": [{"key": row.key, "from": row.before, "to": row.after} for row in change.pin_changes],
        "formerly": change.formerly,
        "code_from": change.code_from,
        "commits": [_commit(one, change.trailers.get(one.id, Trailers())) for one in change.commits],
        "api": [
            {**_api(row, change.explained.get(row)), "applies": row in change.applying} for row in change.api
        ],
        "notes": [
            {"section": note.section, "text": note.text, "change": note.change.value, "path": note.path}
            for note in change.notes
        ],
        "hiera": [_effect(row) for row in change.hiera],
        "unreadable": [{"path": file.path, "reason": file.reason} for file in change.unreadable],
    }


def _commit(commit: Commit, trailers: Trailers) -> Json:
    return {
        "commit": commit.id,
        "date": commit.committed_at.isoformat(),
        "subject": commit.subject,
        "bugs": list(trailers.bugs),
        "change_id": trailers.change_id,
        "security": trailers.is_security,
        "vulnerabilities": list(trailers.vulnerabilities),
    }


def _api(row: ApiChange, note: ReleaseNote | None) -> Json:
    return {
        "kind": row.kind,
        "definition": row.definition,
        "parameter": row.parameter,
        "severity": row.severity.value,
        "old": row.old,
        "new": row.new,
        "hint": row.hint,
        "announced": row.announced,
        "path": row.path,
        "line": row.line,
        "note": note.text if note else None,
    }


def _effect(row: DataEffect) -> Json:
    return {
        "key": row.key,
        "path": row.place.path,
        "line": row.place.line,
        "effect": row.effect.value,
        "hint": row.hint,
        "replacement": row.replacement,
        "code": row.is_code,
        "missing": row.is_missing,
        "places": places_json(row.places),
    }


def pin_json(value: Pin | None) -> Json | None:
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


def reason_json(result: Reason) -> Json:
    """Return what `why` prints."""
    return {
        "environment": result.environment,
        "module": result.module,
        "rule": result.rule,
        "path": result.place.path if result.place else None,
        "line": result.place.line if result.place else None,
        "inherited": result.is_inherited,
        "pin": pin_json(result.pin),
        "phase": result.phase,
        "required_by": [{"module": row.module, "range": row.range} for row in result.dependents],
        "reason": str(result.reason) if result.reason else None,
        "until": str(result.until) if result.until else None,
        "key": _key(result.key) if result.key else None,
    }


def _key(key: KeyMeaning) -> Json:
    owner, parameter = key.definition, key.parameter
    return {
        "name": key.name,
        "kind": owner.kind.value if owner else None,
        "definition": owner.name if owner else None,
        "parameter": parameter.name if parameter else None,
        "type": parameter.type if parameter else None,
        "default": parameter.default if parameter else None,
        "path": owner.path if owner else None,
        "line": parameter.line if parameter else owner.line if owner else None,
        "unknown": key.unknown,
    }


def identification_json(found: Identification) -> dict[str, Any]:
    """Return the JSON value of a directory's modules; `identity` is null if a module resembles no commit."""
    return {
        "modules": [
            {
                "directory": one.directory,
                "path": one.path,
                "match": one.match.value,
                "identity": _identity(one.identity) if one.identity else None,
                "claims": {"name": one.metadata.name, "version": one.metadata.version},
                "repositories": list(one.homes),
                "unread": [{"path": flaw.path, "reason": flaw.reason} for flaw in one.unread],
                "unasked": [{"message": problem.message, "hint": problem.hint} for problem in one.unasked],
            }
            for one in found.modules
        ],
        "others": list(found.others),
    }


def _identity(identity: Identity) -> dict[str, Any]:
    claim, differences = identity.claim, identity.differences
    return {
        "git": identity.git,
        "commit": identity.commit,
        "ref": identity.ref,
        "alike": list(identity.alike),
        "branches": list(identity.branches),
        "version": identity.version,
        "elsewhere": list(identity.elsewhere),
        "wrong_claim": claim
        and {"version": claim.claimed, "tag": claim.tag, "ahead": claim.ahead, "behind": claim.behind},
        "differences": {
            "changed": _files(differences.changed),
            "only_here": _files(differences.extra),
            "only_there": _files(differences.lacking),
            "dropped": list(differences.dropped),
            "left_by_tools": list(differences.left),
            "line_ends": list(differences.line_ends),
            "modes": list(differences.modes),
        },
    }


def _files(files: Iterable[FileDifference]) -> list[dict[str, Any]]:
    return [{"path": one.path, "added": one.added, "removed": one.removed} for one in files]


def plan_json(result: Upgrade) -> Json:
    """Return what `upgrade` prints.

    It has the keys of `diff` for the whole upgrade, the plan, and each leg if requested.
    """
    milestones = [
        {
            "definition": definition,
            "parameter": parameter,
            "deprecated": str(milestone.deprecated) if milestone.deprecated else None,
            "removed": str(milestone.removed) if milestone.removed else None,
            "text": str(milestone),
        }
        for (definition, parameter), milestone in result.whole.when.items()
    ]
    return {**_leg(result.whole), "milestones": milestones, "legs": [_leg(leg) for leg in result.legs]}


def _leg(leg: Leg) -> Json:
    return {
        **comparison_json(leg.comparison),
        "verdict": verdict_json(leg.readiness),
        "release": {"from": str(leg.start), "to": str(leg.target)},
        "plan": [_step(step) for step in leg.plan],
        "findings": [finding_json(one) for one in (*leg.failures, *leg.findings)],
        "lockable": leg.is_sound,
    }


def _step(step: Step) -> Json:
    return {
        "stage": step.stage,
        "kind": step.kind,
        "module": step.module,
        "text": step.text,
        "path": step.place.path if step.place else None,
        "line": step.place.line if step.place else None,
        "also": places_json(step.also),
        "missing": step.is_missing,
        "key": step.key,
        "old": step.edit.old if step.edit else None,
        "new": step.edit.new if step.edit else None,
        "hint": step.hint,
    }
