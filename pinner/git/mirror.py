"""A mirror that can be read: one bare repository in the cache, and the refs it had when it was last synced."""

from dataclasses import dataclass, field
from pathlib import Path

from pinner.words.refs import Refs


@dataclass(frozen=True, slots=True)
class Mirror:
    """`url` is canonical, `path` absolute; `notes` tell what the user should know about this sync."""

    url: str
    path: Path
    refs: Refs = field(compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
