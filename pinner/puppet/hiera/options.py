"""lookup_options: which keys' values Puppet merges or converts, so that no single file says what a parameter gets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pinner.puppet.types.regex_matching import finds
from pinner.words.data import DataFile, Hash, Value, entry_of, text_of

KEY = "lookup_options"


@dataclass(frozen=True, slots=True)
class LookupOptions:
    """The keys that are changed, and the regular expressions (they start with `^`) of keys that are."""

    keys: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()

    def change(self, key: str) -> bool:
        """Return whether a value of `key` may reach its parameter otherwise than it stands in a file."""
        return key in self.keys or any(finds(pattern, key) is not False for pattern in self.patterns)


def read_options(files: Iterable[DataFile]) -> LookupOptions:
    """Return the options that any of the files gives."""
    names = {name for file in files for name in _changed(file)}
    patterns = sorted(name for name in names if name.startswith("^"))
    return LookupOptions(frozenset(names.difference(patterns)), tuple(patterns))


def option_keys(value: Value) -> Iterator[tuple[str, int]]:
    """Yield the keys that one `lookup_options` names, with their lines; regular expressions are left out."""
    for key, _ in value.entries if isinstance(value, Hash) else ():
        name = text_of(key)
        if name and not name.startswith("^"):
            yield name, key.line


def _changed(file: DataFile) -> Iterator[str]:
    for datum in file.data:
        if datum.key == KEY and isinstance(datum.value, Hash):
            yield from (
                name for key, held in datum.value.entries if (name := text_of(key)) and _is_changing(held)
            )


def _is_changing(options: Value) -> bool:
    merge = entry_of(options, "merge")
    is_merged = merge is not None and text_of(merge) != "first"
    return is_merged or entry_of(options, "convert_to") is not None
