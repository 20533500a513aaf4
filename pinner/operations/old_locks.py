"""Every lock that the project's own git history holds, newest first."""

from collections.abc import Iterator

from pinner.git.file_versions import Head, list_versions, read_versions
from pinner.project.layout import ENVIRONMENTS, LOCK_SUFFIX
from pinner.project.lock import LONGEST
from pinner.project.lock_reader import parse_lock
from pinner.words.pins import Lock
from pinner.words.problems import InputError


def read_old_locks(head: Head, *, limit: int | None = None) -> Iterator[tuple[str, Lock]]:
    """Yield blob id and lock of the versions that can be read, of at most `limit`; whose they were is not known.

    Half merged ones, and those of another format, are passed over. Raises UnknownError where git cannot read.
    """
    versions = list_versions(head, ENVIRONMENTS, LOCK_SUFFIX)[:limit]
    for some in read_versions(head, versions, max_bytes=LONGEST):
        for blob, content in some.items():
            if lock := _parse(content):
                yield blob, lock


def _parse(content: bytes) -> Lock | None:
    try:
        return parse_lock(content, environment="history", path="history")
    except InputError:
        return None
