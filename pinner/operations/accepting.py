"""Taking over tags that moved: only where somebody said so, and written into the lock, so that it is asked once."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from pinner.operations.tag_log import TagLog, has_tags, meaning_of, read_tag_log
from pinner.operations.wanted import WantedSet
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin, Lock, Pin
from pinner.words.problems import InputError, Problem


def log_for(workspace: Workspace, locks: Iterable[Lock | None], befores: Iterable[Lock | None]) -> TagLog:
    """Return what tags meant in all earlier locks, those on disk (`befores`) too; nothing if no lock names a tag."""
    if not any(has_tags(lock) for lock in locks if lock):
        return TagLog()
    return read_tag_log(workspace, [lock for lock in befores if lock])


def record_moves(lock: Lock, before: Lock | None, log: TagLog, *, accepted: frozenset[str]) -> Lock:
    """Return the lock with the moves of tags that are accepted now, and those that were accepted before."""
    pins = {
        name: _recorded(pin, before.pins.get(name) if before else None, log, is_accepted=name in accepted)
        for name, pin in lock.pins.items()
    }
    return replace(lock, pins=pins)


def _recorded(pin: Pin, before: Pin | None, log: TagLog, *, is_accepted: bool) -> Pin:
    if isinstance(pin, GitPin) and isinstance(before, GitPin) and meaning_of(before) == meaning_of(pin):
        pin = replace(pin, moved_from=before.moved_from)
    if not is_accepted or not isinstance(pin, GitPin) or not log.others(pin):
        return pin
    return replace(pin, moved_from=tuple(sorted(log.others(pin).union(pin.moved_from))))


def is_accepted_move(pin: Pin | None, *, accepted: frozenset[str]) -> bool:
    """Tell whether a pin that could stay is made anew because its tag may have moved."""
    return isinstance(pin, GitPin) and pin.module in accepted and meaning_of(pin) is not None


def refuse_unknown(
    accepted: frozenset[str], sets: Iterable[WantedSet], locks: Mapping[str, Lock | None]
) -> None:
    """Raise InputError for names under `--accept-moved` that no environment has."""
    known = {name for wanted in sets for name in wanted.modules}
    known |= {name for lock in locks.values() if lock for name in lock.pins}
    if unknown := sorted(accepted - known):
        raise InputError([unknown_module(name, known) for name in unknown])


def unknown_module(name: str, known: Iterable[str]) -> Problem:
    """Return the problem with a module's name that no environment has, with the nearest that is there."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return Problem(
        f"no environment has a module '{name}'", hint=f"did you mean '{near[0]}'?" if near else None
    )
