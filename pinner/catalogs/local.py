"""Compile nodes in several environments at the same time, one process tree for each environment."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pinner.catalogs.process import Compiler, compile_nodes
from pinner.model.catalogs import Compiled, Node, Resource

_WAITING = 32
"""Results that wait to be taken; more would only use memory."""


def compile_sides(
    compilers: Sequence[Compiler], nodes: Sequence[Sequence[Node]], rows: dict[str, Resource]
) -> Iterator[tuple[int, Compiled]]:
    """Yield the index of a compiler and the result of a node, for each node of each compiler.

    `nodes` are those of each compiler; without nodes, it is not started. `rows` is as in `compile_nodes`. An error of one of
    them ends the others.
    """
    results: queue.Queue[tuple[int, Compiled | BaseException | None]] = queue.Queue(_WAITING)
    is_over = threading.Event()
    threads = [
        threading.Thread(
            target=_run, args=(index, compile_nodes(compiler, some, rows), results, is_over), daemon=True
        )
        for index, (compiler, some) in enumerate(zip(compilers, nodes, strict=True))
        if some
    ]
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            index, one = results.get()
            if isinstance(one, BaseException):
                raise one
            if one is None:
                running -= 1
            else:
                yield index, one
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def _run(
    index: int,
    compiled: Iterator[Compiled],
    results: "queue.Queue[tuple[int, Compiled | BaseException | None]]",
    is_over: threading.Event,
) -> None:
    """Put the results of one compiler into the queue, then None or the error that ended it."""
    end: BaseException | None = None
    try:
        for one in compiled:
            if not _put(results, (index, one), is_over):
                return
    except BaseException as error:  # noqa: BLE001 - raised again by the thread that takes the results
        end = error
    _put(results, (index, end), is_over)


def _put(
    results: "queue.Queue[tuple[int, Compiled | BaseException | None]]",
    one: tuple[int, Compiled | BaseException | None],
    is_over: threading.Event,
) -> bool:
    """Wait until the queue has room; return False if nobody takes results any more."""
    while not is_over.is_set():
        with suppress(queue.Full):
            results.put(one, timeout=0.5)
            return True
    return False
