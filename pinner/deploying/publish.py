"""`pinner publish`: commit the generated files to the branches of the control repository, and push them.

Every value in a commit message is whitelisted and the length is limited, so that text from strangers cannot
add lines to it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pinner.deploying.branch_plan import (
    BranchPlan,
    find_objections,
    may_be_orphans,
    plan_branch,
    report_orphans,
)
from pinner.deploying.branch_state import (
    LONGEST,
    BranchState,
    PreviousLocks,
    find_locks,
    modules_in,
    modules_of,
    read_branch_states,
)
from pinner.deploying.generate import control_branches
from pinner.git.control.repository import (
    TRAILER,
    CommitDraft,
    Committer,
    ControlClone,
    ControlRepository,
    make_commits,
    read_committer,
)
from pinner.git.objects.read import read_blobs
from pinner.git.process.local_repositories import require_own_target
from pinner.git.process.repository import Mirror
from pinner.locking.freshness import check_locks
from pinner.model.control import BranchResult, ControlBranch, FileChange, FileChangeKind, Layout, Publication
from pinner.model.errors import InputError, Problem
from pinner.model.findings import Level
from pinner.model.lock import Refs
from pinner.workspace.workspace import Workspace

LONGEST_SUBJECT = 100
MOST_MODULES = 40
MOST_LINES = 200
MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class LockChange:
    """One environment's lock id before (None: first published) and now, and its modules before and now."""

    environment: str
    old_id: str | None
    new_id: str
    before: Mapping[str, PreviousLocks]
    after: Mapping[str, PreviousLocks]

    @property
    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield a pair for each changed module: added, moved or removed, and its name with its versions."""
        for name in sorted(self.before.keys() | self.after.keys()):
            old, new = self.before.get(name), self.after.get(name)
            if old is None:
                yield "added", f"{name}: {new}"
            elif new is None:
                yield "removed", f"{name}: {old}"
            elif (old.source, old.code) != (new.source, new.code):
                yield "moved", f"{name}: {old} -> {new}"

    def __str__(self) -> str:
        if self.old_id is None:
            return f"{self.environment} {self.new_id}"
        return f"{self.environment} {self.old_id} -> {self.new_id}"


def write_message(plan: BranchPlan, changes: Iterable[LockChange]) -> str:
    """Return the commit message; `changes` are those of the environments whose lock ids differ."""
    changes = tuple(changes)
    body = [line for change in changes for line in ("", *_section(change))]
    body = body or ["", "The modules stay as they are; files about them change."]
    if len(body) > MOST_LINES:
        body = [*body[:MOST_LINES], f"… and {len(body) - MOST_LINES} more lines"]
    rows = zip(plan.branch.environments, plan.branch.lock_ids, strict=True)
    trailers = (f"{TRAILER}: {environment} {lock_id}" for environment, lock_id in rows)
    return "\n".join([_subject(plan, changes), *body, *_removed(plan), "", *trailers]) + "\n"


def _subject(plan: BranchPlan, changes: tuple[LockChange, ...]) -> str:
    counts = Counter(kind for change in changes for kind, _ in change.rows)
    text = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "moved", "removed") if counts[kind])
    what = str(changes[0]) if len(changes) == 1 else ", ".join(change.environment for change in changes)
    what = what or ", ".join(plan.branch.environments)
    line = f"pinner: {what}{f': {text}' if text else ''}"
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def _section(change: LockChange) -> Iterator[str]:
    rows = list(change.rows)
    yield f"{change}{'' if change.old_id else ', first published here'}"
    yield from (f"  {kind:7} {words}" for kind, words in rows[:MOST_MODULES])
    if len(rows) > MOST_MODULES:
        yield f"  … and {len(rows) - MOST_MODULES} more modules"
    if not rows:
        yield "  the same modules at the same commits, in other places"


def _removed(plan: BranchPlan) -> Iterator[str]:
    paths = [change.path for change in plan.changes if change.kind is FileChangeKind.REMOVED]
    if paths:
        yield ""
        yield "Removed, as pinner no longer generates them:"
        yield from (f"  {path!a}" for path in paths[:MOST_FILES])
        if len(paths) > MOST_FILES:
            yield f"  … and {len(paths) - MOST_FILES} more files"


def lock_changes(workspace: Workspace, plans: Iterable[BranchPlan]) -> Mapping[str, tuple[LockChange, ...]]:
    """Return, by branch, the lock changes of its environments whose lock differs from the published one."""
    changing = [plan for plan in plans if plan.changes]
    locks = workspace.locks(tuple(name for plan in changing for name in plan.branch.environments))
    now = {lock.environment: lock for lock in locks.values() if lock}
    old_ids = {old for plan in changing for old in plan.state.lock_ids.values()}
    known = {lock.lock_id: lock for lock in now.values()}
    known |= find_locks(workspace, old_ids - known.keys())
    found: dict[str, tuple[LockChange, ...]] = {}
    for plan in changing:
        changes = []
        for environment, lock_id in zip(plan.branch.environments, plan.branch.lock_ids, strict=True):
            old = plan.state.lock_ids.get(environment)
            if old == lock_id:
                continue
            before: Mapping[str, PreviousLocks] = {}
            if old is not None and old in known:
                before = modules_of(known[old])
            elif old is not None:
                before = modules_in(plan.state.puppetfile_of(environment) or "")
            changes.append(LockChange(environment, old, lock_id, before, modules_of(now[environment])))
        found[plan.branch.name] = tuple(changes)
    return found


# The tips are usually enough; if not, more history is fetched step by step to determine who changed what.
_DEPTHS = (1, 50, 1000, None)


def publish(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    author: str | None = None,
    is_forced: bool = False,
    is_dry_run: bool = False,
) -> Publication:
    """Publish the named environments (none: all) to the control repository in the settings.

    Raises InputError if a lock is missing or stale, or if a file of others would be overwritten, and
    UnknownError if the control repository could not be read or refused the push. Then no branch was updated;
    if the connection was lost, all were updated or none.
    """
    url = workspace.settings.control_repo
    if url is None:
        hint = "write 'control_repo: URL' into pinner.yaml, or give --control-repo URL"
        raise InputError(Problem("no control repository is set", hint=hint))
    settings = workspace.settings
    require_own_target(url, workspace.project.root, named_at=settings.named_at.get("control_repo"))
    findings = (found for outcome in check_locks(workspace, environments) for found in outcome.findings)
    errors = (found for found in findings if found.level is Level.ERROR)
    if problems := [Problem(found.message, found.place, found.hint) for found in errors]:
        raise InputError(problems)
    branches = control_branches(workspace, environments, settings.layout)
    identity = read_committer(workspace.project.root, author=author)
    job = _Job(workspace, branches, identity, not environments, is_forced=is_forced, is_dry_run=is_dry_run)
    return ControlRepository(url, settings).work(job.run)


@dataclass(frozen=True, slots=True)
class _Job:
    """One publication, which may take several rounds.

    `made` are the results of earlier rounds by commit: a push whose answer was lost may have succeeded.
    """

    workspace: Workspace
    branches: tuple[ControlBranch, ...]
    identity: Committer
    is_whole: bool
    is_forced: bool
    is_dry_run: bool
    made: dict[str, BranchResult] = field(default_factory=dict)

    def run(self, clone: ControlClone) -> Publication:
        """Do one round: fetch, plan, commit and push."""
        there = clone.list_branches()
        names = (branch.name for branch in self.branches)
        others = may_be_orphans(there, names) if self.is_whole and self._has_branches else ()
        mirror, plans = self._plan(clone, there, others)
        notes = find_objections(plans, is_forced=self.is_forced)
        results = self._commit(clone, self._with_messages(plans, mirror))
        notes += tuple(report_orphans(mirror, others))
        return Publication(clone.remote.url, results, notes, self.is_dry_run)

    @property
    def _has_branches(self) -> bool:
        """Return whether each environment has a branch of its own."""
        return self.workspace.settings.layout is Layout.BRANCHES

    def _plan(
        self, clone: ControlClone, there: Mapping[str, str], others: tuple[str, ...]
    ) -> tuple[Mirror, tuple[BranchPlan, ...]]:
        """Compare all branches with the control repository, and fetch as much history as that takes."""
        names = [branch.name for branch in self.branches]
        known = [name for name in names if name in there]
        tips = Refs({})
        states: Mapping[str, BranchState] = dict.fromkeys(names, BranchState())
        for depth in _DEPTHS:
            mirror = clone.fetch([*known, *others] if depth == 1 else known, depth=depth)
            if mirror.refs != tips:
                tips, states = mirror.refs, read_branch_states(mirror, names)
            plans = tuple(
                plan_branch(
                    branch,
                    states[branch.name],
                    mirror,
                    boundary=clone.boundary,
                    is_whole=self.is_whole or self._has_branches,
                )
                for branch in self.branches
            )
            if all(plan.is_settled for plan in plans):
                break
        return mirror, plans

    def _with_messages(self, plans: tuple[BranchPlan, ...], mirror: Mirror) -> Iterator[BranchResult]:
        changes = lock_changes(self.workspace, plans)
        for plan in plans:
            if not plan.changes:
                tip = plan.state.tip
                yield self.made.get(tip or "", BranchResult(plan.branch, tip, (), tip))
            else:
                message = write_message(plan, changes[plan.branch.name])
                before = _before(plan.changes, mirror) if self.is_dry_run else {}
                yield BranchResult(plan.branch, plan.state.tip, plan.changes, None, message, before)

    def _commit(self, clone: ControlClone, results: Iterator[BranchResult]) -> tuple[BranchResult, ...]:
        found = tuple(results)
        drafts = [
            CommitDraft(
                result.branch.name,
                result.tip,
                result.message,
                tuple(change.after for change in result.changes if change.after),
                tuple(change.path for change in result.changes if change.after is None),
            )
            for result in found
            if result.commit is None and result.message
        ]
        if self.is_dry_run or not drafts:
            return found
        commits = make_commits(clone.remote.path, drafts, self.identity)
        done = tuple(
            replace(result, commit=commit, before={})
            if (commit := commits.get(result.branch.name))
            else result
            for result in found
        )
        self.made.update({result.commit: result for result in done if result.commit})
        clone.push(commits, {draft.branch: draft.parent for draft in drafts})
        return done


def _before(changes: Iterable[FileChange], mirror: Mirror) -> Mapping[str, bytes]:
    """Return the present contents of the paths that change; files too large to read are shown as empty."""
    ids = {change.path: change.before_id for change in changes if change.before_id}
    contents = read_blobs(mirror, ids.values(), max_bytes=LONGEST)
    return {path: content for path, name in ids.items() if isinstance(content := contents[name], bytes)}
