"""Texts of types: what is literal is read, everything else is None. Values against types: Puppet's `instance?` is the oracle."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason
from pinner.puppet.data_types import Fields, Fit, RegexRef, TypeRef, Unbounded, fit, parse_type, references
from tests.support.data import value_of
from tests.support.oracles import RubyOracle
from tests.support.properties import examples


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
        ("Enum[present, absent]", TypeRef("Enum", ("present", "absent"))),
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


WORDS = ("a", "b", "abc", "", "1", "/var/lib", "DEFAULT")
NUMBERS = (-1, 0, 1, 2, 80, 65535, 65536)
SIMPLE = (
    "Any",
    "Boolean",
    "Integer",
    "Float",
    "Numeric",
    "String",
    "Undef",
    "Scalar",
    "ScalarData",
    "Data",
    "Array",
    "Hash",
    "Collection",
    "Pattern",
    "Optional",
    "NotUndef",
    "Sensitive",
    "Regexp",
    "Default",
    "Timestamp",
    "SemVer",
    "Type",
    "Callable",
    "Boolean[true]",
    "Boolean[false]",
    "String[1]",
    "String[1,3]",
    "String[default,2]",
    "Integer[0]",
    "Integer[0,65535]",
    "Integer[default,80]",
    "Float[0.0]",
    "Float[0,1.5]",
    "Array[0,0]",
    "Hash[0,0]",
    "Collection[1]",
    "Collection[1,2]",
    "Sensitive[String]",
    "Type[Integer]",
    "Enum[a]",
    "Pattern[/^a/]",
    "RichData",
    "Iterable",
)
EACH_KIND: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    80,
    70000,
    0.0,
    1.5,
    "",
    "a",
    "abc",
    [],
    ["a"],
    [1, 2],
    {},
    {"a": 1},
)
COUNTED = ("", ", 1", ", 0, 1", ", default, 2")


def quoted(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    size = st.sampled_from(COUNTED)
    keys = st.sampled_from(("'a'", "'b'", "Optional['a']", "NotUndef['abc']"))
    fields = st.dictionaries(keys, inner, max_size=3).map(
        lambda found: "Struct[{" + ", ".join(f"{key} => {type_}" for key, type_ in found.items()) + "}]"
    )
    return st.one_of(
        inner.map(lambda one: f"Optional[{one}]"),
        inner.map(lambda one: f"NotUndef[{one}]"),
        st.lists(inner, min_size=1, max_size=3).map(lambda many: f"Variant[{', '.join(many)}]"),
        st.tuples(inner, size).map(lambda pair: f"Array[{pair[0]}{pair[1]}]"),
        st.tuples(inner, inner, size).map(lambda three: f"Hash[{three[0]}, {three[1]}{three[2]}]"),
        st.tuples(st.lists(inner, min_size=1, max_size=3), st.sampled_from(("", ", 1, 3"))).map(
            lambda pair: f"Tuple[{', '.join(pair[0])}{pair[1]}]"
        ),
        fields,
    )


ENUMS = st.lists(st.sampled_from(WORDS), min_size=1, unique=True).map(lambda words: f"Enum[{quoted(words)}]")
PATTERNS = st.sampled_from(
    ("Pattern[/\\A\\/([^\\n\\/\\0]+\\/*)*\\z/]", "Pattern[/b/, 'c$']", "Pattern[/(?i:^default)/]")
)
BLIND_ENUMS = st.sampled_from(("Enum['default', true]", "Optional['abc']", "NotUndef['a']"))
TYPES = st.recursive(st.one_of(st.sampled_from(SIMPLE), ENUMS, PATTERNS, BLIND_ENUMS), combined, max_leaves=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(NUMBERS),
    st.sampled_from((0.0, 1.5, -2.0)),
    st.sampled_from(WORDS),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("a", "b", "abc", "x")), inner, max_size=3),
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("type_", SIMPLE)
def test_puppet_agrees_on_every_simple_type(puppet_types: RubyOracle, type_: str) -> None:
    for value in EACH_KIND:
        answer = fit(value_of(value), type_, {})
        truth = puppet_types.ask({"type": type_, "value": value})
        assert answer is Fit.UNKNOWN or (answer is Fit.YES) == truth, value


@settings(max_examples=examples(150))
@given(type_=TYPES, value=VALUES)
def test_puppet_agrees_wherever_we_say_yes_or_no(puppet_types: RubyOracle, type_: str, value: Any) -> None:
    answer = fit(value_of(value), type_, {})
    truth = puppet_types.ask({"type": type_, "value": value})
    assert answer is Fit.UNKNOWN or truth is None or (answer is Fit.YES) == truth


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("Boolean", "true", Fit.NO),
        ("Integer[0,65535]", 70000, Fit.NO),
        ("Stdlib::Port", 8774, Fit.YES),
        ("Stdlib::Port", "8774", Fit.NO),
        ("Optional[Stdlib::Port]", None, Fit.YES),
        ("Variant[Stdlib::Port, Enum['auto']]", "auto", Fit.YES),
        ("Array[Stdlib::Nested]", [[1, [2]]], Fit.YES),
        ("Array[Stdlib::Nested]", [[1, ["x"]]], Fit.NO),
        ("Stdlib::Unheard", 1, Fit.UNKNOWN),
        ("Stdlib::Circle", 1, Fit.UNKNOWN),
        ("Variant[Stdlib::Circle, Integer]", 1, Fit.YES),
        ("Stdlib::Wide", 1, Fit.UNKNOWN),
        ("Nova_config", "x", Fit.UNKNOWN),
        ("$nova::params::type", "x", Fit.UNKNOWN),
        ("Integer[0,", 1, Fit.UNKNOWN),
        ("Integer['a']", 1, Fit.UNKNOWN),
        ("Integer[5,1]", 3, Fit.UNKNOWN),
        ("Pattern[Regexp]", "x", Fit.UNKNOWN),
        ("Enum['ä', true]", "Ä", Fit.UNKNOWN),
        ("Struct[{Integer => String}]", {"a": "b"}, Fit.UNKNOWN),
        ("Struct[{a => 'b'}]", {"a": "b"}, Fit.NO),
        ("Struct[{a => 'b'}]", {}, Fit.NO),
        ("Struct[{Optional[a] => 'b'}]", {}, Fit.YES),
        ("Struct[{a => Optional['b']}]", {"a": "b"}, Fit.YES),
        ("Struct[String]", {"a": "b"}, Fit.UNKNOWN),
        ("Hash[String]", {"a": "b"}, Fit.UNKNOWN),
        ("Array[String, Integer]", ["a"], Fit.UNKNOWN),
        ("Array[1, 2]", ["a"], Fit.UNKNOWN),
        ("Numeric[1]", 1, Fit.UNKNOWN),
        ("Enum['a', 1]", "a", Fit.UNKNOWN),
        ("Array[5, Integer]", ["a"], Fit.UNKNOWN),
        ("Variant[5]", "a", Fit.UNKNOWN),
        ("Tuple", ["a"], Fit.YES),
    ],
)
def test_aliases_and_what_cannot_be_told(type_: str, value: Any, expected: Fit) -> None:
    aliases = {
        "stdlib::port": "Integer[0, 65535]",
        "stdlib::nested": "Variant[Integer, Array[Stdlib::Nested]]",
        "stdlib::circle": "Stdlib::Circle",
        "stdlib::wide": "Variant[Stdlib::Wide, Stdlib::Wide]",
    }
    assert fit(value_of(value), type_, aliases) is expected


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("Any", Fit.YES),
        ("Optional[Any]", Fit.YES),
        ("Variant[Integer, Any]", Fit.YES),
        ("Boolean", Fit.UNKNOWN),
        ("Optional", Fit.UNKNOWN),
        ("NotUndef", Fit.UNKNOWN),
        ("Optional['a']", Fit.UNKNOWN),
        ("Variant[Integer, String]", Fit.UNKNOWN),
    ],
)
def test_a_closed_value_fits_only_what_everything_fits(type_: str, expected: Fit) -> None:
    assert fit(Opaque(OpaqueReason.ENCRYPTED, 1), type_, {}) is expected


def test_what_is_closed_inside_leaves_the_rest_to_be_judged() -> None:
    closed = Opaque(OpaqueReason.INTERPOLATED, 1)
    assert fit(Array((closed, Literal("x", 1)), 1), "Array[Integer]", {}) is Fit.NO
    assert fit(Array((closed, Literal(1, 1)), 1), "Array[Integer]", {}) is Fit.UNKNOWN
    assert fit(Hash(((closed, Literal(1, 1)),), 1), "Struct[{'a' => Optional[Integer]}]", {}) is Fit.UNKNOWN


def test_a_value_nested_without_end_is_not_judged() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value]
    assert fit(value_of(value), "Data", {}) is Fit.UNKNOWN
