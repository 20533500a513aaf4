"""`pinner sbom`: a lock as CycloneDX, checked by CycloneDX's own library."""

import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pinner.model.lock import Lock
from pinner.model.results import Bill
from pinner.report.ci.cyclonedx import LICENCES, cyclonedx
from tests.support.bills import check_cyclonedx, check_purl
from tests.support.cloud import Cloud


@pytest.fixture
def locked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib").commit(
        "main", version="9.7.0", name="puppetlabs-stdlib", needs={"acme/facts": ">=1.0.0"}
    )
    cloud.upstream("data", owner="private/acme", repository="data").commit(
        "main", files={"common.yaml": "{}"}
    )
    cloud.manifest(
        "production",
        "release: 2025.1\nopenstack: [keystone, nova]\nmodules:\n"
        "  stdlib: {git: https://github.com/puppetlabs/puppetlabs-stdlib, branch: main}\n"
        "  facts: {forge: acme/facts, version: 1.2.3}\n"
        "  hieradata: {git: https://git.example.net/acme/data, branch: main, install_path: hiera, module: false}\n",
    )
    assert cloud.run("lock").code == 0
    return cloud


def bill(cloud: Cloud, *arguments: str) -> Any:
    result = cloud.run("sbom", *arguments)
    assert (result.code, result.err) == (0, "")
    return check_cyclonedx(result.out)


def component(document: Any, module: str) -> Any:
    return next(row for row in document["components"] if row["bom-ref"] == module)


def test_a_module_has_its_package_url_commit_and_place(locked: Cloud) -> None:
    commit = locked.upstream("nova").id("refs/heads/stable/2025.1")
    git = "https://opendev.org/openstack/puppet-nova"
    assert component(bill(locked, "production"), "nova") == {
        "type": "library",
        "bom-ref": "nova",
        "group": "openstack",
        "name": "nova",
        "version": "26.0.0",
        "purl": f"pkg:generic/puppet-nova@{commit}?vcs_url=git%2Bhttps://opendev.org/openstack/puppet-nova%40{commit}",
        "pedigree": {"commits": [{"uid": commit}]},
        "externalReferences": [{"type": "vcs", "url": git, "comment": f"commit {commit}"}],
        "properties": [
            {"name": "pinner:install_path", "value": "modules"},
            {"name": "pinner:ref", "value": "refs/heads/stable/2025.1"},
            {"name": "pinner:status", "value": "maintained"},
        ],
    }


def test_every_pin_is_a_component_with_a_good_package_url(locked: Cloud) -> None:
    components = bill(locked, "production")["components"]
    assert [row["bom-ref"] for row in components] == list(locked.lock("production")["modules"])
    assert [check_purl(row["purl"]).type for row in components] == [
        "puppet",
        "generic",
        "generic",
        "generic",
        "github",
    ]
    assert [row["type"] for row in components] == ["library", "data", "library", "library", "library"]


def test_who_depends_on_whom(locked: Cloud) -> None:
    document = bill(locked, "production")
    lock_id = document["metadata"]["component"]["version"]
    assert locked.run("id", "production").out.split() == ["production", lock_id]
    assert {row["ref"]: row["dependsOn"] for row in document["dependencies"]} == {
        lock_id: ["facts", "hieradata", "keystone", "nova", "stdlib"],
        "facts": [],
        "hieradata": [],
        "keystone": [],
        "nova": ["keystone"],
        "stdlib": ["facts"],
    }


def test_a_module_that_another_one_brought_in_is_not_asked_for(locked: Cloud) -> None:
    path = locked.lock_path("production")
    lock = locked.lock("production")
    lock["modules"]["keystone"] |= {"external": "newest", "required_by": ["nova"]}
    path.write_text(json.dumps(lock))
    direct = bill(locked, "production")["dependencies"][0]["dependsOn"]
    assert direct == ["facts", "hieradata", "nova", "stdlib"]


def test_the_same_lock_gives_the_same_bytes_and_another_one_another_number(locked: Cloud) -> None:
    first = locked.run("sbom", "production").out
    assert locked.run("sbom", "production").out == first
    path = locked.lock_path("production")
    (locked.project / "old.lock").write_text(path.read_text())
    locked.upstream("nova").commit("stable/2025.1", version="26.0.1")
    assert locked.run("update").code == 0
    assert bill(locked, "production")["serialNumber"] != json.loads(first)["serialNumber"]
    old = bill(locked, "old.lock")
    assert old["components"] == json.loads(first)["components"]
    assert old["metadata"]["component"]["name"] == "old"


def test_a_date_is_written_only_where_one_is_given(locked: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "timestamp" not in bill(locked, "production")["metadata"]
    assert bill(locked, "production", "--date", "0")["metadata"]["timestamp"] == "1970-01-01T00:00:00+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert bill(locked, "production")["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert locked.run("sbom", "production").code == 2


def licences(document: Any) -> dict[str, Any]:
    return {row["bom-ref"]: row["licenses"] for row in document["components"] if "licenses" in row}


def test_licenses_are_as_each_modules_metadata_have_them(locked: Cloud) -> None:
    for module, text in (("nova", "Apache-2.0"), ("keystone", "Apache License, Version 2.0")):
        locked.upstream(module).commit("stable/2025.1", version="26.0.0", metadata={"license": text})
    assert locked.run("update").code == 0
    assert licences(bill(locked, "production")) == {}
    locked.upstream("nova").path.rename(locked.root / "gone")  # the cache has it
    assert licences(bill(locked, "production", "--licenses")) == {
        "keystone": [{"license": {"name": "Apache License, Version 2.0"}}],
        "nova": [{"license": {"id": "Apache-2.0"}}],
    }


def test_a_license_that_could_not_be_read_is_told(locked: Cloud) -> None:
    result = locked.run(
        "sbom", "production", "--licenses", "--offline", "--cache", str(locked.root / "empty")
    )
    assert result.code == 3
    assert licences(check_cyclonedx(result.out)) == {}
    assert result.err.count("its licence could not be read: ") == 4


def test_every_known_id_is_one_of_spdx() -> None:
    text = cyclonedx(Bill(Lock("a", {}), {}, ()), licences={})
    document = json.loads(text)
    document["components"] = [
        {"type": "library", "name": name, "licenses": [{"license": {"id": name}}]}
        for name in sorted(LICENCES)
    ]
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    assert error is None


def test_what_has_no_lock_has_no_bill(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    result = cloud.run("sbom", "production")
    assert (result.code, result.out) == (2, "")
    assert result.err == "environment 'production' has no lock\n  hint: run 'pinner lock production'\n"
