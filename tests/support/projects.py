"""Projects that tests make in a directory of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.project.files import Project


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes a project's files below `root`."""

    root: Path

    def __call__(self, content_by_path: Mapping[str, str | bytes]) -> Project:
        for path, content in content_by_path.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        return Project(self.root)
