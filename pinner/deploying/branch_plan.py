"""Plan the changes of one control branch, and find what must not be overwritten and orphaned branches.

A file is pinner's if it has pinner's header and only pinner has changed it since the last publication. Only
such files are overwritten or removed; every other file is kept, or reported as an objection.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pinner.deploying.branch_state import LONGEST, BranchHistory, BranchState, environment_of
from pinner.git.objects.directory_tree import blob_id
from pinner.git.objects.read import read_blobs, read_files
from pinner.git.process.repository import Mirror
from pinner.model.control import (
    ENVIRONMENT_CONF,
    ControlBranch,
    FileChange,
    Objection,
    ObjectionReason,
    own_module_directories,
)
from pinner.model.errors import InputError, Location, Problem
from pinner.puppet.names import check_environment_name


@dataclass(frozen=True, slots=True)
class BranchPlan:
    """The changes to make on one branch.

    `kept` are files with pinner's header that are no longer generated, but that others added or changed.
    `is_settled` is False if the fetched history is too short to determine who changed what.
    """

    branch: ControlBranch
    state: BranchState
    changes: tuple[FileChange, ...]
    objections: tuple[Objection, ...] = ()
    kept: tuple[Objection, ...] = ()
    is_settled: bool = True


def plan_branch(
    branch: ControlBranch,
    state: BranchState,
    mirror: Mirror,
    *,
    boundary: frozenset[str],
    is_whole: bool,
) -> BranchPlan:
    """Return the changes to make on one branch.

    `boundary` are the commits whose parents were not fetched. `is_whole` means that the branch has no other
    environments than those published now, so that every file of pinner's that is no longer generated is
    stale.
    """
    writes = tuple(_writes(branch, state))
    if state.tip is None:
        return BranchPlan(branch, state, writes)
    past = BranchHistory(mirror, state.tip, state.entries, boundary=boundary)
    objections = tuple(one for change in writes for one in _objections(change, state, past))
    objections += tuple(_lost_directories(branch, state, mirror))
    stale = _stale(branch, state, is_whole=is_whole)
    lasts = {path: past.last_change(path, environment_of(state.marked[path])) for path in stale}
    removed = [path for path, last in lasts.items() if last and last.is_publication]
    kept = tuple(
        Objection(path, ObjectionReason.OTHERS, last) for path, last in lasts.items() if path not in removed
    )
    removals = (FileChange(path, state.entries[path].id, None) for path in removed)
    return BranchPlan(branch, state, (*writes, *removals), objections, kept, past.is_settled)


def _writes(branch: ControlBranch, state: BranchState) -> Iterator[FileChange]:
    for file in sorted(branch.files, key=lambda file: file.path):
        entry = state.entries.get(file.path)
        if entry is None or (entry.id, entry.mode) != (blob_id(file.content), f"100{file.mode:o}"):
            yield FileChange(file.path, entry.id if entry else None, file)


def _stale(branch: ControlBranch, state: BranchState, *, is_whole: bool) -> Iterator[str]:
    """Yield the files with pinner's header that are no longer generated."""
    ours = {file.path for file in branch.files}
    for path, text in sorted(state.marked.items()):
        if path not in ours and (is_whole or environment_of(text) in branch.environments):
            yield path


def _objections(change: FileChange, state: BranchState, past: BranchHistory) -> Iterator[Objection]:
    environment = environment_of(change.after.text) if change.after else None
    path, entry = change.path, state.entries.get(change.path)
    found: list[tuple[str, ObjectionReason]] = []
    if entry is None:
        found += ((other, ObjectionReason.IN_THE_WAY) for other in _in_the_way(path, state))
        if state.marked and past.published(path, environment):
            last = past.last_change(path, environment)
            # A publication may have removed the file, because its environment did not exist at that time.
            if last is None or not last.is_publication:
                found.append((path, ObjectionReason.DELETED))
    elif entry.kind != "blob":
        found.append((path, ObjectionReason.IN_THE_WAY))
    elif path not in state.marked:
        found.append((path, ObjectionReason.FOREIGN))
    elif past.publication(environment) and past.published(path, environment) != entry:
        found.append((path, ObjectionReason.CHANGED))
    for other, reason in found:
        yield Objection(other, reason, past.last_change(other, environment))


def _lost_directories(branch: ControlBranch, state: BranchState, mirror: Mirror) -> Iterator[Objection]:
    """Yield the directories of the branch that the new environment.conf would take off the module path."""
    new = next((file.text for file in branch.files if file.path == ENVIRONMENT_CONF), None)
    entry = state.entries.get(ENVIRONMENT_CONF)
    if new is None or entry is None or entry.kind != "blob":
        return
    old = read_blobs(mirror, [entry.id], max_bytes=LONGEST)[entry.id]
    if not isinstance(old, bytes):
        return
    kept, former = own_module_directories(new), own_module_directories(old.decode(errors="replace"))
    lost = [  # of those that the branch has, as files, as a link or as a submodule
        one
        for one in former
        if one not in kept and any(other == one or other.startswith(f"{one}/") for other in state.entries)
    ]
    path = tuple(dict.fromkeys((*(one for one in former if one in lost or one in kept), *kept)))
    for directory in lost:
        yield Objection(directory, ObjectionReason.OFF_THE_PATH, modulepath=path)


def _in_the_way(path: str, state: BranchState) -> Iterator[str]:
    """Yield the files at paths where directories are needed, or the path itself if it is a directory now."""
    parts = path.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts)))
    yield from (other for other in above if other in state.entries)
    if any(other.startswith(f"{path}/") for other in state.entries):
        yield path


_BY_FORCE = "overwrite it with --force"
_NEVER_BY_FORCE = frozenset({ObjectionReason.IN_THE_WAY, ObjectionReason.OFF_THE_PATH})
_HINTS = {
    ObjectionReason.FOREIGN: f"move it away, or {_BY_FORCE}",
    ObjectionReason.CHANGED: f"bring the change into the project's manifests, or {_BY_FORCE}",
    ObjectionReason.DELETED: "find out why, then publish it again with --force",
    ObjectionReason.IN_THE_WAY: "move it away: no option overwrites it",
}


def find_objections(plans: Iterable[BranchPlan], *, is_forced: bool) -> tuple[Problem, ...]:
    """Return notes about overwritten and kept files; raises InputError if a file must not be overwritten."""
    plans = tuple(plans)
    against = [
        (plan, objection)
        for plan in plans
        for objection in plan.objections
        if not (is_forced and objection.reason not in _NEVER_BY_FORCE)
    ]
    if against:
        raise InputError(dict.fromkeys(_problem(plan, objection) for plan, objection in against))
    notes = []
    for plan in plans:
        for objection in plan.objections:
            text = f"is overwritten, though it {_words(objection)}"
            notes.append(Problem(text, Location(_place(plan.branch.name, objection.path))))
        for kept in plan.kept:
            text = f"stays, though pinner does not generate it: it {_words(kept)}"
            hint = "delete it if it is not needed"
            notes.append(Problem(text, Location(_place(plan.branch.name, kept.path)), hint))
    return tuple(notes)


def _problem(plan: BranchPlan, objection: Objection) -> Problem:
    place = Location(_place(plan.branch.name, objection.path))
    hint = _HINTS.get(objection.reason)
    if objection.modulepath:
        hint = f"keep it: write 'modulepath: [{', '.join(objection.modulepath)}]' into the manifest"
    return Problem(_words(objection), place, hint)


def _words(objection: Objection) -> str:
    return f"{objection.reason}{f' (last changed {objection.by})' if objection.by else ''}"


def _place(branch: str, path: str) -> str:
    """Return a file in git's notation for a path at a revision: `production:Puppetfile`."""
    return f"{branch}:{path}" if path.isprintable() else f"{branch}:{path!a}"


MOST = 100
"""Branches that are read to find orphans; a repository may have thousands of review branches."""

_PUPPETFILE = "Puppetfile"


def may_be_orphans(branches: Iterable[str], environments: Iterable[str]) -> tuple[str, ...]:
    """Return the branches that may belong to environments other than `environments`, at most MOST."""
    others = sorted(set(branches) - set(environments))
    return tuple(name for name in others if check_environment_name(name) is None)[:MOST]


def report_orphans(mirror: Mirror, candidates: Iterable[str]) -> Iterator[Problem]:
    """Yield a note for each branch whose Puppetfile pinner wrote for the environment of the same name."""
    tips = {name: tip for name in candidates if (tip := mirror.refs.branch(name))}
    files = read_files(mirror, ((tip, _PUPPETFILE) for tip in tips.values()), max_bytes=LONGEST)
    for name, tip in tips.items():
        content = files[tip, _PUPPETFILE]
        if isinstance(content, bytes) and environment_of(content.decode(errors="replace")) == name:
            text = f"branch '{name}' belongs to an environment that the project no longer has"
            yield Problem(text, hint=f"if nothing needs it: git push {mirror.url} --delete {name}")
