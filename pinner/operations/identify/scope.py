"""What the user names to look into."""

from collections.abc import Iterable
from pathlib import Path

from pinner.git.urls import canonical
from pinner.puppet.git_urls import check_git_url
from pinner.words.problems import InputError, Problem

CACHE = "mirrors"
"""The word for all that the cache has; `./mirrors` is a directory."""


def read_against(words: Iterable[str]) -> tuple[str, ...] | None:
    """Return the canonical URLs of the repositories named, none for the cache alone, None where nothing is named.

    A directory is meant where there is one. Raises InputError for a URL that git must not be given.
    """
    words = tuple(words)
    if not words:
        return None
    return tuple(dict.fromkeys(_url(word) for word in words if word != CACHE))


def _url(word: str) -> str:
    path = Path(word)
    if path.is_dir():
        return path.resolve().as_uri()
    if flaw := check_git_url(word):
        raise InputError(Problem(flaw))
    return canonical(word)
