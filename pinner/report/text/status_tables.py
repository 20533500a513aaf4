"""The tables of `status` on a terminal; where one is too narrow for them, two lines per module."""

from collections.abc import Iterable, Iterator
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinner.model.results import EnvironmentStatus
from pinner.model.text import visible
from pinner.report.text.status import HEADINGS, row_of, title_of
from pinner.report.text.terminal import STATUS_COLOURS, styled

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
