"""The `identify` command: determine which upstream commits the modules in a directory are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pinner.adopting.match import (
    READER,
    Holder,
    LocalModule,
    MatchedCommit,
    counts,
    find_commit,
    read_local_modules,
    tag_of,
)
from pinner.git.objects.history import UNSHALLOW_HINT, ShallowError, count_between, refs_containing
from pinner.git.objects.tree_index import read_index
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.resolve import Progress, RefResolver
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.identification import Claim, Identification, Identified, Identity, Match
from pinner.model.lock import BRANCH, Metadata
from pinner.model.manifest import Settings
from pinner.model.text import canonical_git_url, check_git_url
from pinner.openstack.catalogue import all_series, canonical_url, find_module, integration_pins
from pinner.openstack.facts import derived
from pinner.project.files import resolve
from pinner.workspace.locks import read_metadata
from pinner.workspace.workspace import Workspace


def homes_of(module: LocalModule, settings: Settings) -> tuple[str, ...]:
    """Return the canonical URLs of the repositories known under a module's names, the likeliest first.

    They are, for each name, the one in pinner.yaml, the catalogue's module under any name it ever had (such
    as quantum), and those that upstream's gate used.
    """
    found: list[str] = []
    for name in module.names:
        if name in settings.modules:
            found.append(settings.modules[name])
        if entry := find_module(name, None):
            found.append(entry.git)
        found += _of_gate(name)
    return tuple(dict.fromkeys(canonical_git_url(canonical_url(url) or url) for url in found))


@derived
def _of_gate(name: str) -> tuple[str, ...]:
    """Return the repositories that the gate took a third-party module from, the newest release first."""
    return tuple(
        pin.git for series in reversed(all_series()) for pin in integration_pins(series) if pin.name == name
    )


def judge_claim(
    module: LocalModule, holder: Holder, number: int, metadata: Mapping[str, Metadata]
) -> Claim | None:
    """Return what is wrong with the version in a module's metadata, None if nothing is.

    Nothing is wrong if the tag of that version and the commit have the same files that Puppet reads, or if
    that tag does not exist and the commit's own metadata claims the same version, which is then not released
    yet.
    """
    claimed = module.metadata.version
    if claimed is None:
        return None
    commit = holder.index.commit(number)
    version = metadata[commit].version if commit in metadata else None
    tag = tag_of(holder, claimed)
    if tag is None:
        return None if version == claimed else Claim(claimed, None, 0, 0, version)
    tagged = holder.mirror.refs.commits[tag]
    at = holder.index.number(tagged)
    if at is not None and holder.index.codes[at] == holder.index.codes[number]:
        return None
    ahead, behind = None, None
    with suppress(ShallowError):
        ahead, behind = count_between(holder.mirror, commit, tagged) or (0, 0)
    return Claim(claimed, tag, ahead, behind, version)


@dataclass(frozen=True, slots=True)
class Library:
    """Repositories to search, by URL; `resolver` has the mirrors of the remotes contacted so far."""

    resolver: RefResolver
    _holders: dict[str, Holder] = field(default_factory=dict)
    _failures: dict[str, Problem] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many repositories could be read."""
        return len(self._holders)

    def open(self, urls: Iterable[str]) -> None:
        """Open those of the repositories that are in the cache, without contacting a remote."""
        self._take({url: self.resolver.workspace.mirrors.open_or_fail(url) for url in dict.fromkeys(urls)})

    def sync(self, urls: Iterable[str]) -> bool:
        """Fetch the repositories not fetched yet, unless offline; return whether any was contacted."""
        wanted = [url for url in dict.fromkeys(urls) if url not in self.resolver.mirrors]
        if self.resolver.workspace.is_offline or not wanted:
            return False
        self.resolver.fetch(wanted)
        self._take({url: self.resolver.mirrors[url] for url in wanted})
        return True

    def holders(self, urls: Iterable[str]) -> tuple[Holder, ...]:
        """Return those of the repositories that could be read, in the order given."""
        return tuple(self._holders[url] for url in dict.fromkeys(urls) if url in self._holders)

    def failures(self, urls: Iterable[str]) -> tuple[Problem, ...]:
        """Return why some of the repositories could not be read or brought up to date, or lack commits."""
        urls = tuple(dict.fromkeys(urls))
        shallow = (
            Problem(
                f"the place {each.mirror.url} is fetched from is shallow: its older commits could not be searched",
                hint=UNSHALLOW_HINT,
            )
            for each in self.holders(urls)
            if each.mirror.is_shallow
        )
        return (*(self._failures[url] for url in urls if url in self._failures), *shallow)

    def _take(self, mirrors: Mapping[str, Mirror | SyncFailure]) -> None:
        read = self.resolver.workspace.map(_read, mirrors.values())
        for url, found in zip(mirrors, read, strict=True):
            if isinstance(found, Holder):
                self._holders[url] = found
                self._failures.pop(url, None)
            else:
                self._failures[url] = found


def _read(mirror: Mirror | SyncFailure) -> Holder | Problem:
    if isinstance(mirror, SyncFailure):
        return Problem(mirror.message, hint=mirror.hint)
    try:
        return Holder(mirror, read_index(mirror, counts, reader=READER))
    except UnknownError as error:
        return error.problems[0]


def identify(
    workspace: Workspace,
    directory: Path,
    *,
    against: Sequence[str] | None = None,
    on_done: Progress | None = None,
) -> Identification:
    """Return which commits the modules of a directory are.

    `against` are the URLs of the only repositories to search; if it is empty, only the mirrors in the cache
    are searched. If it is None, the repositories known under the modules' names are searched, then the
    mirrors in the cache. A remote is contacted only for modules that the cache does not settle.

    Raises InputError if no module is found, UnknownError if the directory or git's output cannot be read.
    """
    local = read_local_modules(directory, workspace.map)
    homes = {
        module.directory: homes_of(module, workspace.settings) if against is None else tuple(against)
        for module in local.modules
    }
    library = Library(RefResolver(workspace, on_done))
    cached = () if against else workspace.mirrors.cached()
    library.open((*cached, *(url for urls in homes.values() for url in urls)))
    search = _Search(workspace, library, homes, cached)
    found = search.find(local.modules)
    unsettled = [module for module in local.modules if not search.is_settled(module, found[module.directory])]
    if library.sync(url for module in unsettled for url in homes[module.directory]):
        found |= search.find(unsettled)
    return Identification(tuple(search.describe(local.modules, found)), local.others, len(library))


@dataclass(frozen=True, slots=True)
class _Search:
    """Where to search.

    `homes` are the repositories of each module by its directory, `cached` the mirrors in the cache. `flaws`
    holds, by directory, why git could not identify a module.
    """

    workspace: Workspace
    library: Library
    homes: Mapping[str, tuple[str, ...]]
    cached: tuple[str, ...]
    flaws: dict[str, Problem] = field(default_factory=dict)

    def find(self, modules: Iterable[LocalModule]) -> dict[str, MatchedCommit | None]:
        """Return the commit found for each of the modules, by the module's directory."""
        modules = tuple(modules)
        found = self.workspace.map(self._find, modules)
        return {module.directory: one for module, one in zip(modules, found, strict=True)}

    def _find(self, module: LocalModule) -> MatchedCommit | None:
        homes = self.homes[module.directory]
        others = [url for url in self.cached if url not in homes]
        self.flaws.pop(module.directory, None)
        try:
            return find_commit(module, self.library.holders(homes), self.library.holders(others))
        except UnknownError as error:
            self.flaws[module.directory] = error.problems[0]
            return None

    def is_settled(self, module: LocalModule, found: MatchedCommit | None) -> bool:
        """Return whether the result is final, so that contacting remotes cannot change it.

        A repository that is not in the cache could change it, if it comes before the one found.
        """
        if found is None or not found.is_settled:
            return False
        homes = self.homes[module.directory]
        git = found.holder.mirror.url
        before = homes[: homes.index(git)] if git in homes else homes
        return len(self.library.holders(before)) == len(before)

    def describe(
        self, modules: Sequence[LocalModule], found: Mapping[str, MatchedCommit | None]
    ) -> Iterator[Identified]:
        """Yield the modules with everything to report about the commits found."""
        commits: dict[Mirror, set[str]] = {}
        for settled in filter(None, found.values()):
            commits.setdefault(settled.holder.mirror, set()).add(_commit(settled))
        metadata = read_metadata(commits, self.workspace)
        yield from self.workspace.map(
            lambda module: self._describe(module, found[module.directory], metadata), modules
        )

    def _describe(
        self, module: LocalModule, found: MatchedCommit | None, metadata: Mapping[str, Metadata]
    ) -> Identified:
        homes = self.homes[module.directory]
        flaw = self.flaws.get(module.directory)
        return Identified(
            directory=module.directory,
            path=str(module.path),
            name=module.name,
            metadata=module.metadata,
            unread=module.unread,
            hides_what_is_read=module.hides_what_is_read,
            match=found.match if found else Match.UNKNOWN,
            identity=_identity(module, found, metadata) if found else None,
            homes=homes,
            unasked=(*self.library.failures(homes), *((flaw,) if flaw else ())),
        )


def _identity(module: LocalModule, found: MatchedCommit, metadata: Mapping[str, Metadata]) -> Identity:
    holder, near, commit = found.holder, found.near, _commit(found)
    return Identity(
        git=holder.mirror.url,
        commit=commit,
        ref=near.ref,
        alike=near.alike,
        branches=()
        if near.ref
        else tuple(ref for ref in refs_containing(holder.mirror, commit) if ref.startswith(BRANCH)),
        version=metadata[commit].version if commit in metadata else None,
        differences=found.differences,
        claim=judge_claim(module, holder, near.number, metadata),
        elsewhere=found.elsewhere,
    )


def _commit(found: MatchedCommit) -> str:
    return found.holder.index.commit(found.near.number)


CACHE = "mirrors"
"""The argument that means all mirrors in the cache; a directory of that name is written `./mirrors`."""


def read_against(words: Iterable[str]) -> tuple[str, ...] | None:
    """Return the canonical URLs of the named repositories: empty for the cache alone, None if none is named.

    A word that is the path of a directory means the directory. Raises InputError for a URL that git must not
    be given.
    """
    words = tuple(words)
    if not words:
        return None
    urls = []
    for word in (word for word in words if word != CACHE):
        if Path(word).is_dir():
            urls.append(resolve(Path(word)).as_uri())
        elif flaw := check_git_url(word):
            raise InputError(Problem(flaw))
        else:
            urls.append(canonical_git_url(word))
    return tuple(dict.fromkeys(urls))
