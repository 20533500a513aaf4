"""Reports on a terminal: colours by severity, lines wrapped between words, the tables of `status`, and the progress bar."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from io import StringIO
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text

from pinner.model.results import EnvironmentStatus
from pinner.model.text import visible
from pinner.report.text.status import HEADINGS, row_of, title_of

STATUS_COLOURS: Final = {"maintained": "green", "unmaintained": "yellow", "end of life": "red"}
_HANG: Final = 2
"""Columns that continued lines are indented by, beyond their first line."""
_STEM: Final = re.compile("[ │├└─]*")
_BELOW: Final = str.maketrans("├└─", "│  ")
"""What continued lines of a tree have in place of its branches."""
_WORD: Final = re.compile(r"\S+\s*")
_NARROWEST: Final = 20
"""Columns below which wrapping would leave no room for words."""
_STYLES: Final = tuple(
    (re.compile(pattern), style)
    for pattern, style in (
        (r"(?:^\s*|: |, |^[^\s:]+: )error(?=: )", "bold red"),
        (r"(?:^\s*|: |, |^[^\s:]+: )warning(?=: )", "bold yellow"),
        (r"(?:^\s*|: |, |^[^\s:]+: )info(?=: )", "bold cyan"),
        (r"^Error(?=: )", "bold red"),
        (r"\b[1-9]\d* errors?\b", "red"),
        (r"\b[1-9]\d* warnings?\b", "yellow"),
        (r"^\s*hint(?=: )", "bold cyan"),
        (r"\[[a-z]+(?:-[a-z]+)*\]$", "dim"),
        (r"^\s+\+ \S+", "green"),
        (r"^\s+- \S+(?= )", "red"),
        (r"^\s+~ \S+", "yellow"),
        (r"\bpin-[0-9a-f]{12}\b", "magenta"),
        (r"^[\w./~-]+\.(?:yaml|yml|json|pp|eyaml|lock|j2)(?::\d+)*(?=:)", "bold"),
        (r"^[a-z][a-z0-9_]*(?=: )", "bold"),
        (r"^\s*\d* \|(?: |$)", "blue"),
        (r"(?<=\| ) *\^+$", "bold red"),
        (r"(?<=  )unmaintained\b", "yellow"),
        (r"(?<=  )maintained\b", "green"),
        (r"(?<=  )end of life\b", "red"),
        (r"^Not ready\b.*", "bold red"),
        (r"^Ready\b.*", "bold green"),
    )
)


NO_LINKS: Final[Mapping[str, str]] = {}
_LINKED: Final = re.compile(r"(?<![\w#-])(?:[\w-]*#\d+|[\w-]+)(?![\w-])")


def styled(
    lines: Iterable[str], *, width: int | None, has_color: bool, links: Mapping[str, str] = NO_LINKS
) -> list[str]:
    """Return the lines as a terminal shows them: wrapped at `width` columns, with its codes for colours and links.

    Only blanks are broken at, so that names, paths and commands can be copied; None does not wrap. `links` maps words
    of the text to the addresses that they lead to; without colours there are no links.
    """
    rows = [row for line in lines for each in line.split("\n") for row in _wrapped(each, width, links)]
    if not has_color:
        return [row.plain for row in rows]
    console, shown = _console(), []
    for row in rows:
        with console.capture() as capture:
            console.print(row, soft_wrap=True, highlight=False, end="")
        shown.append(capture.get())
    return shown


def _wrapped(line: str, width: int | None, links: Mapping[str, str]) -> Iterator[Text]:
    text = Text(line, end="")
    for pattern, style in _STYLES:
        text.highlight_regex(pattern, style)
    for word in _LINKED.finditer(line) if links else ():
        if word.group() in links:
            text.stylize(Style(link=links[word.group()]), *word.span())
    stem = _STEM.match(line)
    lead = stem[0] if stem else ""
    indent = len(lead)
    if width is None or text.cell_len <= width or width - indent < _NARROWEST:
        yield text
        return
    inner = text[indent:]
    offsets: list[int] = []
    column, room = 0, width - indent
    for word in _WORD.finditer(inner.plain):
        if column and column + cell_len(word.group().rstrip()) > room:
            offsets.append(word.start())
            column, room = 0, width - indent - _HANG
        column += cell_len(word.group())
    for number, row in enumerate(inner.divide(offsets)):
        row.rstrip()
        yield Text(f"{lead.translate(_BELOW)}{' ' * _HANG}" if number else lead) + row


@cache
def _console() -> Console:
    return Console(file=StringIO(), force_terminal=True, no_color=False, color_system="standard", width=1000)


_UNLIMITED = 10_000
"""Columns of the console that measures tables; names are never cut to fit."""


def table_lines(
    statuses: Iterable[EnvironmentStatus], *, width: int | None, has_color: bool
) -> Iterator[str]:
    """Yield the lines of each environment with its modules, at most `width` columns wide unless a name is longer."""
    console = Console(
        file=StringIO(),
        force_terminal=has_color,
        no_color=False,
        color_system="standard" if has_color else None,
        width=_UNLIMITED,
    )
    for status in statuses:
        if status.lock is None:
            yield from styled([visible(title_of(status))], width=width, has_color=has_color)
            continue
        table = _table(status)
        if width is not None and console.measure(table).maximum > width:
            yield from styled(_stacked(status), width=width, has_color=has_color)
            continue
        with console.capture() as capture:
            console.print(table)
        yield from capture.get().splitlines()


def _table(status: EnvironmentStatus) -> Table:
    table = Table(title=visible(title_of(status)), title_justify="left", title_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "behind" else "left", no_wrap=True)
    for module in status.modules:
        cells = (visible(cell) for cell in row_of(module))
        table.add_row(*(Text(cell, style=STATUS_COLOURS.get(cell, "")) for cell in cells))
    return table


def _stacked(status: EnvironmentStatus) -> Iterator[str]:
    """Yield each module on a line, and below it the cells that are known, each with its heading if it is a number."""
    yield visible(title_of(status))
    for module in status.modules:
        name, version, *cells = (visible(cell) for cell in row_of(module))
        yield f"{name} {version}"
        named = zip(HEADINGS[2:], cells, strict=True)
        known = [
            f"{cell} {heading}" if heading == "behind" else cell for heading, cell in named if cell != "-"
        ]
        yield f"  {', '.join(known)}"


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str | None, Sequence[str]], None]]:
    """Yield the function that each finished repository is reported to; the bar goes when the block ends.

    It names the repository that is waited for longest, so that a server that does not answer is seen.
    """
    columns = (
        TextColumn("fetching"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)

        def advance(done: int, total: int, _url: str | None, waiting: Sequence[str]) -> None:
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            what = f"waiting for {waiting[0].rstrip('/').rpartition('/')[2]}{more}" if waiting else ""
            bars.update(task, completed=done, total=total, description=what)

        yield advance
