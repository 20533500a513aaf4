"""`pinner identify`: plain directories of modules, and which commits of real repositories they are."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud, Upstream
from tests.support.exports import export

Copy = Callable[..., Path]
CODE = "class nova {\n" + "".join(f"  $v{number} = {number}\n" for number in range(20)) + "}\n"


@pytest.fixture
def nova(cloud: Cloud) -> Upstream:
    """Nova with a release whose tag is followed by a fix, a new README and another release."""
    upstream = cloud.upstream("nova")
    base = {
        "manifests/init.pp": CODE,
        "manifests/api.pp": "class nova::api {\n}\n",
        "spec/init_spec.rb": "x\n",
        "files/policy.json": "{\n}\n",
        "README.md": "a\n",
        ".gitignore": "x\n",
    }
    upstream.commit("stable/2025.1", version="26.1.0", files=base)
    upstream.tag("26.1.0", "refs/heads/stable/2025.1")
    upstream.commit(
        "stable/2025.1",
        version="26.1.0",
        files={**base, "manifests/api.pp": "class nova::api {\n  # fix\n}\n"},
    )
    upstream.commit(
        "stable/2025.1",
        version="26.1.0",
        files={**base, "manifests/api.pp": "class nova::api {\n  # fix\n}\n", "README.md": "b\n"},
    )
    upstream.commit(
        "stable/2025.1",
        version="26.2.0",
        files={**base, "manifests/api.pp": "class nova::api {\n  # one\n  # two\n  # three\n}\n"},
    )
    upstream.tag("26.2.0", "refs/heads/stable/2025.1")
    return upstream


def identify(cloud: Cloud, directory: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and what is said of each module by its directory."""
    result = cloud.run("identify", str(directory), "--format", "json", *words)
    return result.code, {row["directory"]: row for row in result.json["modules"]} if result.out else {}


def test_an_exact_copy_is_its_commit_by_content_alone(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    export(nova, "26.1.0", modules / "nova")
    code, found = identify(cloud, modules)
    row = found["nova"]
    assert (code, row["match"], row["identity"]["commit"]) == (0, "exact", nova.id("26.1.0"))
    assert row["identity"]["ref"] == "refs/tags/26.1.0"
    assert row["identity"]["git"] == "https://opendev.org/openstack/puppet-nova"
    assert row["identity"]["wrong_claim"] is None
    assert not any(row["identity"]["differences"].values())


def test_text_for_a_person(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    shutil.rmtree(copy / "spec")
    (copy / ".gitignore").unlink()
    export(nova, "26.2.0", modules / "neutron")
    (modules / "neutron/manifests/init.pp").write_text(CODE.replace("$v3 = 3", "$v3 = 4\n  $mine = 1"))
    (modules / "docs").mkdir()
    (modules / "site/manifests").mkdir(parents=True)
    (modules / "site/manifests/init.pp").write_text("class site {\n}\n")
    result = cloud.run("identify", "../modules", "--against", str(nova.path))
    commits = {tag: nova.id(tag)[:12] for tag in ("26.1.0", "26.2.0")}
    assert result.code == 1
    assert result.out == (
        f"neutron  nearest  26.2.0 ({commits['26.2.0']}) of file://{nova.path}: 1 file differs\n"
        "    manifests/init.pp: +2 -1\n"
        "    the same files: stable/2025.1\n"
        f"nova     same     26.1.0 ({commits['26.1.0']}) of file://{nova.path}\n"
        "    only there, and not read by Puppet: .gitignore, spec/ (1 file)\n"
        "site     unknown  no similar commit in any repository searched\n"
        f"    searched: file://{nova.path}\n"
        "not modules: docs\n"
        "3 modules: 1 same, 1 nearest, 1 unknown (1 repository searched)\n"
    )


def test_what_packaging_left_out_does_not_make_it_another_commit(
    cloud: Cloud, nova: Upstream, modules: Path
) -> None:
    """Without its README a copy of the tag is also a copy of the commits after the tag: the tag is what it is called."""
    copy = export(nova, "26.2.0", modules / "nova")
    shutil.rmtree(copy / "spec")
    for name in (".gitignore", "README.md"):
        (copy / name).unlink()
    (copy / "checksums.json").write_text("{}")
    (copy / "manifests/init.pp.orig").write_text("old\n")
    code, found = identify(cloud, modules)
    differences = found["nova"]["identity"]["differences"]
    assert (code, found["nova"]["match"]) == (0, "same")
    assert found["nova"]["identity"]["commit"] == nova.id("26.2.0")
    assert differences["dropped"] == [".gitignore", "README.md", "spec/init_spec.rb"]
    assert differences["left_by_tools"] == ["checksums.json", "manifests/init.pp.orig"]


def test_between_two_releases_the_very_commit_is_found(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    middle = nova.id("26.2.0~2")
    export(nova, middle, modules / "nova")
    _, found = identify(cloud, modules)
    identity = found["nova"]["identity"]
    assert (identity["commit"], identity["ref"]) == (middle, None)
    assert identity["branches"] == ["refs/heads/stable/2025.1"]
    assert identity["wrong_claim"] == {
        "version": "26.1.0",
        "tag": "refs/tags/26.1.0",
        "ahead": 1,
        "behind": 0,
    }
    text = cloud.run("identify", str(modules)).out
    assert f"{middle[:12]} (26.1.0, on stable/2025.1) of" in text
    assert "    its metadata has version 26.1.0, but this is 1 commit after the tag 26.1.0\n" in text


def test_files_that_differ_are_named_with_their_lines(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.2.0", modules / "nova")
    (copy / "manifests/init.pp").write_text(CODE.replace("$v1 = 1\n", "$v1 = 2\n  $acme = true\n"))
    (copy / "manifests/acme.pp").write_text("class nova::acme {\n}\n")
    (copy / "files/policy.json").unlink()
    (copy / "README.md").write_text("ours\n")
    code, found = identify(cloud, modules)
    assert (code, found["nova"]["match"], found["nova"]["identity"]["ref"]) == (
        1,
        "nearest",
        "refs/tags/26.2.0",
    )
    assert found["nova"]["identity"]["differences"] == {
        "changed": [
            {"path": "README.md", "added": 1, "removed": 1},
            {"path": "manifests/init.pp", "added": 2, "removed": 1},
        ],
        "only_here": [{"path": "manifests/acme.pp", "added": 2, "removed": 0}],
        "only_there": [{"path": "files/policy.json", "added": 0, "removed": 2}],
        "dropped": [],
        "left_by_tools": [],
        "line_ends": [],
        "modes": [],
    }


def test_a_changed_readme_alone_is_a_difference(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / "README.md").write_text("ours\n")
    code, found = identify(cloud, modules)
    assert (code, found["nova"]["match"], found["nova"]["identity"]["ref"]) == (
        1,
        "nearest",
        "refs/tags/26.1.0",
    )
    assert found["nova"]["identity"]["differences"]["changed"] == [
        {"path": "README.md", "added": 1, "removed": 1}
    ]


def test_of_commits_that_differ_in_the_same_files_the_one_with_the_fewest_lines_is_nearest(
    cloud: Cloud, modules: Path
) -> None:
    upstream = cloud.upstream("glance")
    lines = [f"# {number}\n" for number in range(40)]
    commits = [
        upstream.commit("master", version="26.0.0", files={"manifests/init.pp": "".join(lines[:end])})
        for end in (10, 20, 30)
    ]
    upstream.tag("26.0.0", commits[0])
    copy = export(upstream, commits[2], modules / "glance")
    (copy / "manifests/init.pp").write_text("".join([*lines[:21], "# ours\n"]))
    _, found = identify(cloud, modules)
    assert found["glance"]["identity"]["commit"] == commits[1]
    assert found["glance"]["identity"]["differences"]["changed"] == [
        {"path": "manifests/init.pp", "added": 2, "removed": 0}
    ]


def test_a_fix_that_was_taken_over_early_makes_it_no_later_commit(cloud: Cloud, modules: Path) -> None:
    """The commit with the fix has a new class, too, which the copy has not."""
    upstream = cloud.upstream("glance")
    fixed, more = CODE.replace("$v7 = 7", "$v7 = 8"), {"manifests/new.pp": "# new\n" * 9}
    before = upstream.commit("master", version="26.0.0", files={"manifests/init.pp": CODE})
    upstream.commit("master", version="26.0.0", files={"manifests/init.pp": fixed, **more})
    copy = export(upstream, before, modules / "glance")
    (copy / "manifests/init.pp").write_text(fixed)
    _, found = identify(cloud, modules)
    assert found["glance"]["identity"]["commit"] == before


def test_a_merge_is_taken_rather_than_what_it_merged(cloud: Cloud, modules: Path) -> None:
    upstream = cloud.upstream("glance")
    base = upstream.commit("master", version="1.0.0", files={"manifests/init.pp": "class x {\n}\n"})
    change = upstream.commit("change", version="1.0.0", files={"manifests/init.pp": CODE}, start=base)
    tree = upstream.git("rev-parse", f"{change}^{{tree}}")
    who = ["-c", "user.name=Upstream", "-c", "user.email=upstream@example.org"]
    merge = upstream.git(*who, "commit-tree", tree, "-p", base, "-p", change, "-m", "Merge")
    upstream.move("refs/heads/master", merge)
    upstream.commit("master", version="2.0.0")
    upstream.delete("refs/heads/change")
    export(upstream, change, modules / "glance")
    assert identify(cloud, modules)[1]["glance"]["identity"]["commit"] == merge


def test_of_many_files_the_first_are_listed_unless_all_are_asked_for(
    cloud: Cloud, nova: Upstream, modules: Path
) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    for number in range(25):
        (copy / f"manifests/own{number:02}.pp").write_text("#\n")
    told = cloud.run("identify", str(modules)).out
    assert "    manifests/own19.pp: only here, 1 line\n    … 5 more files (--all shows them)\n" in told
    assert "    manifests/own24.pp: only here, 1 line\n" in cloud.run("identify", str(modules), "--all").out


def test_a_claim_of_another_line_is_told_as_that(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    nova.commit("side", version="26.2.0", files={"manifests/init.pp": CODE * 2}, start="26.1.0")
    export(nova, "refs/heads/side", modules / "nova")
    told = cloud.run("identify", str(modules)).out
    assert "this is not on the line of the tag 26.2.0: 1 commit more, 3 fewer\n" in told


def test_a_claim_that_is_not_true_is_told(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    metadata = copy / "metadata.json"
    metadata.write_text(metadata.read_text().replace("26.1.0", "26.2.0"))
    _, found = identify(cloud, modules)
    identity = found["nova"]["identity"]
    assert identity["ref"] == "refs/tags/26.1.0"
    assert [row["path"] for row in identity["differences"]["changed"]] == ["metadata.json"]
    assert identity["wrong_claim"] == {
        "version": "26.2.0",
        "tag": "refs/tags/26.2.0",
        "ahead": 0,
        "behind": 3,
    }
    assert (
        "its metadata has version 26.2.0, but this is 3 commits before the tag 26.2.0\n"
        in cloud.run("identify", str(modules)).out
    )
    metadata.write_text(metadata.read_text().replace("26.2.0", "99.0.0"))
    assert (
        "its metadata has version 99.0.0, the commit's has 26.1.0\n"
        in cloud.run("identify", str(modules)).out
    )


def test_two_commits_with_one_tree(cloud: Cloud, modules: Path) -> None:
    """A revert brings an old tree back: all its names are told, the claimed version's tag is taken."""
    upstream = cloud.upstream("glance")
    files = {"manifests/init.pp": CODE}
    first = upstream.commit("master", version="1.1.0", files=files)
    upstream.commit("master", version="1.2.0", files={"manifests/init.pp": "class x {\n}\n"})
    again = upstream.commit("master", version="1.1.0", files=files)
    export(upstream, first, modules / "glance")
    _, found = identify(cloud, modules)
    assert (found["glance"]["identity"]["commit"], found["glance"]["identity"]["ref"]) == (
        again,
        "refs/heads/master",
    )
    upstream.tag("v1.1.0", first)
    upstream.tag("1.3.0", again)
    assert identify(cloud, modules, "--offline")[1]["glance"]["identity"]["ref"] == "refs/heads/master"
    shutil.rmtree(cloud.root / "cache")
    _, found = identify(cloud, modules)
    identity = found["glance"]["identity"]
    assert (identity["commit"], identity["ref"]) == (first, "refs/tags/v1.1.0")
    assert identity["alike"] == ["refs/heads/master", "refs/tags/1.3.0", "refs/tags/v1.1.0"]


def test_without_any_ref_the_oldest_commit_of_a_tree_is_taken(cloud: Cloud, modules: Path) -> None:
    upstream = cloud.upstream("glance")
    first = upstream.commit("master", version="1.1.0", files={"manifests/init.pp": CODE})
    other = {"manifests/init.pp": "class x {\n}\n"}
    upstream.commit("master", version="1.1.0", files=other)
    upstream.commit("master", version="1.1.0", files={"manifests/init.pp": CODE})
    upstream.commit("master", version="1.1.0", files=other)
    export(upstream, first, modules / "glance")
    assert identify(cloud, modules)[1]["glance"]["identity"]["commit"] == first


def test_a_module_is_found_under_each_of_its_names(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    """By its metadata, its directory, a packager's name, a clone's, and by the name it had once."""
    quantum = cloud.upstream("quantum", repository="puppet-neutron")
    quantum.commit("master", version="2.0.0", name="puppetlabs-quantum", files={"manifests/init.pp": CODE})
    for name in ("nova", "renamed", "openstack-nova", "puppet-nova"):
        export(nova, "26.1.0", modules / name)
    export(quantum, "refs/heads/master", modules / "quantum")
    bare = export(nova, "26.1.0", modules / "x" / "nova")
    (bare / "metadata.json").unlink()
    code, found = identify(cloud, modules)
    assert {name: row["match"] for name, row in found.items()} == dict.fromkeys(found, "exact")
    assert found["quantum"]["identity"]["git"] == "https://opendev.org/openstack/puppet-neutron"
    assert code == 0
    _, found = identify(cloud, modules / "x")
    assert [row["path"] for row in found["nova"]["identity"]["differences"]["only_there"]] == [
        "metadata.json"
    ]


def test_one_module_and_a_link_to_one(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules.parent / "kept" / "nova")
    (modules / "nova").symlink_to(copy)
    assert identify(cloud, copy)[1]["nova"]["match"] == "exact"
    assert identify(cloud, modules)[1]["nova"]["match"] == "exact"
    assert identify(cloud, modules / "nova")[1]["nova"]["match"] == "exact"


def test_names_of_settings_are_looked_for_too(cloud: Cloud, modules: Path) -> None:
    upstream = cloud.upstream("acme", owner="private", repository="acme-modules")
    upstream.commit("master", version="1.0.0", name="ops-acme")
    cloud.write_settings('modules: {acme: "https://git.example.net/acme-modules.git"}\n')
    export(upstream, "refs/heads/master", modules / "acme")
    assert (
        identify(cloud, modules)[1]["acme"]["identity"]["git"] == "https://git.example.net/acme-modules.git"
    )


def test_what_no_name_leads_to_is_found_in_the_cache(cloud: Cloud, modules: Path) -> None:
    fork = cloud.upstream("fork", owner="private", repository="fork")
    fork.commit(
        "master", version="1.0.0", name="openstack-nova", files={"manifests/init.pp": CODE + "# fork\n"}
    )
    cloud.manifest("one", 'modules:\n  nova: {git: "https://git.example.net/fork", branch: master}\n')
    assert cloud.run("lock").code == 0
    copy = export(fork, "refs/heads/master", modules / "unheard_of")
    _, found = identify(cloud, modules)
    row = found["unheard_of"]
    assert (row["match"], row["identity"]["git"]) == ("exact", "https://git.example.net/fork")
    metadata = copy / "metadata.json"
    metadata.write_text(metadata.read_text().replace("openstack-nova", "ops-unheard"))
    _, found = identify(cloud, modules)
    assert found["unheard_of"]["match"] == "nearest"
    assert found["unheard_of"]["repositories"] == []
    assert identify(cloud, modules, "--against", "mirrors")[1]["unheard_of"]["match"] == "nearest"


def test_the_repository_of_the_name_wins_and_others_are_told(
    cloud: Cloud, nova: Upstream, modules: Path
) -> None:
    shutil.copytree(nova.path, cloud.root / "upstreams/private/copy.git")
    cloud.manifest("one", 'modules:\n  nova: {git: "https://git.example.net/copy", tag: 26.1.0}\n')
    assert cloud.run("lock").code == 0
    export(nova, "26.1.0", modules / "nova")
    cloud.run("lock")
    words = (
        "--against",
        "https://opendev.org/openstack/puppet-nova",
        "--against",
        "https://git.example.net/copy",
    )
    identity = identify(cloud, modules, *words)[1]["nova"]["identity"]
    assert identity["git"] == "https://opendev.org/openstack/puppet-nova"
    assert identity["elsewhere"] == ["https://git.example.net/copy"]
