"""Deploy to several servers in two phases: switch to what was prepared before, and compare what the servers have.

Agents may ask another server for the files of a catalog than the one that compiled it. When every server has a
version before the first one serves it, and keeps old versions, none is asked for an id that it does not have.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pinner.deploying.versions.directory import DeploymentDirectory, OnNote, is_version_id
from pinner.deploying.versions.history import require_unaltered, switch_to
from pinner.deploying.versions.switch import Options, drain
from pinner.model.deployment import Action, Deployment, ServerComparison, ServerState, Version
from pinner.model.errors import InputError, Location, Problem
from pinner.project.files import read_file
from pinner.puppet.names import check_environment_name

_LARGEST_REPORT = 64 * 1024 * 1024
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


def switch_prepared(path: Path, wanted: tuple[str, ...], options: Options, on_note: OnNote) -> Deployment:
    """Switch environments to the versions that were prepared in the directory `path`; contacts no remote.

    `wanted` are environments, or `ENV@VERSION` with the start of the id that must be the prepared one or the one that
    is served (none: all that were prepared). Raises InputError if a version is not prepared or if something else is in
    the place of a link, and UnknownError if a version was altered; then nothing is switched.
    """
    place = DeploymentDirectory.at(path)
    with place.locked(on_note):
        place.remove_leftovers()
        targets = _find_prepared(place, wanted)
        obstacles = [found for one in targets if (found := place.find_obstacle(one.environment))]
        if obstacles and not options.is_adopting:
            raise InputError(obstacles)
        require_unaltered(place, targets)
        drain(place, targets, options.drain)
        results = switch_to(place, targets, Action.SWITCHED)
        place.note_prepared({version.environment: None for version in targets})
    return Deployment(str(path), results)


def _find_prepared(place: DeploymentDirectory, wanted: tuple[str, ...]) -> tuple[Version, ...]:
    """Return the prepared versions; raises InputError with all environments that have none, or another one."""
    prepared = place.read_prepared()
    targets: list[Version] = []
    problems: list[Problem] = []
    hint = f"run 'pinner deploy --to {place.path} --prepare' first"
    for environment, _, start in (one.partition("@") for one in wanted or sorted(prepared)):
        current = place.current(environment)
        version = current if start and current and current.startswith(start) else prepared.get(environment)
        record = place.read_record(environment, version) if version else None
        if record is None or not place.version(environment, record.id).is_dir():
            problems.append(Problem(f"environment '{environment}': no version is prepared", hint=hint))
        elif not record.id.startswith(start):
            message = f"environment '{environment}': {record.id} is prepared, and not {start}"
            problems.append(Problem(message, hint=hint))
        else:
            targets.append(record)
    has_all = targets or place.read_unflushed()  # a server may not have answered after the last switch
    if problems or not has_all:
        raise InputError(problems or [Problem("no version is prepared", Location(str(place.path)), hint)])
    return tuple(targets)


def compare_servers(paths: Iterable[Path]) -> ServerComparison:
    """Return what several servers serve, from a file of `deploy --list --format json` for each.

    A server is called as its file, without the suffix. Raises InputError if a file is something else, or if two
    have the same name.
    """
    files = tuple(paths)
    if missing := [path for path in files if not path.exists()]:
        raise InputError(Problem("there is no such file", Location(str(path))) for path in missing)
    counts = Counter(path.stem for path in files)
    if doubled := [path for path in files if counts[path.stem] > 1]:
        message = f"several reports are called '{doubled[0].stem}'"
        raise InputError(Problem(message, Location(str(doubled[-1])), "name each file after its server"))
    reports = {path.stem: _read_report(path) for path in files}
    environments = {}
    for name in sorted({name for report in reports.values() for name in report}):
        states = [
            report.get(name, ServerState(server, None, None, frozenset()))
            for server, report in reports.items()
        ]
        needed = {version for one in states for version in (one.current, one.prepared) if version}
        environments[name] = tuple(replace(one, lacks=tuple(sorted(needed - one.versions))) for one in states)
    return ServerComparison(tuple(reports), environments)


def _read_report(path: Path) -> Mapping[str, ServerState]:
    content = read_file(path, shown=str(path), limit=_LARGEST_REPORT)
    try:
        return {row["name"]: _state(path.stem, row) for row in json.loads(content)["environments"]}
    except _MALFORMED as error:
        hint = "write it by 'pinner deploy --to DIR --list --format json' on the server"
        message = "this is not a list of versions"
        raise InputError(Problem(message, Location(str(path)), hint)) from error


def _state(server: str, environment: Mapping[str, Any]) -> ServerState:
    """Return the state that the entry of one environment describes; raises ValueError and KeyError."""
    if check_environment_name(environment["name"]) is not None:
        raise ValueError(environment["name"])
    versions = {row["version"]: row for row in environment["versions"]}
    current = [one for one, row in versions.items() if row["current"] is True]
    prepared = [one for one, row in versions.items() if row["prepared"] is True]
    if len(current) > 1 or len(prepared) > 1 or not all(is_version_id(one) for one in versions):
        raise ValueError(server)
    return ServerState(server, next(iter(current), None), next(iter(prepared), None), frozenset(versions))
