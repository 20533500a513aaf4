"""Text of `compile`: how many nodes compile, and the causes why others do not."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pinner.model.catalogs import Cause, Compilation
from pinner.model.errors import Location
from pinner.model.text import one_line
from pinner.report.words import count

_NUMBER = re.compile(r"(?P<before>.*?)(?P<number>\d+)(?P<after>\D*)")
_MOST_NAMES = 12


def fold_names(names: Iterable[str]) -> str:
    """Return names in short, with ranges of numbers: `compute[001-003,007].example.org, db1.example.org`.

    Names are folded by the last number of their host name; numbers of different length are not one range.
    """
    groups: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
    for name in sorted(set(names)):
        host, dot, domain = name.partition(".")
        if (found := _NUMBER.fullmatch(host)) and len(found["number"]) < 10:  # noqa: PLR2004 - no serial number
            groups[found["before"], found["after"] + dot + domain, len(found["number"])].append(
                int(found["number"])
            )
        else:
            groups[name, "", 0] = []
    return ", ".join(_folded(*key, numbers) for key, numbers in groups.items())


def _folded(before: str, after: str, width: int, numbers: list[int]) -> str:
    if not numbers:
        return before
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [f"{a:0{width}}" if a == b else f"{a:0{width}}-{b:0{width}}" for a, b in ranges]
    if len(words) > _MOST_NAMES:
        words = [*words[:_MOST_NAMES], f"and {len(words) - _MOST_NAMES} more"]
    inner = ",".join(words)
    return f"{before}{inner}{after}" if len(numbers) == 1 else f"{before}[{inner}]{after}"


def cause_lines(cause: Cause) -> Iterator[str]:
    """Yield the lines of one cause: its nodes, where and why, and the hint."""
    yield f"  {count(len(cause.nodes), 'node')} ({one_line(fold_names(cause.nodes))})"
    path, line = cause.notice.path, cause.notice.line
    where = f"{Location(path, line)}: " if path else ""
    yield f"    {one_line(where + cause.notice.message)}"
    if cause.hint:
        yield f"    hint: {cause.hint}"


def compilation_text(results: Iterable[Compilation]) -> Iterator[str]:
    """Yield the lines for each environment."""
    for result in results:
        counts = result.counts
        left = f"; {count(counts.left_out, 'node')} left out" if counts.left_out else ""
        total = counts.compiled + counts.failed
        yield f"{result.environment} ({result.lock_id}): {counts.compiled} of {count(total, 'node')} compile{left}"
        for cause in result.causes:
            yield from cause_lines(cause)
        for notice, number in sorted(result.warnings.items(), key=lambda item: (-item[1], item[0].message)):
            where = f"{Location(notice.path, notice.line)}: " if notice.path else ""
            yield f"  warning on {count(number, 'node')}: {one_line(where + notice.message)}"
