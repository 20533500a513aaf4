"""Determine the manifest and the lock that an environment would have on a later OpenStack release."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pinner.locking.gate import GateOverride, lacking_overrides, with_overrides
from pinner.locking.lock import lock_in_memory
from pinner.locking.requirements import (
    EnvironmentRequirements,
    PinnedEnvironment,
    requirements_of,
)
from pinner.locking.resolve import RefResolver
from pinner.model.comparison import (
    EditKind,
    ManifestEdit,
)
from pinner.model.errors import InputError, Location, Problem
from pinner.model.lock import Lock, SelectorKind, Series
from pinner.model.manifest import Manifest, Override, Settings
from pinner.openstack.catalogue import (
    ModuleEntry,
    all_series,
    find_module,
    find_series,
    modules_in,
    nearest_series,
    next_supported,
    release_of_tag,
)
from pinner.project.files import FileChange, Project
from pinner.project.yaml.edit import TextEdit, edit_yaml, insert_line, put_value
from pinner.project.yaml.nodes import MappingNode, Node, ScalarNode, read_nodes
from pinner.project.yaml.schema import LARGEST_PROJECT_FILE


@dataclass(frozen=True, slots=True)
class Target:
    """An environment's requirements on another release, and the edits of its manifest.

    `stays` are the entries of `modules:` with a selector or Forge version of their own, which do not follow
    the release. `overrides` are the version ranges that the manifest must override to allow what upstream's
    gate runs there; `required` has them already.
    """

    series: Series
    required: EnvironmentRequirements
    edits: tuple[ManifestEdit, ...]
    stays: tuple[Override, ...]
    overrides: tuple[GateOverride, ...] = ()

    def with_overrides(self, overrides: tuple[GateOverride, ...]) -> "Target":
        """Return the target with these ranges added to the manifest."""
        manifest = with_overrides(self.required.manifest, overrides)
        return replace(self, required=replace(self.required, manifest=manifest), overrides=overrides)

    def after(self, before: Manifest) -> "Target":
        """Return the target with the overridden ranges of `before`, the manifest of the release before it."""
        manifest = replace(self.required.manifest, overridden_dependencies=before.overridden_dependencies)
        return replace(self, required=replace(self.required, manifest=manifest))


def find_target(text: str) -> Series:
    """Return the release with this id or code name; raises InputError if there is none."""
    found = find_series(text)
    if found is None:
        near = nearest_series(text)
        hint = (
            f"similar names: {', '.join(near)}" if near else f"releases are named essex to {all_series()[-1]}"
        )
        raise InputError(Problem(f"--to: unknown release {text!r}", hint=hint))
    return found


def next_target(required: EnvironmentRequirements) -> Series:
    """Return the furthest released series that OpenStack supports an upgrade to in one step.

    Raises InputError if the environment has no release, or if no later one has been released.
    """
    start = required.series
    if start is None:
        raise InputError(_without_release(required))
    steps = next_supported(start)
    released = [step for step in steps if step.is_released]
    if not released:
        message = f"environment '{required.manifest.environment}' is on {start}, the newest release"
        planned = f"{steps[0]} is planned for {steps[0].released}: '--to {steps[0]}'; " if steps else ""
        raise InputError(Problem(message, hint=f"{planned}'pinner catalogue update' reads what is new"))
    return released[-1]


def _without_release(required: EnvironmentRequirements) -> Problem:
    message = f"environment '{required.environment}' has no 'release' to upgrade from"
    hint = "'pinner diff A B' compares any two locks"
    # The release whose end most modules' tags mark, if there are such tags.
    tags = (one for one in required.git_modules.values() if one.want.selector is SelectorKind.TAG)
    found = Counter(filter(None, (release_of_tag(one.git, one.want.value) for one in tags)))
    for series, number in found.most_common(1):
        are = "module is at a tag" if number == 1 else "modules are at tags"
        hint = f"{number} {are} of {series}: add 'release: {series}'"
    return Problem(message, Location(required.manifest.path), hint)


def releases_between(required: EnvironmentRequirements, to: Series) -> tuple[Series, ...]:
    """Return the releases after the environment's, up to and including `to`.

    Raises InputError if the environment has no release, or if `to` is not after it.
    """
    manifest = required.manifest
    if required.series is None:
        raise InputError(_without_release(required))
    if not required.series < to:
        where = manifest.release.place if manifest.release else Location(manifest.path)
        message = f"environment '{manifest.environment}' is already on {required.series}; {to} is not later"
        raise InputError(Problem(f"--to: {message}", where, "name a later release"))
    return tuple(one for one in all_series() if required.series < one and not to < one)


def aim(required: EnvironmentRequirements, to: Series, settings: Settings) -> Target:
    """Return the environment's target on release `to`; raises InputError for what is impossible there."""
    manifest = required.manifest
    edits = tuple(_edits(required, to))
    after = requirements_of(_edited(manifest, to, edits), settings)
    if after.problems:
        raise InputError(after.problems)
    moved = {edit.module for edit in edits}
    stays = tuple(
        one
        for one in manifest.modules.values()
        if not one.is_left_out and not _follows(one) and one.module not in moved
    )
    return Target(to, after, edits, stays)


def _edits(required: EnvironmentRequirements, to: Series) -> Iterator[ManifestEdit]:
    manifest = required.manifest
    if manifest.release is None or required.series is None:
        return
    # The manifest may use the id or the code name of a release.
    old = find_series(manifest.release.value)
    new = to.name if old and old.id != old.name and manifest.release.value == old.name else to.id
    yield ManifestEdit(EditKind.RELEASE, manifest.release.value, new, manifest.release.place)
    for name in manifest.openstack:
        yield from _renamed(name.value, name.place, required.series, to)
    for override in manifest.modules.values():
        if override.is_left_out or _follows(override):
            yield from _renamed(override.module, override.place, required.series, to)
        elif _is_of_release(override, required):
            renamed = tuple(_renamed(override.module, override.place, required.series, to))
            yield from renamed
            is_gone = any(edit.kind is EditKind.GONE for edit in renamed)
            if not is_gone and override.selector is not None and override.value is not None:
                before = f"{override.selector}: {override.value.value}"
                place = override.value.place
                yield ManifestEdit(EditKind.SELECTOR, before, f"release: {new}", place, override.module)


def _is_of_release(override: Override, required: EnvironmentRequirements) -> bool:
    """Return whether the entry names the environment's own release, or a tag that marks the end of it."""
    module = required.git_modules.get(override.module)
    if module is None or override.value is None or override.as_of is not None:
        return False
    if override.selector is SelectorKind.RELEASE:
        return find_series(override.value.value) == required.series
    is_tag = override.selector is SelectorKind.TAG
    return is_tag and release_of_tag(module.git, override.value.value) == required.series


def _renamed(name: str, place: Location, old: Series, to: Series) -> Iterator[ManifestEdit]:
    before = find_module(name, old)
    if not isinstance(before, ModuleEntry) or not before.follows_releases:
        return
    after = next((entry for entry in modules_in(to) if entry.repository == before.repository), None)
    if after is None:
        yield ManifestEdit(EditKind.GONE, name, None, place)
    elif after.name != name:
        yield ManifestEdit(EditKind.RENAMED, name, after.name, place)


def _follows(override: Override) -> bool:
    return override.selector is None and override.forge is None


def _edited(manifest: Manifest, to: Series, edits: tuple[ManifestEdit, ...]) -> Manifest:
    """Return the manifest after the edits; only its release and its modules change."""
    moved = {edit.module for edit in edits if edit.kind is EditKind.SELECTOR}
    new_by_place = {edit.place: edit.new for edit in edits if edit.kind is not EditKind.SELECTOR}
    listed = ((name, new_by_place.get(name.place, name.value)) for name in manifest.openstack)
    overrides = ((one, new_by_place.get(one.place, one.module)) for one in manifest.modules.values())
    release = manifest.release
    modules: dict[str, Override] = {}
    for one, new in overrides:
        if new is not None and one.module in moved and one.value:
            value = replace(one.value, value=to.id)
            modules[new] = replace(one, module=new, selector=SelectorKind.RELEASE, value=value)
        elif new is not None:
            modules[new] = replace(one, module=new)
    return replace(
        manifest,
        release=replace(release, value=to.id) if release else None,
        openstack=tuple(replace(name, value=new) for name, new in listed if new is not None),
        modules=modules,
    )


def manifest_change(project: Project, target: Target) -> tuple[FileChange, bytes]:
    """Return the manifest with the edits for the new release, and its content as it is.

    Only the environment's own file changes: a release or a range that comes from a base is overridden in it.
    Raises InputError for what must be edited by hand.
    """
    manifest = target.required.manifest
    own = [edit for edit in target.edits if edit.place.path == manifest.path]
    inherited = [edit for edit in target.edits if edit.place.path != manifest.path]
    problems = []
    for edit in inherited:
        if edit.kind is not EditKind.RELEASE:
            must = f"become '{edit.new}'" if edit.new else "be removed"
            message = f"'{edit.old}' must {must}, but is in a base that other environments may extend"
            hint = "edit the base, or write the list into the environment's own file"
            problems.append(Problem(message, edit.place, hint))
    if problems:
        raise InputError(problems)
    path = project.manifest(manifest.environment)
    before = project.files.read(path, shown=manifest.path, limit=LARGEST_PROJECT_FILE)
    root = read_nodes(before, manifest.path).root
    texts = [text for edit in own for text in _text_edits(edit, root)]
    data = edit_yaml(before, texts, manifest.path)
    for edit in inherited:
        data = _with_own_release(data, edit, manifest.path)
    for one in target.overrides:
        keys = ("dependencies", "override", one.misfit.module, one.key)
        data = put_value(data, keys, one.range, manifest.path)
    return FileChange(project.files, path, manifest.path, data), before


def _text_edits(edit: ManifestEdit, root: Node | None) -> Iterator[TextEdit]:
    """Yield the edits of the scalars; a selector is a key and a value."""
    if edit.kind is not EditKind.SELECTOR or edit.new is None:
        yield TextEdit(edit.place, edit.old, edit.new)
        return
    old, new = edit.old.partition(": "), edit.new.partition(": ")
    yield TextEdit(edit.place, old[2], new[2])
    modules = root.entries["modules"].value if isinstance(root, MappingNode) else None
    entry = modules.entries[edit.module or ""].value if isinstance(modules, MappingNode) else None
    if isinstance(entry, MappingNode) and old[0] != new[0]:
        yield TextEdit(entry.entries[old[0]].key.place, old[0], new[0])


def _with_own_release(data: bytes, edit: ManifestEdit, path: str) -> bytes:
    """Return the manifest with a `release` of its own, on the line after `extends`."""
    root = read_nodes(data, path).root
    extends = root.entries.get("extends") if isinstance(root, MappingNode) else None
    line = extends.value.line if extends and isinstance(extends.value, ScalarNode) else 1
    after = insert_line(data, line, f"release: {edit.new}", path)
    edited, is_added = read_nodes(after, path).root, False
    if isinstance(root, MappingNode) and isinstance(edited, MappingNode):
        # The release is all that may differ.
        rest = [key for key in edited.entries if key != "release"]
        added = edited.entries.get("release")
        is_release = added and isinstance(added.value, ScalarNode) and added.value.text == edit.new
        is_added = bool(is_release) and rest == list(root.entries)
    if not is_added:
        hint = f"add 'release: {edit.new}' by hand"
        raise InputError(Problem("a release cannot be added to this file automatically", edit.place, hint))
    return after


def try_target(target: Target, before: Lock, refs: RefResolver) -> tuple[Target, PinnedEnvironment]:
    """Return the target's lock, and the target with the overrides that upstream's gate versions need."""
    trial = lock_in_memory(target.required, before, refs)
    unsatisfied = {one.module for one in trial.findings if one.code == "dependency-unsatisfied"}
    overrides = lacking_overrides(target.required.manifest, target.series, trial.lock.pins, unsatisfied)
    if not overrides:
        return target, trial
    target = target.with_overrides(overrides)
    return target, lock_in_memory(target.required, before, refs)
