"""`pinner find`: which environments contain a commit, a Gerrit change (under any commit id), or the fix of a bug."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pinner.operations.answers import Progress
from pinner.operations.find.matching import Hit, change_ids
from pinner.operations.find.query import Query, parse_query
from pinner.operations.find.scope import Pinned, Place, Scope, read_scope
from pinner.operations.find.spread import Spread, read_named, read_spread
from pinner.operations.workspace import Workspace
from pinner.puppet.versions import version_of_tag
from pinner.words.findings import Finding
from pinner.words.pins import GitPin
from pinner.words.refs import TAG, short_name


@dataclass(frozen=True, slots=True)
class FoundCommit:
    """One commit that was found in the repository `git`, with the whole names of the refs that have it."""

    git: str
    hit: Hit
    refs: tuple[str, ...]

    @property
    def first_release(self) -> str | None:
        """Return the tag of the oldest release among the refs, None if no release has it."""
        tags = (short_name(ref) for ref in self.refs if ref.startswith(TAG))
        versions = sorted((version, tag) for tag in tags if (version := version_of_tag(tag)))
        return versions[0][1] if versions else None


@dataclass(frozen=True, slots=True)
class Undone:
    """A commit that a pin has, together with the commit that undoes it."""

    commit: str
    by: str


@dataclass(frozen=True, slots=True)
class Sight:
    """One pin of a repository in which something was found.

    `has` are the found commits that the pin has, `undone` those of them that it has undone again; `update_brings`
    tells that the pin does not have it, but what its want names now does.
    """

    environment: str
    pin: GitPin
    has: tuple[Hit, ...] = ()
    undone: tuple[Undone, ...] = ()
    update_brings: bool = False

    @property
    def is_in(self) -> bool:
        """Tell whether the pin has what was looked for: a bug's related commits alone are not it."""
        gone = {row.commit for row in self.undone}
        return any(hit.is_it and hit.commit not in gone for hit in self.has)


@dataclass(frozen=True, slots=True)
class Search:
    """What was found; `environments` are all that were asked about, `unlocked` those of them without a lock.

    `unknown` says what could not be looked at.
    """

    queries: tuple[Query, ...]
    environments: tuple[str, ...]
    unlocked: tuple[str, ...]
    commits: tuple[FoundCommit, ...]
    sights: tuple[Sight, ...]
    unknown: tuple[Finding, ...] = ()


def search(
    workspace: Workspace, text: str, environments: tuple[str, ...], *, on_done: Progress | None = None
) -> Search:
    """Return where what `text` means is, in those environments (none: all); raises InputError where it means nothing."""
    queries = parse_query(text)
    scope = read_scope(workspace, environments, on_done=on_done)
    commits: list[FoundCommit] = []
    sights: list[Sight] = []
    for place, spread in _spreads(scope, queries, workspace):
        commits += _commits(place, spread)
        sights += [_sight(row, spread) for row in place.pinned if spread.matches.hits]
    ordered = sorted(sights, key=lambda sight: (sight.environment, sight.pin.module))
    return Search(queries, scope.environments, scope.unlocked, tuple(commits), tuple(ordered), scope.unknown)


def _spreads(
    scope: Scope, queries: tuple[Query, ...], workspace: Workspace
) -> Iterator[tuple[Place, Spread]]:
    places, memory = tuple(scope.places.values()), workspace.memory
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        named = tuple(pool.map(lambda place: read_named(place, queries, memory), places))
        changes = change_ids(message for messages in named for message in messages)
        spreads = pool.map(
            lambda place, some: read_spread(place, queries, some, changes, memory), places, named
        )
        yield from zip(places, spreads, strict=True)


def _commits(place: Place, spread: Spread) -> Iterator[FoundCommit]:
    for hit in spread.matches.hits:
        having = spread.held[hit.commit]
        refs = (ref for ref, commit in place.mirror.refs.commits.items() if commit in having)
        yield FoundCommit(place.mirror.url, hit, tuple(sorted(refs)))


def _sight(row: Pinned, spread: Spread) -> Sight:
    sight = _seen_at(row, row.pin.commit, spread)
    if sight.is_in or row.now is None or not _seen_at(row, row.now, spread).is_in:
        return sight
    return Sight(sight.environment, sight.pin, sight.has, sight.undone, update_brings=True)


def _seen_at(row: Pinned, commit: str, spread: Spread) -> Sight:
    has = tuple(hit for hit in spread.matches.hits if commit in spread.held[hit.commit])
    undone = tuple(Undone(hit.commit, by) for hit in has if (by := spread.undone(hit.commit, commit)))
    return Sight(row.environment, row.pin, has, undone)
