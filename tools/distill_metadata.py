"""Write what upstreams' own metadata says at their refs: tests/data/upstream_metadata.json and third_party_releases.json.

usage: python -m tools.distill_metadata INPUT_DIR [OUTPUT_DIR]

INPUT_DIR has one file metadata/OWNER+NAME.json per repository: short ref -> file, name, version, dependencies. The first file holds, by the catalogue's word, the
refs that carry a series and the tags that upstream's gate pins; the second the other release tags of third-party
modules. Of each ref there is the file, the name, the version and the dependencies as written. The same input gives the
same bytes: a repository a section, a ref a line. Where the facts lack a repository, a ref or a commit, nothing is
written: the tests name those.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pinner.model.lock import TAG, short_name
from pinner.openstack.facts import facts
from pinner.puppet.versions import version_of_tag

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "data"
COMMIT = re.compile(r"[0-9a-f]{40}")


def wanted_refs() -> Iterator[tuple[str, str]]:
    """Yield URL and whole ref name of what a lock of some series may pin."""
    homes = {home.name: home.git for home in facts().third_party}
    for repository in facts().repositories:
        yield from ((repository.git, row.ref) for row in repository.carried if row.ref)
    for pins in facts().integration.values():
        for pin in pins:
            if pin.ref and not COMMIT.fullmatch(pin.ref):
                yield homes.get(pin.name, pin.git), TAG + pin.ref


def other_releases(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield URL and whole ref name of every release tag of a third-party module that is not among the wanted refs."""
    wanted = set(wanted_refs())
    for home in facts().third_party:
        for ref in read(folder, home.git):
            version = version_of_tag(ref)
            if version and version.is_stable and (home.git, TAG + ref) not in wanted:
                yield home.git, TAG + ref


def read(folder: Path, url: str) -> Mapping[str, Any]:
    """Return short ref to metadata of one repository; nothing where the facts don't have it."""
    owner, name = url.rpartition("/")[0].rpartition("/")[2], url.rpartition("/")[2]
    path = folder / "metadata" / f"{owner}+{name}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return dict(found)


def row(metadata: Mapping[str, Any]) -> list[Any]:
    """Return file, name, version and dependencies."""
    return [metadata["file"], metadata.get("name"), metadata.get("version"), metadata.get("dependencies", [])]


def render(folder: Path, pairs: Iterable[tuple[str, str]]) -> str:
    """Return a whole file, which holds those of the pairs of URL and ref that the facts have a module at."""
    refs: dict[str, list[str]] = {}
    for url, ref in sorted(set(pairs)):
        refs.setdefault(url, []).append(ref)
    sections = [_section(url, names, read(folder, url)) for url, names in refs.items()]
    return "{\n" + ",\n".join(section for section in sections if section) + "\n}\n"


def _section(url: str, refs: list[str], metadata: Mapping[str, Any]) -> str:
    known = {ref: metadata[short_name(ref)] for ref in refs if metadata.get(short_name(ref), {}).get("name")}
    lines = [f"{json.dumps(ref)}:{_compact(row(known[ref]))}" for ref in known]
    return f"{json.dumps(url)}:{{\n" + ",\n".join(lines) + "\n}" if lines else ""


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    target = Path(sys.argv[2]) if sys.argv[2:] else OUTPUT
    inputs = Path(sys.argv[1])
    for name, pairs in (
        ("upstream_metadata.json", wanted_refs()),
        ("third_party_releases.json", other_releases(inputs)),
    ):
        (target / name).write_text(render(inputs, pairs), encoding="utf-8")
