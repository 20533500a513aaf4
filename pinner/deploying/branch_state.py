"""Read the files and the history of control branches, and the locks that were published there before."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pinner.git.control.repository import find_publication, first_commits, last_change
from pinner.git.control.user_repository import head_of
from pinner.git.objects.read import TreeEntry, list_tree, read_blobs
from pinner.git.process.repository import Mirror
from pinner.model.control import LastChange
from pinner.model.errors import UnknownError
from pinner.model.lock import ForgePin, Lock, short_name
from pinner.model.text import SHORT
from pinner.puppet.names import LOCK_ID, check_commit, check_forge_version, check_module_name, check_ref_name
from pinner.puppet.puppetfile.reader import ModuleKind, read_puppetfile
from pinner.puppet.puppetfile.writer import HEADER_MARK
from pinner.puppet.versions import parse_version
from pinner.workspace.locks import read_old_locks
from pinner.workspace.workspace import Workspace

MOST_VERSIONS = 400
"""Versions of locks that are read from the project's history, newest first."""


@dataclass(frozen=True, slots=True)
class PreviousLocks:
    """One module of a previous lock: `source` is its git URL or Forge name, `code` its commit or version.

    All fields except `source`, which is never shown, consist of whitelisted characters only.
    """

    source: str
    code: str
    version: str | None = None
    ref: str | None = None

    def __str__(self) -> str:
        if not check_commit(self.code):
            where = f"{self.ref}, {self.code[:SHORT]}" if self.ref else self.code[:SHORT]
            return f"{self.version} ({where})" if self.version else where
        return self.code


def modules_of(lock: Lock) -> Mapping[str, PreviousLocks]:
    """Return the modules of a lock, by name."""
    found: dict[str, PreviousLocks] = {}
    for name, pin in lock.pins.items():
        if isinstance(pin, ForgePin):
            found[name] = PreviousLocks(pin.forge, pin.version)
        else:
            version = pin.version if pin.version and parse_version(pin.version) else None
            ref = short_name(pin.ref) if pin.ref else ""
            is_valid = bool(ref) and not check_ref_name(ref)
            found[name] = PreviousLocks(pin.git, pin.commit, version, ref if is_valid else None)
    return found


def modules_in(puppetfile: str) -> Mapping[str, PreviousLocks]:
    """Return the modules of a Puppetfile, by name; it does not contain the versions of git modules."""
    found: dict[str, PreviousLocks] = {}
    for module in read_puppetfile(puppetfile).puppetfile.modules:
        if check_module_name(module.directory):
            continue
        if module.kind is ModuleKind.GIT and module.git and module.ref and not check_commit(module.ref):
            found[module.directory] = PreviousLocks(module.git, module.ref)
        elif module.kind is ModuleKind.FORGE and module.version and not check_forge_version(module.version):
            found[module.directory] = PreviousLocks(module.name, module.version)
    return found


def find_locks(workspace: Workspace, lock_ids: Iterable[str]) -> Mapping[str, Lock]:
    """Return the locks with these ids from the project's git history, by id; none without a history."""
    wanted = set(lock_ids)
    found: dict[str, Lock] = {}
    try:
        head = head_of(workspace.project.root) if wanted else None
        for _, lock in read_old_locks(head, limit=MOST_VERSIONS) if head else ():
            found[lock.lock_id] = lock
            if wanted <= found.keys():
                break
    except UnknownError:
        pass  # the commit message has no versions then
    return found


LONGEST = 1_000_000
"""Bytes of the largest file that is read; no file of pinner's is larger."""

_HEAD = 500
_AT_ONCE = 500
_HEADER = re.compile(
    rf"^# {HEADER_MARK} for environment ([a-z][a-z0-9_]*)(?: \(({LOCK_ID.pattern})\))?", re.MULTILINE
)
_FILES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class BranchState:
    """One branch: the commit at its tip (None: the branch does not exist yet) and its files by path.

    `marked` maps the paths of the files with pinner's header to their texts.
    """

    tip: str | None = None
    entries: Mapping[str, TreeEntry] = field(default_factory=dict)
    marked: Mapping[str, str] = field(default_factory=dict)

    @property
    def lock_ids(self) -> Mapping[str, str]:
        """Return the lock id of each environment, from the headers; if two differ, that of the last path."""
        found = (_HEADER.search(head(text)) for _, text in sorted(self.marked.items()))
        return {match[1]: match[2] for match in found if match and match[2]}

    def puppetfile_of(self, environment: str) -> str | None:
        """Return the text of the file whose header names this environment and a lock id."""
        for _, text in sorted(self.marked.items()):
            match = _HEADER.search(head(text))
            if match and match[1] == environment and match[2]:
                return text
        return None


def read_branch_states(mirror: Mirror, branches: Iterable[str]) -> Mapping[str, BranchState]:
    """Return the state of each branch, by name; a file that several branches share is read once."""
    tips = {name: mirror.refs.branch(name) for name in branches}
    trees = {tip: {entry.path: entry for entry in list_tree(mirror, tip)} for tip in tips.values() if tip}
    texts = _marked_texts(
        mirror, {entry.id for tree in trees.values() for entry in tree.values() if entry.mode in _FILES}
    )
    by_tip = {
        tip: BranchState(
            tip,
            tree,
            {
                path: texts[entry.id]
                for path, entry in tree.items()
                if entry.id in texts and entry.mode in _FILES
            },
        )
        for tip, tree in trees.items()
    }
    return {name: by_tip[tip] if tip else BranchState() for name, tip in tips.items()}


def _marked_texts(mirror: Mirror, ids: Iterable[str]) -> Mapping[str, str]:
    """Return the texts of the blobs that have pinner's header, by id."""
    wanted = sorted(ids)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = read_blobs(mirror, wanted[start : start + _AT_ONCE], max_bytes=LONGEST)
        texts = (
            (name, content.decode(errors="replace"))
            for name, content in some.items()
            if isinstance(content, bytes) and HEADER_MARK.encode() in content[: 4 * _HEAD]
        )
        found |= {name: text for name, text in texts if is_marked(text)}
    return found


def is_marked(text: str) -> bool:
    """Return whether a text has pinner's header near its start."""
    return HEADER_MARK in head(text)


def environment_of(text: str) -> str | None:
    """Return the environment that a file's header names; None for a file that all environments share."""
    match = _HEADER.search(head(text))
    return match[1] if match else None


def head(text: str) -> str:
    """Return the part of a file in which pinner's header is searched for."""
    return text[:_HEAD]


class BranchHistory:
    """The fetched history of the branch whose tip is `tip` with the files `entries`.

    For the files of an environment, only its own publications count, if there are any: a publication of
    another environment includes these files with whatever content they had, and a branch may have started as
    a copy of another. For files of no environment (None), all publications count. `boundary` are the commits
    whose parents were not fetched. `is_settled` becomes False as soon as a result might differ with a longer
    history.
    """

    def __init__(
        self, mirror: Mirror, tip: str, entries: Mapping[str, TreeEntry], *, boundary: frozenset[str]
    ) -> None:
        self._mirror = mirror
        self._tip = tip
        self._boundary = boundary
        self._publications: dict[str | None, str | None] = {}
        self._trees: dict[str, Mapping[str, TreeEntry]] = {tip: entries}
        self.is_settled = True

    def publication(self, environment: str | None) -> str | None:
        """Return the last publication that counts for the files of an environment; None if there is none."""
        if environment not in self._publications:
            newest = self.publication(None) if environment else None
            found = None
            if newest or not environment:
                found = find_publication(self._mirror, self._tip, (environment,) if environment else ())
                self.is_settled = self.is_settled and not (found is None and self._is_cut)
            self._publications[environment] = found or newest
        return self._publications[environment]

    def published(self, path: str, environment: str | None) -> TreeEntry | None:
        """Return the file with pinner's header that the last publication left at a path."""
        publication = self.publication(environment)
        if not publication:
            return None
        if publication not in self._trees:
            entries = list_tree(self._mirror, publication)
            self._trees[publication] = {entry.path: entry for entry in entries}
        entry = self._trees[publication].get(path)
        if entry is None or entry.kind != "blob":
            return None
        content = read_blobs(self._mirror, [entry.id], max_bytes=LONGEST)[entry.id]
        has_header = isinstance(content, bytes) and is_marked(content.decode(errors="replace"))
        return entry if has_header else None

    def last_change(self, path: str, environment: str | None) -> LastChange | None:
        """Return the commit that last changed the path, if possible one since the last publication."""
        since = self.publication(environment)
        last = last_change(self._mirror, self._tip, path, since=since) if since else None
        last = last or last_change(self._mirror, self._tip, path)
        if last is None or last.commit in self._boundary:
            self.is_settled = self.is_settled and not self._is_cut
        return last

    @cached_property
    def _is_cut(self) -> bool:
        """Return whether the branch has older commits that were not fetched."""
        return bool(self._boundary) and not self._boundary.isdisjoint(first_commits(self._mirror, self._tip))
