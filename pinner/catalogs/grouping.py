"""Group equal changes of many nodes.

A node's own names and addresses become placeholders first, so that a change which only differs in them is one change. Only
whole words are replaced, and what is replaced is exactly the node's value: its change can be made again from the group's.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pinner.catalogs.causes import module_of
from pinner.catalogs.effects import compare_catalogs
from pinner.model.catalogs import Node, Resource
from pinner.model.preview import CatalogChange, ChangeGroup, Effect

_ORDER = list(Effect)


@dataclass(frozen=True, slots=True)
class Identity:
    """The values that only one node has, by placeholder (`{fqdn}`)."""

    values: Mapping[str, str]
    pattern: re.Pattern[str] | None

    def generic(self, text: str) -> str:
        """Return the text with placeholders; unchanged if it already contains one of them."""
        if self.pattern is None or any(name in text for name in self.values):
            return text
        by_value = {value: name for name, value in reversed(tuple(self.values.items()))}
        return self.pattern.sub(lambda found: by_value[found[0]], text)


def identity_of(node: Node) -> Identity:
    """Return a node's names, addresses and numbers; a host name that is a common word is not among them."""
    values = dict(_values(node))
    chosen = {name: value for name, value in values.items() if len(value) > 3}  # noqa: PLR2004 - "c1" is a word
    if not chosen:
        return Identity({}, None)
    words = "|".join(re.escape(value) for value in sorted(chosen.values(), key=len, reverse=True))
    return Identity(chosen, re.compile(rf"(?<![\w.-])(?:{words})(?![\w-]|\.\w)"))


def _values(node: Node) -> Iterator[tuple[str, str]]:
    host = node.name.partition(".")[0]
    yield "{certname}", node.name
    if any(character.isdigit() for character in host):
        yield "{hostname}", host
    networking = node.facts.get("networking")
    if isinstance(networking, dict):
        for key in ("fqdn", "ip", "ip6", "mac"):
            if isinstance(networking.get(key), str) and (key != "fqdn" or networking[key] != node.name):
                yield f"{{{key}}}", networking[key]
        interfaces = networking.get("interfaces")
        for name, one in interfaces.items() if isinstance(interfaces, dict) else ():
            for key in ("ip", "ip6", "mac"):
                value = one.get(key) if isinstance(one, dict) else None
                if isinstance(value, str) and name != "lo" and value != networking.get(key):
                    yield f"{{{key}_{name}}}", value
    dmi = node.facts.get("dmi")
    product = dmi.get("product") if isinstance(dmi, dict) else None
    for key in ("uuid", "serial_number"):
        if isinstance(product, dict) and isinstance(product.get(key), str):
            yield f"{{{key}}}", product[key]


def generic_change(change: CatalogChange, identity: Identity) -> CatalogChange:
    """Return the change with the node's own values as placeholders, and with its module."""
    old, new = (None if one is None else identity.generic(one) for one in (change.old, change.new))
    title = identity.generic(change.title)
    if (title, old, new) == (change.title, change.old, change.new) and change.module:
        return change
    return replace(change, title=title, old=old, new=new, module=module_of(change.path))


Pair = tuple[str | None, str | None]
"""One resource before and after, each the text of its row; None if there is none."""


class Comparison:
    """Compares the catalogs of nodes with each other; what many nodes have alike is compared once.

    `rows` are all the resources of these catalogs, in their normal form, by the texts of their rows.
    """

    def __init__(self, rows: Mapping[str, Resource]) -> None:
        self._rows = rows
        self._keys = {text: (one.type, one.title) for text, one in rows.items()}
        self._changes: dict[Pair, tuple[CatalogChange, ...]] = {}
        self._texts: dict[Pair, str] = {}
        self._nodes: defaultdict[Pair, set[str]] = defaultdict(set)
        self._grouping = Grouping()

    def add(self, node: Node, before: Sequence[str], after: Sequence[str]) -> None:
        """Add the changes of a node from one catalog to the other, given as the texts of their rows."""
        identity = identity_of(node)
        keys = self._keys
        sides = [dict(zip(map(keys.__getitem__, one), one, strict=True)) for one in (before, after)]
        changed = {keys[text] for text in {*before} ^ {*after}}
        pairs = [(sides[0].get(key), sides[1].get(key)) for key in changed]
        fresh = [pair for pair in pairs if pair not in self._changes]
        for pair in fresh:
            self._compare(pair)
        known = {*pairs}.difference(fresh)
        # Most nodes have nothing of their own in what they share with others: then one search is enough.
        values = tuple(identity.values.values())
        joined = "\n".join(map(self._texts.__getitem__, known))
        found = [value for value in values if value in joined]
        own = [pair for pair in known if any(value in self._texts[pair] for value in found)] if found else []
        for pair in (*fresh, *own):
            self._grouping.add(node.name, [generic_change(one, identity) for one in self._changes[pair]])
        for pair in known.difference(own):
            self._nodes[pair].add(node.name)

    def _compare(self, pair: Pair) -> None:
        sides = [{self._keys[text]: self._rows[text]} if text else {} for text in pair]
        changes = tuple(replace(change, module=module_of(change.path)) for change in compare_catalogs(*sides))
        self._changes[pair] = changes
        self._texts[pair] = "\n".join(
            text for one in changes for text in (one.title, one.old, one.new) if text
        )

    def groups(self, finish: Callable[[CatalogChange], CatalogChange | None]) -> tuple[ChangeGroup, ...]:
        """Return the groups of all nodes, see `Grouping.groups`."""
        for pair, names in self._nodes.items():
            for change in self._changes[pair]:
                self._grouping.nodes[change] |= names
        self._nodes.clear()
        return self._grouping.groups(finish)


@dataclass(slots=True)
class Grouping:
    """Collects the changes of nodes, each change once."""

    nodes: defaultdict[CatalogChange, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, node: str, changes: Iterable[CatalogChange]) -> None:
        """Add a node's changes."""
        for change in changes:
            self.nodes[change].add(node)

    def groups(self, finish: Callable[[CatalogChange], CatalogChange | None]) -> tuple[ChangeGroup, ...]:
        """Return the groups of nodes with the same changes, most nodes first.

        `finish` returns a change as it is reported, or None to leave it out; changes that become equal are one.
        """
        finished: defaultdict[CatalogChange, set[str]] = defaultdict(set)
        for change, names in self.nodes.items():
            if (shown := finish(change)) is not None:
                finished[shown] |= names
        grouped: defaultdict[frozenset[str], list[CatalogChange]] = defaultdict(list)
        for change, names in finished.items():
            grouped[frozenset(names)].append(change)
        found = (
            ChangeGroup(tuple(sorted(names)), tuple(sorted(some, key=_key)))
            for names, some in grouped.items()
        )
        return tuple(sorted(found, key=lambda group: (-len(group.nodes), group.nodes)))


def _key(change: CatalogChange) -> tuple[object, ...]:
    return (
        _ORDER.index(change.effect),
        change.type,
        change.title,
        change.parameter or "",
        change.old or "",
        change.new or "",
        change.path or "",
        change.line or 0,
        change.is_secret,
    )
