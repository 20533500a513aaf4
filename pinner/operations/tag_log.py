"""The checksum log: which commit each tag meant in any lock of this project, now or in its git history.

There is no file for it, because the history of `environments/*.lock` is one. Nothing is written; a project that lies in
no git repository has only the locks on disk.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from pinner.git.file_versions import Head, head_of, list_versions, read_versions
from pinner.git.memory import Memory
from pinner.openstack.catalogue import canonical_url
from pinner.operations.workspace import Workspace
from pinner.project.layout import ENVIRONMENTS, LOCK_SUFFIX
from pinner.project.lock import LONGEST
from pinner.project.lock_tags import read_locked_tags
from pinner.words.pins import GitPin, Lock
from pinner.words.problems import UnknownError
from pinner.words.refs import TAG
from pinner.words.wants import Selector

# Raised when the reader of old locks learns something new.
OF_A_LOCK = "tags-of-a-lock-1"
OF_A_HISTORY = "tags-of-a-history-1"

SHALLOW = "this clone of the project is shallow"


@dataclass(frozen=True, slots=True, order=True)
class Meaning:
    """What a tag (its whole name) of a repository (the URL it has today) once named."""

    git: str
    ref: str
    commit: str


@dataclass(frozen=True, slots=True)
class TagLog:
    """What tags meant; `gap` says why the log is not whole, None where it is."""

    commits: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    gap: str | None = None

    def others(self, pin: GitPin) -> frozenset[str]:
        """Return the commits that the pin's tag named in any lock, beside the pinned one and those accepted since."""
        meaning = meaning_of(pin)
        if meaning is None:
            return frozenset()
        known = self.commits.get((meaning.git, meaning.ref), frozenset())
        return known - {pin.commit} - frozenset(pin.moved_from)


def meaning_of(pin: GitPin) -> Meaning | None:
    """Return what the pin says a tag named; None for a branch, a bare commit, and an ancestor taken by `as_of`."""
    is_older = pin.want.as_of is not None and pin.want.selector is not Selector.VERSION
    if pin.ref is None or not pin.ref.startswith(TAG) or is_older:
        return None
    return Meaning(_home(pin.git), pin.ref, pin.commit)


def has_tags(lock: Lock) -> bool:
    """Tell whether any pin of the lock was taken from a tag: only then the log has anything to say about it."""
    return any(isinstance(pin, GitPin) and meaning_of(pin) for pin in lock.pins.values())


def read_tag_log(workspace: Workspace, locks: Iterable[Lock]) -> TagLog:
    """Return the log of the project's git history together with `locks`, those that lie on disk now."""
    now = {meaning for lock in locks for meaning in _meanings(lock)}
    try:
        head = head_of(workspace.project.root)
        earlier = _of_history(head, workspace.memory) if head else frozenset()
    except UnknownError as error:
        return TagLog(_by_tag(now), error.problems[0].message)
    return TagLog(_by_tag(now | earlier), SHALLOW if head and head.is_shallow else None)


def _of_history(head: Head, memory: Memory) -> frozenset[Meaning]:
    key = f"{head.commit}:{head.prefix}"
    if key in (remembered := memory.recall(OF_A_HISTORY, [key])):
        return _from_json(remembered[key])
    found = frozenset(_of_versions(head, list_versions(head, ENVIRONMENTS, LOCK_SUFFIX), memory))
    memory.remember(OF_A_HISTORY, {key: _to_json(found)})
    return found


def _of_versions(head: Head, ids: tuple[str, ...], memory: Memory) -> Iterator[Meaning]:
    remembered = memory.recall(OF_A_LOCK, ids)
    for text in remembered.values():
        yield from _from_json(text)
    unread = [name for name in ids if name not in remembered]
    for some in read_versions(head, unread, max_bytes=LONGEST):
        read = {name: frozenset(_of_text(content)) for name, content in some.items()}
        memory.remember(OF_A_LOCK, {name: _to_json(meanings) for name, meanings in read.items()})
        yield from (meaning for meanings in read.values() for meaning in meanings)


def _of_text(content: bytes) -> Iterator[Meaning]:
    """Yield what an old lock says; one that cannot be read (half merged, of another format) says nothing."""
    for tag in read_locked_tags(content):
        if not tag.is_older:
            yield Meaning(_home(tag.git), tag.ref, tag.commit)


def _meanings(lock: Lock) -> Iterator[Meaning]:
    pins = (pin for pin in lock.pins.values() if isinstance(pin, GitPin))
    yield from (meaning for pin in pins if (meaning := meaning_of(pin)))


@cache
def _home(git: str) -> str:
    """Return the URL that a repository has today: the same one under any of its addresses."""
    return canonical_url(git) or git


def _by_tag(meanings: Iterable[Meaning]) -> Mapping[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for meaning in meanings:
        found.setdefault((meaning.git, meaning.ref), set()).add(meaning.commit)
    return {key: frozenset(commits) for key, commits in found.items()}


def _to_json(meanings: Iterable[Meaning]) -> str:
    rows = [[meaning.git, meaning.ref, meaning.commit] for meaning in sorted(meanings)]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _from_json(text: str) -> frozenset[Meaning]:
    return frozenset(Meaning(*row) for row in json.loads(text))
