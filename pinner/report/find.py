"""What `find` prints: as text, and as the value that JSON is made of."""

from collections.abc import Iterable, Iterator
from typing import Any

from pinner.operations.find.matching import Hit, How
from pinner.operations.find.missing import Absent, Missing, State
from pinner.operations.find.search import FoundCommit, Search, Sight
from pinner.report.counts import count
from pinner.report.pins import SHORT, describe
from pinner.words.refs import BRANCH, TAG, short_name

FIXES = 30
_HOW = {
    How.COMMIT: "",
    How.CHANGE: "",
    How.CLOSES: "",
    How.PARTIAL: ", a part of it",
    How.RELATED: ", only related",
}


def as_text(found: Search) -> Iterator[str]:
    """Yield the commits that were found with the refs that have them, then environment by environment who has it."""
    words = " or ".join(map(str, found.queries))
    for commit in found.commits:
        yield f"{commit.hit.commit[:SHORT]} {commit.hit.subject}{_HOW[commit.hit.how]}"
        yield f"  {commit.hit.committed_at:%Y-%m-%d}, {commit.git}: {_refs(commit)}"
    yield from (f"{sight.environment}: {_sight(sight)}" for sight in found.sights)
    yield from (f"{name}: no lock yet" for name in found.unlocked)
    if not found.commits:
        yield f"{words}: is in no repository that was looked into"
    having = {sight.environment for sight in found.sights if sight.is_in}
    yield f"{words}: in {len(having)} of {count(len(found.environments), 'environment')}"


def _refs(commit: FoundCommit) -> str:
    """Name all branches and the first release that have it."""
    branches = [short_name(ref) for ref in commit.refs if ref.startswith(BRANCH)]
    tags = [short_name(ref) for ref in commit.refs if ref.startswith(TAG)]
    first = [f"first in {commit.first_release}"] if commit.first_release else tags[:1]
    return ", ".join([*branches, *first]) or "on no branch or tag"


def _sight(sight: Sight) -> str:
    pin = f"{sight.pin.module} {describe(sight.pin)}"
    undone = {row.commit: row.by for row in sight.undone}
    if sight.is_in:
        names = [hit.commit[:SHORT] for hit in sight.has if hit.is_it and hit.commit not in undone]
        return f"{pin} has it as {' and '.join(names)}"
    if undone:
        why = ", ".join(f"{commit[:SHORT]} was reverted by {by[:SHORT]}" for commit, by in undone.items())
        return f"{pin} has it no more: {why}"
    if sight.update_brings:
        return (
            f"{pin} does not have it yet: 'pinner update {sight.environment} -m {sight.pin.module}' brings it"
        )
    return f"{pin} does not have it"


def as_value(found: Search) -> dict[str, Any]:
    """Return what JSON says of a search."""
    return {
        "queries": [{"kind": query.kind.value, "value": query.value} for query in found.queries],
        "commits": [
            {**_hit(commit.hit), "git": commit.git, "refs": list(commit.refs)} for commit in found.commits
        ],
        "environments": [
            {
                "name": name,
                "locked": name not in found.unlocked,
                "contains": any(sight.is_in for sight in found.sights if sight.environment == name),
                "modules": [_seen(sight) for sight in found.sights if sight.environment == name],
            }
            for name in found.environments
        ],
        "unknown": [
            {"code": flaw.code, "module": flaw.module, "message": flaw.message, "hint": flaw.hint}
            for flaw in found.unknown
        ],
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "commit": hit.commit,
        "subject": hit.subject,
        "committed_at": hit.committed_at.isoformat(),
        "change_id": hit.change_id,
        "how": hit.how.value,
    }


def _seen(sight: Sight) -> dict[str, Any]:
    return {
        "name": sight.pin.module,
        "pinned": sight.pin.commit,
        "ref": sight.pin.ref,
        "contains": sight.is_in,
        "commits": [hit.commit for hit in sight.has],
        "reverted": [{"commit": row.commit, "by": row.by} for row in sight.undone],
        "update_brings": sight.update_brings,
    }


def missing_as_text(missing: Missing, *, shows_all: bool) -> Iterator[str]:
    """Yield the fixes that the pin lacks, holes first; `shows_all` yields every change."""
    pin = missing.pin
    fixes = [change for change in missing.changes if change.is_fix]
    yield (
        f"{pin.module} in {missing.environment} is pinned at {describe(pin)}; {missing.branch} has "
        f"{count(len(missing.changes), 'change')} more, {len(fixes)} of them {'a fix' if len(fixes) == 1 else 'fixes'}"
    )
    shown = missing.changes if shows_all else fixes[:FIXES]
    yield from (f"  {_change(change)}" for change in shown)
    left = len(missing.changes) - len(shown)
    if left:
        yield f"  … {count(left, 'more change')} (--all shows them)"
    waiting = sum(change.state is State.WAITING for change in shown)
    if waiting:
        ref = short_name(pin.ref) if pin.ref else "the branch"
        brings = (
            f"'pinner update {missing.environment} -m {pin.module}' brings {'it' if waiting == 1 else 'them'}"
        )
        yield f"  * {'is' if waiting == 1 else 'are'} on {ref} by now: {brings}"


def _change(change: Absent) -> str:
    star = "*" if change.state is State.WAITING else " "
    marks = [*(["security"] if change.is_security else []), *_bugs(change.bugs)]
    told = f" ({', '.join(marks)})" if marks else ""
    return f"{star} {change.commit[:SHORT]} {change.committed_at:%Y-%m-%d} {change.subject}{told}"


def _bugs(bugs: Iterable[str]) -> Iterator[str]:
    return (bug if bug.startswith("rhbz") else f"bug {bug}" for bug in bugs)


def missing_as_value(missing: Missing) -> dict[str, Any]:
    """Return what JSON says of what is missing."""
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
