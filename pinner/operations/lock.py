"""`pinner lock` and `pinner update`: from manifests to locks, every environment for itself, each remote asked once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from pinner.operations.accepting import log_for, record_moves, refuse_unknown, unknown_module
from pinner.operations.additions import with_externals
from pinner.operations.answers import Answers, Progress
from pinner.operations.drafts import Draft, asked_modules, draft_lock
from pinner.operations.externals import locked_externals, with_locked_externals
from pinner.operations.gate_additions import gate_urls, with_moved_externals
from pinner.operations.inspection import inspect, keep_audible
from pinner.operations.pinning import Moves
from pinner.operations.remotes import Subject
from pinner.operations.tag_log import TagLog
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.project.lock import write_lock
from pinner.words.findings import Finding, Level
from pinner.words.pins import Lock
from pinner.words.problems import InputError, Problem

UNKNOWN = frozenset({"remote-unreachable", "deployed-unread"})
# What keeps a module from being pinned although every ref is there: the answer is no.
ANSWERS = frozenset({"dependency-conflict"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one environment.

    `after` is None where a module could not be pinned; `is_written` tells whether the lock file changed. `failures`
    are the findings that kept a module from being pinned at all; they are part of `findings`.
    """

    environment: str
    before: Lock | None
    after: Lock | None
    findings: tuple[Finding, ...]
    failures: tuple[Finding, ...] = ()
    is_written: bool = False

    @property
    def exit_code(self) -> int:
        """Return 3 where something could not be found out, 2 for a ref that does not exist, 1 for an error finding."""
        if any(finding.code in UNKNOWN for finding in self.findings):
            return 3
        if any(finding.code not in ANSWERS for finding in self.failures):
            return 2
        return int(any(finding.level is Level.ERROR for finding in self.findings))


def lock_environments(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    accepted: frozenset[str] = frozenset(),
    said: Mapping[str, Lock] = MappingProxyType({}),
    answers: Answers | None = None,
    is_strict: bool = False,
    on_done: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Pin what is new or changed, keep the rest, check the whole sets, and write the locks without error findings.

    `accepted` names modules whose tags moved, which is taken over. `said` holds, by environment, locks to start from
    in place of those on disk: what another tool had locked. Remotes that gave `answers` already are not asked again.
    """
    answers = answers or Answers(workspace, on_done)
    return _lock(
        workspace,
        environments,
        moves=Moves(accepted=accepted),
        said=said,
        is_strict=is_strict,
        answers=answers,
    )


def update_environments(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    modules: frozenset[str],
    accepted: frozenset[str] = frozenset(),
    is_strict: bool = False,
    on_done: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Do the same, but move `modules` (none named: all) to what their wants say now; no other remote is asked."""
    moves = Moves(modules, accepted)
    answers = Answers(workspace, on_done)
    return _lock(workspace, environments, moves=moves, is_strict=is_strict, answers=answers)


def _lock(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    moves: Moves,
    said: Mapping[str, Lock] = MappingProxyType({}),
    is_strict: bool,
    answers: Answers,
) -> tuple[Outcome, ...]:
    sets = workspace.want(environments)
    befores = {**workspace.locks(tuple(wanted.manifest.environment for wanted in sets)), **said}
    refuse_unknown(moves.accepted, sets, befores)
    if moves.modules:
        sets = tuple(with_locked_externals(wanted, befores[wanted.manifest.environment]) for wanted in sets)
        sets = _having(moves.modules, sets, befores)
    urls = [*gate_urls(sets, moves)]
    urls += [module.git for wanted in sets for module in asked_modules(wanted, moves).values()]
    if not moves.are_named:
        # What was required last time most likely is again: asked for in one wave with the rest.
        urls += [module.git for wanted in sets for module in _locked(wanted, befores).values()]
    answers.ask(urls)
    if moves.are_named:
        sets = tuple(with_moved_externals(wanted, moves, answers) for wanted in sets)
    drafts = [draft_lock(wanted, befores[wanted.manifest.environment], moves, answers) for wanted in sets]
    drafts = with_externals(drafts, moves, answers)
    log = log_for(workspace, (draft.after for draft in drafts), befores.values())
    drafts = [_recorded(draft, log, moves) for draft in drafts]
    subjects = [
        Subject(draft.wanted, draft.after, frozenset(asked_modules(draft.wanted, moves)))
        for draft in drafts
        if draft.after is not None
    ]
    found = inspect(subjects, answers, log=log, accepted=moves.accepted)
    return tuple(_finish(draft, found, workspace, is_strict=is_strict) for draft in drafts)


def _recorded(draft: Draft, log: TagLog, moves: Moves) -> Draft:
    if draft.after is None:
        return draft
    return replace(draft, after=record_moves(draft.after, draft.before, log, accepted=moves.accepted))


def _locked(wanted: WantedSet, befores: Mapping[str, Lock | None]) -> Mapping[str, WantedGit]:
    return locked_externals(wanted, befores[wanted.manifest.environment])


def _having(
    modules: frozenset[str], sets: Iterable[WantedSet], befores: Mapping[str, Lock | None]
) -> tuple[WantedSet, ...]:
    sets = tuple(sets)
    chosen = tuple(wanted for wanted in sets if modules & wanted.modules.keys())
    known = frozenset(name for wanted in chosen for name in wanted.modules)
    names = {module for wanted in sets for module in wanted.modules}
    problems = [unknown_module(name, names) for name in sorted(modules - known)]
    problems += [
        Problem(f"environment '{name}' has no lock yet", hint=f"run 'pinner lock {name}' first")
        for name in (wanted.manifest.environment for wanted in chosen)
        if befores[name] is None
    ]
    if problems:
        raise InputError(problems)
    return chosen


def _finish(
    draft: Draft, found: Mapping[str, tuple[Finding, ...]], workspace: Workspace, *, is_strict: bool
) -> Outcome:
    name = draft.wanted.manifest.environment
    findings = (*draft.failures, *keep_audible(draft.notes, draft.wanted), *found.get(name, ()))
    if is_strict:
        findings = tuple(strict(finding) for finding in findings)
    is_clean = not any(finding.level is Level.ERROR for finding in findings)
    is_written = bool(draft.after and is_clean and write_lock(workspace.project, draft.after))
    return Outcome(name, draft.before, draft.after, findings, draft.failures, is_written)


def strict(finding: Finding) -> Finding:
    """Return the finding with `error` for `warning`."""
    return replace(finding, level=Level.ERROR) if finding.level is Level.WARNING else finding
