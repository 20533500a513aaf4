"""Third-party modules that the gate runs: added with a reason, or told why not."""

import pytest

from tests.support.cloud import Cloud

TEXT = "release: 2025.1\nopenstack: [keystone]\ndependencies: {externals: integration}\n"


@pytest.fixture
def needy(cloud: Cloud) -> Cloud:
    """Keystone needs stdlib and apache, apache needs concat; the gate's tags of 2025.1 are there."""
    cloud.upstream("keystone").commit(
        "stable/2025.1",
        version="26.0.0",
        needs={"puppetlabs/stdlib": ">=9.0.0", "puppetlabs/apache": ">=12.0.0"},
    )
    for name, version, needs in (
        ("stdlib", "9.7.0", {}),
        ("apache", "12.3.1", {"puppetlabs/concat": ">= 2.0.0"}),
        ("concat", "9.1.0", {}),
    ):
        upstream = cloud.upstream(name, owner="puppetlabs", repository=f"puppetlabs-{name}")
        upstream.commit("main", version=version, name=f"puppetlabs-{name}", needs=needs)
        upstream.tag(f"v{version}", "refs/heads/main")
    cloud.manifest("production", TEXT)
    return cloud


def test_what_is_required_is_pinned_with_who_required_it(needy: Cloud) -> None:
    assert needy.run("lock").code == 0
    modules = needy.lock("production")["modules"]
    assert set(modules) == {"apache", "concat", "keystone", "stdlib"}
    assert (modules["concat"]["want"], modules["concat"]["required_by"]) == ({"tag": "v9.1.0"}, ["apache"])
    assert needy.run("lock", "--check").code == 0
    assert needy.run("verify", "--format", "json").json["environments"][0]["findings"] == []
    assert "added because apache required it" in needy.run("why", "production", "concat").out


def test_nothing_is_added_unless_the_manifest_says_so(needy: Cloud) -> None:
    needy.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    result = needy.run("lock", "--format", "json")
    assert [found["code"] for found in result.json["environments"][0]["findings"]] == [
        "dependency-missing"
    ] * 2
    assert set(needy.lock("production")["modules"]) == {"keystone"}


def test_what_was_added_goes_when_nothing_requires_it_any_more(needy: Cloud) -> None:
    needy.run("lock")
    needy.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    assert needy.run("lock", "--check").code == 1
    needy.run("lock")
    assert set(needy.lock("production")["modules"]) == {"keystone"}


def test_a_module_the_manifest_names_is_not_replaced(needy: Cloud) -> None:
    needy.manifest("production", TEXT + "modules:\n  stdlib: {branch: main}\n")
    needy.run("lock")
    assert needy.lock("production")["modules"]["stdlib"]["want"] == {"branch": "main"}


def test_an_external_whose_repository_is_gone_is_left_out_with_a_warning(needy: Cloud) -> None:
    needy.upstream("concat", owner="puppetlabs", repository="puppetlabs-concat").path.rename(
        needy.root / "gone"
    )
    result = needy.run("lock", "--format", "json")
    codes = [(found["code"], found["module"]) for found in result.json["environments"][0]["findings"]]
    assert codes == [
        ("gate-unread", None),
        ("external-not-found", "concat"),
        ("dependency-missing", "apache"),
    ]
    assert result.code == 0
