"""The page of a preview holds every fact of the JSON document, and what nodes are named is text."""

import json
import re

import pytest

from pinner.model.catalogs import Cause, NodeCounts, Notice
from pinner.model.errors import Problem
from pinner.model.preview import (
    CatalogChange,
    ChangeGroup,
    ChangeKind,
    Effect,
    Preview,
    PreviewSide,
    SideCause,
)
from pinner.report.html.preview import preview_page, strength, values_of

HOSTILE = "<script>alert(1)</script>\u202e"


def change(
    kind: ChangeKind, title: str, parameter: str | None, old: str | None, new: str | None
) -> CatalogChange:
    return CatalogChange(
        kind,
        "Nova_config",
        title,
        parameter,
        old,
        new,
        Effect.ACTS,
        "nova",
        "modules/nova/manifests/init.pp",
        12,
    )


CHANGED = change(ChangeKind.CHANGED, "DEFAULT/my_ip", "value", '"<SERVICE DEFAULT>"', '"{ip}"')
ADDED = change(ChangeKind.ADDED, HOSTILE, None, None, json.dumps({"value": "old", "flags": [1, True]}))
REMOVED = change(ChangeKind.REMOVED, "a/b", None, json.dumps({"value": ""}), None)


def make_preview() -> Preview:
    nodes = tuple(f"compute{number:03}.example.org" for number in range(1, 31))
    unset = CatalogChange(ChangeKind.ADDED, "Nova_config", "x/y", None, None, '{"value": "x"}', Effect.UNSET)
    return Preview(
        PreviewSide("production", "pin-000000000001", "/control", "7.23.0"),
        PreviewSide("staging", "pin-000000000002", None, None),
        NodeCounts(31, 1, 4),
        (
            ChangeGroup(nodes, (CHANGED, ADDED)),
            ChangeGroup((*nodes[:3], HOSTILE), (REMOVED,)),
            ChangeGroup(nodes[:1], (unset,)),
        ),
        (
            SideCause("after", Cause(("db1.example.org",), Notice("no class", "site.pp", 7), None, "add it")),
            SideCause("before", Cause(("db2.example.org",), Notice("no file"))),
        ),
        {Notice("careful"): 2},
        ("Notify[time]::message",),
        {"nova": ("lib/facter/nova.rb",)},
        {"nova": "1.0.0 -> 2.0.0"},
        (Problem("a module is missing"),),
        kinds={**dict.fromkeys(nodes, "compute/Debian/12"), HOSTILE: "odd", "db1.example.org": "db"},
    )


@pytest.fixture(scope="module")
def page() -> str:
    return preview_page(make_preview())


@pytest.mark.parametrize(
    "words",
    [
        "production → staging",
        "pin-000000000002",
        "1 cannot be compiled, 4 left out",
        "compute[001-030].example.org",
        "compute017.example.org",
        "modules/nova/manifests/init.pp:12",
        "DEFAULT/my_ip",
        "[1, true]",
        "1 setting now kept unset",
        "no class",
        "add it",
        "careful",
        "Notify[time]::message",
        "lib/facter/nova.rb",
        "1.0.0 -&gt; 2.0.0",
        "a module is missing",
    ],
)
def test_every_fact_is_on_the_page(page: str, words: str) -> None:
    assert words in page.replace("<wbr>", "").replace("</bdi>", "").replace("<bdi>", "")


def test_what_others_wrote_is_text(page: str) -> None:
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert page.count("<script>") == 1


def test_cells_count_the_nodes_of_each_role(page: str) -> None:
    rows = re.findall(r'<tr class="heat-row">.*?</tr>', page, re.DOTALL)
    cells = [[re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]
    assert cells == [["2", "30", "30", "", ""], ["1", "4", "3", "", "1"]]


def test_values_are_those_of_each_parameter() -> None:
    assert values_of(CHANGED) == [("value", "unset", "{ip}")]
    assert values_of(ADDED) == [("flags", None, "[1, true]"), ("value", None, "old")]
    assert values_of(REMOVED) == [("value", '""', None)]


@pytest.mark.parametrize(("number", "shown"), [(0, "number"), (1, "s1"), (5, "s2"), (10, "s3")])
def test_the_colour_is_the_part_of_a_role(number: int, shown: str) -> None:
    assert strength(number, 10).endswith(shown)


def test_no_change_is_an_answer() -> None:
    side = PreviewSide("production", "pin-000000000001", None)
    page = preview_page(Preview(side, side, NodeCounts(3)))
    assert "Nothing changes on these nodes." in page
    assert 'class="verdict ready"' in page
