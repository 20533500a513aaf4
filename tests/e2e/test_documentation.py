"""The documentation as a reader has it: the built site, opened from disk in a browser without any network."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import accessibility_flaws, run_browser

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


def open_pages(browser: "Browser", noise: list[str], *, width: int = 1280, **options: Any) -> "Page":
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
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


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("roll back", "how-to/everyday.html#roll-back"),
        ("one module only", "how-to/everyday.html#move-one-module-only"),
        ("what is running now", "how-to/everyday.html#see-what-is-running-now"),
        ("SLURP", "reference/glossary.html"),
        ("externals", "reference/glossary.html"),
    ],
)
def test_a_question_leads_to_its_answer(site: Path, browser: "Browser", words: str, found: str) -> None:
    page = open_pages(browser, [])
    page.goto((site / "index.html").as_uri())
    page.fill("input.md-search__input", words)
    page.wait_for_selector(f".md-search-result__item a[href*='{found}']", state="attached")
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_on_any_page(site: Path, browser: "Browser", width: int, scheme: str) -> None:
    page = open_pages(browser, [], width=width, color_scheme=scheme)
    flaws: dict[str, list[str]] = {}
    for path in sorted(set(site.rglob("*.html")) - {site / "404.html"}):
        page.goto(path.as_uri())
        if found := accessibility_flaws(page):
            flaws[path.relative_to(site).as_posix()] = found
    page.context.close()
    assert flaws == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_the_keyboard_is_on_can_be_seen(site: Path, browser: "Browser", scheme: str) -> None:
    page = open_pages(browser, [], color_scheme=scheme)
    page.goto((site / "how-to/everyday.html").as_uri())
    unseen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        width, text = page.evaluate(
            """() => {
                const one = document.activeElement;
                const shown = one.matches('.md-option') ? one.nextElementSibling : one;  // a box that its label shows
                const style = getComputedStyle(shown);
                return [style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth), one.outerHTML.slice(0, 120)];
            }"""
        )
        if not width and not text.startswith("<body"):
            unseen.append(text)
    page.context.close()
    assert unseen == []


def test_a_copied_block_is_its_commands(site: Path, browser: "Browser") -> None:
    page = open_pages(browser, [])
    page.goto((site / "how-to/fork.html").as_uri())
    source = (ROOT / "docs/how-to/fork.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", source, re.MULTILINE | re.DOTALL)
    assert {"console", "sh"} <= {kind for kind, _ in blocks}
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), {id: 'paste'}))")
    buttons = page.locator(".md-code__button")
    assert buttons.count() == len(blocks)
    for number, (kind, text) in enumerate(blocks):
        buttons.nth(number).click()
        page.fill("#paste", "")
        page.focus("#paste")
        page.keyboard.press("Control+V")
        commands = text.splitlines()
        if kind == "console":
            commands = [line.removeprefix("$ ") for line in commands if line.startswith("$ ")]
        assert page.input_value("#paste").splitlines() == commands
    page.context.close()


def test_every_page_is_in_the_navigation_once() -> None:
    pages = re.findall(
        r"^ +- [^\n]*: ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(pages) == sorted(
        str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")
    )
