"""What identifying sixty modules costs beside the floors: hashing their files, and reading fifty histories' tree ids."""

import subprocess
from itertools import cycle, islice
from pathlib import Path

from tools.bench.cost import Command, Cost, measure
from tools.bench.rounds import Limit, Ratio, Run, Section, interleave
from tools.bench.serving import Server
from tools.bench.site import Project, Site, lead_to
from tools.bench.upstreams import OPENSTACK, OWN, Size, build, path_of, url_of

MIRRORS = 50
MODULES = 60
LONG = Size(commits=1500, files=120, lines=40)
EXTRA = tuple(f"extra{number:02}" for number in range(MIRRORS - len(OPENSTACK) - len(OWN)))
NAMES = (*OPENSTACK, *OWN, *EXTRA)
EDITS = (0, 1, 5)
"""Files that are changed in a module: none in the first, one in the second, five in the third, and so on."""
SECONDS = 5.0
_TREES = 'for mirror in "$0"/*.git; do git --git-dir="$mirror" log --all --format=%T; done > trees'
_HASHES = 'find "$0" -type f | git hash-object --stdin-paths > hashes'


def bench_identify(_upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure with mirrors in the cache and no remote asked."""
    upstreams = work / "upstreams"
    build(upstreams, NAMES, LONG)
    modules = _copy_modules(upstreams, work / "modules")
    project = _project(work, upstreams)
    measure(_identify(project, modules, "--timeout", "600"))
    cache = project.cache / "git"
    run_by_label: dict[str, Run] = {
        "git hash-object, all files": lambda: measure(_shell(project, _HASHES, modules)),
        "git log --format=%T, each mirror": lambda: measure(_shell(project, _TREES, cache)),
        "pinner identify, cold": lambda: _cold(project, modules, cache),
        "pinner identify, warm": lambda: measure(_identify(project, modules, "--offline")),
    }
    hashes, trees, cold, warm = interleave(rounds, run_by_label).values()
    kept = sum(path.stat().st_size for path in cache.glob("*/pinner-trees"))
    return (
        Section(
            f"Identify {MODULES} modules in {MIRRORS} mirrors",
            f"{LONG.commits} commits and {LONG.files} files each; a third of the modules is exact, in the others one or "
            "five files are changed. Cold: mirrors are there, their trees were never read. The indexes take "
            f"{kept / MIRRORS / 1000:.0f} kB a mirror.",
            (hashes, trees, cold, warm),
            (
                Ratio(cold, trees),
                Ratio(warm, hashes),
                Ratio(cold, trees, None, "cpu"),
                Ratio(warm, hashes, None, "cpu"),
            ),
            (Limit(warm, "wall", SECONDS),),
        ),
    )


def _project(work: Path, upstreams: Path) -> Project:
    site = Site(work, Server("", "", work / "requests"))
    site.write("project/environments/.keep", "")
    project = lead_to(site, upstreams)
    rows = "".join(f'  {name}: "{url_of(name)}"\n' for name in NAMES)
    path = project.directory / "pinner.yaml"
    path.write_text(f"{path.read_text()}modules:\n{rows}")
    return project


def _copy_modules(upstreams: Path, directory: Path) -> Path:
    """Write modules of different ages; beyond one for each mirror, further ones under their packages' names."""
    for number, (name, edits) in enumerate(zip(islice(cycle(NAMES), MODULES), cycle(EDITS), strict=False)):
        module = directory / (name if number < len(NAMES) else f"openstack-{name}")
        module.mkdir(parents=True)
        commit = f"master~{(number * 97) % (LONG.commits - 1)}"
        archive = subprocess.run(
            ["git", "-C", str(path_of(upstreams, name)), "archive", commit], capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", str(module)], input=archive.stdout, check=True)
        for path in sorted((module / "manifests").iterdir())[:edits]:
            path.write_text(f"# changed here\n{path.read_text()}")
    return directory


def _cold(project: Project, modules: Path, cache: Path) -> Cost:
    for index in cache.glob("*/pinner-trees"):
        index.unlink()
    project.forget_what_was_read()
    return measure(_identify(project, modules, "--offline"))


def _identify(project: Project, modules: Path, *more: str) -> Command:
    """Return a call whose answer that some modules were changed is no failure."""
    call = project.pinner("identify", modules, *more)
    return project.command("bash", "-c", '"$@" || test $? = 1', "bash", *call.words)


def _shell(project: Project, line: str, argument: Path) -> Command:
    return project.site.command("bash", "-c", line, argument)
