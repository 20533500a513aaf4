from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xmlschema import XMLSchemaValidationError

from pinner.model.errors import Location
from pinner.model.findings import EnvironmentResult, Finding, Level
from pinner.model.lock import ForgePin, Lock
from pinner.report.ci.junit import junit
from tests.support.schemas import check_junit

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
def test_whatever_a_finding_says_the_file_can_be_read(module: str, message: str, hint: str) -> None:
    finding = Finding(Level.ERROR, "tag-moved", module, message, hint, PLACE)
    assert check_junit(junit([outcome(finding)]))["@failures"] == "1"


def test_the_schema_refuses_what_is_no_junit() -> None:
    with pytest.raises(XMLSchemaValidationError):
        check_junit('<testsuites><testsuite name="x"/></testsuites>')
