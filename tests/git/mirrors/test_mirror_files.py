"""Mirrors whose files somebody else wrote: git obeys none of them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.history import list_commits
from pinner.git.objects.read import archived, checked_out
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.local_repositories import CONFIG
from pinner.git.process.repository import Mirror
from tests.support.repositories import Repository, make_repository, run_git

Tamper = Callable[[Path, Path], None]


def sync(mirrors: Mirrors, url: str) -> Mirror:
    mirror = mirrors.sync([url])[url]
    assert isinstance(mirror, Mirror), mirror
    return mirror


def script(path: Path, marker: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n")
    path.chmod(0o755)
    return path


def add_to_config(mirror: Path, text: str) -> None:
    with (mirror / "config").open("a") as opened:
        opened.write(text)


def commands(marker: Path) -> str:
    """Return a configuration in which every key that names a command names one."""
    run = f"touch {marker}"
    return (
        f"[core]\n\tfsmonitor = {run}\n\tsshCommand = {run}\n\tpager = {run}\n\talternateRefsCommand = {run}\n"
        f"\tgitProxy = {run}\n\taskPass = {run}\n\teditor = {run}\n"
        f'[credential]\n\thelper = "!{run}"\n[uploadpack]\n\tpackObjectsHook = {run}\n[gpg]\n\tprogram = {run}\n'
        f'[diff]\n\texternal = {run}\n[diff "evil"]\n\tcommand = {run}\n\ttextconv = {run}\n'
        f'[filter "evil"]\n\tsmudge = {run}\n\tclean = {run}\n\tprocess = {run}\n\trequired = true\n'
        f'[merge "evil"]\n\tdriver = {run}\n[tar "tar"]\n\tcommand = {run}\n[tar "tgz"]\n\tcommand = {run}\n'
        f'[alias]\n\tfetch = "!{run}"\n\tcat-file = "!{run}"\n'
    )


def keys(mirror: Path, marker: Path) -> None:
    add_to_config(mirror, commands(marker))


def attributes(mirror: Path, marker: Path) -> None:
    keys(mirror, marker)
    (mirror / "info").mkdir()
    (mirror / "info" / "attributes").write_text("* filter=evil diff=evil merge=evil\n")


def upload_pack(mirror: Path, marker: Path) -> None:
    for url in ("origin", (mirror / "pinner-url").read_text().strip()):
        add_to_config(mirror, f'[remote "{url}"]\n\tuploadpack = "touch {marker}; false"\n')


def rewritten(mirror: Path, marker: Path) -> None:
    url = (mirror / "pinner-url").read_text().strip()
    add_to_config(
        mirror, f'[url "ext::touch {marker} "]\n\tinsteadOf = {url}\n[protocol]\n\tallow = always\n'
    )


def included(mirror: Path, marker: Path) -> None:
    (mirror / "pinner-more").write_text(commands(marker))
    add_to_config(
        mirror, f'[include]\n\tpath = pinner-more\n[includeIf "gitdir:{mirror}"]\n\tpath = pinner-more\n'
    )


def promisor(mirror: Path, marker: Path) -> None:
    add_to_config(
        mirror,
        "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = file://{mirror}\n\tpromisor = true\n\tuploadpack = "touch {marker}; false"\n',
    )


def hooks(mirror: Path, marker: Path) -> None:
    for name in ("reference-transaction", "post-checkout", "post-index-change", "pre-auto-gc"):
        script(mirror / "hooks" / name, marker)


def hooks_elsewhere(mirror: Path, marker: Path) -> None:
    script(mirror / "logs" / "reference-transaction", marker)
    add_to_config(mirror, f"[core]\n\thooksPath = {mirror / 'logs'}\n")


def worktree_config(mirror: Path, marker: Path) -> None:
    add_to_config(mirror, "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tworktreeConfig = true\n")
    (mirror / "config.worktree").write_text(commands(marker))


def common_directory(mirror: Path, marker: Path) -> None:
    other = mirror.parent / "other"
    run_git("init", "--quiet", "--bare", str(other))
    (other / "config").write_text(commands(marker))
    (mirror / "commondir").write_text(f"{other}\n")


def config_behind_a_link(mirror: Path, marker: Path) -> None:
    (mirror / "config").unlink()
    (mirror / "logs").mkdir()
    (mirror / "logs" / "config").write_text(commands(marker))
    (mirror / "config").symlink_to("logs/config")


def config_that_is_a_pipe(mirror: Path, _marker: Path) -> None:
    (mirror / "config").unlink()
    os.mkfifo(mirror / "config")


def alternates(mirror: Path, _marker: Path) -> None:
    (mirror / "objects" / "info").mkdir(exist_ok=True)
    (mirror / "objects" / "info" / "alternates").write_text("/elsewhere\n")


def http_alternates(mirror: Path, _marker: Path) -> None:
    (mirror / "objects" / "info").mkdir(exist_ok=True)
    (mirror / "objects" / "info" / "http-alternates").write_text("http://127.0.0.1:9/\n")


def grafts(mirror: Path, _marker: Path) -> None:
    (mirror / "info").mkdir()
    (mirror / "info" / "grafts").write_text(run_git("--git-dir", str(mirror), "rev-parse", "main") + "\n")


def objects_behind_a_link(mirror: Path, _marker: Path) -> None:
    (mirror / "objects").rename(mirror.parent / "objects")
    (mirror / "objects").symlink_to(mirror.parent / "objects")


def refs_behind_a_link(mirror: Path, _marker: Path) -> None:
    (mirror / "refs").rename(mirror.parent / "refs")
    (mirror / "refs").symlink_to(mirror.parent / "refs")


def pipe_at(path: str) -> Tamper:
    """Return what puts a pipe in the place of a file of the mirror; `*` stands for the rest of a name."""

    def tamper(mirror: Path, _marker: Path) -> None:
        place = next(mirror.glob(path), mirror / path)
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(place)

    tamper.__name__ = f"a pipe at {path}"
    return tamper


def pack_behind_a_link(mirror: Path, _marker: Path) -> None:
    pack = next((mirror / "objects" / "pack").glob("*.pack"))
    pack.chmod(0o600)
    pack.rename(mirror.parent / "moved")
    pack.symlink_to(mirror.parent / "moved")


TAMPERINGS: tuple[Tamper, ...] = (
    *map(pipe_at, ("pinner-refs", "HEAD", "packed-refs", "shallow", "refs/heads/a/b", "objects/pack/*.idx")),
    pack_behind_a_link,
    keys,
    attributes,
    upload_pack,
    rewritten,
    included,
    promisor,
    hooks,
    hooks_elsewhere,
    worktree_config,
    common_directory,
    config_behind_a_link,
    config_that_is_a_pipe,
    alternates,
    http_alternates,
    grafts,
    objects_behind_a_link,
    refs_behind_a_link,
)


@pytest.fixture
def repository(upstreams: Path) -> Repository:
    made = make_repository(upstreams / "evil.git")
    made.commit({".gitattributes": "* filter=evil diff=evil\n", "file": "one\n"})
    made.commit({"file": "two\n"})
    return made


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_a_mirror_that_others_changed_is_made_anew(
    repository: Repository, mirrors: Mirrors, tmp_path: Path, tamper: Tamper
) -> None:
    first = repository.find("main~1") or ""
    before = sync(mirrors, repository.url)
    tamper(before.path, tmp_path / "marker")
    repository.commit({"file": "three\n"})
    after = sync(mirrors, repository.url)
    tip = after.refs.branch("main") or ""
    assert [commit.id for commit in list_commits(after, first, tip)][-1] != first
    assert {file.path for file in checked_out(after, tip)} == {file.path for file in archived(after, tip)}
    assert (after.path / "config").read_bytes() == CONFIG
    assert not (tmp_path / "marker").exists()
    (note,) = after.notes
    assert note.startswith(f"the mirror of {repository.url} was damaged ('")
    assert sync(mirrors, repository.url).notes == ()


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_offline_it_is_not_read(
    repository: Repository, mirrors: Mirrors, tmp_path: Path, tamper: Tamper
) -> None:
    tamper(sync(mirrors, repository.url).path, tmp_path / "marker")
    failure = mirrors.open_or_fail(repository.url)
    assert isinstance(failure, SyncFailure)
    assert failure.kind is FailureKind.NOT_CACHED
    assert not (tmp_path / "marker").exists()


def test_what_git_itself_leaves_in_a_mirror_is_accepted(repository: Repository, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, repository.url)
    git = ("--git-dir", str(mirror.path))
    run_git(*git, "commit-graph", "write", "--reachable", "--split")
    run_git(*git, "multi-pack-index", "write")
    run_git(*git, "update-server-info")
    assert mirrors.open(repository.url) is not None
    assert sync(mirrors, repository.url).notes == ()


def test_the_reason_names_the_file(repository: Repository, mirrors: Mirrors, tmp_path: Path) -> None:
    mirror = sync(mirrors, repository.url)
    hooks(mirror.path, tmp_path / "marker")
    failure = mirrors.open_or_fail(repository.url)
    assert failure == SyncFailure(
        repository.url,
        FailureKind.NOT_CACHED,
        f"{repository.url} is not in the cache: 'hooks' is not a file that pinner makes",
        "run once without --offline",
    )


def test_the_users_own_configuration_still_counts(
    repository: Repository, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    key = f"url.{repository.path.parent}/.insteadOf"
    run_git("config", "--file", str(config), key, "https://git.example.org/")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    assert sync(mirrors, "https://git.example.org/evil.git").refs.branch("main")
    assert sync(mirrors, "https://git.example.org/evil.git").notes == ()
