"""The benchmark's own parts: what it counts and computes, never how long anything takes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.oracles import find_tool
from tools.bench.__main__ import is_installed, run_bench
from tools.bench.cost import Command, Cost, FailedError, measure, measure_together
from tools.bench.report import render
from tools.bench.rounds import Limit, Ratio, Runs, Section, interleave
from tools.bench.serving import serve
from tools.bench.site import Site, environments
from tools.bench.upstreams import OPENSTACK, OWN, RELEASES, Size, build, commit, path_of, url_of
from tools.bench.versions import Competitor, bench_versions

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
    find_tool("openssl", "openssl")
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
    find_tool("openssl", "openssl")
    modules = ("keystone", "openstacklib", "oslo", OWN[0])
    build(tmp_path / "upstreams", modules, SMALL)
    with serve(tmp_path / "upstreams", tmp_path / "requests") as server:
        project = Site(tmp_path / "site", server).project("project", environments(5, modules))
        measure(project.pinner("lock", "--strict"))
        assert server.traffic.connections == len(modules)
    assert len(list(project.directory.glob("environments/*.lock"))) == 5


@pytest.mark.parametrize(
    ("tool", "is_there"),
    [
        ("puppet", True),
        ("puppet strings", True),
        ("puppet stories", False),
        ("no-such-program strings", False),
    ],
)
def test_a_tool_may_be_a_program_or_one_of_its_subcommands(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    script = tmp_path / "puppet"
    script.write_text('#!/bin/sh\ntest "$1" = strings\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert is_installed(tool) is is_there


def test_a_bench_whose_tools_are_missing_is_skipped_and_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_bench("explain", tmp_path, tmp_path / "explain", 1) == ()
    assert capsys.readouterr().err == (
        "explain skipped: needs apt-get and dpkg-deb and ruby and puppet and puppet strings\n"
    )


def test_enough_modules_for_forty() -> None:
    assert len({*OPENSTACK, *OWN}) == 40


def git(path: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(path), *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_disk_of_a_deployment_is_what_du_counts_without_the_two_directories_themselves(
    tmp_path: Path,
) -> None:
    competitor = Competitor(lambda: Cost(1.0, 1.0, 1), tmp_path / "environments", tmp_path / "cache")
    for place in (competitor.environments, competitor.cache):
        (place / "inner").mkdir(parents=True)
        (place / "inner" / "file").write_bytes(b"x" * 10_000)
    (competitor.environments / "again").hardlink_to(competitor.cache / "inner" / "file")
    (competitor.environments / "link").symlink_to(competitor.cache)
    words = ["du", "--summarize", "--total", "--block-size=1", "environments", "cache"]
    total = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    own = sum(place.stat().st_blocks * 512 for place in (competitor.environments, competitor.cache))
    assert competitor.size == int(total.splitlines()[-1].split()[0]) - own
    competitor.environments.joinpath("inner").chmod(0o500)
    assert competitor.run_cold().wall == 1.0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.e2e
def test_every_way_to_deploy_is_measured_in_every_case(tmp_path: Path) -> None:
    for tool in ("r10k", "g10k"):
        find_tool(tool, tool)
    modules = ("openstacklib", "oslo", "keystone", "nova")
    build(tmp_path / "upstreams", modules, SMALL)
    *sections, large = bench_versions(
        tmp_path / "upstreams", tmp_path / "work", 1, counts=(4,), modules=modules, large=8, more=modules
    )
    assert large.title == "Deploying 8 environments of 4 modules over 4 releases"
    assert " MB on disk; 4 environments take " in large.runs[0].note
    assert [section.title.partition(", ")[2] for section in sections] == [
        f"{case}, https on loopback" for case in ("cold", "nothing new", "one new commit of nova")
    ]
    for section in sections:
        assert all(" connections, " in run.note and run.note.endswith(" MB on disk") for run in section.runs)
        assert len(section.runs) == 4
