"""What the modules say about themselves at the pinned commits: read once per commit, then remembered for ever."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pinner.git.memory import Memory
from pinner.git.mirrors import Mirror
from pinner.git.objects import TooLarge, has_commits, read_files
from pinner.puppet.metadata import MetadataFile, parse_metadata
from pinner.words.metadata import Dependency, Metadata

# Raised when the reader of metadata learns something new, so that what an older one remembered is read again.
READER = "metadata-2"
FILES: Final[tuple[MetadataFile, ...]] = ("metadata.json", "Modulefile")
MAX_BYTES = 4 * 1024 * 1024


def read_metadata(
    commits: Mapping[Mirror, Iterable[str]], *, memory: Memory, jobs: int
) -> Mapping[str, Metadata]:
    """Return commit to metadata, for the commits that are there; only those never seen before are read."""
    wanted = {mirror: frozenset(ids) for mirror, ids in commits.items()}
    remembered = memory.recall(READER, {commit for ids in wanted.values() for commit in ids})
    known = {commit: _from_json(text) for commit, text in remembered.items()}
    unread = {mirror: ids - known.keys() for mirror, ids in wanted.items() if ids - known.keys()}
    if not unread:
        return known
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        read = {
            commit: metadata
            for found in pool.map(_read, unread.items())
            for commit, metadata in found.items()
        }
    memory.remember(READER, {commit: _to_json(metadata) for commit, metadata in read.items()})
    return known | read


def _read(request: tuple[Mirror, frozenset[str]]) -> Mapping[str, Metadata]:
    mirror, wanted = request
    commits = has_commits(mirror, wanted)
    found = read_files(
        mirror, [(commit, path) for commit in sorted(commits) for path in FILES], max_bytes=MAX_BYTES
    )
    return {commit: choose_metadata([(path, found[commit, path]) for path in FILES]) for commit in commits}


def choose_metadata(contents: Iterable[tuple[MetadataFile, bytes | TooLarge | None]]) -> Metadata:
    """Return what the first file says that names the module; some early ones have an empty metadata.json beside."""
    read = list(_read_each(contents))
    return next((metadata for metadata in read if metadata.name), read[0] if read else Metadata())


def _read_each(contents: Iterable[tuple[MetadataFile, bytes | TooLarge | None]]) -> Iterator[Metadata]:
    for file, content in contents:
        if isinstance(content, TooLarge):
            yield Metadata(
                file=file, flaws=(f"{file} is larger than {MAX_BYTES // 1024 // 1024} MiB and was not read",)
            )
        elif content is not None:
            yield parse_metadata(content, file=file)


def _to_json(metadata: Metadata) -> str:
    return json.dumps(
        [
            metadata.file,
            metadata.name,
            metadata.version,
            [[row.name, row.range] for row in metadata.dependencies],
            [[row.name, row.range] for row in metadata.requirements],
            {system: list(releases) for system, releases in metadata.platforms.items()},
            list(metadata.flaws),
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _from_json(text: str) -> Metadata:
    file, name, version, dependencies, requirements, platforms, flaws = json.loads(text)
    return Metadata(
        file=file,
        name=name,
        version=version,
        dependencies=tuple(Dependency(*row) for row in dependencies),
        requirements=tuple(Dependency(*row) for row in requirements),
        platforms={system: tuple(releases) for system, releases in platforms.items()},
        flaws=tuple(flaws),
    )
