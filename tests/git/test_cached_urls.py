"""Which repositories a cache has, told from what lies in it."""

from pathlib import Path

import pytest

from pinner.git.mirrors import Mirrors
from pinner.words.manifests import Settings
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


def test_what_other_rules_fetched_is_left_out(upstreams: Path, tmp_path: Path) -> None:
    mirrors(tmp_path / "cache", {HERE: f"{upstreams}/"}).sync([f"{HERE}nova"])
    assert mirrors(tmp_path / "cache", {}).cached() == ()


@pytest.mark.parametrize(
    "text", [None, "", "[remote]\n", '[remote "origin"]\n\turl = ext::sh -c true\n', "\xff"]
)
def test_a_mirror_that_does_not_say_where_it_is_from_is_left_out(
    upstreams: Path, tmp_path: Path, text: str | None
) -> None:
    some = mirrors(tmp_path / "cache", {HERE: f"{upstreams}/"})
    some.sync([f"{HERE}nova"])
    (config,) = (tmp_path / "cache").glob("git/*.git/config")
    config.unlink()
    if text is not None:
        config.write_text(text, encoding="latin-1")
    assert some.cached() == ()
