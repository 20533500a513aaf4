"""The value that the JSON of `identify` is made of."""

from typing import Any

from pinner.operations.identify.claims import Claim
from pinner.operations.identify.differences import Difference, Differences
from pinner.operations.identify.identify import Identification, Identified, Identity


def as_value(found: Identification) -> dict[str, Any]:
    """Return what JSON says of the modules of a directory; of one that nothing is like, `identity` is null."""
    return {"modules": [_module(one) for one in found.modules], "others": list(found.others)}


def _module(one: Identified) -> dict[str, Any]:
    return {
        "directory": one.module.directory,
        "path": str(one.module.path),
        "match": one.match.value,
        "identity": _identity(one.identity) if one.identity else None,
        "claims": {"name": one.module.metadata.name, "version": one.module.metadata.version},
        "repositories": list(one.homes),
        "unread": [{"path": flaw.path, "reason": flaw.reason} for flaw in one.module.unread],
        "unasked": [{"message": problem.message, "hint": problem.hint} for problem in one.unasked],
    }


def _identity(identity: Identity) -> dict[str, Any]:
    return {
        "git": identity.git,
        "commit": identity.commit,
        "ref": identity.ref,
        "alike": list(identity.alike),
        "branches": list(identity.branches),
        "version": identity.version,
        "elsewhere": list(identity.elsewhere),
        "wrong_claim": _claim(identity.claim) if identity.claim else None,
        "differences": _differences(identity.differences),
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {"version": claim.claimed, "tag": claim.tag, "ahead": claim.ahead, "behind": claim.behind}


def _differences(differences: Differences) -> dict[str, Any]:
    return {
        "changed": [_file(one) for one in differences.changed],
        "only_here": [_file(one) for one in differences.extra],
        "only_there": [_file(one) for one in differences.lacking],
        "dropped": list(differences.dropped),
        "left_by_tools": list(differences.left),
        "line_ends": list(differences.line_ends),
        "modes": list(differences.modes),
    }


def _file(one: Difference) -> dict[str, Any]:
    return {"path": one.path, "added": one.added, "removed": one.removed}
