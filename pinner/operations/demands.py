"""Who asks for which module in which range: metadata's words, as far as the manifest lets them stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version
from pinner.words.manifests import Manifest
from pinner.words.metadata import Dependency, Metadata


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """`asker` asks for `module`, which its metadata calls `name`, in `range`.

    `release` is the version of the asker that does so, where that is one of several it might have.
    """

    asker: str
    module: str
    name: str
    range: str
    release: str | None = None

    @property
    def by(self) -> str:
        """Return what messages call the one who asks."""
        return f"{self.asker} {self.release}" if self.release else self.asker


@dataclass(frozen=True, slots=True)
class Corrections:
    """What a manifest says against metadata: `ignored` dependencies, and `ranges` by module and dependency."""

    ignored: frozenset[str]
    ranges: Mapping[str, Mapping[str, str]]

    def demands(
        self, module: str, dependencies: Iterable[Dependency], *, release: str | None = None
    ) -> tuple[Demand, ...]:
        """Return what the dependencies of a module ask for, those of one release of it where that is given."""
        ranges = self.ranges.get(module, {})
        rows = ((short(row.name), row) for row in dependencies)
        found = (
            Demand(module, name, row.name, ranges.get(name, row.range), release)
            for name, row in rows
            if name not in self.ignored
        )
        return tuple(dict.fromkeys(found))


def corrections_of(manifest: Manifest) -> Corrections:
    """Return what the manifest says under `dependencies: ignore` and `override`."""
    return Corrections(
        ignored=frozenset(short(name.value) for name in manifest.ignored_dependencies),
        ranges={
            module: {short(name): text.value for name, text in ranges.items()}
            for module, ranges in manifest.overridden_dependencies.items()
        },
    )


def short(name: str) -> str:
    """Return a module's own name, which is its directory's, for `owner/module`, `owner-module` or itself."""
    return (name if "/" in name else name.replace("-", "/", 1)).rpartition("/")[2]


@lru_cache(maxsize=65_536)
def is_met(wanted: str, version: str) -> bool:
    """Tell whether a version lies in a range. One that cannot be read is no demand; a text that is no version meets none."""
    wanted_range, found = parse_range(wanted), parse_version(version)
    return wanted_range.is_unreadable or (found is not None and wanted_range.matches(found))


def requirers(metadata: Mapping[str, Metadata], corrections: Corrections) -> Mapping[str, tuple[str, ...]]:
    """Return each module that others ask for with those others, by name; `metadata` is by module."""
    found: dict[str, set[str]] = {}
    for module, facts in metadata.items():
        for demand in corrections.demands(module, facts.dependencies):
            found.setdefault(demand.module, set()).add(module)
    return {name: tuple(sorted(modules)) for name, modules in sorted(found.items())}
