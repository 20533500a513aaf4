"""`pinner find`: where a commit, a Gerrit change or a bug is, and with `--missing` what a newer branch has and a pin does not.

What is searched for depends on commit ids only, so cache entries never expire. Changes are compared by Change-Id, so
that a backport counts as the change itself.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from pinner.git.objects.history import (
    UNSHALLOW_HINT,
    CommitMessage,
    holders,
    list_messages,
    search_messages,
    show_messages,
)
from pinner.git.objects.read import Ambiguous, expand_commit
from pinner.git.process.repository import Mirror
from pinner.locking.externals import with_locked_externals
from pinner.locking.requirements import EnvironmentRequirements, GitRequirement, read_requirements
from pinner.locking.resolve import Progress, RefResolver, fetch_all, missing_commits, unreachable
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.findings import Finding
from pinner.model.lock import TAG, GitPin, Lock, ResolvedRef, Series, short_name
from pinner.model.results import (
    FoundCommit,
    Hit,
    How,
    Missing,
    MissingChange,
    Query,
    QueryKind,
    Search,
    Sighting,
    State,
    Undone,
)
from pinner.model.rules import RULES
from pinner.openstack.catalogue import find_series
from pinner.openstack.notes import read_trailers
from pinner.puppet.versions import version_of_tag
from pinner.workspace.workspace import CacheKey, Workspace

SHORTEST_NUMERIC_COMMIT = 7
"""Digits of the shortest number that may be a commit id: git abbreviates ids to seven digits."""

_COMMIT = re.compile(r"[0-9a-f]{4,40}", re.IGNORECASE)
_CHANGE = re.compile(r"I[0-9a-f]{4,40}", re.IGNORECASE)
_BUG = re.compile(r"(?:lp|rhbz)?[:#]*([0-9]{1,8})", re.IGNORECASE)


def parse_query(text: str) -> tuple[Query, ...]:
    """Return the possible meanings of a text; a number may be both a bug and the beginning of a commit id.

    A prefix `commit:`, `change:` or `bug:`, or `#` before a number, leaves one meaning. Of a URL (Launchpad,
    Gerrit, a commit's page), only the last part counts. Raises InputError if the text has no meaning.
    """
    word, colon, rest = text.strip().partition(":")
    is_named = colon and word.lower() in set(QueryKind)
    value = rest if is_named else text.strip().rstrip("/").rpartition("/")[2]
    kinds = [QueryKind(word.lower())] if is_named else list(QueryKind)
    found = tuple(query for kind in kinds if (query := _as(kind, value, is_named=bool(is_named))))
    if found:
        return found
    hint = (
        "write a commit id of 4 digits or more, a Change-Id (I and hex digits), or a bug's number (#1234567)"
    )
    raise InputError(Problem(f"{text!r} is not a commit, Change-Id or bug", hint=hint))


def _as(kind: QueryKind, value: str, *, is_named: bool) -> Query | None:
    if kind is QueryKind.COMMIT:
        is_commit = _COMMIT.fullmatch(value) and (
            is_named or not (value.isdigit() and len(value) < SHORTEST_NUMERIC_COMMIT)
        )
        return Query(kind, value.lower()) if is_commit else None
    if kind is QueryKind.CHANGE:
        return Query(kind, f"I{value[1:].lower()}") if _CHANGE.fullmatch(value) else None
    bug = _BUG.fullmatch(value)
    return Query(kind, bug[1]) if bug else None


@dataclass(frozen=True, slots=True)
class PinnedModule:
    """One pin of an environment; `now` is the commit that its selector resolves to now, None if unknown."""

    environment: str
    pin: GitPin
    now: str | None


@dataclass(frozen=True, slots=True)
class SearchedRepository:
    """One repository, with all pins that use it."""

    mirror: Mirror
    pinned: tuple[PinnedModule, ...]

    @property
    def commits(self) -> frozenset[str]:
        """Return the commits of interest: of all refs, of the pins, and what their selectors resolve to."""
        nows = {row.now for row in self.pinned if row.now}
        return frozenset(
            {row.pin.commit for row in self.pinned} | nows | set(self.mirror.refs.commits.values())
        )

    @property
    def beside(self) -> frozenset[str]:
        """Return the commits of interest that no branch or tag names."""
        return self.commits - frozenset(self.mirror.refs.commits.values())


@dataclass(frozen=True, slots=True)
class Scope:
    """All repositories that the environments pin, by URL.

    `unknown` are the findings about what could not be searched, `unlocked` the environments that have no lock
    yet.
    """

    environments: tuple[str, ...]
    unlocked: tuple[str, ...]
    places: Mapping[str, SearchedRepository]
    unknown: tuple[Finding, ...]


def read_scope(workspace: Workspace, environments: tuple[str, ...], *, on_done: Progress | None) -> Scope:
    """Return the repositories to search for these environments (none: all)."""
    sets = read_requirements(workspace, environments)
    locks = workspace.locks(tuple(required.manifest.environment for required in sets))
    resolver = fetch_all(
        workspace, {pin.git for lock in locks.values() for pin in _pins(lock)}, on_done=on_done
    )
    absent = missing_commits((pin for lock in locks.values() if lock for pin in lock.pins.values()), resolver)
    places: dict[str, list[PinnedModule]] = {}
    unknown: list[Finding] = []
    for required in sets:
        lock = locks[required.manifest.environment]
        everything = with_locked_externals(required, lock)
        for pin in _pins(lock):
            flaw = _flaw(pin, absent, resolver)
            if flaw is None:
                now = _now(everything, pin, resolver)
                places.setdefault(pin.git, []).append(PinnedModule(everything.manifest.environment, pin, now))
            else:
                unknown.append(flaw)
    mirrors = {git: resolver.mirror(git) for git in sorted(places)}
    unknown += [
        RULES["history-shallow"].finding(
            None,
            f"the place {git} is fetched from is shallow: its older commits could not be searched",
            hint=UNSHALLOW_HINT,
        )
        for git, mirror in mirrors.items()
        if mirror and mirror.is_shallow
    ]
    known = {git: SearchedRepository(mirror, tuple(places[git])) for git, mirror in mirrors.items() if mirror}
    unlocked = tuple(name for name, lock in locks.items() if lock is None)
    return Scope(tuple(locks), unlocked, known, tuple(dict.fromkeys(unknown)))


def _pins(lock: Lock | None) -> Iterable[GitPin]:
    return (pin for pin in lock.pins.values() if isinstance(pin, GitPin)) if lock else ()


def _flaw(pin: GitPin, absent: frozenset[tuple[str, str]], resolver: RefResolver) -> Finding | None:
    mirror = resolver.mirrors[pin.git]
    if not isinstance(mirror, Mirror):
        return unreachable(pin.module, mirror)
    if (pin.git, pin.commit) in absent:
        message = f"module '{pin.module}': the pinned commit {pin.commit} is nowhere in {pin.git}"
        return RULES["commit-unreachable"].finding(pin.module, message)
    return None


REVERT = r"^This reverts commit [0-9a-f]{40}"
_REVERTED = re.compile(r"^This reverts commit ([0-9a-f]{40})", re.MULTILINE)
_MENTIONED = re.compile(
    r"^[ \t]*(partial(?:ly)?|related)\b[-: \t]*bugs?\b[^\n]*?#?(\d{4,8})", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Matches:
    """The hits in one repository, oldest first, and the (reverting, reverted) pairs among all its commits."""

    hits: tuple[Hit, ...] = ()
    reverts: tuple[tuple[str, str], ...] = ()


def find_named(mirror: Mirror, queries: Iterable[Query]) -> tuple[CommitMessage, ...]:
    """Return the commits of a mirror whose ids begin with the commit id of a query."""
    commits: set[str] = set()
    for query in queries:
        if query.kind is QueryKind.COMMIT:
            found = expand_commit(mirror, query.value)
            commits |= set(found.candidates) if isinstance(found, Ambiguous) else {found} if found else set()
    return show_messages(mirror, commits)


def change_ids(messages: Iterable[CommitMessage]) -> frozenset[str]:
    """Return the Change-Ids of commits, which their backports share."""
    return frozenset(change for message in messages if (change := read_trailers(message.text).change_id))


_PATTERNS = {QueryKind.CHANGE: "^Change-Id: *{}", QueryKind.BUG: "bugs?.*{}"}


def find_matches(
    mirror: Mirror,
    queries: tuple[Query, ...],
    *,
    named: Iterable[CommitMessage],
    changes: frozenset[str],
    beside: frozenset[str],
) -> Matches:
    """Return the commits of a mirror that match the queries.

    `named` are the results of `find_named` for this mirror, `changes` the Change-Ids of the named commits of
    all repositories, and `beside` commits of the mirror that no branch or tag names.
    """
    hits = {message.id: _hit(message, How.COMMIT) for message in named}
    patterns = [_PATTERNS[query.kind].format(query.value) for query in queries if query.kind in _PATTERNS]
    patterns += [_PATTERNS[QueryKind.CHANGE].format(change) for change in sorted(changes)]
    told = search_messages(mirror, [*patterns, REVERT], beside=beside) if patterns else ()
    for message in told:
        how = _how(message, queries, changes)
        if how and message.id not in hits:
            hits[message.id] = _hit(message, how)
    ordered = sorted(hits.values(), key=lambda hit: (hit.committed_at, hit.commit))
    reverts = ((message.id, other) for message in told for other in _REVERTED.findall(message.text))
    return Matches(tuple(ordered), tuple(reverts) if hits else ())


def _how(message: CommitMessage, queries: Iterable[Query], changes: frozenset[str]) -> How | None:
    """Return how a message matches; None if it matched git's looser patterns only."""
    trailers = read_trailers(message.text)
    if trailers.change_id is not None and trailers.change_id in changes:
        return How.CHANGE
    for query in queries:
        if query.kind is QueryKind.CHANGE and (trailers.change_id or "").startswith(query.value):
            return How.CHANGE
        if query.kind is QueryKind.BUG:
            if query.value in {bug.removeprefix("rhbz#") for bug in trailers.bugs}:
                return How.CLOSES
            words = [word for word, number in _MENTIONED.findall(message.text) if number == query.value]
            if words:
                return How.PARTIAL if words[0].lower().startswith("partial") else How.RELATED
    return None


def _hit(message: CommitMessage, how: How) -> Hit:
    change = read_trailers(message.text).change_id
    return Hit(message.id, message.subject, message.committed_at, how, change)


@dataclass(frozen=True, slots=True)
class Spread:
    """The hits in one repository; `held` has, for each hit and each revert, the commits that contain it."""

    matches: Matches
    held: Mapping[str, frozenset[str]]

    def undone(self, commit: str, by: str) -> str | None:
        """Return the commit in `by`'s history that reverts `commit`; None if none does or it was reverted."""
        for reverting, reverted in self.matches.reverts:
            if reverted == commit and by in self.held.get(reverting, ()) and not self.undone(reverting, by):
                return reverting
        return None


def read_named(
    place: SearchedRepository, queries: tuple[Query, ...], workspace: Workspace
) -> tuple[CommitMessage, ...]:
    """Return the commits of one repository whose ids begin with the commit id of a query."""
    key = _key(place, queries, ())
    return workspace.cached(
        NAMED,
        [key],
        lambda _: {key: find_named(place.mirror, queries)},
        keep=lambda _: not place.mirror.is_shallow,
    )[key]


def read_spread(
    place: SearchedRepository,
    queries: tuple[Query, ...],
    named: tuple[CommitMessage, ...],
    changes: frozenset[str],
    workspace: Workspace,
) -> Spread:
    """Return the matches in one repository, and which of its commits of interest contain them."""
    key = _key(place, queries, changes)

    def search_repository(_: object) -> Mapping[str, Spread]:
        matches = find_matches(place.mirror, queries, named=named, changes=changes, beside=place.beside)
        commits = frozenset(hit.commit for hit in matches.hits)
        # The commits that revert them, the commits that revert those, and so on.
        while more := {one for one, other in matches.reverts if other in commits} - commits:
            commits |= more
        held = holders(place.mirror, commits, place.commits, beside=place.beside) if commits else {}
        return {key: Spread(matches, held)}

    is_whole = not place.mirror.is_shallow
    return workspace.cached(SPREAD, [key], search_repository, keep=lambda _: is_whole)[key]


def _key(place: SearchedRepository, queries: Iterable[Query], changes: Iterable[str]) -> str:
    parts = [*map(str, queries), *sorted(changes), *sorted(place.commits)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _named_from_json(text: str) -> tuple[CommitMessage, ...]:
    return tuple(
        CommitMessage(name, datetime.fromtimestamp(seconds, UTC), message)
        for name, seconds, message in json.loads(text)
    )


def _to_json(spread: Spread) -> str:
    hits = [
        [hit.commit, hit.subject, int(hit.committed_at.timestamp()), hit.how, hit.change_id]
        for hit in spread.matches.hits
    ]
    held = {commit: sorted(names) for commit, names in spread.held.items()}
    return json.dumps([hits, spread.matches.reverts, held], separators=(",", ":"))


def _from_json(text: str) -> Spread:
    hits, reverts, held = json.loads(text)
    return Spread(
        Matches(
            tuple(
                Hit(commit, subject, datetime.fromtimestamp(seconds, UTC), How(how), change)
                for commit, subject, seconds, how, change in hits
            ),
            tuple((one, other) for one, other in reverts),
        ),
        {commit: frozenset(names) for commit, names in held.items()},
    )


NAMED = CacheKey(
    "find-named-1",
    lambda named: json.dumps([[one.id, int(one.committed_at.timestamp()), one.text] for one in named]),
    _named_from_json,
)
SPREAD = CacheKey("find-spread-1", _to_json, _from_json)


def search(
    workspace: Workspace, text: str, environments: tuple[str, ...], *, on_done: Progress | None = None
) -> Search:
    """Return the commits that match `text`, and the pins in these environments (none: all) that have them.

    Raises InputError if `text` is not a commit, a Change-Id or a bug.
    """
    queries = parse_query(text)
    scope = read_scope(workspace, environments, on_done=on_done)
    places = tuple(scope.places.values())
    named = workspace.map(lambda place: read_named(place, queries, workspace), places)
    changes = change_ids(message for messages in named for message in messages)
    rows = tuple(zip(places, named, strict=True))
    spreads = workspace.map(lambda row: read_spread(row[0], queries, row[1], changes, workspace), rows)
    commits: list[FoundCommit] = []
    sights: list[Sighting] = []
    for place, spread in zip(places, spreads, strict=True):
        for hit in spread.matches.hits:
            having = spread.held[hit.commit]
            refs = tuple(sorted(ref for ref, one in place.mirror.refs.commits.items() if one in having))
            tags = (short_name(ref) for ref in refs if ref.startswith(TAG))
            versions = sorted((version, tag) for tag in tags if (version := version_of_tag(tag)))
            first = versions[0][1] if versions else None
            commits.append(FoundCommit(place.mirror.url, hit, refs, first))
        sights += [_sight(row, spread) for row in place.pinned if spread.matches.hits]
    ordered = sorted(sights, key=lambda sight: (sight.environment, sight.pin.module))
    return Search(queries, scope.environments, scope.unlocked, tuple(commits), tuple(ordered), scope.unknown)


def _sight(row: PinnedModule, spread: Spread) -> Sighting:
    sight = _seen_at(row, row.pin.commit, spread)
    if sight.is_in or row.now is None or not _seen_at(row, row.now, spread).is_in:
        return sight
    return Sighting(sight.environment, sight.pin, sight.has, sight.undone, update_brings=True)


def _seen_at(row: PinnedModule, commit: str, spread: Spread) -> Sighting:
    has = tuple(hit for hit in spread.matches.hits if commit in spread.held[hit.commit])
    undone = tuple(Undone(hit.commit, by) for hit in has if (by := spread.undone(hit.commit, commit)))
    return Sighting(row.environment, row.pin, has, undone)


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
    name = branch or _newer_branch(mirror, pin, required.series)
    tip = mirror.refs.branch(name)
    if tip is None:
        near = (
            get_close_matches(name, mirror.refs.branches, n=_SHOWN) or sorted(mirror.refs.branches)[:_SHOWN]
        )
        hint = f"name one that is there: {', '.join(f'--branch {other}' for other in near)}" if near else None
        raise InputError(Problem(f"no branch {name!r} in {pin.git}", hint=hint))
    now = _now(with_locked_externals(required, lock), pin, resolver) or pin.commit
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


def _newer_branch(mirror: Mirror, pin: GitPin, series: Series | None) -> str:
    """Return the newest stable branch if it is newer than the pinned release, else the main branch.

    The release is the one that the pin's selector or, by its name, its ref belongs to, else `series`.
    """
    ref = short_name(pin.ref or "").rpartition("/")[2]
    pinned = find_series(pin.want.value) or find_series(_END.sub("", ref)) or series
    stable = [
        (series.position, name)
        for name in mirror.refs.branches
        if name.startswith(STABLE) and (series := find_series(name.removeprefix(STABLE)))
    ]
    newer = [row for row in stable if pinned and row[0] > pinned.position]
    main = next((name for name in MAIN if mirror.refs.branch(name)), MAIN[0])
    return max(newer)[1] if newer else main


def _now(required: EnvironmentRequirements, pin: GitPin, resolver: RefResolver) -> str | None:
    """Return the commit that the module's selector names at the remote, None if that is not known."""
    module = required.modules.get(pin.module)
    if not isinstance(module, GitRequirement) or module.git != pin.git:
        return None
    answer = resolver.resolve(module)
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
