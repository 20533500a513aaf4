"""What stands on the branches of a control repository now: their files, and which of those are pinner's."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pinner.git.mirror import Mirror
from pinner.git.objects import read_blobs
from pinner.git.publications import files_holding
from pinner.git.trees import TreeEntry, list_tree
from pinner.puppet.puppetfile import HEADER_MARK

LONGEST = 1_000_000
"""Bytes of the largest file that is looked into: no file of pinner's is longer."""

_HEAD = 500
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
    """Return what stands on each of the branches, by name."""
    tips = {name: mirror.refs.branch(name) for name in branches}
    holding = files_holding(mirror, sorted({tip for tip in tips.values() if tip}), HEADER_MARK)
    by_tip = {tip: _read(mirror, tip, paths) for tip, paths in holding.items()}
    return {name: by_tip[tip] if tip else Standing() for name, tip in tips.items()}


def _read(mirror: Mirror, tip: str, holding: tuple[str, ...]) -> Standing:
    entries = {entry.path: entry for entry in list_tree(mirror, tip)}
    ids = {path: entries[path].id for path in holding if entries[path].mode in _FILES}
    contents = read_blobs(mirror, ids.values(), max_bytes=LONGEST)
    texts = {
        path: content.decode(errors="replace")
        for path, name in ids.items()
        if isinstance(content := contents[name], bytes)
    }
    return Standing(tip, entries, {path: text for path, text in texts.items() if is_marked(text)})


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
