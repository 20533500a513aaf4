"""The page of all environments: every fact of `status`, merged by lock, and safe whatever names contain."""

import json
from dataclasses import replace
from datetime import date

import pytest

from pinner.model.findings import Finding, Level
from pinner.model.lock import GitPin, Lock, Status
from pinner.model.results import Dashboard, EnvironmentStatus, ModuleStatus
from pinner.openstack.catalogue import all_series, find_series
from pinner.report.html.dashboard import (
    dashboard_page,
    dependency_graph,
    differences,
    merged,
    read_state,
    tiles,
    timeline,
)
from tests.support.comparisons import HOSTILE, pin
from tests.support.locks import one_of_each_kind
from tests.support.pages import Page, hash_source, words

TODAY = date(2026, 5, 1)
SERIES = find_series("2024.2")


def status(name: str, *rows: ModuleStatus, release: str = "2024.2", **more: object) -> EnvironmentStatus:
    lock = Lock(name, {row.name: row.pin for row in rows})
    return EnvironmentStatus(name, lock, rows, release=find_series(release), **more)  # type: ignore[arg-type]  # more fields, as the test names them


def row(module: str, *, behind: int | None = 0, **more: object) -> ModuleStatus:
    more = {"phase": Status.MAINTAINED, **more}
    return ModuleStatus(module, pin(module, "2025.2"), behind, release=find_series("2025.2"), **more)  # type: ignore[arg-type]  # more fields, as the test names them


def of(*statuses: EnvironmentStatus, **more: object) -> Dashboard:
    series = tuple(one for one in all_series() if one.released and SERIES and not one < SERIES)
    return Dashboard(statuses, TODAY, series, **more)  # type: ignore[arg-type]  # more fields, as the test names them


def cells(page: Page) -> dict[str, list[tuple[str, str]]]:
    """Return class and text of the cells of each row, by the name of its first environment."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for one in page.elements:
        if one.tag == "th" and one.attributes.get("scope") == "row":
            name = words(one.text)
            found[name] = []
        elif one.tag == "td":
            found[name].append((one.attributes.get("class", ""), one.text))
    return found


def test_environments_with_the_same_lock_are_one_row() -> None:
    result = of(
        status("b", row("nova")), status("a", row("nova")), status("c", row("nova", behind=3), row("heat"))
    )
    assert [[one.name for one in group.statuses] for group in merged(result.statuses)] == [["a", "b"], ["c"]]
    page = Page(dashboard_page(result))
    lock_ids = [group.first.lock.lock_id for group in merged(result.statuses) if group.first.lock]
    assert list(cells(page)) == [f"a \N{MULTIPLICATION SIGN}2 {lock_ids[0]}all namesa, b", f"c {lock_ids[1]}"]
    searched = [one.attributes["data-text"] for one in page.all("tr", **{"class": "env"})]
    assert [text.split() for text in searched] == [[lock_ids[0], "a", "b"], [lock_ids[1], "c"]]


def test_a_cell_has_a_mark_for_what_its_colour_means() -> None:
    ended = row("heat", phase=Status.END_OF_LIFE)
    rows = (
        row("aodh"),
        row("cinder", behind=12),
        row("glance", behind=None),
        ended,
        row("nova", behind=2, is_fork=True, is_override=True),
    )
    (found,) = cells(Page(dashboard_page(of(status("production", *rows))))).values()
    assert found == [("ok", "·"), ("ok", "12"), ("ok", "?"), ("el", "e"), ("ok", "2fo")]


def test_the_details_of_each_pin_are_on_the_page() -> None:
    lock = one_of_each_kind()
    rows = tuple(
        ModuleStatus(name, one, 7, phase=one.status)
        if isinstance(one, GitPin)
        else ModuleStatus(name, one, None)
        for name, one in lock.pins.items()
    )
    page = Page(dashboard_page(of(EnvironmentStatus("production", lock, rows))))
    text = page.one("ol", id="pins").text
    assert "swift 4.2.0 · icehouse-eol, end of life, 7 behind" in text
    assert all(name in text for name in lock.pins)
    numbers = [int(one.attributes["data-d"]) for one in page.all("td") if "data-d" in one.attributes]
    assert sorted(numbers) == list(range(len(lock.pins)))


def test_tiles_count_environments() -> None:
    unknown = Finding(Level.ERROR, "remote-unreachable", "nova", "no answer")
    soon = row("heat", until="2026-06-01", is_override=True)
    result = of(
        status("one", row("nova", behind=4), unknown=(unknown,)),
        status("two", soon),
        EnvironmentStatus("three", None),
    )
    found = {tile.label: (tile.number, tile.names) for tile in tiles(result)}
    assert found == {
        "environments, 2 locks": (3, ()),
        "unreachable": (1, ("one",)),
        "with modules at their end of life": (0, ()),
        "with unmaintained modules": (0, ()),
        "behind": (1, ("one",)),
        "with overrides that end soon": (1, ("two",)),
        "without a lock": (1, ("three",)),
        "locks not deployed: not checked": (None, ()),
    }
    assert "no answer" in page_text(result)


def page_text(result: Dashboard) -> str:
    return words(Page(dashboard_page(result)).one("body").text)


def test_the_timeline_ends_each_release_on_its_date() -> None:
    found = timeline(of(status("one"), status("two"), status("three", release="2025.2")))
    assert found
    bars = {bar.series.id: bar for bar in found.bars}
    assert (bars["2024.2"].number, bars["2025.2"].number, bars["2026.1"].number) == (2, 1, 0)
    # releases.openstack.org: 2024.2 ended on 2026-04-29, 2025.2 ends on 2027-04-28
    end = {name: bars[name].x + bars[name].width for name in ("2024.2", "2025.2")}
    assert end["2024.2"] < found.today < end["2025.2"]
    assert not bars["2024.2"].is_open
    assert timeline(of(EnvironmentStatus("none", None))) is None


def test_a_module_is_right_of_all_that_depend_on_it() -> None:
    def needing(module: str, *names: str) -> ModuleStatus:
        return ModuleStatus(module, replace(pin(module, "2025.2"), dependencies=dict.fromkeys(names, "")), 0)

    found = dependency_graph(
        status(
            "one",
            needing("nova", "openstack/keystone", "puppetlabs-stdlib"),
            needing("keystone", "puppetlabs/stdlib", "acme/absent"),
            needing("stdlib"),
        )
    )
    assert found
    assert found.nodes["nova"].x < found.nodes["keystone"].x < found.nodes["stdlib"].x
    assert found.nodes["keystone"].needs == ("stdlib",)
    circle = dependency_graph(status("two", needing("a", "x/b"), needing("b", "x/a")))
    assert circle
    assert circle.nodes.keys() == {"a", "b"}


def test_the_next_page_lists_what_changed_since() -> None:
    first = dashboard_page(of(status("one", row("nova")), status("gone", row("nova"))))
    state = read_state(first)
    result = of(status("one", row("nova", behind=3)), status("new", row("nova")), previous=state)
    assert differences(result) == ["one: 0 → 3 commits behind", "new: new", "gone: gone"]
    many = [status(f"e{number}", row("nova", behind=3)) for number in range(7)]
    state = read_state(dashboard_page(of(*(status(one.name, row("nova")) for one in many))))
    assert differences(of(*many, previous=state)) == ["e0, e1, e2, e3, e4 and 2 more: 0 → 3 commits behind"]
    assert f"Changed since {TODAY}" in page_text(result)
    assert differences(of(status("one", row("nova")))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not a page",
        '<script type="application/json" id="state">{</script>',
        '<script type="application/json" id="state">[1]</script>',
    ],
)
def test_a_file_that_is_no_earlier_page_has_no_state(text: str) -> None:
    assert read_state(text) == {}


@pytest.mark.parametrize("environments", [[], {"one": 1}, {"one": {"lock_id": 5, "behind": "x"}}, None])
def test_a_state_that_somebody_changed_does_no_harm(environments: object) -> None:
    result = of(status("one", row("nova")), previous={"made_on": HOSTILE, "environments": environments})
    Page(dashboard_page(result))


def test_names_and_messages_are_text_everywhere() -> None:
    hostile = status(HOSTILE, row("nova"), description=HOSTILE, owners=(HOSTILE,))
    unknown = Finding(Level.ERROR, "remote-unreachable", None, HOSTILE)
    page = Page(dashboard_page(of(hostile, replace(hostile, name="b", unknown=(unknown,)))))
    scripts = list(page.all("script"))
    assert [one.attributes.get("type") for one in scripts] == ["application/json", None]
    assert json.loads(scripts[0].text)["environments"].keys() == {HOSTILE, "b"}
    assert page.policy["script-src"] == hash_source(scripts[1].text)
    assert not list(page.all("img"))
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))


def test_no_environment_is_a_page_too() -> None:
    assert "0 environments, 0 locks" in page_text(Dashboard((), TODAY))


def test_a_tile_names_three_environments_and_counts_the_others() -> None:
    rows = [status(name, row("nova", behind=1)) for name in ("a", "b", "c", "d", "e")]
    (tile,) = (
        one.text
        for one in Page(dashboard_page(of(*rows))).all("li")
        if " behind" in one.text and "<" not in one.text and one.text.startswith("5")
    )
    assert words(tile) == "5 behinda, b, c, and 2 more"


def test_a_tile_leads_to_the_rows_that_it_counts() -> None:
    absent = Finding(Level.ERROR, "ref-missing", "nova", "no ref")
    unknown = Finding(Level.ERROR, "remote-unreachable", "nova", "no answer")
    late = row("cinder", until="2026-06-01", is_override=True)
    result = of(
        status("a", row("nova"), unknown=(absent,)),
        status("b", row("heat"), unknown=(unknown,)),
        status("c", late),
        EnvironmentStatus("d", None),
    )
    page = Page(dashboard_page(result))
    links = {
        words(one.text): one.attributes["href"]
        for one in page.all("a")
        if one.attributes["href"].startswith("#only=")
    }
    assert links == {
        "unreachable": "#only=unknown",
        "without a ref that the manifest names": "#only=absent",
        "with overrides that end soon": "#only=ending",
        "without a lock": "#only=unlocked",
    }
    rows = [one.attributes.get("data-is") for one in page.all("tr", **{"class": "env"})]
    assert rows == ["absent", "unknown", "ending", "unlocked"]
    boxes = {one.attributes["value"] for one in page.all("input", name="only")}
    assert boxes == {"el", "um", "behind", "fork", "unknown", "absent", "ending", "unlocked"}
