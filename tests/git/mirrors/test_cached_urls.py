"""Which repositories a cache has, told from what lies in it."""

from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.model.manifest import Settings
from tests.support.repositories import make_repository

HERE = "https://git.example.org/modules/"


@pytest.fixture
def upstreams(tmp_path: Path) -> Path:
    (tmp_path / "upstreams").mkdir()
    for name in ("nova", "glance"):
        make_repository(tmp_path / "upstreams" / f"{name}.git").commit({"README": name})
    return tmp_path / "upstreams"


def mirrors(cache: Path, rewrite: dict[str, str]) -> Mirrors:
    return Mirrors(cache, Settings(cache="", rewrite=rewrite, retries=0))


def test_canonical_urls_whatever_they_were_fetched_from(upstreams: Path, tmp_path: Path) -> None:
    urls = [f"{HERE}nova", (upstreams / "glance.git").as_uri()]
    some = mirrors(tmp_path / "cache", {HERE: f"{upstreams}/", "https://other.example.org/": f"{upstreams}/"})
    assert some.cached() == ()
    some.sync(urls)
    assert some.cached() == tuple(sorted(urls))


def test_the_rules_in_force_now_do_not_matter(upstreams: Path, tmp_path: Path) -> None:
    mirrors(tmp_path / "cache", {HERE: f"{upstreams}/"}).sync([f"{HERE}nova"])
    assert mirrors(tmp_path / "cache", {}).cached() == (f"{HERE}nova",)


def make_earlier(upstreams: Path, tmp_path: Path, url: str) -> tuple[Mirrors, Path]:
    """Return mirrors, and the one there is with the configuration that earlier pinners left to git."""
    some = mirrors(tmp_path / "cache", {HERE: f"{upstreams}/"})
    some.sync([f"{HERE}nova"])
    (config,) = (tmp_path / "cache").glob("git/*.git/config")
    config.write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n"
        f'[maintenance]\n\tauto = 0\n[remote "origin"]\n\turl = {url}\n'
    )
    (config.parent / "pinner-url").unlink()
    return some, config.parent


def test_a_mirror_that_an_earlier_pinner_made(upstreams: Path, tmp_path: Path) -> None:
    some, mirror = make_earlier(upstreams, tmp_path, f"{upstreams}/nova")
    assert some.cached() == (f"{HERE}nova",)
    assert (
        mirrors(tmp_path / "cache", {}).cached() == ()
    )  # from where it was cloned means nothing to other rules
    assert some.open(f"{HERE}nova") is not None
    assert "url" not in (mirror / "config").read_text()
    assert mirrors(tmp_path / "cache", {}).cached() == (f"{HERE}nova",)


@pytest.mark.parametrize("url", ["ext::sh -c true", "\xff", "", "https://elsewhere.example.org/nova"])
def test_a_mirror_that_does_not_say_where_it_is_from_is_left_out(
    upstreams: Path, tmp_path: Path, url: str
) -> None:
    some, mirror = make_earlier(upstreams, tmp_path, url)
    assert some.cached() == ()
    (mirror / "pinner-url").write_text(f"{url}\n")
    assert some.cached() == ()
