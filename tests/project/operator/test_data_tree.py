"""A directory of hiera data: the files that its hierarchy reaches, and everything that is not read by name."""

import os
from pathlib import Path

import pytest

from pinner.model.errors import InputError
from pinner.project.operator.tree import LARGEST_DATA_FILE, DataTree, read_data


def read(root: Path, files: dict[str, str | bytes]) -> DataTree:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_data(root)


def keys(tree: DataTree) -> list[str]:
    return [datum.key for file in tree.files for datum in file.data]


def notes(tree: DataTree, root: Path) -> list[str]:
    return [str(note).replace(f"{root}/", "") for note in tree.notes]


FIVE = """
version: 5
defaults: {datadir: data}
hierarchy:
  - {name: nodes, path: "nodes/%{trusted.certname}.yaml"}
  - {name: roles, glob: "roles/*.json", data_hash: json_data}
  - {name: common, path: common.yaml}
"""


def test_a_bare_directory_is_read_whole(tmp_path: Path) -> None:
    tree = read(
        tmp_path,
        {
            "b.yaml": "b::x: 1\n",
            "a.json": '{"a::x": 1}',
            "c/d.eyaml": "d::x: 1\n",
            "e.yml": "e::x: 1\n",
            "README.md": "x",
        },
    )
    assert keys(tree) == ["a::x", "b::x", "d::x", "e::x"]
    assert [file.path for file in tree.files] == [
        f"{tmp_path}/{path}" for path in ("a.json", "b.yaml", "c/d.eyaml", "e.yml")
    ]


def test_the_levels_of_hiera_5_say_what_is_read(tmp_path: Path) -> None:
    tree = read(
        tmp_path,
        {
            "hiera.yaml": FIVE,
            "data/common.yaml": "a::common: 1\n",
            "data/nodes/one.example.org.yaml": "a::node: 1\n",
            "data/roles/web.json": '{"a::role": 1}',
            "data/roles/web.yaml": "a::lost: 1\n",
            "other/common.yaml": "a::other: 1\n",
        },
    )
    assert keys(tree) == ["a::common", "a::node", "a::role"]
    assert notes(tree, tmp_path) == ["data/roles/web.yaml: no level of hiera.yaml reads this file"]


def test_a_data_directory_on_the_server_is_found_by_its_end(tmp_path: Path) -> None:
    three = ":backends: yaml\n:hierarchy: ['%{::fqdn}', common]\n:yaml:\n  :datadir: /etc/puppet/hieradata\n"
    tree = read(
        tmp_path, {"hiera.yaml": three, "hieradata/common.yaml": "a::x: 1\n", "other.yaml": "a::y: 1\n"}
    )
    assert keys(tree) == ["a::x"]


def test_the_data_directory_itself_may_be_named(tmp_path: Path) -> None:
    three = ":hierarchy: [common]\n:yaml:\n  :datadir: /etc/puppet/hieradata\n"
    assert keys(read(tmp_path, {"hiera.yaml": three, "common.yaml": "a::x: 1\n"})) == ["a::x"]


@pytest.mark.parametrize("datadir", ["/srv/data", "../data"])
def test_data_that_lie_elsewhere_are_told(tmp_path: Path, datadir: str) -> None:
    text = f"version: 5\nhierarchy: [{{name: far, path: x.yaml, datadir: {datadir}}}]\n"
    tree = read(tmp_path, {"hiera.yaml": text})
    assert keys(tree) == []
    assert [note.message for note in tree.notes] == [
        f"the level 'far' reads '{datadir}', and nothing below {tmp_path} matches that"
    ]


def test_a_path_that_leads_out_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a::x: 1\n")
    root = tmp_path / "control"
    root.mkdir()
    text = "version: 5\nhierarchy: [{name: out, path: ../../secret.yaml}]\n"
    assert keys(read(root, {"hiera.yaml": text})) == []


def test_files_that_puppet_refuses_are_named(tmp_path: Path) -> None:
    tree = read(
        tmp_path,
        {
            "a.yaml": "a: [\n",
            "b.yaml": "- x\n",
            "c.yaml": "",
            "d.yaml": "just text\n",
            "e.yaml": "a: 1\na: 2\n",
        },
    )
    assert [str(file.refusal).replace(f"{tmp_path}/", "") for file in tree.files if file.refusal] == [
        (
            "a.yaml:2:1: a value is missing here, or a bracket was never closed\n"
            "  hint: close each '[' with ']' and each '{' with '}'"
        ),
        (
            "b.yaml:1: the file has no keys, so Hiera finds nothing in it\n"
            "  hint: write 'key: value' lines; a space must follow the colon"
        ),
        (
            "d.yaml:1: the file has no keys, so Hiera finds nothing in it\n"
            "  hint: write 'key: value' lines; a space must follow the colon"
        ),
    ]
    assert [len(file.flaws) for file in tree.files] == [0, 0, 0, 0, 1]


def test_files_that_are_too_long_or_no_files(tmp_path: Path) -> None:
    with (tmp_path / "a.yaml").open("wb") as file:
        file.truncate(LARGEST_DATA_FILE + 1)
    os.mkfifo(tmp_path / "b.yaml")
    assert [str(file.refusal) for file in read(tmp_path, {}).files] == [
        f"{tmp_path}/a.yaml: the file is longer than {LARGEST_DATA_FILE} bytes",
        f"{tmp_path}/b.yaml: this is not a regular file\n  hint: put a regular file here",
    ]


@pytest.mark.parametrize(
    "text",
    ["version: 9\n", "version: [\n", "- a\n", "version: 5\ndefault_hierarchy: [{name: a, path: a.yaml}]\n"],
)
def test_a_hierarchy_that_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"hiera\.yaml:"):
        read(tmp_path, {"hiera.yaml": text})


def test_keys_that_are_no_strings_are_nobodys(tmp_path: Path) -> None:
    assert keys(read(tmp_path, {"a.yaml": "1: x\n:a::b: 2\n[1]: 3\n"})) == ["a::b"]
