"""Which repository is the project's, in honest and in hostile work trees made by real git."""

import os
import shutil
from pathlib import Path

import pytest

from pinner.git.process.local_repositories import find_repository, tracking_work_tree
from pinner.model.errors import UnknownError
from tests.support.repositories import make_repository, run_git
from tests.support.users import only_root

WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org")


def commit(top: Path, name: str = "a/b/file", text: str = "text\n") -> str:
    """Commit a file in the repository at `top`, which is made if there is none, and return the commit."""
    if not (top / ".git").exists():
        run_git("init", "--quiet", "--initial-branch=main", str(top))
    (top / name).parent.mkdir(parents=True, exist_ok=True)
    (top / name).write_text(text)
    run_git("-C", str(top), "add", "--all", "--force")
    run_git("-C", str(top), *WHO, "commit", "--quiet", "--message", name)
    return run_git("-C", str(top), "rev-parse", "HEAD")


def look_like_a_repository(directory: Path, config: str) -> None:
    """Lay down what git takes for a bare repository, as a commit could."""
    for name in ("objects", "refs/heads"):
        (directory / name).mkdir(parents=True)
        (directory / name / ".keep").touch()
    (directory / "HEAD").write_text("ref: refs/heads/main\n")
    (directory / "config").write_text(config)


def test_a_project_in_a_directory_of_a_larger_repository(tmp_path: Path) -> None:
    here = commit(tmp_path / "mono")
    found = find_repository(tmp_path / "mono" / "a" / "b")
    assert found is not None
    assert (found.top, found.git_directory) == (tmp_path / "mono", tmp_path / "mono" / ".git")
    assert found.prefix == "a/b/"
    assert found.read("rev-parse", "HEAD").out.decode().strip() == here


def test_a_project_reached_through_a_link(tmp_path: Path) -> None:
    commit(tmp_path / "mono")
    (tmp_path / "link").symlink_to(tmp_path / "mono" / "a")
    found = find_repository(tmp_path / "link")
    assert found is not None
    assert (found.top, found.prefix) == (tmp_path / "mono", "a/")


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert find_repository(tmp_path) is None


def test_the_nearest_repository_counts(tmp_path: Path) -> None:
    commit(tmp_path / "outer")
    commit(tmp_path / "outer" / "a" / "inner")
    found = find_repository(tmp_path / "outer" / "a" / "inner")
    assert found is not None
    assert found.top == tmp_path / "outer" / "a" / "inner"


@pytest.mark.parametrize("inside", ["", "a"])
def test_a_worktree(tmp_path: Path, inside: str) -> None:
    here = commit(tmp_path / "main")
    run_git("-C", str(tmp_path / "main"), "worktree", "add", "--quiet", str(tmp_path / "second"))
    found = find_repository(tmp_path / "second" / inside)
    assert found is not None
    assert (found.top, found.git_directory.parent) == (
        tmp_path / "second",
        tmp_path / "main" / ".git" / "worktrees",
    )
    assert found.read("rev-parse", "HEAD").out.decode().strip() == here


@pytest.mark.parametrize("directory", ["", "a/b"])
def test_a_submodule(tmp_path: Path, directory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here = commit(tmp_path / "module")
    commit(tmp_path / "super")
    words = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(tmp_path / "module"),
        "sub",
    ]
    run_git("-C", str(tmp_path / "super"), *words)
    project = tmp_path / "super" / "sub" / directory
    monkeypatch.chdir(project)
    found = find_repository(project)
    assert found is not None
    assert found.top == tmp_path / "super" / "sub"
    assert found.git_directory == tmp_path / "super" / ".git" / "modules" / "sub"
    changed = found.read("rev-list", "HEAD", "--", f"{found.prefix}b/file" if not directory else "a/b/file")
    assert changed.out.decode().split() == ([] if not directory else [here])


def test_a_repository_beside_the_work_tree(tmp_path: Path) -> None:
    run_git("init", "--quiet", f"--separate-git-dir={tmp_path / 'aside'}", str(tmp_path / "work"))
    commit(tmp_path / "work")
    found = find_repository(tmp_path / "work")
    assert found is not None
    assert found.git_directory == tmp_path / "aside"


def test_worktrees_of_a_bare_repository_beside_them(tmp_path: Path) -> None:
    commit(tmp_path / "source")
    run_git("clone", "--quiet", "--bare", str(tmp_path / "source"), str(tmp_path / "all" / ".bare"))
    (tmp_path / "all" / ".git").write_text("gitdir: ./.bare\n")
    run_git("-C", str(tmp_path / "all"), "worktree", "add", "--quiet", "main")
    found = find_repository(tmp_path / "all" / "main" / "a")
    assert found is not None
    assert (found.top, found.prefix) == (tmp_path / "all" / "main", "a/")


@pytest.mark.parametrize("place", ["a/b", "a"])
def test_a_directory_that_looks_like_a_bare_repository_is_none(tmp_path: Path, place: str) -> None:
    look_like_a_repository(tmp_path / "mono" / place, "[core]\n\tbare = true\n")
    here = commit(tmp_path / "mono")
    found = find_repository(tmp_path / "mono" / "a" / "b")
    assert found is not None
    assert found.top == tmp_path / "mono"
    assert found.read("rev-parse", "HEAD").out.decode().strip() == here


def test_without_a_repository_around_it_neither(tmp_path: Path) -> None:
    look_like_a_repository(tmp_path, "[core]\n\tbare = true\n")
    assert find_repository(tmp_path) is None


@pytest.mark.parametrize("how", ["file", "relative file", "link"])
def test_a_dot_git_that_leads_into_the_work_tree_is_refused(tmp_path: Path, how: str) -> None:
    look_like_a_repository(tmp_path / "project" / "store", "[core]\n\tbare = false\n")
    entry = tmp_path / "project" / ".git"
    if how == "link":
        entry.symlink_to("store")
    else:
        entry.write_text(f"gitdir: {'store' if how == 'relative file' else tmp_path / 'project' / 'store'}\n")
    with pytest.raises(UnknownError) as caught:
        find_repository(tmp_path / "project")
    assert str(caught.value) == (
        f"{entry} leads to {tmp_path / 'project' / 'store'}, which may be part of the project\n"
        "  hint: clone the project again, or move that repository out of the project"
    )


def test_a_dot_git_that_leads_to_tracked_files_is_refused(tmp_path: Path) -> None:
    look_like_a_repository(tmp_path / "mono" / "store", "[core]\n\tbare = false\n")
    commit(tmp_path / "mono", "puppet/pinner.yaml")
    (tmp_path / "mono" / "puppet" / ".git").write_text("gitdir: ../store\n")
    with pytest.raises(UnknownError, match="which may be part of the project"):
        find_repository(tmp_path / "mono" / "puppet")


def test_a_ceiling_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "mono")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", f"/elsewhere:{tmp_path / 'mono'}")
    assert find_repository(tmp_path / "mono" / "a") is None
    assert find_repository(tmp_path / "mono") is not None


@only_root
def test_another_owner_is_trusted_only_where_the_user_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path / "theirs")
    for path in (tmp_path / "theirs", *(tmp_path / "theirs").rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    with pytest.raises(UnknownError, match=r"^git cannot read the project's history: .*dubious ownership"):
        find_repository(tmp_path / "theirs")
    config = tmp_path / "gitconfig"
    run_git("config", "--file", str(config), "safe.directory", str(tmp_path / "theirs"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert find_repository(tmp_path / "theirs") is not None


@pytest.mark.parametrize("age", ["this git", "an older git"])
def test_a_missing_object_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: str) -> None:
    marker = tmp_path / "marker"
    upstream = make_repository(tmp_path / "upstream.git")
    here = upstream.commit({"a": "text\n"})
    run_git("clone", "--quiet", upstream.url, str(tmp_path / "work"))
    blob = upstream.git("rev-parse", f"{here}:a")
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", f"touch {marker}; false"),
    ):
        run_git("-C", str(tmp_path / "work"), "config", key, value)
    shutil.rmtree(tmp_path / "work" / ".git" / "objects")
    (tmp_path / "work" / ".git" / "objects" / "info").mkdir(parents=True)
    if age == "an older git":  # before 2.39.4 the variable was not known
        _wrap_git(tmp_path / "bin", "unset GIT_NO_LAZY_FETCH", monkeypatch)
    found = find_repository(tmp_path / "work")
    assert found is not None
    assert found.read("cat-file", "blob", blob).status != 0
    assert not marker.exists()
    assert found.read("cat-file", "blob", blob, may_fetch=True).status != 0
    assert marker.exists()


def _wrap_git(directory: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.mkdir()
    (directory / "git").write_text(f'#!/bin/sh\n{line}\nexec {shutil.which("git")} "$@"\n')
    (directory / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")


def test_a_partial_clone_fetches_where_it_may(tmp_path: Path) -> None:
    upstream = make_repository(tmp_path / "upstream.git")
    upstream.git("config", "uploadpack.allowFilter", "true")
    before = upstream.commit({"a": "old\n"})
    upstream.commit({"a": "new\n"})
    run_git("clone", "--quiet", "--filter=blob:none", upstream.url, str(tmp_path / "work"))
    found = find_repository(tmp_path / "work")
    assert found is not None
    assert found.read("cat-file", "blob", f"{before}:a").status != 0
    assert found.read("cat-file", "blob", f"{before}:a", may_fetch=True).out == b"old\n"


def test_tracked_files(tmp_path: Path) -> None:
    commit(tmp_path / "mono", "puppet/.cache/pinner/git/x/config")
    for name in ("puppet/.cache/pinner", "puppet/.cache", "puppet", "", "puppet/.cache/pinner/git/x/config"):
        assert tracking_work_tree(tmp_path / "mono" / name) == tmp_path / "mono"
    for name in ("puppet/.cache/pin", "puppet/cache", "other", ".git/pinner"):
        assert tracking_work_tree(tmp_path / "mono" / name) is None
    assert tracking_work_tree(tmp_path / "elsewhere") is None


def test_tracked_files_through_links(tmp_path: Path) -> None:
    top = tmp_path / "mono"
    (top / "data" / "pinner").mkdir(parents=True)
    (top / "inside").symlink_to("data")
    (top / "outside").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    commit(top, "data/pinner/config")
    (tmp_path / "link").symlink_to(top / "data" / "pinner")
    (top / "own").symlink_to(tmp_path / "elsewhere")
    for path in (top / "inside" / "pinner", top / "outside" / "pinner", tmp_path / "link"):
        assert tracking_work_tree(path) == top
    assert tracking_work_tree(top / "own" / "pinner") is None


def test_files_of_a_work_tree_inside_of_another(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    commit(tmp_path / "outer", "inner/old/config")
    run_git("init", "--quiet", str(inner))
    (inner / "new").mkdir()
    (inner / "new" / "config").touch()
    run_git("-C", str(inner), "add", "new")
    assert tracking_work_tree(inner / "new") == inner
    assert tracking_work_tree(inner / "old") == tmp_path / "outer"
    assert tracking_work_tree(inner / "else") is None


@pytest.mark.parametrize("key", ["core.splitIndex", "core.untrackedCache"])
def test_other_forms_of_the_index(tmp_path: Path, key: str) -> None:
    run_git("init", "--quiet", str(tmp_path))
    run_git("-C", str(tmp_path), "config", key, "true")
    commit(tmp_path, "cache/config")
    commit(tmp_path, "other")
    assert tracking_work_tree(tmp_path / "cache") == tmp_path
    assert tracking_work_tree(tmp_path / "nothing") is None


def test_a_damaged_index_is_no_answer(tmp_path: Path) -> None:
    commit(tmp_path)
    (tmp_path / ".git" / "index").write_bytes(b"DIRC nothing")
    with pytest.raises(UnknownError) as caught:
        tracking_work_tree(tmp_path / "cache")
    assert str(caught.value).startswith(f"cannot read the index of {tmp_path / '.git'}: ")
