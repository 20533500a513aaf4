"""`pinner upgrade`: a move to another release that has not been made, and the plan for it."""

import json

import pytest

from tests.support.cloud import Cloud, Upstream
from tests.support.prepared import Prepared


def release(upstream: Upstream, name: str, version: str, **more: object) -> str:
    """Put a release on its branch."""
    return upstream.commit(f"stable/{name}", version=version, start="refs/heads/master", **more)  # type: ignore[arg-type]  # what commit() takes


def lock_live(cloud: Cloud) -> None:
    cloud.manifest("live", "release: 2024.1   # the live cloud\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0


@pytest.fixture
def live(cloud: Cloud, prepared: Prepared) -> Cloud:
    """A locked environment on 2024.1."""
    return prepared(cloud, lock_live)


def test_the_plan_says_what_to_do_and_writes_nothing(live: Cloud) -> None:
    manifest = live.project / "environments" / "live.yaml"
    before = manifest.read_bytes(), live.lock_path("live").read_bytes()
    result = live.run("upgrade", "live", "--to", "2025.1")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].startswith("live (pin-")
    assert " -> live on 2025.1 (pin-" in lines[0]
    assert lines[1:] == [
        "0 added, 0 removed, 2 moved, 0 same",
        "",
        "Change in the manifest (1 step)",
        "  environments/live.yaml:1:10: set the new release",
        "    2024.1 -> 2025.1",
        "",
        "what changes in each module: -v, -m MODULE, or --format html",
        "Your data was not checked against 2025.1: use --hiera DIR for data and --code DIR for site code",
    ]
    assert (manifest.read_bytes(), live.lock_path("live").read_bytes()) == before


def test_the_lock_it_shows_is_the_one_that_lock_then_writes(live: Cloud) -> None:
    shown = live.run("upgrade", "live", "--to", "epoxy", "--format", "json").json
    result = live.run("upgrade", "live", "--to", "epoxy", "--write")
    assert "wrote environments/live.yaml: next run 'pinner lock live'" in result.err
    text = (live.project / "environments" / "live.yaml").read_text()
    assert text == "release: 2025.1   # the live cloud\nopenstack: [keystone, nova]\n"
    assert live.run("lock").code == 0
    assert shown["to"]["lock_id"] in live.run("id", "live").out


def test_json_has_the_keys_of_diff_and_the_plan(live: Cloud) -> None:
    found = live.run("upgrade", "live", "--to", "2025.1", "--format", "json").json
    assert (found["format"], found["from"]["name"], found["to"]["name"]) == (1, "live", "live on 2025.1")
    assert [module["change"] for module in found["modules"]] == ["moved", "moved"]
    assert found["release"] == {"from": "2024.1", "to": "2025.1"}
    assert (found["lockable"], found["legs"], found["findings"]) == (True, [], [])
    assert found["plan"] == [
        {
            "stage": "manifest",
            "kind": "manifest-release",
            "module": None,
            "text": "set the new release",
            "path": "environments/live.yaml",
            "line": 1,
            "also": [],
            "missing": False,
            "key": None,
            "old": "2024.1",
            "new": "2025.1",
            "hint": None,
        }
    ]


def test_markdown_is_a_list_to_tick(live: Cloud) -> None:
    lines = live.run("upgrade", "live", "--to", "2025.1", "--format", "markdown").out.splitlines()
    assert lines[:8] == [
        "# live → live on 2025.1: the plan",
        "",
        r"**Your data was not checked against 2025.1: use --hiera DIR for data and --code DIR for site code**",
        "",
        "## Change in the manifest",
        "",
        "- [ ] `environments/live.yaml:1:10`: set the new release",
        "  - 2024.1 -> 2025.1",
    ]


def test_a_renamed_module_is_told_and_rewritten(cloud: Cloud) -> None:
    for module, upstream in (("quantum", cloud.upstream("neutron")), ("nova", cloud.upstream("nova"))):
        upstream.commit("g", version="2.0.0", name=f"puppetlabs-{module}")
        upstream.tag("grizzly-eol", "refs/heads/g")
        later = "neutron" if module == "quantum" else module
        upstream.commit("h", version="3.0.0", name=f"puppetlabs-{later}", start="refs/heads/g")
        upstream.tag("havana-eol", "refs/heads/h")
    path = cloud.manifest(
        "old",
        "release: grizzly\nopenstack:\n  - nova\n  - quantum   # networks\nmodules:\n  quantum: {reason: x}\n",
    )
    assert cloud.run("lock").code == 0
    result = cloud.run("upgrade", "old", "--to", "havana", "--write")
    assert (
        "  environments/old.yaml:4:5: module 'quantum' is called 'neutron' in havana\n    quantum -> neutron\n"
        in result.out
    )
    assert "  'quantum' is renamed to 'neutron': its classes and your keys take the new name\n" in result.out
    assert "' is added" not in result.out
    assert path.read_text() == (
        "release: havana\nopenstack:\n  - nova\n  - neutron   # networks\nmodules:\n  neutron: {reason: x}\n"
    )
    assert cloud.run("lock").code == 0
    assert set(cloud.lock("old")["modules"]) == {"nova", "neutron"}


def test_a_module_that_ended_goes_and_one_pinned_by_itself_stays(cloud: Cloud) -> None:
    for module in ("murano", "tacker"):
        upstream = cloud.upstream(module)
        upstream.commit("master", version="22.0.0")
        upstream.tag("22.0.0", "refs/heads/master")
        release(upstream, "2023.2", "23.0.0")
    for module in ("keystone", "nova"):
        release(cloud.upstream(module), "2023.2", "23.0.0")
    path = cloud.manifest(
        "live",
        "release: 2023.2\nopenstack: [keystone, murano]\n"
        "modules:\n  tacker: {tag: 22.0.0, reason: 'until nobody asks'}\n",
    )
    assert cloud.run("lock").code == 0
    result = cloud.run("upgrade", "live", "--to", "2024.1", "--write")
    assert (
        "  environments/live.yaml:2:23: module 'murano' ended with 2023.2, it is not in 2024.1\n    remove murano\n"
        in result.out
    )
    assert result.out.count("murano") == 2
    stays = "'tacker' stays at 22.0.0 (22.0.0): the manifest pins it (until nobody asks)"
    assert f"  environments/live.yaml:4:3: {stays}\n" in result.out
    assert path.read_text().splitlines()[:2] == ["release: 2024.1", "openstack: [keystone]"]


def test_what_the_new_modules_need_is_told_once_and_only_if_it_is_new(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    needs = {"openstack/keystone": ">=13.0.0 <15.0.0", "puppetlabs/inifile": ">=1.0.0"}
    nova.commit("r", version="13.0.0", needs=needs)
    nova.tag("rocky-eol", "refs/heads/r")
    nova.commit(
        "s",
        version="14.0.0",
        needs={**needs, "openstack/placement": ">=0.1.0", "puppetlabs/mysql": ">=1.0.0"},
    )
    nova.tag("stein-eol", "refs/heads/s")
    keystone = cloud.upstream("keystone")
    keystone.commit("r", version="13.0.0")
    keystone.tag("rocky-eol", "refs/heads/r")
    keystone.commit("s", version="14.0.0")
    keystone.tag("stein-eol", "refs/heads/s")
    cloud.manifest("old", "release: rocky\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    out = cloud.run("upgrade", "old", "--to", "stein").out
    assert (
        "  'placement' is required by nova, but is not in the set\n    hint: add 'placement' under 'openstack'\n"
        in out
    )
    assert "requires puppetlabs/mysql >=1.0.0, which is not in the environment" in out
    assert "inifile" not in out
    assert out.count("has reached its end of life") == 1
    assert "the same for nova" in out


def test_third_party_modules_move_with_the_release(cloud: Cloud) -> None:
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    for version in ("9.6.0", "9.7.0"):
        stdlib.commit("main", version=version, name="puppetlabs-stdlib")
        stdlib.tag(f"v{version}", "refs/heads/main")
    keystone = cloud.upstream("keystone")
    for name, version in (("2024.1", "24.1.0"), ("2025.1", "26.1.0")):
        release(keystone, name, version, needs={"puppetlabs/stdlib": ">=9.0.0 <10.0.0"})
    cloud.manifest("live", "release: 2024.1\nopenstack: [keystone]\ndependencies: {externals: integration}\n")
    assert cloud.run("lock").code == 0
    out = cloud.run("upgrade", "live", "--to", "2025.1").out
    assert (
        "Third-party modules that change with them (1 step)\n  'stdlib' 9.6.0 -> 9.7.0, required by keystone\n"
        in out
    )


def test_a_third_party_module_that_cannot_be_pinned_does_not_go(cloud: Cloud) -> None:
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.6.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.6.0", "refs/heads/main")
    keystone = cloud.upstream("keystone")
    for name, version in (("2024.1", "24.1.0"), ("2025.1", "26.1.0")):
        release(keystone, name, version, needs={"puppetlabs/stdlib": ">=9.0.0 <10.0.0"})
    cloud.manifest("live", "release: 2024.1\nopenstack: [keystone]\ndependencies: {externals: integration}\n")
    assert cloud.run("lock").code == 0
    result = cloud.run("upgrade", "live", "--to", "2025.1")
    assert result.code == 1
    assert "module 'stdlib': no tag 'v9.7.0' in https://github.com/puppetlabs/puppetlabs-stdlib" in result.out
    assert "'stdlib' is dropped" not in result.out


def test_a_fork_without_the_release_is_left_out_and_the_rest_is_still_compared(live: Cloud) -> None:
    fork = live.upstream("nova", owner="private")
    fork.commit("stable/2024.1", version="24.0.0")
    live.manifest(
        "live",
        "release: 2024.1\nopenstack: [keystone, nova]\n"
        'modules:\n  nova: {git: "https://git.example.net/puppet-nova"}\n',
    )
    assert live.run("lock").code == 0
    result = live.run("upgrade", "live", "--to", "2025.1")
    assert result.code == 1
    assert "module 'nova': no ref of release '2025.1' in https://git.example.net/puppet-nova" in result.out
    assert "0 added, 0 removed, 1 moved, 0 same" in result.out


def test_a_module_whose_branch_upstream_lacks_is_told_once_and_does_not_go(live: Cloud) -> None:
    live.upstream("nova").delete("refs/heads/stable/2025.1")
    result = live.run("upgrade", "live", "--to", "2025.1")
    assert result.code == 1
    assert "Modules added, removed or kept (1 step)\n" in result.out
    assert (
        "module 'nova': no ref of release '2025.1' in https://opendev.org/openstack/puppet-nova" in result.out
    )


def test_a_set_that_does_not_hold_together_is_no(live: Cloud) -> None:
    release(live.upstream("nova"), "2025.1", "26.0.1", needs={"openstack/keystone": ">=99.0.0"})
    result = live.run("upgrade", "live", "--to", "2025.1")
    assert result.code == 1
    assert "requires openstack/keystone >=99.0.0, but 'keystone' is pinned at 26.0.0" in result.out
    assert "{override: {nova: {keystone: " in result.out


def test_through_goes_release_by_release_and_ends_at_the_same_lock(live: Cloud) -> None:
    for module in ("keystone", "nova"):
        release(live.upstream(module), "2024.2", "25.0.0")
    straight = live.run("upgrade", "live", "--to", "2025.1", "--format", "json").json
    through = live.run("upgrade", "live", "--to", "2025.1", "--through", "--format", "json").json
    assert [leg["release"] for leg in through["legs"]] == [
        {"from": "2024.1", "to": "2024.2"},
        {"from": "2024.2", "to": "2025.1"},
    ]
    assert {key: through[key] for key in straight if key != "legs"} == {
        key: straight[key] for key in straight if key != "legs"
    }
    text = live.run("upgrade", "live", "--to", "2025.1", "--through").out
    assert [line for line in text.splitlines() if "->" in line and line.startswith("    ")] == [
        "    2024.1 -> 2024.2",
        "    2024.2 -> 2025.1",
    ]


def test_details_on_demand(live: Cloud) -> None:
    assert "nova: moved up" in live.run("upgrade", "live", "--to", "2025.1", "-v").out
    one = live.run("upgrade", "live", "--to", "2025.1", "-m", "nova").out
    assert ("nova: moved up" in one, "keystone: moved" in one) == (True, False)


def test_named_modules_are_told_alone_in_every_form(live: Cloud) -> None:
    for module in ("keystone", "nova"):
        release(live.upstream(module), "2024.2", "25.0.0")

    def told(form: str, *more: str) -> str:
        return live.run("upgrade", "live", "--to", "2025.1", "-m", "nova", "--format", form, *more).out

    for legs in ((), ("--through",)):
        report = json.loads(told("json", *legs))
        for part in (report, *report["legs"]):
            assert [module["name"] for module in part["modules"]] == ["nova"]
    assert [("nova" in text, "keystone" in text) for text in (told("markdown"), told("html"))] == [
        (True, False),
        (True, False),
    ]


def test_a_mistyped_module_is_refused_before_anything_is_written(live: Cloud) -> None:
    result = live.run("upgrade", "live", "--to", "2025.1", "-m", "nvoa", "--write")
    assert (result.code, result.out, result.err) == (
        2,
        "",
        "checked 2 repositories\nneither side has a module 'nvoa'\n  hint: did you mean 'nova'?\n",
    )


def test_a_release_in_a_base_is_said_anew_in_the_environments_own_file(cloud: Cloud) -> None:
    base = cloud.manifest("_base", "release: 2024.1\nopenstack: [keystone, nova]\n")
    path = cloud.manifest("live", "extends: _base   # like all\ndescription: x\n")
    assert cloud.run("lock").code == 0
    assert cloud.run("upgrade", "live", "--to", "2025.1", "--write").code == 0
    assert path.read_text() == "extends: _base   # like all\nrelease: 2025.1\ndescription: x\n"
    assert base.read_text().startswith("release: 2024.1\n")
    assert cloud.run("lock").code == 0


def test_a_list_in_a_base_is_left_to_a_person(cloud: Cloud) -> None:
    for module in ("keystone", "murano"):
        release_from = cloud.upstream(module)
        release_from.commit("stable/2023.2", version="23.0.0")
        release_from.commit("stable/2024.1", version="24.0.0")
    cloud.manifest("_base", "openstack: [keystone, murano]\n")
    path = cloud.manifest("live", "extends: _base\nrelease: 2023.2\n")
    assert cloud.run("lock").code == 0
    result = cloud.run("upgrade", "live", "--to", "2024.1", "--write")
    assert (result.code, path.read_text()) == (2, "extends: _base\nrelease: 2023.2\n")
    assert result.err.endswith(
        "environments/_base.yaml:1:23: 'murano' must be removed, but is in a base that other environments may extend\n"
        "  hint: edit the base, or write the list into the environment's own file\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["live", "--to", "epoxi"], "--to: unknown release 'epoxi'\n  hint: similar names: epoxy"),
        (
            ["live", "--to", "2023.2"],
            "environments/live.yaml:1:10: --to: environment 'live' is already on 2024.1; 2023.2 is not later",
        ),
        (["live", "--to", "2024.1"], "is already on 2024.1; 2024.1 is not later"),
        (["lvie", "--to", "2025.1"], "environment 'lvie' does not exist"),
        (
            ["live", "--to", "2025.1", "--write-hiera"],
            "--write-hiera requires hiera data\n  hint: give --hiera DIR",
        ),
        (
            ["fresh", "--to", "2025.1"],
            "environment 'fresh' has no lock to start from\n  hint: run 'pinner lock fresh'",
        ),
        (
            ["bare", "--to", "2025.1"],
            "environment 'bare' has no 'release' to upgrade from\n  hint: 'pinner diff A B' compares any two locks",
        ),
    ],
)
def test_what_cannot_be_answered_is_wrong_input(live: Cloud, arguments: list[str], message: str) -> None:
    live.manifest("fresh", "release: 2024.1\nopenstack: [nova]\n")
    live.manifest("bare", "modules:\n  nova: {tag: 24.0.0}\n")
    result = live.run("upgrade", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_remote_that_is_gone_is_not_a_no(live: Cloud) -> None:
    upstream = live.upstream("nova")
    upstream.path.rename(upstream.path.with_suffix(".away"))
    result = live.run("upgrade", "live", "--to", "2025.1")
    assert result.code == 3
    assert "module 'nova':" in result.out
    assert "1 moved" in result.out


def test_offline_the_cache_must_do(live: Cloud) -> None:
    upstream = live.upstream("nova")
    upstream.path.rename(upstream.path.with_suffix(".away"))
    assert live.run("upgrade", "live", "--to", "2025.1", "--offline").code == 0


def test_a_module_that_the_release_has_no_ref_of_yet_is_reported_once(cloud: Cloud) -> None:
    nova = {"manifests/init.pp": "class nova ($debug = false) {\n}\n"}
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.6.0", name="puppetlabs-stdlib")
    release(cloud.upstream("nova"), "2024.1", "24.0.0", needs={"puppetlabs/stdlib": ">=9.0.0"}, files=nova)
    cloud.upstream("nova").delete("refs/heads/stable/2025.1")
    keystone = cloud.upstream("keystone")
    for name, version in (("2024.1", "24.1.0"), ("2025.1", "26.1.0")):
        release(keystone, name, version, needs={"openstack/nova": ">=1.0.0"})
    cloud.manifest(
        "live", "release: 2024.1\nopenstack: [keystone, nova]\ndependencies: {externals: newest}\n"
    )
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text("nova::debug: true\nkeystone::nosuch: 1\n")
    (cloud.project / "site").mkdir()
    (cloud.project / "site/cloud.pp").write_text("class cloud {\n  include nova\n}\n")
    stdlib.tag("v9.6.0", "refs/heads/main")
    assert cloud.run("lock").code == 0
    options = ["upgrade", "live", "--to", "2025.1", "--hiera", "data", "--code", "site"]
    found = cloud.run(*options, "--format", "json").json
    assert [(one["code"], one["module"]) for one in found["findings"]] == [("ref-missing", "nova")]
    assert [module["name"] for module in found["modules"]] == ["keystone"]
    about = [step for step in found["plan"] if "nova" in (step["module"], step["text"])]
    assert [step["kind"] for step in about] == ["ref-missing"]
    assert not [step for step in found["plan"] if step["module"] == "stdlib"]
    assert not [step for step in found["plan"] if step["path"] and step["path"].startswith("site/")]
    text = cloud.run(*options)
    assert (text.code, text.out.count("no ref of release '2025.1'")) == (1, 1)
    assert "0 added, 0 removed, 1 moved, 0 same" in text.out
    assert cloud.run(*options, "-m", "nova").code == 1


def test_through_a_release_without_a_ref_the_later_one_is_compared_with_the_old_code(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    for name, version, parameter in (("2024.1", "24.0.0", "debug"), ("2025.1", "26.0.1", "verbose")):
        release(
            nova, name, version, files={"manifests/init.pp": f"class nova (${parameter} = false) {{\n}}\n"}
        )
    release(cloud.upstream("keystone"), "2024.2", "25.0.0")
    cloud.manifest("live", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    (cloud.project / "data").mkdir()
    (cloud.project / "data/common.yaml").write_text("nova::debug: true\n")
    options = ["upgrade", "live", "--to", "2025.1", "--through", "--hiera", "data", "--format", "json"]
    first, second = cloud.run(*options).json["legs"]
    assert [one["code"] for one in first["findings"]] == ["ref-missing", "end-of-life"]
    assert not [step for step in first["plan"] if step["key"]]
    assert [step["key"] for step in second["plan"] if step["key"]] == ["nova::debug"]
