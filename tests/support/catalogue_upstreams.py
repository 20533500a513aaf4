"""Bare repositories with the ref names and versions that pinner's catalogue knows: every upstream, made by real git.

    for repository in build_upstreams(root): ...

writes root/HOST/OWNER/NAME.git, so that one `rewrite` of `https://` leads there. Names, refs and versions are facts;
dependencies are simple: from juno on each OpenStack module asks for its release's openstacklib, and openstacklib for
the third-party modules that the release's gate runs. Commit ids are made here and the same on every machine.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pinner.model.lock import BRANCH, TAG
from pinner.openstack.facts import Carried, ThirdParty, facts
from pinner.openstack.facts import Repository as CatalogueEntry
from tests.support.repositories import Repository, make_repository

_WHO = "Upstream <upstream@example.org>"
_START = 1_340_000_000
_DAY = 86_400
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SERIES = [row.id for row in facts().series]
_OLDEST_WITH_VERSION_ZERO = _SERIES.index("essex")
_OLDEST_WITH_JSON = _SERIES.index("juno")
_FIRST_VERSIONS = ("0.1.2", "0.3.0")
_VERSIONS_WITHOUT_RELEASES = tuple(f"{major}.0.0" for major in range(1, 8))
_MINORS = [f"{major}.{minor}.0" for major, minor in itertools.product(range(10), repeat=2)]


@dataclass(frozen=True, slots=True)
class Tip:
    """What a ref holds: a module (`owner/module`) at a version with what it needs, or nothing but a README."""

    ref: str
    module: str | None = None
    version: str = "0.0.0"
    needs: Mapping[str, str] = field(default_factory=dict)
    is_json: bool = True


def build_upstreams(root: Path) -> tuple[Repository, ...]:
    """Build all upstreams below `root`, by path."""
    openstack = build_openstack(root)
    third_party = [build(root, home.git, _tags(home)) for home in facts().third_party]
    return tuple(sorted([*openstack, *third_party], key=lambda repository: repository.path))


def build_openstack(root: Path) -> list[Repository]:
    """Build those of OpenStack's own modules alone."""
    return [build(root, entry.git, _releases(entry)) for entry in facts().repositories]


def build(root: Path, url: str, tips: Iterable[Tip]) -> Repository:
    """Build the repository that is fetched from `url`, one commit a ref, each on top of the one before."""
    path = root / f"{url.partition('://')[2].partition('@')[2] or url.partition('://')[2]}.git"
    path.parent.mkdir(parents=True, exist_ok=True)
    repository = make_repository(path)
    repository.git("fast-import", "--quiet", "--force", given="".join(_stream(tips)).encode())
    repository.git("update-ref", "-d", "refs/heads/import")
    return repository


def _releases(entry: CatalogueEntry) -> Iterator[Tip]:
    """Yield tags from before the first release, then version tags and carrying ref of each series, then master."""
    seen: set[str] = set()
    for version in _FIRST_VERSIONS if entry.carried else _VERSIONS_WITHOUT_RELEASES:
        yield from _once(Tip(f"{TAG}{version}", entry.forge_names[-1], version), seen)
    for carried in entry.carried:
        release = _tip(carried, carried.ref or f"{BRANCH}stable/{carried.series}")
        major = release.version.partition(".")[0]
        for version in sorted({f"{major}.0.0", release.version}):
            yield from _once(_tip(carried, f"{TAG}{version}", version), seen)
        yield from _once(release, seen)
    if entry.ended:
        yield Tip(f"{BRANCH}master")
    else:
        newest = entry.carried[-1] if entry.carried else None
        yield (
            _tip(newest, f"{BRANCH}master")
            if newest
            else Tip(f"{BRANCH}master", entry.forge_names[0], "1.0.0")
        )


def _once(tip: Tip, seen: set[str]) -> Iterator[Tip]:
    if tip.ref not in seen:
        seen.add(tip.ref)
        yield tip


def _tip(carried: Carried, ref: str, version: str | None = None) -> Tip:
    is_json = _SERIES.index(carried.series) >= _OLDEST_WITH_JSON
    needs = _needs(carried) if is_json else {}
    return Tip(ref, carried.forge_name, version or _version(carried), needs, is_json)


def _version(carried: Carried) -> str:
    """Return the version in that series; before newton the facts have none, and counting the series comes near it."""
    return carried.version or f"{_SERIES.index(carried.series) - _OLDEST_WITH_VERSION_ZERO}.1.0"


def _needs(carried: Carried) -> Mapping[str, str]:
    if carried.name == "openstacklib":
        return _gate_needs(carried.series)
    library = next(row for row in facts().repositories if row.name == "puppet-openstacklib")
    same = next(row for row in library.carried if row.series == carried.series)
    return {same.forge_name: _major(_version(same))}


def _gate_needs(series: str) -> Mapping[str, str]:
    names = {home.name: home.forge_names[0] for home in facts().third_party}
    pins = facts().integration.get(series, ())
    versions = {
        names[pin.name]: pin.ref.removeprefix("v")
        for pin in pins
        if pin.ref and not _COMMIT.fullmatch(pin.ref)
    }
    return {name: _major(version) for name, version in versions.items()}


def _major(version: str) -> str:
    major = int(version.partition(".")[0])
    return f">= {version} < {major + 1}.0.0"


def _tags(home: ThirdParty) -> Iterator[Tip]:
    """Yield the tags that any gate runs, and between them a tag for each minor version up to 9.9."""
    gate = {
        pin.ref for pins in facts().integration.values() for pin in pins if pin.name == home.name and pin.ref
    }
    pinned = sorted(ref for ref in gate if not _COMMIT.fullmatch(ref))
    plain = [version for version in (*_FIRST_VERSIONS, *_MINORS) if f"v{version}" not in pinned]
    for tag in dict.fromkeys((*plain, *pinned)):
        yield Tip(f"{TAG}{tag}", home.forge_names[0], tag.removeprefix("v"))
    yield Tip(f"{BRANCH}main", home.forge_names[0], "99.0.0")


def _stream(tips: Iterable[Tip]) -> Iterator[str]:
    for number, tip in enumerate(tips, start=1):
        when = f"{_WHO} {_START + number * _DAY} +0000"
        yield f"commit refs/heads/import\nmark :{number}\ncommitter {when}\n{_data(f'What {tip.ref} holds')}deleteall\n"
        yield from (f"M 100644 inline {path}\n{_data(text)}" for path, text in _files(tip).items())
        if tip.ref.startswith(TAG):
            yield f"tag {tip.ref.removeprefix(TAG)}\nfrom :{number}\ntagger {when}\n{_data(tip.ref)}"
        else:
            yield f"reset {tip.ref}\nfrom :{number}\n\n"


def _files(tip: Tip) -> Mapping[str, str]:
    if tip.module is None:
        return {"README.md": "This project is no longer maintained.\n"}
    name = tip.module.partition("/")[2]
    code = f"class {name} (\n  $package_ensure = 'present',\n) {{\n}}\n"
    about = {"metadata.json": _metadata(tip)} if tip.is_json else {"Modulefile": _modulefile(tip)}
    return {**about, "manifests/init.pp": code, "README.md": f"{tip.ref}\n"}


def _metadata(tip: Tip) -> str:
    needs = [{"name": name, "version_requirement": wanted} for name, wanted in tip.needs.items()]
    name = (tip.module or "").replace("/", "-")
    return json.dumps({"name": name, "version": tip.version, "dependencies": needs}, indent=2) + "\n"


def _modulefile(tip: Tip) -> str:
    return f"name    '{tip.module}'\nversion '{tip.version}'\n"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
