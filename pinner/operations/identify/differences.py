"""How a module differs from a commit, sorted by what the differences mean."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pinner.git.plain_contents import read_contents
from pinner.git.plain_diff import EMPTY_TREE, Comparison, Difference
from pinner.operations.facts import FILES as FILES_OF_METADATA
from pinner.operations.identify.local import LocalModule
from pinner.operations.identify.nearness import Holder, Near
from pinner.operations.identify.prints import LARGEST, Prints
from pinner.puppet.module_files import DIRECTORIES, FILES, is_leftover, is_read

__all__ = ["Compared", "Difference", "Differences", "compare"]

METADATA = frozenset(FILES_OF_METADATA)
MOST_BYTES = 16 * 1024 * 1024
"""Of one module's files that no commit has, that are looked into; those beyond differ in something."""
READ = (*sorted(DIRECTORIES), *sorted(FILES))


@dataclass(frozen=True, slots=True)
class Differences:
    """All files of a module that are not as in a commit, each group by path.

    `changed` differ in what they say, `extra` are only here, `lacking` are only there and Puppet reads them: where
    there is one of these, the module is not the commit. `dropped` are only there and Puppet does not read them, as
    packaging leaves them out; `left` are only here and tools made them; of `line_ends` only these, and of `modes` only
    the executable bits differ.
    """

    changed: tuple[Difference, ...] = ()
    extra: tuple[Difference, ...] = ()
    lacking: tuple[Difference, ...] = ()
    dropped: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    line_ends: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Difference, ...]:
        """Return those that make it another thing than the commit, by path."""
        return tuple(sorted((*self.changed, *self.extra, *self.lacking), key=lambda one: one.path))

    @property
    def is_nothing(self) -> bool:
        """Tell whether there is no difference at all."""
        return self == Differences()


@dataclass(frozen=True, slots=True)
class Measure:
    """How far a module is from a commit in what Puppet reads, in `lines`, `code_lines` of them outside of metadata.

    `alien_lines` of the module's `all_lines` are not there.
    """

    lines: int = 0
    code_lines: int = 0
    alien_lines: int = 0
    all_lines: int = 0

    @property
    def is_alike(self) -> bool:
        """Tell whether more than half of what Puppet reads here is from there."""
        return 2 * self.alien_lines < self.all_lines


@dataclass(frozen=True, slots=True)
class Compared:
    """The nearest of some commits, how far it is, and how it differs."""

    near: Near
    measure: Measure
    differences: Differences


def compare(module: LocalModule, prints: Prints, holder: Holder, nears: Iterable[Near]) -> Compared:
    """Return the one of these commits that a module differs least from. Raises UnknownError if git can't tell.

    Least are the fewest lines in files that Puppet reads; of equals the fewest outside of metadata, which may claim
    anything, then the fewest other files, then one that a ref names, then the first. Of what could not be read nothing
    is said; a file too large to be looked into differs in something.
    """
    near_by_tree = {holder.index.tree(near.number): near for near in nears}
    unknown = prints.missing_in([holder.index])
    contents = read_contents(module.path, unknown, largest=LARGEST, most=MOST_BYTES)
    dark = frozenset(file.path for file in unknown) - contents.keys()
    files = [file for file in module.tree.files if file.path not in dark]
    with TemporaryDirectory(prefix="pinner-identify-") as directory:
        comparison = Comparison(holder.mirror, files, contents, scratch=Path(directory) / "git")
        tree, measure = _same(near_by_tree, prints) or _nearest(comparison, near_by_tree)
        differing = comparison.differences([tree])[tree]
    hidden = module.hidden_paths
    return Compared(near_by_tree[tree], measure, _sort(_seen(differing, dark, hidden), module))


def _same(near_by_tree: Mapping[str, Near], prints: Prints) -> tuple[str, Measure] | None:
    """Return the tree that has the very files that Puppet reads: there is nothing to measure then."""
    same = next((tree for tree, near in near_by_tree.items() if near.read_off == 0), None)
    return (same, Measure(all_lines=len(prints.read))) if same else None


def _nearest(comparison: Comparison, near_by_tree: Mapping[str, Near]) -> tuple[str, Measure]:
    """Return the tree that differs least in what Puppet reads."""
    found = comparison.differences([EMPTY_TREE, *near_by_tree], only=READ)
    all_lines = sum(one.lines for one in found[EMPTY_TREE])
    nowhere = frozenset.intersection(*(_lacking(found[tree]) for tree in near_by_tree))
    measures = {tree: _measure(found[tree], nowhere, all_lines) for tree in near_by_tree}
    tree = min(measures, key=lambda tree: _rank(near_by_tree[tree], measures[tree]))
    return tree, measures[tree]


def _lacking(differences: Iterable[Difference]) -> frozenset[str]:
    return frozenset(one.path for one in differences if not one.is_here)


def _measure(differences: Sequence[Difference], nowhere: frozenset[str], all_lines: int) -> Measure:
    """Return the measure of the differences.

    A file of `nowhere`, which is in all commits that are compared and not here, was taken away: it counts as one line, as
    nothing can be told from how long it was in which of them.
    """
    lines = [(one.path, 1 if one.path in nowhere else one.lines) for one in differences]
    return Measure(
        lines=sum(number for _, number in lines),
        code_lines=sum(number for path, number in lines if path not in METADATA),
        alien_lines=sum(one.lines if one.added is None else one.added for one in differences),
        all_lines=all_lines,
    )


def _rank(near: Near, measure: Measure) -> tuple[int, int, int, bool]:
    return measure.lines, measure.code_lines, near.beside_off, near.ref is None


def _seen(found: Iterable[Difference], dark: frozenset[str], hidden: frozenset[str]) -> Iterator[Difference]:
    """Yield the differences with those of dark files, without those of files that may be here all the same."""
    there = set()
    for one in found:
        if one.path in dark:
            there.add(one.path)
        elif one.is_here or not _is_below(one.path, hidden):
            yield one
    for path in sorted(dark):
        yield Difference(path, is_here=True, is_there=path in there, added=None, removed=None)


def _is_below(path: str, hidden: frozenset[str]) -> bool:
    return any(not one or path == one or path.startswith(f"{one}/") for one in hidden)


def _sort(found: Iterable[Difference], module: LocalModule) -> Differences:
    rows = tuple(found)
    theirs = {file.path for file in module.tree.files} - {one.path for one in rows if not one.is_there}
    theirs |= {one.path for one in rows if one.is_there}
    groups: dict[str, list[Difference]] = {}
    for one in rows:
        groups.setdefault(_group(one, theirs), []).append(one)
    return Differences(
        changed=tuple(groups.get("changed", ())),
        extra=tuple(groups.get("extra", ())),
        lacking=tuple(groups.get("lacking", ())),
        dropped=_paths(groups.get("dropped", ())),
        left=_paths(groups.get("left", ())),
        line_ends=_paths(groups.get("line ends", ())),
        modes=_paths(groups.get("modes", ())),
    )


def _group(one: Difference, theirs: Collection[str]) -> str:
    if not one.is_there:
        return "left" if is_leftover(one.path, theirs) else "extra"
    if not one.is_here:
        return "lacking" if is_read(one.path) else "dropped"
    if one.is_other_kind or one.lines:
        return "changed"
    return "modes" if one.has_same_bytes else "line ends"


def _paths(differences: Iterable[Difference]) -> tuple[str, ...]:
    return tuple(one.path for one in differences)
