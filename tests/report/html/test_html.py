"""The HTML page: self-contained, safe against what it shows, and with every fact that the JSON document has."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.comparison import ChangeKind, DataEffect, Effect, ModuleChange
from pinner.model.errors import Location, Problem
from pinner.model.lock import ForgePin, LockFacts
from pinner.openstack.catalogue import find_series
from pinner.report.html.pages import comparison_page
from tests.support.comparisons import HOSTILE, comparison, moved, pin
from tests.support.pages import Page, hash_source, words

SHOWN = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'`\\u2028\\u202e\\x1b[31m"


@pytest.fixture
def page() -> Page:
    """A page of three modules whose upstreams are hostile."""
    added = ModuleChange("placement", ChangeKind.ADDED, None, pin("placement", "2025.1"))
    same = ModuleChange("oslo", ChangeKind.SAME, pin("oslo", "2024.1"), pin("oslo", "2024.1"))
    return Page(comparison_page(comparison(moved("nova", HOSTILE), same, added)))


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
    links = {address for address in addresses if address.startswith("https://")}
    assert addresses - links == {"data:,", "#main", "#m-nova", "#m-placement"}
    assert {address.split("/")[2] for address in links} == {
        "opendev.org",
        "bugs.launchpad.net",
        "www.cve.org",
    }
    assert "url(" not in style.text
    assert not [
        one for one in page.elements if {key for key in one.attributes if key.startswith(("on", "style"))}
    ]


def test_upstream_text_is_shown_as_text_everywhere(page: Page) -> None:
    assert [one.tag for one in page.elements].count("script") == 1
    assert not list(page.all("img"))
    body = page.one("body").text
    # commit, note (quoted and in the module), the note beside its change, old and new default, advice three times,
    # the unreadable file
    assert body.count(SHOWN) == 10
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


def test_the_verdict_comes_first_and_upstreams_numbers_last(page: Page) -> None:
    verdict = page.one("p", **{"class": "verdict unknown"})
    assert words(verdict.text).startswith("Your data was not checked against staging: use --hiera DIR")
    body = words(page.one("body").text)
    assert (
        body.index("Must do")
        < body.index("Modules, most affected first")
        < body.index("1 breaking, 1 behaviour")
    )
    assert "0 places" not in body


def checked(*modules: ModuleChange) -> Page:
    """Return the page of a comparison with the operator's data."""
    return Page(comparison_page(replace(comparison(*modules), is_data_checked=True)))


def test_what_must_be_done_is_a_checklist_with_places_and_old_and_new_name() -> None:
    places = tuple(Location(f"data/{name}.yaml", 7) for name in "abc")
    rows = (
        DataEffect(
            Effect.BREAKS, "nova::api::workers", "nova", places[0], "it takes Integer", also=places[1:]
        ),
        DataEffect(Effect.IGNORED, "nova::old", "nova", places[0], "write nova::new", "nova::new"),
        DataEffect(Effect.DEPRECATED, "nova::late", "nova", places[0]),
    )
    page = checked(moved("nova", hiera=rows))
    assert words(page.one("p", **{"class": "verdict not-ready"}).text) == (
        "Not ready for staging: 1 edit required, 1 key without effect, 1 deprecated"
    )
    must, later = (words(one.text) for one in page.all("ul", **{"class": "tasks"}))
    assert must == (
        "required nova::api::workers stops compilation it takes Integerin 3 files"
        "data/a.yaml:7data/b.yaml:7data/c.yaml:7 no effect nova::old was renamed to nova::new data/a.yaml:7"
    )
    assert later.startswith("later nova::late is deprecated")
    boxes = [
        one.attributes for one in page.all("input", type="checkbox") if one.attributes.get("name") == "done"
    ]
    assert len({box["value"] for box in boxes}) == len({box["id"] for box in boxes}) == 3
    labels = {one.attributes["for"] for one in page.all("label") if "for" in one.attributes}
    assert {box["id"] for box in boxes} <= labels


def test_a_task_keeps_its_id_if_others_come_and_go() -> None:
    one, other = (
        DataEffect(Effect.BREAKS, key, "nova", Location("data/a.yaml", 1)) for key in ("nova::a", "nova::b")
    )
    ids = [
        {box.attributes["value"] for box in checked(moved("nova", hiera=rows)).all("input", name="done")}
        for rows in ((one,), (other, replace(one, also=(Location("data/b.yaml", 2),))))
    ]
    assert ids[0] < ids[1]


def test_defaults_that_the_operator_uses_stand_side_by_side() -> None:
    change = moved("nova", "8192")
    (default,) = (row for row in change.api if row.parameter == "workers")
    page = checked(replace(change, applying=frozenset({default})))
    table = words(page.one("table", **{"class": "defaults"}).text)
    assert table == "ParameterBeforeAfter nova::api::workers18192"
    assert not list(checked(change).all("table", **{"class": "defaults"}))


def test_the_matrix_is_sorted_by_what_touches_the_operator() -> None:
    quiet = moved("aodh", hiera=())
    page = checked(
        quiet, moved("nova"), ModuleChange("placement", ChangeKind.ADDED, None, pin("placement", "2025.1"))
    )
    table = page.source[page.source.index('<table class="matrix">') :]
    rows = [
        words(re.sub("<[^>]+>", " ", row))
        for row in re.findall("<tr>.*?</tr>", table.partition("</table>")[0], re.DOTALL)
    ]
    assert rows == [
        "Module Your data Breaks Behaviour Later Info Commits Newest production staging",
        "nova 1 1 1 1 +12 -1 2026-01-01 1.0.0 · stable/2024.1 2.0.0 · stable/2025.1",
        "aodh 1 1 1 +12 -1 2026-01-01 1.0.0 · stable/2024.1 2.0.0 · stable/2025.1",
        "placement added absent 1.0.0 · stable/2025.1",
    ]
    assert 'class="number heat mine s1"' in table


def test_modules_without_a_change_are_named(page: Page) -> None:
    assert "The same code on both sides: oslo." in words(page.one("body").text)


def test_literals_in_notes_are_code_and_what_is_in_them_is_text() -> None:
    page = Page(
        comparison_page(comparison(moved("nova", f"Use ``nova::api`` or ``{HOSTILE}`` now, not ``x")))
    )
    (quoted, *_) = [one.text for one in page.all("blockquote")]
    assert f"Use nova::api or {SHOWN} now, not ``x" in quoted
    assert {"nova::api", SHOWN} <= {one.text for one in page.all("code")}
    assert not list(page.all("img"))


def test_commits_notes_and_lines_are_linked_to_the_side_that_has_them(page: Page) -> None:
    addresses = {one.attributes["href"] for one in page.all("a")}
    old, new = pin("nova", "2024.1").commit, pin("nova", "2025.1").commit
    nova = "https://opendev.org/openstack/puppet-nova"
    assert {
        f"{nova}/compare/{old}...{new}",
        f"{nova}/commit/{'c' * 40}",
        f"{nova}/src/commit/{new}/releasenotes/notes/x.yaml",
        "https://bugs.launchpad.net/bugs/1234",
        "https://www.cve.org/CVERecord?id=CVE-2026-1234",
    } <= addresses


def test_the_header_has_releases_ids_dates_and_owners() -> None:
    result = comparison(moved("nova"))
    facts = LockFacts(
        "Public cloud", ("cloud@example.org",), find_series("2024.2"), datetime(2026, 3, 1, tzinfo=UTC)
    )
    page = Page(
        comparison_page(replace(result, before=replace(result.before, facts=facts), made_on=date(2026, 4, 1)))
    )
    sides = words(page.one("table", **{"class": "sides"}).text)
    assert "Public cloud" in sides
    assert "end of life since 2026-04-29" in sides
    assert f"{result.before.lock.lock_id} 2026-03-01" in sides
    assert "cloud@example.org" in sides
    assert "on 2026-04-01" in page.one("footer").text


def test_a_module_shows_its_changes_by_class_types_last(page: Page) -> None:
    module = page.one("details", id="m-nova")
    text = words(module.text)
    assert text.startswith(
        "nova moved up 1.0.0 (stable/2024.1, 000000000000) -> 2.0.0 (stable/2025.1, 000000000000) "
        "1 breaks 1 behaviour 1 info 1 in your data"
    )
    assert "12 commits ahead (11 merges not listed), 1 behind" in text
    assert "want: release 2024.1 -> release 2025.1" in text
    assert f"could not be read: manifests/odd.pp: {SHOWN}" in text
    assert text.index("nova::api") < text.index("Nova::Port")
    assert "security, CVE-2026-1234, closes #1234" in text


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
    plain = Page(comparison_page(comparison(moved("nova", "x"))))
    page = Page(comparison_page(comparison(moved("nova", text))))
    assert [one.tag for one in page.elements] == [one.tag for one in plain.elements]
    page.source.encode()


def test_a_long_default_is_cut_and_its_length_shown() -> None:
    page = Page(comparison_page(comparison(moved("nova", "x" * 1000))))
    assert f"{'x' * 600}… (1000 characters)" in page.one("details", id="m-nova").text


def test_what_could_not_be_determined_is_in_the_summary() -> None:
    found = comparison(
        moved("nova", ahead=None, behind=None), problems=(Problem("no <answer>", hint="ask again"),)
    )
    page = Page(comparison_page(found))
    assert "Could not be determined no <answer> hint: ask again" in words(page.one("body").text)
    assert "the number of commits in between could not be determined" in page.one("details", id="m-nova").text
    assert [words(one.text) for one in page.all("td", **{"class": "number distance"})] == ["?"]


def test_modules_of_the_forge_and_renamed_ones() -> None:
    forge = ForgePin("facts", "acme/facts", "1.2.3", "modules")
    gone = ModuleChange("facts", ChangeKind.REMOVED, forge, None)
    page = Page(comparison_page(comparison(gone, moved("neutron", formerly="quantum"))))
    assert "removed, was 1.2.3 (acme/facts from the Forge)" in page.one("details", id="m-facts").text
    assert "formerly named 'quantum'" in page.one("details", id="m-neutron").text


def test_the_same_on_both_sides_is_a_page_too() -> None:
    page = Page(comparison_page(comparison()))
    body = words(page.one("body").text)
    assert "no difference: both sides have the same code" in body
    assert "Nothing differs between these two locks." in body
    assert not list(page.all("table", **{"class": "matrix"}))
