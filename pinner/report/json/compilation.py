"""JSON of `compile`."""

from collections.abc import Iterable

from pinner.model.catalogs import Cause, Compilation, NodeCounts
from pinner.report.json.encoding import Json


def compilation_json(results: Iterable[Compilation]) -> Json:
    """Return what `compile` prints."""
    return {
        "environments": [
            {
                "name": result.environment,
                "lock_id": result.lock_id,
                "nodes": counts_json(result.counts),
                "failures": [cause_json(cause) for cause in result.causes],
                "warnings": [
                    {"message": notice.message, "path": notice.path, "line": notice.line, "nodes": number}
                    for notice, number in sorted(
                        result.warnings.items(), key=lambda item: (-item[1], item[0].message)
                    )
                ],
                "problems": [problem.message for problem in result.problems],
            }
            for result in results
        ]
    }


def counts_json(counts: NodeCounts) -> Json:
    """Return the numbers of nodes."""
    return {"compiled": counts.compiled, "failed": counts.failed, "left_out": counts.left_out}


def cause_json(cause: Cause) -> Json:
    """Return one cause with its nodes."""
    return {
        "nodes": list(cause.nodes),
        "message": cause.notice.message,
        "path": cause.notice.path,
        "line": cause.notice.line,
        "module": cause.module,
        "hint": cause.hint,
    }
