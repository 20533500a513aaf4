"""The HTML report of a large move, used in a real browser as an operator would."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import large_cloud
from tests.support.browser import Opened, open_page, run_browser
from tests.support.cloud import Cloud
from tests.support.comparisons import HOSTILE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.e2e

SEVERITIES = ("breaks", "behaviour", "later", "info")
CONTRAST = (Path(__file__).parent.parent / "support" / "contrast.js").read_text(encoding="utf-8")
AA = 4.5  # WCAG 2.2, 1.4.3


@dataclass(frozen=True)
class Report:
    """The page of a move, on disk, and the same as JSON."""

    path: Path
    json: Any

    def api(self) -> list[Any]:
        return [row for module in self.json["modules"] for row in module["api"]]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A move of 20 modules with thousands of changes, through the whole of pinner."""
    cloud = large_cloud.make(Cloud(tmp_path_factory.mktemp("large")))
    assert cloud.run("lock").code == 0
    move = ("upgrade", "live", "--to", large_cloud.NEW, "--hiera", "data", "--format")
    path = cloud.root / "report.html"
    path.write_text(cloud.run(*move, "html").out, encoding="utf-8")
    return Report(path, cloud.run(*move, "json").json)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with run_browser() as browser:
        yield browser


@pytest.fixture
def opened(browser: "Browser", report: Report) -> Iterator[Opened]:
    """The page, just opened; whatever it did beside showing itself is an error at the end of each test."""
    with open_page(browser, report.path) as opened:
        yield opened
        assert opened.noise == []


def number(text: str | None) -> int:
    """Return the first number in a text."""
    found = re.search(r"\d+", text or "")
    assert found
    return int(found[0])


def test_the_report_is_as_large_as_a_real_one(report: Report) -> None:
    assert len(report.api()) > 3000
    assert sum(len(module["commits"]) for module in report.json["modules"]) > 1000
    assert sum(len(module["hiera"]) for module in report.json["modules"]) > 200


def test_the_summary_comes_first_and_counts_what_json_has(opened: Opened, report: Report) -> None:
    severities = [row["severity"] for row in report.api()]
    shown = {name: number(opened.page.text_content(f".tile.{name} b")) for name in SEVERITIES}
    assert shown == {name: severities.count(name) for name in SEVERITIES}
    headings = opened.page.locator("h2").all_text_contents()
    assert [heading.split(":")[0] for heading in headings] == [
        "Summary",
        "The plan",
        "Modules by distance",
        "Module by module",
    ]


def test_what_hostile_upstreams_wrote_is_text(opened: Opened, report: Report) -> None:
    opened.page.fill("#search", "onerror=alert(2)")
    opened.settle()
    rows = opened.visible_rows()
    assert len(rows) == sum(
        HOSTILE[:20] in commit["subject"] for module in report.json["modules"] for commit in module["commits"]
    )
    assert all(r"\u202e\x1b[31m" in row["text"] for row in rows)
    assert opened.page.locator("script").count() == 1
    assert opened.page.locator("img").count() == 0


@pytest.mark.parametrize("severity", SEVERITIES)
def test_the_filter_by_severity_leaves_exactly_that(opened: Opened, report: Report, severity: str) -> None:
    for name in SEVERITIES:
        opened.page.set_checked(f"input[value={name}]", name == severity)
    opened.settle()
    rows = opened.visible_rows()
    assert {row["s"] for row in rows} <= {severity}
    assert sum(row["isApi"] for row in rows) == sum(row["severity"] == severity for row in report.api())
    assert number(opened.page.text_content("#count")) == len(rows)


def test_the_filters_by_class_and_hiera_key_narrow_together(opened: Opened, report: Report) -> None:
    changed = [row for row in report.api() if "nova::db::auth" in row["definition"]]
    opened.page.fill("#class", "nova::db::auth")
    opened.settle()
    by_class = opened.visible_rows()
    assert sum(row["isApi"] for row in by_class) == len(changed) > 1
    key = f"nova::db::auth::{changed[0]['parameter']}"
    opened.page.fill("#key", key)
    opened.settle()
    by_key = opened.visible_rows()
    assert 0 < len(by_key) < len(by_class)
    assert all(key in row["k"] for row in by_key)
    assert opened.page.locator("details.module:not([hidden])").count() == 1
    assert opened.page.locator("#m-nova").get_attribute("open") is not None


def test_only_what_is_in_your_data(opened: Opened, report: Report) -> None:
    opened.page.check("#mine")
    opened.settle()
    keys = {row["k"] for row in opened.visible_rows()}
    assert keys == {row["key"] for module in report.json["modules"] for row in module["hiera"]}


def test_a_search_finds_words_anywhere_and_clearing_brings_all_back(opened: Opened) -> None:
    whole = number(opened.page.text_content("#count"))
    opened.page.fill("#search", "works otherwise keystone")
    opened.settle()
    assert 0 < len(opened.visible_rows()) < whole
    opened.page.fill("#search", "no such word anywhere")
    opened.settle()
    assert opened.page.locator("#nothing").is_visible()
    opened.page.click("#again")
    opened.settle()
    assert number(opened.page.text_content("#count")) == whole == len(opened.visible_rows())


def test_the_keyboard_is_enough(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box() is not None
    page.keyboard.press("/")
    page.keyboard.type("option_7")
    opened.settle()
    assert page.input_value("#search") == "option_7"
    assert 0 < len(opened.visible_rows()) < 2000
    page.keyboard.press("Escape")
    assert page.input_value("#search") == ""
    page.locator("#close").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('details.module > summary') !== null"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open") is True


def test_a_row_of_the_matrix_leads_to_its_module(opened: Opened) -> None:
    opened.page.fill("#search", "keystone::api")
    opened.settle()
    opened.page.click(".matrix a[href='#m-nova']")
    opened.page.wait_for_function("document.getElementById('m-nova').open")
    assert opened.page.evaluate("document.activeElement.parentElement.id") == "m-nova"
    assert opened.page.input_value("#search") == ""
    top = opened.page.evaluate("document.getElementById('m-nova').getBoundingClientRect().top")
    assert 0 <= top < 900


def test_all_can_be_opened_and_closed(opened: Opened) -> None:
    opened.page.click("#open")
    assert opened.page.locator("details.module:not([open])").count() == 0
    opened.page.click("#close")
    assert opened.page.locator("details[open]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(browser: "Browser", report: Report, scheme: str) -> None:
    with open_page(browser, report.path, color_scheme=scheme) as opened:
        opened.page.click("#m-nova > summary")
        opened.page.evaluate(
            "document.querySelectorAll('#m-nova details').forEach((one) => { one.open = true; })"
        )
        ground = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        is_dark = sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128
        assert is_dark == (scheme == "dark")
        weak = opened.page.evaluate(CONTRAST, AA)
        assert weak == []
        assert opened.noise == []


def test_nothing_is_said_by_colour_alone(opened: Opened) -> None:
    badges = opened.page.locator(".changes .badge").all_text_contents()
    assert set(badges) == {row for row in badges if row in SEVERITIES}
    distances = opened.page.locator(".matrix td.number[class*=' d']").all_text_contents()
    assert distances
    assert all(re.fullmatch(r"\+\d+( -\d+)?|0|\?|added|removed", text) for text in distances)


def test_everything_that_takes_input_has_a_name(opened: Opened) -> None:
    nameless = opened.page.evaluate(
        "() => [...document.querySelectorAll('input, button, summary, a, [tabindex]')]"
        ".filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')"
        " || one.getAttribute('aria-labelledby'))).map((one) => one.outerHTML)"
    )
    assert nameless == []
    bar = opened.page.get_by_role("search", name="Filter the changes")
    boxes = bar.get_by_role("checkbox")
    assert [boxes.nth(number).evaluate("one => one.labels[0].textContent.trim()") for number in range(5)] == [
        "Breaks",
        "Behaviour",
        "Later",
        "Info",
        "in your data",
    ]
    assert bar.get_by_role("combobox", name="Class or type").count() == 1
    assert bar.get_by_role("combobox", name="Hiera key").count() == 1
    assert bar.get_by_role("searchbox", name="Search in everything").count() == 1
    assert opened.page.get_by_role("heading", level=1).count() == 1


def test_on_paper_what_the_filter_shows_stands_open(opened: Opened) -> None:
    opened.page.fill("#class", "nova::api")
    opened.settle()
    opened.page.click("#close")
    few = pages_of(opened.page.pdf())
    assert few > 0
    opened.page.fill("#class", "")
    opened.settle()
    assert pages_of(opened.page.pdf()) > few + 20
    opened.page.emulate_media(media="print")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.page.locator("details.module:not([open])").count() == 0
    assert not opened.page.locator("#bar").is_visible()
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.page.locator("details.module[open]").count() == 0


def pages_of(pdf: bytes) -> int:
    """Return how many pages a PDF of Chromium has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_width_makes_the_whole_page_scroll_sideways(
    browser: "Browser", report: Report, width: int
) -> None:
    with open_page(browser, report.path, viewport={"width": width, "height": 800}) as opened:
        opened.page.click("#m-nova > summary")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_everything_is_there_and_nothing_pretends_to_filter(
    browser: "Browser", report: Report
) -> None:
    with open_page(browser, report.path, java_script_enabled=False) as opened:
        assert not opened.page.locator("#bar").is_visible()
        opened.page.click("#m-nova > summary")
        assert opened.page.locator("#m-nova .row").first.is_visible()
        assert opened.page.locator(".row").count() > 3000


def test_the_page_of_all_environments(browser: "Browser", report: Report) -> None:
    cloud = Cloud.__new__(Cloud)
    cloud.root = report.path.parent
    cloud.project = cloud.root / "project"
    path = cloud.root / "status.html"
    path.write_text(cloud.run("status", "--format", "html").out, encoding="utf-8")
    with open_page(browser, path) as opened:
        assert opened.page.locator("tbody tr").count() == len(large_cloud.MODULES)
        assert "up to date" in (opened.page.text_content("tbody tr") or "")
        assert opened.noise == []
