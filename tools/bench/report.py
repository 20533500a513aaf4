"""The benchmark's answers as Markdown."""

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from statistics import median

from tools.bench.rounds import Limit, Ratio, Runs, Section

_MB = 1_000_000


def render(sections: Iterable[Section], *, rounds: int) -> str:
    """Return the whole report."""
    return "\n".join([*_head(rounds), *(line for section in sections for line in _section(section))]) + "\n"


def _head(rounds: int) -> Iterator[str]:
    yield "# What pinner costs"
    yield ""
    yield f"{rounds} interleaved rounds on {os.cpu_count()} CPUs, {_load()}, {_version('git', '--version')}, "
    yield f"Python {platform.python_version()}. The servers run on the same CPUs. Trust counts most, then ratios of the"
    yield "same round, then minima; wall times of different tables must not be compared."


def _load() -> str:
    return "load average " + " ".join(f"{load:.1f}" for load in os.getloadavg())


def _version(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {section.title}", "", section.about, "")
    yield "| run | wall min / median / max, s | CPU min / median, s | largest process, MB | |"
    yield "|---|---|---|---|---|"
    yield from (_runs(runs) for runs in section.runs)
    if section.ratios:
        yield from (
            "",
            "| ratio | of | by round min / median / max | of the best rounds | aim | met |",
            "|---|---|---|---|---|---|",
        )
        yield from (_ratio(ratio) for ratio in section.ratios)
    if section.limits:
        yield from ("", *(_limit(limit) for limit in section.limits))


def _runs(runs: Runs) -> str:
    cpu = runs.of("cpu")
    peak = max(runs.of("peak")) / _MB
    return f"| {runs.label} | {_spread(runs.of('wall'))} | {min(cpu):.2f} / {median(cpu):.2f} | {peak:.0f} | {runs.note} |"


def _ratio(ratio: Ratio) -> str:
    aim = "" if ratio.aim is None else f"at most {ratio.aim:g}"
    is_met = "" if ratio.aim is None else ("yes" if ratio.is_met else "**no**")
    what = f"{ratio.above.label} / {ratio.below.label}"
    return (
        f"| {what} | {ratio.quantity} | {_spread(ratio.by_round)} | {ratio.of_best:.2f} | {aim} | {is_met} |"
    )


def _limit(limit: Limit) -> str:
    unit, name = (_MB, "MB") if limit.quantity == "peak" else (1, "s")
    verdict = "met" if limit.found <= limit.at_most else "**not met**"
    aim = f"aim at most {limit.at_most / unit:g} {name}: {verdict}"
    return f"- {limit.runs.label}: {limit.quantity} {limit.found / unit:.1f} {name}, {aim}"


def _spread(values: tuple[float, ...]) -> str:
    return f"{min(values):.2f} / {median(values):.2f} / {max(values):.2f}"
