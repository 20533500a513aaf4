"""Read modules in a directory without git history, and compare each with repositories.

The files of a module are fingerprinted; of the nearest commits, the differences of files are found. Identified
modules become an import source.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from pathlib import Path

from pinner.git.mirrors.metadata import temporary_directory
from pinner.git.objects.directory_tree import (
    EMPTY_TREE,
    LINK,
    DirectoryComparison,
    PlainFile,
    PlainTree,
    blob_id,
    read_contents,
    read_plain_tree,
)
from pinner.git.objects.tree_index import TreeIndex, factor_of, key_of
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.identification import Differences, FileDifference, Identification, Identified, Match, Unread
from pinner.model.lock import BRANCH, TAG, Metadata, short_name
from pinner.model.manifest import FoundEnvironment, FoundModule, FoundSources, RefKind
from pinner.model.text import quoted
from pinner.openstack.catalogue import find_repository
from pinner.project.files import resolve
from pinner.puppet.code.ruby import DIRECTORIES, TOP_LEVEL_FILES, is_leftover, is_read
from pinner.puppet.names import check_module_name
from pinner.puppet.versions import Version, version_of_tag
from pinner.workspace.locks import CODE_DIRECTORIES, FILES, MAX_BYTES, choose_metadata

MOST_FILES = 20_000
"""Maximum number of files and directories of one module. puppet-nova, a large one, has about 900; `/usr`
looks like a module, too."""
LARGEST_FILE = 16 * 1024 * 1024
"""Size in bytes above which a module's file is not read."""


@dataclass(frozen=True, slots=True)
class LocalModule:
    """One module: `directory` is the name of its directory, `path` its path as the user would type it."""

    directory: str
    path: Path
    tree: PlainTree
    metadata: Metadata

    @property
    def name(self) -> str:
        """Return the prefix of its classes: the name in its metadata, else that of its directory."""
        return next((name for name in self.names if check_module_name(name) is None), self.directory)

    @property
    def unread(self) -> tuple[Unread, ...]:
        """Return what could not be read, and what git cannot store."""
        return (*self.tree.unread, *(Unread(one.path, f"it is {one.kind}") for one in self.tree.specials))

    @property
    def hidden_paths(self) -> frozenset[str]:
        """Return the paths whose content could not be determined."""
        return frozenset(one.path for one in self.unread)

    @property
    def hides_what_is_read(self) -> bool:
        """Return whether files that Puppet reads may be among the unread ones, and may differ unnoticed."""
        return any(not path or path in DIRECTORIES or is_read(path) for path in self.hidden_paths)

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name it may have upstream, the likeliest first."""
        named = (self.metadata.name or "").partition("-")[2]
        without_owner = self.directory.partition("-")[2]
        found = (named, self.directory, without_owner, self.directory.removeprefix("puppet-"))
        return tuple(dict.fromkeys(name.replace("-", "_") for name in found if name))


@dataclass(frozen=True, slots=True)
class LocalModules:
    """The modules in order of their directories, and the names of the directories that are not modules."""

    modules: tuple[LocalModule, ...]
    others: tuple[str, ...] = ()


def read_local_modules(
    directory: Path,
    map_each: Callable[[Callable[[Path], LocalModule], Iterable[Path]], Iterable[LocalModule]] = map,
    *,
    most: int = MOST_FILES,
) -> LocalModules:
    """Return the modules in a directory, or the one module that the directory is; `map_each` reads them.

    A module has metadata, or a directory `manifests` or `lib`; links to modules are followed. In a directory
    with more than `most` files and directories, the rest is not read. Raises InputError if there is no
    module, UnknownError if the directory cannot be listed.
    """
    if _has_metadata(directory):
        return LocalModules((_read(directory, most),))
    below = _list(directory)
    found = [path for path in below if _is_module(path)]
    if not found and _is_module(directory):
        return LocalModules((_read(directory, most),))
    if not found:
        deeper = next((path for path in below if any(_is_module(one) for one in _subdirectories(path))), None)
        hint = (
            f"did you mean {deeper}?"
            if deeper
            else "a module has metadata.json, Modulefile, manifests/ or lib/"
        )
        raise InputError(Problem("no module was found", Location(str(directory)), hint))
    modules = tuple(map_each(lambda path: _read(path, most), found))
    return LocalModules(modules, tuple(path.name for path in below if path not in found))


def _list(directory: Path) -> list[Path]:
    """Return the directories in a directory, sorted by name, without hidden ones."""
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith(".") and path.is_dir())
    except NotADirectoryError:
        raise InputError(Problem("this is not a directory", Location(str(directory)))) from None
    except FileNotFoundError:
        raise InputError(Problem("the directory does not exist", Location(str(directory)))) from None
    except OSError as error:
        message = f"the directory cannot be read: {error.strerror}"
        raise UnknownError(Problem(message, Location(str(directory)))) from error


def _has_metadata(path: Path) -> bool:
    return any(os.path.isfile(path / name) for name in FILES)  # noqa: PTH113 - False if access is denied


def _is_module(path: Path) -> bool:
    return _has_metadata(path) or any(os.path.isdir(path / name) for name in CODE_DIRECTORIES)  # noqa: PTH112 - the same


def _subdirectories(path: Path) -> Iterator[Path]:
    try:
        yield from sorted(path.iterdir())
    except OSError:
        return


def _read(path: Path, most: int) -> LocalModule:
    tree = read_plain_tree(path, largest=LARGEST_FILE, most=most)
    files = [file for file in tree.files if file.path in FILES]
    contents = read_contents(path, files, largest=MAX_BYTES)
    metadata = choose_metadata([(name, contents.get(name)) for name in FILES])
    return LocalModule(resolve(path).name if path.name in {"", ".."} else path.name, path, tree, metadata)


SOURCE = "modules without history"
NAMED = 3
"""Number of differing files that a module's remark names."""


def to_source(identified: Identification, directory: Path, environment: str) -> FoundSources:
    """Return one environment with all modules that are a commit, or come close to one.

    OpenStack's own modules get commits, from which the release is inferred; others get the tag if there is
    one. Modules that resemble no commit are problems, because they are missing in the environment.
    """
    place = Location(str(directory))
    modules: dict[str, FoundModule] = {}
    problems: list[Problem] = []
    for one in identified.modules:
        flaw: str | None  # why the module cannot be in the environment
        if one.identity is None:
            flaw = "it is not similar to any commit of the searched repositories"
        elif one.name in modules:
            flaw = f"another directory also contains the module '{one.name}'"
        else:
            flaw = check_module_name(one.name)
        if flaw or one.identity is None:
            problems.append(Problem(f"module {quoted(one.directory)}: {flaw}", place))
        else:
            is_openstacks = find_repository(one.identity.git) is not None
            is_tagged = one.identity.ref is not None and one.identity.ref.startswith(TAG)
            if is_openstacks or not is_tagged:
                kind, ref = RefKind.COMMIT, one.identity.commit
            else:
                kind, ref = RefKind.TAG, short_name(one.identity.ref or "")
            modules[one.name] = FoundModule(
                one.name, place, git=one.identity.git, kind=kind, ref=ref, commit=one.identity.commit
            )
    remarks = (_remark(one) for one in identified.modules if one.match is Match.NEAREST)
    return FoundSources(
        environments=(
            FoundEnvironment(environment, SOURCE, tuple(modules.values()), remarks=tuple(remarks)),
        ),
        problems=tuple(problems),
        notes=tuple(_notes(identified, place)),
    )


def _remark(one: Identified) -> str:
    """Return how the files found differ from the commit that is pinned in their place."""
    changed = [_file(file) for file in one.identity.differences.files] if one.identity else []
    files = [*changed, *(f"{file.path or '.'} (not read)" for file in one.unread)]
    named = ", ".join(files[:NAMED])
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    what = "was changed" if changed else "could not be read whole"
    return f"{one.name} {what}, this is the commit it comes nearest to: {named}{more}"


def _file(one: FileDifference) -> str:
    if not one.is_there:
        return f"{one.path} (added)"
    return (
        f"{one.path} (missing)" if not one.is_here else f"{one.path} (+{one.added or 0} -{one.removed or 0})"
    )


def _notes(identified: Identification, place: Location) -> Iterator[Problem]:
    for one in identified.modules:
        directory = one.directory
        if one.identity and directory != one.name:
            yield Problem(f"the module in {quoted(directory)} is called '{one.name}' by its metadata", place)


READER = "read-by-puppet-1"
"""Change it when a different set of files counts, so that indexes are rebuilt."""
LARGEST = 4 * 1024 * 1024
"""Size in bytes above which the lines of a file are not counted."""
_CRLF, _LF = b"\r\n", b"\n"


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The keys of a module's files: those that Puppet reads, and separately the other files.

    `others_read` and `others_beside` are further keys of some of these files, with LF line ends; a commit
    never has both keys of one file.
    """

    read: Mapping[int, PlainFile]
    beside: Mapping[int, PlainFile]
    others_read: frozenset[int] = frozenset()
    others_beside: frozenset[int] = frozenset()

    def missing_in(self, indexes: Iterable[TreeIndex]) -> tuple[PlainFile, ...]:
        """Return the files that are in no commit of the indexes."""
        files = {**self.read, **self.beside}
        for index in indexes:
            for key in index.known(files):
                del files[key]
        return tuple(files.values())


def counts(path: bytes) -> bool:
    """Return whether a file counts in the indexes that fingerprints are compared with."""
    return is_read(os.fsdecode(path))


def _line_fed(module: LocalModule, files: Iterable[PlainFile]) -> Iterator[tuple[str, int]]:
    for file in files:
        if file.mode != LINK:
            content = read_contents(module.path, [file], largest=LARGEST).get(file.path, b"")
            if _CRLF in content:
                yield file.path, _key(file, blob_id(content.replace(_CRLF, _LF)))


def _key(file: PlainFile, blob: str) -> int:
    return key_of(factor_of(os.fsencode(file.path)), blob.encode())


MOST = 24
"""Maximum number of commits that are compared with a module line by line."""
SLACK = 8
"""A commit is compared if it differs in at most twice as many files as the first one, plus this number."""
_FIRST_BRANCHES = ("stable/", "unmaintained/")


@dataclass(frozen=True)
class Holder:
    """A repository to search: its mirror and the index of its trees."""

    mirror: Mirror
    index: TreeIndex

    @cached_property
    def refs(self) -> Mapping[int, tuple[str, ...]]:
        """Return the full names of the branches and tags at each commit, sorted, by the commit's number."""
        found: dict[int, list[str]] = {}
        numbers = {commit: self.index.number(commit) for commit in self.mirror.refs.commits.values()}
        for ref, commit in sorted(self.mirror.refs.commits.items()):
            if (number := numbers[commit]) is not None:
                found.setdefault(number, []).append(ref)
        return {number: tuple(refs) for number, refs in found.items()}

    @cached_property
    def trunk(self) -> frozenset[int]:
        """Return the numbers of all commits that were once a branch's tip: the lines of first parents."""
        tips = (number for number, refs in self.refs.items() if any(ref.startswith(BRANCH) for ref in refs))
        found: set[int] = set()
        for tip in tips:
            number = tip
            while number >= 0 and number not in found:
                found.add(number)
                number = self.index.parents[number]
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Near:
    """Commits with the same files that Puppet reads, and equally many of the module's other files.

    `number` is the commit chosen among them, `ref` its best name (None: it has none), `alike` all refs at any
    of them. `read_off` counts the files that Puppet reads and only one side has, `beside_off` the module's
    other files that the commits do not have.
    """

    number: int
    ref: str | None
    alike: tuple[str, ...]
    read_off: int
    beside_off: int


def with_tree(holder: Holder, tree: str | None, version: str | None) -> Near | None:
    """Return the commits that have exactly that tree, None if there are none."""
    numbers = holder.index.with_tree(tree) if tree else ()
    return _near(holder, numbers, version, 0, 0) if numbers else None


def nearest(holder: Holder, fingerprints: Fingerprints, version: str | None) -> tuple[Near, ...]:
    """Return the commits nearest to the fingerprints, best first.

    They are at most MOST, and those of the tag of `version`, which is what the module's metadata claims.
    """
    groups = _groups(holder.index, fingerprints)
    chosen = nsmallest(MOST, groups.values(), key=lambda group: (group.read_off, group.beside_off))
    enough = 2 * chosen[0].read_off + SLACK if chosen else 0
    claimed = [groups[holder.index.codes[number]] for number in _tagged(holder, version)]
    rows = [group for group in chosen if group.read_off <= enough]
    rows += [group for group in claimed if group not in rows]
    return tuple(_near(holder, group.numbers, version, group.read_off, group.beside_off) for group in rows)


@dataclass(slots=True)
class _Group:
    """Commits with the same files that Puppet reads.

    Only those with the most of the module's other files are kept.
    """

    read_off: int
    beside_off: int
    numbers: list[int]


def _groups(index: TreeIndex, fingerprints: Fingerprints) -> Mapping[int, _Group]:
    """Return the groups by the code of the files that Puppet reads."""
    read = index.shared({*fingerprints.read, *fingerprints.others_read})
    beside = index.shared({*fingerprints.beside, *fingerprints.others_beside})
    groups: dict[int, _Group] = {}
    for number, code in enumerate(index.codes):
        beside_off = len(fingerprints.beside) - beside[number]
        best = groups.get(code)
        if best is None or beside_off < best.beside_off:
            read_off = len(fingerprints.read) + index.counts[number] - 2 * read[number]
            groups[code] = _Group(read_off, beside_off, [number])
        elif beside_off == best.beside_off:
            best.numbers.append(number)
    return groups


def tag_of(holder: Holder, version: str | None) -> str | None:
    """Return the full name of the tag that names a version (as text), None if there is none."""
    number = next(_tagged(holder, version), None)
    return None if number is None else min(holder.refs[number], key=lambda ref: _rank_of_ref(ref, version))


def _tagged(holder: Holder, version: str | None) -> Iterator[int]:
    claimed = version_of_tag(version) if version else None
    for number, refs in holder.refs.items() if claimed else ():
        if any(_version(ref) == claimed for ref in refs):
            yield number


def _near(
    holder: Holder, numbers: Sequence[int], version: str | None, read_off: int, beside_off: int
) -> Near:
    refs = holder.refs
    ranks = [(_rank_of_ref(ref, version), number, ref) for number in numbers for ref in refs.get(number, ())]
    if not ranks:
        first = next((number for number in numbers if number in holder.trunk), numbers[0])
        return Near(first, None, (), read_off, beside_off)
    _, number, ref = min(ranks)
    return Near(number, ref, tuple(sorted({ref for _, _, ref in ranks})), read_off, beside_off)


def _rank_of_ref(ref: str, version: str | None) -> tuple[int, tuple[int, ...], str]:
    """Return the sort key of a ref; the smallest is the best name.

    The order is: a tag of the claimed version, release tags (newest first), pre-release tags, other tags,
    release branches, other branches.
    """
    tagged = _version(ref)
    if tagged is not None:
        is_claimed = version is not None and tagged == version_of_tag(version)
        newest_first = tuple(-part for part in tagged.release)
        return (0 if is_claimed else 2 if tagged.pre_release else 1), newest_first, ref
    if ref.startswith(TAG):
        return 3, (), ref
    return (4 if short_name(ref).startswith(_FIRST_BRANCHES) else 5), (), ref


def _version(ref: str) -> Version | None:
    return None if ref.startswith(BRANCH) else version_of_tag(short_name(ref))


METADATA = frozenset(FILES)
MOST_BYTES = 16 * 1024 * 1024
"""Maximum bytes of one module's files, among those in no commit, whose lines are compared. Files beyond it
count as different."""
READ = (*sorted(DIRECTORIES), *sorted(TOP_LEVEL_FILES))


@dataclass(frozen=True, slots=True)
class Measure:
    """How far a module is from a commit in the files that Puppet reads.

    `lines` differ, `code_lines` of them outside of metadata. Of the module's `all_lines`, `alien_lines` are
    not in the commit.
    """

    lines: int = 0
    code_lines: int = 0
    alien_lines: int = 0
    all_lines: int = 0

    @property
    def is_alike(self) -> bool:
        """Return whether more than half of the module's lines that Puppet reads are in the commit."""
        return 2 * self.alien_lines < self.all_lines


@dataclass(frozen=True, slots=True)
class ComparedModule:
    """The nearest of some commits, its distance, and the differences."""

    near: Near
    measure: Measure
    differences: Differences


def compare(
    module: LocalModule, fingerprints: Fingerprints, holder: Holder, nears: Iterable[Near]
) -> ComparedModule:
    """Return the one of these commits from which a module differs least; raises UnknownError if git fails.

    Least means the fewest lines in files that Puppet reads; then the fewest outside of metadata, which may
    claim anything; then the fewest other files; then a commit that a ref names; then the first. Nothing is
    reported about paths that could not be read; a file too large to compare counts as different.
    """
    near_by_tree = {holder.index.tree(near.number): near for near in nears}
    unknown = fingerprints.missing_in([holder.index])
    contents = read_contents(module.path, unknown, largest=LARGEST, most=MOST_BYTES)
    dark = frozenset(file.path for file in unknown) - contents.keys()
    files = [file for file in module.tree.files if file.path not in dark]
    with temporary_directory("pinner-identify-") as directory:
        comparison = DirectoryComparison(holder.mirror, files, contents, scratch=directory / "git")
        same = next((tree for tree, near in near_by_tree.items() if near.read_off == 0), None)
        if same:  # It has exactly the files that Puppet reads, so no lines need to be counted.
            tree, measure = same, Measure(all_lines=len(fingerprints.read))
        else:
            tree, measure = _nearest(comparison, near_by_tree)
        differing = comparison.differences([tree])[tree]
    hidden = module.hidden_paths
    return ComparedModule(near_by_tree[tree], measure, _sort(_seen(differing, dark, hidden), module))


def _nearest(comparison: DirectoryComparison, near_by_tree: Mapping[str, Near]) -> tuple[str, Measure]:
    """Return the tree that differs least in what Puppet reads, with its measure."""
    found = comparison.differences([EMPTY_TREE, *near_by_tree], only=READ)
    all_lines = sum(one.lines for one in found[EMPTY_TREE])
    nowhere = frozenset.intersection(
        *(frozenset(one.path for one in found[tree] if not one.is_here) for tree in near_by_tree)
    )
    measures = {tree: _measure(found[tree], nowhere, all_lines) for tree in near_by_tree}
    ranks = {
        tree: (one.lines, one.code_lines, near_by_tree[tree].beside_off, near_by_tree[tree].ref is None)
        for tree, one in measures.items()
    }
    tree = min(ranks, key=ranks.__getitem__)
    return tree, measures[tree]


def _measure(differences: Sequence[FileDifference], nowhere: frozenset[str], all_lines: int) -> Measure:
    """Return the measure of the differences.

    A file of `nowhere`, which is in all compared commits and not in the module, was removed. It counts as one
    line, because its length in one commit or another means nothing.
    """
    lines = [(one.path, 1 if one.path in nowhere else one.lines) for one in differences]
    return Measure(
        lines=sum(number for _, number in lines),
        code_lines=sum(number for path, number in lines if path not in METADATA),
        alien_lines=sum(one.lines if one.added is None else one.added for one in differences),
        all_lines=all_lines,
    )


def _seen(
    found: Iterable[FileDifference], dark: frozenset[str], hidden: frozenset[str]
) -> Iterator[FileDifference]:
    """Yield the differences, except for missing files that may exist after all.

    `dark` files were not compared and count as different. A file below `hidden` may be in the module although
    it was not read, so it is not reported as missing.
    """
    there = set()
    for one in found:
        is_hidden = any(not each or one.path == each or one.path.startswith(f"{each}/") for each in hidden)
        if one.path in dark:
            there.add(one.path)
        elif one.is_here or not is_hidden:
            yield one
    for path in sorted(dark):
        yield FileDifference(path, is_here=True, is_there=path in there, added=None, removed=None)


def _sort(found: Iterable[FileDifference], module: LocalModule) -> Differences:
    rows = tuple(found)
    theirs = {file.path for file in module.tree.files} - {one.path for one in rows if not one.is_there}
    theirs |= {one.path for one in rows if one.is_there}
    groups: dict[str, list[FileDifference]] = {}
    for one in rows:
        groups.setdefault(_group(one, theirs), []).append(one)
    paths = {name: tuple(one.path for one in group) for name, group in groups.items()}
    return Differences(
        changed=tuple(groups.get("changed", ())),
        extra=tuple(groups.get("extra", ())),
        lacking=tuple(groups.get("lacking", ())),
        dropped=paths.get("dropped", ()),
        left=paths.get("left", ()),
        line_ends=paths.get("line ends", ()),
        modes=paths.get("modes", ()),
    )


def _group(one: FileDifference, theirs: Collection[str]) -> str:
    if not one.is_there:
        return "left" if is_leftover(one.path, theirs) else "extra"
    if not one.is_here:
        return "lacking" if is_read(one.path) else "dropped"
    if one.is_other_kind or one.lines:
        return "changed"
    return "modes" if one.has_same_bytes else "line ends"


NOTHING = Differences()


@dataclass(frozen=True, slots=True)
class MatchedCommit:
    """The commits of `holder` that a module is or comes nearest to.

    `lines` counts the lines that differ in files that Puppet reads. `elsewhere` are other repositories that
    have exactly the same tree.
    """

    match: Match
    holder: Holder
    near: Near
    differences: Differences = NOTHING
    lines: int = 0
    elsewhere: tuple[str, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Return whether no other repository, and no newer state of this one, can match better.

        What counts are the files that Puppet reads.
        """
        return self.match is not Match.NEAREST


def find_commit(
    module: LocalModule, named: Sequence[Holder], others: Sequence[Holder]
) -> MatchedCommit | None:
    """Return the commit that a module is or comes nearest to, None if nothing is similar.

    `named` are the repositories known under the module's name; they win if others match equally well. The
    files of `others` are compared only if `named` do not have the same files.
    """
    if not module.unread and (exact := _exact(module, [*named, *others])):
        return exact
    keys = {_key(file, file.id): file for file in module.tree.files}
    read = {key: file for key, file in keys.items() if is_read(file.path)}
    fingerprints = Fingerprints(read, {key: file for key, file in keys.items() if key not in read})
    best = _best(module, fingerprints, named)
    if best and best.is_settled:
        return best
    # Only a repository with at least half of the files that Puppet reads is worth a search.
    similar = [holder for holder in others if 2 * len(holder.index.known(read)) >= len(read) > 0]
    rest = _best(module, fingerprints, similar)
    found = [one for one in (best, rest) if one]
    return min(found, key=lambda one: (one.match is Match.NEAREST, one.lines), default=None)


def _exact(module: LocalModule, holders: Iterable[Holder]) -> MatchedCommit | None:
    found = [
        (holder, near)
        for holder in holders
        if (near := with_tree(holder, module.tree.tree_id, module.metadata.version))
    ]
    if not found:
        return None
    (holder, near), *rest = found
    return MatchedCommit(Match.EXACT, holder, near, elsewhere=tuple(other.mirror.url for other, _ in rest))


def _best(module: LocalModule, fingerprints: Fingerprints, holders: Sequence[Holder]) -> MatchedCommit | None:
    """Return the best match in some repositories; of equal ones that in the first repository."""
    searched = [holder for holder in holders if holder.index.has_files and len(holder.index)]
    found = dict(_line_fed(module, fingerprints.missing_in([holder.index for holder in searched])))
    read = frozenset(key for path, key in found.items() if is_read(path))
    wider = Fingerprints(fingerprints.read, fingerprints.beside, read, frozenset(found.values()) - read)
    compared = []
    for holder in searched:
        nears = nearest(holder, wider, module.metadata.version)
        nears = nears[:1] if nears[0].read_off == 0 else nears
        compared.append((compare(module, fingerprints, holder, nears), holder))
    alike = [row for row in compared if row[0].measure.is_alike or not row[0].differences.files]
    if not alike:
        return None
    best, holder = min(alike, key=lambda row: (bool(row[0].differences.files), row[0].measure.lines))
    is_same = not best.differences.files and not module.hides_what_is_read
    match = Match.SAME if is_same else Match.NEAREST
    return MatchedCommit(match, holder, best.near, best.differences, best.measure.lines)
