"""Text and JSON of the commands that write files: `publish`, `generate`, `init`, `import`."""

from collections.abc import Iterable, Iterator
from typing import Any

from pinner.model.control import BranchResult, FileState, Publication
from pinner.model.text import one_line, visible
from pinner.report.words import SHORT, count, file_diff

MOST_LINES = 60
"""Maximum lines of one file's diff that a dry run shows."""


def publication_text(result: Publication) -> Iterator[str]:
    """Yield the lines: each branch with its files, then the totals."""
    for branch in result.branches:
        yield _headline(branch)
        for change in branch.changes:
            yield f"  {change.kind:7} {one_line(change.path)}"
        if result.is_dry_run and branch.message is not None:
            yield from _preview(branch, branch.message)
    changed = sum(bool(branch.changes) for branch in result.branches)
    branches = f"{changed} of {count(len(result.branches), 'branch', 'branches')}"
    yield f"{'would publish' if result.is_dry_run else 'published'} {branches} to {result.url}"


def _headline(result: BranchResult) -> str:
    branch, tip = result.branch, result.tip
    content = branch.lock_ids[0] if len(branch.lock_ids) == 1 else count(len(branch.lock_ids), "environment")
    if not result.changes:
        return f"{branch.name} ({content}): unchanged{f' at {tip[:SHORT]}' if tip else ''}"
    files = count(len(result.changes), "file")
    commit = f"commit {result.commit[:SHORT]}" if result.commit else "a commit"
    return f"{branch.name} ({content}): {commit} {f'on {tip[:SHORT]}' if tip else 'on a new branch'}, {files}"


def _preview(branch: BranchResult, message: str) -> Iterator[str]:
    """Yield the commit's message and the diff of each file, indented."""
    yield ""
    yield from (f"    {line}".rstrip() for line in message.splitlines())
    for change in branch.changes:
        yield ""
        after = change.after.content if change.after else b""
        lines = list(file_diff(one_line(change.path), branch.before.get(change.path, b""), after))
        if not lines:
            yield f"    {one_line(change.path)}: only its mode changes"
        yield from (f"    {visible(line)}".rstrip() for line in lines[:MOST_LINES])
        if len(lines) > MOST_LINES:
            yield f"    … {count(len(lines) - MOST_LINES, 'more line')}"
    yield ""


def publication_json(result: Publication) -> dict[str, Any]:
    """Return what `publish --format json` prints."""
    return {
        "control_repo": result.url,
        "dry_run": result.is_dry_run,
        "branches": [
            {
                "name": one.branch.name,
                "commit": one.commit,
                "parent": one.tip if one.changes else None,
                "changed": bool(one.changes),
                "environments": list(one.branch.environments),
                "lock_ids": list(one.branch.lock_ids),
                "files": [{"path": change.path, "change": change.kind.value} for change in one.changes],
                "message": one.message,
            }
            for one in result.branches
        ],
        "notes": [str(note) for note in result.notes],
    }


def files_text(files: Iterable[FileState], *, only_checks: bool = False) -> Iterator[str]:
    """Yield the lines of `generate` and `init`; those of a check name only the files that are out of date."""
    for file in files:
        if not only_checks:
            yield f"{'unchanged' if file.is_current else 'wrote'} {file.path}"
        elif not file.is_current:
            yield f"{file.path} is not current: run 'pinner generate'"


def files_json(files: Iterable[FileState]) -> dict[str, Any]:
    """Return what `generate`, `init` and `import` print; `current` is whether the file was right before the run."""
    return {"files": [{"path": file.path, "current": file.is_current} for file in files]}
