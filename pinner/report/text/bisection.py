"""Text and JSON of the result of `bisect`, and of the runs that it needs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pinner.model.results import Bisection, PinChange, Run, SearchPlan
from pinner.model.text import one_line
from pinner.report.json.document import pin_json
from pinner.report.words import count, describe_pin

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
