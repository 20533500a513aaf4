"""`--format junit` and `--format sarif` of lock, update and verify, on a real project."""

from collections import Counter

import pytest

from tests.support.cloud import Cloud
from tests.support.schemas import check_junit, check_sarif

BASIC = "release: 2025.1\nopenstack: [keystone, nova]\n"
COMMANDS = [("lock",), ("lock", "--check"), ("update",), ("update", "-m", "nova"), ("verify",)]


@pytest.fixture
def broken(cloud: Cloud) -> Cloud:
    """One environment that is fine, one whose branch is gone, one that was never locked."""
    for name in ("production", "staging"):
        cloud.manifest(name, BASIC)
    cloud.run("lock")
    cloud.manifest("staging", "release: 2024.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("testing", "release: 2025.1\nopenstack: [glance]\n")
    return cloud


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_junit_counts_the_errors_of_the_json(broken: Cloud, command: tuple[str, ...]) -> None:
    result = broken.run(*command, "--format", "junit")
    as_json = broken.run(*command, "--format", "json")
    assert result.code == as_json.code
    for suite, environment in zip(
        check_junit(result.out)["testsuite"], as_json.json["environments"], strict=True
    ):
        errors = Counter(found["code"] for found in environment["findings"] if found["level"] == "error")
        unknown = errors["remote-unreachable"]
        assert suite["@name"] == environment["name"]
        assert (suite["@errors"], suite["@failures"]) == (str(unknown), str(errors.total() - unknown))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_sarif_holds_the_findings_of_the_json(broken: Cloud, command: tuple[str, ...]) -> None:
    as_sarif = check_sarif(broken.run(*command, "--format", "sarif").out)["runs"][0]["results"]
    as_json = broken.run(*command, "--format", "json").json["environments"]
    assert [(row["ruleId"], row["level"].replace("note", "info")) for row in as_sarif] == [
        (found["code"], found["level"]) for environment in as_json for found in environment["findings"]
    ]
