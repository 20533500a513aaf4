"""Text and JSON of the commands that write files for servers: `deploy`, `bundle`, `publish`, `generate`, `init`, `import`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pinner.model.control import BranchResult, FileState, Publication
from pinner.model.deployment import (
    Action,
    Bundle,
    Cleaning,
    Deployment,
    EnvironmentDeployment,
    ServerComparison,
    ServerState,
    Version,
    VersionList,
)
from pinner.model.text import SHORT, one_line, visible
from pinner.report.json.document import finding_json
from pinner.report.text.findings import finding_lines
from pinner.report.words import count, file_diff

_KILO = 1000
MOST_MODULES = 40


def deployment_text(result: Deployment) -> Iterator[str]:
    """Yield the lines: each environment with its changes and findings, then the totals and the notes."""
    for one in result.environments:
        yield f"{one.environment}: {_state(one, is_dry_run=result.is_dry_run)}"
        yield from (f"  {line}" for line in _module_lines(one))
        yield from (f"  {line}" for line in finding_lines(one.findings))
    yield from (
        f"{one.environment}: cache emptied on {one.url}" for one in result.flushes if one.problem is None
    )
    counts = [(action, sum(one.action is action for one in result.environments)) for action in Action]
    totals = ", ".join(f"{number} {_WORDS[action]}" for action, number in counts if number)
    environments = count(len(result.environments), "environment")
    done = f"compared {environments} with" if result.is_dry_run else f"deployed {environments} to"
    if any(one.action is Action.PREPARED for one in result.environments):
        done = f"prepared {environments} in"
    yield f"{done} {result.directory}: {totals}"


_WORDS: Mapping[Action, str] = {
    Action.UNCHANGED: "up to date",
    Action.SWITCHED: "switched",
    Action.REPAIRED: "repaired",
    Action.ROLLED_BACK: "rolled back",
    Action.PREPARED: "prepared",
    Action.PENDING: "to be switched",
}


def _state(one: EnvironmentDeployment, *, is_dry_run: bool) -> str:
    lock_id, previous = one.version.lock_id, one.previous
    if one.action is Action.UNCHANGED:
        return f"{lock_id}, up to date"
    added = f", {count(one.added, 'tree')} of {_bytes(one.added_bytes)}" if one.added else ""
    if one.action is Action.REPAIRED or (previous and previous.id == one.version.id):
        return f"{lock_id}, {'would be repaired' if is_dry_run else 'repaired'}: {one.reason}{added}"
    moved = f"{previous.lock_id} -> {lock_id}" if previous and previous.lock_id != lock_id else lock_id
    if one.action is Action.ROLLED_BACK:
        return f"{moved}, rolled back"
    control = ""
    if one.version.control and (previous is None or previous.control != one.version.control):
        control = f", control repository at {one.version.control[:SHORT]}"
    if one.action is Action.PREPARED:
        return f"{moved}, prepared {one.version.id}{control}{added}"
    return f"{moved}, {'would be switched' if is_dry_run else 'switched'}{control}{added}"


def _module_lines(one: EnvironmentDeployment) -> Iterator[str]:
    """Yield a line for each module that was added (+), removed (-) or moved (~), if something else was served."""
    if one.previous is None:
        return
    rows = list(module_changes(one.previous, one.version))
    for name, old, new in rows[:MOST_MODULES]:
        if old is None:
            yield f"+ {name} {new}"
        elif new is None:
            yield f"- {name} {old}"
        else:
            yield f"~ {name} {old} -> {new}"
    if len(rows) > MOST_MODULES:
        yield f"… {count(len(rows) - MOST_MODULES, 'more module')}"


def module_changes(before: Version, after: Version) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each module that differs between two versions of an environment, with what it was and is."""
    for name in sorted(before.modules.keys() | after.modules.keys()):
        old, new = before.modules.get(name), after.modules.get(name)
        if old != new:
            yield name, old, new


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("bytes", "kB", "MB"):
        if size < _KILO:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _KILO
    return f"{size:.1f} GB"


def deployment_json(result: Deployment) -> dict[str, Any]:
    """Return what `deploy --format json` prints."""
    return {
        "directory": result.directory,
        "dry_run": result.is_dry_run,
        "environments": [_environment_json(one) for one in result.environments],
        "flushes": [
            {
                "url": one.url,
                "environment": one.environment,
                "problem": str(one.problem) if one.problem else None,
            }
            for one in result.flushes
        ],
        "notes": [str(note) for note in result.notes],
    }


def _environment_json(one: EnvironmentDeployment) -> dict[str, Any]:
    previous = one.previous
    changes = module_changes(previous, one.version) if previous else ()
    return {
        "name": one.environment,
        "lock_id": one.version.lock_id,
        "switched": one.action is Action.SWITCHED,
        "from": previous.lock_id if previous else None,
        "directory": one.directory,
        "action": one.action.value,
        "version": one.version.id,
        "from_version": previous.id if previous else None,
        "control": one.version.control,
        "reason": one.reason,
        "modules": [{"name": name, "from": old, "to": new} for name, old, new in changes],
        "trees_added": one.added,
        "bytes_added": one.added_bytes,
        "findings": [finding_json(found) for found in one.findings],
    }


def version_list_text(result: VersionList) -> Iterator[str]:
    """Yield the lines of `deploy --list`: each environment with its versions, the current one marked."""
    for environment, rows in result.versions.items():
        yield f"{environment}:"
        for row in rows:
            version = row.version
            control = f", control repository at {version.control[:SHORT]}" if version.control else ""
            served = row.last_served or "never served"
            state = f"served since {served}" if row.is_current else f"last served {served}"
            state = "never served" if row.last_served is None and not row.is_current else state
            state += ", prepared" if row.is_prepared else ""
            mark = "*" if row.is_current else " "
            yield f"{mark} {version.id}  made {version.made_at} by {version.made_by}{control}, {state}"


def version_list_json(result: VersionList) -> dict[str, Any]:
    """Return what `deploy --list --format json` prints."""
    return {
        "directory": result.directory,
        "environments": [
            {
                "name": name,
                "versions": [
                    {
                        **_version_json(row.version),
                        "current": row.is_current,
                        "prepared": row.is_prepared,
                        "last_served": row.last_served,
                    }
                    for row in rows
                ],
            }
            for name, rows in result.versions.items()
        ],
    }


def _version_json(version: Version) -> dict[str, Any]:
    return {
        "version": version.id,
        "lock_id": version.lock_id,
        "made_at": version.made_at,
        "made_by": version.made_by,
        "control": version.control,
        "types": version.types,
        "link": version.link.value,
        "modules": dict(version.modules),
    }


def server_comparison_text(result: ServerComparison) -> Iterator[str]:
    """Yield the lines of `deploy --status`: what each environment's servers serve, then the totals."""
    servers = count(len(result.servers), "server")
    for environment, states in result.environments.items():
        if environment in result.differing:
            yield f"{environment}: the servers differ"
            yield from (f"  {state.server}: {_server_state(state)}" for state in states)
        else:
            yield f"{environment}: {_server_state(states[0])}"
    environments = count(len(result.environments), "environment")
    differing = len(result.differing)
    verdict = f"{differing} {'differs' if differing == 1 else 'differ'}" if differing else "no difference"
    yield f"compared {environments} on {servers}: {verdict}"


def _server_state(state: ServerState) -> str:
    parts = [f"serves {state.current}" if state.current else "serves nothing"]
    parts += [f"prepared {state.prepared}"] if state.prepared else []
    parts += [f"lacks {', '.join(state.lacks)}"] if state.lacks else []
    return ", ".join(parts)


def server_comparison_json(result: ServerComparison) -> dict[str, Any]:
    """Return what `deploy --status --format json` prints; `version` is null if a server serves nothing."""
    return {
        "servers": list(result.servers),
        "environments": [
            {
                "name": name,
                "differs": name in result.differing,
                "servers": [
                    {
                        "server": state.server,
                        "version": state.current,
                        "prepared": state.prepared,
                        "lacks": list(state.lacks),
                    }
                    for state in states
                ],
            }
            for name, states in result.environments.items()
        ],
    }


def cleaning_text(result: Cleaning) -> Iterator[str]:
    """Yield the lines of `deploy --clean`: each removed version, then the totals."""
    yield from (f"removed {one.environment} {one.id}, made {one.made_at}" for one in result.removed)
    versions = f"{count(len(result.removed), 'version')} of {len(result.removed) + result.kept}"
    yield f"removed {versions}, {count(result.trees, 'tree')} of {_bytes(result.freed)}"


def cleaning_json(result: Cleaning) -> dict[str, Any]:
    """Return what `deploy --clean --format json` prints."""
    return {
        "directory": result.directory,
        "removed": [{"environment": one.environment, **_version_json(one)} for one in result.removed],
        "kept": result.kept,
        "trees_removed": result.trees,
        "bytes_freed": result.freed,
    }


def bundle_text(result: Bundle) -> Iterator[str]:
    """Yield the lines of `bundle`: each version, then the file with its SHA-256."""
    yield from (f"{name}: {version}" for name, version in result.versions.items())
    trees = count(result.trees, "tree")
    less = f" ({result.left_out} left out)" if result.left_out else ""
    there = count(len(result.versions), "environment")
    yield f"wrote {result.path}: {there}, {trees}{less}, {_bytes(result.size)}"
    yield f"SHA-256 {result.digest}"


def bundle_json(result: Bundle) -> dict[str, Any]:
    """Return what `bundle --format json` prints."""
    return {
        "path": result.path,
        "environments": [{"name": name, "version": one} for name, one in result.versions.items()],
        "trees": result.trees,
        "trees_left_out": result.left_out,
        "bytes": result.size,
        "sha256": result.digest,
    }


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
