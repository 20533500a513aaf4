"""Compare one deployed module with its pin."""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pinner.deploying.file_differences import (
    Contents,
    Expected,
    deployed_finding,
    differences,
    differing_paths,
    plain_text,
)
from pinner.git.objects.directory_tree import PlainFile, PlainTree, read_plain_tree, tree_ids
from pinner.git.objects.history import count_between
from pinner.git.objects.read import (
    archived,
    checked_out,
    commits_with_tree,
    has_commits,
    list_tree,
    read_blobs,
)
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.findings import Finding
from pinner.model.lock import ForgePin, GitPin, Pin, short_name
from pinner.model.text import SHORT, quoted
from pinner.project.files import read_file
from pinner.puppet.metadata import parse_metadata
from pinner.workspace.locks import read_metadata
from pinner.workspace.workspace import CacheKey, Workspace

SPEC = "spec"
ATTRIBUTES = ".gitattributes"
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of the largest file that is read to compare line endings."""
_SUBMODULE = "commit"


@dataclass(frozen=True, slots=True)
class TreeIds:
    """The id of a commit's tree without submodules, and the id without the directory `spec` as well."""

    whole: str
    without_spec: str


_TREES = CacheKey(
    "trees-1", lambda ids: f"{ids.whole} {ids.without_spec}", lambda text: TreeIds(*text.split())
)


def tree_ids_of(pins: Iterable[GitPin], workspace: Workspace) -> Mapping[str, TreeIds]:
    """Return the tree ids by commit, for the commits that are in the cache; no remote is contacted."""
    wanted = {pin.commit: pin for pin in pins}

    def read(unread: Sequence[str]) -> Mapping[str, TreeIds]:
        rows = zip(
            unread, workspace.map(lambda commit: _read(wanted[commit], workspace), unread), strict=True
        )
        return {commit: ids for commit, ids in rows if ids}

    return workspace.cached(_TREES, wanted, read)


def _read(pin: GitPin, workspace: Workspace) -> TreeIds | None:
    try:
        entries = list_tree(mirror_with(pin, workspace), pin.commit)
    except UnknownError:
        return None
    files = [PlainFile(entry.path, entry.mode, entry.id, 0) for entry in entries if entry.kind != _SUBMODULE]
    others = [file for file in files if not file.path.startswith(f"{SPEC}/")]
    return TreeIds(tree_ids(files)[""], tree_ids(others)[""])


def mirror_with(pin: GitPin, workspace: Workspace) -> Mirror:
    """Return the mirror that should have a pin's commit; raises UnknownError if there is none."""
    found = workspace.mirrors.open_or_fail(pin.git)
    if isinstance(found, Mirror):
        return found
    raise UnknownError(Problem(found.message, hint=found.hint))


def read_expected(mirror: Mirror, commit: str) -> Expected:
    """Return the files of a commit; raises MissingCommitError if the mirror lacks it."""
    entries = list_tree(mirror, commit)
    stored = {entry.path: (entry.mode, entry.id) for entry in entries if entry.kind != _SUBMODULE}
    submodules = tuple(entry.path for entry in entries if entry.kind == _SUBMODULE)
    if not any(path.rpartition("/")[2] == ATTRIBUTES for path in stored):
        return Expected(stored, (), submodules)
    ways = [
        {file.path: (file.mode, file.id) for file in write(mirror, commit)}
        for write in (checked_out, archived)
    ]
    return Expected(stored, ways, submodules)


def read_stored(mirror: Mirror, ids: Iterable[str]) -> Mapping[str, bytes | None]:
    """Return the contents of blobs by id; None for a blob that is too large."""
    found = read_blobs(mirror, ids, max_bytes=MOST_BYTES)
    return {name: content if isinstance(content, bytes) else None for name, content in found.items()}


BOOKKEEPING = ".latest_commit"
"""File that g10k leaves in a module's directory, with the commit that it unpacked."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_UNKNOWN_HINT = (
    "run 'pinner verify' once where its remote can be reached, or name the cache that has it with --cache"
)


@dataclass(frozen=True, slots=True)
class DeployedModule:
    """A pin and the directory it should be in; `ids` are those of its commit, None if it is not cached."""

    pin: Pin
    path: Path
    ids: TreeIds | None = None


@dataclass(frozen=True, slots=True)
class ComparedDeployment:
    """The findings about one module; `lacks_spec` means that only the directory `spec` is missing."""

    findings: tuple[Finding, ...] = ()
    lacks_spec: bool = False
    is_there: bool = True


def compare_module(
    module: DeployedModule, shared: dict[str, PlainTree], workspace: Workspace
) -> ComparedDeployment:
    """Return the findings about one deployed module.

    `shared` gets the trees that modules are links to, by path, so that each is read once for all environments.
    """
    flaw = flaw_of_place(module.path)
    if flaw is not None:
        return ComparedDeployment(
            (deployed_finding("deployed-missing", module.pin.module, flaw, module.path),), is_there=False
        )
    if isinstance(module.pin, ForgePin):
        return ComparedDeployment(tuple(_of_the_forge(module.pin, module.path)))
    target = os.path.realpath(module.path)
    found = shared.get(target) or read_plain_tree(module.path, skip=BOOKKEEPING.__eq__)
    if module.path.is_symlink():
        shared[target] = found
    if not found.specials and module.ids and found.tree_id == module.ids.whole:
        return ComparedDeployment()
    lacks_spec = not os.path.lexists(module.path / SPEC)
    if not found.specials and module.ids and lacks_spec and found.tree_id == module.ids.without_spec:
        return ComparedDeployment(lacks_spec=True)
    unread = [_unread(module, one.path, one.reason) for one in found.unread]
    try:
        mirror = mirror_with(module.pin, workspace)
        findings = list(_Comparison(module.pin, module.path, found, mirror, workspace, lacks_spec).findings())
    except UnknownError as error:
        reason = error.problems[0].message
        words = f"its files could not be compared: {reason}"
        findings = [deployed_finding("deployed-unread", module.pin.module, words, module.path, _UNKNOWN_HINT)]
    return ComparedDeployment((*unread, *findings), lacks_spec=lacks_spec and not (unread or findings))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One module whose tree is not the locked one, and what is needed to find the differences."""

    pin: GitPin
    path: Path
    found: PlainTree
    mirror: Mirror
    workspace: Workspace
    lacks_spec: bool

    def findings(self) -> Iterator[Finding]:
        """Yield the other commit that is deployed, and the differences from it or from the locked commit."""
        locked = self._expected(self.pin.commit)
        wrong = differing_paths(locked, self.found)
        other = self._other_commit(len(wrong)) if wrong else None
        if other is not None:
            words = f"it is at {self._described(other)}"
            yield deployed_finding(
                "deployed-other-commit",
                self.pin.module,
                words,
                self.path,
                f"deploy it anew, or lock what is there: {self.pin.module}: {{commit: {other}}}",
            )
        expected = locked if other is None else self._expected(other)
        contents = Contents(lambda ids: read_stored(self.mirror, ids), self._on_disk)
        for one in differences(expected, self.found, contents):
            beside = f" (seen from {other[:SHORT]})" if other else ""
            yield deployed_finding(one.code, self.pin.module, one.words + beside, self.path / one.path)
        for path in expected.submodules:
            if any(file.path.startswith(f"{path}/") for file in self.found.files):
                words = f"{quoted(path)} is a submodule, and its files were not compared"
                yield deployed_finding("deployed-not-compared", self.pin.module, words, self.path / path)

    def _expected(self, commit: str) -> Expected:
        expected = read_expected(self.mirror, commit)
        return expected.without(SPEC) if self.lacks_spec else expected

    def _other_commit(self, wrong: int) -> str | None:
        """Return the commit with exactly these files, else the one that the deploying tool noted if closer.

        `wrong` is the number of paths that differ from the locked commit.
        """
        claimed = None
        for place in (".git/HEAD", BOOKKEEPING):  # r10k's checkout, g10k's note: only hints, the files decide
            text = self._on_disk(place) or b""
            if named := _COMMIT.fullmatch(text.decode(errors="replace").strip()):
                claimed = named[0]
                break
        if self.found.tree_id is not None:
            without = SPEC if self.lacks_spec else None
            commits = commits_with_tree(self.mirror, self.found.tree_id, without=without)
            if claimed in commits:
                return claimed
            tips = set(self.mirror.refs.commits.values())
            if commits:
                return next((commit for commit in commits if commit in tips), commits[0])
        if claimed is None or claimed == self.pin.commit or not has_commits(self.mirror, [claimed]):
            return None
        return claimed if len(differing_paths(self._expected(claimed), self.found)) < wrong else None

    def _on_disk(self, path: str) -> bytes | None:
        with suppress(InputError, UnknownError):
            return read_file(self.path / path, shown=path, limit=MOST_BYTES)
        return None

    def _described(self, commit: str) -> str:
        """Return what a commit is called, and how far it is from the locked one."""
        refs = sorted(short_name(ref) for ref, tip in self.mirror.refs.commits.items() if tip == commit)
        facts = read_metadata({self.mirror: [commit]}, self.workspace)
        where = ", ".join([*refs[:1], commit[:SHORT]])
        behind, ahead = count_between(self.mirror, self.pin.commit, commit) or (0, 0)
        counts = " and ".join(
            f"{count} {'commit' if count == 1 else 'commits'} {way}"
            for count, way in ((ahead, "ahead of"), (behind, "behind"))
            if count
        )
        locked = f"{self.pin.version or 'one'} ({self.pin.commit[:SHORT]})"
        return f"{facts[commit].version or 'no version'} ({where}), {counts or 'not'} the locked {locked}"


def flaw_of_place(path: Path) -> str | None:
    """Return why the directory does not exist; None if there is one, or if that could not be determined.

    In the last case, reading the directory fails with the reason.
    """
    try:
        is_directory = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "it is a link that leads nowhere" if path.is_symlink() else "it is not there"
    except OSError:
        return None
    return None if is_directory else "there is a file where its directory should be"


def _unread(module: DeployedModule, path: str, reason: str) -> Finding:
    what = quoted(path) if path else "its directory"
    hint = "run as a user who may read it" if reason == os.strerror(13) else None
    words = f"{what} could not be read: {plain_text(reason)}"
    return deployed_finding("deployed-unread", module.pin.module, words, module.path / path, hint)


def _of_the_forge(pin: ForgePin, path: Path) -> Iterator[Finding]:
    file = path / "metadata.json"
    try:
        metadata = parse_metadata(read_file(file, shown=str(file), limit=MOST_BYTES), file="metadata.json")
    except (InputError, UnknownError) as error:
        words = f"its version could not be read: {error.problems[0].message}"
        yield deployed_finding("deployed-unread", pin.module, words, file)
        return
    if metadata.version != pin.version:
        words = f"it is at {metadata.version or 'no version'}, locked is {pin.version}"
        yield deployed_finding("deployed-other-version", pin.module, words, file, "deploy it anew")
    else:
        words = "it comes from the Forge, so only its version was compared, not its files"
        yield deployed_finding("deployed-not-compared", pin.module, words, path)
