"""The APIs of modules at their commits: each distinct file is read once ever, one git batch a repository."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from pinner.git.memory import Memory
from pinner.git.mirror import Mirror
from pinner.git.objects import TooLarge, read_blobs
from pinner.git.trees import list_tree
from pinner.operations.readers import API, LACKING
from pinner.puppet.code.paths import Role, role_of
from pinner.puppet.code.reading import read_file
from pinner.puppet.code.stored import from_json, to_json
from pinner.words.api import Definition, ModuleApi, Unreadable

MAX_BYTES: Final = 4 * 1024 * 1024
_FILE_MODE: Final = "100"
_NAMED_BY_PATH: Final = frozenset({Role.EXTERNAL_FACT, Role.TASK, Role.DATA})

Found = tuple[Definition, ...] | Unreadable


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file of a module's tree that may define something; `role` is what its path makes it."""

    path: str
    blob: str
    role: Role

    @property
    def key(self) -> str:
        """Return what its definitions are remembered by: the same text means something else in another role."""
        return f"{self.blob} {self.role.name}"


def read_apis(
    commits: Mapping[Mirror, Iterable[str]], *, memory: Memory, jobs: int
) -> Mapping[str, ModuleApi]:
    """Return commit to API; each mirror has its commits. Only what was never seen before is read."""
    pairs = [(mirror, commit) for mirror, ids in commits.items() for commit in sorted(set(ids))]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        listed = list(pool.map(lambda pair: list_code(*pair), pairs))
    files: dict[Mirror, list[CodeFile]] = {mirror: [] for mirror in commits}
    for (mirror, _), some in zip(pairs, listed, strict=True):
        files[mirror] += some
    found = read_definitions(files, memory=memory, jobs=jobs)
    return {commit: assemble(some, found) for (_, commit), some in zip(pairs, listed, strict=True)}


def list_code(mirror: Mirror, commit: str) -> tuple[CodeFile, ...]:
    """Return the files of a commit that make up its API; links and submodules are none."""
    found = (code_file(entry.path, entry.mode, entry.id) for entry in list_tree(mirror, commit))
    return tuple(file for file in found if file)


def code_file(path: str, mode: str, blob: str | None) -> CodeFile | None:
    """Return a file of a tree, if it is part of an API; bytes of its path that are no UTF-8 are spelled out."""
    if blob is None or not mode.startswith(_FILE_MODE):
        return None
    shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
    role = role_of(shown)
    return CodeFile(shown, blob, role) if role else None


def read_definitions(
    files: Mapping[Mirror, Iterable[CodeFile]], *, memory: Memory, jobs: int
) -> Mapping[CodeFile, Found]:
    """Return what each file defines; what is remembered in another form than today's is read again."""
    wanted = {mirror: tuple(dict.fromkeys(some)) for mirror, some in files.items()}
    everything = [file for some in wanted.values() for file in some]
    texts = memory.recall(API, {file.key for file in everything if file.role not in _NAMED_BY_PATH})
    found = {file: known for file in everything if (known := _known(file, texts)) is not None}
    missing = {mirror: [file for file in some if file not in found] for mirror, some in wanted.items()}
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        loaded = pool.map(_load, ((mirror, some) for mirror, some in missing.items() if some))
        fresh = {file: read for part in loaded for file, read in part.items()}
    memory.remember(API, {file.key: to_json(read) for file, read in fresh.items() if not _is_lacking(read)})
    return found | fresh


def _known(file: CodeFile, texts: Mapping[str, str]) -> Found | None:
    """Return what a path alone tells, or what is remembered."""
    if file.role in _NAMED_BY_PATH:
        return read_file(file.path, b"")
    try:
        return from_json(file.path, texts[file.key]) if file.key in texts else None
    except ValueError:
        return None


def _load(request: tuple[Mirror, Sequence[CodeFile]]) -> Mapping[CodeFile, Found]:
    """Parse while other repositories' blobs still come: a second process would cost more than all this code takes."""
    mirror, files = request
    blobs = read_blobs(mirror, [file.blob for file in files], max_bytes=MAX_BYTES)
    return {file: _parse(file, blobs[file.blob]) for file in files}


def _parse(file: CodeFile, blob: bytes | TooLarge | None) -> Found:
    if isinstance(blob, bytes):
        return read_file(file.path, blob)
    size = f"the file cannot be read: {blob.size} bytes, {MAX_BYTES} at most are read" if blob else LACKING
    return Unreadable(file.path, size)


def _is_lacking(found: Found) -> bool:
    """Say whether it is the mirror that has to be mended, not the file."""
    return isinstance(found, Unreadable) and found.reason == LACKING


def assemble(files: Iterable[CodeFile], found: Mapping[CodeFile, Found]) -> ModuleApi:
    """Return one API from what was found in its files."""
    parts = [found[file] for file in files]
    return ModuleApi(
        tuple(one for part in parts if not isinstance(part, Unreadable) for one in part),
        tuple(part for part in parts if isinstance(part, Unreadable)),
    )
