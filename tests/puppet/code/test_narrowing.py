import pytest

from pinner.puppet.code.defaults import Width, width

WIDER = [
    ("String", "Any"),
    ("String", "Optional[String]"),
    ("Enum['a']", "Enum['a', 'b']"),
    ("Enum['a', 'b']", "String"),
    ("Pattern[/a/]", "Pattern[/a/, /b/]"),
    ("Integer[0, 65535]", "Integer[0]"),
    ("Integer[1, 2]", "Integer"),
    ("Integer", "Numeric"),
    ("String[1]", "String"),
    ("Boolean", "Variant[Boolean, Enum['<SERVICE DEFAULT>']]"),
    ("Variant[Boolean, Integer]", "Variant[Integer, String, Boolean]"),
    ("Optional[Enum['a']]", "Variant[Undef, Enum['a', 'b'], Integer]"),
    ("Array[Enum['a']]", "Array[String]"),
    ("Array[String, 1]", "Array[String]"),
    ("Array[String]", "Array"),
    ("Hash[String, Integer]", "Hash[String, Optional[Integer]]"),
    ("Struct[{ 'a' => Integer }]", "Hash"),
    ("Nova::Key", "Optional[Nova::Key]"),
    ("Nova::Key", "Variant[Nova::Key, String]"),
]


@pytest.mark.parametrize(("narrow", "wide"), WIDER)
def test_a_type_is_widened_or_narrowed(narrow: str, wide: str) -> None:
    assert width(narrow, wide) is Width.WIDENED
    assert width(wide, narrow) is Width.NARROWED
    assert width(wide, wide) is Width.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Optional['a']", "Optional[Enum['a']]"),
        ("Variant[String, Integer]", "Variant[Integer, String]"),
        ("Variant[Undef, String]", "Optional[String]"),
        ("Enum['a','b']", "Enum['b', 'a']"),
        ("::Nova::Key", "Nova::Key"),
    ],
)
def test_two_spellings_of_one_type_are_the_same(one: str, other: str) -> None:
    assert width(one, other) is Width.SAME


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("String", "Integer"),
        ("Nova::Key", "Nova::Other"),
        ("Enum['a', 'b']", "Enum['b', 'c']"),
        ("Integer[0, 5]", "Integer[3, 9]"),
        ("Hash[String, Integer]", "Hash[Integer, String]"),
        ("Optional[Hash[Enum['key', 'type'], String[1]]]", "Struct[{ key => String[1] }]"),
        ("Array[String]", "Hash[String, String]"),
        ("Enum[$a]", "Enum[$b]"),
        ("Pattern[/a/]", "Enum['a']"),
    ],
)
def test_types_that_cannot_be_told_apart_by_width_are_unclear(old: str, new: str) -> None:
    assert width(old, new) is Width.UNCLEAR


def test_a_hostile_type_costs_no_more_than_its_budget() -> None:
    one, other = ("Variant[" + ", ".join(f"{name}{i}" for i in range(400)) + "]" for name in ("A", "B"))
    assert width(one, other) is Width.UNCLEAR
