"""Findings, and failures to compile, as JUnit XML and SARIF."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError
from xmlschema import XMLSchemaValidationError

from pinner.model.catalogs import Cause, Compilation, NodeCounts, Notice
from pinner.model.errors import Location
from pinner.model.findings import EnvironmentResult, Finding, Level
from pinner.model.lock import ForgePin, Lock
from pinner.model.preview import Preview, PreviewSide, SideCause
from pinner.model.rules import RULES
from pinner.report.ci.findings import (
    compilation_junit,
    compilation_sarif,
    junit,
    preview_junit,
    preview_sarif,
    sarif,
)
from tests.support.schemas import check_junit, check_sarif

PLACE = Location("environments/production.yaml", 3, 5)
PINS = {name: ForgePin(name, f"acme/{name}", "1.0.0", "modules") for name in ("facts", "nova")}
LOCK = Lock("production", PINS)


def outcome(*findings: Finding, lock: Lock | None = LOCK) -> EnvironmentResult:
    return EnvironmentResult("production", lock, lock, findings)


def cases(text: str) -> list[Any]:
    suites = check_junit(text)["testsuite"]
    return [case for suite in suites for case in suite.get("testcase", [])]


def test_every_module_without_findings_passes() -> None:
    text = junit([outcome()])
    assert check_junit(text)["@tests"] == "2"
    assert cases(text) == [
        {"@classname": "production", "@name": "facts"},
        {"@classname": "production", "@name": "nova"},
    ]


def test_an_error_is_a_case_that_failed() -> None:
    text = junit([outcome(Finding(Level.ERROR, "tag-moved", "nova", "the tag <moved>", "look", PLACE))])
    document = check_junit(text)
    assert (document["@tests"], document["@failures"], document["@errors"]) == ("2", "1", "0")
    assert cases(text)[1] == {
        "@classname": "production",
        "@name": "nova: tag-moved",
        "failure": [
            {
                "@type": "tag-moved",
                "@message": "the tag <moved>",
                "$": "environments/production.yaml:3:5: error: the tag <moved> [tag-moved]\n  hint: look",
            }
        ],
    }


def test_what_could_not_be_found_out_is_an_error_and_no_failure() -> None:
    text = junit([outcome(Finding(Level.ERROR, "remote-unreachable", "nova", "it is dead"))])
    document = check_junit(text)
    assert (document["@failures"], document["@errors"]) == ("0", "1")
    assert "error" in cases(text)[1]


def test_warnings_and_notes_are_the_output_of_a_case_that_passes() -> None:
    text = junit(
        [
            outcome(
                Finding(Level.WARNING, "end-of-life", "nova", "it ends"),
                Finding(Level.INFO, "metadata-flawed", "nova", "odd"),
            )
        ]
    )
    assert cases(text)[1]["system-out"] == [
        "warning: it ends [end-of-life]\ninfo: odd [metadata-flawed]",
    ]
    assert check_junit(text)["@failures"] == "0"


def test_a_module_with_both_has_a_case_of_each() -> None:
    text = junit(
        [
            outcome(
                Finding(Level.WARNING, "end-of-life", "nova", "it ends"),
                Finding(Level.ERROR, "tag-moved", "nova", "moved"),
            )
        ]
    )
    assert [case["@name"] for case in cases(text)] == ["facts", "nova", "nova: tag-moved"]


def test_a_finding_about_the_environment_and_no_lock() -> None:
    text = junit([outcome(Finding(Level.ERROR, "lock-missing", None, "there is none"), lock=None)])
    assert [case["@name"] for case in cases(text)] == ["(environment): lock-missing"]


def test_no_environments_is_a_file_too() -> None:
    assert check_junit(junit([]))["@tests"] == "0"


@given(st.text(), st.text(), st.text())
def test_whatever_a_finding_says_the_junit_file_can_be_read(module: str, message: str, hint: str) -> None:
    finding = Finding(Level.ERROR, "tag-moved", module, message, hint, PLACE)
    assert check_junit(junit([outcome(finding)]))["@failures"] == "1"


def test_the_schema_refuses_what_is_no_junit() -> None:
    with pytest.raises(XMLSchemaValidationError):
        check_junit('<testsuites><testsuite name="x"/></testsuites>')


MOVED = Finding(
    Level.ERROR, "tag-moved", "nova", "the tag moved", "look", Location("environments/a b.yaml", 3, 5)
)


def run(*findings: Finding, environment: str = "production") -> Any:
    return check_sarif(sarif([EnvironmentResult(environment, None, None, findings)]))["runs"][0]


def test_a_result_says_what_where_and_how_to_mend() -> None:
    result = run(MOVED)["results"][0]
    assert len(result.pop("partialFingerprints")["pinner/v1"]) == 64
    assert result == {
        "ruleId": "tag-moved",
        "ruleIndex": list(RULES).index("tag-moved"),
        "level": "error",
        "message": {"text": "production: the tag moved\nhint: look"},
        "locations": [
            {
                "logicalLocations": [{"fullyQualifiedName": "production/nova", "kind": "module"}],
                "physicalLocation": {
                    "artifactLocation": {"uri": "environments/a%20b.yaml"},
                    "region": {"startLine": 3, "startColumn": 5},
                },
            }
        ],
    }


def test_every_code_is_a_rule() -> None:
    rules = run()["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert rules[0] == {
        "id": "remote-unreachable",
        "shortDescription": {"text": RULES["remote-unreachable"].meaning},
        "help": {"text": RULES["remote-unreachable"].fix},
        "defaultConfiguration": {"level": "error"},
    }


@pytest.mark.parametrize(
    ("level", "word"), [(Level.ERROR, "error"), (Level.WARNING, "warning"), (Level.INFO, "note")]
)
def test_levels(level: Level, word: str) -> None:
    assert run(replace(MOVED, level=level))["results"][0]["level"] == word


def test_a_finding_without_a_line_a_module_or_a_hint() -> None:
    result = run(Finding(Level.ERROR, "lock-missing", None, "none", None, Location("environments/x.yaml")))[
        "results"
    ][0]
    assert (result["message"]["text"], result["locations"]) == (
        "production: none",
        [
            {
                "logicalLocations": [{"fullyQualifiedName": "production", "kind": "module"}],
                "physicalLocation": {"artifactLocation": {"uri": "environments/x.yaml"}},
            }
        ],
    )
    assert "physicalLocation" not in run(replace(MOVED, place=None))["results"][0]["locations"][0]


def test_a_finding_is_the_same_at_another_line_and_another_one_in_another_environment() -> None:
    def fingerprint(finding: Finding, environment: str = "production") -> str:
        return str(run(finding, environment=environment)["results"][0]["partialFingerprints"]["pinner/v1"])

    assert fingerprint(MOVED) == fingerprint(replace(MOVED, place=Location("environments/a b.yaml", 9)))
    assert fingerprint(MOVED) != fingerprint(MOVED, "staging")


def test_what_could_not_be_found_out_is_no_success() -> None:
    assert run(MOVED)["invocations"] == [{"executionSuccessful": True}]
    assert run(replace(MOVED, code="remote-unreachable"))["invocations"] == [{"executionSuccessful": False}]


@given(st.text(), st.text(), st.text())
def test_whatever_a_finding_says_the_sarif_file_can_be_read(module: str, message: str, path: str) -> None:
    finding = Finding(Level.ERROR, "tag-moved", module, message, None, Location(path or "x", 1))
    assert run(finding)["results"][0]["message"]["text"] == f"production: {message}"


def test_the_schema_refuses_what_is_no_sarif() -> None:
    with pytest.raises(ValidationError):
        check_sarif('{"version": "2.1.0", "runs": [{"tool": {}}]}')


CAUSE = Cause(
    ("c1.example.org", "c2.example.org"),
    Notice("Unknown resource type: 'archive'", "modules/rabbitmq/manifests/init.pp", 34),
    "rabbitmq",
    "the lock has no module 'archive': add it to the manifest's modules",
)
WITHOUT_PLACE = Cause(("d1",), Notice("the process did not end within 300 seconds"))
COMPILATION = Compilation("production", "pin-1", NodeCounts(5, 3), (CAUSE, WITHOUT_PLACE))
SIDES = (PreviewSide("old", "pin-1", None), PreviewSide("new", "pin-2", None))
PREVIEW = Preview(
    *SIDES, NodeCounts(5, 3), failures=(SideCause("both", CAUSE), SideCause("before", WITHOUT_PLACE))
)


def failures_in(text: str) -> list[Any]:
    suites = check_junit(text)["testsuite"]
    return [case["failure"][0] for suite in suites for case in suite.get("testcase", []) if "failure" in case]


def results_in(text: str) -> list[Any]:
    return list(check_sarif(text)["runs"][0]["results"])


def test_each_cause_is_one_failed_case() -> None:
    both = failures_in(compilation_junit([COMPILATION]))
    assert [one["@type"] for one in both] == ["catalog-fails", "catalog-fails"]
    (message,) = (one["@message"] for one in both if "archive" in one["@message"])
    assert message == "Unknown resource type: 'archive': 2 nodes (c[1-2].example.org)"


def test_sarif_has_the_place_in_the_environment() -> None:
    first, second = results_in(compilation_sarif([COMPILATION]))
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "modules/rabbitmq/manifests/init.pp"
    assert place["region"] == {"startLine": 34}
    assert "physicalLocation" not in second["locations"][0]


def test_what_fails_with_the_old_lock_alone_is_no_failure_of_a_preview() -> None:
    assert len(failures_in(preview_junit(PREVIEW))) == len(results_in(preview_sarif(PREVIEW))) == 1


def test_nodes_that_compile_are_no_failures() -> None:
    assert failures_in(compilation_junit([Compilation("production", "pin-1", NodeCounts(5))])) == []
