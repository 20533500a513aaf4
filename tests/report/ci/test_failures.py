"""Failures to compile are findings that CI systems show, one for each cause."""

from typing import Any

from pinner.model.catalogs import Cause, Compilation, NodeCounts, Notice
from pinner.model.preview import Preview, PreviewSide, SideCause
from pinner.report.ci.failures import compilation_junit, compilation_sarif, preview_junit, preview_sarif
from tests.support.schemas import check_junit, check_sarif

CAUSE = Cause(
    ("c1.example.org", "c2.example.org"),
    Notice("Unknown resource type: 'archive'", "modules/rabbitmq/manifests/init.pp", 34),
    "rabbitmq",
    "the lock has no module 'archive': add it to the manifest's modules",
)
WITHOUT_PLACE = Cause(("d1",), Notice("the process did not end within 300 seconds"))
RESULT = Compilation("production", "pin-1", NodeCounts(5, 3), (CAUSE, WITHOUT_PLACE))
SIDES = (PreviewSide("old", "pin-1", None), PreviewSide("new", "pin-2", None))
PREVIEW = Preview(
    *SIDES, NodeCounts(5, 3), failures=(SideCause("both", CAUSE), SideCause("before", WITHOUT_PLACE))
)


def failures(text: str) -> list[Any]:
    suites = check_junit(text)["testsuite"]
    return [case["failure"][0] for suite in suites for case in suite.get("testcase", []) if "failure" in case]


def results(text: str) -> list[Any]:
    return list(check_sarif(text)["runs"][0]["results"])


def test_each_cause_is_one_failed_case() -> None:
    both = failures(compilation_junit([RESULT]))
    assert [one["@type"] for one in both] == ["catalog-fails", "catalog-fails"]
    (message,) = (one["@message"] for one in both if "archive" in one["@message"])
    assert message == "Unknown resource type: 'archive': 2 nodes (c[1-2].example.org)"


def test_sarif_has_the_place_in_the_environment() -> None:
    first, second = results(compilation_sarif([RESULT]))
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "modules/rabbitmq/manifests/init.pp"
    assert place["region"] == {"startLine": 34}
    assert "physicalLocation" not in second["locations"][0]


def test_what_fails_with_the_old_lock_alone_is_no_failure_of_a_preview() -> None:
    assert len(failures(preview_junit(PREVIEW))) == len(results(preview_sarif(PREVIEW))) == 1


def test_nodes_that_compile_are_no_failures() -> None:
    assert failures(compilation_junit([Compilation("production", "pin-1", NodeCounts(5))])) == []
