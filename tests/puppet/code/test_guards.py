"""Calls such as validate_legacy() and fail() are the types of parameters without a data type."""

import sys

import pytest

from pinner.model.errors import Location
from pinner.model.module_api import ModuleApi, Parameter
from pinner.model.operator_data import Use, UseOrigin
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.code.flows import Guards, read_guards
from pinner.puppet.language.nodes import Definition
from pinner.puppet.language.parser import parse_code
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.effects import CodeChange, effects_on
from pinner.puppet.usage.judge import Context, judge
from pinner.workspace.apis import definitions_from_json, definitions_to_json
from tests.support.data import value_of
from tests.support.module_files import read_module


def api(body: str, parameters: str = "$x = undef, $y = undef") -> ModuleApi:
    return read_module({"manifests/init.pp": f"class lamp({parameters}) {{ {body} }}".encode()})


def x(body: str) -> Parameter:
    return api(body).definitions[0].parameters[0]


def use(value: object) -> Use:
    return Use(UseOrigin.KEY, "lamp", "x", value_of(value), Location("common.yaml", 1), "lamp::x")


def errors(body: str, value: object) -> list[str]:
    found = judge([use(value)], Context(make_codebase({"lamp": api(body)})))
    return [f"{one.message} -- {one.hint}" for one in found]


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ("validate_legacy(Hash, 'validate_hash', $x)", "Hash"),
        ("validate_legacy(Optional[String], 'validate_string', $x)", "Variant[Optional[String], String]"),
        (
            "validate_legacy(Enum['tcp', 'tls'], 'validate_re', $x, ['^tcp$', '^tls$'], 'message')",
            "Variant[Enum['tcp', 'tls'], Pattern[/^tcp$/, /^tls$/]]",
        ),
        ("validate_array($x)", "Array"),
        ("validate_string($y, $x)", "String"),
        ("validate_re($x, '^(a|b)$')", "Pattern[/^(a|b)$/]"),
        ("assert_type(Boolean, $x)", "Boolean"),
        ("if $x { validate_hash($x) }", "Variant[Hash, Boolean[false]]"),
        ("if $x != undef { validate_hash($x) }", "Hash"),
        ("unless $y { validate_hash($x) }", None),
        ("if $y { validate_hash($x) }", None),
        ("if !is_service_default($x) { validate_array($x) }", None),
        ("validate_legacy($type, 'validate_hash', $x)", "Variant[$type, Hash]"),
        ("validate_legacy(Hash, 'validate_other', $x)", None),
        ("validate_hash($z)", None),
    ],
)
def test_types_that_calls_require(body: str, type_: str | None) -> None:
    if type_ == "Variant[$type, Hash]":
        type_ = x(body).checked  # a variable type is never certain to refuse a value
        assert errors(body, "text") == []
    assert x(body).checked == type_


@pytest.mark.parametrize(
    ("body", "wrong", "fine"),
    [
        ("validate_legacy(Hash, 'validate_hash', $x)", "text", {"a": 1}),
        ("validate_integer($x)", "many", "12"),
        ("validate_integer($x)", True, 12),
        ("validate_integer($x, 10, 1)", 11, 10),
        ("validate_integer($x, 10)", 11, -5),
        ("validate_slength($x, 3, 1)", "abcd", "abc"),
        ("validate_slength($x, 3, 1)", "", ["ab"]),
        ("validate_slength($x, 3)", 5, ""),
        ("unless $x =~ String[1] { fail('empty') }", "", "a"),
        ("if $x !~ Variant[Enum['a', 'b'], Integer[1, 5]] { fail('a, b or 1 to 5') }", 6, 5),
        ("validate_absolute_path($x)", "etc/x", "/etc/x"),
        ("validate_bool($x)", "true", True),
        ("if $x { validate_hash($x) }", "text", False),
        ("if !($x in ['a', 'b', $::os_service_default]) { fail('a or b') }", "c", "A"),
        ("if !($x in ['a', $facts['os_service_default']]) { fail('a') }", "c", "a"),
        ("unless $x =~ /^(a|b)$/ { fail('a or b') }", "c", "a"),
        ("if $x == 'old' { fail('not old') } else { include lamp::b }", "old", "new"),
        ("if $x == 'a' { } elsif $x == 'b' { } else { fail('a or b') }", "c", "b"),
        ("case $x { 'a', 'b': { } /^c/: { } default: { fail('a, b or c') } }", "d", "cc"),
        ("case $x { 'a': { fail('not a') } default: { } }", "a", "b"),
        ("if $x =~ Integer and $x > 5 { fail('at most 5') }", 6, 5),
    ],
)
def test_a_value_that_the_code_refuses_is_an_error(body: str, wrong: object, fine: object) -> None:
    assert len(errors(body, wrong)) == 1
    assert errors(body, fine) == []


@pytest.mark.parametrize(
    "body",
    [
        "if $y == 'b' and $x == 'a' { fail('not both') }",
        "if $x == lookup('a') { fail('no') }",
        "if $y { if $x == 'a' { fail('no') } }",
        "[1].each |$n| { if $x == 'a' { fail('no') } }",
        "if $facts['is_virtual'] and $x == 'a' { fail('no') }",
        "unless $x { fail('x is required') }",
        "fail('Unsupported')",
    ],
)
def test_what_is_not_certain_is_no_error(body: str) -> None:
    assert errors(body, "a") == []


def test_the_message_of_the_code_is_the_hint_and_a_platform_is_named() -> None:
    assert errors("if $x == 'a' { fail('a is not supported') }", "a") == [
        "the value of 'lamp::x' stops compilation -- a is not supported"
    ]
    (error,) = errors("if $facts['os']['family'] == 'RedHat' and $x == 'a' { fail('no') }", "a")
    assert error.startswith("the value of 'lamp::x' stops compilation on ")
    assert "Debian" not in error


def test_a_check_that_became_a_data_type_is_no_change() -> None:
    check = "validate_legacy(Hash, 'validate_hash', $x)"
    assert compare_apis(api(check, "$x"), api("", "Hash $x")) == ()
    assert [one.kind for one in compare_apis(api("", "$x"), api("", "Hash $x"))] == ["type-changed"]


def test_an_upgrade_reports_only_new_refusals() -> None:
    old, new = (
        api("if $x == 'a' { fail('no') }"),
        api("if $x == 'a' { fail('no') } if $x == 'b' { fail('nor b') }"),
    )
    change = CodeChange(make_codebase({"lamp": old}), make_codebase({"lamp": new}), compare_apis(old, new))
    assert list(effects_on([use("a")], change)) == []
    assert [(one.effect.value, one.hint) for one in effects_on([use("b")], change)] == [
        ("breaks", "the code refuses this value: nor b")
    ]


def test_checks_are_stored() -> None:
    found = api("validate_hash($x) if $y == 'a' { fail('no') }").definitions
    assert definitions_from_json("manifests/init.pp", definitions_to_json(found)) == found


def test_a_case_with_a_check_in_every_option_is_read_in_one_pass() -> None:
    def read(options: int) -> tuple[int, Guards]:
        body = " ".join(f"'{one}': {{ fail('not {one}') }}" for one in range(options))
        (node,) = parse_code(f"class lamp($x) {{ case $x {{ {body} default: {{ fail('none') }} }} }}")
        assert isinstance(node, Definition)
        calls = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(count)
        try:
            found = read_guards(node)
        finally:
            sys.setprofile(None)
        return calls, found

    (few, first), (many, second) = read(200), read(2_000)
    assert many < 10 * few
    assert first == second
    assert [one.message for one in first.refusals["x"]][:2] == ["not 0", "not 1"]
