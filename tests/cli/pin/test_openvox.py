"""`openvox:` in manifests, beside or instead of `puppet:`, in checks, `init` and `sbom`."""

import pytest

from tests.support.bills import check_cyclonedx
from tests.support.cloud import Cloud
from tests.support.findings import told

BOTH = [
    {"name": "puppet", "version_requirement": ">= 7.9.0 < 8.0.0"},
    {"name": "openvox", "version_requirement": ">= 8.19.0 < 9.0.0"},
]


def run_on(cloud: Cloud, runs: str, requirements: list[dict[str, str]]) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.0", metadata={"requirements": requirements})
    cloud.manifest("production", f"release: 2025.1\n{runs}\nopenstack: [nova]\n")


@pytest.mark.parametrize(
    ("runs", "requirements", "finding"),
    [
        ("openvox: 8.19.0", BOTH, None),
        (
            "puppet: 8.10.0",
            BOTH,
            (
                "error",
                "puppet-unsupported",
                "requires Puppet >= 7.9.0 < 8.0.0, the environment runs Puppet 8.10.0",
            ),
        ),
        (
            "openvox: 8.11.0",
            BOTH,
            (
                "error",
                "puppet-unsupported",
                "requires OpenVox >= 8.19.0 < 9.0.0, the environment runs OpenVox 8.11.0",
            ),
        ),
        (
            "openvox: 8.19.0",
            BOTH[:1],
            (
                "error",
                "puppet-unsupported",
                "requires Puppet >= 7.9.0 < 8.0.0, the environment runs OpenVox 8.19.0",
            ),
        ),
        (
            "puppet: 8.10.0",
            BOTH[1:],
            (
                "warning",
                "openvox-required",
                "requires OpenVox >= 8.19.0 < 9.0.0, the environment runs Puppet 8.10.0",
            ),
        ),
    ],
)
def test_metadata_are_compared_with_what_the_environment_runs(
    cloud: Cloud, runs: str, requirements: list[dict[str, str]], finding: tuple[str, str, str] | None
) -> None:
    run_on(cloud, runs, requirements)
    result = cloud.run("lock", "--format", "json")
    found = [(level, code, message.partition("': ")[2]) for level, code, _, message, _ in told(result)]
    assert found == ([finding] if finding else [])
    assert result.code == (1 if finding and finding[0] == "error" else 0)


def test_a_version_of_openvox_has_three_numbers(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenvox: 8\nopenstack: [nova]\n")
    result = cloud.run("lock")
    assert result.code == 2
    assert "2:10: openvox: '8' is not a version of Puppet or OpenVox" in result.err


def test_init_writes_what_the_environment_runs(cloud: Cloud) -> None:
    assert cloud.run("init", "--release", "2025.1", "--openvox", "8.19.0", "-m", "nova").code == 0
    manifest = (cloud.project / "environments/production.yaml").read_text()
    assert "release: 2025.1\nopenvox: 8.19.0\n" in manifest
    assert cloud.run("init", "--release", "2025.1", "--puppet", "8.10.0", "staging").code == 0
    assert "\npuppet: 8.10.0\n" in (cloud.project / "environments/staging.yaml").read_text()
    refused = cloud.run("init", "--release", "2025.1", "--openvox", "latest", "third")
    assert (refused.code, "'latest' is not a version of Puppet or OpenVox" in refused.err) == (2, True)


@pytest.mark.parametrize(("key", "version"), [("openvox", "8.19.0"), ("puppet", "8.10.0")])
def test_a_bill_of_materials_has_what_the_environment_runs(cloud: Cloud, key: str, version: str) -> None:
    cloud.manifest("production", f"release: 2025.1\n{key}: {version}\nopenstack: [nova]\n")
    cloud.run("lock")
    document = check_cyclonedx(cloud.run("sbom", "production").out)
    (runtime,) = [row for row in document["components"] if row["type"] == "platform"]
    assert (runtime["name"], runtime["version"], runtime["purl"]) == (
        key,
        version,
        f"pkg:gem/{key}@{version}",
    )
    assert f"runtime:{key}" in document["dependencies"][0]["dependsOn"]
    whole = check_cyclonedx(cloud.run("sbom", str(cloud.lock_path("production"))).out)
    assert [row["type"] for row in whole["components"]] == ["library"]  # a lock alone does not have it
