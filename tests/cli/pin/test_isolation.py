"""`pinner verify`: Ruby code that would meet under one name if one server served several environments."""

import shutil
from typing import Any

import pytest

from tests.support.cloud import Cloud, Result

FILES = {
    "lib/puppet/type/nova_config.rb": "type {}",
    "lib/puppet/type/nova_flavor.rb": "same",
    "lib/puppet/provider/nova_config/ini.rb": "provider {}",
    "lib/puppet/functions/nova/url.rb": "require_relative '../../../puppet_x/nova/url'\n# {}",
    "lib/puppet_x/nova/url.rb": "require File.expand_path('deeper', __dir__)",
    "lib/puppet_x/nova/deeper.rb": "helper {}",
    "lib/puppet_x/nova/of_agents.rb": "helper {}",
    "lib/facter/nova.rb": "fact {}",
    "manifests/init.pp": "class nova {{ }} # {}",
}


def commit(cloud: Cloud, release: str, version: str, files: dict[str, str]) -> str:
    written = {path: text.format(version) for path, text in files.items()}
    return cloud.upstream("nova").commit(f"stable/{release}", version=version, files=written)


@pytest.fixture
def two(cloud: Cloud) -> Cloud:
    """Environments on two releases, the older named first."""
    for release, version in (("2024.1", "24.0.0"), ("2025.1", "26.0.0")):
        commit(cloud, release, version, FILES)
        manifest = f'release: "{release}"\nopenstack: [nova]\nfindings: {{ignore: [dependency-missing, end-of-life]}}\n'
        cloud.manifest(f"cloud_{release.replace('.', '_')}", manifest)
    assert cloud.run("lock").code == 0
    return cloud


def found(result: Result) -> list[dict[str, Any]]:
    return [
        {**finding, "environment": environment["name"]}
        for environment in result.json["environments"]
        for finding in environment["findings"]
    ]


def told(cloud: Cloud, *more: str) -> list[tuple[str, str, str]]:
    """Return level, code and message of the findings about isolation."""
    result = cloud.run("verify", "--format", "json", *more)
    rows = [(one["level"], one["code"], one["message"]) for one in found(result)]
    return [row for row in rows if row[1].startswith("isolation-")]


OF_AGENTS = "puppet_x/nova/of_agents"
TYPES = "1 native type of 1 module differs in cloud_2024_1: a server uses the first one that is loaded for all environments"
HELPER = (
    "module 'nova': the helper 'puppet_x/nova/deeper' differs in cloud_2024_1: functions load it, and a server "
    "uses one of them for all environments"
)


def test_types_are_counted_and_helpers_of_functions_named(two: Cloud) -> None:
    assert told(two) == [("warning", "isolation-helpers", HELPER), ("info", "isolation-types", TYPES)]
    assert two.run("verify").code == 0


def test_a_pair_is_told_once_with_the_later(two: Cloud) -> None:
    result = two.run("verify", "--format", "json")
    assert {one["environment"] for one in found(result)} == {"cloud_2025_1"}
    assert found(result)[0]["path"] == "environments/cloud_2025_1.yaml"


def test_environments_with_one_code_are_told_of_once(two: Cloud) -> None:
    for name, release in (("other_2024_1", "2024.1"), ("other_2025_1", "2025.1")):
        two.manifest(
            name, f'release: "{release}"\nopenstack: [nova]\nfindings: {{ignore: [dependency-missing]}}\n'
        )
    two.run("lock")
    assert told(two) == [("warning", "isolation-helpers", HELPER), ("info", "isolation-types", TYPES)]
    [_, (_, _, alone)] = told(two, "other_2025_1")
    assert alone == TYPES.replace("cloud_2024_1", "cloud_2024_1 and other_2024_1")


def test_one_environment_is_held_against_the_others(two: Cloud) -> None:
    messages = [message for _, _, message in told(two, "cloud_2024_1")]
    assert messages == [HELPER.replace("2024", "2025"), TYPES.replace("2024", "2025")]


def test_everything_is_named_on_demand_in_order_of_danger(two: Cloud) -> None:
    assert told(two, "--isolation") == [
        (
            "info",
            "isolation-types",
            "module 'nova': the native type 'nova_config' differs in cloud_2024_1",
        ),
        ("warning", "isolation-helpers", HELPER),
        (
            "info",
            "isolation-providers",
            f"module 'nova': the provider 'nova_config/ini' and the helper {OF_AGENTS!r} differ in cloud_2024_1",
        ),
        (
            "info",
            "isolation-functions",
            "module 'nova': the function 'nova::url' differs in cloud_2024_1",
        ),
    ]


def test_long_lists_are_cut(cloud: Cloud) -> None:
    for number, release in enumerate(("2023.1", "2023.2", "2024.1", "2024.2", "2025.1")):
        files = {f"lib/puppet/type/t{name}.rb": str(number) for name in range(8)}
        upstream = cloud.upstream("nova")
        upstream.commit(f"stable/{release}", version=f"{22 + number}.0.0", files=files)
        cloud.manifest(
            f"e{number}", f'release: "{release}"\nopenstack: [nova]\nfindings: {{ignore: [end-of-life]}}\n'
        )
    cloud.run("lock")
    assert (
        "info",
        "isolation-types",
        "module 'nova': the native types 't0', 't1', 't2', 't3', 't4' and 3 more differ in e0, e1, e2 and 1 more",
    ) in told(cloud, "--isolation")


def test_the_same_code_in_both_is_nothing_to_tell(two: Cloud) -> None:
    commit(two, "2024.1", "26.0.0", FILES)
    two.run("update")
    assert told(two) == []


def test_a_helper_that_functions_load_on_one_side_only_never_meets_another(two: Cloud) -> None:
    files = {**FILES, "lib/puppet/functions/nova/url.rb": "alone"}
    commit(two, "2024.1", "24.0.1", files)
    two.run("update")
    assert [code for _, code, _ in told(two)] == ["isolation-types"]


def test_one_name_in_two_modules_meets_too(two: Cloud) -> None:
    two.upstream("keystone").commit(
        "stable/2024.1",
        version="24.0.0",
        files={
            "lib/puppet/type/nova_config.rb": "of keystone",
            "lib/puppet/type/nova_flavor.rb": "of keystone",
        },
    )
    two.manifest(
        "cloud_2024_1", 'release: "2024.1"\nopenstack: [keystone]\nfindings: {ignore: [end-of-life]}\n'
    )
    two.run("lock")
    assert told(two)[-1][2].startswith("2 native types of 1 module differ in cloud_2024_1")


def test_silence_and_strictness(two: Cloud) -> None:
    assert told(two, "--ignore", "isolation-types", "--ignore", "isolation-helpers:nova") == []
    assert two.run("verify", "--strict").code == 1
    assert two.run("verify", "--strict", "--ignore", "isolation-helpers").code == 0


def test_nothing_is_fetched_for_another_environment(two: Cloud) -> None:
    other = commit(two, "2024.1", "24.0.1", FILES)
    assert two.run("update", "cloud_2024_1").code == 0
    assert two.lock("cloud_2024_1")["modules"]["nova"]["commit"] == other
    shutil.rmtree(two.root / "cache")
    upstream = two.upstream("nova")
    upstream.git("update-ref", "-d", "refs/heads/stable/2024.1")
    assert told(two, "cloud_2025_1") == []
    assert told(two, "cloud_2025_1", "--isolation") == [
        ("info", "isolation-unread", "1 module of environment 'cloud_2024_1' could not be read")
    ]


def test_modules_of_the_forge_cannot_be_looked_at(two: Cloud) -> None:
    for name, version in (("cloud_2024_1", "1.0.0"), ("cloud_2025_1", "2.0.0")):
        path = two.project / f"environments/{name}.yaml"
        same = "  same: {forge: acme/same, version: 3.0.0}\n"
        path.write_text(
            f"{path.read_text()}modules:\n  facts: {{forge: acme/facts, version: {version}}}\n{same}"
        )
    assert two.run("lock").code == 0
    assert [row for row in told(two, "--isolation") if row[1] == "isolation-unread"] == [
        (
            "info",
            "isolation-unread",
            f"1 module of environment '{name}' comes from the Forge and could not be read",
        )
        for name in ("cloud_2024_1", "cloud_2025_1")
    ]


def test_a_broken_lock_of_another_environment_is_its_own_story(two: Cloud) -> None:
    two.lock_path("cloud_2024_1").write_text("{")
    assert told(two, "cloud_2025_1") == []


def test_a_lone_environment_has_nobody_to_meet(cloud: Cloud) -> None:
    commit(cloud, "2025.1", "26.0.0", FILES)
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [nova]\nfindings: {ignore: [dependency-missing]}\n"
    )
    cloud.run("lock")
    assert told(cloud, "--isolation") == []
