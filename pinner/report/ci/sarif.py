"""Findings as SARIF 2.1.0, for code hosts that show them in the files of a change."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pinner import __version__
from pinner.model.findings import UNKNOWN, EnvironmentResult, Finding, Level
from pinner.model.results import Audit
from pinner.model.rules.table import RULES
from pinner.report.json.encoding import encode

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_INDEX = {code: number for number, code in enumerate(RULES)}

Json = dict[str, Any]


def sarif(results: Iterable[EnvironmentResult]) -> str:
    """Return the text of a SARIF file: one run, all rules, one result per finding."""
    results = tuple(results)
    is_complete = not any(finding.code in UNKNOWN for result in results for finding in result.findings)
    rules = [
        {
            "id": rule.code,
            "shortDescription": {"text": rule.meaning},
            "help": {"text": rule.fix},
            "defaultConfiguration": {"level": LEVELS[rule.level]},
        }
        for rule in RULES.values()
    ]
    run = {
        "tool": {"driver": {"name": "pinner", "semanticVersion": __version__, "rules": rules}},
        "invocations": [{"executionSuccessful": is_complete}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(result, finding) for result in results for finding in result.findings],
    }
    return encode({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def audit_sarif(result: Audit) -> str:
    """Return the SARIF log of `audit`, with a result for each place: code hosts show only a result's first one."""
    environment = result.as_environment
    findings = tuple(
        replace(finding, place=place, also=())
        for finding in environment.findings
        for place in finding.places or (None,)
    )
    return sarif([replace(environment, findings=findings)])


def _result(result: EnvironmentResult, finding: Finding) -> Json:
    hint = f"\nhint: {finding.hint}" if finding.hint else ""
    where = f"{result.environment}/{finding.module}" if finding.module else result.environment
    location: Json = {"logicalLocations": [{"fullyQualifiedName": where, "kind": "module"}]}
    if place := finding.place:
        region = {
            key: value for key, value in (("startLine", place.line), ("startColumn", place.column)) if value
        }
        path = {"artifactLocation": {"uri": quote(place.path)}}
        location["physicalLocation"] = {**path, "region": region} if region else path
    # The fingerprint leaves out the line, so that a finding whose line moved is not shown as new.
    parts = (result.environment, finding.code, finding.module or "", finding.message)
    fingerprint = hashlib.sha256("\0".join(parts).encode(errors="backslashreplace")).hexdigest()
    return {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": LEVELS[finding.level],
        "message": {"text": f"{result.environment}: {finding.message}{hint}"},
        "locations": [location],
        "partialFingerprints": {"pinner/v1": fingerprint},
    }
