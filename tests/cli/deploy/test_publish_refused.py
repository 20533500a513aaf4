"""`pinner publish` when the input is wrong or the server says no: nothing has moved then, and the next run mends."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import (
    Control,
    Stages,
    copy_cloud,
)
from tests.support.cutting import cut
from tests.support.processes import wait_until
from tests.support.repositories import run_git
from tests.support.servers import Manners, serve_http
from tests.support.unharmed import contents

EITHER = "run the command again: it determines whether the branches were published"
# What a hook says, so that half of it is far from the end of what a server answers.
LONG = "word " * 800

pytestmark = pytest.mark.usefixtures("_known_committer")


@pytest.fixture
def cloud(stages: Stages, tmp_path: Path, request: pytest.FixtureRequest) -> Cloud:
    """Two locked environments; where a test asks for what is `published`, that, and nova has moved since in both."""
    stage = stages.moved if "published" in request.fixturenames else stages.locked
    return copy_cloud(stage, tmp_path / "copy")


def test_without_a_control_repository(cloud: Cloud, control: Control) -> None:
    cloud.write_settings("layout: branches\n")
    result = cloud.run("publish")
    assert (result.code, result.err) == (
        2,
        (
            "no control repository is set\n"
            "  hint: write 'control_repo: URL' into pinner.yaml, or give --control-repo URL\n"
        ),
    )
    assert control.tips() == {}


@pytest.mark.parametrize(
    "url", ["ext::sh -c id", "-oProxyCommand=id", "https://me:geheim@git.example.net/control"]
)
def test_a_url_that_git_must_not_be_given(cloud: Cloud, url: str) -> None:
    result = cloud.run("publish", "--layout", "branches", f"--control-repo={url}")
    assert (result.code, "geheim" in result.err) == (2, False), result.err


def test_stale_and_missing_locks_are_told_before_any_server_is_asked(cloud: Cloud, control: Control) -> None:
    shutil.rmtree(control.path)
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    cloud.manifest("testing", "release: 2025.1\nopenstack: [keystone]\n")
    result = cloud.run("publish")
    assert result.code == 2
    assert (
        "module 'nova': the manifest requires release 2025.1; the lock was made for release 2024.1\n"
        in result.err
    )
    assert "environment 'testing' has no lock\n  hint: run 'pinner lock testing'\n" in result.err


def test_git_must_know_who_commits(cloud: Cloud, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)
    result = cloud.run("publish")
    assert (result.code, result.err, control.tips()) == (
        2,
        (
            "git has no identity for commits\n"
            "  hint: git config --global user.name NAME; git config --global user.email EMAIL; "
            "or give --author 'NAME <EMAIL>'\n"
        ),
        {},
    )
    assert cloud.run("publish", "--author", "Nightly Run <nightly@example.org>").code == 0
    who = control.repository.git("log", "-1", "--format=%an %ae %cn", "refs/heads/staging")
    assert who == "Nightly Run nightly@example.org Nightly Run"


def test_the_projects_own_git_configuration_says_who_commits(
    cloud: Cloud, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)
    run_git("init", "--quiet", str(cloud.project))
    for key, value in (("user.name", "Pia Project"), ("user.email", "pia@example.org")):
        run_git("-C", str(cloud.project), "config", key, value)
    assert cloud.run("publish", "--author", "Ann Author <ann@example.org>").code == 0
    who = control.repository.git("log", "-1", "--format=%an, %cn", "refs/heads/staging")
    assert who == "Ann Author, Pia Project"


@pytest.mark.parametrize(
    "author", ["Olga", "<olga@example.org>", "Olga <olga>", "O\x07p <o@example.org>", "x" * 500]
)
def test_an_author_of_another_form(cloud: Cloud, control: Control, author: str) -> None:
    result = cloud.run("publish", "--author", author)
    assert (result.code, control.tips()) == (2, {})
    assert result.err.startswith("--author: ")
    assert result.err.endswith(" is not of the form 'NAME <EMAIL>'\n")


def test_a_name_that_git_itself_refuses(
    cloud: Cloud, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "<>")
    result = cloud.run("publish")
    assert (result.code, result.err, control.tips()) == (
        2,
        (
            "git has no valid identity for commits: name consists only of disallowed characters: <>\n"
            "  hint: see 'git var GIT_AUTHOR_IDENT'\n"
        ),
        {},
    )


def test_a_control_repository_that_is_not_there(cloud: Cloud, control: Control) -> None:
    shutil.rmtree(control.path)
    result = cloud.run("publish")
    assert result.code == 3
    assert result.err.startswith(f"no git repository at {control.path}: ")
    assert result.err.endswith("\n  hint: check the URL: --control-repo, or control_repo in pinner.yaml\n")


def test_a_repository_of_sha_256(cloud: Cloud, control: Control) -> None:
    shutil.rmtree(control.path)
    run_git("init", "--quiet", "--bare", "--object-format=sha256", str(control.path))
    seed = (
        "commit refs/heads/production\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n"
        "M 100644 inline README\ndata 1\nx\n"
    )
    control.repository.git("fast-import", "--quiet", given=seed.encode())
    result = cloud.run("publish")
    assert result.code == 3
    assert "the ids of its commits are SHA-256" in result.err


def test_a_hook_that_refuses_one_branch_keeps_all_where_they_were(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    published.hook("update", 'case $1 in */staging) echo "staging is frozen"; exit 1;; esac')
    result = cloud.run("publish")
    assert (result.code, result.out, published.tips()) == (3, "", tips)
    assert result.err == (
        f"{published.path} refused the push: branch staging: hook declined; the server's output: staging is frozen\n"
        "  hint: nothing was published; ask the server's administrators\n"
    )
    published.unhook()
    assert cloud.run("publish").code == 0
    assert not set(tips.values()) & set(published.tips().values())


def test_what_a_hook_says_is_cut_and_cannot_draw_on_the_terminal(cloud: Cloud, published: Control) -> None:
    published.hook("pre-receive", "for i in $(seq 999); do printf '\\033[2Jno %s\\n' $i; done; exit 1")
    result = cloud.run("publish")
    assert (result.code, "\x1b" in result.err) == (3, False)
    assert "pre-receive hook declined" in result.err
    assert len(result.err) < 2500


def test_a_server_that_cannot_move_branches_in_one_step(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    published.repository.git("config", "receive.advertiseAtomic", "false")
    result = cloud.run("publish")
    assert (result.code, published.tips()) == (3, tips)
    assert result.err == (
        f"{published.path} cannot move several branches in one step, so none was moved\n"
        "  hint: publish one environment at a time: pinner publish ENV\n"
    )
    assert [cloud.run("publish", name).code for name in ("production", "staging")] == [0, 0]


def test_a_branch_that_moves_while_pinner_pushes_is_built_upon(cloud: Cloud, published: Control) -> None:
    theirs = published.race("production", {"data/common.yaml": "a: 1\n"})
    result = cloud.run("publish", "--retries", "1")
    assert (result.code, result.err) == (0, "")
    assert published.parents("production") == [theirs]
    assert (published.path / "raced").exists()


def test_without_tries_left_no_branch_has_moved_and_the_next_run_mends(
    cloud: Cloud, published: Control
) -> None:
    tips = published.tips()
    theirs = published.race("production", {"data/common.yaml": "a: 1\n"})
    result = cloud.run("publish", "--retries", "0")
    assert (result.code, published.tips()) == (3, {**tips, "production": theirs})
    assert result.err == (
        f"others moved branches of {published.path} meanwhile: production\n"
        "  hint: run the command again: it starts from the new state\n"
    )
    assert cloud.run("publish").code == 0
    assert published.parents("production") == [theirs]


def test_a_change_by_hand_that_arrives_in_between_is_not_overwritten(
    cloud: Cloud, published: Control
) -> None:
    text = published.read("production", "Puppetfile")
    theirs = published.race("production", {"Puppetfile": f"{text}\n# tuned\n"}, message="Quick fix")
    tips = published.tips()
    result = cloud.run("publish", "--retries", "3")
    assert (result.code, published.tips()) == (2, {**tips, "production": theirs})
    assert "production:Puppetfile: was changed since pinner published it" in result.err


def test_a_branch_that_somebody_makes_in_between_is_built_upon(cloud: Cloud, control: Control) -> None:
    theirs = control.race("staging", {"README": "mine\n"})
    assert cloud.run("publish", "--retries", "1").code == 0
    assert control.parents("staging") == [theirs]


@pytest.mark.usefixtures("published")
def test_what_a_killed_run_left_behind_is_cleared(cloud: Cloud) -> None:
    shutil.rmtree(cloud.root / "cache/control")
    assert cloud.run("publish", "--dry-run").code == 0
    (left,) = (cloud.root / "cache/control").iterdir()
    place = left.with_suffix("")
    (place / "objects").mkdir(parents=True)
    (place / "config").write_text("nonsense")
    assert cloud.run("publish").code == 0
    assert contents(cloud.root / "cache/control").keys() == {left}


def test_a_cache_that_cannot_be_written(cloud: Cloud, published: Control, tmp_path: Path) -> None:
    tips = published.tips()
    (tmp_path / "file").write_text("")
    result = cloud.run("publish", "--cache", str(tmp_path / "file" / "cache"))
    assert (result.code, published.tips()) == (3, tips)
    assert "cannot make the cache" in result.err


def test_over_http_with_a_password_from_a_credential_helper(
    cloud: Cloud, published: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    tips = published.tips()
    published.repository.git("config", "http.receivepack", "true")
    with serve_http(cloud.root) as server:
        server.manners["control.git"] = Manners(password="me:geheim")  # noqa: S106 - the server's
        cloud.write_settings(f"layout: branches\ncontrol_repo: {server.url}/control.git\n")
        unknown = cloud.run("publish")
        monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
        monkeypatch.setenv("GIT_CONFIG_KEY_0", "credential.helper")
        monkeypatch.setenv("GIT_CONFIG_VALUE_0", "!f() { echo username=me; echo password=geheim; }; f")
        known = cloud.run("publish")
    assert (unknown.code, known.code) == (3, 0)
    assert unknown.err.startswith(f"no access to {server.url}/control.git: ")
    assert "pinner never asks for passwords" in unknown.err
    assert "geheim" not in known.out + known.err
    assert not set(tips.values()) & set(published.tips().values())


def test_a_web_page_is_no_empty_repository(cloud: Cloud) -> None:
    with serve_http(cloud.root) as server:
        server.manners["control.git"] = Manners(page="<html>Log in</html>")
        result = cloud.run("publish", "--dry-run", f"--control-repo={server.url}/control.git")
    assert (result.code, result.err) == (
        3,
        (
            f"{server.url}/control.git does not respond like a git server: "
            "the response has no refs and is not from git\n"
            "  hint: check that the URL is the repository's, not that of a web page about it\n"
        ),
    )


def test_a_server_that_lets_nobody_push(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    with serve_http(cloud.root) as server:
        result = cloud.run("publish", f"--control-repo={server.url}/control.git")
    assert (result.code, published.tips()) == (3, tips)
    assert result.err.startswith(f"no access to {server.url}/control.git: ")


def test_a_server_that_takes_too_long(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    published.hook("pre-receive", "exec sleep 3600")
    result = cloud.run("publish", "--timeout", "10")
    assert (result.code, published.tips()) == (3, tips)
    assert result.err.startswith(
        f"{published.path} did not respond in time: git push did not end within 10 s\n"
    )
    published.unhook()
    assert cloud.run("publish").code == 0


def test_a_server_that_is_gone_when_it_should_answer(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    published.repository.git("config", "http.receivepack", "true")
    published.hook("post-receive", f"echo {LONG} >&2")
    with serve_http(cloud.root) as server:
        port = int(server.url.rpartition(":")[2])
        with cut(port) as (front, line):
            assert cloud.run("publish", f"--control-repo=http://127.0.0.1:{front}/control.git").code == 0
        for name, tip in tips.items():
            published.repository.branch(name, tip)
        with cut(port, after=line.passed - len(LONG) // 2) as (front, _):
            url = f"http://127.0.0.1:{front}/control.git"
            result = cloud.run("publish", f"--control-repo={url}")
    assert result.code == 3
    assert result.err.endswith(f"; could not determine whether it was published\n  hint: {EITHER}\n")
    assert not set(tips.values()) & set(published.tips().values())
    assert "published 0 of 2 branches" in cloud.run("publish").out


def test_a_server_that_is_gone(cloud: Cloud, published: Control) -> None:
    del published
    result = cloud.run(
        "publish", "--control-repo", "http://127.0.0.1:9/control.git", "--retries", "0", "--timeout", "5"
    )
    assert (result.code, result.err.startswith("could not reach http://127.0.0.1:9/control.git: ")) == (
        3,
        True,
    )
    assert result.err.endswith("\n  hint: nothing was published: run the command again\n")


def test_a_connection_cut_while_the_server_is_still_judging_promises_nothing(
    cloud: Cloud, published: Control
) -> None:
    tips = published.tips()
    go = cloud.root / "go"
    go.touch()
    published.repository.git("config", "http.receivepack", "true")
    published.hook(
        "pre-receive",
        f"cat > /dev/null; trap '' PIPE; echo {LONG} >&2; until test -e {go}; do sleep 0.05; done",
    )
    with serve_http(cloud.root) as server:
        port = int(server.url.rpartition(":")[2])
        with cut(port) as (front, line):
            assert cloud.run("publish", f"--control-repo=http://127.0.0.1:{front}/control.git").code == 0
        for name, tip in tips.items():
            published.repository.branch(name, tip)
        go.unlink()
        with cut(port, after=line.passed - len(LONG) // 2, mends=True) as (front, _):
            result = cloud.run("publish", f"--control-repo=http://127.0.0.1:{front}/control.git")
        assert (result.code, published.tips()) == (3, tips)
        assert result.err.endswith(f"\n  hint: {EITHER}\n")
        go.touch()
        wait_until(lambda: not set(tips.values()) & set(published.tips().values()))
    assert "published 0 of 2 branches" in cloud.run("publish").out
