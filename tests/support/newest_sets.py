"""What `externals: newest` finds for every module of every release, on upstreams with their real metadata and tags.

    python -m tests.support.newest_sets

writes tests/data/newest_sets.txt anew; nothing else changes that file.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pinner.model.lock import Series
from tests.support.contradictions import SERIES, lock
from tests.support.real_upstreams import build_real_upstreams, settings_for

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "newest_sets.txt"

# Overrides, module to dependency to range, with which a release that has no solution has one, and why none is left out.
RABBITMQ = {"openstacklib": {"rabbitmq": ">= 8.4.0 < 9.0.0"}}
COROSYNC = {"corosync": {"stdlib": ">= 4.6.0"}}
CONCAT = {"concat": {"stdlib": ">= 4.2.0"}}
RSYNC = {"rsync": {"stdlib": ">= 4.2.0", "concat": ">= 1.1.1"}}
MENDED: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "stein": RABBITMQ | COROSYNC | CONCAT,
    "train": RABBITMQ | COROSYNC | CONCAT,
    "ussuri": COROSYNC | CONCAT,
    "victoria": COROSYNC,
    "wallaby": COROSYNC,
    "xena": COROSYNC,
    "yoga": COROSYNC,
    "2025.2": RSYNC,
}


def environment(series: Series, kind: str = "newest") -> str:
    """Return the name of an environment: `newest` or `mended` of a series."""
    return f"{kind}_{series.id.replace('.', '_')}"


def write_project(root: Path) -> Path:
    """Build the upstreams and write a project with `newest` of every series, and `mended` of those that need it."""
    build_real_upstreams(root / "upstreams", has_all_releases=True)
    project = root / "project"
    (project / "environments").mkdir(parents=True)
    (project / "pinner.yaml").write_text(settings_for(root / "upstreams", root / "cache"))
    for series in SERIES:
        write(project, environment(series), series, {})
        if series.id in MENDED:
            write(project, environment(series, "mended"), series, MENDED[series.id])
    return project


def write(project: Path, name: str, series: Series, override: Mapping[str, Mapping[str, str]]) -> None:
    """Write the manifest of all modules of a series."""
    dependencies = f"externals: newest, override: {json.dumps(override)}"
    text = f'release: "{series.id}"\nopenstack: all\ndependencies: {{{dependencies}}}\n'
    (project / "environments" / f"{name}.yaml").write_text(text)


def read_lock(project: Path, name: str) -> Mapping[str, Any]:
    """Return the pins of an environment's lock; none where there is no lock."""
    path = project / "environments" / f"{name}.lock"
    return dict(json.loads(path.read_text())["modules"]) if path.exists() else {}


def brought_in(project: Path, name: str) -> Mapping[str, Any]:
    """Return those of them that the manifest does not name."""
    return {module: pin for module, pin in read_lock(project, name).items() if "external" in pin}


def render(project: Path, told: Mapping[str, list[Mapping[str, Any]]]) -> str:
    """Return the text of the golden file."""
    return "".join(line for series in SERIES for line in _render(series, project, told))


def _render(series: Series, project: Path, told: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    yield f"# {series}\n"
    for finding in told[environment(series)]:
        if finding["code"] == "dependency-conflict":
            yield f"collides: {finding['message'].partition(': ')[2]}\n"
    for kind in ("newest", "mended"):
        pins = brought_in(project, environment(series, kind))
        versions = ", ".join(f"{name} {pin['version']}" for name, pin in pins.items())
        yield from [f"{kind}: {versions}\n"] if pins else []
    yield "\n"


def main() -> None:
    """Write the golden file."""
    with tempfile.TemporaryDirectory() as directory:
        project = write_project(Path(directory))
        GOLDEN.write_text(render(project, lock(project)), encoding="utf-8")


if __name__ == "__main__":
    main()
