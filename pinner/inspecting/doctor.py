"""`pinner doctor`: what keeps pinner from working here."""

import platform
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from pinner import __version__
from pinner.git.process.command import git_version
from pinner.locking.requirements import GitRequirement, read_requirements
from pinner.model.errors import PinnerError
from pinner.model.lock import GitPin
from pinner.model.results import Check, CheckState
from pinner.project.files import list_environments
from pinner.workspace.workspace import Workspace

LOCAL = "this machine"


def check_programs() -> Iterator[Check]:
    """Yield the versions of pinner and git; a git that cannot be used is a failed check."""
    yield Check(
        "pinner", CheckState.OK, f"{__version__}, Python {platform.python_version()}, {platform.system()}"
    )
    try:
        yield Check("git", CheckState.OK, git_version())
    except PinnerError as error:
        yield from failed_checks("git", error)


def failed_checks(subject: str, error: PinnerError) -> Iterator[Check]:
    """Yield a failed check for each problem of an error."""
    for problem in error.problems:
        where = f"{problem.place}: " if problem.place else ""
        yield Check(subject, CheckState.FAILED, f"{where}{problem.message}", problem.hint)


def check_workspace(workspace: Workspace) -> Iterator[Check]:
    """Yield the cache, the manifests and locks, and each server that they name; offline, no server is contacted."""
    cached = len(workspace.mirrors.cached())
    yield Check("cache", CheckState.OK, f"{workspace.settings.cache}, {cached} repositories")
    urls: set[str] = set()
    try:
        sets = read_requirements(workspace, ())
        locks = workspace.locks(tuple(required.environment for required in sets))
    except PinnerError as error:
        yield from failed_checks("project", error)
    else:
        locked = [lock for lock in locks.values() if lock]
        names = list_environments(workspace.project).environments
        message = f"{workspace.project.root}, {len(names)} environments, {len(locked)} locked"
        yield Check("project", CheckState.OK, message)
        for required in sets:
            urls |= {one.git for one in required.modules.values() if isinstance(one, GitRequirement)}
        urls |= {pin.git for lock in locked for pin in lock.pins.values() if isinstance(pin, GitPin)}
    yield from _check_servers(workspace, urls)


def _check_servers(workspace: Workspace, urls: Iterable[str]) -> Iterator[Check]:
    """Yield each server, tried with one of its repositories."""
    first: dict[str, str] = {}
    for url in sorted(urls):
        first.setdefault(server_of(workspace.mirrors.place(url)), url)
    if workspace.is_offline:
        yield from (Check(server, CheckState.SKIPPED, "not contacted: --offline") for server in first)
        return
    results = workspace.map(workspace.mirrors.reach, first.values())
    for (server, url), failure in zip(first.items(), results, strict=True):
        if failure is None:
            yield Check(server, CheckState.OK, f"reachable: {workspace.mirrors.place(url)}")
        else:
            yield Check(server, CheckState.FAILED, failure.message, failure.hint)


def server_of(place: str) -> str:
    """Return the host of a URL or of an scp-like address, with its port; `LOCAL` for a path."""
    if "://" not in place:
        before, colon, _ = place.partition(":")
        return before.rpartition("@")[2] if colon and "/" not in before else LOCAL
    return urlsplit(place).netloc.rpartition("@")[2] or LOCAL
