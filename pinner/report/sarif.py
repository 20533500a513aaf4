"""Findings as SARIF 2.1.0, for code hosts that show them in a change's files."""

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from pinner import __version__
from pinner.operations.lock import UNKNOWN, Outcome
from pinner.report.as_json import encode
from pinner.words.codes import RULES, Rule
from pinner.words.findings import Finding, Level
from pinner.words.places import Place

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_INDEX = {code: number for number, code in enumerate(RULES)}

Json = dict[str, Any]


def sarif(results: Iterable[Outcome]) -> str:
    """Return the text of a SARIF file: one run, all rules, a result for each finding."""
    results = tuple(results)
    run = {
        "tool": {"driver": {"name": "pinner", "semanticVersion": __version__, "rules": _rules()}},
        "invocations": [{"executionSuccessful": not any(_is_unknown(outcome) for outcome in results)}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(outcome, finding) for outcome in results for finding in outcome.findings],
    }
    return encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _is_unknown(outcome: Outcome) -> bool:
    return any(finding.code in UNKNOWN for finding in outcome.findings)


def _rules() -> list[Json]:
    return [_rule(rule) for rule in RULES.values()]


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.meaning},
        "help": {"text": rule.mend},
        "defaultConfiguration": {"level": LEVELS[rule.level]},
    }


def _result(outcome: Outcome, finding: Finding) -> Json:
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    where = f"{outcome.environment}/{finding.module}" if finding.module else outcome.environment
    location: Json = {"logicalLocations": [{"fullyQualifiedName": where, "kind": "module"}]}
    if finding.place:
        location["physicalLocation"] = _physical(finding.place)
    return {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": LEVELS[finding.level],
        "message": {"text": f"{outcome.environment}: {finding.message}{hint}"},
        "locations": [location],
        "partialFingerprints": {"pinner/v1": _fingerprint(outcome, finding)},
    }


def _physical(place: Place) -> Json:
    region = {
        key: value for key, value in (("startLine", place.line), ("startColumn", place.column)) if value
    }
    path: Json = {"artifactLocation": {"uri": quote(place.path)}}
    return {**path, "region": region} if region else path


def _fingerprint(outcome: Outcome, finding: Finding) -> str:
    """Return what is equal for the same finding at another line, so that it is not taken for a new one."""
    parts = (outcome.environment, finding.code, finding.module or "", finding.message)
    return hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()
