"""Which homes of modules have moved since a source was written: told by owner, not module by module."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pinner.openstack.moved import current_home
from pinner.project.quoting import redact
from pinner.words.imports import FoundEnvironment
from pinner.words.problems import Problem

if TYPE_CHECKING:
    from pinner.words.places import Place


def tell_moves(environments: Iterable[FoundEnvironment]) -> Iterator[Problem]:
    """Yield a note for each server and owner of which modules are fetched from elsewhere now, in the order found."""
    first: dict[tuple[str, str], Place] = {}
    count: Counter[tuple[str, str]] = Counter()
    for module in (module for environment in environments for module in environment.modules if module.git):
        move = _owner(redact(module.git or "")), _owner(current_home(module.git or ""))
        if move[0] != move[1]:
            first.setdefault(move, module.place)
            count[move] += 1
    for (old, new), place in first.items():
        many = f"{count[old, new]} modules are" if count[old, new] > 1 else "a module is"
        yield Problem(f"{many} fetched from {new} now, in place of {old}", place)


def _owner(url: str) -> str:
    """Return all of a URL but the repository's own name, without what stands for the user in it."""
    start, separator, _ = url.replace("***@", "").rpartition("/")
    return f"{start}{separator}"
