"""Branches of environments that the project no longer has: told, never deleted."""

from collections.abc import Iterable, Iterator

from pinner.git.mirror import Mirror
from pinner.git.objects import read_files
from pinner.operations.publish.standing import LONGEST, environment_of
from pinner.puppet.names import check_environment_name
from pinner.words.problems import Problem

MOST = 100
"""Branches that are looked into: a repository may have thousands, for reviews."""

_PUPPETFILE = "Puppetfile"


def may_be_orphans(branches: Iterable[str], environments: Iterable[str]) -> tuple[str, ...]:
    """Return the branches that could be those of environments which are not among `environments`."""
    others = sorted(set(branches) - set(environments))
    return tuple(name for name in others if check_environment_name(name) is None)[:MOST]


def tell_orphans(mirror: Mirror, candidates: Iterable[str]) -> Iterator[Problem]:
    """Yield a note for each of those branches whose Puppetfile pinner wrote for the environment of its name."""
    tips = {name: tip for name in candidates if (tip := mirror.refs.branch(name))}
    files = read_files(mirror, ((tip, _PUPPETFILE) for tip in tips.values()), max_bytes=LONGEST)
    for name, tip in tips.items():
        content = files[tip, _PUPPETFILE]
        if isinstance(content, bytes) and environment_of(content.decode(errors="replace")) == name:
            told = f"branch '{name}' is of an environment that the project no longer has"
            yield Problem(told, hint=f"if nothing needs it: git push {mirror.url} --delete {name}")
