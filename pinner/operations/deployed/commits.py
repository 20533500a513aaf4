"""What commits hold: the ids of their trees, remembered for ever, and their files where those are needed."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pinner.git.deployments import archived, checked_out
from pinner.git.mirrors import Mirror
from pinner.git.objects import read_blobs
from pinner.git.plain_trees import PlainFile, tree_ids
from pinner.git.trees import TreeEntry, list_tree
from pinner.operations.deployed.differences import Expected, State
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin
from pinner.words.problems import Problem, UnknownError

READER = "trees-1"
SPEC = "spec"
ATTRIBUTES = ".gitattributes"
MOST_BYTES = 4 * 1024 * 1024
"""Of a file that is looked into for how its lines end."""
_SUBMODULE = "commit"


@dataclass(frozen=True, slots=True)
class TreeIds:
    """The id of the tree that a commit's files make, submodules left out; and the id without a directory `spec`."""

    whole: str
    without_spec: str


def tree_ids_of(pins: Iterable[GitPin], workspace: Workspace) -> Mapping[str, TreeIds]:
    """Return commit to the ids of its tree, for those that are remembered or in the cache; no remote is asked."""
    wanted = {pin.commit: pin for pin in pins}
    recalled = workspace.memory.recall(READER, wanted)
    known = {commit: TreeIds(*text.split()) for commit, text in recalled.items()}
    unknown = [pin for commit, pin in sorted(wanted.items()) if commit not in known]
    with ThreadPoolExecutor(max_workers=workspace.settings.jobs) as pool:
        read = {
            pin.commit: ids
            for pin, ids in zip(unknown, pool.map(lambda pin: _read(pin, workspace), unknown), strict=True)
            if ids
        }
    workspace.memory.remember(
        READER, {commit: f"{ids.whole} {ids.without_spec}" for commit, ids in read.items()}
    )
    return known | read


def _read(pin: GitPin, workspace: Workspace) -> TreeIds | None:
    try:
        entries = list_tree(mirror_with(pin, workspace), pin.commit)
    except UnknownError:
        return None
    files = [_as_file(entry) for entry in entries if entry.kind != _SUBMODULE]
    others = [file for file in files if not file.path.startswith(f"{SPEC}/")]
    return TreeIds(tree_ids(files)[""], tree_ids(others)[""])


def mirror_with(pin: GitPin, workspace: Workspace) -> Mirror:
    """Return the mirror that should have a pin's commit; raises UnknownError where there is none."""
    found = workspace.mirrors.open_or_fail(pin.git)
    if isinstance(found, Mirror):
        return found
    raise UnknownError(Problem(found.message, hint=found.hint))


def read_expected(mirror: Mirror, commit: str) -> Expected:
    """Return the files of a commit; raises MissingCommitError where the mirror lacks it."""
    entries = list_tree(mirror, commit)
    stored = {entry.path: (entry.mode, entry.id) for entry in entries if entry.kind != _SUBMODULE}
    submodules = tuple(entry.path for entry in entries if entry.kind == _SUBMODULE)
    if not any(path.rpartition("/")[2] == ATTRIBUTES for path in stored):
        return Expected(stored, (), submodules)
    ways = [_states(write(mirror, commit)) for write in (checked_out, archived)]
    return Expected(stored, ways, submodules)


def read_stored(mirror: Mirror, ids: Iterable[str]) -> Mapping[str, bytes | None]:
    """Return blob id to content, None where it is too large to be looked into."""
    found = read_blobs(mirror, ids, max_bytes=MOST_BYTES)
    return {name: content if isinstance(content, bytes) else None for name, content in found.items()}


def _as_file(entry: TreeEntry) -> PlainFile:
    return PlainFile(entry.path, entry.mode, entry.id, 0)


def _states(files: Iterable[PlainFile]) -> Mapping[str, State]:
    return {file.path: (file.mode, file.id) for file in files}
