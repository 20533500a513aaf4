"""What an audit found, as text and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pinner.operations.audit import Audit
from pinner.operations.lock import Outcome
from pinner.report import as_json as json
from pinner.report.counts import count
from pinner.report.findings import findings
from pinner.words.findings import Level

_NOUNS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def as_text(result: Audit) -> Iterator[str]:
    """Yield the lines: what was looked at, each finding by its place, the counts."""
    yield f"{result.environment} ({result.lock.lock_id}): {_scope(result)}"
    yield from findings(result.findings)
    totals = Counter(finding.level for finding in result.findings)
    yield ", ".join(count(totals[level], noun) for level, noun in _NOUNS.items())


def _scope(result: Audit) -> str:
    material = result.material
    parts = [count(result.modules, "module")]
    if material.files:
        parts += [count(len(material.files), "data file"), count(material.keys, "key")]
    if material.sites:
        parts.append(count(len(material.sites), "file of code", "files of code"))
    return ", ".join(parts)


def as_json(result: Audit) -> Mapping[str, Any]:
    """Return what `audit --format json` prints: the shape that `verify` has, and what could not be found out."""
    return {
        **json.outcomes([as_outcome(result)]),
        "data_files": len(result.material.files),
        "code_files": len(result.material.sites),
        "keys": result.material.keys,
        "problems": [str(problem) for problem in result.problems],
    }


def as_outcome(result: Audit) -> Outcome:
    """Return the findings in the form that JUnit XML and SARIF are made from."""
    return Outcome(result.environment, result.lock, result.lock, result.findings)
