"""What `publish` did, or would do: as text, and as the JSON that scripts read."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pinner.operations.publish.comparing import FileChange
from pinner.operations.publish.publish import BranchResult, Publication
from pinner.report.counts import count
from pinner.report.differences import unified
from pinner.report.pins import SHORT
from pinner.report.visible import one_line, visible

MOST_LINES = 60
"""Lines of the difference of one file that a dry run shows."""


def as_text(result: Publication) -> Iterator[str]:
    """Yield the lines: each branch with its files, what it comes to last."""
    changed = [branch for branch in result.branches if branch.plan.changes]
    for branch in result.branches:
        yield _headline(branch)
        for change in branch.plan.changes:
            yield f"  {change.kind:7} {one_line(change.path)}"
        if result.is_dry_run:
            yield from _preview(branch)
    moved = f"{len(changed)} of {count(len(result.branches), 'branch', 'branches')}"
    yield f"{'would publish' if result.is_dry_run else 'published'} {moved} to {result.url}"


def _headline(result: BranchResult) -> str:
    branch, tip = result.plan.branch, result.plan.standing.tip
    held = branch.lock_ids[0] if len(branch.lock_ids) == 1 else count(len(branch.lock_ids), "environment")
    if not result.plan.changes:
        return f"{branch.name} ({held}): unchanged at {tip[:SHORT] if tip else 'nothing'}"
    files = count(len(result.plan.changes), "file")
    commit = f"commit {result.commit[:SHORT]}" if result.commit else "a commit"
    return f"{branch.name} ({held}): {commit} {f'on {tip[:SHORT]}' if tip else 'on a new branch'}, {files}"


def _preview(branch: BranchResult) -> Iterator[str]:
    if branch.message is None:
        return
    yield ""
    yield from (f"    {line}".rstrip() for line in branch.message.splitlines())
    for change in branch.plan.changes:
        yield ""
        yield from _difference(change, branch)
    yield ""


def _difference(change: FileChange, branch: BranchResult) -> Iterator[str]:
    after = change.after.content if change.after else b""
    lines = list(unified(one_line(change.path), branch.before.get(change.path, b""), after))
    if not lines:
        yield f"    {one_line(change.path)}: only its mode changes"
    yield from (f"    {visible(line)}".rstrip() for line in islice(lines, MOST_LINES))
    if len(lines) > MOST_LINES:
        yield f"    … {count(len(lines) - MOST_LINES, 'more line')}"


def as_json(result: Publication) -> dict[str, Any]:
    """Return what `publish --format json` prints."""
    return {
        "control_repo": result.url,
        "dry_run": result.is_dry_run,
        "branches": [_branch(branch) for branch in result.branches],
        "notes": [str(note) for note in result.notes],
    }


def _branch(result: BranchResult) -> dict[str, Any]:
    branch = result.plan.branch
    return {
        "name": branch.name,
        "commit": result.commit,
        "parent": result.plan.standing.tip if result.plan.changes else None,
        "changed": bool(result.plan.changes),
        "environments": list(branch.environments),
        "lock_ids": list(branch.lock_ids),
        "files": [{"path": change.path, "change": change.kind.value} for change in result.plan.changes],
        "message": result.message,
    }
