"""Write pinner/openstack/data/catalogue.json from facts about the upstreams.

usage: distill_catalogue.py INPUT_DIR [OUTPUT_FILE]

INPUT_DIR holds

    series.yaml         rows of name, id, status, released, eol (OpenStack's releases repository)
    modules.yaml        repository -> url, series_ref (series -> short ref), last_version (series -> version)
    integration.yaml    series -> modules -> name -> git, ref (the integration repository's Puppetfile)
    refs/O+R.txt        what `git ls-remote` prints for repository R of owner O
    metadata/O+R.json   short ref -> file, name, dependencies, ... as that ref's metadata.json or Modulefile says

The output is described in pinner/openstack/data/README.md. The same input gives the same bytes. What the inputs cannot
say (which repositories keep their own calendar, where a module lived earlier) stands in the constants below.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version

OUTPUT = Path(__file__).resolve().parent.parent / "pinner" / "openstack" / "data" / "catalogue.json"
SERIES_REFS = (
    "refs/heads/stable/",
    "refs/heads/unmaintained/",
    "refs/tags/%-eol",
    "refs/tags/%-eom",
    "refs/tags/%-em",
)

# Repositories with a calendar of their own: "all modules of a release" never means these.
OWN_CALENDAR = {"puppet-ceph", "puppet-pacemaker", "puppet-tripleo", "puppetlabs-openstack"}
# Composition layers, which OpenStack's list of deliverables does not know.
COMPOSITION = {
    "stackforge/puppet-openstack": "https://github.com/stackforge/puppet-openstack",
    "puppetlabs/puppetlabs-openstack": "https://github.com/puppetlabs/puppetlabs-openstack",
}
# puppetlabs-openstack has tags only; its major version is that of the modules it composes.
MAJORS = {"puppetlabs-openstack": {"havana": "3", "icehouse": "4", "juno": "5"}}
# Tags that were set on a later series' code: puppet-gnocchi began with Liberty's 7.0.0, its kilo-eol lies past that.
MISPLACED = {("puppet-gnocchi", "kilo")}
# Homes that moved before upstream's gate began to write them down.
EARLIER_HOMES = {"systemd": ("https://github.com/camptocamp/puppet-systemd",)}
# Owners on GitHub that publish under another name on the Forge.
FORGE_OWNERS = {"voxpupuli": "puppet", "puppet-community": "puppet"}
# A dependency's owner that is written once is a slip of the pen ("duriton/sysctl").
MENTIONS = 2

Row = tuple[str | None, ...]


def load(path: Path) -> Any:
    """Return a YAML file with every scalar as its raw text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds only text


def forge_name(name: str) -> str:
    """Return `owner/module` for either spelling."""
    return name.replace("-", "/", 1)


def version_key(ref: str) -> tuple[int, ...]:
    """Return what sorts version tags by their numbers; other refs come first."""
    return tuple(map(int, re.findall(r"\d+", ref))) if re.match(r"v?\d+\.", ref) else ()


@dataclass(frozen=True)
class Repository:
    """The refs of one repository and what stands at them."""

    owner: str
    name: str
    refs: frozenset[str]
    metadata: Mapping[str, Any]

    def forge_name_at(self, ref: str) -> str | None:
        """Return `owner/module` at a whole ref name, or None where the ref holds no module."""
        name = self.metadata.get(ref.split("/", 2)[2], {}).get("name")
        return forge_name(name) if name else None

    def version_at(self, ref: str) -> str | None:
        """Return the version that a whole ref name holds."""
        version = self.metadata.get(ref.split("/", 2)[2], {}).get("version")
        return str(version) if version else None

    @property
    def forge_names(self) -> list[str]:
        """Return every name the module had, that of the highest version tag first."""
        refs = sorted(self.metadata, key=lambda ref: (version_key(ref), ref), reverse=True)
        names = (self.metadata[ref].get("name") for ref in refs)
        return list(dict.fromkeys(forge_name(name) for name in names if name))

    @property
    def is_emptied(self) -> bool:
        """Return whether the main branch holds no module any more."""
        return self.metadata.get("master", {"file": ""})["file"] is None


@dataclass(frozen=True)
class Inputs:
    """The input directory."""

    folder: Path

    @cached_property
    def series(self) -> list[Mapping[str, str]]:
        """Return the rows of series.yaml, oldest first."""
        return list(reversed(load(self.folder / "series.yaml")))

    @cached_property
    def order(self) -> list[str]:
        """Return all series ids, oldest first."""
        return [row["id"] for row in self.series]

    @cached_property
    def newest_released(self) -> str:
        """Return the newest series that had its first release."""
        return [row["id"] for row in self.series if row["status"] not in {"future", "development"}][-1]

    @cached_property
    def repositories(self) -> Mapping[str, Repository]:
        """Return `owner/name` -> repository, for every pair of files in refs/ and metadata/."""
        paths = sorted((self.folder / "metadata").glob("*.json"))
        return {path.stem.replace("+", "/"): self._read(path) for path in paths}

    def _read(self, path: Path) -> Repository:
        owner, name = path.stem.split("+")
        lines = (self.folder / "refs" / f"{path.stem}.txt").read_text(encoding="utf-8").splitlines()
        refs = frozenset(line.split()[1].removesuffix("^{}") for line in lines)
        return Repository(owner, name, refs, json.loads(path.read_text(encoding="utf-8")))

    @cached_property
    def mentions(self) -> Counter[str]:
        """Return how often each `owner/module` is written as a dependency."""
        rows = (row for repository in self.repositories.values() for row in repository.metadata.values())
        return Counter(forge_name(name) for row in rows for name, _ in row.get("dependencies", ()))


def series_rows(inputs: Inputs) -> list[Row]:
    """Return id, code name, status, released, eol of each series."""
    return [
        (row["id"], row["name"], row["status"], row.get("released"), row.get("eol")) for row in inputs.series
    ]


def candidates(repository: Repository, series: str, version: str | None) -> Iterator[str]:
    """Yield the refs that may carry a series, the likeliest first."""
    for pattern in SERIES_REFS:
        yield pattern.replace("%", series) if "%" in pattern else pattern + series
    if f"{repository.owner}/{repository.name}" in COMPOSITION:
        yield f"refs/heads/{series}"
    major = MAJORS.get(repository.name, {}).get(series)
    tags = (ref for ref in repository.refs if major and ref.startswith(f"refs/tags/{major}."))
    yield from sorted(tags, key=lambda ref: version_key(ref.removeprefix("refs/tags/")), reverse=True)
    if version:
        yield f"refs/tags/{version}"


def carried(inputs: Inputs, repository: Repository, facts: Mapping[str, Any]) -> list[Row]:
    """Return series, `owner/module`, ref, last version for each series the repository has a module for."""
    versions = facts["last_version"] if facts["series_ref"] else {}
    rows: list[Row] = []
    for series in inputs.order:
        version = versions.get(series)
        ref = next((ref for ref in candidates(repository, series, version) if ref in repository.refs), None)
        name = repository.forge_name_at(ref) if ref else rows[-1][1] if rows and version else None
        _check(repository, series, ref, said=facts["series_ref"].get(series))
        if name and (repository.name, series) not in MISPLACED:
            rows.append((series, name, ref, version or (ref and repository.version_at(ref))))
    return rows


def _check(repository: Repository, series: str, ref: str | None, *, said: str | None) -> None:
    if said is not None and (ref is None or ref.split("/", 2)[2] != said):
        sys.exit(f"{repository.name}: modules.yaml says {said!r} carries {series}, the refs say {ref!r}")


def catalogue_entry(inputs: Inputs, key: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return one repository of the catalogue; `ended` is the last series of a repository that has ended."""
    repository = inputs.repositories[key]
    rows = carried(inputs, repository, facts)
    last = rows[-1][0] if rows else None
    follows = repository.name not in OWN_CALENDAR
    has_ended = repository.is_emptied or (last is not None and last != inputs.newest_released)
    names = dict.fromkeys([*(row[1] for row in reversed(rows)), *repository.forge_names])
    return {
        "repository": repository.name,
        "git": facts["url"],
        "follows": follows,
        "ended": last if has_ended else None,
        "forge": list(names),
        "carried": rows,
    }


def catalogue(inputs: Inputs) -> list[dict[str, Any]]:
    """Return all repositories, by name."""
    modules: dict[str, Any] = {
        f"openstack/{name}": facts for name, facts in load(inputs.folder / "modules.yaml").items()
    }
    for key, url in COMPOSITION.items():
        if key in inputs.repositories:
            modules[key] = {"url": url, "series_ref": {}, "last_version": {}}
    entries = [catalogue_entry(inputs, key, facts) for key, facts in modules.items()]
    return sorted(entries, key=lambda entry: str(entry["repository"]))


def integration(inputs: Inputs) -> dict[str, list[Row]]:
    """Return name, git, ref of the external pins of each series, oldest series first."""
    facts = load(inputs.folder / "integration.yaml")
    return {
        series: [(name, row["git"], row.get("ref")) for name, row in sorted(facts[series]["modules"].items())]
        for series in inputs.order
        if series in facts
    }


def misfits(inputs: Inputs, pins: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """Return, per series, module, dependency, range and version for each pair that the gate runs against its metadata."""
    homes = {str(row["name"]): str(row["git"][0]) for row in third_party(inputs, pins)}
    found: dict[str, list[Row]] = {
        series: sorted(_misfits(inputs, series, rows, homes)) for series, rows in pins.items()
    }
    return {series: rows for series, rows in found.items() if rows}


def _misfits(
    inputs: Inputs, series: str, pins: list[Row], homes: Mapping[str, str]
) -> Iterator[tuple[str, str, str, str]]:
    metadata = dict(_run_by_the_gate(inputs, series, pins, homes))
    for module, row in metadata.items():
        for name, wanted in row.get("dependencies", ()):
            short = forge_name(name).split("/")[1]
            version = parse_version(metadata.get(short, {}).get("version") or "")
            wanted_range = parse_range(wanted or "")
            if version and not wanted_range.is_unreadable and not wanted_range.matches(version):
                yield module, short, wanted, str(version)


def _run_by_the_gate(
    inputs: Inputs, series: str, pins: list[Row], homes: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each module of a series, OpenStack's and third-party ones, with its metadata there.

    `homes` is where each third-party module lives now; it took its tags along when it moved.
    """
    for name, facts in load(inputs.folder / "modules.yaml").items():
        repository = inputs.repositories.get(f"openstack/{name}")
        refs = {row[0]: row[2] for row in carried(inputs, repository, facts)} if repository else {}
        ref = refs.get(series)
        if repository and ref:
            row = repository.metadata[ref.split("/", 2)[2]]
            yield forge_name(row["name"]).split("/")[1], row
    for name, _, ref in pins:
        repository = inputs.repositories.get(homes.get(str(name), "").removeprefix("https://github.com/"))
        row = repository.metadata.get(str(ref)) if repository else None
        if row:
            yield str(name), row


def third_party(inputs: Inputs, pins: Mapping[str, list[Row]]) -> list[dict[str, Any]]:
    """Return each third-party module with its git homes and Forge names, newest first."""
    homes: dict[str, list[str]] = {}
    for rows in reversed(list(pins.values())):
        for name, git, _ in rows:
            homes.setdefault(str(name), []).append(str(git))
    for key, repository in inputs.repositories.items():
        if repository.owner not in {"openstack", "stackforge"} and key not in COMPOSITION:
            homes.setdefault(repository.forge_names[0].split("/")[1], []).append(f"https://github.com/{key}")
    return [
        _third_party(inputs, name, [*homes[name], *EARLIER_HOMES.get(name, ())]) for name in sorted(homes)
    ]


def _third_party(inputs: Inputs, name: str, homes: Iterable[str]) -> dict[str, Any]:
    unique = list(dict.fromkeys(homes))
    keys = [home.removeprefix("https://github.com/") for home in unique]
    owned = [
        known for key in keys if key in inputs.repositories for known in inputs.repositories[key].forge_names
    ]
    said = sorted(known for known, count in inputs.mentions.items() if count >= MENTIONS)
    owners = (key.split("/")[0] for key in keys)
    named = [f"{FORGE_OWNERS.get(owner, owner)}/{name}" for owner in owners]
    names = dict.fromkeys(known for known in [*owned, *named, *said] if known.split("/", 1)[1] == name)
    return {"name": name, "git": unique, "forge": list(names)}


def compact(value: object) -> str:
    """Return JSON on one line."""
    return json.dumps(value, separators=(",", ":"))


def lines(rows: Iterable[object]) -> str:
    """Return a JSON array with one row a line, so that a change of facts is a short diff."""
    return "[\n" + ",\n".join(compact(row) for row in rows) + "\n]"


def entry_text(entry: Mapping[str, Any]) -> str:
    """Return one repository: its own line, then one line for each series."""
    head = compact({key: value for key, value in entry.items() if key != "carried"})
    return f'{head[:-1]},"carried":{lines(entry["carried"]) if entry["carried"] else "[]"}}}'


def render(inputs: Inputs) -> str:
    """Return the whole file."""
    pins = integration(inputs)
    pin_texts = [f"{compact(series)}:{lines(rows)}" for series, rows in pins.items()]
    misfit_texts = [f"{compact(series)}:{lines(rows)}" for series, rows in misfits(inputs, pins).items()]
    parts = {
        "format": "1",
        "series": lines(series_rows(inputs)),
        "repositories": "[\n" + ",\n".join(entry_text(entry) for entry in catalogue(inputs)) + "\n]",
        "third_party": lines(third_party(inputs, pins)),
        "integration": "{\n" + ",\n".join(pin_texts) + "\n}",
        "misfits": "{\n" + ",\n".join(misfit_texts) + "\n}",
    }
    return "{\n" + ",\n".join(f'"{key}":{text}' for key, text in parts.items()) + "\n}\n"


def main(arguments: list[str]) -> None:
    """Read INPUT_DIR, write OUTPUT_FILE."""
    if len(arguments) not in {1, 2}:
        sys.exit(__doc__)
    output = Path(arguments[1]) if arguments[1:] else OUTPUT
    output.write_text(render(Inputs(Path(arguments[0]))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
