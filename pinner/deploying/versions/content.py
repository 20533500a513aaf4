"""Determine what a version of an environment consists of, and its id.

A version is made of git trees at paths (the control repository at the root, modules and other repositories
below it), of generated files, and of nothing else. A path inside another tree replaces what that tree has
there. The id covers all of it, and is the same on every machine.
"""

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pinner.git.objects.tree_files import TreeNotes
from pinner.git.objects.tree_store import StoredTree
from pinner.git.process.repository import Mirror
from pinner.model.control import ControlFile
from pinner.model.errors import InputError, Problem
from pinner.model.findings import Finding
from pinner.model.rules import RULES
from pinner.model.text import quoted

ROOT = ""
"""The path of the control repository's tree."""
TYPES = ".resource_types"
"""Directory in an environment that `puppet generate types` writes."""
_FORMAT = 1
_DIGITS = 12
_MOST_PATHS = 3


@dataclass(frozen=True, slots=True)
class Content:
    """What a version of one environment is made of: trees by path, and generated files by path.

    `modules` is what lists and reports show of each module.
    """

    environment: str
    lock_id: str
    modules: Mapping[str, str]
    trees: Mapping[str, str]
    files: Mapping[str, ControlFile]
    control: str | None = None
    types: str | None = None

    @property
    def version_id(self) -> str:
        """Return the lock id and twelve hex digits, in characters that Puppet Server accepts in a code id."""
        rows = {
            "format": _FORMAT,
            "environment": self.environment,
            "trees": sorted(self.trees.items()),
            "files": [[path, file.mode, file.text] for path, file in sorted(self.files.items())],
            "types": self.types,
        }
        canonical = json.dumps(rows, separators=(",", ":"), sort_keys=True).encode()
        return f"{self.lock_id}-{hashlib.sha256(canonical).hexdigest()[:_DIGITS]}"

    def digests(self) -> Mapping[str, str]:
        """Return each generated file with its octal mode and SHA-256."""
        return {
            path: f"{file.mode:o} {hashlib.sha256(file.content).hexdigest()}"
            for path, file in self.files.items()
        }


@dataclass(frozen=True, slots=True)
class Source:
    """The commit that gives the files at one path of an environment."""

    mirror: Mirror
    commit: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one environment is to be made of: `sources` has the commit of each tree of `content`, by path."""

    content: Content
    sources: Mapping[str, Source]
    findings: tuple[Finding, ...] = ()

    @property
    def environment(self) -> str:
        """Return the name of the environment."""
        return self.content.environment

    def findings_with(self, stored: Mapping[str, StoredTree]) -> tuple[Finding, ...]:
        """Return all findings, with what a deployment cannot reproduce of the trees that are stored."""
        trees = sorted(self.content.trees.items())
        names = [(path.rpartition("/")[2] or None, tree) for path, tree in trees if tree in stored]
        found = (one for name, tree in names for one in _findings(name, stored[tree].notes))
        return (*self.findings, *found)


def sources_by_tree(plans: Iterable[Plan]) -> Mapping[str, Source]:
    """Return tree id to a commit that has it."""
    return {
        plan.content.trees[path]: source for plan in plans for path, source in sorted(plan.sources.items())
    }


@dataclass(slots=True)
class Node:
    """A directory or file of a version: the stored tree at that path, a generated file, or what is below it."""

    tree: Path | None = None
    is_file: bool = False
    children: dict[str, "Node"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a version: something stored at `source`, a generated file, or else a directory."""

    path: str
    source: Path | None = None
    is_file: bool = False


def entries_of(
    trees: Mapping[str, str], files: Iterable[str], stored: Mapping[str, StoredTree]
) -> Iterator[Entry]:
    """Yield what a version directory has, each directory before what is in it.

    `trees` has tree ids by path, `files` are the paths of generated files, `stored` has the trees by id. A
    directory of a tree with nothing else below it is one entry with its source. Raises InputError if a path
    of the lock is below a file of another tree.
    """
    root = Node()
    for path, tree in trees.items():
        _at(root, path).tree = stored[tree].path
    for path in files:
        _at(root, path).is_file = True
    yield Entry("")
    yield from _below(root, "", root.tree)


def _at(root: Node, path: str) -> Node:
    node = root
    for part in path.split("/") if path else ():
        node = node.children.setdefault(part, Node())
    return node


def _below(node: Node, path: str, base: Path | None) -> Iterator[Entry]:
    """Yield the entries in a directory: those of the tree `base` that nothing replaces, then its own."""
    prefix = f"{path}/" if path else ""
    for name in sorted(os.listdir(base)) if base else ():  # noqa: PTH208 - names, not paths
        if name not in node.children and base:
            yield Entry(f"{prefix}{name}", base / name)
    for name, child in sorted(node.children.items()):
        here = f"{prefix}{name}"
        under = base / name if base else None
        if child.is_file:
            yield Entry(here, is_file=True)
        elif child.tree and not child.children:
            yield Entry(here, child.tree)
        else:
            inner = child.tree or (under if under and _is_directory(under, here) else None)
            yield Entry(here)
            yield from _below(child, here, inner)


def _is_directory(path: Path, shown: str) -> bool:
    """Return whether a tree has a directory there, False if nothing; raises InputError for anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISDIR(mode):
        return True
    message = f"the control repository has a file or link '{shown}', where a directory for modules is needed"
    raise InputError(Problem(message, hint="remove it there, or set another moduledir or install_path"))


def _findings(module: str | None, notes: TreeNotes) -> Iterator[Finding]:
    rows = (
        ("deploy-submodule", notes.submodules, "submodule", "is deployed as an empty directory"),
        ("deploy-lfs", notes.lfs_pointers, "Git LFS file", "is deployed as its pointer"),
        ("deploy-outward-link", notes.outward_links, "symbolic link", "leads out of the module"),
        (
            "deploy-attributes",
            notes.converting,
            "file",
            "makes git convert files; they are deployed as stored",
        ),
    )
    for code, paths, kind, what in rows:
        if paths:
            shown = ", ".join(quoted(path) for path in paths[:_MOST_PATHS])
            more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
            yield RULES[code].finding(module, f"{kind} {shown}{more} {what}")
