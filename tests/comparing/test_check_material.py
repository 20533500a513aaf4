"""Whatever bytes stand in the operator's files: findings or a refusal, never a traceback, never silently nothing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.comparing.audit import check_operator_data
from pinner.model.errors import InputError
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.platforms import PLATFORMS
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.effects import CodeChange, effects_on
from pinner.workspace.apis import PinnedApis
from pinner.workspace.operator_data import OperatorData, read_operator_data
from tests.support.code import DATA, NEW, OLD, SITE
from tests.support.module_files import read_module
from tests.support.properties import examples

BEFORE, AFTER = (read_module({path: text.encode() for path, text in files.items()}) for files in (OLD, NEW))
CHANGES = compare_apis(BEFORE, AFTER)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("material")


def mutated(text: str, data: st.DataObject) -> bytes:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 6))):
        position = data.draw(st.integers(0, len(content)))
        size = data.draw(st.integers(0, 8))
        content[position : position + size] = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from(PIECES))
        )
    return bytes(content)


PIECES = (
    b"[",
    b"{",
    b"&a ",
    b"*a",
    b"<<: ",
    b"\n- ",
    b": ",
    b"'",
    b'"',
    b"%{",
    b"ENC[",
    b"!x ",
    b"\n---\n",
    b"\t",
    b"::",
    b"=>",
    b"{ 'a': ",
)


def check(material: OperatorData) -> None:
    for one in check_operator_data(material, PinnedApis({"nova": AFTER}), PLATFORMS):
        assert one.message
        assert one.place is None or one.place.path
    before, after = (make_codebase({"nova": api}, material.definitions) for api in (BEFORE, AFTER))
    for effect in effects_on(material.uses(before), CodeChange(before, after, CHANGES, material.options())):
        assert effect.key
        assert effect.place.line


@settings(max_examples=examples(150))
@given(st.data())
def test_mutated_data(directory: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["a.yaml", "a.json"]))
    for old in directory.iterdir():
        old.unlink()
    (directory / name).write_bytes(mutated(DATA["data/common.yaml"], data))
    material = read_operator_data([directory], [])
    (file,) = material.files
    assert file.data or file.refusal or not (directory / name).read_bytes().strip(b"-. \n\t#\r") or file.flaws
    check(material)


@settings(max_examples=examples(100))
@given(st.data())
def test_a_mutated_hierarchy(directory: Path, data: st.DataObject) -> None:
    for old in directory.iterdir():
        old.unlink()
    (directory / "hiera.yaml").write_bytes(mutated(DATA["hiera.yaml"], data))
    (directory / "common.yaml").write_text("nova::debug: true\n")
    refusal = None
    try:
        check(read_operator_data([directory], []))
    except InputError as error:
        refusal = error
    assert refusal is None or str(refusal).startswith(str(directory))


@settings(max_examples=examples(100))
@given(st.data())
def test_mutated_site_code(directory: Path, data: st.DataObject) -> None:
    for old in directory.iterdir():
        old.unlink()
    (directory / "nova.pp").write_bytes(mutated(SITE, data))
    check(read_operator_data([], [directory]))
