"""Text and JSON of what `find` and `bisect` find."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pinner.model.lock import BRANCH, TAG, short_name
from pinner.model.results import (
    Bisection,
    How,
    Missing,
    PinChange,
    Run,
    Search,
    SearchPlan,
    Sighting,
    State,
)
from pinner.model.text import SHORT, one_line
from pinner.report.json.document import pin_json
from pinner.report.words import count, describe_pin

FIXES = 30
_HOW = {
    How.COMMIT: "",
    How.CHANGE: "",
    How.CLOSES: "",
    How.PARTIAL: ", part of it",
    How.RELATED: ", only related",
}


def search_text(found: Search) -> Iterator[str]:
    """Yield the commits found with the refs that contain them, then which environments have them."""
    words = " or ".join(map(str, found.queries))
    for commit in found.commits:
        yield f"{commit.hit.commit[:SHORT]} {commit.hit.subject}{_HOW[commit.hit.how]}"
        # All branches that have the commit, and its first release, or else its first tag.
        tags = [short_name(ref) for ref in commit.refs if ref.startswith(TAG)]
        first = [f"first in {commit.first_release}"] if commit.first_release else tags[:1]
        refs = [*(short_name(ref) for ref in commit.refs if ref.startswith(BRANCH)), *first]
        yield f"  {commit.hit.committed_at:%Y-%m-%d}, {commit.git}: {', '.join(refs) or 'on no branch or tag'}"
    yield from (f"{sight.environment}: {_sight(sight)}" for sight in found.sights)
    yield from (f"{name}: no lock yet" for name in found.unlocked)
    if not found.commits:
        yield f"{words}: not found in any repository searched"
    having = {sight.environment for sight in found.sights if sight.is_in}
    yield f"{words}: in {len(having)} of {count(len(found.environments), 'environment')}"


def _sight(sight: Sighting) -> str:
    pin = f"{sight.pin.module} {describe_pin(sight.pin)}"
    reverted = {row.commit: row.by for row in sight.undone}
    if sight.is_in:
        names = [hit.commit[:SHORT] for hit in sight.has if hit.is_it and hit.commit not in reverted]
        return f"{pin} has it as {' and '.join(names)}"
    if reverted:
        why = ", ".join(f"{commit[:SHORT]} was reverted by {by[:SHORT]}" for commit, by in reverted.items())
        return f"{pin} no longer has it: {why}"
    if sight.update_brings:
        update = f"pinner update {sight.environment} -m {sight.pin.module}"
        return f"{pin} does not have it yet: '{update}' brings it"
    return f"{pin} does not have it"


def search_json(found: Search) -> dict[str, Any]:
    """Return the JSON value of a search."""
    return {
        "queries": [{"kind": query.kind.value, "value": query.value} for query in found.queries],
        "commits": [
            {
                "commit": row.hit.commit,
                "subject": row.hit.subject,
                "committed_at": row.hit.committed_at.isoformat(),
                "change_id": row.hit.change_id,
                "how": row.hit.how.value,
                "git": row.git,
                "refs": list(row.refs),
            }
            for row in found.commits
        ],
        "environments": [
            {
                "name": name,
                "locked": name not in found.unlocked,
                "contains": any(sight.is_in for sight in found.sights if sight.environment == name),
                "modules": [_sight_json(sight) for sight in found.sights if sight.environment == name],
            }
            for name in found.environments
        ],
        "unknown": [
            {"code": flaw.code, "module": flaw.module, "message": flaw.message, "hint": flaw.hint}
            for flaw in found.unknown
        ],
    }


def _sight_json(sight: Sighting) -> dict[str, Any]:
    return {
        "name": sight.pin.module,
        "pinned": sight.pin.commit,
        "ref": sight.pin.ref,
        "contains": sight.is_in,
        "commits": [hit.commit for hit in sight.has],
        "reverted": [{"commit": row.commit, "by": row.by} for row in sight.undone],
        "update_brings": sight.update_brings,
    }


def missing_text(missing: Missing, *, shows_all: bool) -> Iterator[str]:
    """Yield the fixes that the pin lacks, security fixes first; with `shows_all`, every change."""
    pin = missing.pin
    fixes = [change for change in missing.changes if change.is_fix]
    pinned = f"{pin.module} in {missing.environment} is pinned at {describe_pin(pin)}"
    changes, among = count(len(missing.changes), "more change"), count(len(fixes), "fix", "fixes")
    yield f"{pinned}; {missing.branch} has {changes}, {among} among them"
    shown = missing.changes if shows_all else fixes[:FIXES]
    for change in shown:
        bugs = [bug if bug.startswith("rhbz") else f"bug {bug}" for bug in change.bugs]
        marks = ", ".join([*(["security"] if change.is_security else []), *bugs])
        star = "*" if change.state is State.WAITING else " "
        day = f"{change.committed_at:%Y-%m-%d}"
        yield f"  {star} {change.commit[:SHORT]} {day} {change.subject}{f' ({marks})' if marks else ''}"
    left = len(missing.changes) - len(shown)
    if left:
        yield f"  … {count(left, 'more change')} (--all shows them)"
    waiting = sum(change.state is State.WAITING for change in shown)
    if waiting:
        ref = short_name(pin.ref) if pin.ref else "the branch"
        are, them = ("is", "it") if waiting == 1 else ("are", "them")
        yield f"  * {are} on {ref}: 'pinner update {missing.environment} -m {pin.module}' brings {them}"


def missing_json(missing: Missing) -> dict[str, Any]:
    """Return the JSON value of the changes that a pin lacks."""
    return {
        "environment": missing.environment,
        "module": missing.pin.module,
        "pinned": missing.pin.commit,
        "ref": missing.pin.ref,
        "branch": missing.branch,
        "changes": [
            {
                "commit": change.commit,
                "subject": change.subject,
                "committed_at": change.committed_at.isoformat(),
                "change_id": change.change_id,
                "bugs": list(change.bugs),
                "security": change.is_security,
                "fix": change.is_fix,
                "state": change.state.value,
            }
            for change in missing.changes
        ],
    }


LONGEST_SUBJECT = 200


def run_line(made: Run) -> str:
    """Return the line of one run."""
    return f"run {made.number}: {made.tried}: {made.verdict.value}"


def bisection_lines(result: Bisection) -> Iterator[str]:
    """Yield the lines of the result; the number of runs comes last."""
    if result.wrong_end:
        state = "good" if result.wrong_end is result.good else "bad"
        yield f"{result.wrong_end.label} is not {state}: there is nothing to search"
    elif len(result.suspects) > 1:
        yield f"one of {count(len(result.suspects), 'module')} broke it; the runs between them were skipped:"
        yield from (f"  {_pin_change(change)}" for change in result.suspects)
    else:
        yield from _suspect(result)
    yield count(len(result.runs), "run")


def _suspect(result: Bisection) -> Iterator[str]:
    """Yield the lines of the one module that broke it, and of its commits."""
    yield f"{result.suspects[0].module} broke it"
    yield f"  {_pin_change(result.suspects[0])}"
    if result.together:
        perhaps = "" if result.is_proved else "perhaps "
        yield f"  {perhaps}only together with {', '.join(change.module for change in result.together)}"
    if not result.is_proved:
        yield "  whether fewer changes suffice could not be determined: a run was skipped"
    if len(result.commits) > 1:
        yield f"  one of {count(len(result.commits), 'commit')}; the runs between them were skipped:"
    fix = f" ({result.bad.label} lacks this commit, which fixed it)" if result.is_fix else ""
    for commit in result.commits:
        yield f"  commit {commit.id}{fix}"
        yield f"    {commit.committed_at:%Y-%m-%d} {one_line(commit.subject)[:LONGEST_SUBJECT]}"
    if result.remark:
        yield f"  {result.remark}"


def _pin_change(change: PinChange) -> str:
    before = describe_pin(change.before) if change.before else "absent"
    after = describe_pin(change.after) if change.after else "absent"
    return f"{change.module}: {before} -> {after}"


def bisection_json(result: Bisection) -> Mapping[str, Any]:
    """Return what `bisect --format json` prints."""
    return {
        "good": {"name": result.good.label, "lock_id": result.good.lock.lock_id},
        "bad": {"name": result.bad.label, "lock_id": result.bad.lock.lock_id},
        "found": result.is_found,
        "wrong_end": result.wrong_end.label if result.wrong_end else None,
        "modules": _changes(result.suspects),
        "together_with": _changes(result.together),
        "proved": result.is_proved,
        "commits": [
            {"id": commit.id, "committed_at": commit.committed_at.isoformat(), "subject": commit.subject}
            for commit in result.commits
        ],
        "mended_by_commit": result.is_fix,
        "remark": result.remark,
        "runs": [
            {"number": made.number, "tried": made.tried, "verdict": made.verdict.value}
            for made in result.runs
        ],
    }


def _changes(changes: Iterable[PinChange]) -> list[Mapping[str, Any]]:
    return [
        {"name": change.module, "from": pin_json(change.before), "to": pin_json(change.after)}
        for change in changes
    ]


def search_plan_lines(plan: SearchPlan) -> Iterator[str]:
    """Yield the lines of a plan: how many runs are needed at most, and what for."""
    yield f"at most {count(plan.runs, 'run')}; more if the command skips runs or several modules break it together"
    yield f"  {plan.ends} to check both ends"
    yield f"  {plan.modules} to find one of {count(plan.changed, 'changed module')}"
    yield f"  {plan.proof} to check that it breaks without any other change"
    if plan.module:
        yield f"  {plan.commits} to find its commit (most in {plan.module})"


def search_plan_json(plan: SearchPlan) -> Mapping[str, Any]:
    """Return what `bisect --dry-run --format json` prints."""
    parts = {"ends": plan.ends, "modules": plan.modules, "proof": plan.proof, "commits": plan.commits}
    return {"runs": plan.runs, "changed_modules": plan.changed, **parts}
