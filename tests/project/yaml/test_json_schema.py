import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pinner.project.manifest.read import MANIFEST
from pinner.project.manifest.settings import SETTINGS
from pinner.project.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode, read_nodes
from pinner.project.yaml.schema import Field, Kind, ListOf, MapOf, OneOf, Record, check
from tools.write_schemas import render_schema, write_schemas

ROOT = Path(__file__).parents[3]
RECORDS = {"manifest": MANIFEST, "settings": SETTINGS}
NAMES = pytest.mark.parametrize("name", RECORDS)
NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")


def as_an_editor_sees_it(node: Node | None) -> object:
    """Resolve plain scalars by YAML 1.2's core schema, as the language server of editors does."""
    if isinstance(node, SequenceNode):
        return [as_an_editor_sees_it(item) for item in node.items]
    if isinstance(node, MappingNode):
        return {key: as_an_editor_sees_it(entry.value) for key, entry in node.entries.items()}
    assert isinstance(node, ScalarNode)
    return resolve(node.text) if node.is_plain else node.text


def resolve(text: str) -> object:
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if NUMBER.fullmatch(text):
        return int(text, 0) if text.startswith(("0o", "0x")) else float(text)
    return text


def validator(name: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads(render_schema(name)))


def accepts(name: str, text: str) -> bool:
    root = read_nodes(text.encode(), "x.yaml").root
    return bool(validator(name).is_valid(as_an_editor_sees_it(root)))


def is_read(name: str, text: str) -> bool:
    read = read_nodes(text.encode(), "x.yaml")
    return read.root is not None and not read.problems and not check(RECORDS[name], read.root)


def fields_of(kind: Kind) -> list[Field]:
    if isinstance(kind, Record):
        return [*kind.fields, *(inner for field in kind.fields for inner in fields_of(field.kind))]
    if isinstance(kind, MapOf):
        return fields_of(kind.value)
    return fields_of(kind.second) if isinstance(kind, OneOf) else []


@NAMES
def test_the_shipped_file_is_current(name: str) -> None:
    shipped = files("pinner.project") / "data" / f"{name}.schema.json"
    assert shipped.read_text(encoding="utf-8") == render_schema(name), "run python -m tools.write_schemas"


@NAMES
def test_writing_makes_the_shipped_files(name: str, tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert (tmp_path / f"{name}.schema.json").read_text(encoding="utf-8") == render_schema(name)


@NAMES
def test_the_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(render_schema(name)))


@pytest.mark.parametrize("field", [*fields_of(MANIFEST), *fields_of(SETTINGS)], ids=lambda field: field.name)
def test_every_field_is_described_and_its_examples_are_good(field: Field) -> None:
    assert field.description.endswith(".")
    assert field.examples or isinstance(field.kind, Record)
    for example in field.examples:
        text = yaml.safe_dump(example, default_flow_style=True)
        root = read_nodes(text.encode(), "x.yaml").root
        assert root is not None
        assert check(field.kind, root) == ()


@NAMES
def test_the_examples_together_are_a_good_file(name: str) -> None:
    fields = RECORDS[name].fields
    text = yaml.safe_dump({field.name: field.examples[0] for field in fields if field.examples})
    assert accepts(name, text)
    assert is_read(name, text)


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.glob("environments/*.yaml")) + sorted(ROOT.glob("examples/**/environments/*.yaml")),
    ids=str,
)
def test_the_manifests_we_ship_are_good(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert (
        list(validator("manifest").iter_errors(as_an_editor_sees_it(read_nodes(text.encode(), "x").root)))
        == []
    )
    assert is_read("manifest", text)


@pytest.mark.parametrize(
    "text",
    [
        "realese: 2025.1",
        "release: [2025.1]",
        "release: Epoxy!",
        "openstack: nova",
        "openstack: [nova, nova]",
        "openstack: {nova: 1}",
        "modules: [nova]",
        "modules: {Nova: {}}",
        "modules: {nova: true}",
        "modules: {nova: stable/2025.1}",
        "modules: {nova: {tag: 1.0, branch: main}}",
        "modules: {nova: {tag: 1.0, as_of: 2025-01-01}}",
        "modules: {nova: {git: /srv/nova, forge: acme/nova}}",
        "modules: {nova: {forge: acme/nova, branch: main}}",
        "modules: {nova: {commit: 0123abc}}",
        "modules: {nova: {comit: 0123abc}}",
        "dependencies: {externals: all}",
        "findings: {ignore: [Code]}",
        "owners: me",
        "puppet: 8",
        "- a",
    ],
)
def test_what_the_reader_refuses_an_editor_refuses_too(text: str) -> None:
    assert not is_read("manifest", text)
    assert not accepts("manifest", text)


@pytest.mark.parametrize(
    "text", ["jobs: 0", "jobs: many", "jobs: 1.5", "timeout: 0", "cache: []", "modules: {x: y}", "x: 1"]
)
def test_what_the_reader_of_settings_refuses_an_editor_refuses_too(text: str) -> None:
    assert not is_read("settings", text)
    assert not accepts("settings", text)


WORDS = st.sampled_from(
    [
        "2025.1",
        "epoxy",
        "31.0.0",
        "1.10",
        "9",
        "0x10",
        "1e3",
        "0" * 40,
        "a" * 40,
        "nova",
        "all",
        "false",
        "true",
        "on",
        "2026-05-01",
        ">= 1.0.0 < 2.0.0",
        "1.x",
        "acme/nova",
        "https://git.example.net/x",
        "git@git.example.net:x",
        "file:///srv/x",
        "/srv/x",
        "hiera",
        ".",
        "a/b",
        "end-of-life",
        "x:nova",
        "integration",
        "8.10.0",
        "24.04",
        "24.4",
        "stable/2025.1",
        "_base",
        "",
    ]
)
STYLES = st.sampled_from(["{}", '"{}"', "'{}'"])
SCALARS = st.builds(lambda style, word: style.format(word), STYLES, WORDS)


def documents(kind: Kind) -> st.SearchStrategy[str]:
    """Return texts with the shape of the kind, whose words fit or do not."""
    match kind:
        case Record():
            pairs = [st.tuples(st.just(field.name), documents(field.kind)) for field in kind.fields]
            return st.lists(st.one_of(pairs), max_size=4, unique_by=lambda pair: pair[0]).map(as_map)
        case MapOf():
            return st.lists(st.tuples(SCALARS.filter(len), documents(kind.value)), max_size=2).map(as_map)
        case ListOf():
            return st.lists(SCALARS, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        case OneOf():
            return SCALARS | documents(kind.second)
        case _:
            return SCALARS


def as_map(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"


@NAMES
@given(data=st.data())
def test_an_editor_never_refuses_what_the_reader_takes(name: str, data: st.DataObject) -> None:
    text = data.draw(documents(RECORDS[name]))
    if is_read(name, text):
        assert accepts(name, text), text
