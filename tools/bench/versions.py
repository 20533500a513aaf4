"""`pinner deploy` beside r10k and g10k: cold, with nothing new, and with one new commit; time, disk and connections."""

import itertools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.git.objects.tree_files import remove_tree
from tools.bench.cost import Cost, FailedError, measure
from tools.bench.deploying import CHANGED, ControlRepo
from tools.bench.locking import MODULES
from tools.bench.rounds import Limit, Ratio, Run, Runs, Section, interleave
from tools.bench.serving import Server, serve
from tools.bench.site import Project, Site, environments
from tools.bench.upstreams import OPENSTACK, OWN, RELEASES, commit, url_of

COUNTS = (4, 40)
LARGE = 1000
_LARGE_LIMIT = 15.0  # seconds
_FIRST = 1000  # other benches commit to the same upstreams
_BLOCK = 512  # what st_blocks counts in


@dataclass(frozen=True, slots=True)
class Competitor:
    """A way to deploy: `run` does it, `environments` is where they are, `cache` what it keeps beside them."""

    run: Run
    environments: Path
    cache: Path

    def run_cold(self) -> Cost:
        """Return what it costs with neither a cache nor environments."""
        for place in (self.environments, self.cache):
            remove_tree(place)
        return self.run()

    @property
    def size(self) -> int:
        """Return the bytes that both directories take on the disk; a file with several names counts once."""
        sizes = {}
        for place in (self.environments, self.cache):
            for folder, folders, names in os.walk(place):
                for name in (*folders, *names):
                    found = Path(folder, name).lstat()
                    sizes[found.st_dev, found.st_ino] = found.st_blocks * _BLOCK
        return sum(sizes.values())


def bench_versions(
    upstreams: Path,
    work: Path,
    rounds: int,
    *,
    counts: tuple[int, ...] = COUNTS,
    modules: tuple[str, ...] = MODULES,
    large: int = LARGE,
    more: tuple[str, ...] = (*OPENSTACK, *OWN),
) -> tuple[Section, ...]:
    """Measure for each number of environments, and pinner alone for `large` environments of the modules `more`."""
    work.mkdir(parents=True)
    sections: list[Section] = []
    numbers = itertools.count(_FIRST)
    newest = [_FIRST]

    def change() -> None:
        newest[0] = next(numbers)
        commit(upstreams, CHANGED, "2025.1", newest[0])

    with serve(upstreams, work / "requests") as server:
        for count in counts:
            site = Site(work / str(count), server)
            site.lead_git_to_the_server()
            competitors = _competitors(site, environments(count, modules), modules)
            cases: Mapping[str, tuple[Callable[[], None], Mapping[str, Run]]] = {
                "cold": (lambda: None, {label: one.run_cold for label, one in competitors.items()}),
                "nothing new": (lambda: None, {label: one.run for label, one in competitors.items()}),
                f"one new commit of {CHANGED}": (
                    change,
                    {label: one.run for label, one in competitors.items()},
                ),
            }
            for title, (before, runs) in cases.items():
                about = f"{count} environments of {len(modules)} modules, {title}"
                sections.append(_section(about, before, runs, competitors, server=server, rounds=rounds))
            for label, one in competitors.items():
                path = f"modules/{CHANGED}/manifests/fix{newest[0]}.pp"
                if not any(one.environments.glob(f"*/{path}")):
                    raise FailedError(f"{label}: {path} was not deployed")
        sections.append(_large_section(Site(work / "large", server), large, more, rounds=rounds))
    return tuple(sections)


def _large_section(site: Site, count: int, modules: tuple[str, ...], *, rounds: int) -> Section:
    """Deploy from locks and mirrors that are there: the time and the disk of `count` environments beside a few."""
    few = len(RELEASES)
    sizes, runs = {}, {}
    for number in (few, count):
        project = site.project(f"all{number}", environments(number, modules))
        measure(project.pinner("lock"))
        target = site.root / f"{number}.environments"
        deploy = project.pinner("deploy", "--to", target, "--no-generate-types")
        one = Competitor(lambda deploy=deploy: measure(deploy), target, target / "none")  # type: ignore[misc]  # bound now
        runs[number] = one
        one.run_cold()
        sizes[number] = one.size
    measured = interleave(rounds, {"new": runs[count].run_cold, "again": runs[count].run})
    disk = (
        f"{sizes[count] / 1_000_000:.0f} MB on disk; {few} environments take {sizes[few] / 1_000_000:.0f} MB"
    )
    new = Runs("pinner deploy, empty directory", measured["new"].costs, disk)
    again = Runs("pinner deploy, nothing new", measured["again"].costs)
    return Section(
        f"Deploying {count:,} environments of {len(modules)} modules over {few} releases",
        "`pinner deploy` alone: the mirrors and locks are there. Modules are stored once for each distinct tree.",
        (new, again),
        (),
        (Limit(new, "wall", _LARGE_LIMIT),),
    )


def _section(
    about: str,
    before: Callable[[], None],
    run_by_label: Mapping[str, Run],
    competitors: Mapping[str, Competitor],
    *,
    server: Server,
    rounds: int,
) -> Section:
    notes = {}

    def noting(label: str, run: Run) -> Run:
        def noted() -> Cost:
            server.forget()
            cost = run()
            notes[label] = f"{server.traffic}, {competitors[label].size / 1_000_000:.0f} MB on disk"
            return cost

        return noted

    noted = {label: noting(label, run) for label, run in run_by_label.items()}
    measured = interleave(rounds, noted, before=before)
    r10k, incremental, g10k, deploy = (
        Runs(label, each.costs, notes[label]) for label, each in measured.items()
    )
    return Section(
        f"Deploying {about}, https on loopback",
        "r10k and g10k deploy Puppetfiles with branches. pinner's sides include `pinner update`; the one with r10k is "
        "as in the section on `--incremental`, the other is `pinner deploy`.",
        (r10k, incremental, g10k, deploy),
        (
            Ratio(deploy, r10k, *_aim(about, cold=1 / 8, unchanged=1 / 20)),
            Ratio(deploy, incremental),
            Ratio(deploy, g10k, *_aim(about, cold=1 / 3)),
            Ratio(deploy, r10k, None, "cpu"),
            Ratio(deploy, g10k, None, "cpu"),
        ),
    )


def _aim(about: str, *, cold: float, unchanged: float | None = None) -> tuple[float | None]:
    """Return the aim of a case, which is set for forty environments only."""
    if not about.startswith(f"{max(COUNTS)} "):
        return (None,)
    return (cold if about.endswith("cold") else unchanged if about.endswith("nothing new") else None,)


def _competitors(
    site: Site, manifests: Mapping[str, str], modules: tuple[str, ...]
) -> Mapping[str, Competitor]:
    releases = list(RELEASES)
    for number, name in enumerate(manifests):
        release = releases[number % len(releases)]
        mods = (
            f"mod '{module}',\n  :git => '{url_of(module)}',\n  :branch => 'stable/{release}'\n"
            for module in modules
        )
        site.write(f"by_branch/puppetfiles/{name}/Puppetfile", "".join(mods))
    pinned, branches = ControlRepo(site, "pinned"), ControlRepo(site, "branches")
    for control in (pinned, branches):
        control.make()
    measure(branches.publish(site.root / "by_branch"))
    project, alone = site.project("project", manifests), site.project("alone", manifests)
    measure(project.pinner("lock"), alone.pinner("lock"))
    g10k = site.write(
        "g10k.yaml",
        f":cachedir: '{site.root}/g10k.cache'\n"
        f"sources:\n  control:\n    remote: 'file://{branches.path}'\n    basedir: '{site.root}/g10k'\n",
    )
    target = site.root / "alone.environments"
    return {
        "r10k from branches": _r10k(branches, lambda: measure(branches.deploy())),
        "pinner, then r10k --incremental": _r10k(pinned, lambda: _pinned(project, pinned)),
        "g10k from branches": Competitor(
            lambda: measure(site.command("g10k", "-quiet", "-config", g10k)),
            site.root / "g10k",
            site.root / "g10k.cache",
        ),
        "pinner deploy": Competitor(
            lambda: measure(
                alone.pinner("update"), alone.pinner("deploy", "--to", target, "--no-generate-types")
            ),
            target,
            site.root / "alone.cache",
        ),
    }


def _r10k(control: ControlRepo, run: Run) -> Competitor:
    beside = str(control.path)
    return Competitor(run, Path(f"{beside}.environments"), Path(f"{beside}.cache"))


def _pinned(project: Project, control: ControlRepo) -> Cost:
    return measure(
        project.pinner("update"),
        project.pinner("generate"),
        control.publish(project.directory),
        control.deploy("--incremental"),
    )
