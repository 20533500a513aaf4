"""The files of a commit as those tools write them that deploy it: r10k checks out, g10k unpacks an archive.

Both obey the commit's own .gitattributes (`eol`, `ident`, and archives `export-ignore` too), so what they write may
differ from what is stored. Never asks a remote.
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pinner.git.batch import ask
from pinner.git.checkout import check_out
from pinner.git.mirror import Mirror
from pinner.git.plain_trees import EXECUTABLE, LINK, PLAIN, PlainFile, blob_id, read_plain_tree


def checked_out(mirror: Mirror, commit: str) -> tuple[PlainFile, ...]:
    """Return the files that `git checkout` writes for a commit (40 hex digits), sorted by path."""
    with TemporaryDirectory(prefix="pinner-", ignore_cleanup_errors=True) as made:
        place = Path(made).resolve()
        check_out(mirror, commit, place / "files", scratch=place / "scratch")
        return read_plain_tree(place / "files").files


def archived(mirror: Mirror, commit: str) -> tuple[PlainFile, ...]:
    """Return the files that `git archive` packs for a commit (40 hex digits), sorted by path."""
    plain = ["-c", "core.autocrlf=false"]  # else the looker's own git would turn lines over, as in a checkout
    packed = ask(mirror, [*plain, "archive", "--format=tar", commit], about=(commit,)).out
    with tarfile.open(fileobj=io.BytesIO(packed), errors="surrogateescape", encoding="utf-8") as archive:
        return tuple(sorted(_files(archive), key=lambda file: file.path))


def _files(archive: tarfile.TarFile) -> Iterator[PlainFile]:
    for member in archive:
        if member.issym():
            target = member.linkname.encode(errors="surrogateescape")
            yield PlainFile(member.name, LINK, blob_id(target), len(target))
        elif (stream := archive.extractfile(member)) is not None:
            mode = EXECUTABLE if member.mode & 0o100 else PLAIN
            yield PlainFile(member.name, mode, blob_id(stream.read()), member.size)
