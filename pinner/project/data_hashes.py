"""Keys and values in turn -> a hash's entries as Ruby's Psych makes them: merge keys written out, the last of two equal keys."""

from collections.abc import Iterable, Iterator

from pinner.words.data import Array, Closed, Hash, Literal, Value

_MERGE = "<<"
_Key = tuple[type, object]
_Entries = dict[_Key, tuple[Value, Value]]


def entries_of(items: list[Value]) -> tuple[tuple[tuple[Value, Value], ...], list[tuple[Literal, int]]]:
    """Return the entries, and each key that was given again with the line of the one before it."""
    entries: _Entries = {}
    own: dict[_Key, int] = {}
    repeated: list[tuple[Literal, int]] = []
    for key, value in zip(items[::2], items[1::2], strict=True):
        merged = list(_merged(key, value))
        for one in merged:
            entries.update(((_identity(name), (name, held)) for name, held in one.entries))
        if merged:
            continue
        identity = _identity(key)
        if identity in own and isinstance(key, Literal):
            repeated.append((key, own[identity]))
        own[identity] = key.line
        entries[identity] = key, value
    return tuple(entries.values()), repeated


def _merged(key: Value, value: Value) -> Iterator[Hash]:
    """Yield the hashes that a merge key puts in: of a list, the first one wins and so comes last."""
    if not isinstance(key, Literal) or key.value != _MERGE:
        return
    parts: Iterable[Value] = reversed(value.items) if isinstance(value, Array) else (value,)
    hashes = [part for part in parts if isinstance(part, Hash)]
    if len(hashes) == (len(value.items) if isinstance(value, Array) else 1):
        yield from hashes


def _identity(key: Value) -> _Key:
    """Return what makes two keys equal: Ruby tells 1, 1.0 and true apart. A key that is closed equals no other."""
    if isinstance(key, Literal):
        return type(key.value), key.value
    return Closed, id(key)
