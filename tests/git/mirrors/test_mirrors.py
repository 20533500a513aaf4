"""Mirrors of remotes that behave."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.read import has_commits
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.local_repositories import CONFIG
from pinner.git.process.repository import Mirror
from tests.support.repositories import Repository, Zoo, make_repository
from tests.support.servers import HttpGitServer, Manners, serve_daemon, serve_http

MakeMirrors = Callable[..., Mirrors]
MANY = 24


def sync(mirrors: Mirrors, url: str) -> Mirror:
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, Mirror), answer
    return answer


def fail(mirrors: Mirrors, url: str) -> SyncFailure:
    answer = mirrors.sync([url])[url]
    assert isinstance(answer, SyncFailure), answer
    return answer


def test_refs_are_whole_names_with_annotated_and_nested_tags_peeled(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert zoo_mirror.refs.commits == {
        "refs/heads/main": zoo.second,
        "refs/heads/x": zoo.side,
        "refs/heads/feature/x": zoo.first,
        "refs/heads/both": zoo.side,
        "refs/heads/deadbeef": zoo.first,
        "refs/tags/light": zoo.first,
        "refs/tags/annotated": zoo.second,
        "refs/tags/nested": zoo.second,
        "refs/tags/both": zoo.first,
    }


def test_a_branch_and_a_tag_of_one_name_are_told_apart(zoo: Zoo, zoo_mirror: Mirror) -> None:
    assert (zoo_mirror.refs.branch("both"), zoo_mirror.refs.tag("both")) == (zoo.side, zoo.first)


def test_an_empty_repository_has_no_refs(upstreams: Path, mirrors: Mirrors) -> None:
    empty = make_repository(upstreams / "empty.git")
    assert sync(mirrors, empty.url).refs.commits == {}
    assert sync(mirrors, empty.url).notes == ()


def test_an_empty_repository_may_get_its_first_commit(upstreams: Path, mirrors: Mirrors) -> None:
    empty = make_repository(upstreams / "empty.git")
    sync(mirrors, empty.url)
    commit = empty.commit({"README": ""})
    assert sync(mirrors, empty.url).refs.branch("main") == commit


def test_a_new_commit_arrives(nova: Repository, mirrors: Mirrors) -> None:
    sync(mirrors, nova.url)
    commit = nova.commit({"README": "new\n"})
    assert sync(mirrors, nova.url).refs.branch("main") == commit


def test_a_moved_tag_a_rewritten_branch_and_a_deleted_branch_arrive(
    nova: Repository, mirrors: Mirrors
) -> None:
    nova.branch("gone", nova.commit({"a": "1\n"}))
    sync(mirrors, nova.url)
    rewritten = nova.commit({"README": "other\n"}, parents=())
    nova.tag("1.0.0", rewritten, message="moved")
    nova.delete("refs/heads/gone")
    assert sync(mirrors, nova.url).refs.commits == {
        "refs/heads/main": rewritten,
        "refs/tags/1.0.0": rewritten,
    }


def test_a_branch_may_become_a_directory_of_branches(nova: Repository, mirrors: Mirrors) -> None:
    commit = nova.commit({"a": "1\n"})
    nova.branch("stable", commit)
    sync(mirrors, nova.url)
    nova.delete("refs/heads/stable")
    nova.branch("stable/2025.1", commit)
    assert sync(mirrors, nova.url).refs.branches == ("main", "stable/2025.1")


def test_one_connection_a_repository_and_no_pack_when_nothing_changed(
    nova: Repository, server: HttpGitServer, mirrors: Mirrors
) -> None:
    url = f"{server.url}/{nova.path.name}"
    sync(mirrors, url)
    assert server.traffic.connections == 1
    server.traffic.forget()
    sync(mirrors, url)
    assert server.traffic.connections == 1
    assert sum(request.sent for request in server.traffic.requests) < 1000


def test_a_changed_remote_costs_one_connection_too(
    nova: Repository, server: HttpGitServer, mirrors: Mirrors
) -> None:
    url = f"{server.url}/{nova.path.name}"
    sync(mirrors, url)
    server.traffic.forget()
    nova.tag("1.1.0", nova.commit({"README": "new\n"}), message="release")
    sync(mirrors, url)
    assert server.traffic.connections == 1


def test_spellings_of_one_url_share_a_connection(
    nova: Repository, server: HttpGitServer, mirrors: Mirrors
) -> None:
    url = f"{server.url}/{nova.path.name}"
    answers = mirrors.sync([url, f"{url}/", url.replace("http", "HTTP")])
    assert len(answers) == 3
    assert server.traffic.connections == 1
    assert len({answer.path for answer in answers.values() if isinstance(answer, Mirror)}) == 1


def test_answers_keep_the_order_of_the_urls_and_every_url_is_told(upstreams: Path, mirrors: Mirrors) -> None:
    urls = []
    for name in ("c", "a", "b"):
        repository = make_repository(upstreams / f"{name}.git")
        repository.commit({"README": name})
        urls.append(repository.url)
    done: list[str] = []
    assert list(mirrors.sync(urls, on_done=lambda url, _: done.append(url))) == urls
    assert sorted(done) == sorted(urls)


def test_no_urls_ask_nothing(make_mirrors: MakeMirrors, tmp_path: Path) -> None:
    assert make_mirrors().sync([]) == {}
    assert not (tmp_path / "cache").exists()


def test_https_and_a_login_from_a_credential_helper(
    nova: Repository, certificate: Path, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text('[credential]\n\thelper = "!f() { echo username=anna; echo password=secret; }; f"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with serve_http(nova.path.parent, certificate=certificate) as server:
        server.manners["nova.git"] = Manners(password="anna:secret")  # noqa: S106 - nobody's
        monkeypatch.setenv("GIT_SSL_CAINFO", str(certificate))
        assert sync(mirrors, f"{server.url}/nova.git").refs.tags == ("1.0.0",)


def test_git_daemon(nova: Repository, mirrors: Mirrors) -> None:
    with serve_daemon(nova.path.parent) as url:
        assert sync(mirrors, f"{url}/nova.git").refs.tags == ("1.0.0",)


def test_an_absolute_path(nova: Repository, mirrors: Mirrors) -> None:
    assert sync(mirrors, str(nova.path)).refs.tags == ("1.0.0",)


def test_rewrite_fetches_elsewhere_and_keeps_the_mirror(nova: Repository, make_mirrors: MakeMirrors) -> None:
    mirrors = make_mirrors(rewrite={"https://opendev.org/": f"{nova.path.parent.as_uri()}/"})
    mirror = sync(mirrors, "https://opendev.org/nova.git")
    assert mirror.refs.tags == ("1.0.0",)
    assert mirror.url == "https://opendev.org/nova.git"
    other = make_mirrors().open("https://opendev.org/nova/")
    assert other is not None
    assert other.path == mirror.path


def test_open_asks_no_remote(nova: Repository, mirrors: Mirrors) -> None:
    assert mirrors.open(nova.url) is None
    before = sync(mirrors, nova.url)
    nova.commit({"README": "new\n"})
    after = mirrors.open(nova.url)
    assert after is not None
    assert after.refs == before.refs


def test_open_or_fail_says_what_is_missing(nova: Repository, mirrors: Mirrors) -> None:
    assert mirrors.open_or_fail(nova.url) == SyncFailure(
        url=nova.url,
        kind=FailureKind.NOT_CACHED,
        message=f"{nova.url} is not in the cache: it was never synced",
        hint="run once without --offline",
    )


def test_a_commit_that_no_ref_reaches_is_fetched_and_kept(zoo: Zoo, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, zoo.repository.url)
    assert mirrors.fetch_commit(mirror, zoo.hidden) is True
    again = sync(mirrors, zoo.repository.url)
    assert again.refs == mirror.refs
    assert mirrors.open(zoo.repository.url) == again


def test_a_commit_that_the_remote_has_not_is_no_error(zoo: Zoo, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, zoo.repository.url)
    assert mirrors.fetch_commit(mirror, "0123456789abcdef0123456789abcdef01234567") is False


def test_offline_no_commit_is_asked_for(zoo: Zoo, make_mirrors: MakeMirrors) -> None:
    mirror = sync(make_mirrors(), zoo.repository.url)
    assert make_mirrors(is_offline=True).fetch_commit(mirror, zoo.hidden) is False


def test_the_current_mirror_is_synced_unless_it_is_offline(
    nova: Repository, make_mirrors: MakeMirrors
) -> None:
    old = sync(make_mirrors(), nova.url)
    nova.commit({"new": "1"})
    assert make_mirrors(is_offline=True).current(nova.url) == old
    new = make_mirrors().current(nova.url)
    assert isinstance(new, Mirror)
    assert new.refs != old.refs


def test_the_cache_says_that_it_is_one(nova: Repository, mirrors: Mirrors, tmp_path: Path) -> None:
    mirror = sync(mirrors, nova.url)
    assert (
        (tmp_path / "cache" / "CACHEDIR.TAG")
        .read_bytes()
        .startswith(b"Signature: 8a477f597d28d172789f06886806bc55")
    )
    assert "-nova-git-" in mirror.path.name
    assert mirror.path.is_relative_to(tmp_path / "cache")


def test_mirrors_do_not_collect_garbage_or_take_hooks(nova: Repository, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, nova.url)
    assert (mirror.path / "config").read_bytes() == CONFIG
    assert not (mirror.path / "hooks").exists()


def test_a_ref_whose_name_is_no_utf_8_hides_no_other(nova: Repository, mirrors: Mirrors) -> None:
    commit = nova.find("refs/heads/main") or ""
    nova.git("update-ref", "--stdin", given=b"create refs/heads/caf\xe9 %s\n" % commit.encode())
    mirror = sync(mirrors, nova.url)
    assert mirror.refs.commits == {
        "refs/heads/caf\\xe9": commit,
        "refs/heads/main": commit,
        "refs/tags/1.0.0": commit,
    }
    assert sync(mirrors, nova.url).refs == mirror.refs


def test_refs_that_are_neither_branches_nor_tags_stay_away(nova: Repository, mirrors: Mirrors) -> None:
    nova.git("update-ref", "refs/pull/1/head", nova.hidden_commit({"pull": "1"}))
    nova.git("update-ref", "refs/changes/01/1/1", "refs/heads/main")
    assert set(sync(mirrors, nova.url).refs.commits) == {"refs/heads/main", "refs/tags/1.0.0"}


def test_many_small_packs_are_joined_and_rewritten_commits_stay(nova: Repository, mirrors: Mirrors) -> None:
    mirror = sync(mirrors, nova.url)
    tips = []
    for number in range(MANY):
        tips.append(nova.commit({"n": str(number)}, parents=() if number % 10 == 0 else None))
        mirror = sync(mirrors, nova.url)
    assert len(list((mirror.path / "objects" / "pack").glob("*.pack"))) < MANY
    assert has_commits(mirror, tips) == frozenset(tips)
    assert sync(mirrors, nova.url).notes == ()
