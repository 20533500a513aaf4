"""Starting: `pinner --version` against an interpreter that does nothing."""

import sys
from pathlib import Path

from tools.bench.cost import measure
from tools.bench.rounds import Ratio, Section, interleave
from tools.bench.serving import Server
from tools.bench.site import PINNER, Site

TIMES = 5


def bench_start(work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure several starts a round: each is short."""
    work.mkdir(parents=True)
    site = Site(work, Server("", "", work / "requests"))
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "pinner --version": (PINNER, "--version"),
        "pinner --help": (PINNER, "--help"),
    }
    runs = interleave(
        rounds,
        {
            label: lambda words=words: measure(*[site.command(*words)] * TIMES)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            for label, words in commands.items()
        },
    )
    python, version, helped = runs.values()
    return (
        Section(
            "Starting",
            f"{TIMES} starts a round.",
            (python, version, helped),
            (Ratio(version, python, 3.0), Ratio(helped, python)),
        ),
    )
