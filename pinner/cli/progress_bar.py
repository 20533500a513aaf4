"""The progress bar that a terminal shows while remotes are contacted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from pinner.locking.resolve import Progress


@contextmanager
def progress_bar() -> Iterator["Progress"]:
    """Yield the function that each finished repository is reported to; the bar goes when the block ends.

    It names the repository that is waited for longest, so that a server that does not answer is seen.
    """
    columns = (
        TextColumn("fetching"),
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)

        def advance(done: int, total: int, _url: str | None, waiting: Sequence[str]) -> None:
            more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
            what = f"waiting for {waiting[0].rstrip('/').rpartition('/')[2]}{more}" if waiting else ""
            bars.update(task, completed=done, total=total, description=what)

        yield advance
