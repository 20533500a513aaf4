"""Environments of every release on upstreams with their real metadata, and what pinner finds in them.

    python -m tests.support.contradictions

writes tests/data/contradictions.txt anew; nothing else changes that file.
"""

import contextlib
import io
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinner.cli.main import run
from pinner.model.lock import Series
from pinner.openstack.catalogue import all_series, integration_pins, newest_listed, third_party
from tests.support.real_upstreams import build_real_upstreams, read_facts, settings_for

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "contradictions.txt"
SERIES = tuple(series for series in all_series() if not newest_listed() < series)
# A dependency of every module that depends on nothing itself, so that ignoring it takes away nothing else.
IGNORED = "stdlib"
WANTS = re.compile(
    r"module '(?P<module>\w+)': requires (?P<dependency>[\w/-]+)(?: (?P<range>[^,;(]+?))?"
    r"(?P<rest>(?:,|;| \().*)"
)

WHY = {
    "newton": "The gate went on to corosync 5 and xinetd 2; the two modules that want them did not notice.",
    "ocata": "As newton, and dns 4 and memcached 3 as well.",
    "pike": "The gate went on to inifile 2, apache 2 and vcsrepo 2 while every module's metadata says below 2.0.0.",
    "queens": "As pike, and rabbitmq moved to another owner and to 8, mysql to 6; rsync itself has not seen xinetd 3.",
    "rocky": "Nearly all ranges were raised; those on rabbitmq, mysql, postgresql, xinetd and memcached were not.",
    "stein": (
        "Everybody was raised to rabbitmq 8, but openstacklib still says below 6: no version satisfies both, whatever "
        "is pinned. The gate runs 9, which satisfies neither; and apt, concat, corosync and rsync want stdlib 4."
    ),
    "train": "As stein, one rabbitmq later; and stdlib 6 is too new for every module.",
    "ussuri": "openstacklib's range on rabbitmq was mended, stdlib's were raised; rabbitmq 10 is past everybody's range.",
    "victoria": "What is left: modules that the gate raised and few depend on.",
    "xena": "stdlib 8 came; the third-party modules' own metadata had not seen it.",
    "2023.2": "stdlib 9 came, which some third-party modules require and others exclude.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One finding about a dependency; `text` is its message without the chain of who wants what."""

    code: str
    module: str
    dependency: str
    text: str

    @property
    def pair(self) -> tuple[str, str]:
        """Return the module and the short name of what it depends on."""
        return self.module, self.dependency.rpartition("/")[2]


def environment(kind: str, series: Series) -> str:
    """Return the name of an environment: `declared`, `gate`, `mended`, `without` or `bare` of a series."""
    return f"{kind}_{series.id.replace('.', '_')}"


def without_facts(series: Series) -> list[str]:
    """Return what the gate pins and our facts don't have: nothing can be said about those."""
    facts = read_facts()
    homes = ((pin, third_party(pin.name)) for pin in integration_pins(series) if pin.ref)
    return [
        pin.name
        for pin, home in homes
        if f"refs/tags/{pin.ref}" not in facts.get(home.git if home else pin.git, {})
    ]


def write_project(project: Path, settings: str) -> Path:
    """Write a project with `declared`, `gate`, `without` and `bare` of every series, and return it."""
    (project / "environments").mkdir(parents=True)
    (project / "pinner.yaml").write_text(settings)
    for series in SERIES:
        unknown = without_facts(series)
        write(project, environment("declared", series), series, "")
        write(project, environment("bare", series), series, f"ignore: [{IGNORED}]")
        write(project, environment("gate", series), series, _gate(unknown))
        write(project, environment("without", series), series, _gate([*unknown, IGNORED]))
    return project


def write_mended(project: Path, pairs: Mapping[Series, Iterable[tuple[str, str, str]]]) -> None:
    """Write `mended` of each series: `gate` with an override for each (module, dependency, range)."""
    for series, rows in pairs.items():
        ranges: dict[str, dict[str, str]] = {}
        for module, dependency, wanted in rows:
            ranges.setdefault(module, {})[dependency] = wanted
        override = f", override: {json.dumps(ranges)}"
        write(project, environment("mended", series), series, f"{_gate(without_facts(series))}{override}")


def write(project: Path, name: str, series: Series, dependencies: str) -> None:
    """Write the manifest of all modules of a series."""
    text = f'release: "{series.id}"\nopenstack: all\ndependencies: {{{dependencies}}}\n'
    (project / "environments" / f"{name}.yaml").write_text(text)


def _gate(ignored: list[str]) -> str:
    return f"externals: integration, ignore: [{', '.join(ignored)}]"


def lock(project: Path, *environments: str) -> Any:
    """Run `pinner lock --format json` and return what it says, by environment."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(project), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        run(["lock", "--format", "json", *environments])
    return {row["name"]: row["findings"] for row in json.loads(out.getvalue())["environments"]}


def dependencies_of(findings: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Return the findings about dependencies."""
    return [_told(row) for row in findings if row["code"].startswith("dependency-")]


def _told(finding: Mapping[str, Any]) -> Told:
    found = WANTS.fullmatch(finding["message"])
    if found is None:
        raise AssertionError(finding["message"])
    text = re.sub(r" \([^()]+ -> [^()]+\)$", "", finding["message"].partition(": ")[2])
    return Told(finding["code"], found["module"], found["dependency"], text)


def render(told: Mapping[str, list[Mapping[str, Any]]]) -> str:
    """Return the text of the golden file."""
    return "".join(line for series in SERIES for line in _render(series, told))


def _render(series: Series, told: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    yield f"# {series}\n"
    if series.id in WHY:
        yield f"# {WHY[series.id]}\n"
    for kind in ("declared", "gate"):
        found = dependencies_of(told[environment(kind, series)])
        missing = sorted({row.dependency for row in found if row.code == "dependency-missing"})
        yield f"{kind}: {' '.join(missing) or 'nothing'} missing\n"
        rows = (row for row in found if row.code != "dependency-missing")
        yield from (f"{kind}: {row.module} {row.text}\n" for row in rows)
    yield "\n"


def main() -> None:
    """Write the golden file."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        build_real_upstreams(root / "upstreams")
        project = write_project(root / "project", settings_for(root / "upstreams", root / "cache"))
        GOLDEN.write_text(render(lock(project)), encoding="utf-8")


if __name__ == "__main__":
    main()
