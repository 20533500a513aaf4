"""One deployed module against its pin: is it there, which commit is it, and what about its files differs."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pinner.git.history import count_between
from pinner.git.mirror import Mirror
from pinner.git.objects import has_commits
from pinner.git.plain_trees import PlainTree, read_plain_tree
from pinner.git.tree_commits import commits_with_tree
from pinner.operations.deployed.commits import (
    MOST_BYTES,
    SPEC,
    TreeIds,
    mirror_with,
    read_expected,
    read_stored,
)
from pinner.operations.deployed.differences import Contents, Expected, differences, differing_paths
from pinner.operations.deployed.telling import plain, tell
from pinner.operations.facts import read_metadata
from pinner.operations.workspace import Workspace
from pinner.project.quoting import quote
from pinner.project.text import read_bytes
from pinner.puppet.metadata import parse_metadata
from pinner.words.findings import Finding
from pinner.words.pins import ForgePin, GitPin, Pin
from pinner.words.problems import InputError, UnknownError
from pinner.words.refs import short_name

BOOKKEEPING = ".latest_commit"
"""What g10k leaves in a module's directory: the commit it unpacked."""
SHORT = 12
_COMMIT = re.compile(r"[0-9a-f]{40}")
_UNKNOWN_HINT = (
    "run 'pinner verify' once where its remote can be reached, or name the cache that has it with --cache"
)


@dataclass(frozen=True, slots=True)
class DeployedModule:
    """A pin and the directory it should be in. `ids` are those of its commit, None where the cache can't tell."""

    pin: Pin
    path: Path
    ids: TreeIds | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found about one module; `lacks_spec` tells that all is well but for a `spec` left out."""

    findings: tuple[Finding, ...] = ()
    lacks_spec: bool = False
    is_there: bool = True


def compare_module(module: DeployedModule, workspace: Workspace) -> Compared:
    """Return what is to be said of one module."""
    flaw = flaw_of_place(module.path)
    if flaw is not None:
        return Compared((tell("deployed-missing", module.pin.module, flaw, module.path),), is_there=False)
    if isinstance(module.pin, ForgePin):
        return Compared(tuple(_of_the_forge(module.pin, module.path)))
    found = read_plain_tree(module.path, skip=BOOKKEEPING.__eq__)
    if not found.specials and module.ids and found.tree_id == module.ids.whole:
        return Compared()
    lacks_spec = not os.path.lexists(module.path / SPEC)
    if not found.specials and module.ids and lacks_spec and found.tree_id == module.ids.without_spec:
        return Compared(lacks_spec=True)
    unread = [_unread(module, one.path, one.reason) for one in found.unread]
    try:
        mirror = mirror_with(module.pin, workspace)
        told = list(_Comparison(module.pin, module.path, found, mirror, workspace, lacks_spec).findings())
    except UnknownError as error:
        reason = error.problems[0].message
        words = f"its files could not be compared: {reason}"
        told = [tell("deployed-unread", module.pin.module, words, module.path, _UNKNOWN_HINT)]
    return Compared((*unread, *told), lacks_spec=lacks_spec and not (unread or told))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One module whose tree is not the locked one, and what is needed to say how."""

    pin: GitPin
    path: Path
    found: PlainTree
    mirror: Mirror
    workspace: Workspace
    lacks_spec: bool

    def findings(self) -> Iterator[Finding]:
        """Yield which other commit it is, and what differs from that; or what differs from the locked one."""
        locked = self._expected(self.pin.commit)
        wrong = differing_paths(locked, self.found)
        other = self._other_commit(len(wrong)) if wrong else None
        if other is not None:
            words = f"it is at {self._called(other)}, {self._distance(other)}"
            yield tell("deployed-other-commit", self.pin.module, words, self.path, self._hint(other))
        expected = locked if other is None else self._expected(other)
        contents = Contents(lambda ids: read_stored(self.mirror, ids), self._on_disk)
        for one in differences(expected, self.found, contents):
            beside = f" (seen from {other[:SHORT]})" if other else ""
            yield tell(one.code, self.pin.module, one.words + beside, self.path / one.path)
        yield from self._submodules(expected)

    def _expected(self, commit: str) -> Expected:
        expected = read_expected(self.mirror, commit)
        return expected.without(SPEC) if self.lacks_spec else expected

    def _other_commit(self, wrong: int) -> str | None:
        """Return the commit that the files are, or the one that the tool that deployed them noted, if that is nearer."""
        claimed = self._claimed()
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

    def _claimed(self) -> str | None:
        """Return the commit that r10k's checkout or g10k's note names; only a clue, files decide."""
        for place in (".git/HEAD", BOOKKEEPING):
            text = self._on_disk(place) or b""
            if found := _COMMIT.fullmatch(text.decode(errors="replace").strip()):
                return found[0]
        return None

    def _on_disk(self, path: str) -> bytes | None:
        with suppress(InputError, UnknownError):
            return read_bytes(self.path / path, shown=path, limit=MOST_BYTES)
        return None

    def _called(self, commit: str) -> str:
        refs = sorted(short_name(ref) for ref, tip in self.mirror.refs.commits.items() if tip == commit)
        facts = read_metadata({self.mirror: [commit]}, memory=self.workspace.memory, jobs=1)
        where = ", ".join([*refs[:1], commit[:SHORT]])
        return f"{facts[commit].version or 'no version'} ({where})"

    def _distance(self, commit: str) -> str:
        behind, ahead = count_between(self.mirror, self.pin.commit, commit) or (0, 0)
        counts = " and ".join(
            f"{count} {'commit' if count == 1 else 'commits'} {way}"
            for count, way in ((ahead, "ahead of"), (behind, "behind"))
            if count
        )
        return f"{counts or 'not'} the locked {self.pin.version or 'one'} ({self.pin.commit[:SHORT]})"

    def _hint(self, commit: str) -> str:
        return f"deploy it anew, or lock what is there: {self.pin.module}: {{commit: {commit}}}"

    def _submodules(self, expected: Expected) -> Iterator[Finding]:
        for path in expected.submodules:
            if any(file.path.startswith(f"{path}/") for file in self.found.files):
                words = f"{quote(path)} is a submodule, and its files were not compared"
                yield tell("deployed-not-compared", self.pin.module, words, self.path / path)


def flaw_of_place(path: Path) -> str | None:
    """Say why there is no such directory, None if there is one or it cannot be told: reading it then tells why."""
    try:
        is_directory = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return "it is a link that leads nowhere" if path.is_symlink() else "it is not there"
    except OSError:
        return None
    return None if is_directory else "there is a file where its directory should be"


def _unread(module: DeployedModule, path: str, reason: str) -> Finding:
    what = quote(path) if path else "its directory"
    hint = "run as a user who may read it" if reason == os.strerror(13) else None
    words = f"{what} could not be read: {plain(reason)}"
    return tell("deployed-unread", module.pin.module, words, module.path / path, hint)


def _of_the_forge(pin: ForgePin, path: Path) -> Iterator[Finding]:
    file = path / "metadata.json"
    try:
        metadata = parse_metadata(read_bytes(file, shown=str(file), limit=MOST_BYTES), file="metadata.json")
    except (InputError, UnknownError) as error:
        words = f"its version could not be read: {error.problems[0].message}"
        yield tell("deployed-unread", pin.module, words, file)
        return
    if metadata.version != pin.version:
        words = f"it is at {metadata.version or 'no version'}, locked is {pin.version}"
        yield tell("deployed-other-version", pin.module, words, file, "deploy it anew")
    else:
        words = "it comes from the Forge, so only its version was compared, not its files"
        yield tell("deployed-not-compared", pin.module, words, path)
