"""`pinner find --missing`: list the changes that a newer branch of a module has and its pin does not.

Changes are compared by Change-Id, so that a backport counts as the change itself.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from pinner.git.objects.history import CommitMessage, list_messages
from pinner.git.process.repository import Mirror
from pinner.locking.externals import with_locked_externals
from pinner.locking.requirements import EnvironmentRequirements, GitRequirement, read_requirements
from pinner.locking.resolve import Progress, RefResolver, fetch_all
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import GitPin, ResolvedRef, Series, short_name
from pinner.model.results import Missing, MissingChange, State
from pinner.openstack.notes import read_trailers
from pinner.openstack.series import find_series
from pinner.workspace.workspace import Workspace

STABLE = "stable/"
MAIN = ("master", "main")
_SHOWN = 3
_END = re.compile(r"-(?:eol|eom|em)\Z")
_SAYS_FIX = re.compile(r"\b(?:fix(?:e[sd])?|bugs?|repair|regression|CVE-\d+|revert)\b", re.IGNORECASE)


def find_missing(
    workspace: Workspace,
    environment: str,
    module: str,
    *,
    branch: str | None = None,
    on_done: Progress | None = None,
) -> Missing:
    """Return the changes that the newer `branch` has and the pin does not.

    The default is the newest stable branch, or the main branch if no stable one is newer than the pin. Raises
    InputError if there is no such pin or branch, and UnknownError if the repository could not be fetched.
    """
    (required,) = read_requirements(workspace, (environment,))
    lock = workspace.locks((environment,))[environment]
    pin = lock.pins.get(module) if lock else None
    if not isinstance(pin, GitPin):
        raise InputError(_no_pin(environment, module, lock.pins if lock else None))
    resolver = fetch_all(workspace, [pin.git], on_done=on_done)
    mirror = _mirror(resolver, pin.git)
    name = branch or _newer_branch(mirror, _series_of(pin) or required.series)
    tip = mirror.refs.branch(name)
    if tip is None:
        near = (
            get_close_matches(name, mirror.refs.branches, n=_SHOWN) or sorted(mirror.refs.branches)[:_SHOWN]
        )
        hint = f"name one that is there: {', '.join(f'--branch {other}' for other in near)}" if near else None
        raise InputError(Problem(f"no branch {name!r} in {pin.git}", hint=hint))
    now = _now(with_locked_externals(required, lock), module, resolver) or pin.commit
    there = _names(list_messages(mirror, tip, pin.commit))
    waiting = _names(list_messages(mirror, pin.commit, now)) if now != pin.commit else frozenset()
    rows = [
        _row(message, State.WAITING if _names([message]) & waiting else State.MISSING)
        for message in list_messages(mirror, pin.commit, tip)
        if not _names([message]) & there
    ]
    return Missing(
        environment, pin, name, tuple(sorted(rows, key=lambda row: (not row.is_security, not row.is_fix)))
    )


def _no_pin(environment: str, module: str, pins: Iterable[str] | None) -> Problem:
    if pins is None:
        return Problem(f"environment '{environment}' has no lock", hint=f"run 'pinner lock {environment}'")
    near = get_close_matches(module, list(pins), n=1)
    hint = f"did you mean '{near[0]}'?" if near else None
    return Problem(f"environment '{environment}' has no module '{module}' that is pinned by git", hint=hint)


def _mirror(resolver: RefResolver, git: str) -> Mirror:
    mirror = resolver.mirrors[git]
    if isinstance(mirror, Mirror):
        return mirror
    raise UnknownError(Problem(mirror.message, hint=mirror.hint))


def _series_of(pin: GitPin) -> Series | None:
    """Return the release that the pin's ref belongs to, by the ref's name."""
    name = short_name(pin.ref or "").rpartition("/")[2]
    return find_series(pin.want.value) or find_series(_END.sub("", name))


def _newer_branch(mirror: Mirror, pinned: Series | None) -> str:
    """Return the newest stable branch if it is newer than the pinned release, else the main branch."""
    stable = [
        (series.position, name)
        for name in mirror.refs.branches
        if name.startswith(STABLE) and (series := find_series(name.removeprefix(STABLE)))
    ]
    newer = [row for row in stable if pinned and row[0] > pinned.position]
    main = next((name for name in MAIN if mirror.refs.branch(name)), MAIN[0])
    return max(newer)[1] if newer else main


def _now(required: EnvironmentRequirements, module: str, resolver: RefResolver) -> str | None:
    requirement = required.modules.get(module)
    answer = (
        resolver.resolve(requirement)
        if isinstance(requirement, GitRequirement) and requirement.git in resolver.mirrors
        else None
    )
    return answer.commit if isinstance(answer, ResolvedRef) else None


def _names(messages: Iterable[CommitMessage]) -> frozenset[str]:
    """Return the ids of the changes: their commit ids, and the Change-Ids that their backports share."""
    messages = tuple(messages)
    changes = (read_trailers(message.text).change_id for message in messages)
    return frozenset({message.id for message in messages} | {change for change in changes if change})


def _row(message: CommitMessage, state: State) -> MissingChange:
    trailers = read_trailers(message.text)
    is_fix = bool(trailers.bugs) or trailers.is_security or bool(_SAYS_FIX.search(message.subject))
    return MissingChange(
        commit=message.id,
        subject=message.subject,
        committed_at=message.committed_at,
        change_id=trailers.change_id,
        bugs=trailers.bugs,
        is_security=trailers.is_security,
        is_fix=is_fix,
        state=state,
    )
