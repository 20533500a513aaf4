"""`pinner audit`: hiera data and site code held against the locked modules, as a user runs it."""

import json
from xml.etree import ElementTree as ET

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.code import NEW, make_environments, make_nova, write_data
from tests.support.prepared import Prepared


def make_site(cloud: Cloud) -> None:
    make_nova(cloud)
    make_environments(cloud)
    write_data(cloud)


@pytest.fixture
def site(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, make_site)


def audit(cloud: Cloud, environment: str, *more: str) -> Result:
    return cloud.run("audit", environment, "--hiera", "../hiera", *more)


def found(result: Result) -> list[tuple[str, str | None, int | None]]:
    return [(one["code"], one["path"], one["line"]) for one in result.json["environments"][0]["findings"]]


def test_data_that_fit_have_no_findings(site: Cloud) -> None:
    (site.root / "hiera/data/common.yaml").write_text("nova::debug: true\nnova::api::port: 8774\nmine: 1\n")
    result = audit(site, "new")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].endswith(": 2 modules, 1 data file, 3 keys")
    assert result.out.splitlines()[-2:] == [
        "0 errors, 0 warnings, 1 note",
        "Ready for new: your data needs no change",
    ]


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
        ("code-unknown", code, 2),
        ("code-required", code, 5),
    ]
    assert (result.json["data_files"], result.json["code_files"], result.json["keys"]) == (1, 1, 12)


def test_findings_are_said_with_places_and_hints(site: Cloud) -> None:
    out = audit(site, "new").out
    assert (
        "../hiera/data/common.yaml:5: error: 'nova::api::port' takes Nova::Port, and its value, an Integer, does not match [hiera-type]\n"
        in out
    )
    assert "  hint: write" not in out.partition("hiera-type")[0]
    assert (
        "../hiera/data/common.yaml:4: warning: parameter 'workers' of class 'nova' is deprecated [hiera-deprecated]\n"
        "  hint: use nova::api::workers instead\n"
    ) in out
    assert out.endswith(
        "3 errors, 6 warnings, 1 note\n"
        "Not ready for new: 3 edits required, 5 keys without effect, 1 deprecated\n"
    )


def test_code_alone_can_be_audited(site: Cloud) -> None:
    result = site.run("audit", "new", "--code", "../site")
    assert result.out.splitlines()[0].endswith(": 2 modules, 1 file of code")
    assert result.code == 1


def test_findings_can_be_silenced(site: Cloud) -> None:
    names = ("hiera-unbound:nova", "hiera-type", "hiera-resource", "hiera-deprecated")
    result = audit(site, "new", *(word for name in names for word in ("--ignore", name)))
    assert (result.code, result.out.splitlines()[-2]) == (0, "0 errors, 0 warnings, 1 note")
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
        ("code-unreadable", "../site/nova.pp", 1),
    ]


def test_keys_of_modules_that_are_not_in_the_environment(site: Cloud) -> None:
    (site.root / "hiera/data/common.yaml").write_text("cinder::x: 1\ncinder::y: 1\nours::x: 1\nours: 2\n")
    result = audit(site, "old")
    assert (result.code, result.out.splitlines()[1]) == (
        0,
        "info: 2 Hiera keys are for module 'cinder', which is not pinned here [hiera-unpinned]",
    )


def test_a_module_from_the_forge_is_told(site: Cloud) -> None:
    site.manifest(
        "old", "release: 2024.1\nopenstack: [nova]\nmodules:\n  facts: {forge: acme/facts, version: 1.2.3}\n"
    )
    site.run("lock", "old")
    (site.root / "hiera/data/common.yaml").write_text("facts::x: 1\n")
    assert "module 'facts' is from the Forge: its code is not read, because " in audit(site, "old").out


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
        (
            ("new",),
            (
                "audit requires hiera data or site code\n"
                "  hint: give --hiera DIR or --code DIR, or name them in pinner.yaml or in the manifest\n"
            ),
        ),
        (("new", "--hiera", "../nothing"), "Directory '../nothing' does not exist.\n"),
        (
            ("other", "--hiera", "../hiera"),
            "environment 'other' does not exist\n  hint: there are new and old\n",
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
        "../hiera/hiera.yaml:1: hiera.yaml has version '9'; supported are 5, 4 and 3\n",
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


def test_a_key_that_something_reads_is_used(site: Cloud) -> None:
    """Other keys, the module's own data and code that looks up a key by its name read keys without a parameter."""
    (site.root / "hiera/data/common.yaml").write_text(
        "nova::one: 1\nnova::two: 2\nnova::three: 3\nnova::four: 4\nnova::unread: 5\nnova::five: 5\n"
        "nova::debug: \"%{lookup('nova::one')}\"\nmine: {a: [\"%{hiera('nova::two.x')}\"]}\n"
    )
    (site.root / "site/nova.pp").write_text("class profile::nova { $x = lookup('nova::three') }\n")
    site.upstream("nova").commit(
        "stable/2025.1",
        version="26.0.0",
        files={
            **NEW,
            "hiera.yaml": "version: 5\nhierarchy: [{name: all, path: common.yaml}]\n",
            "data/common.yaml": "nova::workers: \"%{alias('nova::four')}\"\n",
            "manifests/old.pp": "class nova::old { $x = hiera('nova::five', 1) }\n",
        },
    )
    assert site.run("update", "new").code == 0
    assert found(audit(site, "new", "--code", "../site", "--format", "json")) == [
        ("api-unreadable", None, None),
        ("hiera-unbound", "../hiera/data/common.yaml", 5),
    ]


def test_keys_of_classes_that_the_given_code_lacks_are_notes(site: Cloud) -> None:
    (site.root / "site/nova.pp").write_text("class profile::disks ( $raid = false ) { }\n")
    (site.root / "hiera/data/common.yaml").write_text(
        "profile::disks::raid: true\nprofile::disks::raidd: true\nprofile::disk::raid: true\nweather::x: 1\n"
    )
    result = audit(site, "old", "--code", "../site", "--format", "json")
    assert found(result) == [
        ("hiera-unbound", "../hiera/data/common.yaml", 2),
        ("hiera-site-unbound", "../hiera/data/common.yaml", 3),
    ]


def test_a_required_value_may_be_in_data_that_were_not_given(site: Cloud) -> None:
    """Without hiera.yaml, or with a level whose directory is not there, a missing value is a note."""
    (site.root / "site/nova.pp").write_text("include nova::api\n")
    (site.root / "hiera/data/common.yaml").write_text("nova::debug: true\n")
    command = ("--code", "../site", "--format", "json")
    assert ("code-required", "../site/nova.pp", 1) in found(audit(site, "new", *command))
    (site.root / "hiera/hiera.yaml").write_text(
        "version: 5\nhierarchy: [{name: secrets, path: secrets/all.yaml}, {name: common, path: common.yaml}]\n"
    )
    result = audit(site, "new", *command)
    assert ("required-unknown", "../site/nova.pp", 1) in found(result)
    assert result.code == 0
    (site.root / "hiera/hiera.yaml").unlink()
    assert ("required-unknown", "../site/nova.pp", 1) in found(audit(site, "new", *command))


def test_resources_in_data_that_site_code_creates(site: Cloud) -> None:
    (site.root / "site/nova.pp").write_text(
        "class profile::nova ($flavors = {}) {\n  $flavors.each |$name, $one| { nova::flavor { $name: * => $one } }\n"
        "  $more = lookup('more_flavors')\n  create_resources('nova::flavor', $more)\n}\n"
    )
    (site.root / "hiera/data/common.yaml").write_text(
        "profile::nova::flavors:\n  small:\n    ram: 1\n    disk: 2\nmore_flavors: {big: {rum: 1}}\n"
    )
    assert found(audit(site, "new", "--code", "../site", "--format", "json"))[1:] == [
        ("hiera-resource", "../hiera/data/common.yaml", 4),
        ("hiera-resource", "../hiera/data/common.yaml", 5),
    ]
