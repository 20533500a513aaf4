"""hiera.yaml of all three versions, and what is wrong with others."""

import pytest

from pinner.model.errors import Location, Problem
from pinner.project.operator.values import read_yaml
from pinner.puppet.hiera.hierarchy import Hierarchy, HierarchyLevel, parse_hierarchy


def parse(text: str) -> Hierarchy | Problem:
    return parse_hierarchy(read_yaml(text.encode(), "hiera.yaml", is_raw=True).root, "hiera.yaml")


def levels(text: str) -> tuple[HierarchyLevel, ...]:
    found = parse(text)
    assert isinstance(found, Hierarchy)
    return found.levels


def test_hiera_5_with_every_way_to_name_files() -> None:
    text = """
version: 5
defaults: {datadir: data, data_hash: yaml_data}
hierarchy:
  - {name: node, path: "nodes/%{trusted.certname}.yaml"}
  - {name: many, paths: [a.yaml, b.yaml], datadir: other}
  - {name: glob, glob: "roles/*.yaml"}
  - {name: globs, globs: ["x/**/*.json"], data_hash: json_data}
  - {name: mapped, mapped_paths: [services, tmp, "service/%{tmp}.yaml"]}
  - {name: secret, path: secret.eyaml, lookup_key: eyaml_lookup_key}
"""
    assert levels(text) == (
        HierarchyLevel("node", "yaml", "data", ("nodes/%{trusted.certname}.yaml",)),
        HierarchyLevel("many", "yaml", "other", ("a.yaml", "b.yaml")),
        HierarchyLevel("glob", "yaml", "data", ("roles/*.yaml",), is_glob=True),
        HierarchyLevel("globs", "json", "data", ("x/**/*.json",), is_glob=True),
        HierarchyLevel("mapped", "yaml", "data", ("service/%{tmp}.yaml",)),
        HierarchyLevel("secret", "yaml", "data", ("secret.eyaml",)),
    )


def test_hiera_5_without_levels_reads_common_yaml() -> None:
    assert levels("version: 5\ndefaults: {datadir: d}\n") == (
        HierarchyLevel("Common", "yaml", "d", ("common.yaml",)),
    )


def test_levels_that_lie_elsewhere_are_named() -> None:
    found = parse(
        "version: 5\nhierarchy:\n"
        "  - {name: vault, lookup_key: hiera_vault, uri: 'https://vault.example.org'}\n"
        "  - {name: consul, hiera3_backend: consul, path: x}\n"
        "  - {name: nothing}\n"
    )
    assert found == Hierarchy(
        (),
        (
            Problem(
                "the level 'vault' uses 'hiera_vault', which pinner cannot read",
                Location("hiera.yaml", 3),
            ),
            Problem(
                "the level 'consul' uses 'consul', which pinner cannot read",
                Location("hiera.yaml", 4),
            ),
            Problem(
                "the level 'nothing' names no files, so its data cannot be read",
                Location("hiera.yaml", 5),
            ),
        ),
    )


def test_hiera_4() -> None:
    text = "version: 4\ndatadir: d\nhierarchy:\n  - {name: common, backend: yaml}\n  - {name: x, backend: json, paths: [a, b.json]}\n  - {name: y, backend: redis}\n"
    assert levels(text) == (
        HierarchyLevel("common", "yaml", "d", ("common.yaml",)),
        HierarchyLevel("x", "json", "d", ("a.json", "b.json")),
    )


def test_hiera_3() -> None:
    text = """
:backends: [yaml, eyaml, json, mysql]
:hierarchy:
  - "nodes/%{::fqdn}"
  - common
:yaml:
  :datadir: /etc/puppet/hieradata
:eyaml:
  :datadir: /etc/puppet/hieradata
  :extension: yaml
"""
    found = parse(text)
    assert isinstance(found, Hierarchy)
    assert found.levels[:2] == (
        HierarchyLevel("yaml", "yaml", "/etc/puppet/hieradata", ("nodes/%{::fqdn}.yaml", "common.yaml")),
        HierarchyLevel("eyaml", "yaml", "/etc/puppet/hieradata", ("nodes/%{::fqdn}.yaml", "common.yaml")),
    )
    assert found.levels[2].paths == ("nodes/%{::fqdn}.json", "common.json")
    assert [note.message for note in found.elsewhere] == [
        "the backend 'mysql' is not supported, so its data cannot be read"
    ]


def test_an_empty_file_is_hiera_3_as_it_comes() -> None:
    assert levels("") == (
        HierarchyLevel(
            "yaml",
            "yaml",
            "/etc/puppetlabs/code/environments/%{::environment}/hieradata",
            ("nodes/%{::trusted.certname}.yaml", "common.yaml"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version: 6\n", "hiera.yaml has version '6'; supported are 5, 4 and 3"),
        ("- a\n", "hiera.yaml does not contain a map"),
    ],
)
def test_no_hierarchy(text: str, message: str) -> None:
    assert parse(text) == Problem(message, Location("hiera.yaml", 1))


@pytest.mark.parametrize(
    "text",
    [
        "version: 5\nhierarchy: x\n",
        "version: 5\nhierarchy: [1, [2], {name: [a]}]\ndefaults: 3\n",
        "version: [5]\n",
    ],
)
def test_odd_shapes_are_read_as_far_as_they_go(text: str) -> None:
    assert levels(text) == () or "version: [5]" in text
