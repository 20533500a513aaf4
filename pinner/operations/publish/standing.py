"""What stands on the branches of a control repository now: their files, and which of those are pinner's."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

from pinner.git.mirror import Mirror
from pinner.git.objects import TooLarge, read_blobs
from pinner.git.trees import TreeEntry, list_tree
from pinner.puppet.puppetfile import HEADER_MARK

LONGEST = 1_000_000
"""Bytes of the largest file that is looked into: no file of pinner's is longer."""

_HEAD = 500
_AT_ONCE = 500
_HEADER = re.compile(
    rf"^# {HEADER_MARK} for environment ([a-z][a-z0-9_]*)(?: \((pin-[0-9a-f]{{12}})\))?", re.MULTILINE
)
_FILES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class Standing:
    """One branch: the commit at its tip (None: there is no such branch yet), its files by path.

    `marked` maps the paths of those with pinner's header to their texts.
    """

    tip: str | None = None
    entries: Mapping[str, TreeEntry] = field(default_factory=dict)
    marked: Mapping[str, str] = field(default_factory=dict)

    @property
    def lock_ids(self) -> Mapping[str, str]:
        """Return environment to lock id, as the headers say; where two differ, the last path's."""
        found = (_HEADER.search(head(text)) for _, text in sorted(self.marked.items()))
        return {match[1]: match[2] for match in found if match and match[2]}

    def puppetfile_of(self, environment: str) -> str | None:
        """Return the text of the file whose header names that environment and a lock."""
        for _, text in sorted(self.marked.items()):
            match = _HEADER.search(head(text))
            if match and match[1] == environment and match[2]:
                return text
        return None


def read_standings(mirror: Mirror, branches: Iterable[str]) -> Mapping[str, Standing]:
    """Return what stands on each of the branches, by name; a file that several of them share is read once."""
    tips = {name: mirror.refs.branch(name) for name in branches}
    trees = {tip: {entry.path: entry for entry in list_tree(mirror, tip)} for tip in tips.values() if tip}
    texts = _marked_texts(
        mirror, {entry.id for tree in trees.values() for entry in tree.values() if _is_file(entry)}
    )
    by_tip = {tip: Standing(tip, tree, _marked(tree, texts)) for tip, tree in trees.items()}
    return {name: by_tip[tip] if tip else Standing() for name, tip in tips.items()}


def _marked_texts(mirror: Mirror, ids: Iterable[str]) -> Mapping[str, str]:
    """Return blob id to text for those that have pinner's header."""
    wanted = sorted(ids)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = read_blobs(mirror, wanted[start : start + _AT_ONCE], max_bytes=LONGEST)
        texts = (
            (name, content.decode(errors="replace"))
            for name, content in some.items()
            if _may_be_marked(content)
        )
        found |= {name: text for name, text in texts if is_marked(text)}
    return found


def _may_be_marked(content: bytes | TooLarge | None) -> TypeGuard[bytes]:
    return isinstance(content, bytes) and HEADER_MARK.encode() in content[: 4 * _HEAD]


def _marked(tree: Mapping[str, TreeEntry], texts: Mapping[str, str]) -> Mapping[str, str]:
    return {path: texts[entry.id] for path, entry in tree.items() if entry.id in texts and _is_file(entry)}


def _is_file(entry: TreeEntry) -> bool:
    return entry.mode in _FILES


def is_marked(text: str) -> bool:
    """Tell whether pinner's header stands at the head of a file."""
    return HEADER_MARK in head(text)


def environment_of(text: str) -> str | None:
    """Return the environment that a file's header names, None for a file that belongs to all."""
    match = _HEADER.search(head(text))
    return match[1] if match else None


def head(text: str) -> str:
    """Return the part of a file in which pinner's header stands."""
    return text[:_HEAD]
