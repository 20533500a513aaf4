"""Compare two locks module by module: for `pinner diff`, and for what `lock` and `update` would change."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pinner.comparing.changes import Move, explain_by_notes, read_commit_ranges, read_effects
from pinner.comparing.steps import applying_changes
from pinner.git.control.user_repository import revisions_of
from pinner.locking.requirements import read_requirements
from pinner.model.comparison import (
    ChangeKind,
    CommitRange,
    Comparison,
    DataEffect,
    Direction,
    ModuleChange,
    PinFieldChange,
    Proposal,
    fold_places,
)
from pinner.model.errors import InputError, PinnerError, Problem
from pinner.model.findings import EnvironmentResult
from pinner.model.lock import ForgePin, GitPin, Lock, LockFacts, LockRef, Pin
from pinner.model.text import nearest, quoted
from pinner.openstack.catalogue import release_of
from pinner.project.files import ENVIRONMENTS, LOCK_SUFFIX
from pinner.puppet.code.renames import Successor
from pinner.puppet.versions import parse_version
from pinner.workspace.locks import ForgeCode, find_forge_code
from pinner.workspace.workspace import Workspace

if TYPE_CHECKING:
    from pinner.workspace.operator_data import OperatorData


def changed_pin_fields(before: Pin, after: Pin) -> tuple[PinFieldChange, ...]:
    """Return each field of the pin that differs."""
    old, new = _pin_fields(before), _pin_fields(after)
    if isinstance(before, ForgePin) or isinstance(after, ForgePin):
        keys: tuple[str, ...] = ("install_path", "source")
    else:
        keys = ("install_path", "git", "want", "ref", "status")
    return tuple(PinFieldChange(key, old[key], new[key]) for key in keys if old[key] != new[key])


def _pin_fields(pin: Pin) -> Mapping[str, str | None]:
    if isinstance(pin, ForgePin):
        return {"install_path": pin.install_path, "source": f"forge {pin.forge} {pin.version}"}
    return {
        "install_path": pin.install_path,
        "source": f"git {pin.git}",
        "git": pin.git,
        "want": ", ".join(f"{key} {value}" for key, value in pin.want.as_mapping().items()),
        "ref": pin.ref,
        "status": pin.status,
    }


def only(result: Comparison, modules: frozenset[str]) -> Comparison:
    """Return the comparison of these modules only, or of all if there are none.

    Raises InputError for a module that is in neither lock.
    """
    names = sorted(result.before.lock.pins.keys() | result.after.lock.pins.keys())
    unknown = sorted(modules.difference(names))
    if unknown:
        raise InputError(
            Problem(f"neither side has a module {quoted(name)}", hint=nearest(name, names))
            for name in unknown
        )
    chosen = tuple(change for change in result.modules if change.name in modules or not modules)
    return replace(result, modules=chosen, only=tuple(sorted(modules)))


def compare(
    before: LockRef,
    after: LockRef,
    workspace: Workspace,
    operator_data: "OperatorData | None" = None,
    *,
    left_out: frozenset[str] = frozenset(),
    renames: Mapping[str, Successor] = MappingProxyType({}),
) -> Comparison:
    """Return what changes from one lock to the other, and how that affects `operator_data`.

    `renames` are successors of keys that the releases in between prove.

    Only commits that are not in the cache are fetched. Without data, the modules' whole APIs are not read.
    The modules in `left_out` are not part of the result.
    """
    names = sorted((before.lock.pins.keys() | after.lock.pins.keys()) - left_out)
    pairs = [(name, before.lock.pins.get(name), after.lock.pins.get(name)) for name in names]
    former = _former_names(before.lock, after.lock)
    forge = find_forge_code((pin for _, old, new in pairs if old != new for pin in (old, new)), workspace)
    code = [(name, forge.pin(old), forge.pin(new)) for name, old, new in pairs]
    ranges = read_commit_ranges(_moves(code, before.lock, after.lock, former), workspace)
    effects: tuple[DataEffect, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_checked = operator_data is not None and not operator_data.is_empty
    if operator_data is not None and is_checked:
        changes = (change for one in ranges.of.values() for change in one.api)
        effects, problems = read_effects(
            operator_data, (before.lock, after.lock), changes, workspace, renames=renames
        )
    renamed = {old: new for new, old in former.items()}
    effects_by_module: dict[str, list[DataEffect]] = {}
    for effect in effects:
        effects_by_module.setdefault(renamed.get(effect.module, effect.module), []).append(effect)
    modules = (
        replace(
            _module_change(
                name, (old, new), (forge.pin(old), forge.pin(new)), ranges.of.get(name, CommitRange())
            ),
            formerly=former.get(name),
            code_from=_code_from(old, new, forge),
            hiera=fold_places(effects_by_module.get(name, ())),
        )
        for name, old, new in pairs
    )
    unfetched = (Problem(failure.message, hint=failure.hint) for failure in ranges.failures)
    found = tuple(modules)
    if operator_data is not None and is_checked:
        found = tuple(
            replace(one, applying=applying_changes(one.api, operator_data, effects)) for one in found
        )
    before, after = (
        side if side.facts else replace(side, facts=read_facts(side, workspace)) for side in (before, after)
    )
    everything = (*unfetched, *problems)
    return Comparison(before, after, found, everything, is_checked, workspace.today)


def read_facts(side: LockRef, workspace: Workspace) -> LockFacts:
    """Return what a lock belongs to; what cannot be read is left out."""
    name, project = side.lock.environment, workspace.project
    facts = LockFacts()
    with suppress(PinnerError):
        (required,) = read_requirements(workspace, (name,))
        release = required.series if side.label == name else None
        facts = LockFacts(required.manifest.description, required.manifest.owners, release)
    if facts.release is None:
        releases = (release_of(pin) for pin in side.lock.pins.values() if isinstance(pin, GitPin))
        common = Counter(release for release in releases if release).most_common(1)
        facts = replace(facts, release=common[0][0] if common else None)
    revision = "HEAD" if side.label == name else side.label.removeprefix(f"{name}@")
    if revision == side.label:  # a path, or a lock in memory
        return facts
    with suppress(PinnerError):
        path = f"{ENVIRONMENTS}/{name}{LOCK_SUFFIX}"
        versions = revisions_of(project.root, path, limit=1, revision=revision)
        return replace(facts, committed_at=versions[0].committed_at if versions else None)
    return facts


def _moves(
    pairs: Iterable[tuple[str, Pin | None, Pin | None]], before: Lock, after: Lock, former: Mapping[str, str]
) -> Mapping[str, Move]:
    moves = {name: moved for name, old, new in pairs if (moved := _moved(old, new))}
    renamed = {
        new: moved for new, old in former.items() if (moved := _moved(before.pins[old], after.pins[new]))
    }
    return moves | renamed


def _moved(before: Pin | None, after: Pin | None) -> tuple[GitPin, GitPin] | None:
    if isinstance(before, GitPin) and isinstance(after, GitPin) and before.commit != after.commit:
        return before, after
    return None


def _former_names(before: Lock, after: Lock) -> Mapping[str, str]:
    """Return the old name, by new name, of each module replaced by another from the same repository."""
    gone = {
        pin.git: name
        for name, pin in before.pins.items()
        if isinstance(pin, GitPin) and name not in after.pins
    }
    come = {
        pin.git: name
        for name, pin in after.pins.items()
        if isinstance(pin, GitPin) and name not in before.pins
    }
    return {name: gone[git] for git, name in come.items() if git in gone}


def _code_from(before: Pin | None, after: Pin | None, forge: ForgeCode) -> str | None:
    """Return where the code of a Forge module was read if not from the Forge, None if it was not read."""
    found = [pin for pin in (forge.pin(before), forge.pin(after)) if isinstance(pin, GitPin)]
    is_from_forge = isinstance(before, ForgePin) or isinstance(after, ForgePin)
    return found[-1].git if is_from_forge and found and before != after else None


def _module_change(
    name: str, pins: tuple[Pin | None, Pin | None], code: tuple[Pin | None, Pin | None], found: CommitRange
) -> ModuleChange:
    before, after = pins
    if before is None or after is None:
        kind = ChangeKind.ADDED if before is None else ChangeKind.REMOVED
    else:
        kind = ChangeKind.SAME if _code(before) == _code(after) else ChangeKind.MOVED
    change = ModuleChange(
        name=name,
        change=kind,
        before=before,
        after=after,
        pin_changes=changed_pin_fields(before, after) if before and after else (),
        api=found.api,
        unreadable=found.unreadable,
        notes=found.notes,
        explained=explain_by_notes(found.api, found.notes),
    )
    moved, history = _moved(*code), found.history
    if moved is None or history is None:
        return change
    return replace(
        change,
        ahead=history.ahead,
        behind=history.behind,
        direction=_direction(*moved, history.ahead, history.behind),
        commits=history.commits,
        trailers=history.trailers,
    )


def _direction(before: GitPin, after: GitPin, ahead: int, behind: int) -> Direction:
    """Return the direction by the history if one commit descends from the other, else by the versions.

    Release branches fork, so that neither commit may descend from the other.
    """
    if not (ahead and behind):
        return Direction.UP if ahead else Direction.DOWN
    old, new = parse_version(before.version or ""), parse_version(after.version or "")
    if old is None or new is None or old == new:
        return Direction.SIDEWAYS
    return Direction.UP if new > old else Direction.DOWN


def _code(pin: Pin) -> tuple[str, str, str]:
    if isinstance(pin, ForgePin):
        return pin.install_path, pin.forge, pin.version
    return pin.install_path, pin.git, pin.commit


if TYPE_CHECKING:
    from pinner.workspace.operator_data import OperatorData


def compare_results(
    results: Iterable[EnvironmentResult],
    workspace: Workspace,
    read_data: Callable[[str], "OperatorData | None"] = lambda _environment: None,
) -> tuple[Proposal, ...]:
    """Return each result with the commits, notes and effects of the pins that change.

    `read_data` returns the operator's data for an environment. Environments without a lock before or after are not compared. Only commits that the cache lacks are fetched.
    """
    proposals = []
    for result in results:
        before, after = result.before, result.after
        if before is None or after is None or before.pins == after.pins:
            proposals.append(Proposal(result))
        else:
            sides = LockRef(result.environment, before), LockRef(f"{result.environment} updated", after)
            changes = compare(*sides, workspace, read_data(result.environment))
            proposals.append(Proposal(result, changes))
    return tuple(proposals)
