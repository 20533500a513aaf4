"""What all wants of several environments mean now: one sync, one answer per repository and want, shared by all."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from pinner.git.failures import FailureKind
from pinner.git.history import count_between
from pinner.git.mirrors import Mirror, OnDone, SyncFailure
from pinner.operations.checks.subject import Position
from pinner.operations.resolve import Answer, Found, resolve
from pinner.operations.wanted import WantedGit
from pinner.operations.workspace import Workspace
from pinner.words.findings import Finding, Level
from pinner.words.wants import Want

POSITIONS = "position-1"
# How many repositories are done, of how many are known to be needed so far, which one was last, and what the user
# should know about it.
Progress = Callable[[int, int, str, tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers on demand from the mirrors that were asked for; no remote is asked twice, and `on_done` hears of each."""

    workspace: Workspace
    on_done: Progress | None = None
    mirrors: dict[str, Mirror | SyncFailure] = field(default_factory=dict)
    _found: dict[tuple[str, Want], Found] = field(default_factory=dict)

    def ask(self, urls: Iterable[str]) -> None:
        """Ask the remotes of `urls` (the cache when offline), in parallel, those not asked before."""
        wanted = sorted(set(urls) - self.mirrors.keys())
        if self.workspace.is_offline:
            self.mirrors.update({url: self.workspace.mirrors.open_or_fail(url) for url in wanted})
        elif wanted:
            self.mirrors.update(self.workspace.mirrors.sync(wanted, on_done=self._report(len(wanted))))

    def _report(self, more: int) -> OnDone | None:
        on_done = self.on_done
        if on_done is None:
            return None
        done = count(len(self.mirrors) + 1)
        total = len(self.mirrors) + more
        return lambda url, found: on_done(
            next(done), total, url, found.notes if isinstance(found, Mirror) else ()
        )

    def answer(self, wanted: WantedGit) -> Answer:
        """Return the commit that `wanted` means, or the finding that says why there is none."""
        mirror = self.mirrors[wanted.git]
        if isinstance(mirror, SyncFailure):
            message = f"module '{wanted.module}': {mirror.message}"
            return Finding(
                Level.ERROR, "remote-unreachable", wanted.module, message, mirror.hint, wanted.place
            )
        key = wanted.git, wanted.want
        if key not in self._found:
            answer = resolve(wanted, mirror, self.workspace.mirrors)
            if isinstance(answer, Finding):
                return answer
            self._found[key] = answer
        return self._found[key]

    def is_nowhere(self, git: str) -> bool:
        """Tell whether the server of that canonical URL answered that there is no such repository."""
        found = self.mirrors.get(git)
        return isinstance(found, SyncFailure) and found.kind is FailureKind.NOT_FOUND

    def mirror(self, git: str) -> Mirror | None:
        """Return the mirror of that canonical URL, None where it could not be synced or was not asked for."""
        mirror = self.mirrors.get(git)
        return mirror if isinstance(mirror, Mirror) else None

    def positions(self, pairs: Iterable[tuple[str, str, str]]) -> Mapping[tuple[str, str, str], Position]:
        """Return how (git, commit, tip) lie to each other, for the pairs whose commits the mirror has."""
        wanted = {pair for pair in pairs if pair[1] != pair[2] and self.mirror(pair[0])}
        known = self._recall(wanted)
        with ThreadPoolExecutor(max_workers=self.workspace.settings.jobs) as pool:
            missing = sorted(wanted - known.keys())
            counted = dict(zip(missing, pool.map(self._count, missing), strict=True))
        fresh = {pair: position for pair, position in counted.items() if position is not None}
        self.workspace.memory.remember(
            POSITIONS, {_key(pair): f"{position.ahead} {position.behind}" for pair, position in fresh.items()}
        )
        return known | fresh

    def _recall(self, pairs: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Position]:
        by_key = {_key(pair): pair for pair in pairs}
        recalled = self.workspace.memory.recall(POSITIONS, by_key)
        return {by_key[key]: Position(*map(int, text.split())) for key, text in recalled.items()}

    def _count(self, pair: tuple[str, str, str]) -> Position | None:
        git, commit, tip = pair
        mirror = self.mirror(git)
        counts = count_between(mirror, commit, tip) if mirror else None
        return Position(*counts) if counts else None


def ask(workspace: Workspace, urls: Iterable[str], *, on_done: Progress | None = None) -> Answers:
    """Return answers from the remotes of `urls`, each asked once."""
    answers = Answers(workspace, on_done)
    answers.ask(urls)
    return answers


def _key(pair: tuple[str, str, str]) -> str:
    return f"{pair[1]}..{pair[2]}"
