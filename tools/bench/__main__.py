"""`make bench`: what pinner costs beside its peers and beside the floor, as ratios of one run.

No measured time passes or fails. The report goes to stdout and to .bench/report.md; progress goes to stderr. Everything
is made in a temporary directory, because git is asked about each repository and cache that is in a checkout.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.bench.cold import bench_cold_lock
from tools.bench.compiling import bench_compile
from tools.bench.cost import FailedError
from tools.bench.deploying import bench_deploy
from tools.bench.explaining import bench_explain
from tools.bench.growing import bench_growth
from tools.bench.identifying import bench_identify
from tools.bench.locking import bench_warm_lock
from tools.bench.previewing import bench_cluster, bench_preview
from tools.bench.report import render
from tools.bench.rounds import Section
from tools.bench.starting import bench_start
from tools.bench.upstreams import OPENSTACK, OWN, Size, build
from tools.bench.versions import bench_versions

REPORT = Path(__file__).resolve().parents[2] / ".bench/report.md"
SMALL = Size(commits=40, files=10)
Bench = Callable[[Path, Path, int], tuple[Section, ...]]
BENCHES: Mapping[str, Bench] = {
    "start": lambda _upstreams, work, rounds: bench_start(work, rounds),
    "warm": bench_warm_lock,
    "cold": bench_cold_lock,
    "deploy": bench_deploy,
    "versions": bench_versions,
    "growth": bench_growth,
    "explain": bench_explain,
    "identify": bench_identify,
    "compile": bench_compile,
    "preview": bench_preview,
    "cluster": bench_cluster,
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "cold": ("r10k", "g10k"),
    "deploy": ("r10k", "g10k"),
    "versions": ("r10k", "g10k"),
    "compile": ("apt-get", "dpkg-deb", "ruby", "puppet"),
    "preview": ("apt-get", "dpkg-deb", "ruby", "puppet"),
    "cluster": ("apt-get", "dpkg-deb", "ruby", "puppet", "ps"),
    "explain": ("apt-get", "dpkg-deb", "ruby", "puppet", "puppet strings"),
}


def main() -> int:
    """Run the benches that were asked for, one after another; return 1 if one could not be run to its end."""
    options = _parse()
    with TemporaryDirectory(prefix="pinner-bench-", ignore_cleanup_errors=True) as made:
        return _run(options, Path(made).resolve())


def _run(options: argparse.Namespace, home: Path) -> int:
    upstreams, small = home / "upstreams", home / "small"
    if {"warm", "cold", "deploy", "versions"} & set(options.benches):
        _tell("building upstreams of a real one's size")
        build(upstreams, (*OPENSTACK, *OWN) if "versions" in options.benches else OPENSTACK[:20], Size())
    if "growth" in options.benches:
        _tell("building forty small upstreams")
        build(small, (*OPENSTACK, *OWN), SMALL)
    sections = {
        name: run_bench(name, small if name == "growth" else upstreams, home / name, options.rounds)
        for name in options.benches
    }
    answered = [section for told in sections.values() if told for section in told]
    report = render(answered, rounds=options.rounds)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(report)
    sys.stdout.write(report)
    return int(None in sections.values())


def run_bench(name: str, upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...] | None:
    """Return what a bench tells, nothing where its peers are missing, None if it failed."""
    missing = [tool for tool in NEEDED.get(name, ()) if not is_installed(tool)]
    if missing:
        _tell(f"{name} skipped: needs {' and '.join(missing)}")
        return ()
    _tell(f"measuring: {name}")
    try:
        return BENCHES[name](upstreams, work, rounds)
    except FailedError as error:
        _tell(f"{name} failed: {error}")
        return None


def is_installed(tool: str) -> bool:
    """Return whether a program is on PATH, and has the subcommand that `tool` names after it, if it names one."""
    program, _, face = tool.partition(" ")
    if shutil.which(program) is None:
        return False
    return (
        not face
        or subprocess.run([program, face, "--help"], capture_output=True, check=False).returncode == 0
    )


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=f"which ones (all: {' '.join(BENCHES)})")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of each (default: 5)")
    options = parser.parse_args()
    if unknown := sorted(set(options.benches) - set(BENCHES)):
        parser.error(f"there is no bench {unknown[0]}")
    options.benches = options.benches or list(BENCHES)
    return options


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


if __name__ == "__main__":
    sys.exit(main())
