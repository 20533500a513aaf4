"""What every use case works with: the project, its settings, the mirrors and the memory, and what day it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pinner.git.memory import Memory
from pinner.git.mirrors import Mirrors
from pinner.operations.wanted import WantedSet, want_modules
from pinner.project.layout import Project
from pinner.project.lock import read_lock
from pinner.project.manifest import in_order, read_manifests
from pinner.words.manifests import Settings
from pinner.words.pins import Lock
from pinner.words.problems import InputError


@dataclass(frozen=True, slots=True)
class Workspace:
    """`is_offline` means: the cache answers, no remote is asked; `today` is the day in UTC."""

    project: Project
    settings: Settings
    mirrors: Mirrors
    memory: Memory
    today: date
    is_offline: bool = False

    def want(self, environments: tuple[str, ...]) -> tuple[WantedSet, ...]:
        """Return what those environments (none: all) want; raises InputError with every problem of every manifest."""
        read = read_manifests(self.project, environments)
        sets = tuple(want_modules(manifest, self.settings) for manifest in read.manifests)
        judged = (*sets, *(want_modules(manifest, self.settings) for manifest in read.damaged))
        told = {problem.place for problem in read.problems}
        meant = (problem for wanted in judged for problem in wanted.problems if problem.place not in told)
        problems = [*read.problems, *meant]
        if problems:
            raise InputError(in_order(problems))
        return sets

    def locks(self, environments: tuple[str, ...]) -> Mapping[str, Lock | None]:
        """Return environment to lock, None where there is none yet; raises InputError for one that can't be read."""
        return {name: read_lock(self.project, name) for name in environments}
