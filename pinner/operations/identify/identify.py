"""`pinner identify`: finds for each module of a directory the upstream commit that it is, or that comes nearest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pinner.git.history import refs_containing
from pinner.git.mirror import Mirror
from pinner.operations.answers import Answers, Progress
from pinner.operations.facts import read_metadata
from pinner.operations.identify.candidates import homes_of
from pinner.operations.identify.claims import Claim, judge_claim
from pinner.operations.identify.differences import Differences
from pinner.operations.identify.library import Library
from pinner.operations.identify.local import LocalModule, read_local_modules
from pinner.operations.identify.matching import Found, Match, find_commit
from pinner.operations.workspace import Workspace
from pinner.words.metadata import Metadata
from pinner.words.problems import Problem, UnknownError
from pinner.words.refs import BRANCH


@dataclass(frozen=True, slots=True)
class Identity:
    """The commit that a module is or comes nearest to, in the repository `git`.

    `ref` is the best name of it, `alike` are all refs that have the same files; `branches` have it in their history,
    told only where no ref names it. `elsewhere` are other repositories that have the very same tree.
    """

    git: str
    commit: str
    ref: str | None
    alike: tuple[str, ...]
    branches: tuple[str, ...]
    version: str | None
    differences: Differences
    claim: Claim | None
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identified:
    """One module and what it is; `homes` are the repositories that go by its name, `unasked` why one was not read."""

    module: LocalModule
    match: Match
    identity: Identity | None
    homes: tuple[str, ...]
    unasked: tuple[Problem, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Tell whether it is that commit, and not only like it."""
        return self.match in {Match.EXACT, Match.SAME}

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether it could not be found out what it is, as something of it, or a repository, could not be read."""
        if self.identity is None:
            return bool(self.unasked) or self.module.hides_what_is_read
        return not self.is_sure and not self.identity.differences.files


@dataclass(frozen=True, slots=True)
class Identification:
    """All modules of a directory; `others` are the directories beside them, `searched` counts the repositories."""

    modules: tuple[Identified, ...]
    others: tuple[str, ...]
    searched: int


def identify(
    workspace: Workspace,
    directory: Path,
    *,
    against: Sequence[str] | None = None,
    on_done: Progress | None = None,
) -> Identification:
    """Return what the modules of a directory are.

    `against` are the URLs of the only repositories to look into, none: the mirrors of the cache alone. Without it they
    are those that go by the modules' names, and then the mirrors of the cache. A remote is asked only for modules that
    the cache does not settle. Raises InputError where there is no module, UnknownError where the directory, or what git
    says, cannot be read.
    """
    local = read_local_modules(directory, jobs=workspace.settings.jobs)
    homes = {
        module.directory: homes_of(module, workspace.settings) if against is None else tuple(against)
        for module in local.modules
    }
    library = Library(Answers(workspace, on_done))
    cached = () if against else workspace.mirrors.cached()
    library.open((*cached, *(url for urls in homes.values() for url in urls)))
    search = _Search(workspace, library, homes, cached)
    found = search.find(local.modules)
    unsettled = [module for module in local.modules if not search.is_settled(module, found[module.directory])]
    if library.sync(url for module in unsettled for url in homes[module.directory]):
        found |= search.find(unsettled)
    return Identification(tuple(search.tell(local.modules, found)), local.others, len(library))


@dataclass(frozen=True, slots=True)
class _Search:
    """Where to look: `homes` are the repositories of each module by its directory, `cached` those at hand anyway.

    `flaws` are the modules of which git could not tell what they are, and why.
    """

    workspace: Workspace
    library: Library
    homes: Mapping[str, tuple[str, ...]]
    cached: tuple[str, ...]
    flaws: dict[str, Problem] = field(default_factory=dict)

    def find(self, modules: Iterable[LocalModule]) -> dict[str, Found | None]:
        """Return what each of the modules is, by its directory."""
        modules = tuple(modules)
        with ThreadPoolExecutor(max_workers=self.workspace.settings.jobs) as pool:
            found = pool.map(self._find, modules)
            return {module.directory: one for module, one in zip(modules, found, strict=True)}

    def _find(self, module: LocalModule) -> Found | None:
        homes = self.homes[module.directory]
        others = [url for url in self.cached if url not in homes]
        self.flaws.pop(module.directory, None)
        try:
            return find_commit(module, self.library.holders(homes), self.library.holders(others))
        except UnknownError as error:
            self.flaws[module.directory] = error.problems[0]
            return None

    def is_settled(self, module: LocalModule, found: Found | None) -> bool:
        """Tell whether no remote could change what was found: one that is not in the cache may, where it comes first."""
        if found is None or not found.is_settled:
            return False
        homes = self.homes[module.directory]
        git = found.holder.mirror.url
        before = homes[: homes.index(git)] if git in homes else homes
        return len(self.library.holders(before)) == len(before)

    def tell(self, modules: Sequence[LocalModule], found: Mapping[str, Found | None]) -> Iterator[Identified]:
        """Yield the modules with all that is to be told of the commits that were found."""
        commits: dict[Mirror, set[str]] = {}
        for settled in filter(None, found.values()):
            commits.setdefault(settled.holder.mirror, set()).add(_commit(settled))
        jobs = self.workspace.settings.jobs
        metadata = read_metadata(commits, memory=self.workspace.memory, jobs=jobs)
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            yield from pool.map(lambda module: self._tell(module, found[module.directory], metadata), modules)

    def _tell(self, module: LocalModule, found: Found | None, metadata: Mapping[str, Metadata]) -> Identified:
        homes = self.homes[module.directory]
        flaw = self.flaws.get(module.directory)
        return Identified(
            module,
            found.match if found else Match.UNKNOWN,
            _identity(module, found, metadata) if found else None,
            homes,
            (*self.library.failures(homes), *((flaw,) if flaw else ())),
        )


def _identity(module: LocalModule, found: Found, metadata: Mapping[str, Metadata]) -> Identity:
    holder, near, commit = found.holder, found.near, _commit(found)
    return Identity(
        git=holder.mirror.url,
        commit=commit,
        ref=near.ref,
        alike=near.alike,
        branches=() if near.ref else _branches(holder.mirror, commit),
        version=metadata[commit].version if commit in metadata else None,
        differences=found.differences,
        claim=judge_claim(module, holder, near.number, metadata),
        elsewhere=found.elsewhere,
    )


def _branches(mirror: Mirror, commit: str) -> tuple[str, ...]:
    return tuple(ref for ref in refs_containing(mirror, commit) if ref.startswith(BRANCH))


def _commit(found: Found) -> str:
    return found.holder.index.commit(found.near.number)
