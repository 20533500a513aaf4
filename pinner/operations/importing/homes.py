"""What has moved or gone since a source was written: told by owner and by branch, not module by module."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pinner.git.failures import SyncFailure
from pinner.openstack.moved import current_home
from pinner.openstack.presence import find_repository
from pinner.operations.answers import Answers
from pinner.operations.importing.placed import Placed
from pinner.project.quoting import redact
from pinner.puppet.git_urls import check_git_url
from pinner.words.imports import FoundEnvironment
from pinner.words.problems import Problem
from pinner.words.wants import Selector

SHOWN = 3

if TYPE_CHECKING:
    from pinner.words.places import Place


def tell_moves(environments: Iterable[FoundEnvironment]) -> Iterator[Problem]:
    """Yield a note for each server and owner of which modules are fetched from elsewhere now, in the order found.

    What has no URL that is let in is fetched from nowhere, and shown by none but the check of URLs.
    """
    first: dict[tuple[str, str], Place] = {}
    count: Counter[tuple[str, str]] = Counter()
    for module in (module for environment in environments for module in environment.modules if module.git):
        home = current_home(module.git or "")
        move = _owner(redact(module.git or "")), _owner(redact(home))
        if move[0] != move[1] and check_git_url(home) is None:
            first.setdefault(move, module.place)
            count[move] += 1
    for (old, new), place in first.items():
        many = f"{count[old, new]} modules are" if count[old, new] > 1 else "a module is"
        yield Problem(f"{many} fetched from {new} now, in place of {old}", place)


def tell_gone(placed: Iterable[Placed], answers: Answers) -> Iterator[Problem]:
    """Yield a note for each branch of a release that repositories have no longer: with it nothing deploys any more."""
    first: dict[str, Place] = {}
    count: Counter[str] = Counter()
    for module in placed:
        is_release = module.selector is Selector.BRANCH and find_repository(module.git or "") is not None
        mirror = answers.mirror(module.git or "") if is_release else None
        if (
            module.series
            and mirror is not None
            and mirror.refs.commits
            and mirror.refs.branch(module.value) is None
        ):
            first.setdefault(module.value, module.place)
            count[module.value] += 1
    for branch, place in first.items():
        many = f"{count[branch]} repositories" if count[branch] > 1 else "a repository"
        message = (
            f"the branch '{branch}' is gone from {many}: 'release:' in a manifest finds what took its place"
        )
        yield Problem(message, place)


def tell_unasked(answers: Answers) -> Iterator[Problem]:
    """Yield a note that names the repositories which gave no answer; offline none was asked."""
    silent = [url for url, mirror in answers.mirrors.items() if isinstance(mirror, SyncFailure)]
    if silent and not answers.workspace.is_offline:
        shown = ", ".join(silent[:SHOWN])
        more = f" and {len(silent) - SHOWN} more" if len(silent) > SHOWN else ""
        hint = "what their refs are is told by their form"
        yield Problem(f"no answer from {shown}{more}", hint=hint)


def _owner(url: str) -> str:
    """Return all of a URL but the repository's own name, without what stands for the user in it."""
    start, separator, _ = url.replace("***@", "").rpartition("/")
    return f"{start}{separator}"
