"""Manifest files with what they extend: each file is read once, and bases are laid under it key by key.

Maps merge, lists and scalars replace, and every value keeps the place it came from. Two rules make a merged module
make sense: a selector in the upper file replaces the selector below (with its `as_of`), and `git` and `forge` replace
each other (a `forge` also every selector below but `version`).
"""

from dataclasses import dataclass, field

from pinner.project.described import read_described
from pinner.project.layout import Project, list_environments
from pinner.project.nodes import Entry, Mapping, Node, Scalar
from pinner.project.quoting import near
from pinner.project.rules import check_base
from pinner.project.schema import MANIFEST, SELECTORS
from pinner.words.places import Place
from pinner.words.problems import Problem

_EMPTY = "the manifest is empty"
_EMPTY_HINT = (
    "write at least a release and the modules to run, such as 'release: 2025.1' and 'openstack: all'"
)


@dataclass(frozen=True, slots=True)
class File:
    """One manifest as it stands on disk; `root` is None where no map could be read, and not to be used with problems."""

    name: str
    path: str
    root: Mapping | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """A manifest with its bases (nearest first) laid under it; `is_sound` where none of the files has a problem."""

    file: File
    bases: tuple[str, ...] = ()
    root: Mapping | None = None
    is_sound: bool = False


@dataclass(slots=True)
class Shelf:
    """The manifests of a project, each read once; `problems` gathers what is wrong, in the order of reading."""

    project: Project
    problems: list[Problem] = field(default_factory=list)
    _names: frozenset[str] | None = None
    _file_by_name: dict[str, File] = field(default_factory=dict)
    _merged_by_name: dict[str, Merged] = field(default_factory=dict)
    _extended: set[str] = field(default_factory=set)

    def file(self, name: str) -> File:
        """Return the file of that environment or base, read now if it was not before."""
        if name not in self._file_by_name:
            found = _read(self.project, name)
            self._file_by_name[name] = found
            self.problems += found.problems
        return self._file_by_name[name]

    def merged(self, name: str) -> Merged:
        """Return the manifest of that name with all its bases; problems go to the shelf's."""
        for file in reversed(self._chain(name)):
            if file.name not in self._merged_by_name:
                self._merged_by_name[file.name] = self._lay(file)
        return self._merged_by_name[name]

    def forget(self, name: str) -> None:
        """Drop what was read of a file that nothing has extended so far; should something do so, it is read again."""
        if name not in self._extended:
            self._file_by_name.pop(name, None)
            self._merged_by_name.pop(name, None)

    def _chain(self, name: str) -> list[File]:
        """Return the file and its bases, nearest first, up to the first that is missing or comes round again."""
        chain = [self.file(name)]
        seen = {name}
        while (base := extended(chain[-1])) and base.text not in seen and base.text in self._known():
            seen.add(base.text)
            self._extended.add(base.text)
            chain.append(self.file(base.text))
        return chain

    def _lay(self, file: File) -> Merged:
        base = extended(file)
        if base is None:
            return Merged(file, (), file.root, is_sound=not file.problems)
        below = self._merged_by_name.get(base.text)
        if below is None:
            self.problems += self._lost(file, base)
            return Merged(file, (base.text,), file.root)
        is_sound = below.is_sound and not file.problems
        root = merge(below.root, file.root) if below.root and file.root else file.root
        return Merged(file, (base.text, *below.bases), root, is_sound=is_sound)

    def _lost(self, file: File, base: Scalar) -> tuple[Problem, ...]:
        """Return why a base is not there: it is missing, or the files go round in a circle."""
        if base.text in self._known():
            return (self._circle(file),)
        return () if check_base(base.text) else (self._missing(base),)

    def _known(self) -> frozenset[str]:
        if self._names is None:
            listing = list_environments(self.project)
            self._names = frozenset((*listing.environments, *listing.bases))
        return self._names

    def _missing(self, base: Scalar) -> Problem:
        hint = (
            near(base.text, self._known())
            or f"a base is a file '{self.project.shown(self.project.manifest('_base'))}'"
        )
        return Problem(f"extends: there is no environment or base '{base.text}'", base.place, hint)

    def _circle(self, last: File) -> Problem:
        """Return the problem of a circle at its first member by name, whichever member was read first."""
        files = [last]
        while (base := extended(files[-1])) and base.text != last.name:
            files.append(self.file(base.text))
        start = min(range(len(files)), key=lambda index: files[index].name)
        names = [file.name for file in files[start:] + files[:start]]
        extends = extended(files[start])
        way = " extends ".join(f"'{name}'" for name in (*names, names[0]))
        place = extends.place if extends else Place(files[start].path)
        return Problem(f"extends: a circle: {way}", place, "let one of them extend nothing")


def extended(file: File) -> Scalar | None:
    """Return the name that the file extends, or None."""
    entry = file.root.entries.get("extends") if file.root else None
    return entry.value if entry and isinstance(entry.value, Scalar) else None


def merge(below: Mapping, above: Mapping) -> Mapping:
    """Return a manifest's root laid over that of its base."""
    merged = _merge(below, above)
    old, new = below.entries.get("modules"), above.entries.get("modules")
    if old and new and isinstance(old.value, Mapping) and isinstance(new.value, Mapping):
        merged.entries["modules"] = Entry(new.key, _merge_modules(old.value, new.value))
    return merged


def _merge(below: Mapping, above: Mapping) -> Mapping:
    entries = dict(below.entries)
    for key, entry in above.entries.items():
        old = entries.get(key)
        entries[key] = Entry(entry.key, _over(old.value, entry.value)) if old else entry
    return Mapping(entries, above.place)


def _over(below: Node, above: Node) -> Node:
    return _merge(below, above) if isinstance(below, Mapping) and isinstance(above, Mapping) else above


def _merge_modules(below: Mapping, above: Mapping) -> Mapping:
    stripped = {name: _strip(entry, above.entries.get(name)) for name, entry in below.entries.items()}
    return _merge(Mapping(stripped, below.place), above)


def _strip(below: Entry, above: Entry | None) -> Entry:
    """Return the lower module without the keys that the upper one replaces though it does not name them."""
    if above is None or not isinstance(below.value, Mapping) or not isinstance(above.value, Mapping):
        return below
    hidden = _hidden(above.value, is_below_forge="forge" in below.value.entries)
    kept = {key: entry for key, entry in below.value.entries.items() if key not in hidden}
    return Entry(below.key, Mapping(kept, below.value.place))


def _hidden(above: Mapping, *, is_below_forge: bool) -> set[str]:
    hidden: set[str] = set()
    if above.entries.keys() & set(SELECTORS):
        hidden |= {*SELECTORS, "as_of"}
    if "git" in above.entries:
        hidden |= {"forge", "version"} if is_below_forge else {"forge"}
    if "forge" in above.entries:
        hidden |= {"git", "as_of", *SELECTORS} - {"version"}
    return hidden


def _read(project: Project, name: str) -> File:
    path = project.manifest(name)
    shown = project.shown(path)
    found = read_described(project, path, MANIFEST)
    is_empty = found.root is None and not found.problems
    problems = (Problem(_EMPTY, Place(shown), _EMPTY_HINT),) if is_empty else found.problems
    return File(name, shown, found.root, problems)
