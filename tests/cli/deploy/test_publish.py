"""`pinner publish`: generated files as commits on the branches of a real control repository."""

import re
import shutil
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import (
    Control,
    Stages,
    copy_cloud,
    keep_history,
    make_control,
    move_nova,
)
from tests.support.repositories import run_git
from tests.support.trees import files_in

pytestmark = pytest.mark.usefixtures("_known_committer")


@pytest.fixture
def cloud(stages: Stages, tmp_path: Path, request: pytest.FixtureRequest) -> Cloud:
    """Two locked environments; where a test asks for what is `published`, that."""
    stage = stages.published if "published" in request.fixturenames else stages.locked
    return copy_cloud(stage, tmp_path / "copy")


def lock_id(cloud: Cloud, environment: str) -> str:
    return str(cloud.run("id", environment).out.split()[1])


def commit_of(cloud: Cloud, environment: str, module: str) -> str:
    return str(cloud.lock(environment)["modules"][module]["commit"])


def test_the_first_publication_makes_a_branch_for_each_environment(cloud: Cloud, control: Control) -> None:
    result = cloud.run("publish")
    tips = control.tips()
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"production ({lock_id(cloud, 'production')}): commit {tips['production'][:12]} on a new branch, 3 files\n"
        "  added   Puppetfile\n  added   bin/config_version\n  added   environment.conf\n"
        f"staging ({lock_id(cloud, 'staging')}): commit {tips['staging'][:12]} on a new branch, 3 files\n"
        "  added   Puppetfile\n  added   bin/config_version\n  added   environment.conf\n"
        f"published 2 of 2 branches to {control.path}\n"
    )
    assert sorted(tips) == ["production", "staging"]
    assert [control.count(branch) for branch in tips] == [1, 1]


def test_the_branches_hold_what_generate_writes_byte_for_byte(cloud: Cloud, published: Control) -> None:
    cloud.run("generate", "--layout", "puppetfiles")
    for environment in ("production", "staging"):
        assert published.tree(environment) == files_in(cloud.project / "puppetfiles" / environment)


def test_the_message_has_lock_ids_modules_and_trailers(cloud: Cloud, published: Control) -> None:
    now, nova = lock_id(cloud, "production"), commit_of(cloud, "production", "nova")
    keystone = commit_of(cloud, "production", "keystone")
    assert published.message("production") == (
        f"pinner: production {now}: 2 added\n\n"
        f"production {now}, first published here\n"
        f"  added   keystone: 24.0.0 (stable/2024.1, {keystone[:12]})\n"
        f"  added   nova: 24.0.0 (stable/2024.1, {nova[:12]})\n\n"
        f"Pinner-Lock: production {now}"
    )
    who = published.repository.git("log", "-1", "--format=%an %ae %cn %ce", "refs/heads/production")
    assert who == "Olga Operator olga@example.org Olga Operator olga@example.org"


def test_publishing_again_changes_nothing(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    result = cloud.run("publish")
    assert (result.code, result.err, published.tips()) == (0, "", tips)
    assert result.out == (
        f"production ({lock_id(cloud, 'production')}): unchanged at {tips['production'][:12]}\n"
        f"staging ({lock_id(cloud, 'staging')}): unchanged at {tips['staging'][:12]}\n"
        f"published 0 of 2 branches to {published.path}\n"
    )


def test_only_the_branch_whose_lock_moved_gets_a_commit(cloud: Cloud, published: Control) -> None:
    tips, old = published.tips(), lock_id(cloud, "production")
    before = commit_of(cloud, "production", "nova")
    move_nova(cloud, "2024.1")
    assert cloud.run("publish").code == 0
    assert published.tips()["staging"] == tips["staging"]
    assert published.parents("production") == [tips["production"]]
    new, after = lock_id(cloud, "production"), commit_of(cloud, "production", "nova")
    assert published.message("production") == (
        f"pinner: production {old} -> {new}: 1 moved\n\n"
        f"production {old} -> {new}\n"
        f"  moved   nova: {before[:12]} -> 24.1.0 (stable/2024.1, {after[:12]})\n\n"
        f"Pinner-Lock: production {new}"
    )


def test_the_message_has_the_old_versions_where_the_projects_history_knows_them(
    cloud: Cloud, published: Control
) -> None:
    keep_history(cloud, "As published")
    before = commit_of(cloud, "production", "nova")
    cloud.manifest("production", "release: 2024.1\nopenstack: [nova]\nmodules: {swift: {release: 2024.1}}\n")
    cloud.upstream("swift").commit("stable/2024.1", version="24.0.0")
    cloud.run("lock")
    move_nova(cloud, "2024.1")
    assert cloud.run("publish").code == 0
    _, _, *rows = published.message("production").splitlines()[1:-2]
    after, keystone = (
        commit_of(cloud, "production", "nova"),
        r"keystone: 24\.0\.0 \(stable/2024\.1, [0-9a-f]{12}\)",
    )
    assert re.fullmatch(f"  removed {keystone}", rows[0])
    assert (
        rows[1]
        == f"  moved   nova: 24.0.0 (stable/2024.1, {before[:12]}) -> 24.1.0 (stable/2024.1, {after[:12]})"
    )
    assert rows[2].startswith("  added   swift: 24.0.0 (stable/2024.1, ")


def test_a_named_environment_alone_is_published(cloud: Cloud, control: Control) -> None:
    assert cloud.run("publish", "staging").code == 0
    assert list(control.tips()) == ["staging"]


def test_a_dry_run_shows_files_message_and_difference_and_moves_nothing(
    cloud: Cloud, published: Control
) -> None:
    tips, before = published.tips(), commit_of(cloud, "production", "nova")
    move_nova(cloud, "2024.1")
    result = cloud.run("publish", "production", "--dry-run")
    assert (result.code, result.err, published.tips()) == (0, "", tips)
    first, *lines = result.out.splitlines()
    assert (
        first
        == f"production ({lock_id(cloud, 'production')}): a commit on {tips['production'][:12]}, 2 files"
    )
    assert lines[:2] == ["  changed Puppetfile", "  changed bin/config_version"]
    assert f"    -  :ref => '{before}'" in lines
    assert f"    +  :ref => '{commit_of(cloud, 'production', 'nova')}'" in lines
    assert f"    Pinner-Lock: production {lock_id(cloud, 'production')}" in lines
    assert lines[-1] == f"would publish 1 of 1 branch to {published.path}"


def test_json_has_branches_with_commit_parent_lock_ids_and_files(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    move_nova(cloud, "2024.1")
    dry = cloud.run("publish", "--dry-run", "--format", "json").json
    done = cloud.run("publish", "--format", "json").json
    message = published.message("production") + "\n"
    production = {
        "name": "production",
        "commit": published.tips()["production"],
        "parent": tips["production"],
        "changed": True,
        "environments": ["production"],
        "lock_ids": [lock_id(cloud, "production")],
        "files": [
            {"path": "Puppetfile", "change": "changed"},
            {"path": "bin/config_version", "change": "changed"},
        ],
        "message": message,
    }
    staging = {
        "name": "staging",
        "commit": tips["staging"],
        "parent": None,
        "changed": False,
        "environments": ["staging"],
        "lock_ids": [lock_id(cloud, "staging")],
        "files": [],
        "message": None,
    }
    common = {"format": 1, "control_repo": str(published.path), "notes": []}
    assert done == {**common, "dry_run": False, "branches": [production, staging]}
    assert dry == {**common, "dry_run": True, "branches": [{**production, "commit": None}, staging]}


def test_an_environment_that_is_gone_is_told_and_its_branch_stays(cloud: Cloud, published: Control) -> None:
    published.repository.commit({"Puppetfile": "mod 'stdlib', '1.0.0'\n"}, branch="feature")
    published.repository.commit({"README": "no Puppetfile\n"}, branch="docs")
    (cloud.project / "environments/staging.yaml").unlink()
    (cloud.project / "environments/staging.lock").unlink()
    tips = published.tips()
    result = cloud.run("publish")
    assert (result.code, published.tips()) == (0, tips)
    assert result.err == (
        "branch 'staging' belongs to an environment that the project no longer has\n"
        f"  hint: if nothing needs it: git push {published.path} --delete staging\n"
    )
    assert cloud.run("publish", "production").err == ""


def test_a_directory_may_be_given_as_it_is_typed(cloud: Cloud, control: Control) -> None:
    cloud.write_settings()
    result = cloud.run("publish", "--layout", "branches", "--control-repo", "../control.git")
    assert (result.code, sorted(control.tips())) == (0, ["production", "staging"])


def test_the_layout_puppetfiles_has_a_folder_an_environment_on_one_branch(cloud: Cloud) -> None:
    control = make_control(cloud, layout="puppetfiles")
    assert cloud.run("publish").code == 0
    cloud.run("generate")
    files = files_in(cloud.project / "puppetfiles")
    assert control.tree("production") == {f"puppetfiles/{path}": entry for path, entry in files.items()}
    ids = [f"Pinner-Lock: {name} {lock_id(cloud, name)}" for name in ("production", "staging")]
    assert control.message("production").splitlines()[-2:] == ids


@pytest.mark.parametrize("layout", ["puppetfiles", "one-branch", "exec"])
def test_on_one_branch_the_files_of_environments_not_named_stay(cloud: Cloud, layout: str) -> None:
    control = make_control(cloud, layout=layout)
    assert cloud.run("publish").code == 0
    whole = control.tree("production")
    move_nova(cloud, "2024.1", "2025.1")
    assert cloud.run("publish", "production").code == 0
    partly = control.tree("production")
    changed = {path for path in whole if partly[path] != whole[path]}
    assert partly.keys() == whole.keys()
    assert changed
    assert not any("staging" in path for path in changed)
    assert cloud.run("publish").code == 0
    assert any(
        "staging" in path for path, entry in control.tree("production").items() if partly[path] != entry
    )


def test_what_a_check_of_the_locks_only_remarks_stops_no_publication(cloud: Cloud, control: Control) -> None:
    for message in ("first", "second"):
        (cloud.project / "environments/notes.txt").write_text(message)
        keep_history(cloud, message)
    clone = cloud.root / "clone"
    run_git("clone", "--quiet", "--depth", "1", f"file://{cloud.project}", str(clone))
    shutil.copy(cloud.project / "pinner.yaml", clone)
    shutil.copy(cloud.lock_path("staging"), clone / "environments/gone.lock")
    cloud.project = clone
    assert "[history-incomplete]" in cloud.run("lock", "--check").out
    assert "[lock-unused]" in cloud.run("lock", "--check").out
    assert cloud.run("publish").code == 0
    assert sorted(control.tips()) == ["production", "staging"]
