"""Files that people pin with today, in their real shape and size, and upstreams that have every ref they name.

tests/data/puppetfiles.json holds facts: which modules each file names, where from, at which ref. The text around them
is made here in the style of each tool. Commits cannot be the real ones: each stands for one that is made here.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pinner.openstack.catalogue import current_home, find_series, major_in
from tests.support.cloud import Cloud
from tests.support.repositories import Repository, init_bare

_DATA = Path(__file__).resolve().parents[1] / "data" / "puppetfiles.json"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(r".*/.*|[a-z]+|.*\.x")
_HOSTS = ("github.com", "opendev.org")
_WHO = "Upstream <upstream@example.org> 1700000000 +0000"


@dataclass(frozen=True, slots=True)
class Row:
    """One module as a file names it."""

    name: str
    git: str
    ref: str

    @property
    def directory(self) -> str:
        """Return the name that r10k installs it as."""
        return self.name.rpartition("-")[2].rpartition("/")[2]


@cache
def _facts() -> Mapping[str, tuple[Row, ...]]:
    found = json.loads(_DATA.read_text(encoding="utf-8"))
    return {name: tuple(Row(*row) for row in rows) for name, rows in found.items()}


def rows_of(name: str) -> tuple[Row, ...]:
    """Return the modules of a real file, by its name in the data."""
    return _facts()[name]


@dataclass(frozen=True, slots=True)
class Upstreams:
    """What was built: `rows` as a file can name them now, and each module's home and the commit that its ref names."""

    rows: tuple[Row, ...]
    expected: Mapping[str, tuple[str, str]]


def build_upstreams(cloud: Cloud, rows: Iterable[Row], *, series: str | None = None) -> Upstreams:
    """Build a repository for each module at the place where it lives now, and lead `cloud` there.

    With `series` the commits that are named lie on that release, one before its last.
    """
    root = cloud.root / "upstreams"
    rewrite = "".join(f'  "https://{host}/": "{root}/{host}/"\n' for host in _HOSTS)
    settings = f"rewrite:\n{rewrite}cache: {cloud.root / 'cache'}\nretries: 0\n"
    cloud.project.joinpath("pinner.yaml").write_text(settings)
    built = []
    expected = {}
    for row in rows:
        home = current_home(row.git)
        repository = _repository(root / (home.partition("://")[2].removesuffix(".git") + ".git"))
        commit = _build(repository, row, series)
        built.append(Row(row.name, row.git, commit if _COMMIT.fullmatch(row.ref) else row.ref))
        expected[row.directory] = (home, commit)
    return Upstreams(tuple(built), expected)


def _repository(path: Path) -> Repository:
    init_bare(path, branch="master")
    return Repository(path)


def _build(repository: Repository, row: Row, series: str | None) -> str:
    """Make two commits, and the ref; return the commit that the row means, which is the first if it names a commit."""
    if _COMMIT.fullmatch(row.ref):
        ref, tip, meant = (f"refs/tags/{series}-eol" if series else "refs/heads/other"), 2, 1
    else:
        ref, tip = f"refs/{'heads' if _BRANCH.fullmatch(row.ref) else 'tags'}/{row.ref}", 1
        meant = tip
    stream = "".join(_commit("refs/heads/master", number, row, series) for number in (1, 2))
    stream += f"reset {ref}\nfrom :{tip}\n\nget-mark :{meant}\n"
    return repository.git("fast-import", "--quiet", "--force", given=stream.encode())


def _commit(ref: str, number: int, row: Row, series: str | None) -> str:
    known = find_series(series) if series else None
    major = major_in(row.directory, known) if known else None
    metadata = json.dumps(
        {
            "name": f"owner-{row.directory}",
            "version": f"{9 if major is None else major}.{number}.0",
            "dependencies": [],
        }
    )
    files = {"metadata.json": metadata, "manifests/init.pp": f"class {row.directory} {{\n}}\n"}
    body = "".join(f"M 100644 inline {path}\n{_text(text)}" for path, text in files.items())
    return f"commit {ref}\nmark :{number}\ncommitter {_WHO}\n{_text(f'Change {number}')}{body}"


def _text(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def as_packstack(rows: Sequence[Row], *, openstack: int) -> str:
    """Return the file as packstack's and puppet-openstack-integration's generators write it."""
    lines = [
        "# Auto-generated Puppetfile for Packstack project",
        "",
        "moduledir '/usr/share/openstack-puppet/modules'",
    ]
    lines += ["", "## OpenStack modules", ""]
    for number, row in enumerate(rows):
        lines += ["## Non-OpenStack modules", ""] if number == openstack else []
        lines += [f"mod '{row.name}',", f"  :git => '{row.git}',", f"  :ref => '{row.ref}'", ""]
    return "\n".join(lines) + "\n"


def as_opm(rows: Sequence[Row]) -> str:
    """Return the file as openstack-puppet-modules has it: `:commit` before `:git`."""
    return "\n".join(f"mod '{row.name}',\n  :commit => '{row.ref}',\n  :git => '{row.git}'\n" for row in rows)


def as_fuel(rows: Sequence[Row]) -> str:
    """Return the file as Fuel's have it: a script's first line, wide indents, a comment above each module."""
    head = (
        "#!/usr/bin/env ruby\n#^syntax detection\n# From git repo\n#  mod 'stdlib',\n#    :ref => '4.6.x'\n\n"
    )
    parts = (
        f"# Pull in {row.name}\nmod '{row.name}',\n    :git => '{row.git}',\n    :ref => '{row.ref}'\n"
        for row in rows
    )
    return head + "\n".join(parts)


def write(path: Path, text: str) -> Path:
    """Write a file of a source, with its directories."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
