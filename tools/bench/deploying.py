"""Deploying with r10k: `--incremental` from pinner's Puppetfiles, the locks' time included, against r10k from branches."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.bench.cost import Command, Cost, FailedError, measure
from tools.bench.locking import MODULES
from tools.bench.rounds import Ratio, Run, Runs, Section, interleave
from tools.bench.serving import Server, serve
from tools.bench.site import Project, Site, environments
from tools.bench.upstreams import RELEASES, commit, url_of

CHANGED = "nova"
# Each environment's generated files become its branch in the control repo, where they changed.
PUBLISH = """
set -eu
for directory in puppetfiles/*/; do
    branch=refs/heads/$(basename "$directory")
    control="git --git-dir=$1 --work-tree=$directory -c user.name=b -c user.email=b@example.org"
    $control symbolic-ref HEAD "$branch"
    if $control show-ref --quiet --verify "$branch"; then $control read-tree HEAD; else $control read-tree --empty; fi
    $control add --all .
    $control diff --cached --quiet || $control commit --quiet --message=pinned
done
"""


@dataclass(frozen=True, slots=True)
class ControlRepo:
    """A control repo, and the r10k configuration that deploys its branches."""

    site: Site
    name: str

    def publish(self, directory: Path) -> Command:
        """Return the command that commits directory/puppetfiles/ENVIRONMENT as the branch ENVIRONMENT."""
        return self.site.command("sh", "-c", PUBLISH, "publish", self.path, cwd=directory)

    def deploy(self, *options: str) -> Command:
        """Return the command that deploys every branch with its modules."""
        config = self.site.write(
            f"{self.name}.yaml",
            f"cachedir: '{self.path}.cache'\n"
            f"sources: {{control: {{remote: 'file://{self.path}', basedir: '{self.path}.environments'}}}}\n",
        )
        return self.site.command("r10k", "deploy", "environment", "--modules", *options, "--config", config)

    def make(self) -> None:
        """Make the empty repository."""
        measure(self.site.command("git", "init", "--quiet", "--bare", self.path))

    def expect(self, path: str) -> None:
        """Raise FailedError if no deployed environment has that file: then the deploys were not of what they said."""
        if not any(self.path.parent.glob(f"{self.name}.git.environments/*/{path}")):
            raise FailedError(f"{self.name}: {path} was not deployed")

    @property
    def path(self) -> Path:
        """Return the repository; r10k's cache and environments are beside it."""
        return self.site.root / f"{self.name}.git"


def bench_deploy(upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure with nothing new upstream, and with one new commit a round."""
    work.mkdir(parents=True)
    with serve(upstreams, work / "requests") as server:
        site = Site(work, server)
        site.lead_git_to_the_server()
        project = site.project("project", environments(len(RELEASES), MODULES))
        pinned, branches = ControlRepo(site, "pinned"), ControlRepo(site, "branches")
        for control in (pinned, branches):
            control.make()
        _write_branch_puppetfiles(site)
        measure(project.pinner("lock"))
        measure(branches.publish(site.root / "by_branch"), branches.deploy())
        _pinned(project, pinned)
        run_by_label: dict[str, Run] = {
            "r10k from branches": lambda: measure(branches.deploy()),
            "pinner, then r10k --incremental": lambda: _pinned(project, pinned),
        }
        numbers = itertools.count()
        newest = f"modules/{CHANGED}/manifests/fix{rounds}.pp"
        cases: dict[str, Callable[[], None]] = {
            "nothing new upstream": lambda: None,
            f"one new commit of {CHANGED} a round": lambda: commit(
                upstreams, CHANGED, "2025.1", next(numbers)
            ),
        }
        told = tuple(_section(title, before, run_by_label, server, rounds) for title, before in cases.items())
        for control in (pinned, branches):
            control.expect(newest)
        return told


def _section(
    title: str, before: Callable[[], None], run_by_label: dict[str, Run], server: Server, rounds: int
) -> Section:
    runs = interleave(rounds, run_by_label, before=before)
    before()
    notes = {}
    for label, run in run_by_label.items():
        server.forget()
        run()
        notes[label] = str(server.traffic)
    branches, pinned = (Runs(label, each.costs, notes[label]) for label, each in runs.items())
    return Section(
        f"Deploying, {title}, https on loopback",
        f"{len(RELEASES)} environments of {len(MODULES)} modules. pinner's side is `pinner update`, `pinner generate`, "
        "a commit to the control repo and `r10k deploy environment --modules --incremental`.",
        (branches, pinned),
        (Ratio(pinned, branches), Ratio(pinned, branches, None, "cpu")),
    )


def _pinned(project: Project, control: ControlRepo) -> Cost:
    return measure(
        project.pinner("update"),
        project.pinner("generate"),
        control.publish(project.directory),
        control.deploy("--incremental"),
    )


def _write_branch_puppetfiles(site: Site) -> None:
    """Write what people have without pinner: a Puppetfile for each release that names its branches."""
    for number, release in enumerate(RELEASES):
        mods = (
            f"mod '{name}',\n  :git => '{url_of(name)}',\n  :branch => 'stable/{release}'\n"
            for name in MODULES
        )
        site.write(f"by_branch/puppetfiles/cloud_{number:04}/Puppetfile", "".join(mods))
