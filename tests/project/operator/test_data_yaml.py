"""Hiera's YAML: values and lines, what Puppet refuses, and nothing that grows or hangs. Puppet's reader is the oracle."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, Value
from pinner.project.operator.values import DEEPEST, DEEPEST_AT_ALL, read_yaml
from tests.support.oracles import RubyOracle, run_oracle
from tests.support.properties import examples


@pytest.fixture(scope="session")
def puppet_types() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_types.rb", "puppet-agent")


def root(text: str) -> Value | None:
    return read_yaml(text.encode(), "data.yaml").root


def problems(text: str | bytes) -> list[str]:
    built = read_yaml(text if isinstance(text, bytes) else text.encode(), "data.yaml")
    return [str(problem) for problem in (*built.flaws, *([built.refusal] if built.refusal else []))]


def test_values_have_the_lines_they_stand_on() -> None:
    assert root("# a comment\nnova::debug: true\nnova::ports:\n  - 80\n  - {a: 'x'}\n") == Hash(
        (
            (Literal("nova::debug", 2), Literal(value=True, line=2)),
            (
                Literal("nova::ports", 3),
                Array((Literal(80, 4), Hash(((Literal("a", 5), Literal("x", 5)),), 5)), 4),
            ),
        ),
        2,
    )


def test_what_puppet_will_work_on_is_closed() -> None:
    found = root("a: ENC[PKCS7,MIIB]\nb: '%{facts.os.name}'\nc: :symbol\nd: !binary aGk=\ne: !!str 1\n")
    assert isinstance(found, Hash)
    assert [value for _, value in found.entries] == [
        Opaque(OpaqueReason.ENCRYPTED, 1),
        Opaque(OpaqueReason.INTERPOLATED, 2, "%{facts.os.name}"),
        Opaque(OpaqueReason.FOREIGN, 3),
        Opaque(OpaqueReason.FOREIGN, 4),
        Literal("1", 5),
    ]


def test_raw_scalars_are_the_text_that_stands_there() -> None:
    found = read_yaml(b"a: 2025.1\n:b: '%{x}'\n", "x.yaml", is_raw=True).root
    assert found == Hash(((Literal("a", 1), Literal("2025.1", 1)), (Literal("b", 2), Literal("%{x}", 2))), 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "data.yaml:3: the key 'a' was given before, at line 1: Hiera uses this one\n  hint: delete one of them",
        ),
        ("a: 1\n---\nb: 2\n", "data.yaml:2: a second document begins here: Hiera reads only the first one"),
        ("a: &x [1, *x]\n", "data.yaml:1: an alias inside its own anchor is not read"),
        (
            "a: 2024-10-02\n",
            (
                "data.yaml:1: Puppet refuses this file: it reads this value as a date or an incomplete number\n"
                "  hint: put it in quotes"
            ),
        ),
        (
            "a: !ruby/object:File {}\n",
            "data.yaml:1: Puppet refuses a file with the tag '!ruby/object:File'\n  hint: write the value as plain YAML",
        ),
        (
            "  - 1\na: 1\n",
            "data.yaml:2: Puppet stops reading here: the rest is outside of any document",
        ),
        (b"a: \xff\n", "data.yaml:1:4: byte 0xff is not valid UTF-8\n  hint: save the file as UTF-8"),
        (
            "a: *nothing\n",
            "data.yaml:1: an alias without an anchor is not read",
        ),
        *(
            (opening * 2000, f"data.yaml:1: values are nested more than {DEEPEST_AT_ALL} levels deep")
            for opening in ("[", "{a: ", "- ", "? ", "[{b: ")
        ),
    ],
)
def test_problems(text: str | bytes, expected: str) -> None:
    assert problems(text) == [expected]


def test_a_merge_key_puts_in_what_is_not_given_after_it() -> None:
    found = root("base: &b {a: 1, b: 2}\nx:\n  b: 0\n  <<: *b\n  a: 9\n")
    assert isinstance(found, Hash)
    merged = found.entries[1][1]
    assert isinstance(merged, Hash)
    assert [(key, value) for key, value in merged.entries] == [
        (Literal("b", 1), Literal(2, 1)),
        (Literal("a", 5), Literal(9, 5)),
    ]


def test_an_alias_bomb_goes_off_in_nobodys_hands() -> None:
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    assert problems("\n".join(lines)) == [
        "data.yaml:6: the aliases of this file expand to more than 500000 values: the rest is not read"
    ]


def test_deep_values_are_cut_off_and_the_rest_stays() -> None:
    text = f"deep: {'[' * 100}1{']' * 100}\nnova::debug: true\n"
    assert problems(text) == [f"data.yaml:1: values nested more than {DEEPEST} levels deep are not read"]
    found = root(text)
    assert isinstance(found, Hash)
    assert found.entries[1] == (Literal("nova::debug", 2), Literal(value=True, line=2))


def shown(value: Value) -> Any:
    """Return a value as the oracle shows it; what is closed is an ellipsis."""
    if isinstance(value, Hash):
        return {"hash": [[shown(key), shown(held)] for key, held in value.entries]}
    if isinstance(value, Array):
        return [shown(item) for item in value.items]
    if isinstance(value, Opaque):
        return ...
    return {"float": repr(value.value)} if isinstance(value.value, float) else value.value


def agree(ours: Any, theirs: Any) -> bool:
    if ours is ...:
        return True
    if isinstance(ours, dict) and "hash" in ours:
        pairs = theirs.get("hash") if isinstance(theirs, dict) else None
        return (
            pairs is not None
            and len(pairs) == len(ours["hash"])
            and all(
                agree(mine, other)
                for one, two in zip(ours["hash"], pairs, strict=True)
                for mine, other in zip(one, two, strict=True)
            )
        )
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(agree, ours, theirs))
    if isinstance(theirs, dict) and "symbol" in theirs:
        return bool(ours == theirs["symbol"])
    if isinstance(theirs, dict) and "float" in theirs and isinstance(ours, dict):
        return True
    return type(ours) is type(theirs) and bool(ours == theirs)


LINES = st.sampled_from(
    [
        *(
            "nova::debug: true",
            "b: [1, 2.5, 'x', {c: ~}]",
            "c:",
            "  - 1",
            "  - x: y",
            "    z: 'it''s'",
            "d: |",
            "  text",
        ),
        *(
            "e: &e {a: 1, b: [2]}",
            "f: *e",
            "g: {<<: *e, b: 3}",
            "  <<: *e",
            "h: !x 1",
            "i: !!str 08",
        ),
        *(
            "nova::debug: false",
            "1: one",
            "1.0: two",
            "true: three",
            ":sym: four",
            "j: :sym",
            "k: ENC[x]",
            "l: '%{x}'",
        ),
        *(
            "  m: 1",
            "# n",
            "---",
            "o: 2024-10-02",
            '"p": "\\u00e9"',
            "q: >-",
            "...",
            "<<: [*e, *e]",
            "\tr: 1",
            "s: - t",
        ),
    ]
)


@settings(max_examples=examples(250))
@given(st.lists(LINES, max_size=7).map("\n".join))
@example("e: &e {a: 1}\ng: {b: 0, <<: *e, a: 2}\n")
@example("---\n")
def test_puppet_reads_the_same_document(puppet_types: RubyOracle, text: str) -> None:
    built = read_yaml(text.encode(), "data.yaml")
    answer = puppet_types.ask({"yaml": text})
    if "error" in answer:
        assert built.refusal is not None or any("an alias" in flaw.message for flaw in built.flaws)
    else:
        assert built.refusal is None
        assert built.root is None or answer["value"] is False or agree(shown(built.root), answer["value"])


@settings(max_examples=examples(300))
@given(st.lists(LINES, max_size=6).map("\n".join), st.data())
def test_a_mutated_document_is_read_or_named(text: str, data: st.DataObject) -> None:
    content = bytearray(text.encode())
    for _ in range(data.draw(st.integers(0, 4))):
        position = data.draw(st.integers(0, len(content)))
        content[position : position + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    built = read_yaml(bytes(content), "data.yaml")
    assert built.refusal is None or (built.refusal.message and built.refusal.place)


def test_libyaml_reads_it() -> None:
    from pinner.project.yaml.nodes import LOADER  # noqa: PLC0415 - what is shown is the import itself

    assert LOADER.__name__ == "CSafeLoader"
