"""Progress while remotes are asked: a bar on a terminal, one plain line elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pinner.cli.output import tell
from pinner.operations.answers import Progress


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield what the sync reports each finished repository to; what is worth knowing about one is told at once."""
    if not sys.stderr.isatty():
        with _one_line() as on_done:
            yield on_done
        return
    from rich.console import Console  # noqa: PLC0415 - a pipe never needs it
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    columns = (TextColumn("asking git"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)

        def advance(done: int, total: int, url: str, notes: tuple[str, ...]) -> None:
            bars.update(task, completed=done, total=total, description=url)
            for note in notes:
                tell(note)

        yield advance


@contextmanager
def _one_line() -> Iterator[Progress]:
    asked = 0

    def count(done: int, _total: int, _url: str, notes: tuple[str, ...]) -> None:
        nonlocal asked
        asked = done
        for note in notes:
            tell(note)

    try:
        yield count
    finally:
        if asked:
            tell(f"asked {asked} {'repository' if asked == 1 else 'repositories'}")
