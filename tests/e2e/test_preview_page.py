"""The review page of a preview of 300 nodes, used in a real browser as an operator would."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pinner.model.catalogs import NodeCounts
from pinner.model.preview import CatalogChange, ChangeGroup, ChangeKind, Effect, Preview, PreviewSide
from pinner.report.html.preview import preview_page
from tests.report.html.test_preview_page import make_preview
from tests.support.browser import Opened, accessibility_flaws, open_page, run_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.e2e

ROLES = ("compute", "controller", "storage")
CONTRAST = (Path(__file__).parent.parent / "support" / "contrast.js").read_text(encoding="utf-8")
AA = 4.5  # WCAG 2.2, 1.4.3


def make_change(number: int, module: str, effect: Effect) -> CatalogChange:
    path = f"modules/{module}/manifests/init.pp"
    return CatalogChange(
        ChangeKind.CHANGED,
        "Service",
        f"service-{number}",
        "ensure",
        '"running"',
        '"stopped"',
        effect,
        module,
        path,
        number,
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three roles of 100 nodes; each has a group of its own, and all of them have one together."""
    nodes = {role: [f"{role}{number:03}.example.org" for number in range(1, 101)] for role in ROLES}
    kinds = {name: f"{role}/Debian/12" for role, names in nodes.items() for name in names}
    groups = [ChangeGroup(tuple(sorted(kinds)), (make_change(0, "ntp", Effect.ACTS),))]
    for role in ROLES:
        changes = (
            make_change(1, role, Effect.ACTS),
            make_change(2, role, Effect.UNSET),
            make_change(3, "ntp", Effect.ORDER),
        )
        groups.append(ChangeGroup(tuple(nodes[role]), changes))
    sides = (PreviewSide("production", "pin-1", "/control"), PreviewSide("staging", "pin-2", "/control"))
    result = Preview(*sides, NodeCounts(300), tuple(groups), kinds=kinds)
    path = tmp_path_factory.mktemp("page") / "nodes.html"
    path.write_text(preview_page(result), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with run_browser() as browser:
        yield browser


@pytest.fixture
def opened(browser: "Browser", path: Path) -> Iterator[Opened]:
    with open_page(browser, path) as opened:
        yield opened
        assert opened.noise == []


def shown(opened: Opened) -> list[tuple[str, str]]:
    """Return effect and module of the rows that the filter shows."""
    opened.settle()
    return [(row["e"], row["m"]) for row in opened.visible_rows()]


def test_all_is_shown_at_first(opened: Opened) -> None:
    assert len(shown(opened)) == 10
    assert opened.page.text_content("#count") == "10 changes in 4 groups"


def test_a_node_has_its_own_changes_and_those_of_all(opened: Opened) -> None:
    opened.page.fill("#node", "storage042")
    assert shown(opened) == [
        ("acts", "ntp"),
        ("acts", "storage"),
        ("unset", "storage"),
        ("order", "ntp"),
    ]
    opened.page.fill("#node", "storage999")
    assert shown(opened) == []
    opened.page.click("#again")
    assert len(shown(opened)) == 10


def test_filters_narrow_together_and_are_in_the_address(
    browser: "Browser", opened: Opened, path: Path
) -> None:
    page = opened.page
    page.select_option("#role", "compute/Debian/12")
    page.select_option("#module", "ntp")
    page.uncheck("input[value=order]")
    page.fill("#search", "service-0")
    assert shown(opened) == [("acts", "ntp")]
    address = page.evaluate("location.hash")
    with open_page(browser, path, fragment=address) as again:
        assert shown(again) == [("acts", "ntp")]
        assert again.page.input_value("#role") == "compute/Debian/12"
        assert not again.page.is_checked("input[value=order]")
        assert again.noise == []


def test_a_row_of_the_table_leads_to_its_group(opened: Opened) -> None:
    rows = opened.page.locator(".heat-row")
    assert rows.count() == 4
    cells = rows.nth(2).locator("td").all_text_contents()
    assert sorted(cells) == ["", "", "1", "100", "100"]
    opened.page.fill("#search", "service-0")
    opened.settle()
    opened.page.click("a[href='#g-3']")
    opened.page.wait_for_function("document.getElementById('g-3').open")
    assert opened.page.evaluate("document.activeElement.parentElement.id") == "g-3"


def test_the_keyboard_is_enough(opened: Opened) -> None:
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("service-2")
    assert len(shown(opened)) == 3
    opened.page.keyboard.press("Escape")
    assert len(shown(opened)) == 10
    opened.page.click("#close")
    assert opened.page.locator("details.group[open]").count() == 0
    opened.page.click("#open")
    assert opened.page.locator("details.group[open]").count() == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(browser: "Browser", path: Path, tmp_path: Path, scheme: str) -> None:
    other = tmp_path / "other.html"  # with failures, warnings and all that the other one lacks
    other.write_text(preview_page(make_preview()), encoding="utf-8")
    for one in (path, other):
        with open_page(browser, one, color_scheme=scheme, bypass_csp=True) as opened:
            opened.page.click("#open")
            assert opened.page.evaluate(CONTRAST, AA) == []
            assert accessibility_flaws(opened.page) == []
