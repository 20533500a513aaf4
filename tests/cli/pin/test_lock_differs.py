"""A lock that was changed by itself: whatever a pin holds is compared with what the manifest, catalogue and gate give."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.findings import codes, told, verify
from tests.support.prepared import Prepared

GATE = "puppet-openstack-integration"
STDLIB = "https://github.com/puppetlabs/puppetlabs-stdlib"
MANIFEST = "release: 2025.1\nopenstack: [keystone, nova]\ndependencies: {externals: integration}\n"
NEEDS = {"puppetlabs/stdlib": ">=9.0.0 <10.0.0"}
Pins = dict[str, Any]


def edit(cloud: Cloud, change: Callable[[Pins], object], environment: str = "production") -> None:
    """Change the pins of a lock by hand."""
    lock = cloud.lock(environment)
    change(lock["modules"])
    cloud.lock_path(environment).write_text(json.dumps(lock, indent=2, sort_keys=True) + "\n")


def check(cloud: Cloud) -> Result:
    return cloud.run("lock", "--check", "--format", "json")


def puppetfile(**refs: str) -> dict[str, str]:
    rows = (
        f"mod '{name}',\n  :git => 'https://github.com/puppetlabs/puppetlabs-{name}',\n  :ref => '{ref}'\n"
        for name, ref in refs.items()
    )
    return {"Puppetfile": "".join(rows)}


def lock_gated(cloud: Cloud) -> None:
    for module in ("keystone", "nova"):
        cloud.upstream(module).commit("stable/2025.1", version="26.0.1", needs=NEEDS)
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    for version in ("9.1.0", "9.6.0", "9.7.0"):
        stdlib.commit("main", version=version, name="puppetlabs-stdlib")
        stdlib.tag(f"v{version}", "refs/heads/main")
    gate = cloud.upstream("integration", repository=GATE)
    gate.commit("master", files=puppetfile(stdlib="v9.1.0"))
    gate.commit("stable/2024.1", start="refs/heads/master", files=puppetfile(stdlib="v9.1.0"))
    gate.commit("master", files=puppetfile(stdlib="v9.6.0"))
    gate.commit("stable/2025.1", start="refs/heads/master", files=puppetfile(stdlib="v9.7.0"))
    cloud.manifest("production", MANIFEST)
    assert cloud.run("lock").code == 0
    assert cloud.lock("production")["modules"]["stdlib"]["want"] == {"tag": "v9.7.0"}


@pytest.fixture
def gated(cloud: Cloud, prepared: Prepared) -> Cloud:
    """Keystone needs stdlib, which the gate ran at v9.6.0 for 2025.1 once and runs at v9.7.0 now; locked."""
    return prepared(cloud, lock_gated)


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_both)


def lock_both(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://git.evil.example/puppetlabs/puppetlabs-stdlib",
        "https://github.com/evil/puppetlabs-stdlib",
        "https://github.com/puppetlabs/puppetlabs-stdlib.git",
        "https://github.com/Puppetlabs/puppetlabs-stdlib",
        "https://GitHub.com/puppetlabs/puppetlabs-stdlib",
        "https://github.com/puppetlabs/puppetlabs-stdlib/",
        "http://github.com/puppetlabs/puppetlabs-stdlib",
        "ssh://git@github.com/puppetlabs/puppetlabs-stdlib",
        "git@github.com:puppetlabs/puppetlabs-stdlib",
        "/srv/puppetlabs-stdlib",
    ],
)
def test_a_third_party_module_from_elsewhere(gated: Cloud, url: str) -> None:
    edit(gated, lambda pins: pins["stdlib"].update(git=url))
    expected = [
        (
            "error",
            "lock-differs",
            "stdlib",
            f"module 'stdlib': it is locked from {url}, but the repository of 'stdlib' is {STDLIB}",
            "find out who changed the lock; 'pinner lock production' pins the module anew",
        )
    ]
    for result in (check(gated), verify(gated)):
        assert (result.code, told(result)) == (1, expected)


@pytest.mark.parametrize("url", ["https://github.com/a/b?ref=x", "https://user:p@github.com/a/b", "ext::sh"])
def test_a_url_that_no_manifest_may_hold(gated: Cloud, url: str) -> None:
    edit(gated, lambda pins: pins["stdlib"].update(git=url))
    assert (gated.run("lock", "--check").code, gated.run("verify").code) == (2, 2)


def test_nothing_is_asked_of_a_server_that_only_a_lock_names(gated: Cloud) -> None:
    edit(gated, lambda pins: pins["stdlib"].update(git=f"file://{gated.root}/never"))
    for command in (("verify",), ("lock",), ("outdated",), ("status",)):
        result = gated.run(*command)
        assert "never" not in result.err, command
        assert result.code != 3, command


def test_lock_takes_such_a_url_back_and_reports_it(gated: Cloud) -> None:
    before = gated.lock_path("production").read_bytes()
    edit(gated, lambda pins: pins["stdlib"].update(git="https://github.com/evil/stdlib", commit="0" * 40))
    result = gated.run("lock", "--format", "json")
    assert (result.code, codes(result)) == (0, [("pin-corrected", "stdlib")])
    assert gated.lock_path("production").read_bytes() == before
    assert told(verify(gated)) == []


@pytest.mark.parametrize("module", ["nova", "stdlib"])
def test_an_update_of_one_module_does_not_step_over_such_a_pin(gated: Cloud, module: str) -> None:
    edit(gated, lambda pins: pins["stdlib"].update(git="https://github.com/evil/stdlib"))
    before = gated.lock_path("production").read_bytes()
    result = gated.run("update", "-m", module)
    assert result.code == 2
    assert "module 'stdlib': it is locked from https://github.com/evil/stdlib" in result.err
    assert gated.lock_path("production").read_bytes() == before


def test_a_url_that_the_manifest_itself_names(gated: Cloud) -> None:
    fork = gated.upstream("stdlib", owner="private", repository="fork")
    fork.commit("main", version="9.7.0", name="puppetlabs-stdlib")
    gated.manifest(
        "production", MANIFEST + 'modules:\n  stdlib: {git: "https://git.example.net/fork", branch: main}\n'
    )
    assert gated.run("lock").code == 0
    assert gated.lock("production")["modules"]["stdlib"]["git"] == "https://git.example.net/fork"
    assert (told(check(gated)), told(verify(gated))) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        {"install_path": "site"},
        {"module": False},
        {"status": "maintained"},
        {"want": {"release": "2025.1"}, "ref": "refs/heads/stable/2025.1"},
        {"want": {"version": ">= 1.0.0"}},
        {"want": {"tag": "v9.7.0", "as_of": "2026-01-01"}},
    ],
)
def test_a_third_party_pin_of_a_shape_that_its_rule_never_gives(gated: Cloud, change: Pins) -> None:
    edit(gated, lambda pins: pins["stdlib"].update(change))
    for result in (check(gated), verify(gated)):
        assert ("lock-differs", "stdlib") in codes(result)
        assert result.code == 1


def test_a_version_that_the_gate_never_ran_for_the_release(gated: Cloud) -> None:
    old = gated.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib").id("refs/tags/v9.1.0")
    edit(
        gated,
        lambda pins: pins["stdlib"].update(
            want={"tag": "v9.1.0"}, ref="refs/tags/v9.1.0", commit=old, version="9.1.0"
        ),
    )
    result = verify(gated)
    assert (result.code, [row[1:4] for row in told(result)]) == (
        1,
        [
            (
                "lock-differs",
                "stdlib",
                (
                    f"module 'stdlib': upstream's gate has never run it at tag v9.1.0 of {STDLIB} for release 2025.1"
                ),
            )
        ],
    )
    assert gated.run("lock").code == 0
    assert gated.lock("production")["modules"]["stdlib"]["want"] == {"tag": "v9.7.0"}


def test_what_the_gate_ran_when_the_branch_was_cut_is_no_difference(gated: Cloud) -> None:
    gate = gated.upstream("integration", repository=GATE)
    gate.move("refs/heads/stable/2025.1", gate.id("refs/heads/master"))
    gated.run("update", "--allow-older", "stdlib")
    assert gated.lock("production")["modules"]["stdlib"]["want"] == {"tag": "v9.6.0"}
    gate.commit("stable/2025.1", files=puppetfile(stdlib="v9.7.0"))
    gate.commit("master", files=puppetfile(stdlib="v9.1.0"))
    assert (told(check(gated)), told(verify(gated))) == ([], [])
    before = gated.lock_path("production").read_bytes()
    assert gated.run("lock").code == 0
    assert gated.lock_path("production").read_bytes() == before


def test_a_third_party_module_that_nobody_requires(gated: Cloud) -> None:
    gated.upstream("concat", owner="puppetlabs", repository="puppetlabs-concat").commit(
        "main", version="9.1.0"
    )
    edit(
        gated,
        lambda pins: pins.update(
            concat={
                **pins["stdlib"],
                "git": "https://github.com/puppetlabs/puppetlabs-concat",
                "name": "puppetlabs-concat",
            }
        ),
    )
    assert codes(check(gated)) == [("lock-stale", "concat")]
    gated.run("lock")
    assert set(gated.lock("production")["modules"]) == {"keystone", "nova", "stdlib"}


def test_a_third_party_module_that_only_a_falsified_dependency_requires(gated: Cloud) -> None:
    def smuggle(pins: Pins) -> None:
        pins["nova"]["dependencies"]["evil/backdoor"] = ">= 0"
        pins["backdoor"] = {
            **pins["stdlib"],
            "git": "https://github.com/evil/backdoor",
            "required_by": ["nova"],
            "name": "evil-backdoor",
        }

    edit(gated, smuggle)
    result = verify(gated)
    assert (result.code, result.err) == (1, "checked 4 repositories\n")
    assert {("lock-differs", "backdoor"), ("lock-differs", "nova")} <= set(codes(result))
    assert gated.run("lock").code == 0
    assert set(gated.lock("production")["modules"]) == {"keystone", "nova", "stdlib"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"version": "27.0.0"},
            "its version is '27.0.0' in the lock, but metadata.json at {commit} has '26.0.0'",
        ),
        (
            {"name": "evil-nova"},
            "its name is 'evil-nova' in the lock, but metadata.json at {commit} has 'openstack-nova'",
        ),
        (
            {"dependencies": {}},
            (
                "its dependency on openstack/keystone is missing in the lock, but metadata.json at {commit} has "
                "'>=26.0.0 <27.0.0'"
            ),
        ),
        (
            {"dependencies": {"openstack/keystone": ">=1.0.0"}},
            (
                "its dependency on openstack/keystone is '>=1.0.0' in the lock, but metadata.json at {commit} has "
                "'>=26.0.0 <27.0.0'"
            ),
        ),
    ],
)
def test_facts_that_the_module_itself_does_not_give(cloud: Cloud, change: Pins, words: str) -> None:
    cloud.upstream("nova").commit(
        "stable/2025.1", version="26.0.0", needs={"openstack/keystone": ">=26.0.0 <27.0.0"}
    )
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    before = cloud.lock_path("production").read_bytes()
    commit = cloud.lock("production")["modules"]["nova"]["commit"]
    edit(cloud, lambda pins: pins["nova"].update(change))
    result = verify(cloud)
    assert result.code == 1
    assert [row[3] for row in told(result) if row[1] == "lock-differs"] == [
        f"module 'nova': {words.format(commit=commit)}"
    ]
    again = cloud.run("lock", "--format", "json")
    assert (again.code, codes(again)) == (0, [("pin-corrected", "nova")])
    assert cloud.lock_path("production").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        {"ref": "refs/heads/evil"},
        {"ref": "refs/heads/master"},
        {"ref": "refs/heads/stable/2024.1"},
        {"ref": None},
        {"status": "unmaintained", "ref": "refs/heads/stable/2025.1", "want": {"branch": "stable/2025.1"}},
        {"ref": "refs/tags/2025.1-eol", "status": "maintained"},
        {"status": None},
    ],
)
def test_a_ref_or_status_that_the_release_never_has(locked: Cloud, change: Pins) -> None:
    def falsify(pins: Pins) -> None:
        pins["nova"] = {key: value for key, value in {**pins["nova"], **change}.items() if value is not None}

    before = locked.lock_path("production").read_bytes()
    edit(locked, falsify)
    for result in (check(locked), verify(locked)):
        assert result.code == 1
        assert {module for code, module in codes(result) if code in {"lock-differs", "lock-stale"}} == {
            "nova"
        }
    assert locked.run("lock").code == 0
    assert locked.lock_path("production").read_bytes() == before


@pytest.mark.parametrize("key", ["tag", "branch", "commit", "version"])
def test_every_selector_passes_as_it_was_locked(cloud: Cloud, key: str) -> None:
    keystone = cloud.upstream("keystone")
    values = {
        "tag": "26.0.0",
        "branch": "stable/2025.1",
        "commit": keystone.id("refs/tags/26.0.0"),
        "version": ">= 24.0.0 < 27.0.0",
    }
    cloud.manifest("production", f'modules:\n  keystone: {{{key}: "{values[key]}"}}\n')
    assert cloud.run("lock").code == 0
    assert (told(check(cloud)), told(verify(cloud))) == ([], [])
    edit(cloud, lambda pins: pins["keystone"].update(status="maintained"))
    assert (codes(check(cloud)), check(cloud).code) == ([("lock-differs", "keystone")], 1)


@pytest.mark.parametrize("ref", ["refs/heads/master", "refs/tags/24.0.0", "refs/tags/zed-eol", None])
def test_a_ref_outside_of_the_wanted_range(cloud: Cloud, ref: str | None) -> None:
    cloud.manifest("production", 'modules:\n  keystone: {version: ">= 25.0.0"}\n')
    assert cloud.run("lock").code == 0
    edit(cloud, lambda pins: pins["keystone"].update(ref=ref) if ref else pins["keystone"].pop("ref"))
    assert codes(check(cloud)) == [("lock-differs", "keystone")]


def test_what_is_not_a_module_keeps_its_place_and_has_no_facts(cloud: Cloud) -> None:
    data = cloud.upstream("data", owner="private", repository="data")
    data.commit("main", files={"common.yaml": "a: 1\n"})
    row = '{git: "https://git.example.net/data", branch: main, install_path: hiera, module: false}'
    cloud.manifest("production", f"modules:\n  hieradata: {row}\n")
    assert cloud.run("lock").code == 0
    assert (told(check(cloud)), told(verify(cloud))) == ([], [])
    clean = cloud.lock_path("production").read_bytes()
    for change in ({"version": "1.0.0"}, {"name": "a-b"}, {"install_path": "site"}, {"module": True}):
        edit(cloud, lambda pins, change=change: pins["hieradata"].update(change))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert check(cloud).code == 1
        cloud.lock_path("production").write_bytes(clean)


def test_a_module_of_the_forge(cloud: Cloud) -> None:
    cloud.manifest("production", "modules:\n  facts: {forge: acme/facts, version: 1.2.3}\n")
    assert cloud.run("lock").code == 0
    assert (told(check(cloud)), told(verify(cloud))) == ([], [])
    for change in ({"forge": "evil/facts"}, {"version": "1.2.2"}, {"install_path": "site"}):
        edit(cloud, lambda pins, change=change: pins["facts"].update(change))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        assert check(cloud).code == 1
        cloud.run("lock")
        assert check(cloud).code == 0


def test_what_an_environment_takes_from_its_base_counts_as_its_own(gated: Cloud) -> None:
    gated.manifest("_base", "dependencies: {externals: integration}\nopenstack: [keystone]\n")
    gated.manifest("staging", "extends: _base\nrelease: 2025.1\n")
    assert gated.run("lock", "staging").code == 0
    assert told(check(gated), "staging") == []
    edit(gated, lambda pins: pins["stdlib"].update(git="https://evil.example/stdlib"), "staging")
    assert codes(check(gated), "staging") == [("lock-differs", "stdlib")]


def test_a_release_that_upstream_moved_on_since_is_no_difference(locked: Cloud) -> None:
    nova = locked.upstream("nova")
    nova.move("refs/heads/unmaintained/2025.1", nova.id("refs/heads/stable/2025.1"))
    nova.delete("refs/heads/stable/2025.1")
    assert codes(check(locked)) == []
    assert codes(verify(locked)) == [("status-changed", "nova")]


def test_the_newest_releases_come_from_pinner_yaml_or_the_catalogue(gated: Cloud) -> None:
    gated.manifest("production", MANIFEST.replace("integration", "newest"))
    assert gated.run("lock").code == 0
    assert (told(check(gated)), told(verify(gated))) == ([], [])
    clean = gated.lock_path("production").read_bytes()
    edit(gated, lambda pins: pins["stdlib"].update(git="https://evil.example/stdlib"))
    for result in (check(gated), verify(gated)):
        assert codes(result) == [("lock-differs", "stdlib")]
    assert gated.run("lock").code == 0
    assert gated.lock_path("production").read_bytes() == clean
    edit(gated, lambda pins: pins.pop("stdlib"))
    assert ("lock-differs", "stdlib") in codes(verify(gated))


def test_a_home_of_ones_own_for_the_newest_releases(gated: Cloud) -> None:
    own = gated.upstream("stdlib", owner="private", repository="stdlib")
    own.commit("main", version="9.9.0", name="puppetlabs-stdlib")
    own.tag("v9.9.0", "refs/heads/main")
    gated.write_settings('modules: {stdlib: "https://git.example.net/stdlib"}\n')
    gated.manifest("production", MANIFEST.replace("integration", "newest"))
    assert gated.run("lock").code == 0
    assert gated.lock("production")["modules"]["stdlib"]["git"] == "https://git.example.net/stdlib"
    assert (told(check(gated)), told(verify(gated))) == ([], [])


def test_a_third_party_module_that_only_the_gate_can_name_is_left_to_verify(gated: Cloud) -> None:
    other = gated.upstream("other", owner="puppetlabs", repository="puppetlabs-other")
    other.commit("main", version="1.0.0", name="puppetlabs-other")
    other.tag("v1.0.0", "refs/heads/main")
    gated.upstream("nova").commit("stable/2025.1", version="26.0.2", needs={"puppetlabs/other": ">= 1.0.0"})
    gate = gated.upstream("integration", repository=GATE)
    gate.commit("stable/2025.1", files=puppetfile(stdlib="v9.7.0", other="v1.0.0"))
    assert gated.run("update").code == 0
    assert "other" in gated.lock("production")["modules"]
    assert (codes(check(gated)), check(gated).code) == ([("lock-unconfirmed", "other")], 0)
    assert told(verify(gated)) == []
    edit(gated, lambda pins: pins["other"].update(git="https://github.com/evil/other"))
    result = verify(gated)
    assert (result.code, codes(result)) == (1, [("lock-differs", "other")])


def test_a_lock_without_a_manifest(locked: Cloud) -> None:
    locked.lock_path("left_over").write_bytes(locked.lock_path("production").read_bytes())
    for command in (("lock", "--check"), ("verify",)):
        result = locked.run(*command, "--format", "json")
        assert (result.code, codes(result, "left_over")) == (0, [("lock-unused", None)])
        only = locked.run(*command, "production", "--format", "json")
        assert [row["name"] for row in only.json["environments"]] == ["production"]


@pytest.mark.parametrize("change", [{"required_by": ["nova"]}, {"external": "newest"}])
def test_a_module_that_the_manifest_names_is_not_one_that_others_brought_in(
    locked: Cloud, change: Pins
) -> None:
    before = locked.lock_path("production").read_bytes()
    edit(locked, lambda pins: pins["keystone"].update(change))
    for result in (check(locked), verify(locked)):
        assert (result.code, codes(result)) == (1, [("lock-stale", "keystone")])
    assert locked.run("lock").code == 0
    assert locked.lock_path("production").read_bytes() == before


@pytest.mark.parametrize("modules", [["keystone"], ["keystone", "nova", "zaqar"]])
def test_who_requires_a_third_party_module_is_compared(gated: Cloud, modules: list[str]) -> None:
    before = gated.lock_path("production").read_bytes()
    edit(gated, lambda pins: pins["stdlib"].update(required_by=modules))
    for result in (check(gated), verify(gated)):
        assert (result.code, codes(result)) == (1, [("lock-stale", "stdlib")])
    assert gated.run("lock").code == 0
    assert gated.lock_path("production").read_bytes() == before


def test_only_a_tag_can_have_moved(locked: Cloud) -> None:
    before = locked.lock_path("production").read_bytes()
    edit(locked, lambda pins: pins["nova"].update(moved_from=["a" * 40]))
    for result in (check(locked), verify(locked)):
        assert (result.code, codes(result)) == (1, [("lock-differs", "nova")])
    assert locked.run("lock").code == 0
    assert locked.lock_path("production").read_bytes() == before


@pytest.mark.parametrize("status", ["unmaintained", "end of life"])
def test_a_status_that_the_branch_does_not_have(locked: Cloud, status: str) -> None:
    before = locked.lock_path("production").read_bytes()
    edit(locked, lambda pins: pins["nova"].update(status=status))
    assert ("status-changed", "nova") in codes(verify(locked))
    assert verify(locked, "--strict").code == 1
    assert locked.run("update", "-m", "nova").code == 0
    assert locked.lock_path("production").read_bytes() == before
