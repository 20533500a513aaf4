"""The releases there are: tags of third-party modules, newest first, whose metadata is read only when somebody looks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from pinner.git.failures import SyncFailure
from pinner.git.mirrors import Mirror
from pinner.openstack.catalogue import third_party
from pinner.operations.answers import Answers
from pinner.operations.demands import short
from pinner.operations.facts import read_metadata
from pinner.operations.resolve import release_tags
from pinner.puppet.names import check_ref_name
from pinner.words.metadata import Dependency, Metadata
from pinner.words.refs import TAG

AT_ONCE = 8
"""Tags whose metadata is read together."""
MOST = 200
"""Tags of one module, newest first, that are looked at for one set of demands."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One release of a module: what its metadata at the tag's commit says of itself."""

    module: str
    tag: str
    commit: str
    version: str
    dependencies: tuple[Dependency, ...] = ()
    requirements: tuple[Dependency, ...] = ()


@dataclass(slots=True)
class Offers:
    """The releases of every module that has a home, for all environments of one run; no tag is read twice."""

    answers: Answers
    _tags: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    _metadata: dict[str, Metadata] = field(default_factory=dict)

    def home(self, module: str) -> str | None:
        """Return where a third-party module lives, in pinner.yaml's words or the catalogue's; None where nobody knows."""
        known = third_party(module)
        return self.answers.workspace.settings.modules.get(module) or (known.git if known else None)

    def ask(self, modules: Iterable[str]) -> None:
        """Ask the homes of those modules, in one wave, those not asked before."""
        self.answers.ask(home for module in modules if (home := self.home(module)))

    def failure(self, module: str) -> SyncFailure | None:
        """Return why the releases of a module that has a home are not known."""
        self.ask([module])
        found = self.answers.mirrors.get(self.home(module) or "")
        return found if isinstance(found, SyncFailure) else None

    def newest_first(self, module: str, admits: Callable[[str], bool]) -> Iterator[Offer]:
        """Yield the releases whose version is let in; tags without that module's metadata are no releases of it."""
        self.ask([module])
        mirror = self.answers.mirror(self.home(module) or "")
        if mirror is None:
            return
        fitting = islice((tag for version, tag in self._versions(mirror) if admits(version)), MOST)
        while some := tuple(islice(fitting, AT_ONCE)):
            self._read({mirror: [mirror.refs.commits[TAG + tag] for tag in some]})
            for tag in some:
                offer = self._offer(module, tag, mirror.refs.commits[TAG + tag])
                if offer is not None and admits(offer.version):
                    yield offer

    def versions(self, module: str) -> tuple[str, ...]:
        """Return the versions that tags name, newest first; none of them is read."""
        self.ask([module])
        mirror = self.answers.mirror(self.home(module) or "")
        return tuple(version for version, _ in self._versions(mirror)) if mirror else ()

    def count(self, module: str, admits: Callable[[str], bool]) -> int:
        """Return how many tags name a version that is let in; none of them is read."""
        return sum(map(admits, self.versions(module)))

    def read_ahead(self, wanted: Iterable[tuple[str, Callable[[str], bool]]]) -> None:
        """Read what the first tags of several modules hold, all of them together."""
        commits: dict[Mirror, set[str]] = {}
        for module, admits in wanted:
            mirror = self.answers.mirror(self.home(module) or "")
            if mirror is not None:
                fitting = islice((tag for version, tag in self._versions(mirror) if admits(version)), AT_ONCE)
                commits.setdefault(mirror, set()).update(mirror.refs.commits[TAG + tag] for tag in fitting)
        self._read(commits)

    def _versions(self, mirror: Mirror) -> tuple[tuple[str, str], ...]:
        """Return (version, tag) of all release tags, newest first."""
        if mirror.url not in self._tags:
            rows = sorted((row for row in release_tags(mirror) if not check_ref_name(row[1])), reverse=True)
            self._tags[mirror.url] = tuple((str(version), tag) for version, tag in rows)
        return self._tags[mirror.url]

    def _read(self, commits: Mapping[Mirror, Iterable[str]]) -> None:
        unread = {mirror: set(ids) - self._metadata.keys() for mirror, ids in commits.items()}
        wanted = {mirror: ids for mirror, ids in unread.items() if ids}
        if wanted:
            workspace = self.answers.workspace
            self._metadata |= read_metadata(wanted, memory=workspace.memory, jobs=workspace.settings.jobs)

    def _offer(self, module: str, tag: str, commit: str) -> Offer | None:
        found = self._metadata.get(commit)
        if found is None or found.name is None or found.version is None or short(found.name) != module:
            return None
        return Offer(module, tag, commit, found.version, found.dependencies, found.requirements)
