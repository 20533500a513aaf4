"""`-m MODULE`: status, outdated, verify and audit report only that module, and count only what they show."""

import pytest

from tests.support.cloud import Cloud
from tests.support.code import make_environments, make_nova, write_data


@pytest.fixture
def behind(cloud: Cloud) -> Cloud:
    """Two environments; both modules of production are a commit behind, staging has keystone alone."""
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("staging", "release: 2025.1\nopenstack: [keystone]\n")
    assert cloud.run("lock").code == 0
    for name in ("keystone", "nova"):
        cloud.upstream(name).commit("stable/2024.1", version="24.0.1")
    return cloud


def modules(cloud: Cloud, *words: str) -> dict[str, list[str]]:
    environments = cloud.run(*words, "--format", "json").json["environments"]
    return {one["name"]: [module["name"] for module in one["modules"]] for one in environments}


@pytest.mark.parametrize("command", ["status", "outdated"])
def test_only_the_module_and_the_environments_that_have_it(behind: Cloud, command: str) -> None:
    assert modules(behind, command, "-m", "nova") == {"production": ["nova"]}
    assert modules(behind, command, "-m", "keystone", "-m", "nova")["production"] == ["keystone", "nova"]


def test_no_other_remote_is_contacted(behind: Cloud) -> None:
    assert behind.run("status", "-m", "nova").err == "checked 1 repository\n"


def test_the_text_counts_what_it_shows(behind: Cloud) -> None:
    assert (
        "production: updates available for 1 of 1 module, 2024.1 (unmaintained)\n"
        in behind.run("outdated", "-m", "nova").out
    )
    assert ", 1 module, " in behind.run("status", "-m", "nova").out


@pytest.mark.parametrize("words", [("status",), ("outdated",), ("verify",), ("audit", "production")])
def test_a_mistyped_module_is_refused(behind: Cloud, words: tuple[str, ...]) -> None:
    more = ("--hiera", ".") if words[0] == "audit" else ()
    shown = behind.run(*words, "-m", "novva", *more)
    assert (shown.code, "did you mean 'nova'?" in shown.err) == (2, True)


def test_exit_code_of_status_answers_whether_all_is_current(behind: Cloud) -> None:
    assert behind.run("status").code == 0
    assert behind.run("status", "--exit-code").code == 1
    assert behind.run("status", "staging", "--exit-code").code == 0


def test_verify_reports_the_findings_about_the_module(behind: Cloud) -> None:
    for name in ("keystone", "nova"):
        upstream = behind.upstream(name)
        upstream.move("refs/heads/stable/2024.1", upstream.id("refs/heads/stable/2025.1"))
    whole = behind.run("verify", "--format", "json").json["environments"][0]["findings"]
    assert {one["module"] for one in whole} >= {"keystone", "nova"}
    part = behind.run("verify", "-m", "nova", "--format", "json").json["environments"][0]["findings"]
    assert part == [one for one in whole if one["module"] in {None, "nova"}]


def test_audit_reports_and_counts_the_findings_about_the_module(cloud: Cloud) -> None:
    make_nova(cloud)
    make_environments(cloud)
    write_data(cloud)
    audit = ("audit", "new", "--hiera", "../hiera")
    whole = cloud.run(*audit, "--format", "json").json["environments"][0]["findings"]
    other = cloud.run(*audit, "-m", "keystone", "--format", "json")
    assert {one["module"] for one in whole} >= {"nova"}
    assert {one["module"] for one in other.json["environments"][0]["findings"]} <= {"keystone"}
    assert cloud.run(*audit, "-m", "nova").code == 1
