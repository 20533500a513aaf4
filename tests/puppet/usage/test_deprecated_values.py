"""A warning under a condition deprecates the values that meet it, on the platforms where it is met."""

import pytest

from pinner.model.errors import Location
from pinner.model.module_api import ModuleApi
from pinner.model.operator_data import PlaceScope, Use, UseOrigin
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.usage.codebase import Declared, LookupOptions, make_codebase
from pinner.puppet.usage.effects import CodeChange, effects_on
from pinner.puppet.usage.judge import Context, judge
from tests.support.data import value_of
from tests.support.module_files import read_module

WARNING = "warning('Such an x parameter is deprecated.')"


def api(body: str) -> ModuleApi:
    return read_module({"manifests/init.pp": f"class lamp($x = undef, $y = undef) {{ {body} }}".encode()})


def use(value: object) -> Use:
    return Use(UseOrigin.KEY, "lamp", "x", value_of(value), Location("common.yaml", 1), "lamp::x")


def found(body: str, value: object) -> list[str]:
    return [one.message for one in judge([use(value)], Context(make_codebase({"lamp": api(body)})))]


@pytest.mark.parametrize(
    ("condition", "deprecated", "fine"),
    [
        ("$x =~ String", "text", ["text"]),
        ("$x =~ Array", ["text"], "text"),
        ("$x == 'old'", "old", "new"),
        ("$x == false", False, True),
        ("!$x and $x != undef", False, True),
        ("$x in ['a', 'b']", "a", "c"),
        ("$x =~ /^http:/", "http://x", "https://x"),
        ("$x and $x !~ /^https:/", "http://x", "https://x"),
        ("$x and !($x =~ /^https:/)", "http://x", "https://x"),
        ("!($x in ['redis', 'file'])", "zake", "file"),
        ("$x != 'ovn' and $x != 'ovs'", "linuxbridge", "ovs"),
        ("$facts['os']['family'] != 'None' and $x =~ String", "text", 5),
    ],
)
def test_the_operators_own_value_is_judged(condition: str, deprecated: object, fine: object) -> None:
    body = f"if {condition} {{ {WARNING} }}"
    assert found(body, deprecated) == ["this value of parameter 'x' of class 'lamp' is deprecated"]
    assert found(body, fine) == []


@pytest.mark.parametrize(
    "condition",
    ["$x", "$x != undef", "!is_service_default($x)", "$x =~ NotUndef", "$x != 'the default'", "$x !~ /^$/"],
)
def test_a_test_for_any_value_deprecates_the_parameter(condition: str) -> None:
    body = f"if {condition} {{ {WARNING} }}"
    assert found(body, "text") == ["parameter 'x' of class 'lamp' is deprecated"]


def test_of_a_condition_on_several_parameters_that_the_message_names_each_is_deprecated() -> None:
    body = "if $x and $y { warning('The x and y parameters are deprecated') }"
    assert found(body, 1) == ["parameter 'x' of class 'lamp' is deprecated"]


def test_what_depends_on_something_unknown_is_not_reported() -> None:
    assert found(f"if $y and $x {{ {WARNING} }}", "text") == []
    assert found(f"if $facts['is_virtual'] and $x {{ {WARNING} }}", "text") == []


def test_a_platform_is_named() -> None:
    body = f"if $facts['os']['family'] == 'RedHat' and $x {{ {WARNING} }}"
    (message,) = found(body, "text")
    assert message.startswith("this value of parameter 'x' of class 'lamp' is deprecated on ")
    assert "Debian" not in message
    assert "Ubuntu" not in message


def test_an_upgrade_reports_values_that_become_deprecated() -> None:
    before, after = api(""), api(f"if $x =~ String {{ {WARNING} }}")
    codebases = make_codebase({"lamp": before}), make_codebase({"lamp": after})
    change = CodeChange(*codebases, compare_apis(before, after))
    assert [(one.effect.value, one.hint) for one in effects_on([use("text")], change)] == [
        ("deprecated", "Such an x parameter is deprecated.")
    ]
    assert list(effects_on([use(["text"])], change)) == []
    same = CodeChange(codebases[1], codebases[1], ())
    assert list(effects_on([use("text")], same)) == []


BOTH = f"if $x and $y {{ {WARNING} }}"
NEITHER = "if $x == 'a' and !$y { fail('x needs y') }"
FILE, OTHER = "common.yaml", "other.yaml"


def key(name: str, value: object, path: str = FILE, machines: str = "") -> Use:
    return Use(
        UseOrigin.KEY,
        "lamp",
        name,
        value_of(value),
        Location(path, 1),
        f"lamp::{name}",
        scope=PlaceScope(machines),
    )


NO, NO_IN_OTHER = key("y", value=False), key("y", value=False, path=OTHER)


def on_x(body: str, *uses: Use, is_partial: bool = False, options: LookupOptions | None = None) -> list[str]:
    """What is reported of the parameter x."""
    declared = Declared(is_partial=is_partial)
    context = Context(make_codebase({"lamp": api(body)}), options or LookupOptions(), declared=declared)
    return [
        one.message
        for one in judge(uses, context)
        if "lamp::y" not in one.message and "'y'" not in one.message
    ]


@pytest.mark.parametrize(
    ("beside", "is_deprecated"),
    [
        ([key("y", "b")], True),
        ([key("y", "b"), key("y", "b", OTHER)], True),
        ([NO], False),
        ([], False),
        ([key("y", "b"), NO_IN_OTHER], False),
        ([key("y", "b", OTHER, "role 'x'")], False),
        ([key("y", "b", machines="role 'x'")], True),
    ],
)
def test_a_combination_is_judged_with_the_value_of_the_other_key(
    beside: list[Use], *, is_deprecated: bool
) -> None:
    expected = ["this value of parameter 'x' of class 'lamp' is deprecated"] if is_deprecated else []
    assert on_x(BOTH, key("x", "a"), *beside) == expected


@pytest.mark.parametrize(("is_partial", "refused"), [(False, True), (True, False)])
def test_another_parameter_without_a_key_has_its_default_if_all_of_hiera_was_given(
    *, is_partial: bool, refused: bool
) -> None:
    found = on_x(NEITHER, key("x", "a"), is_partial=is_partial)
    assert found == (["the value of 'lamp::x' stops compilation"] if refused else [])
    assert on_x(NEITHER, key("x", "a"), key("y", 1), is_partial=is_partial) == []


def test_a_value_that_hiera_merges_or_that_code_gives_is_not_known() -> None:
    uses = key("x", "a"), key("y", "b")
    assert on_x(BOTH, *uses, options=LookupOptions(frozenset({"lamp::y"}))) == []
    in_code = Use(UseOrigin.CLASS, "lamp", "y", value_of(plain=False), Location("x.pp", 1), "lamp::y")
    assert on_x(BOTH, *uses, in_code) == []


def test_an_upgrade_reports_a_combination_that_becomes_deprecated_or_refused() -> None:
    before, after = api(""), api(f"{BOTH} if $x == 'a' and $y == 'b' {{ fail('not both') }}")
    codebases = make_codebase({"lamp": before}), make_codebase({"lamp": after})
    change = CodeChange(*codebases, compare_apis(before, after))

    def effects(y: str) -> list[tuple[str, str]]:
        return [(one.key, one.effect.value) for one in effects_on([key("x", "a"), key("y", y)], change)]

    assert effects("b") == [("lamp::x", "deprecated"), ("lamp::x", "breaks"), ("lamp::y", "breaks")]
    assert effects("c") == [("lamp::x", "deprecated")]
