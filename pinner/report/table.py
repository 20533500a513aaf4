"""Tables: environments by modules, as wide as the terminal; in a pipe one line a module."""

import sys
from collections.abc import Iterable

from pinner.operations.status import EnvironmentStatus, ModuleStatus
from pinner.report.counts import count
from pinner.words.pins import GitPin
from pinner.words.refs import short_name

HEADINGS = ("module", "version", "ref", "status", "behind")
COLOURS = {"maintained": "green", "unmaintained": "yellow", "end of life": "red"}


def print_statuses(statuses: Iterable[EnvironmentStatus]) -> None:
    """Print each environment with its modules: a table on a terminal, columns elsewhere."""
    for status in statuses:
        lock_id = status.lock.lock_id if status.lock else "no lock yet: run 'pinner lock'"
        rows = [row_of(module) for module in status.modules]
        title = f"{status.name}: {lock_id}, {count(len(rows), 'module')}"
        (_print_table if sys.stdout.isatty() else _print_columns)(title, rows)


def row_of(module: ModuleStatus) -> tuple[str, str, str, str, str]:
    """Return the cells of one module, in the order of HEADINGS; what is not known is `?`, what does not apply `-`."""
    pin = module.pin
    if not isinstance(pin, GitPin):
        return module.name, pin.version, f"forge {pin.forge}", "-", "-"
    ref = short_name(pin.ref) if pin.ref else "bare commit"
    behind = "?" if module.behind is None else str(module.behind)
    return module.name, pin.version or "-", ref, pin.status or "-", behind


def _print_columns(title: str, rows: list[tuple[str, str, str, str, str]]) -> None:
    cells = [HEADINGS, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    sys.stdout.write(title + "\n" + "".join(f"  {line}\n" for line in lines))


def _print_table(title: str, rows: list[tuple[str, str, str, str, str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe never needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", title_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "behind" else "left")
    for name, version, ref, status, behind in rows:
        table.add_row(
            Text(name), Text(version), Text(ref), Text(status, style=COLOURS.get(status, "")), Text(behind)
        )
    Console().print(table)
