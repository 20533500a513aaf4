"""How time and memory grow with the number of environments, everything being locked and nothing new upstream."""

from pathlib import Path

from tools.bench.cost import measure
from tools.bench.rounds import Limit, Ratio, Runs, Section, interleave
from tools.bench.serving import serve
from tools.bench.site import Project, Site, environments
from tools.bench.upstreams import OPENSTACK, OWN

MODULES = (*OPENSTACK, *OWN)
COUNTS = (10, 100, 1000)


def bench_growth(upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure `lock`, `verify` and `lock --check` for each number of environments."""
    work.mkdir(parents=True)
    with serve(upstreams, work / "requests") as server:
        site = Site(work, server)
        projects = {count: site.project(f"project{count}", environments(count, MODULES)) for count in COUNTS}
        first = {count: measure(project.pinner("lock")) for count, project in projects.items()}
        warm = {word: _warm(word, projects, rounds) for word in ("lock", "verify", "lock --check")}
    firsts = tuple(Runs(f"first lock, {count}", (cost,)) for count, cost in first.items())
    ratios = (
        *(Ratio(rows[-1], rows[0], None, "cpu") for rows in warm.values()),
        Ratio(warm["verify"][-1], warm["lock"][-1], 1.3),
    )
    return (
        Section(
            "Growth with the number of environments, https on loopback",
            f"{len(MODULES)} modules each, over {len(MODULES)} repositories and four releases. CPU is that of git too.",
            (*firsts, *(runs for rows in warm.values() for runs in rows)),
            ratios,
            (Limit(warm["lock"][-1], "cpu", 10), Limit(warm["lock"][-1], "peak", 300_000_000)),
        ),
    )


def _warm(word: str, projects: dict[int, Project], rounds: int) -> tuple[Runs, ...]:
    run_by_label = {
        f"{word}, {count}": lambda project=project: measure(project.pinner(*word.split()))
        for count, project in projects.items()
    }
    return tuple(interleave(rounds, run_by_label).values())
