"""What `id --from-report` prints: the lock that a report's code came from, as text and as JSON."""

from collections.abc import Iterator

from pinner.operations.origins import Origin, Origins
from pinner.report.as_json import Json
from pinner.report.visible import one_line

_SHORT = 12


def as_text(result: Origins) -> Iterator[str]:
    """Yield the lines: what the report says, then where such a lock is, or that none is known."""
    run = result.run
    if run.version is None:
        yield f"{_environment(result)}: no configuration version: no catalog was compiled, or nothing set one"
        return
    version = one_line(run.version)
    for origin in result.found:
        yield f"{_environment(result)}: {version} is {_origin(origin, result)}"
    if not result.found:
        yield f"{_environment(result)}: {version} is no lock of this project{_reason(result)}"


def as_json(result: Origins) -> Json:
    """Return the same values for scripts; `commit` is null for a lock as it is on disk."""
    run = result.run
    return {
        "report": {
            "version": run.version,
            "environment": run.environment,
            "host": run.host,
            "time": run.time,
        },
        "locks": [
            {
                "environment": origin.environment,
                "commit": origin.commit,
                "committed_at": origin.committed_at.isoformat() if origin.committed_at else None,
            }
            for origin in result.found
        ],
        "current": result.now,
        "gap": result.gap,
    }


def _environment(result: Origins) -> str:
    return one_line(result.run.environment or "(no environment named)")


def _origin(origin: Origin, result: Origins) -> str:
    whose = (
        "its lock" if origin.environment == result.run.environment else f"the lock of {origin.environment}"
    )
    if origin.commit is None or origin.committed_at is None:
        return f"{whose} as it is now"
    now = f"; now it is {result.now}" if result.now else "; it has no lock now"
    day = origin.committed_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"{whose} as commit {origin.commit[:_SHORT]} of {day} wrote it{now}"


def _reason(result: Origins) -> str:
    return f", as far as can be seen: {result.gap}" if result.gap else ", now or in its git history"
