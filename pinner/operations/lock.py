"""`pinner lock` and `pinner update`: from manifests to locks, every environment for itself, each remote asked once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pinner.operations.accepting import log_for, record_moves, refuse_unknown, unknown_module
from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.externals import external_wants, locked_externals
from pinner.operations.inspection import inspect, keep_audible, of_modules, read_pinned_metadata
from pinner.operations.pinning import Moves, describe, pin_modules
from pinner.operations.remotes import Subject
from pinner.operations.tag_log import TagLog
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.project.lock import write_lock
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata
from pinner.words.pins import GitPin, Lock
from pinner.words.problems import InputError, Problem

UNKNOWN = frozenset({"remote-unreachable"})


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
        if self.failures:
            return 2
        return int(any(finding.level is Level.ERROR for finding in self.findings))


def lock_environments(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    accepted: frozenset[str] = frozenset(),
    is_strict: bool = False,
    on_done: Progress | None = None,
) -> tuple[Outcome, ...]:
    """Pin what is new or changed, keep the rest, check the whole sets, and write the locks without error findings.

    `accepted` names modules whose tags moved, which is taken over.
    """
    return _lock(
        workspace, environments, moves=Moves(accepted=accepted), is_strict=is_strict, on_done=on_done
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
    return _lock(
        workspace, environments, moves=Moves(modules, accepted), is_strict=is_strict, on_done=on_done
    )


def _lock(
    workspace: Workspace,
    environments: tuple[str, ...],
    *,
    moves: Moves,
    is_strict: bool,
    on_done: Progress | None,
) -> tuple[Outcome, ...]:
    sets = workspace.want(environments)
    befores = workspace.locks(tuple(wanted.manifest.environment for wanted in sets))
    refuse_unknown(moves.accepted, sets, befores)
    if moves.modules:
        sets = _having(moves.modules, sets, befores)
    urls = [module.git for wanted in sets for module in _asked(wanted, moves).values()]
    if not moves.are_named:
        # What was required last time most likely is again: asked for in one wave with the rest.
        urls += [module.git for wanted in sets for module in _locked(wanted, befores).values()]
    answers = ask(workspace, urls, on_done=on_done)
    drafts = [_draft(wanted, befores[wanted.manifest.environment], moves, answers) for wanted in sets]
    drafts = _described(drafts, answers)[0] if moves.are_named else _with_externals(drafts, moves, answers)
    log = log_for(workspace, (draft.after for draft in drafts), befores.values())
    drafts = [_recorded(draft, log, moves) for draft in drafts]
    subjects = [
        Subject(draft.wanted, draft.after, frozenset(_asked(draft.wanted, moves)))
        for draft in drafts
        if draft.after is not None
    ]
    found = inspect(subjects, answers, log=log, accepted=moves.accepted)
    return tuple(_finish(draft, found, workspace, is_strict=is_strict) for draft in drafts)


def _recorded(draft: "_Draft", log: TagLog, moves: Moves) -> "_Draft":
    if draft.after is None:
        return draft
    return replace(draft, after=record_moves(draft.after, draft.before, log, accepted=moves.accepted))


def _locked(wanted: WantedSet, befores: Mapping[str, Lock | None]) -> Mapping[str, WantedGit]:
    before = befores[wanted.manifest.environment]
    return locked_externals(wanted, before) if before else {}


def _asked(wanted: WantedSet, moves: Moves) -> Mapping[str, WantedGit]:
    """Return the modules whose remotes are asked: all, or exactly those that were named."""
    modules = ((name, module) for name, module in wanted.modules.items() if isinstance(module, WantedGit))
    return {name: module for name, module in modules if not moves.modules or name in moves.modules}


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


@dataclass(frozen=True, slots=True)
class _Draft:
    wanted: WantedSet
    before: Lock | None
    after: Lock | None
    failures: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()


def _draft(wanted: WantedSet, before: Lock | None, moves: Moves, answers: Answers) -> _Draft:
    asked = _asked(wanted, moves)
    renewed = {name: module for name, module in asked.items() if moves.include(module, before)}
    # Where modules are named, everything else stays as it was locked, even what the manifest no longer wants.
    modules = {name: asked[name] for name in asked} if moves.are_named else wanted.modules
    pinned = pin_modules(modules, before, {name: answers.answer(module) for name, module in renewed.items()})
    pins = {**before.pins, **pinned.pins} if moves.are_named and before else pinned.pins
    absent = tuple(finding for finding in pinned.failures if _is_not_in_release(finding, wanted, before))
    if not pins:
        absent = ()  # a release of which nothing at all is there is not a release with less in it
    failures = tuple(finding for finding in pinned.failures if finding not in absent)
    notes = tuple(_absence(finding) for finding in absent)
    if failures:
        return _Draft(wanted, before, None, failures, notes)
    ordered = {name: pins[name] for name in sorted(pins)}
    return _Draft(
        wanted, before, Lock(wanted.manifest.environment, ordered, wanted.manifest.moduledir), (), notes
    )


def _is_not_in_release(finding: Finding, wanted: WantedSet, before: Lock | None) -> bool:
    """Tell whether `openstack: all` can do without: no ref was ever seen or locked, only a list of deliverables says so."""
    module = wanted.modules[finding.module or ""]
    is_new = before is None or module.module not in before.pins
    return finding.code == "ref-missing" and isinstance(module, WantedGit) and module.may_be_absent and is_new


def _absence(finding: Finding) -> Finding:
    return replace(
        finding,
        level=Level.WARNING,
        code="not-in-release",
        message=f"{finding.message}: left out of 'openstack: all'",
        hint="name it under 'openstack' or 'modules' if you need it",
    )


def _with_externals(drafts: list[_Draft], moves: Moves, answers: Answers) -> list[_Draft]:
    """Add what the pinned modules require, and what that requires in turn, until nothing more is asked for."""
    while True:
        drafts, metadata = _described(drafts, answers)
        extras = [_externals(draft, metadata) for draft in drafts]
        answers.ask(module.git for extra in extras for module in extra.values())
        drafts = [_without_homes(draft, extra, answers) for draft, extra in zip(drafts, extras, strict=True)]
        extras = [_with_homes(extra, answers) for extra in extras]
        if not any(extras):
            return drafts
        wider = [_widened(draft.wanted, extra) for draft, extra in zip(drafts, extras, strict=True)]
        drafts = [
            _redraft(draft, wanted, moves, answers) for draft, wanted in zip(drafts, wider, strict=True)
        ]


def _externals(draft: _Draft, metadata: Mapping[str, Metadata]) -> Mapping[str, WantedGit]:
    if draft.after is None:
        return {}
    return external_wants(draft.wanted, draft.after.pins, of_modules(draft.after, metadata))


def _redraft(draft: _Draft, wanted: WantedSet, moves: Moves, answers: Answers) -> _Draft:
    again = _draft(wanted, draft.before, moves, answers)
    return replace(again, notes=tuple(dict.fromkeys((*draft.notes, *again.notes))))


def _with_homes(extra: Mapping[str, WantedGit], answers: Answers) -> Mapping[str, WantedGit]:
    return {name: module for name, module in extra.items() if not answers.is_nowhere(module.git)}


def _without_homes(draft: _Draft, extra: Mapping[str, WantedGit], answers: Answers) -> _Draft:
    """Note what the gate runs but whose repository is gone: nobody named it, so the lock does without, and says so."""
    gone = [module for module in extra.values() if answers.is_nowhere(module.git)]
    notes = tuple(
        Finding(
            Level.WARNING,
            "external-not-found",
            module.module,
            f"module '{module.module}': {', '.join(module.required_by)} needs it, but there is no repository at {module.git}",
            "name it under 'modules' with the 'git' where it lives now, or under 'dependencies: ignore'",
            module.place,
        )
        for module in gone
    )
    return replace(draft, notes=tuple(dict.fromkeys((*draft.notes, *notes))))


def _widened(wanted: WantedSet, extra: Mapping[str, WantedGit]) -> WantedSet:
    modules = {**wanted.modules, **extra}
    return replace(wanted, modules={name: modules[name] for name in sorted(modules)})


def _described(drafts: list[_Draft], answers: Answers) -> tuple[list[_Draft], Mapping[str, Metadata]]:
    metadata = read_pinned_metadata([draft.after for draft in drafts if draft.after], answers)
    return [_described_one(draft, metadata) for draft in drafts], metadata


def _described_one(draft: _Draft, metadata: Mapping[str, Metadata]) -> _Draft:
    if draft.after is None:
        return draft
    pins = {
        name: describe(pin, metadata.get(pin.commit) if isinstance(pin, GitPin) else None)
        for name, pin in draft.after.pins.items()
    }
    return replace(draft, after=replace(draft.after, pins=pins))


def _finish(
    draft: _Draft, found: Mapping[str, tuple[Finding, ...]], workspace: Workspace, *, is_strict: bool
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
