"""The HTML report of a large move, used in a real browser as an operator would."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pinner.inspecting.status import make_dashboard
from pinner.model.comparison import DataEffect, Effect
from pinner.model.errors import Location
from pinner.model.lock import Lock
from pinner.model.results import EnvironmentStatus, ModuleStatus
from pinner.openstack.catalogue import all_series, phase_today
from pinner.report.html.dashboard import dashboard_page
from pinner.report.html.pages import comparison_page
from tests.support import large_cloud
from tests.support.browser import Opened, accessibility_flaws, open_page, run_browser
from tests.support.cloud import Cloud
from tests.support.comparisons import HOSTILE, comparison, moved, pin

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


def test_the_verdict_comes_first_and_the_appendix_last(opened: Opened, report: Report) -> None:
    verdict = report.json["verdict"]
    assert verdict["required"] > 0
    assert (opened.page.text_content(".verdict") or "").startswith(
        f"Not ready for {large_cloud.NEW}: {verdict['required']} edit"
    )
    headings = opened.page.locator("h2").all_text_contents()
    assert [re.sub(r"[(:].*", "", heading).strip() for heading in headings] == [
        "Must do",
        "Decide",
        *(["Decide"] if opened.page.locator("#defaults").count() else []),
        *(["Decide"] if opened.page.locator("#notes").count() else []),
        *(["Clean up later"] if verdict["deprecated"] else []),
        "Modules, most affected first",
        "Appendix",
    ]


def test_what_is_ticked_and_filtered_is_in_the_address(
    browser: "Browser", opened: Opened, report: Report
) -> None:
    page = opened.page
    first = page.locator("input[name=done]").first
    first.focus()
    page.keyboard.press("Space")
    page.uncheck("input[value=info]")
    page.fill("#search", "nova")
    opened.settle()
    address = page.evaluate("location.hash")
    shown = opened.visible_rows()
    with open_page(browser, report.path, fragment=address) as again:
        assert again.page.locator("input[name=done]:checked").count() == 1
        assert again.page.locator("input[name=done]").first.is_checked()
        assert again.page.input_value("#search") == "nova"
        assert not again.page.is_checked("input[value=info]")
        assert again.visible_rows() == shown
        assert (again.page.text_content("#progress") or "").startswith("1 of ")
        assert again.noise == []


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
    page.locator("#reset, #mine").last.focus()
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
    distances = opened.page.locator(".matrix td.distance").all_text_contents()
    assert distances
    assert all(re.fullmatch(r"\+\d+( -\d+)?|0|\?|added|removed", text.strip()) for text in distances)
    coloured = opened.page.locator(".matrix td.heat").all_text_contents()
    assert coloured
    assert all(text.isdecimal() for text in coloured)


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
    assert bar.get_by_role("searchbox", name="Search").count() == 1
    assert opened.page.get_by_role("heading", level=1).count() == 1


def test_the_appendix_is_not_printed(opened: Opened) -> None:
    opened.page.click("#open")
    opened.page.emulate_media(media="print")
    assert opened.page.locator(".verdict").is_visible()
    assert opened.page.locator(".task").first.is_visible()
    assert opened.page.locator(".matrix").is_visible()
    assert not opened.page.locator(".appendix").is_visible()


def test_a_page_with_some_tasks_prints_on_two_sheets(browser: "Browser", tmp_path: Path) -> None:
    rows = [
        DataEffect(effect, f"nova::option_{number}", "nova", Location("data/common.yaml", number))
        for effect in Effect
        for number in range(1, 6)
    ]
    modules = [moved(f"module{number}", hiera=(), notes=()) for number in range(38)]
    path = tmp_path / "page.html"
    result = replace(comparison(moved("nova", hiera=tuple(rows)), *modules), is_data_checked=True)
    path.write_text(comparison_page(result), encoding="utf-8")
    with open_page(browser, path) as opened:
        assert 1 <= pages_of(opened.page.pdf(format="A4")) <= 2


def pages_of(pdf: bytes) -> int:
    """Return how many pages a PDF of Chromium has."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
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
    assert cloud.run("dashboard", "-o", "status.html").code == 0
    with open_page(browser, cloud.project / "status.html") as opened:
        assert opened.page.locator("tr.env td[data-d]").count() == len(large_cloud.MODULES)
        assert opened.page.locator("svg.timeline rect").count() > 1
        assert opened.noise == []


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 1,000 environments of 20 modules, no two of them with the same lock."""
    releases = [series for series in all_series() if series.id in {"2024.1", "2024.2", "2025.1", "2025.2"}]
    statuses = []
    for number in range(1000):
        series = releases[number % 4]
        rows = tuple(
            ModuleStatus(
                module,
                replace(pin(module, series.id), commit=f"{number if module == 'nova' else 1:040x}"),
                number % 3 if module == "heat" else 0,
                release=series,
                phase=phase_today(None, series),
            )
            for module in large_cloud.MODULES
        )
        name = f"region_{number:04}"
        lock = Lock(name, {row.name: row.pin for row in rows})
        statuses.append(
            EnvironmentStatus(name, lock, rows, owners=(f"team{number % 9}@example.org",), release=series)
        )
    path = tmp_path_factory.mktemp("many") / "page.html"
    path.write_text(dashboard_page(make_dashboard(tuple(statuses), date(2026, 5, 1))), encoding="utf-8")
    return path


def shown_rows(opened: Opened) -> int:
    return int(opened.page.locator("tr.env:not([hidden])").count())


def test_a_thousand_environments_are_found_by_name_owner_and_state(browser: "Browser", many: Path) -> None:
    with open_page(browser, many) as opened:
        page = opened.page
        assert shown_rows(opened) == 1000
        page.keyboard.press("/")
        page.keyboard.type("region_07 team3@")
        opened.settle()
        assert shown_rows(opened) == sum(number % 9 == 3 for number in range(700, 800))
        page.check("input[value=el]")
        opened.settle()
        ended = sum(number % 9 == 3 and number % 4 == 1 for number in range(700, 800))  # 2024.2
        assert shown_rows(opened) == ended
        address = page.evaluate("location.hash")
        with open_page(browser, many, fragment=address) as again:
            assert shown_rows(again) == ended
            again.page.click("#reset")
            again.settle()
            assert shown_rows(again) == 1000
            again.page.fill("#module", "heat")
            again.page.check("input[value=behind]")
            again.settle()
            assert shown_rows(again) == sum(number % 3 > 0 for number in range(1000))
            assert again.noise == []
        assert opened.noise == []


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """The page of three environments of 39 modules, of which a server serves the locks of two."""
    statuses = []
    for number in range(3):
        pins = [replace(pin(f"module_{one:02}", "2025.1"), commit=f"{number:040x}") for one in range(39)]
        lock = Lock(f"region_{number}", {one.module: one for one in pins})
        rows = tuple(ModuleStatus(one.module, one, 0) for one in pins)
        statuses.append(EnvironmentStatus(lock.environment, lock, rows))
    served = {one.name: (one.lock.lock_id,) for one in statuses[:2] if one.lock}
    path = tmp_path / "page.html"
    result = make_dashboard(tuple(statuses), date(2026, 5, 1), served=served)
    path.write_text(dashboard_page(result), encoding="utf-8")
    return path


def test_a_tile_leads_to_what_it_counts_by_keyboard(browser: "Browser", deployed: Path) -> None:
    with open_page(browser, deployed) as opened:
        opened.page.focus("a[href='#only=waiting']")
        opened.page.keyboard.press("Enter")
        opened.settle()
        assert shown_rows(opened) == 1
        assert opened.page.is_checked("input[value=waiting]")
        assert opened.noise == []


def test_the_filter_finds_what_is_not_deployed(browser: "Browser", deployed: Path) -> None:
    with open_page(browser, deployed) as opened:
        assert shown_rows(opened) == 3
        opened.page.check("input[value=waiting]")
        opened.settle()
        assert shown_rows(opened) == 1
        row = opened.page.locator("tr.env:not([hidden]) th").text_content() or ""
        assert row.startswith("region_2")
        assert row.endswith("not deployed")
        assert "only=waiting" in opened.page.evaluate("location.hash")
        assert opened.noise == []


def test_all_modules_of_a_release_fit_on_a_printed_sheet(browser: "Browser", deployed: Path) -> None:
    sheet = 710  # pixels of 188 mm, which A4 has between its margins
    with open_page(browser, deployed, viewport={"width": sheet, "height": 1000}) as opened:
        opened.page.emulate_media(media="print")
        right = opened.page.evaluate(
            "Math.max(...[...document.querySelectorAll('.cells th, .cells td')]"
            ".map((one) => one.getBoundingClientRect().right))"
        )
        assert right <= sheet


def test_arrows_move_between_cells_and_the_details_follow(browser: "Browser", many: Path) -> None:
    with open_page(browser, many) as opened:
        page = opened.page
        page.locator(".matrix-scroll").focus()
        for _ in range(4):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.tagName") == "TD":
                break
        first = page.text_content("#details") or ""
        assert first.startswith("region_0000: aodh 1.0.0 · stable/2024.1, release 2024.1 is unmaintained")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert (page.text_content("#details") or "").startswith("region_0004: barbican ")
        page.keyboard.press("End")
        assert (page.text_content("#details") or "").startswith("region_0004: trove ")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        box = page.evaluate("document.activeElement.getBoundingClientRect().toJSON()")
        head = page.evaluate("document.querySelector('.cells thead th').getBoundingClientRect().toJSON()")
        assert box["top"] >= head["top"]


def test_the_heads_of_rows_and_columns_stay_in_sight(browser: "Browser", many: Path) -> None:
    with open_page(browser, many, viewport={"width": 600, "height": 700}) as opened:
        opened.page.evaluate("document.querySelector('.matrix-scroll').scrollTo(400, 5000)")
        opened.settle()
        frame, corner, column = (
            opened.page.evaluate(f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()")
            for selector in (".matrix-scroll", ".cells .corner", ".cells thead th:nth-child(20)")
        )
        assert abs(corner["left"] - frame["left"]) < 2
        assert abs(corner["top"] - frame["top"]) < 2
        assert abs(column["top"] - frame["top"]) < 2


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dashboard_at_every_width(browser: "Browser", many: Path, width: int, scheme: str) -> None:
    with open_page(browser, many, viewport={"width": width, "height": 900}, color_scheme=scheme) as opened:
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.page.evaluate(CONTRAST, AA) == []
        assert opened.noise == []


NEXT_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Events of scrolling come before the next frame."""


def test_a_phone_shows_the_names_of_releases_and_what_is_on_their_bars(
    browser: "Browser", many: Path
) -> None:
    with open_page(browser, many, viewport={"width": 390, "height": 900}) as opened:
        opened.page.evaluate(NEXT_FRAMES)
        frame, *names = opened.page.evaluate(
            "[...document.querySelectorAll('#drawing, #drawing text.name')].map((one) => one.getBoundingClientRect().left)"
        )
        assert names
        assert all(frame <= left < frame + 40 for left in names)
        starts = opened.page.evaluate(
            "[...document.querySelectorAll('#drawing text.on')].map((one) => one.getBoundingClientRect().left)"
        )
        assert min(starts) > max(names) + 20
        opened.page.evaluate("document.getElementById('drawing').scrollLeft = 0")
        opened.page.evaluate(NEXT_FRAMES)
        assert opened.page.evaluate("document.querySelector('#drawing text.name').x.baseVal[0].value") == 0
        assert opened.noise == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A review page and a dashboard with everything that such pages can have, and few of each."""
    rows = tuple(
        DataEffect(
            effect, f"nova::{effect}", "nova", Location("a.yaml", 1), "why", also=(Location("b.yaml", 2),)
        )
        for effect in Effect
    )
    nova = moved("nova", hiera=rows)
    nova = replace(nova, applying=frozenset(nova.api))
    review = tmp_path_factory.mktemp("small") / "review.html"
    review.write_text(comparison_page(replace(comparison(nova, moved("heat")), is_data_checked=True)))
    series = next(one for one in all_series() if one.id == "2025.2")
    modules = tuple(
        ModuleStatus(name, replace(pin(name, "2025.2"), dependencies={"x/nova": ""}), behind, release=series)
        for name, behind in (("heat", 3), ("nova", 0))
    )
    statuses = tuple(
        EnvironmentStatus(name, Lock(name, {row.name: row.pin for row in chosen}), chosen, release=series)
        for name, chosen in (("one", modules), ("two", modules), ("three", modules[:1]))
    )
    page = review.with_name("dashboard.html")
    page.write_text(dashboard_page(make_dashboard(statuses, date(2026, 5, 1))), encoding="utf-8")
    return review, page


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_either_page(
    browser: "Browser", small: tuple[Path, Path], width: int, scheme: str
) -> None:
    for path in small:
        options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        with open_page(browser, path, bypass_csp=True, **options) as opened:
            opened.page.evaluate(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            assert accessibility_flaws(opened.page) == []
