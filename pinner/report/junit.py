"""Findings as JUnit XML, for CI systems that show tests: a suite an environment, a case a module.

A finding that fails the command is a case of its own that failed; what could not be found out is a case with an error.
What else there is to say (of `verify` warnings and notes) is in the output of the module's case, which passes.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from xml.etree import ElementTree as ET

from pinner.operations.lock import UNKNOWN, Outcome
from pinner.report.findings import finding as lines_of
from pinner.words.findings import Finding, Level

# What XML 1.0 has no way to write (https://www.w3.org/TR/xml/#charsets).
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
OF_THE_ENVIRONMENT = "(environment)"


def junit(results: Iterable[Outcome], *, failing: Collection[Level] = (Level.ERROR,)) -> str:
    """Return the text of a JUnit XML file; `failing` are the levels of what makes the command end with 1."""
    root = ET.Element("testsuites", name="pinner")
    root.extend(_suite(outcome, failing) for outcome in results)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _suite(outcome: Outcome, failing: Collection[Level]) -> ET.Element:
    cases = [
        case
        for module, findings in _by_module(outcome).items()
        for case in _cases(outcome, module, findings, failing)
    ]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    suite = ET.Element(
        "testsuite", {"name": outcome.environment, **{key: str(n) for key, n in counts.items()}}
    )
    suite.extend(cases)
    return suite


def _by_module(outcome: Outcome) -> Mapping[str, list[Finding]]:
    """Return every module of the lock, and the environment itself, with its findings; the environment first."""
    lock = outcome.after or outcome.before
    found: dict[str, list[Finding]] = {name: [] for name in (lock.pins if lock else ())}
    for finding in outcome.findings:
        found.setdefault(finding.module or OF_THE_ENVIRONMENT, []).append(finding)
    return {name: found[name] for name in sorted(found)}


def _cases(
    outcome: Outcome, module: str, findings: list[Finding], failing: Collection[Level]
) -> Iterator[ET.Element]:
    errors = [finding for finding in findings if finding.level in failing]
    others = [finding for finding in findings if finding.level not in failing]
    if others or not errors:
        case = _case(outcome, module)
        if others:
            ET.SubElement(case, "system-out").text = _text(others)
        yield case
    for finding in errors:
        case = _case(outcome, f"{module}: {finding.code}")
        kind = "error" if finding.code in UNKNOWN else "failure"
        told = ET.SubElement(case, kind, type=finding.code, message=_clean(finding.message))
        told.text = _text([finding])
        yield case


def _case(outcome: Outcome, name: str) -> ET.Element:
    return ET.Element("testcase", classname=outcome.environment, name=_clean(name))


def _text(findings: Iterable[Finding]) -> str:
    return _clean("\n".join(line for finding in findings for line in lines_of(finding)))


def _clean(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
