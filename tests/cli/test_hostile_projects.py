"""A project that somebody else wrote: cloned, and every command that starts git is run in it. None of its code runs."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import introduce
from tests.support.findings import codes, verify
from tests.support.repositories import make_repository, run_git

WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
URL = "https://opendev.org/openstack/puppet-keystone"
COMMANDS = (
    ("lock",),
    ("lock", "--check"),
    ("lock", "--offline"),
    ("update",),
    ("verify",),
    ("status",),
    ("outdated",),
    ("why", "production", "keystone"),
    ("diff", "production@HEAD", "production"),
    ("find", "1234567"),
    ("id", "production"),
    ("identify", "."),
    ("api", URL, "stable/2025.1"),
    ("audit", "production", "--hiera", "."),
    ("sbom", "production"),
    ("upgrade", "production", "--to", "2025.1"),
    ("bisect", "production@HEAD", "production", "--", "true"),
    ("generate",),
    ("r10k-environments",),
    ("publish", "--dry-run"),
    ("publish",),
)
WITHOUT_CACHE = ("id",)
ONLINE = ("lock", "update", "verify", "status", "outdated", "find", "api", "publish")


def commit(directory: Path, *, is_forced: bool = True) -> None:
    run_git("-C", str(directory), "add", "--all", *(["--force"] if is_forced else []))
    run_git("-C", str(directory), *WHO, "commit", "--quiet", "--allow-empty", "--message", "change")


@pytest.fixture
def locked(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A project with a lock, in a directory of a larger repository; keystone is pinned by a tag."""
    introduce(monkeypatch)
    cloud.manifest("production", "release: 2024.1\nmodules:\n  keystone: {tag: 24.0.0}\n")
    cloud.project.joinpath("pinner.yaml").write_text(
        f'rewrite:\n  "https://opendev.org/": "{cloud.root}/upstreams/"\nretries: 0\nlayout: branches\n'
    )
    monkeypatch.setenv("PINNER_CACHE", str(cloud.root / "cache"))
    run_git("init", "--quiet", "--initial-branch=main", str(cloud.project))
    result = cloud.run("lock")
    assert result.code == 0, result.err
    commit(cloud.project)
    return cloud


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that the attacker's commands make."""
    return tmp_path / "marker"


def run_all(cloud: Cloud, marker: Path) -> Iterator[tuple[str, int]]:
    """Run every command, and yield its name and its exit code."""
    for arguments in COMMANDS:
        result = cloud.run(*arguments)
        assert not marker.exists(), arguments
        assert result.code in {0, 1, 2, 3}, (arguments, result.err)
        yield arguments[0], result.code


def poison(mirror: Path, marker: Path) -> None:
    """Make the mirror's configuration and hooks run the attacker's command whatever git does there."""
    run = f"touch {marker}; false"
    with (mirror / "config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = "{run}"\n\tsshCommand = "{run}"\n\talternateRefsCommand = "{run}"\n'
            f'[remote "{URL}"]\n\tuploadpack = "{run}"\n[url "ext::{run} "]\n\tinsteadOf = https://\n'
        )
    for name in ("reference-transaction", "pre-receive", "update", "post-receive", "post-index-change"):
        hook = mirror / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{run}\n")
        hook.chmod(0o755)
    (mirror / "refs").mkdir(exist_ok=True)
    (mirror / "refs" / ".keep").touch()


def bring_cache(cloud: Cloud, marker: Path) -> Path:
    """Move the cache into the project, poisoned."""
    cache = cloud.project / ".cache" / "pinner"
    cache.parent.mkdir()
    shutil.move(cloud.root / "cache", cache)
    for mirror in (cache / "git").glob("*.git"):
        poison(mirror, marker)
    return cache


def test_a_cache_that_the_project_brings_and_names(
    locked: Cloud, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_cache(locked, marker)
    monkeypatch.delenv("PINNER_CACHE")
    with (locked.project / "pinner.yaml").open("a") as settings:
        settings.write("cache: .cache/pinner\n")
    commit(locked.project)
    assert {code for name, code in run_all(locked, marker) if name not in WITHOUT_CACHE} == {2}
    assert locked.run("verify").err == (
        f"pinner.yaml:5:8: cache: {locked.project}/.cache/pinner is in the project, whose files may come from others\n"
        "  hint: leave out 'cache'; --cache and PINNER_CACHE may name a directory in the project\n"
    )


def test_a_cache_that_the_project_brings_where_ci_has_its_own(
    locked: Cloud, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = bring_cache(locked, marker)
    monkeypatch.setenv("PINNER_CACHE", str(cache))
    commit(locked.project)
    assert {code for name, code in run_all(locked, marker) if name not in WITHOUT_CACHE} == {2}
    assert locked.run("verify").err == (
        f"the cache {cache} is tracked by the git repository in {locked.project}\n"
        "  hint: remove it from git (git rm -r --cached), or set PINNER_CACHE to a directory that only you can write\n"
    )


def test_a_cache_in_the_checkout_that_ci_restored(
    locked: Cloud, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = bring_cache(locked, marker)
    monkeypatch.setenv("PINNER_CACHE", str(cache))
    (locked.project / ".gitignore").write_text("/.cache\n")
    results = dict(run_all(locked, marker))
    assert 2 not in {results[name] for name in ONLINE if name not in {"find", "publish"}}
    assert locked.run("verify").code == 0


@pytest.mark.parametrize("how", ["writable", "owned"])
def test_a_cache_that_others_filled(locked: Cloud, marker: Path, how: str) -> None:
    cache = locked.root / "cache"
    for mirror in (cache / "git").glob("*.git"):
        poison(mirror, marker)
    if how == "writable":
        cache.chmod(0o777)
    elif os.geteuid() == 0:
        for path in (cache, *cache.rglob("*")):
            os.chown(path, 65534, 65534, follow_symlinks=False)
    else:
        pytest.skip("only root can give files away")
    assert {code for name, code in run_all(locked, marker) if name not in WITHOUT_CACHE} == {2}


def disguise(directory: Path, config: str) -> None:
    """Make a directory look like a bare repository."""
    for name in ("objects", "refs/heads"):
        (directory / name).mkdir(parents=True)
        (directory / name / ".keep").touch()
    (directory / "HEAD").write_text("ref: refs/heads/main\n")
    (directory / "config").write_text(config)


def hostile_config(marker: Path, cloud: Cloud) -> str:
    run = f"touch {marker}; false"
    return (
        f'[core]\n\tbare = true\n\trepositoryformatversion = 1\n\tfsmonitor = "{run}"\n\tpager = "{run}"\n'
        f'\tsshCommand = "{run}"\n[extensions]\n\tpartialClone = origin\n'
        f'[remote "origin"]\n\turl = file://{cloud.root}/upstreams\n\tpromisor = true\n\tuploadpack = "{run}"\n'
        f'[remote "https://git.example.org/control"]\n\tuploadpack = "{run}"\n\treceivepack = "{run}"\n'
        f'[url "file://{cloud.root}/"]\n\tinsteadOf = https://git.example.org/\n'
    )


@pytest.mark.parametrize("age", ["this git", "an older git"])
def test_a_bare_repository_beside_the_settings(
    locked: Cloud, marker: Path, monkeypatch: pytest.MonkeyPatch, age: str
) -> None:
    monkeypatch.setenv("PINNER_CONTROL_REPO", "https://git.example.org/control")
    shutil.move(locked.project / ".git", locked.root / ".git")
    disguise(locked.project, hostile_config(marker, locked))
    (locked.project / "refs" / "heads" / "main").write_text("1" * 40)
    run_git("-C", str(locked.root), "add", "--force", "project")
    run_git("-C", str(locked.root), *WHO, "commit", "--quiet", "--message", "change")
    if age == "an older git":  # before 2.39.4 git did not know GIT_NO_LAZY_FETCH
        wrapper = locked.root / "bin" / "git"
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nunset GIT_NO_LAZY_FETCH\nexec {shutil.which("git")} "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    list(run_all(locked, marker))


def test_a_moved_tag_is_noticed_all_the_same(locked: Cloud, marker: Path) -> None:
    shutil.move(locked.project / ".git", locked.root / ".git")
    run_git("-C", str(locked.root), "add", "--force", "project")
    run_git("-C", str(locked.root), *WHO, "commit", "--quiet", "--message", "change")
    keystone = locked.upstream("keystone")
    before = keystone.id("refs/tags/24.0.0")
    after = keystone.tag("24.0.0", "refs/heads/stable/2025.1")
    lock = locked.lock_path("production")
    lock.write_text(lock.read_text().replace(before, after))
    disguise(locked.project, hostile_config(marker, locked))
    assert ("tag-moved", "keystone") in codes(verify(locked))


@pytest.mark.parametrize("how", ["file", "link"])
def test_a_dot_git_that_leads_into_the_tree(locked: Cloud, marker: Path, how: str) -> None:
    """As an archive can bring it; a clone cannot."""
    shutil.rmtree(locked.project / ".git")
    store = locked.project / "store"
    disguise(store, hostile_config(marker, locked).replace("bare = true", "bare = false"))
    entry = locked.project / ".git"
    if how == "link":
        entry.symlink_to("store")
    else:
        entry.write_text("gitdir: store\n")
    list(run_all(locked, marker))
    findings = verify(locked)
    assert any(code.startswith("history-") for code, _ in codes(findings))


@pytest.mark.parametrize(
    "spelling", ["{}/control.git", "file://{}/control", "file://{}/../project/control.git"]
)
def test_a_control_repository_that_the_project_brings(locked: Cloud, marker: Path, spelling: str) -> None:
    make_repository(locked.project / "control.git")
    poison(locked.project / "control.git", marker)
    url = spelling.format(locked.project)
    with (locked.project / "pinner.yaml").open("a") as settings:
        settings.write(f"control_repo: {url}\n")
    for _ in ("untracked", "tracked"):
        for options in ((), ("--dry-run",)):
            result = locked.run("publish", *options)
            assert (result.code, marker.exists()) == (2, False), result.err
            assert "control.git" in result.err or "control" in result.err
        (locked.project / "control.git" / "objects" / ".keep").touch()
        commit(locked.project)
    assert locked.run("publish", "--control-repo", url).code == 2  # tracked: whoever names it


def test_a_control_repository_that_the_user_names(locked: Cloud, tmp_path: Path) -> None:
    for path in (tmp_path / "control.git", locked.project / "untracked.git"):
        repository = make_repository(path)
        result = locked.run("publish", "--control-repo", str(path))
        assert result.code == 0, result.err
        assert repository.git("for-each-ref")


@pytest.mark.parametrize("place", ["git", "rewrite"])
def test_an_upstream_that_the_project_brings(locked: Cloud, marker: Path, place: str) -> None:
    repository = make_repository(locked.project / "vendor" / "puppet-keystone.git")
    repository.commit(
        {"metadata.json": '{"name": "openstack-keystone", "version": "1.0.0", "dependencies": []}'}
    )
    poison(repository.path, marker)
    (repository.path / "objects" / ".keep").touch()
    if place == "git":
        locked.manifest(
            "production", f"modules:\n  keystone: {{git: 'file://{repository.path}', branch: main}}\n"
        )
    else:
        text = (locked.project / "pinner.yaml").read_text()
        (locked.project / "pinner.yaml").write_text(text.replace(f"{locked.root}/upstreams/", "./vendor/"))
        locked.manifest(
            "production", "modules:\n  keystone: {git: 'https://opendev.org/puppet-keystone', branch: main}\n"
        )
    result = locked.run("lock")
    assert (result.code, marker.exists()) == (0, False), result.err  # the user's own, until git tracks it
    commit(locked.project)
    result = locked.run("update")
    assert (result.code, marker.exists()) == (2, False)
    assert "is tracked by the git repository in" in result.err


@pytest.mark.parametrize("how", ["worktree", "submodule", "subdirectory"])
def test_projects_as_people_have_them(locked: Cloud, how: str) -> None:
    """The log of tags is read in all of them."""
    keystone = locked.upstream("keystone")
    place = locked.root / "place"
    if how == "worktree":
        run_git("-C", str(locked.project), "worktree", "add", "--quiet", str(place))
    elif how == "submodule":
        run_git("init", "--quiet", str(place))
        run_git("-C", str(place), *WHO, "submodule", "--quiet", "add", str(locked.project), "clouds")
        place = place / "clouds"
    else:
        run_git("init", "--quiet", str(place))
        shutil.copytree(locked.project, place / "a" / "b", ignore=shutil.ignore_patterns(".git"))
        commit(place)
        place = place / "a" / "b"
    locked.project = place
    assert locked.run("verify").code == 0
    assert locked.run("diff", "production@HEAD", "production").code == 0
    before = keystone.id("refs/tags/24.0.0")
    after = keystone.tag("24.0.0", "refs/heads/stable/2025.1")
    lock = locked.lock_path("production")
    lock.write_text(lock.read_text().replace(before, after))
    assert ("tag-moved", "keystone") in codes(verify(locked))


@pytest.mark.parametrize("link", ["page.html", "reports"])
@pytest.mark.parametrize("command", ["dashboard", "diff", "update"])
def test_a_link_that_the_project_brings_in_the_place_of_an_output(
    locked: Cloud, tmp_path: Path, command: str, link: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "page.html").write_text("kept\n")
    name = "page.html" if link == "page.html" else "reports/page.html"
    (locked.project / link).symlink_to(outside / "page.html" if link == "page.html" else outside)
    words = {
        "dashboard": ("dashboard", "-o", name),
        "diff": ("diff", "production@HEAD", "production", "-o", name),
        "update": ("update", "--message", name),
    }[command]
    if command == "update":
        locked.manifest("production", "release: 2024.1\nmodules:\n  keystone: {branch: stable/2025.1}\n")
    result = locked.run(*words)
    assert (outside / "page.html").read_text() == "kept\n"
    assert result.code == 2, result.err
    assert f"{link}: this is a link that leads out of the project" in result.err
