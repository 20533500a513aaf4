"""What `bisect` found, and what it would take, as text and as JSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pinner.operations.bisect.changes import PinChange
from pinner.operations.bisect.planning import Plan
from pinner.operations.bisect.probing import Run
from pinner.operations.bisect.search import Bisection
from pinner.report.as_json import pin
from pinner.report.counts import count
from pinner.report.pins import describe
from pinner.report.visible import one_line

LONGEST_SUBJECT = 200


def run(made: Run) -> str:
    """Return the line that tells one run."""
    return f"run {made.number}: {made.tried}: {made.verdict.value}"


def lines(result: Bisection) -> Iterator[str]:
    """Yield what was found; the number of runs comes last."""
    if result.wrong_end:
        called = "good" if result.wrong_end is result.good else "bad"
        yield f"{result.wrong_end.label} is not {called}: there is nothing to search between the two"
    elif len(result.suspects) > 1:
        yield f"one of {count(len(result.suspects), 'module')} broke it; the runs between them were skipped:"
        yield from (f"  {_moved(change)}" for change in result.suspects)
    else:
        yield from _one(result)
    yield count(len(result.runs), "run")


def _one(result: Bisection) -> Iterator[str]:
    yield f"{result.suspects[0].module} broke it"
    yield f"  {_moved(result.suspects[0])}"
    if result.together:
        how = "only together with" if result.is_proved else "perhaps only together with"
        yield f"  {how} {', '.join(change.module for change in result.together)}"
    if not result.is_proved:
        yield "  that it takes no less could not be shown: a run was skipped"
    yield from (f"  {line}" for line in _commits(result))
    if result.remark:
        yield f"  {result.remark}"


def _commits(result: Bisection) -> Iterator[str]:
    if len(result.commits) > 1:
        yield f"one of {count(len(result.commits), 'commit')}; the runs between them were skipped:"
    lacking = f" ({result.bad.label} lacks this commit, which mended it)" if result.is_mend else ""
    for commit in result.commits:
        yield f"commit {commit.id}{lacking}"
        yield f"  {commit.committed_at:%Y-%m-%d} {one_line(commit.subject)[:LONGEST_SUBJECT]}"


def _moved(change: PinChange) -> str:
    before = describe(change.before) if change.before else "absent"
    after = describe(change.after) if change.after else "absent"
    return f"{change.module}: {before} -> {after}"


def as_value(result: Bisection) -> Mapping[str, Any]:
    """Return what `bisect --format json` prints."""
    return {
        "good": {"name": result.good.label, "lock_id": result.good.lock.lock_id},
        "bad": {"name": result.bad.label, "lock_id": result.bad.lock.lock_id},
        "found": result.is_found,
        "wrong_end": result.wrong_end.label if result.wrong_end else None,
        "modules": _changes(result.suspects),
        "together_with": _changes(result.together),
        "proved": result.is_proved,
        "commits": _commit_values(result),
        "mended_by_commit": result.is_mend,
        "remark": result.remark,
        "runs": [
            {"number": made.number, "tried": made.tried, "verdict": made.verdict.value}
            for made in result.runs
        ],
    }


def _changes(changes: Iterable[PinChange]) -> list[Mapping[str, Any]]:
    return [
        {"name": change.module, "from": pin(change.before), "to": pin(change.after)} for change in changes
    ]


def _commit_values(result: Bisection) -> list[Mapping[str, Any]]:
    return [
        {"id": commit.id, "committed_at": commit.committed_at.isoformat(), "subject": commit.subject}
        for commit in result.commits
    ]


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield how many runs it takes at most, and what for."""
    yield f"at most {count(plan.runs, 'run')}, and more only where the command skips or several modules break it together"
    yield f"  {plan.ends} to look at the ends"
    yield f"  {plan.modules} to find one of {count(plan.changed, 'changed module')}"
    yield f"  {plan.proof} to show that it breaks it alone"
    if plan.module:
        yield f"  {plan.commits} to find its commit (most in {plan.module})"


def plan_value(plan: Plan) -> Mapping[str, Any]:
    """Return what `bisect --dry-run --format json` prints."""
    parts = {"ends": plan.ends, "modules": plan.modules, "proof": plan.proof, "commits": plan.commits}
    return {"runs": plan.runs, "changed_modules": plan.changed, **parts}
