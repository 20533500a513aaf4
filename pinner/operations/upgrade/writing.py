"""The manifest moved on to its new release, by the smallest edits of its text."""

from collections.abc import Iterator

from pinner.operations.upgrade.target import EditKind, ManifestEdit, Target
from pinner.project.atomic import write_atomically
from pinner.project.described import LONGEST
from pinner.project.editing import TextEdit, edit_yaml, insert_line
from pinner.project.insertion import put_value
from pinner.project.layout import Project
from pinner.project.nodes import Mapping, Scalar, read_nodes
from pinner.project.text import read_bytes
from pinner.words.problems import InputError, Problem


def write_manifest(project: Project, target: Target) -> str:
    """Write what the manifest must say on the new release, and return its path as the user types it.

    Only the environment's own file is touched: a release or a range that stands in a base is said anew above it. Raises InputError,
    before anything is written, for what must be edited by hand.
    """
    manifest = target.wanted.manifest
    own = [edit for edit in target.edits if edit.place.path == manifest.path]
    inherited = [edit for edit in target.edits if edit.place.path != manifest.path]
    if problems := tuple(_in_base(inherited)):
        raise InputError(problems)
    path = project.manifest(manifest.environment)
    data = read_bytes(path, shown=manifest.path, limit=LONGEST)
    data = edit_yaml(data, [TextEdit(edit.place, edit.old, edit.new) for edit in own], manifest.path)
    for edit in inherited:
        data = _said_anew(data, edit, manifest.path)
    for one in target.overrides:
        keys = ("dependencies", "override", one.misfit.module, one.key)
        data = put_value(data, keys, one.range, manifest.path)
    write_atomically(path, data, shown=manifest.path)
    return manifest.path


def _in_base(edits: list[ManifestEdit]) -> Iterator[Problem]:
    for edit in edits:
        if edit.kind is not EditKind.RELEASE:
            what = f"becomes '{edit.new}'" if edit.new else "goes"
            message = f"'{edit.old}' {what}, and stands in a base that other environments may extend"
            yield Problem(
                message, edit.place, "edit the base, or write the list into the environment's own file"
            )


def _said_anew(data: bytes, edit: ManifestEdit, path: str) -> bytes:
    """Return the manifest with a `release` of its own, on the line after `extends`."""
    root = read_nodes(data, path).root
    extends = root.entries.get("extends") if isinstance(root, Mapping) else None
    line = extends.value.line if extends and isinstance(extends.value, Scalar) else 1
    after = insert_line(data, line, f"release: {edit.new}", path)
    if not _adds_release(root, read_nodes(after, path).root, edit.new):
        hint = f"write 'release: {edit.new}' into it by hand"
        raise InputError(Problem("there is no simple place for a release in this file", edit.place, hint))
    return after


def _adds_release(before: object, after: object, release: str | None) -> bool:
    """Tell whether the one root is the other with a release more."""
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    added = after.entries.get("release")
    is_there = added is not None and isinstance(added.value, Scalar) and added.value.text == release
    rest = [key for key in after.entries if key != "release"]
    return is_there and rest == list(before.entries)
