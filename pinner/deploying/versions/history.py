"""List the versions of a deployment directory, go back to an earlier one, and remove those nobody needs.

All of it works offline, from the directory alone.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pinner.deploying.versions.build import find_difference
from pinner.deploying.versions.directory import DeploymentDirectory, OnNote, Switch
from pinner.deploying.versions.switch import PROCESSORS, current_version, drain, find_lost, switch_all
from pinner.git.objects.tree_store import StoredTree, in_parallel
from pinner.model.deployment import (
    Action,
    Cleaning,
    Deployment,
    EnvironmentDeployment,
    ListedVersion,
    Version,
    VersionList,
)
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.findings import EnvironmentResult, Finding, drop_ignored
from pinner.model.rules import RULES
from pinner.project.files import resolve

KEEP = 5
"""Default number of versions of an environment that are kept."""
MIN_AGE = 14
"""Default number of days that a version is kept after it was served: agents with a cached catalog need it."""


def list_versions(path: Path, environments: tuple[str, ...]) -> VersionList:
    """Return the versions of the named environments (none: all); raises InputError for an unknown name."""
    place = DeploymentDirectory.at(path)
    names = _existing(place, environments)
    switches = place.read_switches()
    return VersionList(str(path), {name: tuple(_listed(place, name, switches)) for name in names})


def _existing(place: DeploymentDirectory, environments: tuple[str, ...]) -> tuple[str, ...]:
    there = place.list_environments()
    if unknown := [name for name in environments if name not in there]:
        raise InputError(
            Problem(f"environment '{name}' was not deployed here by pinner", Location(str(place.path)))
            for name in unknown
        )
    return environments or there


def _listed(
    place: DeploymentDirectory, environment: str, switches: Iterable[Switch]
) -> Iterator[ListedVersion]:
    """Yield the versions of an environment, the current one first, then the last served."""
    current = place.current(environment)
    served: dict[str, tuple[int, str]] = {}
    for number, one in enumerate(switches):
        if one.environment == environment:
            served[one.after] = number, one.at
            if one.before:
                served[one.before] = number, one.at
    never = (-1, None)
    versions = sorted(place.list_versions(environment), key=lambda one: served.get(one.id, never)[0])
    prepared = place.read_prepared().get(environment)
    rows = [
        ListedVersion(one, one.id == current, served.get(one.id, never)[1], one.id == prepared != current)
        for one in reversed(versions)
    ]
    yield from sorted(rows, key=lambda row: not row.is_current)


def roll_back(path: Path, wanted: tuple[str, ...], on_note: OnNote, *, seconds: float = 0.0) -> Deployment:
    """Switch environments to the version that was served before the current one.

    `seconds` is the time to drain; `wanted` are environments, or `ENV@VERSION` with the start of a version's id.
    What was prepared for them is no longer switched to. Raises InputError if there is no such version, and
    UnknownError if one was altered; then nothing is switched.
    """
    place = DeploymentDirectory.at(path)
    with place.locked(on_note):
        place.remove_leftovers()
        targets = [_target(place, *one.partition("@")[::2]) for one in wanted]
        require_unaltered(place, targets)
        place.note_prepared({version.environment: None for version in targets})
        drain(place, targets, seconds)
        results = switch_to(place, targets, Action.ROLLED_BACK)
    return Deployment(str(path), results)


def _target(place: DeploymentDirectory, environment: str, start: str) -> Version:
    _existing(place, (environment,))
    current = place.current(environment)
    versions = {one.id: one for one in place.list_versions(environment)}
    if start:
        found = [one for one in versions if one.startswith(start)]
        if len(found) != 1:
            what = (
                f"{len(found)} versions of '{environment}' begin"
                if found
                else f"no version of '{environment}' begins"
            )
            hint = f"'pinner deploy --to {place.path} --list' shows them"
            raise InputError(Problem(f"{what} with '{start}'", hint=hint))
        return versions[found[0]]
    before = (
        one.before
        for one in reversed(place.read_switches())
        if one.environment == environment and one.after == current and not one.is_rollback
    )
    previous = next((name for name in before if name in versions and name != current), None)
    if previous is None:
        hint = f"'pinner deploy --to {place.path} --list' shows all versions; name one: {environment}@VERSION"
        raise InputError(
            Problem(f"no version of '{environment}' was served before the current one", hint=hint)
        )
    return versions[previous]


def switch_to(
    place: DeploymentDirectory, versions: Iterable[Version], action: Action
) -> tuple[EnvironmentDeployment, ...]:
    """Switch environments to versions that are in place, unless they are served already.

    `action` is SWITCHED, which replaces what is not pinner's, or ROLLED_BACK, which does not.
    """
    results = tuple(
        EnvironmentDeployment(
            version.environment,
            version,
            str(place.version(version.environment, version.id)),
            Action.UNCHANGED if place.current(version.environment) == version.id else action,
            current_version(place, version.environment),
        )
        for version in versions
    )
    switch_all(place, results, is_rollback=action is Action.ROLLED_BACK)
    return results


def require_unaltered(place: DeploymentDirectory, versions: Iterable[Version]) -> None:
    """Raise UnknownError for the first version that is not what its record describes; all files are read."""
    versions = tuple(versions)
    stored = _find_trees(place, versions)
    for version in versions:
        if flaw := _flaw(place, version, stored):
            hint = "deploy its lock again: 'pinner deploy' repairs what was altered"
            message = f"version {version.id} of '{version.environment}' cannot be served: {flaw}"
            raise UnknownError(Problem(message, hint=hint))


def _find_trees(place: DeploymentDirectory, versions: Iterable[Version]) -> Mapping[str, StoredTree]:
    """Return the unaltered trees of versions by id; each is hashed once."""
    trees = sorted({tree for version in versions for tree in version.trees.values()})
    found = zip(trees, in_parallel(place.trees.find, trees, PROCESSORS), strict=True)
    return {tree: one for tree, one in found if one}


def _flaw(place: DeploymentDirectory, version: Version, stored: Mapping[str, StoredTree]) -> str | None:
    place_of = place.version(version.environment, version.id)
    return find_lost(version.trees, stored) or find_difference(place_of, version, stored)


def clean(path: Path, *, keep: int, min_age: float, on_note: OnNote) -> Cleaning:
    """Remove versions, then the trees that no version has any more.

    Kept are the current and the prepared version of each environment, the `keep` last served ones of an environment
    that has a link, and all that were served or made in the last `min_age` days. Raises UnknownError if a version that is
    kept has no record, because its trees are then not known.
    """
    place = DeploymentDirectory.at(path)
    with place.locked(on_note):
        place.remove_leftovers()
        limit = (datetime.now(UTC) - timedelta(days=min_age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        removed: list[Version] = []
        kept: list[Version] = []
        switches = place.read_switches()
        for environment in place.list_environments():
            _require_records(place, environment)
            rows = list(_listed(place, environment, switches))
            count = keep if any(row.is_current for row in rows) else 0
            for number, row in enumerate(rows):
                is_needed = (
                    row.is_current
                    or row.is_prepared
                    or number < count
                    or max(row.version.made_at, row.last_served or "") > limit
                )
                (kept if is_needed else removed).append(row.version)
        for version in removed:
            place.remove_version(version.environment, version.id)
        used = {tree for version in kept for tree in version.trees.values()}
        unused = [tree for tree in place.trees.list() if tree not in used]
        files = (path for tree in unused for path in place.trees.path(tree).rglob("*"))
        freed = sum(path.lstat().st_size for path in files if not path.is_dir())
        place.trees.remove(unused)
    return Cleaning(str(path), tuple(removed), len(kept), len(unused), freed)


def _require_records(place: DeploymentDirectory, environment: str) -> None:
    for version in place.list_ids(environment):
        if place.read_record(environment, version) is None:
            if version == place.current(environment):
                message = f"the record of the served version of '{environment}' cannot be read"
                raise UnknownError(Problem(message, Location(str(place.path)), "run 'pinner deploy' first"))
            place.remove_version(environment, version)  # a run was killed before it was finished


def with_versions(
    results: Iterable[EnvironmentResult], path: Path, ignore: Collection[tuple[str, str | None]]
) -> tuple[EnvironmentResult, ...]:
    """Return the results of `verify --deployed` with findings about the versions that pinner put in place."""
    place, results = DeploymentDirectory(resolve(path)), tuple(results)
    if not place.own.is_dir():
        return results
    linked = [one.environment for one in results if place.link(one.environment).is_symlink()]
    records = {name: current_version(place, name) for name in linked}
    stored = _find_trees(place, [record for record in records.values() if record])
    return tuple(
        replace(one, findings=(*one.findings, *drop_ignored(found, ignore)))
        if (found := tuple(_served(place, one.environment, records, stored)))
        else one
        for one in results
    )


def _served(
    place: DeploymentDirectory,
    environment: str,
    records: Mapping[str, Version | None],
    stored: Mapping[str, StoredTree],
) -> Iterator[Finding]:
    if environment not in records:
        return
    rule, where = RULES["deployed-version"], Location(str(place.link(environment)))
    current, record = place.current(environment), records[environment]
    if current is None:
        message = f"environment '{environment}' is a link to a directory that is not a version"
        yield rule.finding(None, message, place=where)
    elif flaw := _flaw(place, record, stored) if record else "its record is missing":
        yield rule.finding(None, f"version {current}: {flaw}", hint="run 'pinner deploy' again", place=where)
