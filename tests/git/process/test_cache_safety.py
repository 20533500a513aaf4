"""Which directories are accepted as a cache: real ones, with real owners and modes."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Cache
from pinner.git.process.local_repositories import require_safe_cache
from pinner.model.errors import InputError, Location
from tests.support.repositories import run_git
from tests.support.users import only_root

NAMED = Location("pinner.yaml", 3, 8)
NOBODY = 65534
OWN = "set PINNER_CACHE to a directory that only you can write"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "mono" / "puppet"
    root.mkdir(parents=True)
    run_git("init", "--quiet", str(tmp_path / "mono"))
    return root


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache as pinner makes it."""
    made = Cache(tmp_path / "outside" / "cache")
    made.make()
    (made.path / "memory.sqlite").touch(mode=0o600)
    mirror = made.mirror("https://git.example.org/x")
    (mirror / "objects" / "pack").mkdir(parents=True)
    (mirror / "config").touch()
    return made.path


def complaint(cache: Path, project: Path, named_at: Location | None = None) -> str:
    with pytest.raises(InputError) as caught:
        require_safe_cache(cache, project, named_at=named_at)
    return str(caught.value)


def track(project: Path) -> None:
    run_git("-C", str(project.parent), "add", "--all", "--force")


@pytest.mark.parametrize("named_at", [None, NAMED])
def test_a_cache_of_ones_own(cache: Path, project: Path, tmp_path: Path, named_at: Location | None) -> None:
    require_safe_cache(cache, project, named_at=named_at)
    require_safe_cache(tmp_path / "new" / "cache", project, named_at=named_at)
    (tmp_path / "empty").mkdir()
    require_safe_cache(tmp_path / "empty", project, named_at=named_at)
    (tmp_path / "link").symlink_to(cache)
    require_safe_cache(tmp_path / "link", project, named_at=named_at)


@pytest.mark.parametrize("place", [".cache", "../.cache", "."])
def test_the_project_may_name_none_inside_of_the_checkout(project: Path, place: str) -> None:
    cache = Path(os.path.normpath(project / place))
    assert complaint(cache, project, NAMED) == (
        f"pinner.yaml:3:8: cache: {cache} is in the project, whose files may come from others\n"
        "  hint: leave out 'cache'; --cache and PINNER_CACHE may name a directory in the project"
    )
    require_safe_cache(cache, project, named_at=None)


def test_nor_one_that_a_link_leads_into_it(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    assert "is in the project" in complaint(tmp_path / "link" / "cache", project, NAMED)
    (project / "out").symlink_to(tmp_path)
    assert "is in the project" in complaint(project / "out" / "cache", project, NAMED)


def test_the_project_may_not_make_a_cache_of_a_directory_with_other_files(
    project: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "file").touch()
    assert complaint(home, project, NAMED) == (
        f"pinner.yaml:3:8: cache: {home} has files that do not belong to a cache\n"
        "  hint: name a new or an empty directory"
    )
    require_safe_cache(home, project, named_at=None)


def test_nor_of_one_whose_tag_is_a_pipe_or_without_end(project: Path, tmp_path: Path) -> None:
    pipe, endless = tmp_path / "pipe", tmp_path / "endless"
    for place in (pipe, endless):
        place.mkdir()
    os.mkfifo(pipe / "CACHEDIR.TAG")
    (endless / "CACHEDIR.TAG").symlink_to("/dev/zero")
    for place in (pipe, endless):
        assert "has files that do not belong to a cache" in complaint(place, project, NAMED)


def test_tracked_files_are_no_cache(project: Path, tmp_path: Path) -> None:
    cache = project / ".cache" / "pinner"
    Cache(cache).make()
    require_safe_cache(cache, project, named_at=None)
    track(project)
    assert complaint(cache, project) == (
        f"the cache {cache} is tracked by the git repository in {tmp_path / 'mono'}\n"
        f"  hint: remove it from git (git rm -r --cached), or {OWN}"
    )
    (tmp_path / "link").symlink_to(cache)
    assert "is tracked by" in complaint(tmp_path / "link", project)


def test_tracked_files_of_another_repository_are_none_either(project: Path, tmp_path: Path) -> None:
    run_git("init", "--quiet", str(tmp_path / "other"))
    Cache(tmp_path / "other" / "cache").make()
    run_git("-C", str(tmp_path / "other"), "add", "--all")
    assert "is tracked by" in complaint(tmp_path / "other" / "cache", project, NAMED)


@pytest.mark.parametrize("below", ["", "memory.sqlite", "git", "control", "no-authorities"])
@pytest.mark.parametrize("mode", [0o777, 0o772])
def test_what_every_user_can_write_is_refused(cache: Path, project: Path, below: str, mode: int) -> None:
    cache.chmod(0o755)
    (cache / below).chmod(mode)
    what = "the cache" if not below else f"the cache {cache} is not safe:"
    assert complaint(cache, project) == (
        f"{what} {cache / below} can be written by every user (mode {mode:o})\n  hint: remove it, or {OWN}"
    )


def test_in_a_cache_that_others_can_enter_mirrors_are_looked_at(cache: Path, project: Path) -> None:
    pack = next((cache / "git").iterdir()) / "objects"
    pack.chmod(0o777)
    require_safe_cache(cache, project, named_at=None)  # nobody else gets there
    for folder in (cache, cache / "git", pack.parent):
        folder.chmod(0o755)
    assert f"{pack} can be written by every user" in complaint(cache, project)


def test_a_directory_above_that_every_user_can_write_is_refused(cache: Path, project: Path) -> None:
    cache.parent.chmod(0o777)
    assert complaint(cache, project) == (
        f"the cache {cache} is not safe: {cache.parent} can be written by every user (mode 777)\n"
        f"  hint: remove it, or {OWN}"
    )
    cache.parent.chmod(0o1777)  # as /tmp: others cannot rename what is not theirs
    require_safe_cache(cache, project, named_at=None)


def test_in_the_checkout_the_directories_above_do_not_matter(project: Path) -> None:
    cache = project / ".cache" / "pinner"
    Cache(cache).make()
    for folder in (project.parent, project, cache.parent):
        folder.chmod(0o777)  # as GitLab's runner clones
    require_safe_cache(cache, project, named_at=None)
    cache.chmod(0o777)
    assert "can be written by every user" in complaint(cache, project)


def test_a_group_that_is_not_the_user_s_own(cache: Path, project: Path) -> None:
    if os.geteuid() == 0:
        os.chown(cache, 0, NOBODY)
        cache.chmod(0o770)
        assert f"the cache {cache} can be written by a group (mode 770)" in complaint(cache, project)
        os.chown(cache, 0, 0)
    require_safe_cache(cache, project, named_at=None)


@only_root
@pytest.mark.parametrize("below", ["", "memory.sqlite", "git", "control", "mirror"])
def test_what_another_user_owns_is_refused(cache: Path, project: Path, below: str) -> None:
    path = next((cache / "git").iterdir()) if below == "mirror" else cache / below
    os.chown(path, NOBODY, NOBODY)
    assert f"{path} belongs to another user (nobody)" in complaint(cache, project)


@only_root
def test_a_directory_or_link_above_that_another_user_owns(cache: Path, project: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o1777)
    link = tmp_path / "shared" / "link"
    link.symlink_to(cache)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert f"{link} belongs to another user (nobody)" in complaint(link, project)
    os.chown(cache.parent, NOBODY, NOBODY)
    assert f"{cache.parent} belongs to another user (nobody)" in complaint(cache, project)


@only_root
def test_under_sudo_the_cache_of_the_caller(
    cache: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (cache.parent, cache, cache / "git"):
        os.chown(path, NOBODY, NOBODY)
    monkeypatch.setenv("SUDO_UID", str(NOBODY))
    require_safe_cache(cache, project, named_at=None)


def test_a_new_cache_is_the_users_alone(tmp_path: Path, project: Path) -> None:
    before = os.umask(0)
    try:
        Cache(tmp_path / "a" / "b").make()
    finally:
        os.umask(before)
    for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "git"):
        assert path.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "a" / "b" / "CACHEDIR.TAG").stat().st_mode & 0o777 == 0o600
    require_safe_cache(tmp_path / "a" / "b", project, named_at=None)


@pytest.mark.parametrize("first", ["mirrors", "computed values"])
@pytest.mark.parametrize("exists", [False, True])
def test_an_unfinished_cache_is_accepted(tmp_path: Path, project: Path, first: str, *, exists: bool) -> None:
    """Other processes may look at a cache after each step of its making."""
    place = tmp_path / "cache"
    if exists:
        place.mkdir()
    states = set()

    def look(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        if event == "line":
            states.add(frozenset(path.name for path in place.iterdir()) if place.exists() else None)
            require_safe_cache(place, project, named_at=NAMED)
        return look if "pinner" in frame.f_code.co_filename else None

    def make() -> None:
        sys.settrace(look)  # of this thread; not called for the code that it calls itself
        if first == "mirrors":
            Cache(place).make()
        else:
            ObjectCache(place).put("reader-1", {"a" * 40: "one"})

    with ThreadPoolExecutor(1) as threads:  # the main thread keeps what measures coverage
        threads.submit(make).result()
    assert len(states) >= 4
