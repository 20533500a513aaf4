"""Which pinned commits are nowhere to be found, after the remote was asked for them by name."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from pinner.git.mirrors import Mirror
from pinner.git.objects import has_commits
from pinner.operations.answers import Answers
from pinner.words.pins import GitPin, Lock


def absent_commits(
    locks: Iterable[Lock], answers: Answers, *, present: frozenset[tuple[str, str]] = frozenset()
) -> frozenset[tuple[str, str]]:
    """Return the (git, commit) of pins that neither the mirror nor its remote has; `present` are known to be there.

    A commit that no branch or tag reaches is fetched by its id, so that what follows can read it. A commit that a ref
    names is there: git checks that before it moves a ref.
    """
    wanted: dict[Mirror, set[str]] = {}
    for pin in (pin for lock in locks for pin in lock.pins.values() if isinstance(pin, GitPin)):
        mirror = answers.mirror(pin.git)
        if mirror is not None and (pin.git, pin.commit) not in present:
            wanted.setdefault(mirror, set()).add(pin.commit)
    unnamed = {mirror: ids - set(mirror.refs.commits.values()) for mirror, ids in wanted.items()}
    unnamed = {mirror: ids for mirror, ids in unnamed.items() if ids}
    if not unnamed:
        return frozenset()
    with ThreadPoolExecutor(max_workers=answers.workspace.settings.jobs) as pool:
        absent = pool.map(lambda item: _absent(*item, answers=answers), sorted(unnamed.items(), key=_by_url))
    return frozenset(pair for pairs in absent for pair in pairs)


def _by_url(item: tuple[Mirror, set[str]]) -> str:
    return item[0].url


def _absent(mirror: Mirror, commits: set[str], *, answers: Answers) -> list[tuple[str, str]]:
    missing = sorted(commits - has_commits(mirror, commits))
    fetch = answers.workspace.mirrors.fetch_commit
    return [(mirror.url, commit) for commit in missing if not fetch(mirror, commit)]
