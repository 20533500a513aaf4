"""Findings as JUnit XML, for CI systems that show tests: one suite per environment, one case per module.

A finding that fails the command is a failed case of its own; what could not be determined is a case with an
error. Other findings (warnings and notes of `verify`) are in the output of the module's case, which passes.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from xml.etree import ElementTree as ET

from pinner.model.findings import UNKNOWN, EnvironmentResult, Finding, Level
from pinner.model.results import Audit
from pinner.report.words import finding_line

# Characters that XML 1.0 cannot contain (https://www.w3.org/TR/xml/#charsets).
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OF_THE_ENVIRONMENT = "(environment)"


def junit(results: Iterable[EnvironmentResult], *, failing: Collection[Level] = (Level.ERROR,)) -> str:
    """Return the text of a JUnit XML file.

    Findings with one of the `failing` levels make the command exit with 1.
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
        "testsuite", {"name": result.environment, **{key: str(n) for key, n in counts.items()}}
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
    return ET.Element("testcase", classname=result.environment, name=_clean(name))


def _text(findings: Iterable[Finding]) -> str:
    return _clean("\n".join(line for finding in findings for line in finding_line(finding)))


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
