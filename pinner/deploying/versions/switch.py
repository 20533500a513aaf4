"""Prepare versions from plans and switch environments to them.

Nothing is switched before every environment is prepared and verified. A killed or failed run leaves versions
that are not served, and drafts that the next run removes.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.catalogs.programs import run_program
from pinner.catalogs.sandbox import Sandbox
from pinner.deploying.versions.build import (
    DIRECTORY_MODE,
    digest,
    find_difference,
    make_read_only,
    write_version,
)
from pinner.deploying.versions.content import TYPES, Plan
from pinner.deploying.versions.directory import DeploymentDirectory, OnNote, now, user
from pinner.deploying.versions.generated_types import generate_types
from pinner.git.objects.tree_files import exchange, failing, remove_tree, sync_file_system
from pinner.git.objects.tree_store import Placement, StoredTree, TreeStore, in_parallel
from pinner.model.deployment import (
    Action,
    EnvironmentDeployment,
    LinkMode,
    Version,
)
from pinner.model.errors import InputError, Problem, UnknownError

PROCESSORS = os.cpu_count() or 1
_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to deploy: `puppet` is the program that generates types (None: none are generated), in the `sandbox`.

    With `is_adopting`, what is in the place of an environment's link and is not pinner's is kept aside. `drain` is
    the time in seconds that compilations under way are given to end before the switch. Without `is_switching`, the
    versions are prepared only.
    """

    link: LinkMode = LinkMode.SYMLINK
    puppet: str | None = None
    sandbox: Sandbox = Sandbox.AUTO
    is_adopting: bool = False
    drain: float = 0.0
    is_switching: bool = True


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A version that is ready to be put in place: `draft` is its directory, None if it is in place already."""

    plan: Plan
    version: Version
    reason: str | None
    draft: Path | None = None


def deploy_plans(
    plans: tuple[Plan, ...],
    path: Path,
    options: Options,
    fill: Callable[[TreeStore], Iterable[StoredTree]],
    on_note: OnNote,
) -> tuple[EnvironmentDeployment, ...]:
    """Deploy plans whose trees `fill` adds to the store, and returns; raises as `deploy` does."""
    place = DeploymentDirectory.at(path, is_made=True)
    with place.locked(on_note):
        place.remove_leftovers()
        obstacles = [found for plan in plans if (found := place.find_obstacle(plan.environment))]
        if obstacles and not options.is_adopting:
            raise InputError(obstacles)
        place.write_server_files()
        try:
            stored = {one.tree_id: one for one in fill(place.trees)}
            prepared = _prepare(plans, place, stored, options)
            place.note_prepared(
                {one.plan.environment: None if options.is_switching else one.version.id for one in prepared}
            )
            if options.is_switching:
                drain(place, [one.version for one in prepared], options.drain)
            results: list[EnvironmentDeployment] = []
            seen: set[str] = set()
            for one in prepared:
                results.append(_result(one, place, stored, seen, options))
                seen.update(one.plan.content.trees.values())
            switch_all(place, results)
        finally:
            place.remove_leftovers()
    return tuple(results)


def find_reason(
    plan: Plan, place: DeploymentDirectory, stored: Mapping[str, StoredTree], options: Options
) -> str | None:
    """Return why an environment is not deployed as locked, None if it is."""
    current = place.current(plan.environment)
    if current is None:
        return "it is not deployed"
    if current != plan.content.version_id:
        record = place.read_record(plan.environment, current)
        return f"{record.lock_id if record else current} is deployed"
    lost = find_lost(plan.content.trees, stored)
    return lost or _flaw(
        version_of(plan, options), place.read_record(plan.environment, current), place, stored
    )


def find_lost(trees: Mapping[str, str], stored: Mapping[str, StoredTree]) -> str | None:
    """Return which path of a version has no unaltered files in the store, None if all have."""
    lost = next((path for path, tree in sorted(trees.items()) if tree not in stored), None)
    if lost is None:
        return None
    return f"the stored files of '{lost or 'the control repository'}' are missing or were altered"


def _flaw(
    wanted: Version, record: Version | None, place: DeploymentDirectory, stored: Mapping[str, StoredTree]
) -> str | None:
    """Return why the wanted version cannot be served as it is in the directory, None if it can; `record` is its own."""
    if record is None:
        return "its record is missing"
    if record.link is not wanted.link:
        return f"it was deployed with --link {record.link}"
    generated = {path: text for path, text in record.files.items() if not path.startswith(f"{TYPES}/")}
    if record.trees != wanted.trees or generated != wanted.files:
        return "its record was altered"
    return find_difference(place.version(wanted.environment, wanted.id), record, stored)


MARGIN = 300.0
"""Seconds after the drain in which a killed run still holds catalogs back."""


def drain(place: DeploymentDirectory, versions: Iterable[Version], seconds: float) -> None:
    """Hold new catalogs of the environments that are to be switched, and wait for those under way.

    Puppet Server puts no checksums into a catalog whose environment is switched while it is compiled, so its
    agent fetches files of the new version. The caller calls `release` when the server reads the new version.
    """
    names = [one.environment for one in versions if place.current(one.environment) not in {None, one.id}]
    if seconds and names:
        place.hold(names, seconds + MARGIN)
        time.sleep(seconds)


def _prepare(
    plans: tuple[Plan, ...], place: DeploymentDirectory, stored: Mapping[str, StoredTree], options: Options
) -> list[_Prepared]:
    """Write the drafts of all versions that are not in place, and put them in place when all are written."""
    with failing(place.own):
        prepared = in_parallel(lambda plan: _draft(plan, place, stored, options), plans, PROCESSORS)
        if any(one.draft for one in prepared):
            sync_file_system(place.own)
        for one in prepared:
            if one.draft:
                _put(one, one.draft, place)
        # Also what an earlier run put in place and did not switch to, because it may have failed here.
        new = [one for one in prepared if one.draft or place.current(one.plan.environment) != one.version.id]
        trees = dict.fromkeys(tree for one in new for tree in one.version.trees.values())
        versions = [place.version(one.plan.environment, one.version.id) for one in new]
        _restore_contexts([*(stored[tree].path for tree in trees), *versions])
        if any(one.draft for one in prepared):
            sync_file_system(place.own)  # no link leads to a version that a power failure could undo
    return prepared


def _restore_contexts(paths: Sequence[Path]) -> None:
    """Give new directories the SELinux contexts that the policy has for them, if this system has `restorecon`.

    Files inherit those of their directory, which a policy for the path need not agree with. Without SELinux it does
    nothing. Raises UnknownError if it fails: the server might not be able to read the files.
    """
    program = shutil.which("restorecon")
    if program is None or not paths:
        return
    done = run_program([program, "-R", *map(str, paths)], environment=os.environ, seconds=_SECONDS)
    if done.code:
        hint = f"run 'restorecon -R' on {paths[0]} to see why; nothing was switched"
        raise UnknownError(Problem(f"restorecon failed: {done.reason}", hint=hint))


def _draft(
    plan: Plan, place: DeploymentDirectory, stored: Mapping[str, StoredTree], options: Options
) -> _Prepared:
    version = version_of(plan, options)
    record = place.read_record(plan.environment, version.id)
    reason = _flaw(version, record, place, stored)
    if record and reason is None:
        return _Prepared(plan, record, None)
    drafts = place.make_drafts(plan.environment)
    draft = drafts / plan.environment  # the name that Puppet is given
    write_version(draft, plan.content, stored, options.link)
    if options.puppet:
        (draft / TYPES).mkdir()
        generate_types(
            options.puppet,
            plan.environment,
            drafts,
            draft / TYPES,
            trees=place.trees.root,
            sandbox=options.sandbox,
        )
        with suppress(OSError):  # if a module has a type, it is not empty
            (draft / TYPES).rmdir()
    make_read_only(draft)
    types = (path for path in sorted((draft / TYPES).rglob("*")) if path.is_file())
    generated = {path.relative_to(draft).as_posix(): digest(path) for path in types}
    version = replace(version, files={**version.files, **generated})
    if flaw := find_difference(draft, version, stored):
        message = f"environment '{plan.environment}' could not be written to {draft}: {flaw}"
        raise InputError(Problem(message, hint="another program writes there; stop it, and run this again"))
    place.write_record_draft(version, drafts)
    return _Prepared(plan, version, reason, draft)


def _put(one: _Prepared, draft: Path, place: DeploymentDirectory) -> None:
    """Put a draft in place; its record is written first, so that a version without a record is unfinished."""
    final = place.version(one.plan.environment, one.version.id)
    place.put_record(one.version, draft.parent)
    draft.chmod(0o755)  # to move a directory into another one, its owner must be able to write it
    if os.path.lexists(final):
        if final.is_dir() and not final.is_symlink():
            final.chmod(0o755)
        exchange(draft, final)
    else:
        draft.rename(final)
    final.chmod(DIRECTORY_MODE)
    remove_tree(draft.parent)


def _result(
    one: _Prepared,
    place: DeploymentDirectory,
    stored: Mapping[str, StoredTree],
    seen: set[str],
    options: Options,
) -> EnvironmentDeployment:
    """Return what is done with a prepared version: `switch_all` does it."""
    environment, wanted = one.plan.environment, one.version.id
    current = place.current(environment)
    used = {tree: stored[tree] for tree in one.plan.content.trees.values()}
    new = [
        tree for tree in used.values() if tree.placement is not Placement.KEPT and tree.tree_id not in seen
    ]
    repaired = any(tree.placement is Placement.REPAIRED for tree in used.values())
    if current == wanted:
        action = Action.REPAIRED if one.draft or repaired else Action.UNCHANGED
    elif options.is_switching:
        action = Action.SWITCHED
    else:
        action = Action.PREPARED
    return EnvironmentDeployment(
        environment=environment,
        version=one.version,
        directory=str(place.version(environment, wanted)),
        action=action,
        previous=one.version if current == wanted else current_version(place, environment),
        reason=one.reason or ("the stored files of a module were altered" if repaired else None),
        added=len(new),
        added_bytes=sum(tree.size for tree in new),
        findings=one.plan.findings_with(used),
    )


def switch_all(
    place: DeploymentDirectory, results: Iterable[EnvironmentDeployment], *, is_rollback: bool = False
) -> None:
    """Put the links of all results in place that are switched or rolled back."""
    versions = {
        one.environment: one.version.id
        for one in results
        if one.action in {Action.SWITCHED, Action.ROLLED_BACK}
    }
    asides = {} if is_rollback else {name: place.aside(name) for name in versions}
    place.put_links(
        versions, {name: aside for name, aside in asides.items() if aside}, is_rollback=is_rollback
    )


def current_version(place: DeploymentDirectory, environment: str) -> Version | None:
    """Return the record of the version that an environment serves, None if there is none."""
    current = place.current(environment)
    return place.read_record(environment, current) if current else None


def version_of(plan: Plan, options: Options) -> Version:
    """Return the record of the version that a plan leads to, made now, still without generated types."""
    content = plan.content
    return Version(
        environment=plan.environment,
        id=content.version_id,
        lock_id=content.lock_id,
        made_at=now(),
        made_by=user(),
        link=options.link,
        modules=dict(content.modules),
        trees=dict(content.trees),
        files=content.digests(),
        control=content.control,
        types=content.types,
    )
