"""The texts of types: what is literal is read, everything else is None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.data_types import Fields, RegexRef, TypeRef, Unbounded, parse_type, references


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("String", TypeRef("String")),
        ("::Stdlib::Port", TypeRef("Stdlib::Port")),
        ("Array[String, 1, default]", TypeRef("Array", (TypeRef("String"), 1, Unbounded()))),
        ("Integer[-5, 0x1F]", TypeRef("Integer", (-5, 31))),
        ("Integer[010]", TypeRef("Integer", (8,))),
        ("Float[1.5, 2e3]", TypeRef("Float", (1.5, 2000.0))),
        ("Boolean[true]", TypeRef("Boolean", (True,))),
        (r"Pattern[/^\/a/]", TypeRef("Pattern", (RegexRef("^/a"),))),
        (r"Enum['it\'s', ]", TypeRef("Enum", ("it's",))),
        (r'Enum["a\n", "\q"]', TypeRef("Enum", ("a\n", "\\q"))),
        (
            "Struct[{a => Integer, Optional['b'] => Any,}]",
            TypeRef(
                "Struct",
                (Fields((("a", TypeRef("Integer")), (TypeRef("Optional", ("b",)), TypeRef("Any")))),),
            ),
        ),
        ("Array[\n  # the names\n  String\n]", TypeRef("Array", (TypeRef("String"),))),
    ],
)
def test_literal_types(text: str, expected: TypeRef) -> None:
    assert parse_type(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "string",
        "'String'",
        "Integer[0, $max]",
        'Enum["${x}"]',
        'Enum["\\u0041"]',
        "Integer[foo]",
        "Integer[08]",
        "Integer[1.]",
        "Integer[9e9999]",
        "String String",
        "Array[String",
        "Array[String Integer]",
        "Struct[{a, b}]",
        "Array[" * 40 + "Any" + "]" * 40,
        "Enum['" + "x" * 30_000 + "']",
        "Pattern['never closed]",
    ],
)
def test_what_is_not_literal(text: str) -> None:
    assert parse_type(text) is None


def test_every_type_inside_is_named() -> None:
    type_ = parse_type("Hash[String, Struct[{'a' => Optional[Stdlib::Port]}]]")
    assert type_ is not None
    assert [one.name for one in references(type_)] == ["Hash", "String", "Struct", "Optional", "Stdlib::Port"]


@given(st.text(alphabet="AaString[]{},=>'\"/0.-$ \\\n", max_size=40))
def test_any_text_is_answered(text: str) -> None:
    found = parse_type(text)
    assert found is None or found.key == found.name.lower()
