"""Which locks a publication changes, and which modules with them."""

from collections.abc import Iterable, Mapping

from pinner.operations.publish.comparing import Plan
from pinner.operations.publish.held import Held, find_locks, modules_in, modules_of
from pinner.operations.publish.message import LockChange
from pinner.operations.workspace import Workspace
from pinner.words.pins import Lock


def lock_changes(workspace: Workspace, plans: Iterable[Plan]) -> Mapping[str, tuple[LockChange, ...]]:
    """Return branch to the environments on it whose lock is another than the one that was published."""
    changing = [plan for plan in plans if plan.changes]
    locks = workspace.locks(tuple(name for plan in changing for name in plan.branch.environments))
    now = {lock.environment: lock for lock in locks.values() if lock}
    old_ids = {old for plan in changing for old in plan.standing.lock_ids.values()}
    known = {lock.lock_id: lock for lock in now.values()}
    known |= find_locks(workspace, old_ids - known.keys())
    return {plan.branch.name: tuple(_changes(plan, now, known)) for plan in changing}


def _changes(plan: Plan, now: Mapping[str, Lock], known: Mapping[str, Lock]) -> Iterable[LockChange]:
    published = plan.standing.lock_ids
    for environment, lock_id in zip(plan.branch.environments, plan.branch.lock_ids, strict=True):
        old = published.get(environment)
        if old != lock_id:
            before = _modules(old, plan, environment, known)
            yield LockChange(environment, old, lock_id, before, modules_of(now[environment]))


def _modules(old: str | None, plan: Plan, environment: str, known: Mapping[str, Lock]) -> Mapping[str, Held]:
    if old is None:
        return {}
    return (
        modules_of(known[old]) if old in known else modules_in(plan.standing.puppetfile_of(environment) or "")
    )
