"""Bare repositories whose refs hold what upstreams' own metadata really says (tests/data/upstream_metadata.json).

    build_real_upstreams(root)

writes root/HOST/OWNER/NAME.git, so that one `rewrite` of `https://` leads there. Names, versions and dependencies are
facts, as written there; code and commit ids are made here. Only the refs that carry a release, and the tags that
upstream's gate pins, are there; with `has_all_releases` all release tags of the third-party modules as well
(tests/data/third_party_releases.json).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.repositories import init_bare, run_git

_DATA = Path(__file__).resolve().parents[1] / "data"
FACTS = _DATA / "upstream_metadata.json"
RELEASES = _DATA / "third_party_releases.json"
_WHO = "Upstream <upstream@example.org> 1340000000 +0000"


@dataclass(frozen=True, slots=True)
class Row:
    """What one ref says: `file` is metadata.json or Modulefile, `dependencies` are rows of name and range."""

    file: str
    name: str
    version: str | None
    dependencies: tuple[tuple[str, str | None], ...]


def read_facts(path: Path = FACTS) -> Mapping[str, Mapping[str, Row]]:
    """Return URL to whole ref name to what it says."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return {url: {ref: _row(*row) for ref, row in refs.items()} for url, refs in found.items()}


def _row(file: str, name: str, version: str | None, dependencies: list[tuple[str, str | None]]) -> Row:
    return Row(file, name, version, tuple((other, wanted) for other, wanted in dependencies))


def build_real_upstreams(root: Path, *, has_all_releases: bool = False) -> None:
    """Build all upstreams below `root`."""
    releases = read_facts(RELEASES) if has_all_releases else {}
    carrying = read_facts()
    for url in sorted(carrying.keys() | releases.keys()):
        rows = {**releases.get(url, {}), **carrying.get(url, {})}
        path = root / f"{url.partition('://')[2]}.git"
        init_bare(path, branch="none")
        run_git("--git-dir", str(path), "fast-import", "--quiet", given="".join(_stream(rows)).encode())


def settings_for(root: Path, cache: Path) -> str:
    """Return a pinner.yaml for a project on the upstreams below `root`."""
    hosts = ("opendev.org", "github.com")
    rewrite = "".join(f'  "https://{host}/": "{root}/{host}/"\n' for host in hosts)
    return f"rewrite:\n{rewrite}cache: {cache}\nretries: 0\n"


def _stream(rows: Mapping[str, Row]) -> Iterator[str]:
    for ref, row in rows.items():
        yield f"commit {ref}\ncommitter {_WHO}\n{_data(ref)}"
        yield f"M 100644 inline {row.file}\n{_data(_text(row))}"


def _text(row: Row) -> str:
    if row.file == "Modulefile":
        lines = [f"name '{row.name}'", *([f"version '{row.version}'"] if row.version else [])]
        lines += [f"dependency '{name}', '{wanted or ''}'" for name, wanted in row.dependencies]
        return "\n".join(lines) + "\n"
    needs = [{"name": name, "version_requirement": wanted} for name, wanted in row.dependencies]
    return json.dumps({"name": row.name, "version": row.version, "dependencies": needs}) + "\n"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
