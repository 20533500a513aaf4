"""Earlier locks are found behind links, in repositories inside the project, and in clones that lack objects."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.cloud import NO_CONFIG, Cloud
from tests.support.findings import codes, told, verify

WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")


def git(place: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(place), *WHO, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **NO_CONFIG},
    )
    return done.stdout.strip()


def commit(place: Path, message: str) -> None:
    git(place, "add", "--all", "--force")
    git(place, "commit", "--quiet", "--allow-empty", "--message", message)


def as_it_is(project: Path) -> Path:
    git(project, "init", "--quiet")
    return project


def folder_is_a_link(project: Path) -> Path:
    as_it_is(project)
    (project / "environments").rename(project / "envs")
    (project / "environments").symlink_to("envs")
    return project


def folder_is_a_link_by_way_of_another(project: Path) -> Path:
    as_it_is(project)
    (project / "data").mkdir()
    (project / "environments").rename(project / "data" / "envs")
    (project / "current").symlink_to("data/envs")
    (project / "environments").symlink_to(project / "current")
    return project


def lock_is_a_link(project: Path) -> Path:
    as_it_is(project)
    (project / "locks").mkdir()
    (project / "environments" / "production.lock").rename(project / "locks" / "p.lock")
    (project / "environments" / "production.lock").symlink_to("../locks/p.lock")
    return project


def environments_are_a_repository(project: Path) -> Path:
    as_it_is(project)
    git(project / "environments", "init", "--quiet")
    return project / "environments"


def project_is_a_submodule(project: Path) -> Path:
    as_it_is(project)
    commit(project, "first")
    above = project.parent / "above"
    above.mkdir()
    git(above, "init", "--quiet")
    git(above, "submodule", "--quiet", "add", str(project), "module")
    shutil.rmtree(project)
    project.symlink_to(above / "module")
    return project


@pytest.mark.parametrize(
    "arrange",
    [
        as_it_is,
        folder_is_a_link,
        folder_is_a_link_by_way_of_another,
        lock_is_a_link,
        environments_are_a_repository,
        project_is_a_submodule,
    ],
    ids=lambda arrange: arrange.__name__,
)
def test_a_moved_tag_is_found_wherever_the_lock_lies(
    cloud: Cloud, arrange: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = lock_a_tag(cloud)
    repository = arrange(cloud.project)
    commit(repository, "lock")
    accept_the_move(cloud, old)
    for place in (cloud.project, cloud.project / "environments"):
        monkeypatch.chdir(place)
        assert ("tag-moved", "keystone") in codes(verify(cloud))


def test_a_link_that_led_elsewhere_in_earlier_commits_is_followed(cloud: Cloud) -> None:
    old = lock_a_tag(cloud)
    as_it_is(cloud.project)
    (cloud.project / "environments").rename(cloud.project / "first")
    (cloud.project / "environments").symlink_to("first")
    commit(cloud.project, "first")
    shutil.copytree(cloud.project / "first", cloud.project / "second")
    shutil.rmtree(cloud.project / "first")
    (cloud.project / "environments").unlink()
    (cloud.project / "environments").symlink_to("second")
    accept_the_move(cloud, old)
    commit(cloud.project, "second")
    assert ("tag-moved", "keystone") in codes(verify(cloud))


@pytest.mark.parametrize("objects", ["blob:none", "tree:0"])
@pytest.mark.parametrize("is_linked", [False, True], ids=["plain", "linked"])
def test_a_clone_that_lacks_objects_has_the_whole_history(
    cloud: Cloud, objects: str, *, is_linked: bool
) -> None:
    old = lock_a_tag(cloud)
    (folder_is_a_link if is_linked else as_it_is)(cloud.project)
    commit(cloud.project, "lock")
    for number in range(3):
        (cloud.project / "notes").write_text(f"{number}\n")
        commit(cloud.project, "notes")
    accept_the_move(cloud, old)
    commit(cloud.project, "the tag's new commit")
    clone(cloud, objects)
    log = cloud.root / "trace"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GIT_TRACE2_EVENT", str(log))
        assert ("tag-moved", "keystone") in codes(verify(cloud))
    assert log.read_text().count('"name":"fetch"') <= 6
    diff = cloud.run("diff", "production@HEAD~4", "production", "--format", "json")
    assert (diff.code, diff.json["modules"][0]["change"]) == (0, "moved")


def test_a_clone_whose_origin_is_away_reports_that_its_history_is_not_whole(cloud: Cloud) -> None:
    old = lock_a_tag(cloud)
    as_it_is(cloud.project)
    commit(cloud.project, "lock")
    accept_the_move(cloud, old)
    commit(cloud.project, "the tag's new commit")
    clone(cloud, "blob:none")
    (cloud.root / "origin").rename(cloud.root / "away")
    result = verify(cloud)
    assert [code for code, _ in codes(result)] == ["history-incomplete"]
    assert "git cannot read the project's history" in told(result)[0][3]
    assert cloud.run("diff", "production@HEAD~1", "production").code == 3


def lock_a_tag(cloud: Cloud) -> str:
    """Lock keystone at a tag, move the tag upstream, and return the commit that it named."""
    cloud.manifest("production", "modules:\n  keystone: {tag: 26.0.0}\n")
    assert cloud.run("lock").code == 0
    keystone = cloud.upstream("keystone")
    old = keystone.id("refs/tags/26.0.0")
    keystone.tag("26.0.0", "refs/heads/stable/2025.1")
    return old


def accept_the_move(cloud: Cloud, old: str) -> None:
    """Write the tag's new commit into the lock, as somebody does who has not noticed."""
    lock = cloud.lock_path("production")
    lock.write_text(lock.read_text().replace(old, cloud.upstream("keystone").id("refs/tags/26.0.0")))


def clone(cloud: Cloud, objects: str) -> None:
    """Put a partial clone of the project in its place."""
    origin = cloud.root / "origin"
    cloud.project.rename(origin)
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(cloud.root, "clone", "--quiet", f"--filter={objects}", f"file://{origin}", str(cloud.project))


def test_a_project_that_was_moved_in_its_repository_keeps_its_log(cloud: Cloud) -> None:
    old = lock_a_tag(cloud)
    above = cloud.project
    as_it_is(above)
    commit(above, "lock")
    (above / "clouds").mkdir()
    git(above, "rm", "--quiet", "-r", "--cached", ".")
    for name in ("environments", "pinner.yaml"):
        (above / name).rename(above / "clouds" / name)
    commit(above, "move")
    cloud.project = above / "clouds"
    accept_the_move(cloud, old)
    commit(above, "accept")
    assert ("tag-moved", "keystone") in codes(verify(cloud))
