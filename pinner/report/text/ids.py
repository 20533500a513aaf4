"""Text of `id`: lock ids, and the lock that a Puppet run used."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pinner.model.text import SHORT, one_line

if TYPE_CHECKING:
    from pinner.model.identification import LockOrigin, LockOrigins


def lock_ids_text(rows: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield one line per environment: its name and lock id."""
    rows = tuple(rows)
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"{name:{width}}  {lock_id or 'no lock'}" for name, lock_id in rows)


def origins_text(result: "LockOrigins") -> Iterator[str]:
    """Yield the lines: the report's version, then which locks have it, or that no known lock has it."""
    run = result.run
    environment = one_line(run.environment or "(no environment)")
    if run.version is None:
        yield f"{environment}: no configuration version: no catalog was compiled, or none is configured"
        return
    version = one_line(run.version)
    for origin in result.found:
        yield f"{environment}: {version} is {_origin(origin, result)}"
    if not result.found:
        where = (
            f", as far as could be searched: {result.gap}" if result.gap else ", now or in its git history"
        )
        yield f"{environment}: {version} is not a lock of this project{where}"


def _origin(origin: "LockOrigin", result: "LockOrigins") -> str:
    """Return which lock it is: of this environment or another, the current one or that of a commit."""
    is_own = origin.environment == result.run.environment
    if origin.commit is None or origin.committed_at is None:
        return "its current lock" if is_own else f"the current lock of {origin.environment}"
    lock = "its lock" if is_own else f"the lock of {origin.environment}"
    now = f"; the current lock is {result.now}" if result.now else "; there is no lock now"
    return f"{lock} from commit {origin.commit[:SHORT]} of {origin.committed_at:%Y-%m-%d %H:%M} UTC{now}"
