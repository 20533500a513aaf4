"""A warm lock against the floor: what git alone needs to ask twenty servers for their refs."""

from pathlib import Path

from pinner.model.manifest import Settings
from tools.bench.cost import Cost, measure, measure_together
from tools.bench.rounds import Ratio, Run, Runs, Section, interleave
from tools.bench.serving import serve
from tools.bench.site import Site, environments
from tools.bench.upstreams import OPENSTACK, url_of

MODULES = OPENSTACK[:20]
ENVIRONMENTS = 40
DEFAULT_JOBS = Settings(cache="").jobs


def bench_warm_lock(upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure on loopback, and with 50 ms for each round trip."""
    return tuple(
        _warm_lock(upstreams, work / f"warm{latency}", rounds, latency=latency, aim=aim)
        for latency, aim in ((0, 1.5), (50, 1.1))
    )


def _warm_lock(upstreams: Path, work: Path, rounds: int, *, latency: int, aim: float) -> Section:
    work.mkdir(parents=True)
    with serve(upstreams, work / "requests", latency=latency) as server:
        project = Site(work, server).project("project", environments(ENVIRONMENTS, MODULES))
        measure(project.pinner("lock"))
        run_by_label: dict[str, Run] = {
            "20 parallel ls-remote": lambda: _floor(project.site),
            "pinner lock": lambda: measure(project.pinner("lock")),
            "pinner lock --jobs 20": lambda: measure(project.pinner("lock", "--jobs", str(len(MODULES)))),
            "pinner verify": lambda: measure(project.pinner("verify")),
        }
        runs = interleave(rounds, run_by_label)
        notes = {}
        for label, run in run_by_label.items():
            server.forget()
            run()
            notes[label] = str(server.traffic)
    told = {label: Runs(label, each.costs, notes[label]) for label, each in runs.items()}
    floor, lock, wide, verify = told.values()
    where = f"with {latency} ms added to each round trip" if latency else "on loopback"
    return Section(
        f"Warm lock and verify, https {where}",
        f"{ENVIRONMENTS} environments over {len(MODULES)} repositories, four releases, nothing new upstream. "
        f"The floor opens all its connections at once, as --jobs 20 does; the default is {DEFAULT_JOBS}.",
        tuple(told.values()),
        (
            Ratio(lock, floor, aim),
            Ratio(wide, floor, aim),
            Ratio(lock, floor, None, "cpu"),
            Ratio(verify, lock, 1.3),
        ),
    )


def _floor(site: Site) -> Cost:
    places = (url_of(module).replace("https://", f"{site.server.url}/") for module in MODULES)
    return measure_together(
        [site.command("git", "ls-remote", "--heads", "--tags", place) for place in places]
    )
