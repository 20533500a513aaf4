"""What pinner notes beside a mirror's own files: its refs with every tag peeled, and which packs it had.

The note makes an unchanged mirror cheap (no git process reads its refs) and a damaged one visible (a pack that went or
shrank). It is written in one rename, and only while the mirror's lock is held.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.words.refs import BRANCH, TAG, Refs

_FILE = "pinner-refs.json"
_FORMAT = 1
_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Note:
    """`packed` is the digest of packed-refs that `refs` was read from; `packs` maps a pack's file to its size."""

    packed: str
    packs: Mapping[str, int]
    refs: Refs


def read_note(mirror: Path) -> Note | None:
    """Return the note of a mirror, None if it has none that can be read."""
    try:
        data = json.loads((mirror / _FILE).read_bytes())
        if data["format"] == _FORMAT:
            packs = {str(name): int(size) for name, size in data["packs"].items()}
            commits = {str(ref): _object_id(commit) for ref, commit in data["refs"].items()}
            return Note(str(data["packed"]), packs, Refs(commits))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    return None


def write_note(mirror: Path, refs: Refs) -> None:
    """Note `refs` as what the mirror's packed-refs say now, and the packs there are."""
    data = {
        "format": _FORMAT,
        "packed": digest_of_packed_refs(mirror),
        "packs": pack_sizes(mirror),
        "refs": dict(refs.commits),
    }
    temporary = mirror / f"{_FILE}.new"
    temporary.write_text(json.dumps(data, separators=(",", ":")), encoding="utf-8")
    temporary.replace(mirror / _FILE)


def forget_note(mirror: Path) -> None:
    """Take the note away, so that the next sync makes the mirror anew: for a reader who met a damaged object."""
    with contextlib.suppress(OSError):
        (mirror / _FILE).unlink()


def is_whole(mirror: Path, note: Note) -> bool:
    """Tell whether every pack of the note is still there in its full length."""
    sizes = pack_sizes(mirror)
    return all(sizes.get(name) == size for name, size in note.packs.items())


def is_current(mirror: Path, note: Note) -> bool:
    """Tell whether the refs of the note are the mirror's refs: packed-refs unchanged and no loose ref beside it."""
    return not has_loose_refs(mirror) and digest_of_packed_refs(mirror) == note.packed


def digest_of_packed_refs(mirror: Path) -> str:
    """Return the SHA-256 of packed-refs in hex, of nothing if there is none (an empty repository)."""
    try:
        content = (mirror / "packed-refs").read_bytes()
    except FileNotFoundError:
        content = b""
    return hashlib.sha256(content).hexdigest()


def has_loose_refs(mirror: Path) -> bool:
    """Tell whether any ref lies in a file of its own."""
    return any(files for _, _, files in os.walk(mirror / "refs"))


def is_empty(mirror: Path) -> bool:
    """Tell whether there is no branch and no tag."""
    try:
        content = (mirror / "packed-refs").read_bytes()
    except FileNotFoundError:
        content = b""
    return not has_loose_refs(mirror) and not (b" refs/heads/" in content or b" refs/tags/" in content)


def holds_sha256(mirror: Path) -> bool:
    """Tell whether the ids in it are SHA-256, as `git clone` takes them from such a remote."""
    return "objectformat = sha256" in (mirror / "config").read_text(errors="replace").lower()


def pack_sizes(mirror: Path) -> dict[str, int]:
    """Return the sizes in bytes of the packs and their indexes, by file name."""
    with contextlib.suppress(FileNotFoundError), os.scandir(mirror / "objects" / "pack") as entries:
        return {
            entry.name: entry.stat().st_size for entry in entries if entry.name.endswith((".pack", ".idx"))
        }
    return {}


def count_packs(mirror: Path) -> int:
    """Return how many packs there are."""
    return sum(name.endswith(".pack") for name in pack_sizes(mirror))


def parse_packed_refs(content: bytes) -> dict[str, str]:
    r"""Return whole ref name to peeled object id for branches and tags; raises ValueError for what git never writes.

    A line is `<id> <ref>`; the line `^<id>` after it is what an annotated tag peels to, through nested tags too
    (git's refs/packed-backend.c, "fully-peeled"). Bytes that are no UTF-8 appear as `\xNN`.
    """
    found: dict[str, str] = {}
    ref = ""
    for line in content.decode(errors="backslashreplace").split("\n")[:-1]:
        if line.startswith("^"):
            if ref in found:
                found[ref] = _object_id(line[1:])
        elif not line.startswith("#"):
            commit, _, ref = line.partition(" ")
            if _object_id(commit) and ref.startswith((BRANCH, TAG)):
                found[ref] = commit
    return found


def _object_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(text)
    return text
