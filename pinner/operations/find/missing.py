"""`pinner find --missing`: what a newer branch of a module has that its pin has not, told apart by Change-Ids."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum

from pinner.git.mirror import Mirror
from pinner.git.search import Message, list_messages
from pinner.openstack.series import Series, find_series
from pinner.openstack.trailers import read_trailers
from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.externals import with_locked_externals
from pinner.operations.resolve import Found
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin
from pinner.words.problems import InputError, Problem, UnknownError
from pinner.words.refs import short_name

STABLE = "stable/"
MAIN = ("master", "main")
_SHOWN = 3
_END = re.compile(r"-(?:eol|eom|em)\Z")
_SAYS_FIX = re.compile(r"\b(?:fix(?:e[sd])?|bugs?|repair|regression|CVE-\d+|revert)\b", re.IGNORECASE)


class State(StrEnum):
    """Where a change is that the pin has not: on the pin's own branch by now, or not there at all."""

    WAITING = "waiting"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Absent:
    """One change of the newer branch. `is_fix` is a guess: it closes a bug, mends a hole, or its subject says so."""

    commit: str
    subject: str
    committed_at: datetime
    change_id: str | None
    bugs: tuple[str, ...]
    is_security: bool
    is_fix: bool
    state: State


@dataclass(frozen=True, slots=True)
class Missing:
    """All changes of `branch` (its short name) that the pin of `environment` has not, holes first, then fixes, newest first."""

    environment: str
    pin: GitPin
    branch: str
    changes: tuple[Absent, ...]


def find_missing(
    workspace: Workspace,
    environment: str,
    module: str,
    *,
    branch: str | None = None,
    on_done: Progress | None = None,
) -> Missing:
    """Return what the newer `branch` has (default: the newest stable one, or the main one) and the pin has not.

    Raises InputError where there is no such pin or branch, UnknownError where the repository could not be asked.
    """
    (wanted,) = workspace.want((environment,))
    lock = workspace.locks((environment,))[environment]
    pin = lock.pins.get(module) if lock else None
    if not isinstance(pin, GitPin):
        raise InputError(_no_pin(environment, module, lock.pins if lock else None))
    answers = ask(workspace, [pin.git], on_done=on_done)
    mirror = _mirror(answers, pin.git)
    name = branch or _newer_branch(mirror, _series_of(pin) or wanted.series)
    tip = mirror.refs.branch(name)
    if tip is None:
        near = (
            get_close_matches(name, mirror.refs.branches, n=_SHOWN) or sorted(mirror.refs.branches)[:_SHOWN]
        )
        hint = f"name one that is there: {', '.join(f'--branch {other}' for other in near)}" if near else None
        raise InputError(Problem(f"no branch {name!r} in {pin.git}", hint=hint))
    now = _now(with_locked_externals(wanted, lock), module, answers) or pin.commit
    return Missing(environment, pin, name, _absent(mirror, pin.commit, now, tip))


def _no_pin(environment: str, module: str, pins: Iterable[str] | None) -> Problem:
    if pins is None:
        return Problem(f"environment '{environment}' has no lock", hint=f"run 'pinner lock {environment}'")
    near = get_close_matches(module, list(pins), n=1)
    hint = f"did you mean '{near[0]}'?" if near else None
    return Problem(f"environment '{environment}' has no module '{module}' that is pinned by git", hint=hint)


def _mirror(answers: Answers, git: str) -> Mirror:
    mirror = answers.mirrors[git]
    if isinstance(mirror, Mirror):
        return mirror
    raise UnknownError(Problem(mirror.message, hint=mirror.hint))


def _series_of(pin: GitPin) -> Series | None:
    """Return the release that the pin's ref belongs to, by the names such refs have."""
    name = short_name(pin.ref or "").rpartition("/")[2]
    return find_series(pin.want.value) or find_series(_END.sub("", name))


def _newer_branch(mirror: Mirror, pinned: Series | None) -> str:
    """Return the newest stable branch that is newer than what is pinned, else the main branch."""
    stable = [
        (series.position, name)
        for name in mirror.refs.branches
        if name.startswith(STABLE) and (series := find_series(name.removeprefix(STABLE)))
    ]
    newer = [row for row in stable if pinned and row[0] > pinned.position]
    main = next((name for name in MAIN if mirror.refs.branch(name)), MAIN[0])
    return max(newer)[1] if newer else main


def _now(wanted: WantedSet, module: str, answers: Answers) -> str | None:
    wish = wanted.modules.get(module)
    answer = answers.answer(wish) if isinstance(wish, WantedGit) and wish.git in answers.mirrors else None
    return answer.commit if isinstance(answer, Found) else None


def _absent(mirror: Mirror, pinned: str, now: str, tip: str) -> tuple[Absent, ...]:
    there = _names(list_messages(mirror, tip, pinned))
    waiting = _names(list_messages(mirror, pinned, now)) if now != pinned else frozenset()
    rows = [
        _row(message, State.WAITING if _names([message]) & waiting else State.MISSING)
        for message in list_messages(mirror, pinned, tip)
        if not _names([message]) & there
    ]
    return tuple(sorted(rows, key=lambda row: (not row.is_security, not row.is_fix)))


def _names(messages: Iterable[Message]) -> frozenset[str]:
    """Return what changes go by: their commit ids, and the Change-Ids that their backports share."""
    messages = tuple(messages)
    changes = (read_trailers(message.text).change_id for message in messages)
    return frozenset({message.id for message in messages} | {change for change in changes if change})


def _row(message: Message, state: State) -> Absent:
    trailers = read_trailers(message.text)
    is_fix = bool(trailers.bugs) or trailers.is_security or bool(_SAYS_FIX.search(message.subject))
    return Absent(
        commit=message.id,
        subject=message.subject,
        committed_at=message.committed_at,
        change_id=trailers.change_id,
        bugs=trailers.bugs,
        is_security=trailers.is_security,
        is_fix=is_fix,
        state=state,
    )
