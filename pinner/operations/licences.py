"""The licences of pinned modules, as their own metadata say at the pinned commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pinner.git.mirrors import SyncFailure
from pinner.git.objects import TooLarge, read_files
from pinner.operations.cached import Holding, hold_commits
from pinner.operations.workspace import Workspace
from pinner.puppet.licence import read_licence
from pinner.words.pins import GitPin, Lock
from pinner.words.problems import Problem

_FILE: Final = "metadata.json"
_MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Licences:
    """Module to licence as written, for those that name one; `problems` tell of modules that could not be asked."""

    by_module: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def read_licences(workspace: Workspace, lock: Lock) -> Licences:
    """Return the licences of the modules that git pins; a remote is asked only for what the cache lacks."""
    pins = [pin for _, pin in sorted(lock.pins.items()) if isinstance(pin, GitPin)]
    commits: dict[str, list[str]] = {}
    for pin in pins:
        commits.setdefault(pin.git, []).append(pin.commit)
    holdings = hold_commits(commits, workspace)
    answers = [(pin, _read(pin, holdings[pin.git])) for pin in pins]
    found = {pin.module: answer for pin, answer in answers if isinstance(answer, str)}
    return Licences(found, tuple(answer for _, answer in answers if isinstance(answer, Problem)))


def _read(pin: GitPin, holding: Holding) -> str | Problem | None:
    mirror = holding.with_commits(pin.commit)
    if mirror is None:
        failure = holding.mirror
        why = failure.message if isinstance(failure, SyncFailure) else f"{pin.git} has no commit {pin.commit}"
        hint = failure.hint if isinstance(failure, SyncFailure) else None
        return Problem(f"module '{pin.module}': its licence could not be read: {why}", hint=hint)
    content = read_files(mirror, [(pin.commit, _FILE)], max_bytes=_MAX_BYTES)[pin.commit, _FILE]
    return None if content is None or isinstance(content, TooLarge) else read_licence(content)
