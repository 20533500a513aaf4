"""Which commits of a mirror have a given tree: how files without history are told to be a commit. Never asks a remote."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from pinner.git.batch import ask, read_objects
from pinner.git.mirror import Mirror

_LARGEST_TREE = 4 * 1024 * 1024
_ID_BYTES = 20


def commits_by_tree(mirror: Mirror) -> Mapping[str, tuple[str, ...]]:
    """Return the id of every tree that is a commit's to those commits, newest first."""
    options = ["-c", "log.showSignature=false", "log", "--all", "--format=%T %H"]
    found: dict[str, list[str]] = {}
    for line in ask(mirror, options).out.decode().splitlines():
        tree, _, commit = line.partition(" ")
        found.setdefault(tree, []).append(commit)
    return {tree: tuple(commits) for tree, commits in found.items()}


def commits_with_tree(mirror: Mirror, tree_id: str, *, without: str | None = None) -> tuple[str, ...]:
    """Return the commits whose whole tree has that id, newest first.

    With `without`, those whose tree would have it if nothing of that name lay at its top.
    """
    by_tree = commits_by_tree(mirror)
    if without is None:
        return by_tree.get(tree_id, ())
    smaller = trees_without(mirror, by_tree, without)
    alike = (tree for tree in by_tree if smaller.get(tree) == tree_id)
    return tuple(commit for tree in alike for commit in by_tree[tree])


def trees_without(mirror: Mirror, trees: Iterable[str], name: str) -> Mapping[str, str]:
    """Return tree id to what it would be without the entry `name` at its top."""
    read = read_objects(mirror.path, trees, max_bytes=_LARGEST_TREE)
    contents = {tree: thing.content for tree, thing in read.items() if thing and thing.content is not None}
    return {tree: _id(_without(content, name.encode())) for tree, content in contents.items()}


def _without(tree: bytes, name: bytes) -> bytes:
    return b"".join(row for row, entry in _rows(tree) if entry != name)


def _rows(tree: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each entry of a tree object, `<mode> <name>` and NUL and the id's bytes, with its name."""
    start = 0
    while start < len(tree):
        end = tree.index(b"\0", start)
        name = tree[start:end].partition(b" ")[2]
        yield tree[start : end + 1 + _ID_BYTES], name
        start = end + 1 + _ID_BYTES


def _id(content: bytes) -> str:
    return hashlib.sha1(b"tree %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
