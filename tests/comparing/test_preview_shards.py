"""Shards of a preview, put together, are the preview of all nodes."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.catalogs.grouping import Grouping
from pinner.comparing.preview import merge_shards, shard_of
from pinner.model.catalogs import Cause, NodeCounts, Notice
from pinner.model.errors import InputError
from pinner.model.preview import (
    CatalogChange,
    ChangeKind,
    Effect,
    Preview,
    PreviewSide,
    Shard,
    SideCause,
)
from pinner.project.foreign.preview_report import read_key, read_shard
from pinner.report.json.encoding import dump
from pinner.report.json.preview import preview_json
from tests.support.cloud import Cloud

BEFORE, AFTER = (PreviewSide(name, f"pin-{name:0>12}", None) for name in ("a", "b"))
NOTICE = Notice("no class", "modules/a/manifests/init.pp", 3)
NAMES = [f"node{number}" for number in range(8)]
VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.booleans(), max_size=2)).map(
    lambda value: None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
)
OBJECTS = st.sampled_from([None, "{}", '{"mode": "0644"}'])
CHANGES = st.sampled_from([("mode", VALUES), (None, OBJECTS)]).flatmap(
    lambda one: st.builds(
        CatalogChange,
        st.sampled_from(ChangeKind),
        st.just("File"),
        st.sampled_from(["/a", "/b"]),
        st.just(one[0]),
        one[1],
        one[1],
        st.sampled_from(Effect),
    )
)


def part(
    index: int = 1, of: int = 2, *, key: str = "k", unstable: tuple[str, ...] = (), **more: object
) -> Preview:
    shard = Shard(index, of, key, 5, {})
    return Preview(BEFORE, AFTER, NodeCounts(1, 0, 6), unstable=unstable, shard=shard, **more)  # type: ignore[arg-type]  # any field


def grouped(changes: Mapping[str, set[CatalogChange]]) -> Grouping:
    grouping = Grouping()
    for node, some in changes.items():
        grouping.add(node, some)
    return grouping


@given(st.dictionaries(st.sampled_from(NAMES), st.sets(CHANGES, max_size=4)), st.integers(1, 4))
def test_shards_have_each_node_once_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[str, set[CatalogChange]], number: int
) -> None:
    shards = []
    for index in range(1, number + 1):
        own = {node: some for node, some in changes.items() if shard_of(node, number) == index}
        groups = grouped(own).groups(lambda change: change)
        path = tmp_path_factory.mktemp("shards") / "shard.json"
        path.write_text(dump(preview_json(part(index, number, groups=groups))), encoding="utf-8")
        shards.append(read_shard(path))
    assert merge_shards(shards).groups == grouped(changes).groups(lambda change: change)


def test_what_is_unstable_in_one_shard_is_no_change_in_another() -> None:
    change = CatalogChange(ChangeKind.CHANGED, "File", "/a", "mode", '"1"', '"2"', Effect.ACTS)
    groups = grouped({"node1": {change}}).groups(lambda change: change)
    for unstable, number in ((("File[/a]::mode",), 0), (("File[/a]",), 0), (("File[/a]::owner",), 1)):
        merged = merge_shards([part(1, groups=groups), part(2, unstable=unstable)])
        assert (len(merged.groups), merged.unstable) == (number, unstable)


def test_a_warning_that_one_shard_had_before_is_not_new() -> None:
    old, new = Notice("old"), Notice("new")
    first = part(1, warnings={old: 2, new: 1})
    second = Preview(
        BEFORE, AFTER, NodeCounts(2, 1, 4), warnings={new: 3}, shard=Shard(2, 2, "k", 5, {old: 1})
    )
    merged = merge_shards([second, first])
    assert merged.warnings == {new: 4}
    assert merged.counts == NodeCounts(3, 1, 5)
    assert merged.shard is None


@pytest.mark.parametrize(
    ("sides", "merged"),
    [
        (("both", "both"), [("both", ("a", "b"))]),
        (("both", "after"), [("after", ("a", "b"))]),
        (("before", "before"), [("before", ("a", "b"))]),
        (("before", "after"), [("after", ("b",))]),
    ],
)
def test_a_cause_has_the_nodes_of_all_shards(
    sides: tuple[str, str], merged: list[tuple[str, object]]
) -> None:
    parts = [
        part(index, failures=(SideCause(side, Cause((node,), NOTICE)),))
        for index, side, node in ((1, sides[0], "a"), (2, sides[1], "b"))
    ]
    assert [(one.side, one.cause.nodes) for one in merge_shards(parts).failures] == merged


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ([part(1)], "shard 2/2 is missing"),
        ([part(1), part(2), part(2)], "shard 2/2 is there twice"),
        ([part(1), part(2, key="other")], "different keys of masked values"),
        ([part(1), part(2, of=3)], "different numbers of shards"),
        (
            [part(1), Preview(BEFORE, BEFORE, NodeCounts(), shard=Shard(2, 2, "k"))],
            "the reports compare different locks",
        ),
    ],
)
def test_shards_that_do_not_belong_together_are_refused(parts: list[Preview], words: str) -> None:
    with pytest.raises(InputError) as caught:
        merge_shards(parts)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shard": {"index": 1}}', '{"shard": null}'])
def test_a_file_that_is_no_shard_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shard.json"
    path.write_text(text)
    with pytest.raises(InputError, match="not the JSON report of a shard"):
        read_shard(path)


def test_values_that_no_report_has_are_refused(tmp_path: Path) -> None:
    cause = SideCause("after", Cause(("node1",), NOTICE, "nova", None))
    change = CatalogChange(ChangeKind.CHANGED, "File", "/a", "mode", '"1"', '"2"', Effect.ACTS)
    whole = part(
        of=1,
        groups=grouped({"node1": {change}}).groups(lambda one: one),
        failures=(cause,),
        warnings={NOTICE: 1},
    )
    path = tmp_path / "shard.json"
    text = dump(preview_json(whole))
    path.write_text(text)
    assert read_shard(path).groups == whole.groups
    for before, after in (
        ('"of": 1', '"of": 100000000000000000000'),
        ('"index": 1', '"index": 1.5'),
        ('"nova"', "5"),
        ('"nova"', '{"a": []}'),
        ('"node1"', '["node1"]'),
        ('"parameter": "mode"', '"parameter": []'),
        ('"parameter": "mode"', '"parameter": null'),
        ('"line": 3', '"line": "3"'),
        ('"no class"', '"\\ud800"'),
        ("pin-", "` <b>"),
    ):
        assert before in text
        path.write_text(text.replace(before, after))
        with pytest.raises(InputError, match="not the JSON report of a shard"):
            read_shard(path)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("too short\n")
    with pytest.raises(InputError, match="a key has at least 16 characters"):
        read_key(path)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0"])
def test_a_shard_that_does_not_exist_is_refused(tmp_path: Path, shard: str) -> None:
    result = Cloud(tmp_path).run("preview", "a", "b", "--shard", shard)
    assert (result.code, "--shard: " in result.err) == (2, True)
