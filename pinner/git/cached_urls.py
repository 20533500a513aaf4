"""Which repositories a cache has mirrors of, by their canonical URLs. Asks no remote and starts no git."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pinner.git.cache import Cache
from pinner.git.urls import canonical
from pinner.words.problems import InputError

_URL = re.compile(r"^\s*url\s*=\s*\"?([^\"\n]+)\"?\s*$", re.MULTILINE)


def list_cached(cache: Cache, rewrite: Mapping[str, str]) -> tuple[str, ...]:
    """Return the canonical URLs of all mirrors, sorted.

    A mirror knows from where it was cloned; which URL stands for that place is found by the rules of `rewrite`, and
    proven by the name of its directory. One that was cloned by other rules is left out.
    """
    return tuple(sorted(url for path in cache.list_mirrors() if (url := _url(path, cache, rewrite))))


def _url(path: Path, cache: Cache, rewrite: Mapping[str, str]) -> str | None:
    with suppress(OSError):
        if found := _URL.search((path / "config").read_text(errors="surrogateescape")):
            return next((url for url in _meant(found[1], rewrite) if cache.mirror(url) == path), None)
    return None


def _meant(place: str, rewrite: Mapping[str, str]) -> Iterator[str]:
    written = [
        place,
        *(prefix + place.removeprefix(to) for prefix, to in rewrite.items() if place.startswith(to)),
    ]
    for url in written:
        with suppress(InputError):
            yield canonical(url)
