"""The repositories that modules are looked for in, each opened and indexed once, and asked at most once."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pinner.git.kept_index import read_index
from pinner.git.mirrors import Mirror, SyncFailure
from pinner.operations.answers import Answers
from pinner.operations.identify.nearness import Holder
from pinner.operations.identify.prints import READER, counts
from pinner.words.problems import Problem, UnknownError


@dataclass(frozen=True, slots=True)
class Library:
    """Repositories by URL; `answers` are what remotes said that were asked."""

    answers: Answers
    _holders: dict[str, Holder] = field(default_factory=dict)
    _failures: dict[str, Problem] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many repositories could be looked into."""
        return len(self._holders)

    def open(self, urls: Iterable[str]) -> None:
        """Open what the cache has of these, asking no remote."""
        self._take({url: self.answers.workspace.mirrors.open_or_fail(url) for url in dict.fromkeys(urls)})

    def sync(self, urls: Iterable[str]) -> bool:
        """Ask the remotes of these that were not asked yet; tell whether any was. Offline none is."""
        wanted = [url for url in dict.fromkeys(urls) if url not in self.answers.mirrors]
        if self.answers.workspace.is_offline or not wanted:
            return False
        self.answers.ask(wanted)
        self._take({url: self.answers.mirrors[url] for url in wanted})
        return True

    def holders(self, urls: Iterable[str]) -> tuple[Holder, ...]:
        """Return those of the repositories that could be read, in that order."""
        return tuple(self._holders[url] for url in dict.fromkeys(urls) if url in self._holders)

    def failures(self, urls: Iterable[str]) -> tuple[Problem, ...]:
        """Return why some of the repositories were not looked into, or not as they are now."""
        return tuple(self._failures[url] for url in dict.fromkeys(urls) if url in self._failures)

    def _take(self, mirrors: Mapping[str, Mirror | SyncFailure]) -> None:
        with ThreadPoolExecutor(max_workers=self.answers.workspace.settings.jobs) as pool:
            for url, found in zip(mirrors, pool.map(_read, mirrors.values()), strict=True):
                if isinstance(found, Holder):
                    self._holders[url] = found
                    self._failures.pop(url, None)
                else:
                    self._failures[url] = found


def _read(mirror: Mirror | SyncFailure) -> Holder | Problem:
    if isinstance(mirror, SyncFailure):
        return Problem(mirror.message, hint=mirror.hint)
    try:
        return Holder(mirror, read_index(mirror, counts, reader=READER))
    except UnknownError as error:
        return error.problems[0]
