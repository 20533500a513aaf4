"""The documentation as a reader has it: the built site, opened from disk in a browser without any network."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.browser import run_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every broken link, and every page that the navigation leaves out, fails here."""
    directory = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return directory


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with run_browser() as browser:
        yield browser


def open_pages(browser: "Browser", noise: list[str], *, width: int = 1280) -> "Page":
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("file:") else noise.append(request.url))
    return page


def test_no_page_asks_for_anything_from_elsewhere_or_is_wider_than_a_phone(
    site: Path, browser: "Browser"
) -> None:
    noise: list[str] = []
    page = open_pages(browser, noise, width=390)
    pages = set(site.rglob("*.html")) - {site / "404.html"}  # which a server shows, from its own root
    for path in sorted(pages):
        page.goto(path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        assert (path.name, width) == (path.name, 390)
    page.context.close()
    assert noise == []


def test_the_search_works_from_disk(site: Path, browser: "Browser") -> None:
    noise: list[str] = []
    page = open_pages(browser, noise)
    page.goto((site / "index.html").as_uri())
    page.fill("input.md-search__input", "branch-rewritten")
    page.click(".md-search-result__item a[href*='reference/findings.html']")
    assert "branch-rewritten" in (page.text_content("article") or "")
    page.context.close()
    assert noise == []
