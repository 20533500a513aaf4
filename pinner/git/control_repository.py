"""The control repository of a project: read and moved in rounds, each of which begins with what is there then."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pinner.git import urls
from pinner.git.attempts import T, repeat
from pinner.git.cache import Cache
from pinner.git.failures import SyncFailure
from pinner.git.mirrors import FIRST_PAUSE
from pinner.git.remote import Remote
from pinner.git.running import Running
from pinner.git.speech import Speech
from pinner.git.workplace import TroubleError, Workplace
from pinner.words.manifests import Settings
from pinner.words.problems import Problem, UnknownError

Round = Callable[[Workplace], T]


@dataclass(frozen=True, slots=True)
class ControlRepository:
    """The repository at `url`. It is written to, so no `rewrite` leads elsewhere; git's own `insteadOf` does.

    `pause` is the time in seconds before the second try; each further one waits twice as long.
    """

    url: str
    settings: Settings
    pause: float = FIRST_PAUSE

    def work(self, action: Round[T]) -> T:
        """Return what `action` makes of the repository; it is called again after failures that may pass.

        Each time it gets an empty workplace. Raises UnknownError when it did not succeed in the end, InputError for
        a URL that git must not be given.
        """
        cache = Cache.at(Path(self.settings.cache))
        remote = self._remote(cache)
        cache.make()
        answer = repeat(
            remote,
            lambda _remote, lock: _try(remote, lock, action),
            retries=self.settings.retries,
            pause=self.pause,
        )
        if isinstance(answer, SyncFailure):
            raise UnknownError(Problem(answer.message, hint=answer.hint))
        return answer

    def _remote(self, cache: Cache) -> Remote:
        path = cache.control(urls.canonical(self.url))
        place = urls.rewritten(self.url, {})
        speech = Speech(os.environ, cache.no_authorities)
        return Remote(self.url, place, path, self.settings.timeout, Running(), speech)


def _try(remote: Remote, lock: int, action: Round[T]) -> T | SyncFailure:
    """Return what the action says; what it, or a killed run before it, left on the disk is gone afterwards."""
    if remote.path.exists():
        shutil.rmtree(remote.path)
    workplace = Workplace(remote, lock)
    try:
        workplace.make()
        return action(workplace)
    except TroubleError as error:
        return error.failure
    finally:
        shutil.rmtree(remote.path, ignore_errors=True)
