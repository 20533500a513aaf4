"""JSON documents of `identify` and `upgrade`."""

from collections.abc import Iterable
from typing import Any

from pinner.model.comparison import Leg, Step, Upgrade
from pinner.model.identification import (
    FileDifference,
    Identification,
    Identified,
    Identity,
)
from pinner.report.json.document import comparison_json, finding_json, places_json, verdict_json
from pinner.report.json.encoding import Json


def identification_json(found: Identification) -> dict[str, Any]:
    """Return the JSON value of a directory's modules; `identity` is null if a module resembles no commit."""
    return {"modules": [_module(one) for one in found.modules], "others": list(found.others)}


def _module(one: Identified) -> dict[str, Any]:
    return {
        "directory": one.directory,
        "path": one.path,
        "match": one.match.value,
        "identity": _identity(one.identity) if one.identity else None,
        "claims": {"name": one.metadata.name, "version": one.metadata.version},
        "repositories": list(one.homes),
        "unread": [{"path": flaw.path, "reason": flaw.reason} for flaw in one.unread],
        "unasked": [{"message": problem.message, "hint": problem.hint} for problem in one.unasked],
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
