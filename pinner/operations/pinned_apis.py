"""The APIs of all modules of a lock, at the pinned commits."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinner.git.mirrors import Mirror, SyncFailure
from pinner.operations.apis import read_apis
from pinner.operations.cached import Holding, hold_commits
from pinner.operations.workspace import Workspace
from pinner.words.api import ModuleApi
from pinner.words.pins import GitPin, Lock
from pinner.words.problems import Problem


@dataclass(frozen=True, slots=True)
class PinnedApis:
    """`apis` by module name. `unread` names modules whose code lies in no git repository; `problems` what failed."""

    apis: Mapping[str, ModuleApi]
    unread: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_pinned_apis(lock: Lock, workspace: Workspace) -> PinnedApis:
    """Return what all Puppet modules of a lock define; a remote is only asked for commits the cache lacks."""
    pins = {name: pin for name, pin in lock.pins.items() if isinstance(pin, GitPin) and pin.is_module}
    commits: dict[str, set[str]] = {}
    for pin in pins.values():
        commits.setdefault(pin.git, set()).add(pin.commit)
    holdings = hold_commits(commits, workspace)
    ready = {
        name: mirror for name, pin in pins.items() if (mirror := holdings[pin.git].with_commits(pin.commit))
    }
    wanted: dict[Mirror, set[str]] = {}
    for name, mirror in ready.items():
        wanted.setdefault(mirror, set()).add(pins[name].commit)
    read = read_apis(wanted, memory=workspace.memory, jobs=workspace.settings.jobs)
    return PinnedApis(
        {name: read[pins[name].commit] for name in ready},
        tuple(name for name, pin in lock.pins.items() if not isinstance(pin, GitPin)),
        tuple(_failure(pin, holdings[pin.git]) for name, pin in pins.items() if name not in ready),
    )


def _failure(pin: GitPin, holding: Holding) -> Problem:
    if isinstance(holding.mirror, SyncFailure):
        return Problem(f"module '{pin.module}': {holding.mirror.message}", hint=holding.mirror.hint)
    message = f"module '{pin.module}': {pin.git} has no commit {pin.commit}"
    return Problem(message, hint="see 'pinner verify'")
