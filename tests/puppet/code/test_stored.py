import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.module_api import (
    Creation,
    Definition,
    DefinitionKind,
    Evidence,
    Mark,
    Parameter,
    Unreadable,
)
from pinner.puppet.code.read import read_file
from pinner.workspace.apis import definitions_from_json, definitions_to_json
from tests.support.puppet_code import TEXTS

WORDS = st.text(max_size=12)
MAYBE = st.none() | WORDS
LINES = st.integers(1, 10_000)
EVIDENCE = st.lists(st.builds(Evidence, st.sampled_from(Mark), LINES, WORDS), max_size=3).map(tuple)
PARAMETERS = st.builds(Parameter, WORDS, LINES, MAYBE, MAYBE, EVIDENCE, MAYBE, MAYBE, st.booleans())
DEFINITIONS = st.builds(
    Definition,
    kind=st.sampled_from(DefinitionKind),
    name=WORDS,
    path=st.just("manifests/init.pp"),
    line=LINES,
    inherits=MAYBE,
    parameters=st.lists(PARAMETERS, max_size=4).map(tuple),
    target=MAYBE,
    evidence=EVIDENCE,
    replacement=MAYBE,
    removal=MAYBE,
    creates=st.lists(st.builds(Creation, WORDS, WORDS), max_size=2).map(tuple),
)


@given(st.lists(DEFINITIONS, max_size=4).map(tuple))
def test_definitions_come_back_as_they_were(found: tuple[Definition, ...]) -> None:
    text = definitions_to_json(found)
    assert "\n" not in text
    assert definitions_from_json("manifests/init.pp", text) == found


@given(WORDS)
def test_a_reason_comes_back_as_it_was(reason: str) -> None:
    found = Unreadable("manifests/init.pp", reason)
    assert definitions_from_json("manifests/init.pp", definitions_to_json(found)) == found


@pytest.mark.parametrize("name", TEXTS)
def test_what_was_read_comes_back_as_it_was(name: str) -> None:
    found = read_file("manifests/x.pp", TEXTS[name].encode())
    assert definitions_from_json("manifests/x.pp", definitions_to_json(found)) == found


def test_the_path_is_not_stored_because_equal_files_may_stand_elsewhere() -> None:
    one, other = (read_file(f"manifests/{name}.pp", b"class a($b = 1) { }") for name in ("one", "other"))
    assert definitions_to_json(one) == definitions_to_json(other)
    assert definitions_from_json("manifests/other.pp", definitions_to_json(one)) == other


def test_the_text_is_compact() -> None:
    found = read_file("manifests/a.pp", b"class a(\n  $b = 1,\n) { }\n")
    assert (
        definitions_to_json(found)
        == '[["class","a",1,null,[["b",2,null,"1"]],null,[],null,null,[],[],[],[],false,[]]]'
    )


@pytest.mark.parametrize(
    "text", ["", "{", "5", "{}", "[5]", "[[]]", '[["class","a"]]', "[" * 100_000, '["abcdefghi"]']
)
def test_a_text_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        definitions_from_json("manifests/a.pp", text)


def test_an_unknown_kind_is_refused() -> None:
    text = json.dumps([["nova", "a", 1, None, [], None, [], None, None, [], [], [], [], False, []]])
    with pytest.raises(ValueError, match="nova"):
        definitions_from_json("manifests/a.pp", text)
