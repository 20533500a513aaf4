"""The cache directory: where the mirror of a repository lies, and the place where a control repository is worked on."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from pinner.words.problems import Problem, UnknownError

# https://bford.info/cachedir/: backups leave such a directory out
_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n# Mirrors of git repositories; pinner makes them again.\n"
)
_MIRRORS = "git"
_CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Cache:
    """The directory at the absolute path `path`, which need not be there yet."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Cache":
        """Return the cache at a path as a user writes it."""
        return cls(Path(os.path.abspath(path.expanduser())))  # noqa: PTH100 - resolve() would follow symlinks

    @property
    def no_authorities(self) -> Path:
        """Return the directory that stays empty: certificate authorities are looked for elsewhere."""
        return self.path / "no-authorities"

    def mirror(self, canonical: str) -> Path:
        """Return where the mirror of a repository lies, by its canonical URL."""
        return self.path / _MIRRORS / _directory(canonical)

    def list_mirrors(self) -> tuple[Path, ...]:
        """Return the directories of all mirrors there are, sorted."""
        return tuple(sorted((self.path / _MIRRORS).glob("*.git")))

    def control(self, canonical: str) -> Path:
        """Return where the control repository of that canonical URL is worked on."""
        return self.path / _CONTROL / _directory(canonical)

    def make(self) -> None:
        """Make the directories; raises UnknownError where that is refused."""
        try:
            for name in (_MIRRORS, _CONTROL, self.no_authorities.name):
                (self.path / name).mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (tag := self.path / "CACHEDIR.TAG").exists():
                tag.write_bytes(_TAG)
        except OSError as error:
            message = f"cannot make the cache {self.path}: {error.strerror}"
            raise UnknownError(
                Problem(message, hint="set PINNER_CACHE to a directory you may write")
            ) from error


def _directory(canonical: str) -> str:
    """Return a repository's directory: words a person recognises, and a digest that keeps two of them apart."""
    words = re.sub(r"[^a-z0-9]+", "-", canonical.lower().partition("://")[2] or canonical.lower()).strip("-")
    digest = hashlib.sha256(canonical.encode(errors="surrogateescape")).hexdigest()
    return f"{words[-60:].strip('-')}-{digest[:12]}.git"
