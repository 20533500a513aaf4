"""One repository as a run sees it: what it is called, where it is fetched from, where its mirror lies."""

from dataclasses import dataclass
from pathlib import Path

from pinner.git.running import Running
from pinner.git.speech import Speech


@dataclass(frozen=True, slots=True)
class Remote:
    """`url` is canonical, `place` where it is fetched from, `path` its mirror; `timeout` in seconds for one git call."""

    url: str
    place: str
    path: Path
    timeout: float
    running: Running
    speech: Speech
