"""Tables: environments by modules, as wide as the terminal; in a pipe one line a module."""

from collections.abc import Iterable, Iterator

from pinner.operations.status import EnvironmentStatus, ModuleStatus
from pinner.report.counts import count
from pinner.report.visible import visible
from pinner.words.pins import GitPin
from pinner.words.refs import short_name

HEADINGS = ("module", "version", "ref", "status", "behind")
COLOURS = {"maintained": "green", "unmaintained": "yellow", "end of life": "red"}


Row = tuple[str, str, str, str, str]


def columns(statuses: Iterable[EnvironmentStatus]) -> Iterator[str]:
    """Yield the lines of each environment with its modules, for a pipe."""
    for status in statuses:
        yield _title(status)
        if status.lock is not None:
            yield from (f"  {line}" for line in _columns([row_of(module) for module in status.modules]))


def print_tables(statuses: Iterable[EnvironmentStatus]) -> None:
    """Print each environment with its modules as a table, as wide as the terminal."""
    for status in statuses:
        if status.lock is None:
            _print_title(_title(status))
        else:
            _print_table(_title(status), [row_of(module) for module in status.modules])


def _title(status: EnvironmentStatus) -> str:
    if status.lock is None:
        return f"{status.name}: no lock yet: run 'pinner lock {status.name}'"
    return f"{status.name}: {status.lock.lock_id}, {count(len(status.modules), 'module')}"


def row_of(module: ModuleStatus) -> Row:
    """Return the cells of one module, in the order of HEADINGS; what is not known is `?`, what does not apply `-`."""
    pin = module.pin
    if not isinstance(pin, GitPin):
        return module.name, pin.version, f"forge {pin.forge}", "-", "-"
    ref = short_name(pin.ref) if pin.ref else "bare commit"
    behind = "?" if module.behind is None else str(module.behind)
    return module.name, pin.version or "-", ref, pin.status or "-", behind


def _columns(rows: list[Row]) -> Iterator[str]:
    cells = [HEADINGS, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _print_title(title: str) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe never needs it
    from rich.text import Text  # noqa: PLC0415

    Console().print(Text(visible(title), style="bold"))


def _print_table(title: str, rows: list[Row]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe never needs it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", title_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading == "behind" else "left")
    for row in rows:
        table.add_row(*(Text(visible(cell), style=COLOURS.get(cell, "")) for cell in row))
    Console().print(table)
