from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from pinner.model.errors import Location
from pinner.model.findings import EnvironmentResult, Finding, Level
from pinner.model.rules.table import RULES
from pinner.report.ci.sarif import sarif
from tests.support.schemas import check_sarif

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
def test_whatever_a_finding_says_the_file_can_be_read(module: str, message: str, path: str) -> None:
    finding = Finding(Level.ERROR, "tag-moved", module, message, None, Location(path or "x", 1))
    assert run(finding)["results"][0]["message"]["text"] == f"production: {message}"


def test_the_schema_refuses_what_is_no_sarif() -> None:
    with pytest.raises(ValidationError):
        check_sarif('{"version": "2.1.0", "runs": [{"tool": {}}]}')
