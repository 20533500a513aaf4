"""The HTML page: self-contained, safe against what it shows, and with everything that the JSON says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.operations.compare import Change, ModuleChange
from pinner.operations.status import EnvironmentStatus, ModuleStatus
from pinner.report import html
from pinner.words.findings import Finding, Level
from pinner.words.pins import ForgePin, GitPin, Lock
from pinner.words.problems import Problem
from tests.support.comparisons import HOSTILE, comparison, moved, pin
from tests.support.locks import one_of_each_kind
from tests.support.pages import Page, hash_source, words

SHOWN = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'`\\u2028\\u202e\\x1b[31m"


@pytest.fixture
def page() -> Page:
    """A page of three modules whose upstreams are hostile."""
    added = ModuleChange("placement", Change.ADDED, None, pin("placement", "2025.1"))
    same = ModuleChange("oslo", Change.SAME, pin("oslo", "2024.1"), pin("oslo", "2024.1"))
    return Page(html.comparison(comparison(moved("nova", HOSTILE), same, added)))


def test_nothing_is_loaded_and_only_our_own_style_and_script_may_run(page: Page) -> None:
    style, script = page.one("style"), page.one("script")
    assert page.policy == {
        "default-src": "'none'",
        "style-src": hash_source(style.text),
        "script-src": hash_source(script.text),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    addresses = {
        value
        for one in page.elements
        for key, value in one.attributes.items()
        if key in {"src", "href", "action"}
    }
    assert addresses == {"data:,", "#main", "#m-nova", "#m-placement"}
    assert "url(" not in style.text
    assert not [
        one for one in page.elements if {key for key in one.attributes if key.startswith(("on", "style"))}
    ]


def test_what_upstream_says_is_shown_as_text_wherever_it_stands(page: Page) -> None:
    assert [one.tag for one in page.elements].count("script") == 1
    assert not list(page.all("img"))
    body = page.one("body").text
    # commit, note, the note beside its change, old and new default, advice twice, the unreadable file
    assert body.count(SHOWN) == 8
    assert not re.search("[\u2028\u202e\x1b]", page.source)


def test_the_tags_are_balanced_and_every_id_is_there_once(page: Page) -> None:
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    named = {
        one.attributes["aria-labelledby"] for one in page.elements if "aria-labelledby" in one.attributes
    }
    labelled = {one.attributes["for"] for one in page.all("label") if "for" in one.attributes}
    assert named | labelled | {
        one.attributes["list"] for one in page.all("input") if "list" in one.attributes
    } <= set(ids)


def test_the_summary_counts_by_severity(page: Page) -> None:
    tiles = [words(one.text) for one in page.all("li") if one.attributes.get("class", "").startswith("tile")]
    assert tiles == [
        "1 stop compilation",
        "1 silently change behaviour",
        "0 will break later",
        "1 for information",
        "1 places in your data to look at",
    ]


def test_the_matrix_has_a_row_a_module_and_says_the_distance_in_words_too(page: Page) -> None:
    table = page.source[page.source.index('<table class="matrix">') :]
    rows = [
        words(re.sub("<[^>]+>", " ", row))
        for row in re.findall("<tr>.*?</tr>", table.partition("</table>")[0], re.DOTALL)
    ]
    assert rows == [
        "Module production staging Commits Breaks Behaviour Later Info Your data",
        "nova 1.0.0 · stable/2024.1 2.0.0 · stable/2025.1 +12 -1 1 1 1 1",
        "placement not there 1.0.0 · stable/2025.1 added",
    ]
    assert 'class="side d2"' in table
    assert "The same code on both sides: oslo." in words(page.one("body").text)


def test_a_module_shows_its_changes_by_class_types_last(page: Page) -> None:
    module = page.one("details", id="m-nova")
    text = words(module.text)
    assert text.startswith(
        "nova moved up: 1.0.0 · stable/2024.1 → 2.0.0 · stable/2025.1 1 breaks 1 behaviour 1 info 1 in your data"
    )
    assert "12 commits ahead, 1 left behind" in text
    assert "want: release 2024.1 → release 2025.1" in text
    assert f"manifests/odd.pp could not be read: {SHOWN}" in text
    assert text.index("nova::api") < text.index("Nova::Port")
    assert "closes #1234, security" in text


def test_rows_carry_what_the_filter_asks(page: Page) -> None:
    rows = [one.attributes for one in page.all("tr") if one.attributes.get("class") == "row"]
    assert [(row["data-s"], row["data-c"], row["data-k"], "data-mine" in row) for row in rows] == [
        ("behaviour", "nova::api", "nova::api::gone", True),
        ("breaks", "nova::api", "nova::api::gone", True),
        ("behaviour", "nova::api", "nova::api::workers", False),
        ("info", "Nova::Port", "Nova::Port", False),
    ]


@given(st.text(st.characters(), min_size=1, max_size=40))
def test_no_text_whatever_becomes_markup(text: str) -> None:
    plain = Page(html.comparison(comparison(moved("nova", "x"))))
    page = Page(html.comparison(comparison(moved("nova", text))))
    assert [one.tag for one in page.elements] == [one.tag for one in plain.elements]
    page.source.encode()


def test_a_long_default_is_cut_and_its_length_told() -> None:
    page = Page(html.comparison(comparison(moved("nova", "x" * 1000))))
    assert f"{'x' * 600}… (1000 characters)" in page.one("details", id="m-nova").text


def test_what_could_not_be_found_out_stands_in_the_summary() -> None:
    found = comparison(
        moved("nova", ahead=None, behind=None), problems=(Problem("no <answer>", hint="ask again"),)
    )
    page = Page(html.comparison(found))
    assert "Could not be found out no <answer> hint: ask again" in words(page.one("body").text)
    assert "how many commits lie between could not be found out" in page.one("details", id="m-nova").text
    assert "dx" in page.source


def test_modules_of_the_forge_and_renamed_ones() -> None:
    forge = ForgePin("facts", "acme/facts", "1.2.3", "modules")
    gone = ModuleChange("facts", Change.REMOVED, forge, None)
    page = Page(html.comparison(comparison(gone, moved("neutron", formerly="quantum"))))
    assert "removed, was 1.2.3 (Forge)" in page.one("details", id="m-facts").text
    assert "called quantum before" in page.one("details", id="m-neutron").text


def test_the_same_on_both_sides_is_a_page_too() -> None:
    page = Page(html.comparison(comparison()))
    assert "0 modules: 0 added, 0 removed, 0 moved, 0 same." in words(page.one("body").text)


def test_environments_by_modules() -> None:
    lock = one_of_each_kind()
    behind = {"keystone": 0, "swift": 7, "horizon": None}
    modules = tuple(ModuleStatus(name, one, behind.get(name, 300)) for name, one in lock.pins.items())
    unknown = Finding(Level.ERROR, "remote-unreachable", "horizon", f"no answer {HOSTILE}")
    page = Page(
        html.statuses(
            [EnvironmentStatus("production", lock, modules, (unknown,)), EnvironmentStatus("staging", None)]
        )
    )
    heads = [words(one.text) for one in page.all("th", scope="col")]
    assert heads == ["Module", f"production{lock.lock_id}", "stagingno lock yet"]
    cells = dict(zip((one.text for one in page.all("th", scope="row")), _cells(page), strict=True))
    assert cells["keystone"] == ("26.0.0 · stable/2025.1 up to date", "side d0")
    assert cells["swift"] == ("4.2.0 · icehouse-eol · end of life 7 behind", "side d1")
    assert cells["horizon"] == ("26.0.0-ärger · acme/2025.1 how far behind is not known", "side dx")
    assert cells["nova"][1] == "side d4"
    forge = next(name for name, one in lock.pins.items() if not isinstance(one, GitPin))
    assert cells[forge][0].endswith("from the Forge")
    assert f"production: no answer {SHOWN}" in page.one("body").text


def _cells(page: Page) -> list[tuple[str, str]]:
    """Return text and class of the first environment's cells."""
    found = re.findall(r'<th scope="row">.*?<td class="([^"]*)">(.*?)</td>', page.source, re.DOTALL)
    return [(words(re.sub("<[^>]+>", " ", text)), shade) for shade, text in found]


def test_no_environment_is_a_page_too() -> None:
    assert "0 environments, 0 modules" in html.statuses([])


def test_two_locks_of_one_environment() -> None:
    lock = Lock("production", {"nova": pin("nova", "2024.1")})
    modules = (ModuleStatus("nova", lock.pins["nova"], 60),)
    page = Page(html.statuses([EnvironmentStatus("production", lock, modules)]))
    assert _cells(page) == [("1.0.0 · stable/2024.1 60 behind", "side d3")]
