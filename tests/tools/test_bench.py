"""The benchmark's own parts: what it counts and computes, never how long anything takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.bench.cost import Command, Cost, FailedError, measure, measure_together
from tools.bench.report import render
from tools.bench.rounds import Limit, Ratio, Runs, Section, interleave
from tools.bench.serving import serve
from tools.bench.site import Site, environments
from tools.bench.upstreams import OPENSTACK, OWN, RELEASES, Size, build, commit, path_of, url_of

SMALL = Size(commits=16, files=3, lines=8, tags=8)


def runs(label: str, *walls: float) -> Runs:
    return Runs(label, tuple(Cost(wall, wall / 2, 1_000_000) for wall in walls))


def shell(directory: Path, script: str) -> Command:
    return Command(("sh", "-c", script), directory, {"PATH": os.environ["PATH"]}, directory / "log")


def test_ratios_pair_the_rounds() -> None:
    ratio = Ratio(runs("pinner", 2.0, 6.0, 3.0), runs("floor", 2.0, 3.0, 2.0), aim=1.5)
    assert ratio.by_round == (1.0, 2.0, 1.5)
    assert ratio.of_best == 1.0
    assert ratio.is_met
    assert not Ratio(runs("pinner", 4.0), runs("floor", 2.0), aim=1.5).is_met


def test_rounds_are_interleaved() -> None:
    calls: list[str] = []

    def run(label: str) -> Cost:
        calls.append(label)
        return Cost(1.0, 1.0, 1)

    told = interleave(
        2, {"a": lambda: run("a"), "b": lambda: run("b")}, before=lambda: calls.append("before")
    )
    assert calls == ["before", "a", "b", "before", "a", "b"]
    assert [len(each.costs) for each in told.values()] == [2, 2]


def test_a_failed_command_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(FailedError, match=r"'sh -c echo no such thing; exit 3' ended with 3:\nno such thing"):
        measure(shell(tmp_path, "echo no such thing; exit 3"))


def test_the_cost_counts_children_of_children(tmp_path: Path) -> None:
    burn = f"{sys.executable} -c 'import os\nwhile sum(os.times()[:2]) < 0.2: pass'"
    one, three = (measure_together([shell(tmp_path, f"{burn}; true")] * count) for count in (1, 3))
    assert one.cpu >= 0.2
    assert three.cpu >= 0.6
    assert three.peak > 1_000_000


def test_the_report_holds_every_number_and_says_which_aim_was_missed() -> None:
    floor, lock = runs("floor", 1.0, 2.0, 3.0), runs("lock", 2.0, 4.0, 9.0)
    ratios = (Ratio(lock, floor, 1.5), Ratio(lock, floor))
    limits = (Limit(lock, "cpu", 2), Limit(lock, "peak", 900_000))
    section = Section("Warm", "Nothing new.", (floor, lock), ratios, limits)
    report = render([section], rounds=3)
    assert "## Warm\n\nNothing new.\n" in report
    assert "| lock | 2.00 / 4.00 / 9.00 | 1.00 / 2.00 | 1 |  |\n" in report
    assert "| lock / floor | wall | 2.00 / 2.00 / 3.00 | 2.00 | at most 1.5 | **no** |\n" in report
    assert "| lock / floor | wall | 2.00 / 2.00 / 3.00 | 2.00 |  |  |\n" in report
    assert "- lock: cpu 2.0 s, aim at most 2 s: met\n" in report
    assert "- lock: peak 1.0 MB, aim at most 0.9 MB: **not met**\n" in report


def test_upstreams_have_the_releases_and_their_metadata(tmp_path: Path) -> None:
    build(tmp_path, ("nova", OWN[0]), SMALL)
    heads = git(path_of(tmp_path, "nova"), "for-each-ref", "--format=%(refname:short)", "refs/heads").split()
    assert {f"stable/{release}" for release in RELEASES} < set(heads)
    assert len(git(path_of(tmp_path, "nova"), "tag").split()) == 8
    metadata = git(path_of(tmp_path, "nova"), "show", "stable/2025.1:metadata.json")
    assert '"name": "openstack-nova"' in metadata
    assert '"version_requirement": ">=26.0.0 <27.0.0"' in metadata
    before = git(path_of(tmp_path, "nova"), "rev-parse", "stable/2025.1").strip()
    commit(tmp_path, "nova", "2025.1", 0)
    assert git(path_of(tmp_path, "nova"), "rev-parse", "stable/2025.1^").strip() == before


def test_the_server_counts_what_reaches_it(tmp_path: Path) -> None:
    build(tmp_path / "upstreams", ("nova",), SMALL)
    with serve(tmp_path / "upstreams", tmp_path / "requests") as server:
        site = Site(tmp_path / "site", server)
        place = url_of("nova").replace("https://", f"{server.url}/")
        measure_together([site.command("git", "ls-remote", "--heads", place)] * 3)
        traffic = server.traffic
        server.forget()
        assert server.traffic.connections == 0
    assert (traffic.connections, traffic.requests) == (3, 6)
    assert traffic.sent > 0


def test_pinner_locks_the_benchmarks_projects(tmp_path: Path) -> None:
    modules = ("keystone", "openstacklib", "oslo", OWN[0])
    build(tmp_path / "upstreams", modules, SMALL)
    with serve(tmp_path / "upstreams", tmp_path / "requests") as server:
        project = Site(tmp_path / "site", server).project("project", environments(5, modules))
        measure(project.pinner("lock", "--strict"))
        assert server.traffic.connections == len(modules)
    assert len(list(project.directory.glob("environments/*.lock"))) == 5


def test_enough_modules_for_forty() -> None:
    assert len({*OPENSTACK, *OWN}) == 40


def git(path: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(path), *arguments], capture_output=True, text=True, check=True
    ).stdout
