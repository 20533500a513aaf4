"""`pinner audit`: hiera data and site code held against the locked modules, as a user runs it."""

import json
from xml.etree import ElementTree as ET

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.code import make_environments, make_nova, write_data


@pytest.fixture
def site(cloud: Cloud) -> Cloud:
    make_nova(cloud)
    make_environments(cloud)
    write_data(cloud)
    return cloud


def audit(cloud: Cloud, environment: str, *more: str) -> Result:
    return cloud.run("audit", environment, "--hiera", "../hiera", *more)


def found(result: Result) -> list[tuple[str, str | None, int | None]]:
    return [(one["code"], one["path"], one["line"]) for one in result.json["environments"][0]["findings"]]


def test_data_that_fit_have_no_findings(site: Cloud) -> None:
    (site.root / "hiera/data/common.yaml").write_text("nova::debug: true\nnova::api::port: 8774\nmine: 1\n")
    result = audit(site, "new")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].endswith(": 2 modules, 1 data file, 3 keys")
    assert result.out.splitlines()[-1] == "0 errors, 0 warnings, 1 note"


def test_everything_that_does_not_go_with_the_code(site: Cloud) -> None:
    result = audit(site, "new", "--code", "../site", "--format", "json")
    assert result.code == 1
    data, code = "../hiera/data/common.yaml", "../site/nova.pp"
    assert found(result) == [
        ("api-unreadable", None, None),
        ("hiera-unbound", data, 2),
        ("hiera-unbound", data, 3),
        ("hiera-deprecated", data, 4),
        ("hiera-type", data, 5),
        ("hiera-type", data, 6),
        ("hiera-unbound", data, 8),
        ("hiera-unbound", data, 9),
        ("hiera-resource", data, 13),
        ("hiera-unbound", data, 15),
        ("hiera-unbound", data, 17),
        ("code-unknown", code, 2),
    ]
    assert (result.json["data_files"], result.json["code_files"], result.json["keys"]) == (1, 1, 12)


def test_findings_are_said_with_places_and_hints(site: Cloud) -> None:
    out = audit(site, "new").out
    assert (
        "../hiera/data/common.yaml:5: error: 'nova::api::port' takes Nova::Port, not the Integer 70000 [hiera-type]\n"
        in out
    )
    assert "  hint: write" not in out.partition("hiera-type")[0]
    assert (
        "../hiera/data/common.yaml:4: warning: parameter 'workers' of class 'nova' is deprecated [hiera-deprecated]\n"
        "  hint: use nova::api::workers instead\n"
    ) in out
    assert out.endswith("3 errors, 7 warnings, 1 note\n")


def test_code_alone_can_be_audited(site: Cloud) -> None:
    result = site.run("audit", "new", "--code", "../site")
    assert result.out.splitlines()[0].endswith(": 2 modules, 1 file of code")
    assert result.code == 1


def test_findings_can_be_silenced(site: Cloud) -> None:
    names = ("hiera-unbound:nova", "hiera-type", "hiera-resource", "hiera-deprecated")
    result = audit(site, "new", *(word for name in names for word in ("--ignore", name)))
    assert (result.code, result.out.splitlines()[-1]) == (0, "0 errors, 0 warnings, 1 note")
    site.manifest(
        "new", "release: 2025.1\nopenstack: [nova, keystone]\nfindings: {ignore: [hiera-unbound]}\n"
    )
    assert "hiera-unbound" not in audit(site, "new").out


def test_files_that_puppet_or_pinner_cannot_read_are_named(site: Cloud) -> None:
    (site.root / "hiera/data/common.yaml").write_text("nova::debug: [\n")
    (site.root / "hiera/data/lost.yaml").write_text("nova::debug: true\nnova::debug: false\n")
    (site.root / "site/nova.pp").write_text("include 'nova\n")
    result = audit(site, "old", "--code", "../site", "--format", "json")
    assert found(result) == [
        ("hiera-refused", "../hiera/data/common.yaml", 2),
        ("hiera-elsewhere", "../hiera/data/lost.yaml", None),
        ("code-unreadable", "../site/nova.pp", None),
    ]


def test_keys_of_modules_that_are_not_in_the_environment(site: Cloud) -> None:
    (site.root / "hiera/data/common.yaml").write_text("cinder::x: 1\ncinder::y: 1\nours::x: 1\nours: 2\n")
    result = audit(site, "old")
    assert (result.code, result.out.splitlines()[1]) == (
        0,
        "info: hiera names module 'cinder' (2x), which this environment does not have [hiera-unpinned]",
    )


def test_a_module_from_the_forge_is_told(site: Cloud) -> None:
    site.manifest(
        "old", "release: 2024.1\nopenstack: [nova]\nmodules:\n  facts: {forge: acme/facts, version: 1.2.3}\n"
    )
    site.run("lock", "old")
    (site.root / "hiera/data/common.yaml").write_text("facts::x: 1\n")
    assert (
        "module 'facts' comes from the Forge: its code is not read [api-unreadable]" in audit(site, "old").out
    )


def test_the_cache_is_enough(site: Cloud) -> None:
    site.upstream("nova").path.rename(site.root / "gone")
    assert audit(site, "new").code == 1


def test_what_cannot_be_found_out_ends_with_3(site: Cloud) -> None:
    lock = site.lock_path("new")
    commit = site.lock("new")["modules"]["nova"]["commit"]
    lock.write_text(lock.read_text().replace(commit, "0123456789" * 4))
    result = audit(site, "new")
    assert (result.code, result.err.splitlines()[-2]) == (
        3,
        f"module 'nova': https://opendev.org/openstack/puppet-nova has no commit {'0123456789' * 4}",
    )
    site.upstream("nova").path.rename(site.root / "gone")
    result = audit(site, "new")
    assert result.code == 3
    assert result.err.startswith("module 'nova': ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("new",), "audit needs something to look at\n  hint: give --hiera DIR or --code DIR\n"),
        (("new", "--hiera", "../nothing"), "Directory '../nothing' does not exist.\n"),
        (
            ("other", "--hiera", "../hiera"),
            "there is no environment 'other'\n  hint: there are new and old\n",
        ),
    ],
)
def test_wrong_input(site: Cloud, arguments: tuple[str, ...], message: str) -> None:
    result = site.run("audit", *arguments)
    assert result.code == 2
    assert result.err.endswith(message)


def test_a_hierarchy_that_cannot_be_read_is_wrong_input(site: Cloud) -> None:
    (site.root / "hiera/hiera.yaml").write_text("version: 9\n")
    result = audit(site, "new")
    assert (result.code, result.err) == (
        2,
        "../hiera/hiera.yaml:1: hiera.yaml has version '9'; 5, 4 and 3 are known\n",
    )


def test_directories_with_nothing_to_look_at_are_wrong_input(site: Cloud) -> None:
    (site.project / "data").mkdir()
    (site.project / "data/readme.txt").write_text("nova::debug: true\n")
    (site.project / "manifests").mkdir()
    result = site.run("audit", "new", "--hiera", "data", "--code", "manifests")
    assert (result.code, result.out, result.err.splitlines()) == (
        2,
        "",
        [
            "data: there is no YAML or JSON file in this directory, or below it",
            "manifests: there is no .pp file in this directory, or below it",
        ],
    )


def test_an_environment_without_a_lock(site: Cloud) -> None:
    site.lock_path("new").unlink()
    result = audit(site, "new")
    assert (result.code, result.err) == (2, "environment 'new' has no lock\n  hint: run 'pinner lock new'\n")


def test_what_other_tools_read(site: Cloud) -> None:
    sarif = json.loads(audit(site, "new", "--format", "sarif").out)
    assert {row["ruleId"] for row in sarif["runs"][0]["results"]} >= {"hiera-type", "hiera-unbound"}
    junit = ET.fromstring(audit(site, "new", "--format", "junit").out)  # noqa: S314 - our own output
    failures = {row.get("type") for row in junit.iter("failure")}
    assert failures >= {"hiera-type", "hiera-unbound"}  # an error, and a warning, which ends with 1 as well
    assert junit.get("failures") == str(len(list(junit.iter("failure"))))
