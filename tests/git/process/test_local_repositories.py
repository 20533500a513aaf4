"""Which repositories on this machine may be read and pushed to; all made by real git."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.local_repositories import (
    is_git_directory,
    local_path,
    read_regular,
    require_own_target,
    require_untracked,
)
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError, Location
from tests.support.repositories import make_repository, run_git
from tests.support.users import only_root

NAMED = Location("pinner.yaml", 2, 15)


def test_only_regular_files_are_read_and_links_only_if_they_are_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "endless").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "directory").mkdir()
    names = ("file", "link", "endless", "pipe", "directory")
    assert [read_regular(tmp_path / name, 4) for name in names] == [b"1234", b"", b"", b"", b""]
    followed = [read_regular(tmp_path / name, 4, follows_links=True) for name in names]
    assert followed == [b"1234", b"1234", b"", b"", b""]
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 4)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/a/b", "/a/b"),
        ("file:///a/b", "/a/b"),
        ("FILE:///a/b", "/a/b"),
        ("file:///a%2Fb%20c", "/a/b c"),
        ("file://a/b", "/b"),
        ("file://a%2Fb/c", "/b/c"),
        ("https://example.org/a", None),
        ("git@example.org:/a", None),
    ],
)
def test_the_path_that_git_opens(url: str, path: str | None) -> None:
    assert local_path(url) == (path and Path(path))


def test_git_does_not_look_at_the_host_of_a_file_url(tmp_path: Path, mirrors: Mirrors) -> None:
    make_repository(tmp_path / "r.git").commit({"a": "1"})
    url = f"file://elsewhere{tmp_path / 'r.git'}"
    assert isinstance(mirrors.sync([url])[url], Mirror)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a directory of a checkout, which has a bare repository among its files."""
    root = tmp_path / "mono" / "puppet"
    root.mkdir(parents=True)
    run_git("init", "--quiet", str(root.parent))
    make_repository(root / "store.git").commit({"a": "1"})
    return root


def track(project: Path) -> None:
    for name in ("objects", "refs"):
        (project / "store.git" / name / ".keep").touch()
    run_git("-C", str(project), "add", "--all", "--force")


SPELLINGS = (
    "{}/store.git",
    "{}/store",
    "file://{}/store.git",
    "file://host{}/store",
    "{}/../puppet/store.git",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_repository_among_tracked_files_is_refused(project: Path, mirrors: Mirrors, spelling: str) -> None:
    url = spelling.format(project)
    track(project)
    with pytest.raises(InputError) as caught:
        mirrors.sync([url])
    assert str(caught.value).endswith(
        f" is tracked by the git repository in {project.parent}\n"
        "  hint: clone it to a directory outside of the project"
    )
    with pytest.raises(InputError):
        require_own_target(url, project, named_at=None)


@pytest.mark.parametrize(
    "content",
    [b"x" * 5000, b"x/" * 5000, b"/" + b"y" * 300, b"\xff\n", b".", b"./\n\r", b"\0x", b".\0\n"],
)
def test_a_repository_shares_the_objects_that_git_finds(tmp_path: Path, content: bytes) -> None:
    for name in ("objects", "refs"):
        (tmp_path / name).mkdir()
    (tmp_path / "HEAD").write_text("ref: refs/heads/main\n")
    assert is_git_directory(tmp_path)
    (tmp_path / "commondir").write_bytes(content)
    done = subprocess.run(["git", "--git-dir", str(tmp_path), "rev-parse"], check=False, capture_output=True)
    assert is_git_directory(tmp_path) is (done.returncode == 0)


def test_of_a_large_commondir_only_the_start_is_read(tmp_path: Path) -> None:
    (tmp_path / "HEAD").touch()
    with (tmp_path / "commondir").open("wb") as file:
        file.truncate(1 << 44)  # a sparse file that no memory holds
    assert not is_git_directory(tmp_path)


def test_through_a_link_too(project: Path, tmp_path: Path) -> None:
    track(project)
    (tmp_path / "link").symlink_to(project)
    with pytest.raises(InputError):
        require_untracked(f"{tmp_path}/link/store")


def test_one_that_is_not_tracked_may_be_read(project: Path, mirrors: Mirrors) -> None:
    url = f"{project}/store.git"
    assert isinstance(mirrors.sync([url])[url], Mirror)


def test_a_work_tree_with_a_repository_of_its_own_may_be_read(
    project: Path, mirrors: Mirrors, tmp_path: Path
) -> None:
    track(project)
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    run_git("-C", str(project), *who, "commit", "--quiet", "--message", "x")
    assert isinstance(mirrors.sync([str(project.parent)])[str(project.parent)], Mirror)
    run_git("-C", str(project), "worktree", "add", "--quiet", str(tmp_path / "second"))
    assert isinstance(mirrors.sync([str(tmp_path / "second")])[str(tmp_path / "second")], Mirror)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_project_may_not_name_one_in_it_to_push_to(project: Path, spelling: str) -> None:
    url = spelling.format(project)
    with pytest.raises(InputError) as caught:
        require_own_target(url, project, named_at=NAMED)
    assert str(caught.value) == (
        f"pinner.yaml:2:15: control_repo: {url} is in the project, and git would run its hooks\n"
        "  hint: if it is yours, name it with --control-repo or PINNER_CONTROL_REPO"
    )
    require_own_target(url, project, named_at=None)


def test_nor_one_that_is_not_there_yet(project: Path) -> None:
    with pytest.raises(InputError):
        require_own_target(f"{project}/later.git", project, named_at=NAMED)


def test_nor_one_beside_it_in_the_same_checkout(project: Path) -> None:
    shutil.move(project / "store.git", project.parent / "store.git")
    with pytest.raises(InputError):
        require_own_target(f"{project.parent}/store.git", project, named_at=NAMED)


def test_one_elsewhere_that_is_the_users_own(project: Path, tmp_path: Path) -> None:
    make_repository(tmp_path / "control.git")
    require_own_target(f"{tmp_path}/control.git", project, named_at=NAMED)
    require_own_target("ssh://git@git.example.net/control", project, named_at=NAMED)
    require_own_target(f"{tmp_path}/nothing.git", project, named_at=NAMED)


@only_root
def test_one_elsewhere_of_another_user(project: Path, tmp_path: Path) -> None:
    make_repository(tmp_path / "control.git")
    os.chown(tmp_path / "control.git", 65534, 65534)
    with pytest.raises(InputError, match=r"belongs to another user, and git would run its hooks"):
        require_own_target(f"{tmp_path}/control.git", project, named_at=NAMED)
    require_own_target(f"{tmp_path}/control.git", project, named_at=None)


def test_serving_a_repository_that_lacks_objects_starts_nothing(tmp_path: Path, mirrors: Mirrors) -> None:
    repository = make_repository(tmp_path / "r.git")
    commit = repository.commit({"a": "1"})
    blob = repository.git("rev-parse", f"{commit}:a")
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"file://{tmp_path}/r.git"),
        ("remote.origin.uploadpack", f"touch {tmp_path}/marker; false"),
        ("uploadpack.packObjectsHook", f"touch {tmp_path}/marker; false"),
        ("core.fsmonitor", f"touch {tmp_path}/marker"),
    ):
        repository.git("config", key, value)
    (repository.path / "objects" / blob[:2] / blob[2:]).unlink()
    assert not isinstance(mirrors.sync([repository.url])[repository.url], Mirror)
    assert not (tmp_path / "marker").exists()
