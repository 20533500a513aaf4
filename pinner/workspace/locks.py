"""Find locks and what they pin: references (ENV, ENV@REV, path), earlier locks, and the metadata at pinned commits.

The log of tags has no file of its own because it follows from the history of `environments/*.lock`. Nothing
is written. A project outside any git repository has only the locks on disk.

Code from the Forge is at the tag of its version, in the repository that `modules` in pinner.yaml names for the module,
else in the one in the catalogue. A commit counts only if its metadata have the module's name and version.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pinner.git.control.user_repository import (
    Head,
    blobs_at_head,
    head_of,
    list_versions,
    read_at,
    read_versions,
)
from pinner.git.objects.read import TooLarge, has_commits, read_files, read_tree_ids, with_directories
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.lock import (
    TAG,
    Dependency,
    ForgePin,
    GitPin,
    Lock,
    LockRef,
    Metadata,
    Pin,
    Selector,
    SelectorKind,
)
from pinner.openstack.catalogue import canonical_module, canonical_url, git_home
from pinner.project.files import ENVIRONMENTS, LOCK_SUFFIX, Project, select_environments
from pinner.project.manifest.lock import LONGEST, parse_lock, read_lock, read_lock_file, read_locked_tags
from pinner.puppet.metadata import MetadataFile, parse_metadata, read_licence
from pinner.puppet.versions import LONGEST as LONGEST_RANGE
from pinner.workspace.workspace import CacheKey, Workspace


@dataclass(frozen=True, slots=True)
class LockHistory:
    """One repository whose history contains locks of the project.

    `places` are the paths where locks are and were, `files` the locks on disk now; both are relative to the
    top of the repository.
    """

    head: Head
    places: tuple[str, ...]
    files: tuple[str, ...]


def find_lock_histories(project: Project) -> tuple[LockHistory, ...]:
    """Return the repositories to search for earlier locks, the project's own first; empty if there are none.

    git has no history of files behind a link, nor of files in another repository inside the project, so each
    lock is looked up at its real path. Raises UnknownError if git refuses to read the repository.
    """
    places: dict[Path, set[Path]] = {project.root: {project.environments}}
    files: dict[Path, set[Path]] = {}
    folder = Path(os.path.realpath(project.environments))
    places.setdefault(folder, set()).add(folder)
    for lock in sorted(project.environments.glob(f"*{LOCK_SUFFIX}")):
        real = Path(os.path.realpath(lock))
        files.setdefault(real.parent, set()).add(real)
        if real.parent != folder or lock.is_symlink():
            places.setdefault(real.parent, set()).add(real)
    heads = {directory: head_of(directory) for directory in {**places, **files} if directory.is_dir()}
    unique = {head.repository.git_directory: head for head in heads.values() if head}
    return tuple(
        LockHistory(head, _inside(head, heads, places), _inside(head, heads, files))
        for head in unique.values()
    )


def _inside(
    head: Head, heads: Mapping[Path, Head | None], by_directory: Mapping[Path, Iterable[Path]]
) -> tuple[str, ...]:
    """Return those of the paths that are inside the repository, relative to its top."""
    here = head.repository
    own = (
        path
        for directory, paths in by_directory.items()
        if (other := heads.get(directory)) and other.repository.git_directory == here.git_directory
        for path in paths
    )
    shown = {"" if path == here.top else path.relative_to(here.top).as_posix() for path in own}
    return tuple(sorted(shown))


def read_old_locks(head: Head, *, limit: int | None = None) -> Iterator[tuple[str, Lock]]:
    """Yield blob id and lock of the readable versions, of at most `limit`; their environments are not known.

    Versions with conflict markers or in another format are skipped. Raises UnknownError if git cannot read.
    """
    versions = list_versions(head, [f"{head.prefix}{ENVIRONMENTS}"], LOCK_SUFFIX)[:limit]
    for some in read_versions(head, versions, max_bytes=LONGEST):
        for blob, content in some.items():
            with suppress(InputError):
                yield blob, parse_lock(content, environment="history", path="history")


SUFFIX = ".lock"


def read_lock_ref(text: str, workspace: Workspace) -> LockRef:
    """Return the lock that `text` refers to; raises InputError if there is none."""
    if text.endswith(SUFFIX) or "/" in text.partition("@")[0]:
        path = Path(text)
        if not path.exists():
            raise InputError(
                Problem(f"no lock found at {text!r}", hint="write ENV, ENV@REV, or the path of a lock")
            )
        return LockRef(
            text,
            read_lock_file(workspace.project, path, environment=path.name.removesuffix(SUFFIX), shown=text),
        )
    environment, at, revision = text.partition("@")
    if at:
        return LockRef(text, _from_revision(environment, revision, workspace))
    problems = select_environments(workspace.project, (environment,)).problems
    if problems:
        raise InputError(problems)
    lock = read_lock(workspace.project, environment)
    if lock is None:
        raise InputError(
            Problem(f"environment '{environment}' has no lock", hint=f"run 'pinner lock {environment}'")
        )
    return LockRef(text, lock)


def _from_revision(environment: str, revision: str, workspace: Workspace) -> Lock:
    project = workspace.project
    path = project.shown(project.lock(environment))
    content = read_at(project.root, revision, f"{ENVIRONMENTS}/{environment}{SUFFIX}")
    if content is None:
        message = f"there is no {path} at revision {revision!r} of this project's git"
        raise InputError(Problem(message, hint=f"see 'git log -- {path}'"))
    return parse_lock(content, path=f"{path}@{revision}", environment=environment)


SHALLOW = "this clone of the project is shallow"


@dataclass(frozen=True, slots=True, order=True)
class Meaning:
    """The commit that a tag (full name) of a repository (its present URL) once named."""

    git: str
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class TagLog:
    """The commits that tags named; `gap` is why the log is incomplete, None if it is complete."""

    commits: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    gap: str | None = None

    def others(self, pin: GitPin) -> frozenset[str]:
        """Return the commits the pin's tag named in any lock, without the pinned one and `moved_from`."""
        meaning = meaning_of(pin)
        if meaning is None:
            return frozenset()
        known = self.commits.get((meaning.git, meaning.ref), frozenset())
        return known - {pin.commit} - frozenset(pin.moved_from)


def meaning_of(pin: GitPin) -> Meaning | None:
    """Return the commit that a tag named according to the pin.

    None for a branch, a bare commit, and an ancestor selected by `as_of`.
    """
    is_older = pin.want.as_of is not None and pin.want.selector is not SelectorKind.VERSION
    if pin.ref is None or not pin.ref.startswith(TAG) or is_older:
        return None
    return Meaning(_home(pin.git), pin.ref, pin.commit)


def has_tags(lock: Lock) -> bool:
    """Return whether any pin of the lock was taken from a tag; the log concerns only such pins."""
    return any(isinstance(pin, GitPin) and meaning_of(pin) for pin in lock.pins.values())


def read_tag_log(workspace: Workspace, locks: Iterable[Lock]) -> TagLog:
    """Return the log of the project's git history together with `locks`, the locks now on disk."""
    pins = (pin for lock in locks for pin in lock.pins.values() if isinstance(pin, GitPin))
    now = {meaning for pin in pins if (meaning := meaning_of(pin))}
    earlier: set[Meaning] = set()
    gap = None
    try:
        for history in find_lock_histories(workspace.project):
            earlier |= _of_history(history, workspace)
            gap = SHALLOW if history.head.is_shallow else gap
    except UnknownError as error:
        gap = error.problems[0].message
    found: dict[tuple[str, str], set[str]] = {}
    for meaning in now | earlier:
        found.setdefault((meaning.git, meaning.ref), set()).add(meaning.commit)
    return TagLog({key: frozenset(commits) for key, commits in found.items()}, gap)


def _of_history(history: LockHistory, workspace: Workspace) -> frozenset[Meaning]:
    head = history.head
    key = " ".join([head.commit, *history.places, *history.files])

    def read(_unread: Sequence[str]) -> Mapping[str, frozenset[Meaning]]:
        versions = list_versions(head, history.places, LOCK_SUFFIX)
        if not blobs_at_head(head, history.files) <= set(versions):
            raise UnknownError(Problem("git's history of locks lacks some that the checked-out commit has"))
        by_version = workspace.cached(_OF_A_LOCK, versions, lambda ids: _of_versions(head, ids))
        return {key: frozenset(meaning for meanings in by_version.values() for meaning in meanings)}

    return workspace.cached(_OF_A_HISTORY, [key], read)[key]


def _of_versions(head: Head, ids: Sequence[str]) -> Mapping[str, frozenset[Meaning]]:
    return {
        name: frozenset(
            Meaning(_home(tag.git), tag.ref, tag.commit)
            for tag in read_locked_tags(content)
            if not tag.is_older
        )
        for some in read_versions(head, ids, max_bytes=LONGEST)
        for name, content in some.items()
    }


@cache
def _home(git: str) -> str:
    """Return a repository's present URL, which is the same for all of its addresses."""
    return canonical_url(git) or git


def _to_json(meanings: Iterable[Meaning]) -> str:
    rows = [[meaning.git, meaning.ref, meaning.commit] for meaning in sorted(meanings)]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _from_json(text: str) -> frozenset[Meaning]:
    return frozenset(Meaning(*row) for row in json.loads(text))


_OF_A_LOCK = CacheKey("tags-of-a-lock-1", _to_json, _from_json)
_TREE = CacheKey("tree-1", str, str)
_OF_A_HISTORY = CacheKey("tags-of-a-history-2", _to_json, _from_json)


@dataclass(frozen=True, slots=True)
class Holding:
    """The commits available from one repository: its mirror, or why there is none, and the commits it has."""

    mirror: Mirror | SyncFailure
    commits: frozenset[str] = frozenset()

    def with_commits(self, *wanted: str) -> Mirror | None:
        """Return the mirror if it has all these commits, else None."""
        return self.mirror if isinstance(self.mirror, Mirror) and self.commits.issuperset(wanted) else None


def hold_commits(commits: Mapping[str, Iterable[str]], workspace: Workspace) -> Mapping[str, Holding]:
    """Return canonical URL to what is available, for repositories and the commits (40 hex digits) needed."""
    wanted = {url: frozenset(ids) for url, ids in commits.items()}
    mirrors = {url: workspace.mirrors.open_or_fail(url) for url in wanted}
    looks = workspace.map(lambda url: _look(mirrors[url], wanted[url]), wanted)
    found = dict(zip(wanted, looks, strict=True))
    missing = sorted(url for url, holding in found.items() if holding.commits != wanted[url])
    if missing and not workspace.is_offline:
        synced = workspace.mirrors.sync(missing)
        fetched = workspace.map(lambda url: _fetch(synced[url], wanted[url], workspace), missing)
        found |= dict(zip(missing, fetched, strict=True))
    return found


def hold_pins(pins: Iterable[GitPin], workspace: Workspace) -> Mapping[str, Holding]:
    """Return canonical URL to what is available, for the commits of these pins."""
    commits: dict[str, set[str]] = {}
    for pin in pins:
        commits.setdefault(pin.git, set()).add(pin.commit)
    return hold_commits(commits, workspace)


def tree_ids(mirrors: Mapping[str, Mirror], workspace: Workspace) -> Mapping[str, str]:
    """Return commit (40 hex digits) to the id of its tree; `mirrors` is commit to a mirror that has it."""
    return workspace.cached(
        _TREE, mirrors, lambda unread: read_tree_ids({commit: mirrors[commit] for commit in unread})
    )


def _look(mirror: Mirror | SyncFailure, wanted: frozenset[str]) -> Holding:
    return Holding(mirror, has_commits(mirror, wanted) if isinstance(mirror, Mirror) else frozenset())


def _fetch(mirror: Mirror | SyncFailure, wanted: frozenset[str], workspace: Workspace) -> Holding:
    """Look again after a sync, and fetch by id the commits that no branch or tag reaches."""
    holding = _look(mirror, wanted)
    if not isinstance(mirror, Mirror):
        return holding
    fetched = {
        commit
        for commit in sorted(wanted - holding.commits)
        if workspace.mirrors.fetch_commit(mirror, commit)
    }
    return Holding(mirror, holding.commits | fetched)


FILES: Final[tuple[MetadataFile, ...]] = ("metadata.json", "Modulefile")
CODE_DIRECTORIES: Final = ("manifests", "lib")
"""Puppet loads what is in these directories of a module, with or without metadata."""
MAX_BYTES = 4 * 1024 * 1024


def read_metadata(commits: Mapping[Mirror, Iterable[str]], workspace: Workspace) -> Mapping[str, Metadata]:
    """Return commit to metadata, for the commits that exist; only those that are not cached are read."""
    wanted = {mirror: frozenset(ids) for mirror, ids in commits.items()}

    def read(unread: Sequence[str]) -> Mapping[str, Metadata]:
        by_mirror = {mirror: ids.intersection(unread) for mirror, ids in wanted.items()}
        requests = [(mirror, ids) for mirror, ids in by_mirror.items() if ids]
        found = workspace.map(_read_mirror_metadata, requests)
        return {commit: metadata for some in found for commit, metadata in some.items()}

    return workspace.cached(_METADATA, {commit for ids in wanted.values() for commit in ids}, read)


def _read_mirror_metadata(request: tuple[Mirror, frozenset[str]]) -> Mapping[str, Metadata]:
    mirror, wanted = request
    commits = has_commits(mirror, wanted)
    found = read_files(
        mirror, [(commit, path) for commit in sorted(commits) for path in FILES], max_bytes=MAX_BYTES
    )
    chosen = {commit: choose_metadata([(path, found[commit, path]) for path in FILES]) for commit in commits}
    bare = [commit for commit, metadata in chosen.items() if metadata.file is None]
    with_code = with_directories(mirror, bare, CODE_DIRECTORIES)
    return chosen | {commit: Metadata(has_code=True) for commit in with_code}


def choose_metadata(contents: Iterable[tuple[MetadataFile, bytes | TooLarge | None]]) -> Metadata:
    """Return the metadata of the first file that names the module.

    Some early modules have an empty metadata.json besides their Modulefile.
    """
    read: list[Metadata] = []
    for file, content in contents:
        if isinstance(content, TooLarge):
            flaw = f"{file} is larger than {MAX_BYTES // 1024 // 1024} MiB and was not read"
            read.append(Metadata(file=file, flaws=(flaw,)))
        elif content is not None:
            read.append(parse_metadata(content, file=file))
    return next((metadata for metadata in read if metadata.name), read[0] if read else Metadata())


def _metadata_to_json(metadata: Metadata) -> str:
    return json.dumps(
        [
            metadata.file,
            metadata.name,
            metadata.version,
            [[row.name, row.range] for row in metadata.dependencies],
            [[row.name, row.range] for row in metadata.requirements],
            {system: list(releases) for system, releases in metadata.platforms.items()},
            list(metadata.flaws),
            metadata.has_code,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _metadata_from_json(text: str) -> Metadata:
    file, name, version, dependencies, requirements, platforms, flaws, has_code = json.loads(text)
    return Metadata(
        file=file,
        name=name,
        version=version,
        dependencies=tuple(Dependency(*row) for row in dependencies),
        requirements=tuple(Dependency(*row) for row in requirements),
        platforms={system: tuple(releases) for system, releases in platforms.items()},
        flaws=tuple(flaws),
        has_code=has_code,
    )


_METADATA = CacheKey("metadata-3", _metadata_to_json, _metadata_from_json)


@dataclass(frozen=True, slots=True)
class Licences:
    """Module to licence as written, for those that name one; `problems` are the unreadable modules."""

    by_module: Mapping[str, str]
    problems: tuple[Problem, ...] = ()


def read_licences(workspace: Workspace, lock: Lock) -> Licences:
    """Return the licences of modules pinned from git; a remote is contacted only for what the cache lacks."""
    pins = [pin for _, pin in sorted(lock.pins.items()) if isinstance(pin, GitPin)]
    holdings = hold_pins(pins, workspace)
    found: dict[str, str] = {}
    problems = []
    for pin in pins:
        mirror, failure = holdings[pin.git].with_commits(pin.commit), holdings[pin.git].mirror
        if mirror is None:
            why, hint = f"{pin.git} has no commit {pin.commit}", None
            if isinstance(failure, SyncFailure):
                why, hint = failure.message, failure.hint
            message = f"module '{pin.module}': its licence could not be read: {why}"
            problems.append(Problem(message, hint=hint))
            continue
        content = read_files(mirror, [(pin.commit, FILES[0])], max_bytes=MAX_BYTES)[pin.commit, FILES[0]]
        licence = read_licence(content) if isinstance(content, bytes) else None
        if licence is not None:
            found[pin.module] = licence
    return Licences(found, tuple(problems))


def joined_dependencies(metadata: Metadata) -> Mapping[str, str]:
    """Return dependency to range, as stored in a lock.

    Two ranges for one name must both match, which is written as the two separated by a blank. A range is
    dropped if the joined one would exceed the length that can be read: hundreds of ranges for one name are
    not meaningful.
    """
    joined: dict[str, str] = {}
    for row in metadata.dependencies:
        both = f"{joined[row.name]} {row.range}" if row.name in joined else row.range
        if len(both) <= LONGEST_RANGE:
            joined[row.name] = both
    return joined


@dataclass(frozen=True, slots=True)
class ForgeCode:
    """The git pins that stand for Forge modules, and the reason for each one that has none, both by Forge pin."""

    pins: Mapping[ForgePin, GitPin] = field(default_factory=dict)
    reasons: Mapping[ForgePin, str] = field(default_factory=dict)

    def pin(self, pin: Pin | None) -> Pin | None:
        """Return the git pin that stands for a Forge module, and any other pin unchanged."""
        return self.pins.get(pin, pin) if isinstance(pin, ForgePin) else pin


def find_forge_code(pins: Iterable[Pin | None], workspace: Workspace) -> ForgeCode:
    """Return where the code of the Forge modules among `pins` is; a remote is contacted only for a missing tag."""
    unsorted = {pin for pin in pins if isinstance(pin, ForgePin)}
    wanted = sorted(unsorted, key=lambda pin: (pin.module, pin.version, pin.install_path))
    homes = {pin: home for pin in wanted if (home := forge_home(pin, workspace))}
    mirrors: dict[str, Mirror | SyncFailure] = {
        home: workspace.mirrors.open_or_fail(home) for home in set(homes.values())
    }
    lacking = sorted({home for pin, home in homes.items() if _tag(pin, mirrors[home]) is None})
    if lacking and not workspace.is_offline:
        mirrors |= workspace.mirrors.sync(lacking)
    tags = {pin: tag for pin, home in homes.items() if (tag := _tag(pin, mirrors[home]))}
    commits: dict[Mirror, set[str]] = {}
    for pin, tag in tags.items():
        mirror = mirrors[homes[pin]]
        if isinstance(mirror, Mirror):
            commits.setdefault(mirror, set()).add(mirror.refs.commits[tag])
    metadata = read_metadata(commits, workspace)
    found: dict[ForgePin, GitPin] = {}
    reasons: dict[ForgePin, str] = {}
    for pin in wanted:
        home, tag = homes.get(pin), tags.get(pin)
        mirror_or_failure = mirrors.get(home or "")
        if home is None:
            reasons[pin] = f"the catalogue has no repository of {pin.forge}, and pinner.yaml names none"
        elif not isinstance(mirror_or_failure, Mirror):
            why = mirror_or_failure.message if mirror_or_failure else "it was not fetched"
            reasons[pin] = f"its repository could not be read: {why}"
        elif tag is None:
            reasons[pin] = f"{home} has no tag of version {pin.version}"
        else:
            commit = mirror_or_failure.refs.commits[tag]
            made = _git_pin(pin, home, tag, commit, metadata.get(commit))
            if made is None:
                reasons[pin] = f"the metadata at {tag} of {home} are not those of {pin.forge} {pin.version}"
            else:
                found[pin] = made
    return ForgeCode(found, reasons)


def forge_home(pin: ForgePin, workspace: Workspace) -> str | None:
    """Return the git repository that a Forge module comes from, None if it is not known."""
    return workspace.settings.modules.get(pin.module) or git_home(pin.forge)


def _tag(pin: ForgePin, mirror: Mirror | SyncFailure) -> str | None:
    """Return the tag of the pin's version by its full name, None if the mirror has none."""
    if isinstance(mirror, SyncFailure):
        return None
    tags = (f"{TAG}v{pin.version}", f"{TAG}{pin.version}", f"{TAG}release-{pin.version}")
    return next((tag for tag in tags if tag in mirror.refs.commits), None)


def _git_pin(pin: ForgePin, home: str, tag: str, commit: str, metadata: Metadata | None) -> GitPin | None:
    if metadata is None or metadata.name is None or metadata.version != pin.version:
        return None
    if canonical_module(metadata.name) != canonical_module(pin.forge):
        return None
    return GitPin(
        module=pin.module,
        git=home,
        commit=commit,
        ref=tag,
        want=Selector(SelectorKind.TAG, tag.removeprefix(TAG)),
        install_path=pin.install_path,
        name=metadata.name,
        version=metadata.version,
    )
