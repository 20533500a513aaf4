"""`pinner list`, `tree` and `show`: what environments contain, without asking a remote."""

import subprocess

import pytest

from tests.support.cloud import Cloud
from tests.support.code import make_nova


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    """production with keystone, nova and the stdlib that both require; staging without a lock."""
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.7.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.7.0", "refs/heads/main")
    cloud.upstream("keystone").commit(
        "stable/2025.1", version="26.0.0", needs={"puppetlabs/stdlib": ">=9.0.0", "puppetlabs/apt": ">=9.0.0"}
    )
    cloud.upstream("nova").commit(
        "stable/2025.1",
        version="26.0.0",
        needs={"openstack/keystone": ">=26.0.0 <27.0.0", "puppetlabs/stdlib": ">=9.0.0"},
    )
    cloud.manifest(
        "production",
        "release: 2025.1\ndescription: Public cloud\nopenstack: [keystone, nova]\n"
        "modules: {stdlib: {tag: v9.7.0}}\nfindings: {ignore: [dependency-missing]}\n",
    )
    assert cloud.run("lock").code == 0
    cloud.manifest("staging", "release: 2024.1\nopenstack: [nova]\n")
    return cloud


def test_list_has_each_environment_with_release_and_lock_id(locked: Cloud) -> None:
    lock_id = locked.run("id", "production").out.split()[1]
    assert locked.run("list").out == (
        "environment  release  lock id           modules  description\n"
        f"production   2025.1   {lock_id}  3        Public cloud\n"
        "staging      2024.1   no lock yet       -        -\n"
    )
    production, staging = locked.run("list", "--format", "json").json["environments"]
    assert (production["lock_id"], production["modules"], staging["lock_id"]) == (lock_id, 3, None)
    assert [
        one["name"] for one in locked.run("list", "staging", "--format", "json").json["environments"]
    ] == ["staging"]


def test_tree_has_who_requires_whom_with_the_ranges_of_the_metadata(locked: Cloud) -> None:
    lines = locked.run("tree", "production").out.splitlines()[1:]
    assert lines == [
        "nova 26.0.0",
        "├── keystone 26.0.0  >=26.0.0 <27.0.0",
        "│   ├── apt not in this environment  >=9.0.0",
        "│   └── stdlib 9.7.0  >=9.0.0",
        "└── stdlib 9.7.0  >=9.0.0",
    ]


def test_tree_of_one_module_both_ways(locked: Cloud) -> None:
    assert locked.run("tree", "production", "keystone").out.splitlines()[1:] == [
        "keystone 26.0.0",
        "├── apt not in this environment  >=9.0.0",
        "└── stdlib 9.7.0  >=9.0.0",
    ]
    assert locked.run("tree", "production", "stdlib", "--reverse").out.splitlines()[1:] == [
        "stdlib 9.7.0",
        "├── keystone 26.0.0  >=9.0.0",
        "│   └── nova 26.0.0  >=26.0.0 <27.0.0",
        "└── nova 26.0.0  >=9.0.0",
    ]
    assert "did you mean 'stdlib'?" in locked.run("tree", "production", "stdlb").err


def test_tree_leaves_out_what_the_manifest_ignores_and_shows_its_ranges(locked: Cloud) -> None:
    locked.manifest(
        "production",
        "release: 2025.1\nopenstack: [keystone, nova]\nmodules: {stdlib: {tag: v9.7.0}}\n"
        "dependencies:\n  ignore: [apt]\n  override: {keystone: {stdlib: '>= 9.7.0'}}\n",
    )
    lines = locked.run("tree", "production", "keystone").out.splitlines()[1:]
    assert lines == ["keystone 26.0.0", "└── stdlib 9.7.0  >= 9.7.0"]


def test_tree_ends_although_modules_require_each_other(cloud: Cloud) -> None:
    for name, other in (("keystone", "nova"), ("nova", "keystone")):
        cloud.upstream(name).commit(
            "stable/2025.1", version="26.0.0", needs={f"openstack/{other}": ">=1.0.0"}
        )
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    cloud.run("lock")
    assert cloud.run("tree", "production").out.splitlines()[1:] == [
        "keystone 26.0.0",
        "└── nova 26.0.0  >=1.0.0",
        "    └── keystone 26.0.0  >=1.0.0  (see above)",
    ]


def test_tree_json_has_each_module_once(locked: Cloud) -> None:
    document = locked.run("tree", "production", "--format", "json").json
    assert {one["name"]: [need["module"] for need in one["requires"]] for one in document["modules"]} == {
        "keystone": ["apt", "stdlib"],
        "nova": ["keystone", "stdlib"],
        "stdlib": [],
    }


def test_show_lists_what_the_pinned_commit_defines(cloud: Cloud) -> None:
    make_nova(cloud)
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    cloud.run("lock")
    pin = cloud.lock("production")["modules"]["nova"]
    whole = cloud.run("show", "production", "nova", "--format", "json").json
    same = cloud.run("api", "nova", pin["commit"], "--format", "json").json
    assert whole["definitions"] == same["definitions"]
    assert (whole["commit"], whole["version"]) == (pin["commit"], pin["version"])
    files = subprocess.run(
        [
            "git",
            "-C",
            cloud.upstream("nova").path,
            "ls-tree",
            "-r",
            "--name-only",
            pin["commit"],
            "manifests",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {one["path"] for one in whole["definitions"]} | {
        one["path"] for one in whole["unreadable"]
    } >= set(files)


def test_show_of_one_class_has_its_parameters_alone(cloud: Cloud) -> None:
    make_nova(cloud)
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    cloud.run("lock")
    for name in ("nova::api", "::nova::api", "Nova::Api"):
        shown = cloud.run("show", "production", "nova", name, "--offline")
        assert (shown.code, "class nova::api (manifests/api.pp:" in shown.out) == (0, True)
        assert "class nova (" not in shown.out
    refused = cloud.run("show", "production", "nova", "nova::apis")
    assert (refused.code, "did you mean" in refused.err and "'nova::api'" in refused.err) == (2, True)


@pytest.mark.parametrize("words", [("tree", "staging"), ("show", "staging", "nova")])
def test_without_a_lock_the_hint_is_to_make_one(locked: Cloud, words: tuple[str, ...]) -> None:
    shown = locked.run(*words)
    assert (shown.code, "run 'pinner lock staging'" in shown.err) == (2, True)
