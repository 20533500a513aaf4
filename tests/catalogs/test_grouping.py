"""Groups lose nothing: from a group, every node's own changes can be made again."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pinner.catalogs.effects import by_name, compare_catalogs, normal_resource
from pinner.catalogs.grouping import Comparison, Grouping, Identity, generic_change, identity_of
from pinner.catalogs.process import read_row
from pinner.model.catalogs import Node
from pinner.model.preview import CatalogChange, ChangeKind, Effect


def node(name: str, ip: str, **facts: Any) -> Node:
    networking: dict[str, Any] = {
        "fqdn": name,
        "ip": ip,
        "interfaces": {"eth1": {"ip": "10.0.0.5"}, "lo": {"ip": "127.0.0.1"}},
    }
    return Node(name, {"networking": networking, **facts}, {})


def change(title: str, old: str, new: str) -> CatalogChange:
    return CatalogChange(
        ChangeKind.CHANGED, "File", title, "content", old, new, Effect.ACTS, path="modules/a/manifests/b.pp"
    )


def specific(text: str, identity: Identity) -> str:
    """Return the text with the node's values in place of placeholders."""
    for name, value in identity.values.items():
        text = text.replace(name, value)
    return text


def test_only_whole_words_become_placeholders() -> None:
    identity = identity_of(node("web1.example.org", "192.0.2.1"))
    for text, generic in (
        ("web1.example.org:80", "{certname}:80"),
        ("http://192.0.2.1/", "http://{ip}/"),
        ("192.0.2.10 192.0.2.1.5 1192.0.2.1", "192.0.2.10 192.0.2.1.5 1192.0.2.1"),
        ("host=web1, 10.0.0.5", "host={hostname}, {ip_eth1}"),
        ("web1-old web10 my-web1", "web1-old web10 my-web1"),
        ("127.0.0.1", "127.0.0.1"),
        ("{ip} is 192.0.2.1", "{ip} is 192.0.2.1"),
    ):
        assert identity.generic(text) == generic
        assert specific(generic, identity) == text or "{ip} is" in text


def test_a_host_name_that_is_a_word_stays() -> None:
    assert identity_of(node("database.example.org", "192.0.2.1")).generic("the database") == "the database"


NAMES = ["web1.example.org", "web2.example.org", "database.example.org", "192.org"]
WORDS = st.sampled_from([*NAMES, "web1", "web2", "192.0.2.1", "192.0.2.2", "database", "x", "10.0.0.5"])
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.sets(st.builds(change, TEXTS, TEXTS, TEXTS), max_size=4),
        max_size=4,
    )
)
def test_every_nodes_changes_can_be_made_again(given_changes: Mapping[str, set[CatalogChange]]) -> None:
    identities = {
        name: identity_of(node(name, f"192.0.2.{number}")) for number, name in enumerate(NAMES, start=1)
    }
    grouping = Grouping()
    for name, changes in given_changes.items():
        grouping.add(name, [generic_change(one, identities[name]) for one in changes])
    groups = grouping.groups(lambda one: one)
    assert len({group.nodes for group in groups}) == len(groups)
    again: dict[str, list[tuple[str, ...]]] = {name: [] for name in given_changes}
    for group in groups:
        for name in group.nodes:
            again[name] += [
                tuple(specific(text or "", identities[name]) for text in (one.title, one.old, one.new))
                for one in group.changes
            ]
    for name, changes in given_changes.items():
        assert set(again[name]) == {(one.title, one.old or "", one.new or "") for one in changes}


ROWS = st.builds(
    lambda title, name, value, line: json.dumps(
        ["File", title, name, {"content": value}, "modules/a/manifests/b.pp", line, "native"]
    ),
    *(st.sampled_from(["/a", "/b", "/web1"]), st.sampled_from([None, None, "/a"])),
    *(TEXTS, st.integers(1, 2)),
)
CATALOGS = st.lists(ROWS, max_size=4).map(sorted)


@given(st.lists(st.tuples(CATALOGS, CATALOGS), min_size=4, max_size=4), st.sets(st.integers(0, 3)))
def test_comparing_once_finds_what_comparing_each_node_does(
    sides: list[tuple[list[str], list[str]]], alike: set[int]
) -> None:
    """Some nodes have the same catalogs; names of one of them are in all of these."""
    sides = [sides[0] if number in alike else one for number, one in enumerate(sides)]
    nodes = [node(name, f"192.0.2.{number}") for number, name in enumerate(NAMES, start=1)]
    rows = {text: normal_resource(read_row(text)) for pair in sides for side in pair for text in side}
    comparison, grouping = Comparison(rows), Grouping()
    for one, (before, after) in zip(nodes, sides, strict=True):
        comparison.add(one, before, after)
        changes = compare_catalogs(*(by_name(rows[text] for text in side) for side in (before, after)))
        grouping.add(one.name, [generic_change(change, identity_of(one)) for change in changes])
    assert comparison.groups(lambda one: one) == grouping.groups(lambda one: one)
