"""What is left of a manifest when everything with a problem is taken out, so that the rest can still be judged."""

from collections.abc import Iterable

from pinner.project.nodes import Entry, Mapping, Node, Sequence
from pinner.words.places import Place
from pinner.words.problems import Problem


def prune(root: Mapping, problems: Iterable[Problem]) -> Mapping:
    """Return the root without the values in which a problem lies.

    Of `openstack` only the names with a problem go, of `modules` whole modules: half a module would ask for something
    else than what was meant. `release` stays, for a wrong one is not the same as none.
    """
    wrong = frozenset(problem.place for problem in problems if problem.place)
    entries: dict[str, Entry] = {}
    for key, entry in root.entries.items():
        if key == "modules" and isinstance(entry.value, Mapping):
            entries[key] = Entry(entry.key, Mapping(_sound(entry.value, wrong), entry.value.place))
        elif key == "openstack" and isinstance(entry.value, Sequence):
            items = tuple(item for item in entry.value.items if not _holds(item, wrong))
            entries[key] = Entry(entry.key, Sequence(items, entry.value.place))
        elif key == "release" or not _is_wrong(entry, wrong):
            entries[key] = entry
    return Mapping(entries, root.place)


def _sound(node: Mapping, wrong: frozenset[Place]) -> dict[str, Entry]:
    return {key: entry for key, entry in node.entries.items() if not _is_wrong(entry, wrong)}


def _is_wrong(entry: Entry, wrong: frozenset[Place]) -> bool:
    return entry.key.place in wrong or _holds(entry.value, wrong)


def _holds(node: Node, wrong: frozenset[Place]) -> bool:
    if node.place in wrong:
        return True
    if isinstance(node, Mapping):
        return any(_is_wrong(entry, wrong) for entry in node.entries.values())
    return isinstance(node, Sequence) and any(_holds(item, wrong) for item in node.items)
