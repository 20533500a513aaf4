"""Group equal changes of many nodes.

A node's own names and addresses become placeholders first, so that a change which only differs in them is one change. Only
whole words are replaced, and what is replaced is exactly the node's value: its change can be made again from the group's.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pinner.catalogs.causes import module_of
from pinner.model.catalogs import Node
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

    def specific(self, text: str) -> str:
        """Return the text with the node's values in place of placeholders."""
        for name, value in self.values.items():
            text = text.replace(name, value)
        return text


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
    return replace(
        change, title=identity.generic(change.title), old=old, new=new, module=module_of(change.path)
    )


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
