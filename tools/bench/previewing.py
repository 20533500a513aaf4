"""What a preview of two releases costs: the first, a second one, one of two locks changed, and a thousand nodes."""

import json
import shutil
import sys
from pathlib import Path

from tests.support.toy_estate import write_files
from tools.bench.compiling import NODES, Estate, by_octocatalog_diff, by_puppet, prepare_estate
from tools.bench.cost import Command, Cost, FailedError, measure
from tools.bench.estate import ROLES, write_cloud
from tools.bench.rounds import Limit, Ratio, Run, Runs, Section, interleave

BY_PUPPET = 1 / 10
RERUN = 1 / 50
ONE_LOCK = 0.6
OWN_PYTHON = 0.03
BY_OCTOCATALOG_DIFF = 1 / 18
MANY = {"controller": 10, "compute": 970, "network": 20}
MOST_ROUNDS = 2
"""A round takes minutes, and CPU time differs little from one to the next."""
ON_CLUSTER = 1.3
GIBIBYTE = 1024**3
_REAPING = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: what a killed worker leaves is waited for, and so counted
code = subprocess.call(sys.argv[1:])
try:
    while True:
        os.wait()
except ChildProcessError:
    sys.exit(code)
"""
_KILLING = """
if $trusted['certname'] == 'compute096.example.org' {{ $killed = generate('/bin/sh', '{script}') }}
"""
_KILL = """
mkdir {mark} 2>/dev/null || exit 0
kill -KILL $(ps -o ppid= -p $(ps -o ppid= -p $PPID))
"""
"""The process of a node is a child of the compiler, and that one of a worker."""
_OWN = """
import json, resource, sys
from pinner.cli.main import run
try:
    sys.exit(run())
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    open({path!r}, "w").write(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]))
"""


def bench_preview(_upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure previews of many nodes beside Puppet's own command and octocatalog-diff, and one of a thousand."""
    estate = prepare_estate(work)
    return _cloud(estate, min(rounds, MOST_ROUNDS)), _thousand(estate, work)


def _cloud(estate: Estate, rounds: int) -> Section:
    code = estate.code
    used: list[Cost] = []

    def preview(*environments: str) -> Cost:
        return measure(_command(estate, *environments))

    def first() -> Cost:
        _forget(estate)
        cost = preview(code.old, code.new)
        used.append(_own(estate, cost))
        return cost

    def one_lock() -> Cost:
        _forget(estate)
        preview(code.old, code.old)
        return preview(code.old, code.new)

    run_by_label: dict[str, Run] = {
        "puppet catalog compile, both releases": lambda: by_puppet(
            code.project.site, estate.environments, estate.facts
        ),
        "pinner preview": first,
        "pinner preview, again": lambda: preview(code.old, code.new),
        "pinner preview, one lock changed": one_lock,
    }
    if shutil.which("octocatalog-diff"):
        run_by_label["octocatalog-diff, made to run on Ruby 3"] = lambda: by_octocatalog_diff(estate)
    puppet, new, again, changed, *octocatalog = interleave(rounds, run_by_label).values()
    own = Runs("of that, pinner's own process", tuple(used))
    return Section(
        f"Preview of {sum(NODES.values())} nodes in {len(ROLES)} roles, thirty modules",
        "Debian's packages of two releases. Puppet's command is measured on one node of each role and release, and its "
        "costs are multiplied by the number of nodes; its wall time is that of one process after another. "
        + ("The same holds for octocatalog-diff." if octocatalog else "Skipped: needs octocatalog-diff."),
        (puppet, *octocatalog, new, own, again, changed),
        (
            Ratio(new, puppet, BY_PUPPET, "cpu"),
            Ratio(new, puppet, None, "wall"),
            *(Ratio(new, one, BY_OCTOCATALOG_DIFF, "wall") for one in octocatalog),
            *(Ratio(new, one, None, "cpu") for one in octocatalog),
            Ratio(again, new, RERUN, "cpu"),
            Ratio(again, new, RERUN, "wall"),
            Ratio(changed, new, ONE_LOCK, "cpu"),
            Ratio(own, new, OWN_PYTHON, "cpu"),
        ),
    )


def _thousand(estate: Estate, work: Path) -> Section:
    _, facts = write_cloud(work / "many", MANY)
    _forget(estate)
    cost = measure(_command(estate, estate.code.old, estate.code.new, nodes=facts))
    own = _own(estate, cost)
    again = measure(_command(estate, estate.code.old, estate.code.new, nodes=facts))
    runs = (
        Runs("pinner preview", (cost,)),
        Runs("of that, pinner's own process", (own,)),
        Runs("pinner preview, again", (again,)),
    )
    return Section(
        f"Preview of {sum(MANY.values())} nodes",
        "Measured once. The memory is that of the largest process.",
        runs,
        (Ratio(runs[1], runs[0], OWN_PYTHON, "cpu"), Ratio(runs[2], runs[0], RERUN, "cpu")),
        (Limit(runs[0], "peak", GIBIBYTE),),
    )


def bench_cluster(_upstreams: Path, work: Path, _rounds: int) -> tuple[Section, ...]:
    """Measure a preview on this machine, and with two workers of which one is killed in the middle."""
    estate = prepare_estate(work)
    project = estate.code.project
    mark, script, key = work / "killed", work / "kill.sh", work / "key"
    write_files(work, {script.name: _KILL.format(mark=mark), key.name: "0" * 64})
    manifest = estate.control / "manifests/site.pp"
    manifest.write_text(_KILLING.format(script=script) + manifest.read_text())
    words = (
        "preview",
        estate.code.old,
        estate.code.new,
        *estate.words(),
        "--no-cache",
        "--key",
        str(key),
    )
    costs, reports = [], []
    for more in ((), ("--scheduler", "local")):
        mark.rmdir() if more else mark.mkdir()
        ours = project.pinner(*words, "--workers", "2", "--format", "json", *more)
        command = project.command(sys.executable, "-c", _REAPING, *ours.words)
        costs.append(measure(command))
        reports.append(command.log.read_bytes())
    if reports[0] != reports[1] or not mark.is_dir():
        raise FailedError("the report of the cluster is another one, or no worker was killed")
    here, there = Runs("pinner preview", (costs[0],)), Runs("pinner preview --scheduler local", (costs[1],))
    return (
        Section(
            f"Preview of {sum(NODES.values())} nodes on a cluster",
            "Measured once. Two workers of dask, one of which is killed in the middle; both reports are the same bytes.",
            (here, there),
            (Ratio(there, here, ON_CLUSTER, "cpu"), Ratio(there, here, None, "wall")),
        ),
    )


def _command(estate: Estate, *environments: str, nodes: Path | None = None) -> Command:
    """Return a preview that also writes what its own process used."""
    project = estate.code.project
    words = ("preview", *environments, *estate.words(nodes), "--format", "json")
    program = _OWN.format(path=str(_note(estate)))
    return project.command(sys.executable, "-c", program, *words)


def _note(estate: Estate) -> Path:
    return estate.code.project.site.root / "own.json"


def _own(estate: Estate, whole: Cost) -> Cost:
    cpu, peak = json.loads(_note(estate).read_text())
    return Cost(whole.wall, cpu, peak)


def _forget(estate: Estate) -> None:
    """Remove the catalogs that are kept."""
    for path in estate.code.project.cache.glob("catalogs/memory.sqlite*"):
        path.unlink()
