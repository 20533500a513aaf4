"""Findings for CI systems and code hosts, as JUnit XML and SARIF 2.1.0; the failures of `compile` and `preview` are findings, too."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from pinner import __version__
from pinner.model.catalogs import Cause, Compilation
from pinner.model.errors import Location
from pinner.model.findings import UNKNOWN, EnvironmentResult, Finding, Level
from pinner.model.preview import Preview
from pinner.model.results import Audit
from pinner.model.rules import RULES
from pinner.report.json.encoding import encode
from pinner.report.text.compilation import fold_names
from pinner.report.words import count, finding_line

# Characters that XML 1.0 cannot contain (https://www.w3.org/TR/xml/#charsets).
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OF_THE_ENVIRONMENT = "(environment)"


def junit(results: Iterable[EnvironmentResult], *, failing: Collection[Level] = (Level.ERROR,)) -> str:
    """Return the text of a JUnit XML file: one suite per environment, one case per module.

    A finding with one of the `failing` levels, which make the command exit with 1, is a failed case of its own; what
    could not be determined is a case with an error. Other findings are in the output of the module's case, which passes.
    """
    root = ET.Element("testsuites", name="pinner")
    root.extend(_suite(result, failing) for result in results)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def audit_junit(result: Audit) -> str:
    """Return the JUnit XML of `audit`, which fails for warnings too."""
    return junit([result.as_environment], failing=(Level.ERROR, Level.WARNING))


def _suite(result: EnvironmentResult, failing: Collection[Level]) -> ET.Element:
    lock = result.after or result.before
    # The environment's own findings come first; a module without findings has an empty list.
    by_module: dict[str, list[Finding]] = {name: [] for name in (lock.pins if lock else ())}
    for finding in result.findings:
        by_module.setdefault(finding.module or OF_THE_ENVIRONMENT, []).append(finding)
    cases = [case for name in sorted(by_module) for case in _cases(result, name, by_module[name], failing)]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    suite = ET.Element(
        "testsuite", {"name": _clean(result.environment), **{key: str(n) for key, n in counts.items()}}
    )
    suite.extend(cases)
    return suite


def _cases(
    result: EnvironmentResult, module: str, findings: list[Finding], failing: Collection[Level]
) -> Iterator[ET.Element]:
    errors = [finding for finding in findings if finding.level in failing]
    others = [finding for finding in findings if finding.level not in failing]
    if others or not errors:
        case = _case(result, module)
        if others:
            ET.SubElement(case, "system-out").text = _text(others)
        yield case
    for finding in errors:
        case = _case(result, f"{module}: {finding.code}")
        kind = "error" if finding.code in UNKNOWN else "failure"
        element = ET.SubElement(case, kind, type=finding.code, message=_clean(finding.message))
        element.text = _text([finding])
        yield case


def _case(result: EnvironmentResult, name: str) -> ET.Element:
    return ET.Element("testcase", classname=_clean(result.environment), name=_clean(name))


def _text(findings: Iterable[Finding]) -> str:
    return _clean("\n".join(line for finding in findings for line in finding_line(finding)))


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)


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


def compilation_junit(results: Iterable[Compilation]) -> str:
    """Return the JUnit XML of `compile`: one suite for each environment."""
    return junit(map(_of_compilation, results))


def compilation_sarif(results: Iterable[Compilation]) -> str:
    """Return the SARIF log of `compile`."""
    return sarif(map(_of_compilation, results))


def preview_junit(result: Preview) -> str:
    """Return the JUnit XML of `preview`: a node that already fails with the old lock is a failure, too."""
    return junit([_of_preview(result)])


def preview_sarif(result: Preview) -> str:
    """Return the SARIF log of `preview`."""
    return sarif([_of_preview(result)])


def _of_compilation(result: Compilation) -> EnvironmentResult:
    return EnvironmentResult(result.environment, None, None, tuple(_findings(result.causes)))


def _of_preview(result: Preview) -> EnvironmentResult:
    causes = (one.cause for one in result.failures if one.side != "before")
    return EnvironmentResult(result.after.label, None, None, tuple(_findings(causes)))


def _findings(causes: Iterable[Cause]) -> Iterator[Finding]:
    for cause in causes:
        nodes = f"{count(len(cause.nodes), 'node')} ({fold_names(cause.nodes)})"
        path = cause.notice.path
        place = Location(path, cause.notice.line) if path else None
        message = f"{cause.notice.message}: {nodes}"
        yield RULES["catalog-fails"].finding(cause.module, message, hint=cause.hint, place=place)
