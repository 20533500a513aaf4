"""The use case: locks to files, files to commits, commits to the branches of the control repository, all or none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pinner.git.commits import CommitDraft, make_commits
from pinner.git.control_repository import ControlRepository
from pinner.git.identity import Identity, read_identity
from pinner.git.mirror import Mirror
from pinner.git.objects import read_blobs
from pinner.git.workplace import Workplace
from pinner.operations.layouts.control import control_branches
from pinner.operations.publish.comparing import Plan, plan_branch
from pinner.operations.publish.message import write_message
from pinner.operations.publish.objections import judge
from pinner.operations.publish.orphans import may_be_orphans, tell_orphans
from pinner.operations.publish.published_locks import lock_changes
from pinner.operations.publish.standing import LONGEST, Standing, read_standings
from pinner.operations.verify import check_locks
from pinner.operations.workspace import Workspace
from pinner.words.control import ControlBranch, Layout
from pinner.words.problems import InputError, Problem
from pinner.words.refs import Refs

# Usually the tips tell all; who changed what is looked for further and further back.
_DEPTHS = (1, 50, 1000, None)


@dataclass(frozen=True, slots=True)
class BranchResult:
    """What happened, or would happen, to one branch.

    `commit` is where it is now: the old tip where nothing changed, None where a dry run made no commit. `before` maps
    the paths that change to what stood there, for a dry run.
    """

    plan: Plan
    commit: str | None
    message: str | None = None
    before: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published to `url`; `notes` are to be known beside it."""

    url: str
    branches: tuple[BranchResult, ...]
    notes: tuple[Problem, ...]
    is_dry_run: bool


def publish(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    author: str | None = None,
    is_forced: bool = False,
    is_dry_run: bool = False,
) -> Publication:
    """Bring the named environments (none: all) to the control repository that the settings name.

    Raises InputError where a lock is missing or stale, or something of others would be overwritten; UnknownError where
    the control repository could not be read, or refused. Then either no branch has moved or, where the connection broke
    off, all of them or none.
    """
    url = workspace.settings.control_repo
    if url is None:
        hint = "write 'control_repo: URL' into pinner.yaml, or give --control-repo URL"
        raise InputError(Problem("no control repository is set", hint=hint))
    _require_fresh(workspace, environments)
    branches = control_branches(workspace, environments, workspace.settings.layout)
    identity = read_identity(workspace.project.root, author=author)
    job = _Job(workspace, branches, identity, not environments, is_forced=is_forced, is_dry_run=is_dry_run)
    return ControlRepository(url, workspace.settings).work(job.run)


def _require_fresh(workspace: Workspace, environments: tuple[str, ...]) -> None:
    findings = (found for outcome in check_locks(workspace, environments) for found in outcome.findings)
    problems = [Problem(found.message, found.place, found.hint) for found in findings]
    if problems:
        raise InputError(problems)


@dataclass(frozen=True, slots=True)
class _Job:
    """One publication; `made` are the results of earlier rounds by commit: one whose end was lost may have come true."""

    workspace: Workspace
    branches: tuple[ControlBranch, ...]
    identity: Identity
    is_whole: bool
    is_forced: bool
    is_dry_run: bool
    made: dict[str, BranchResult] = field(default_factory=dict)

    def run(self, workplace: Workplace) -> Publication:
        """Do one round: look, decide, commit, push."""
        there = workplace.list_branches()
        names = (branch.name for branch in self.branches)
        others = may_be_orphans(there, names) if self.is_whole and self._has_branches else ()
        mirror, plans = self._plan(workplace, there, others)
        notes = judge(plans, is_forced=self.is_forced)
        results = self._commit(workplace, self._with_messages(plans, mirror))
        notes += tuple(tell_orphans(mirror, others))
        return Publication(workplace.remote.url, results, notes, self.is_dry_run)

    @property
    def _has_branches(self) -> bool:
        """Tell whether each environment has a branch of its own."""
        return self.workspace.settings.layout is Layout.BRANCHES

    def _plan(
        self, workplace: Workplace, there: Mapping[str, str], others: tuple[str, ...]
    ) -> tuple[Mirror, tuple[Plan, ...]]:
        """Compare all branches with what is there, with as much history as it takes."""
        names = [branch.name for branch in self.branches]
        known = [name for name in names if name in there]
        tips = Refs({})
        standings: Mapping[str, Standing] = dict.fromkeys(names, Standing())
        for depth in _DEPTHS:
            mirror = workplace.fetch([*known, *others] if depth == 1 else known, depth=depth)
            if mirror.refs != tips:
                tips, standings = mirror.refs, read_standings(mirror, names)
            plans = self._compare(mirror, standings, workplace.boundary)
            if all(plan.is_settled for plan in plans):
                break
        return mirror, plans

    def _compare(
        self, mirror: Mirror, standings: Mapping[str, Standing], boundary: frozenset[str]
    ) -> tuple[Plan, ...]:
        is_whole = self.is_whole or self._has_branches
        return tuple(
            plan_branch(branch, standings[branch.name], mirror, boundary=boundary, is_whole=is_whole)
            for branch in self.branches
        )

    def _with_messages(self, plans: tuple[Plan, ...], mirror: Mirror) -> Iterator[BranchResult]:
        changes = lock_changes(self.workspace, plans)
        for plan in plans:
            if not plan.changes:
                tip = plan.standing.tip
                yield self.made.get(tip or "", BranchResult(plan, tip))
            else:
                message = write_message(plan, changes[plan.branch.name])
                yield BranchResult(plan, None, message, _before(plan, mirror) if self.is_dry_run else {})

    def _commit(self, workplace: Workplace, results: Iterator[BranchResult]) -> tuple[BranchResult, ...]:
        found = tuple(results)
        drafts = [
            _draft(result.plan, result.message)
            for result in found
            if result.commit is None and result.message
        ]
        if self.is_dry_run or not drafts:
            return found
        commits = make_commits(workplace.remote.path, drafts, self.identity)
        done = tuple(_done(result, commits.get(result.plan.branch.name)) for result in found)
        self.made.update({result.commit: result for result in done if result.commit})
        workplace.push(commits, {draft.branch: draft.parent for draft in drafts})
        return done


def _draft(plan: Plan, message: str) -> CommitDraft:
    writes = tuple(change.after for change in plan.changes if change.after)
    removals = tuple(change.path for change in plan.changes if change.after is None)
    return CommitDraft(plan.branch.name, plan.standing.tip, message, writes, removals)


def _done(result: BranchResult, commit: str | None) -> BranchResult:
    return BranchResult(result.plan, commit, result.message) if commit else result


def _before(plan: Plan, mirror: Mirror) -> Mapping[str, bytes]:
    """Return what stands at the paths that change; files too large to look into are shown as empty."""
    ids = {change.path: change.before.id for change in plan.changes if change.before}
    contents = read_blobs(mirror, ids.values(), max_bytes=LONGEST)
    return {path: content for path, name in ids.items() if isinstance(content := contents[name], bytes)}
