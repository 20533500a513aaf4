"""Define the workspace: the project, settings, mirrors, object cache and date of one run.

A run uses the facts that its project commits; without such a file, those packaged with pinner.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Generic, TypeVar

from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Mirrors
from pinner.model.errors import InputError, Location, Problem
from pinner.model.findings import Finding
from pinner.model.lock import Lock
from pinner.model.manifest import Settings, Text
from pinner.model.rules import RULES
from pinner.model.text import quoted
from pinner.openstack.facts import MAX_BYTES, Facts, FactsError, facts, packaged_facts, read_facts, use_facts
from pinner.project.files import Project, list_environments
from pinner.project.manifest.lock import read_lock
from pinner.project.manifest.read import read_manifests
from pinner.puppet.platforms import PLATFORMS, Platform, declared_platforms

API: Final = "api-12"
"""The reader of definitions and its version; cached by blob and role, see pinner.puppet.code.read."""
NOTES: Final = "note-1"
"""The reader of release notes and its version; entries are cached by blob."""
COMMIT_RANGES: Final = f"commit-range-2 {API} {NOTES}"
"""The reader of commit ranges and its version, with those that it depends on."""
LACKING: Final = "the mirror lacks its content"
"""Reason for a file that is unreadable only because the mirror lacks it; such results are not cached."""


A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class CacheKey(Generic[A]):
    """A reader whose results are cached, and how they are stored as text.

    Increase the number at the end of `reader` when the reader changes its results, so that values cached by
    older versions are read again. `decode` raises ValueError, TypeError or LookupError for any other text,
    which then counts as not stored.
    """

    reader: str
    encode: Callable[[A], str]
    decode: Callable[[str], A]


@dataclass(frozen=True, slots=True)
class Workspace:
    """What all commands start from.

    `objects` caches values that follow from immutable git objects; see `cached`. `is_offline` means that the cache is used and no remote is contacted; `today` is the date in UTC. Defaults and conditions of code
    are evaluated for `platforms`.
    """

    project: Project
    settings: Settings
    mirrors: Mirrors
    objects: ObjectCache
    today: date
    is_offline: bool = False
    platforms: tuple[Platform, ...] = PLATFORMS

    def on_platforms_of(self, *environments: str) -> "Workspace":
        """Return this workspace with the platforms that the manifests of these environments declare.

        An environment without a readable manifest, such as that of a lock in another project, declares none.
        """
        known = sorted(frozenset(list_environments(self.project).environments).intersection(environments))
        read = read_manifests(self.project, tuple(known)).manifests if known else ()
        systems: dict[str, tuple[str, ...]] = {}
        for manifest in read:
            for name, releases in manifest.platforms.items():
                systems[name] = (*systems.get(name, ()), *releases)
        return replace(self, platforms=declared_platforms(systems))

    def data_directories(
        self, environment: str | None, hiera: Sequence[Path], code: Sequence[Path]
    ) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """Return the directories of the operator's data and of the site's code, as the user would type them.

        Those given by options come first, then those of the environment's manifest, then those of pinner.yaml.
        Raises InputError for a directory in one of these files that does not exist.
        """
        is_known = environment in list_environments(self.project).environments
        read = read_manifests(self.project, (environment,)).manifests if is_known and environment else ()
        manifest = next(iter(read), None)
        chosen = [
            self._existing((manifest and getattr(manifest, key)) or getattr(self.settings, key))
            if not given
            else tuple(given)
            for key, given in (("hiera", hiera), ("code", code))
        ]
        return chosen[0], chosen[1]

    def _existing(self, named: Iterable[Text]) -> tuple[Path, ...]:
        paths = {text: Path(f"{self.project.prefix}{text.value}") for text in named}
        hint = "it is relative to pinner.yaml"
        if missing := [
            Problem(f"there is no directory {quoted(text.value)}", text.place, hint)
            for text, path in paths.items()
            if not path.is_dir()
        ]:
            raise InputError(missing)
        return tuple(paths.values())

    def locks(self, environments: tuple[str, ...]) -> Mapping[str, Lock | None]:
        """Return environment to lock, None if there is none yet; raises InputError for an unreadable lock."""
        return {name: read_lock(self.project, name) for name in environments}

    def map(self, function: Callable[[A], B], items: Iterable[A]) -> list[B]:
        """Return the result of `function` for each of `items`, in their order, computed by `jobs` threads."""
        items = tuple(items)
        if len(items) < 2:  # noqa: PLR2004 - one needs no thread
            return [function(item) for item in items]
        with ThreadPoolExecutor(max_workers=self.settings.jobs) as pool:
            return list(pool.map(function, items))

    def cached(
        self,
        key: CacheKey[A],
        ids: Iterable[str],
        compute: Callable[[Sequence[str]], Mapping[str, A]],
        *,
        keep: Callable[[A], bool] = lambda _: True,
    ) -> Mapping[str, A]:
        """Return id to value, from the object cache or else from `compute`, whose results are then stored.

        `compute` is given the ids that are not stored, sorted; it is not called if there are none. `keep`
        decides which of its results are stored: those that can never change.
        """
        wanted = frozenset(ids)
        known = self.objects.get(key.reader, wanted, key.decode) if wanted else {}
        missing = sorted(wanted - known.keys())
        if not missing:
            return known
        computed = compute(missing)
        texts = {name: key.encode(value) for name, value in computed.items() if keep(value)}
        self.objects.put(key.reader, texts)
        return {**known, **computed}


OLD = timedelta(days=183)
"""The age from which facts are reported: a release comes every half year."""
FIX = "restore it from git; or delete it, and 'pinner catalogue update' makes a new one"


def use_facts_of(project: Project, today: date) -> None:
    """Use the project's facts, if it has any, for everything that follows; `today` is the date in UTC.

    The file is read when a fact is needed first; InputError is then raised if it is not valid.
    """
    if has_facts(project):
        use_facts(partial(read_project_facts, project), today=today)
    else:
        use_facts(today=today)


def has_facts(project: Project) -> bool:
    """Return whether the project has a file of facts."""
    return project.files.exists(project.facts, shown=project.shown(project.facts))


def read_project_facts(project: Project) -> Facts:
    """Return the facts in the project's file; raises InputError if they are not valid."""
    shown = project.shown(project.facts)
    content = project.files.read(project.facts, shown=shown, limit=MAX_BYTES)
    try:
        return read_facts(content)
    except FactsError as error:
        raise InputError(Problem(str(error), Location(shown), FIX)) from None


def age_finding(project: Project, today: date) -> Finding | None:
    """Return `facts-old` if the facts in use are older than half a year, or than those packaged with pinner."""
    collected = facts().collected
    own = has_facts(project)
    where = project.shown(project.facts) if own else "the facts packaged with pinner"
    if own and collected < packaged_facts().collected:
        message = f"{where} is from {collected}; this pinner has facts from {packaged_facts().collected}"
    elif date.fromisoformat(collected) + OLD <= today:
        message = (
            f"{where} {'is' if own else 'are'} from {collected}: releases and dates may have changed since"
        )
    else:
        return None
    place = Location(where) if own else None
    hint = "run 'pinner catalogue update', and commit the file that it writes"
    return RULES["facts-old"].finding(None, message, hint=hint, place=place)
