"""A cold lock against a cold installation of the same Puppetfile by g10k and by r10k."""

import shutil
from collections.abc import Callable
from pathlib import Path

from tools.bench.cost import Cost, measure
from tools.bench.locking import MODULES
from tools.bench.rounds import Ratio, Run, Runs, Section, interleave
from tools.bench.serving import serve
from tools.bench.site import Project, Site, manifest


def bench_cold_lock(upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure on loopback https."""
    work.mkdir(parents=True)
    with serve(upstreams, work / "requests") as server:
        site = Site(work, server)
        site.lead_git_to_the_server()
        project = site.project("project", {"cloud": manifest("2025.1", MODULES)})
        measure(project.pinner("lock"), project.pinner("generate"))
        run_by_label: dict[str, Run] = {
            "pinner lock": lambda: _lock(project),
            "g10k": lambda: _deploy(site, _g10k),
            "r10k": lambda: _deploy(site, _r10k),
        }
        notes = {}
        for label, run in run_by_label.items():
            server.forget()
            run()
            notes[label] = str(server.traffic)
        runs = interleave(rounds, run_by_label)
    told = {label: Runs(label, each.costs, notes[label]) for label, each in runs.items()}
    lock, g10k, r10k = told.values()
    return (
        Section(
            "Cold lock, https on loopback",
            f"{len(MODULES)} modules, caches and outputs removed before each run. g10k and r10k also write the modules' "
            "files, a lock writes none: like for like are connections and bytes.",
            (lock, g10k, r10k),
            (Ratio(lock, g10k, 0.5), Ratio(lock, r10k), Ratio(lock, g10k, None, "cpu")),
        ),
    )


def _lock(project: Project) -> Cost:
    project.forget_cache()
    project.forget_locks()
    return measure(project.pinner("lock"))


def _deploy(site: Site, tool: Callable[[Site, Path], Cost]) -> Cost:
    directory = site.root / "deployed"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    shutil.copy(site.root / "project" / "puppetfiles" / "cloud" / "Puppetfile", directory)
    return tool(site, directory)


def _g10k(site: Site, directory: Path) -> Cost:
    words = ("g10k", "-quiet", "-puppetfile", "-cachedir", directory / "cache", "-moduledir", "modules")
    return measure(site.command(*words, cwd=directory))


def _r10k(site: Site, directory: Path) -> Cost:
    config = directory / "r10k.yaml"
    config.write_text(f"cachedir: '{directory}/cache'\n")
    words = ("r10k", "puppetfile", "install", "--moduledir", directory / "modules", "--config", config)
    return measure(site.command(*words, cwd=directory))
