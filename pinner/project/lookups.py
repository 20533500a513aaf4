"""Values of a tree by key, for a tree that was checked: what is missing or of another shape is None or empty."""

from pinner.project.nodes import Entry, Mapping, Scalar, Sequence
from pinner.words.manifests import Text


def map_at(node: Mapping | None, key: str) -> Mapping | None:
    """Return the inner map of that key."""
    entry = node.entries.get(key) if node else None
    return entry.value if entry and isinstance(entry.value, Mapping) else None


def entries_at(node: Mapping | None, key: str) -> dict[str, Entry]:
    """Return the entries of the inner map of that key."""
    found = map_at(node, key)
    return found.entries if found else {}


def text_at(node: Mapping | None, key: str) -> Text | None:
    """Return the scalar of that key."""
    entry = node.entries.get(key) if node else None
    value = entry.value if entry else None
    return Text(value.text, value.place) if isinstance(value, Scalar) else None


def texts_at(node: Mapping | None, key: str) -> tuple[Text, ...]:
    """Return the scalars of the list of that key."""
    entry = node.entries.get(key) if node else None
    items = entry.value.items if entry and isinstance(entry.value, Sequence) else ()
    return tuple(Text(item.text, item.place) for item in items if isinstance(item, Scalar))


def texts_by_key(node: Mapping | None) -> dict[str, Text]:
    """Return the keys of a map that hold scalars, with them."""
    entries = node.entries.items() if node else ()
    values = ((key, entry.value) for key, entry in entries)
    return {key: Text(value.text, value.place) for key, value in values if isinstance(value, Scalar)}


def values_by_key(node: Mapping | None) -> dict[str, str]:
    """Return the keys of a map that hold scalars, with their text."""
    entries = node.entries.items() if node else ()
    return {key: entry.value.text for key, entry in entries if isinstance(entry.value, Scalar)}
