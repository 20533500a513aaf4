"""Values are those of Puppet's evaluator; what depends on anything unknown is no value."""

from typing import Any

import pytest

from pinner.puppet.language.evaluate import (
    CompilationFails,
    NotConstant,
    Scope,
    Sensitive,
    decide,
    evaluate,
    run,
)
from pinner.puppet.language.nodes import Definition
from pinner.puppet.language.parser import parse_code, parse_expression
from tests.support.oracles import RubyOracle

FACTS: dict[str, Any] = {
    "os": {"family": "RedHat", "name": "CentOS", "release": {"full": "9.1", "major": "9"}},
    "osfamily": "RedHat",
    "processors": {"count": 4},
}
# Each with the value that Puppet has for it; functions of stdlib are tested below.
EXPRESSIONS: dict[str, Any] = {
    "1 + 2 * 3 - 4": 3,
    "7 / 2": 3,
    "-7 / 2": -4,
    "-7 % 3": 2,
    "7.0 / 2": 3.5,
    "1 << 3": 8,
    "'1' + 2": 3,
    "'1e3' + 1": 1001.0,
    "' -0x1F ' + 0": -31,
    "1 << -1": 0,
    "[1, true] - 1": [True],
    "[1] + { 'a' => 1 }": [1, ["a", 1]],
    "[*undef, *{ 'a' => 1 }, *2]": [["a", 1], 2],
    "{ 'a' => 1, 'b' => 2 } - ['a']": {"b": 2},
    "{ 'a' => undef } == { 'b' => undef }": True,
    "case { 'a' => 1, 'b' => 2 } { { 'a' => 1 }: { 'some' } }": "some",
    "'Ä' == 'ä'": False,
    "unique([1, 1.0, [1], [1.0]])": [1, 1.0, [1], [1.0]],
    "'x' =~ /(?<name>x)|\\h/": True,
    "'abc' == 'ABC'": True,
    "'abc' != 'ABC'": False,
    "1 == '1'": False,
    "1 == 1.0": True,
    "true == 'true'": False,
    "undef == ''": False,
    "'B' > 'a'": True,
    "'a' in 'bAr'": True,
    "'A' in ['a', 'b']": True,
    "1 in [2, 3]": False,
    "'K' in { 'k' => 1 }": True,
    "'abc' =~ /B/": False,
    "'abc' =~ /^a.c$/": True,
    "'abc' !~ 'x'": True,
    "1 =~ Integer": True,
    "'1' =~ Integer": False,
    "undef =~ Undef": True,
    "!'' ": False,
    "!undef": True,
    "'' and false": False,
    "undef or 'x'": True,
    "false or false": False,
    "[1, [2]] + [3]": [1, [2], 3],
    "[1, 2, 2] - 2": [1],
    "[1, 2, 3][-1]": 3,
    "[1, 2, 3][1, 2]": [2, 3],
    "[1, 2, 3][7]": None,
    "'abcdef'[1, 3]": "bcd",
    "{ 'a' => 1 } + { 'b' => 2, 'a' => 3 }": {"a": 3, "b": 2},
    "{ 'a' => { 'b' => [5] } }['a']['b'][0]": 5,
    "{ 'a' => 1 }['c']": None,
    "\"a${$osfamily}b${facts['processors']['count']}c${[true, undef]}\"": "aRedHatb4c[true, ]",
    "\"${[1, 'x', undef]} ${ { 'a' => 1 } }\"": "[1, x, ] {a => 1}",
    "$facts['os']['family']": "RedHat",
    "$osfamily ? { 'redhat' => 'r', default => 'd' }": "r",
    "$osfamily ? { /^Red/ => 'r', default => 'd' }": "r",
    "$facts['os']['name'] ? { 'Debian' => 1, default => 2 }": 2,
    "if $facts['os']['release']['major'] == '9' { 'new' } else { 'old' }": "new",
    "unless true { 1 } else { 2 }": 2,
    "case $osfamily { 'Debian', 'RedHat': { 'yes' } default: { 'no' } }": "yes",
    "case 5 { Integer: { 'number' } default: { 'other' } }": "number",
    "case 'a' { *['b', 'A']: { 1 } default: { 2 } }": 1,
    "if false { 1 }": None,
    "versioncmp('1.10', '1.9')": 1,
    "versioncmp('9', '9.0')": -1,
    "versioncmp('2.0-1', '2.0')": 1,
    "downcase('ABC')": "abc",
    "'abc'.upcase": "ABC",
    "join(['a', ['b', 1]], '-')": "a-b-1",
    "flatten([1, [2, [3]]])": [1, 2, 3],
    "unique([1, 2, 1])": [1, 2],
    "empty([])": True,
    "length('abc')": 3,
    "String(1)": "1",
    "Integer('42')": 42,
    "$x = 3": 3,
    "1.5 + 2": 3.5,
    "2 * '3.5'": 7.0,
    "16 >> 2": 4,
    "-(3)": -3,
    "[1, *[2, 3]]": [1, 2, 3],
    "[1, 2] << [3]": [1, 2, [3]],
    "[1, 2, 3] - [1, 3]": [2],
    "[1, 2] == [1, 2]": True,
    "[1, 2] == [1, 3]": False,
    "{ 'a' => 'X' } == { 'a' => 'x' }": True,
    "{ 'a' => 1 } == { 'b' => 1 }": False,
    "1 in 5": False,
    "2 <= 3.5": True,
    "3 >= 4": False,
    "5 ? { /5/ => 'y', default => 'n' }": "n",
    "'ab' =~ /b/ ? { true => 'y', default => 'n' }": "y",
    "'abc'[7]": "",
    "'abcdef'[1, -2]": "bcde",
    "[1, 2, 3, 4][-2, 2]": [3, 4],
    "[1, 2, 3][7, 1]": [],
    "'x' =~ String": True,
    "1.5 =~ Float": True,
    "1.5 =~ Numeric": True,
    "true =~ Numeric": False,
    "true =~ Boolean": True,
    "1 =~ NotUndef": True,
    "[1] =~ Array": True,
    "{} =~ Hash": True,
    "[1] =~ Collection": True,
    "'x' =~ Any": True,
    "undef =~ Scalar": False,
    "case 'c' { 'a': { 1 } }": None,
    "case 'c' { default: { 1 } 'c': { 2 } }": 2,
    "'b' ? { default => 1, 'b' => 2 }": 2,
    "$y = [1, 2]": [1, 2],
    "Numeric('1.5')": 1.5,
    "Boolean(true)": True,
    "String('x')": "x",
    "notice('x')": None,
    "capitalize('abc')": "Abc",
    "strip(' a ')": "a",
    "upcase(['a', ['b']])": ["A", ["B"]],
    "empty('')": True,
    "size([1, 2])": 2,
    "length({ 'a' => 1 })": 1,
    "versioncmp('1.2', '1.2')": 0,
    "versioncmp('1.2-3', '1.2.3')": -1,
    "versioncmp('1.2.3', '1.2-3')": 1,
    "versioncmp('1.a', '1.b')": -1,
    "versioncmp('1.b', '1.a')": 1,
    "versioncmp('1.9', '1.10')": -1,
    "versioncmp('1.01', '1.1')": -1,
    "versioncmp('1.02', '1.01')": 1,
}
UNKNOWN = (
    "$other::class::variable",
    "$facts['fqdn']",
    "$facts['os']['distro']['codename']",
    "generate('/bin/date')",
    "lookup('key')",
    "[1, 2].map |$x| { $x + 1 }",
    "'x' =~ /(?=x)x/",
    "5 =~ /5/",
    "7.5 % 2",
    "any2array('')",
    "bool2str(true, 1, 'no')",
    "delete_undef_values('x')",
    "concat('a', 'b')",
    "versioncmp(1, 2)",
    "9223372036854775807 + 1",
    "1.0e300 * 1.0e300",
    "{ 1 => 'a', 1.0 => 'b' }",
    "1 / 0",
    "1 + 'x'",
    "'a' < 1",
    "File['/x']",
    "{ { 'a' => 1 } => 2 }",
    "'x' =~ 5",
    "'x' =~ Oven::Heat",
    "'x' ? { Tuple['x'] => 1, default => 2 }",
    "case 'x' { Tuple['x']: { 1 } }",
    "'x' =~ '('",
    "'x' =~ 'a{2,1}'",
    "5['x']",
    "1.5 << 2",
    "1 << 70",
    "5 % 0",
    "true + 1",
    "[$a, $b] = 5",
    "Float('x')",
    "Integer('x')",
    "Boolean('x')",
    "join('x')",
    "merge({}, 1)",
    "downcase(1)",
    "empty(true)",
    "unique(1)",
    "length(1)",
    "size()",
    "str2bool('perhaps')",
    "bool2str('x')",
    "pick(lookup('key'))",
)


def value_of(text: str, **names: Any) -> Any:
    (node,) = parse_code(text)
    return evaluate(node, Scope(FACTS, dict(names)))


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return {key: plain(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values(text: str) -> None:
    found = plain(value_of(text))
    assert (type(found), found) == (type(EXPRESSIONS[text]), EXPRESSIONS[text])


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_puppet_has_the_same_values(text: str, puppet_language: RubyOracle) -> None:
    assert puppet_language.ask({"value": text, "facts": FACTS}) == {"value": EXPRESSIONS[text]}


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_not_known_is_no_value(text: str) -> None:
    with pytest.raises(NotConstant):
        value_of(text)


# Source: the references of puppetlabs-stdlib and puppet-openstacklib.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pick(undef, '', 'a', 'b')", "a"),
        ("pick_default(undef, '')", ""),
        ("merge({ 'a' => 1 }, { 'a' => 2, 'b' => 3 })", {"a": 2, "b": 3}),
        ("concat([1], [2, 3], 4)", [1, 2, 3, 4]),
        ("any2array('a')", ["a"]),
        ("any2array({ 'a' => 1 })", ["a", 1]),
        ("str2bool('yes')", True),
        ("any2bool(false)", False),
        ("bool2str(true, 'on', 'off')", "on"),
        ("delete_undef_values([1, undef])", [1]),
        ("is_service_default('x')", False),
        ("is_service_default(os_service_default())", True),
        ("pick_default(undef, 'a')", "a"),
        ("any2array('a', 'b')", ["a", "b"]),
        ("any2array([1])", [1]),
        ("any2array('a', undef)", ["a", ""]),
        ("pick('undef', 'a')", "undef"),
        ("pick_default('', undef)", ""),
        ("concat([1], undef, [[2]])", [1, "", [2]]),
        ("str2bool(true)", True),
        ("str2bool('N')", False),
        ("any2bool('t')", True),
        ("bool2str(false)", "false"),
        ("delete_undef_values({ 'a' => 1, 'b' => undef })", {"a": 1}),
        ("unwrap(Sensitive(Sensitive('x')))", "x"),
        ("unwrap('x')", "x"),
    ],
)
def test_functions_of_stdlib(text: str, value: Any) -> None:
    assert plain(value_of(text)) == value


def test_sensitive_values_keep_their_wrapper() -> None:
    assert value_of("Sensitive('x')") == Sensitive("x")
    assert value_of("\"${Sensitive('x')}\"") == "Sensitive [value redacted]"


@pytest.mark.parametrize("text", ["fail('no')", "pick(undef)", "Integer('24.04')", "1 ? { 2 => 3 }"])
def test_code_that_fails(text: str) -> None:
    with pytest.raises(CompilationFails):
        value_of(text)


def variables_of(body: str, **facts: Any) -> tuple[dict[str, Any], dict[str, str]]:
    (found,) = parse_code(f"class a::params {{ {body} }}")
    assert isinstance(found, Definition)
    scope = Scope(facts)
    run(found.body, scope)
    return scope.variables, scope.unknown


def test_the_variables_of_a_class() -> None:
    body = """
      include other
      $port = 1
      case $facts['os']['family'] {
        'RedHat': { $package = 'r' $path = "/etc/${package}" }
        'Debian': { $package = 'd' }
        default: { fail('unsupported') }
      }
      file { $path: ensure => present }
    """
    assert variables_of(body, os={"family": "RedHat"})[0] == {"port": 1, "package": "r", "path": "/etc/r"}
    assert variables_of(body, os={"family": "Debian"})[0] == {"port": 1, "package": "d"}
    with pytest.raises(CompilationFails, match="unsupported"):
        variables_of(body, os={"family": "Suse"})


def test_what_is_assigned_under_an_unknown_condition_is_unknown() -> None:
    body = "$a = 1 $b = 2 if $facts['kernel'] == 'x' { $b = 3 if true { $c = 4 } } $d = $c $e = $a"
    variables, unknown = variables_of(body)
    assert variables == {"a": 1, "e": 1}
    assert unknown == {"b": "the fact kernel", "c": "the fact kernel", "d": "the fact kernel"}


@pytest.mark.parametrize(
    ("body", "variables", "unknown"),
    [
        ("[$a, $b] = [1, 2]", {"a": 1, "b": 2}, {}),
        ("$a = $facts['x'] $b = $a", {}, {"a": "the fact x", "b": "the fact x"}),
        ("[$a, $b] = $facts['x']", {}, {"a": "the fact x", "b": "the fact x"}),
        (
            "case $facts['x'] { 1: { $a = 1 } default: { $b = 2 } }",
            {},
            {"a": "the fact x", "b": "the fact x"},
        ),
        ("unless $facts['x'] { $a = 1 } else { $b = 1 }", {}, {"a": "the fact x", "b": "the fact x"}),
    ],
)
def test_assignments_in_all_shapes(body: str, variables: dict[str, Any], unknown: dict[str, str]) -> None:
    assert variables_of(body) == (variables, unknown)


def test_names_of_an_outer_scope_are_found() -> None:
    outer = Scope(variables={"a": 1}, unknown={"b": "the fact x"})
    inner = Scope(variables={"c": 2}, parent=outer)
    assert evaluate(parse_expression("$a + $c"), inner) == 3
    with pytest.raises(NotConstant, match="the fact x"):
        evaluate(parse_expression("$b"), inner)


def test_all_facts_are_a_hash() -> None:
    assert value_of("$facts") == FACTS


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("!false", True),
        ("!$other::x", None),
        ("true or $other::x", True),
        ("$other::x or true", True),
        ("$other::x and false", False),
        ("$other::x and true", None),
        ("true and 1 == 1", True),
        ("false or undef", False),
        ("fail('no')", None),
    ],
)
def test_conditions_of_which_a_part_is_unknown(text: str, *, decision: bool | None) -> None:
    assert decide(parse_expression(text), Scope(FACTS)) is decision


def test_variables_of_other_classes_are_asked_for() -> None:
    scope = Scope(resolve=lambda name: {"b::params::x": 5}[name])
    assert evaluate(parse_expression("$::b::params::x + 1"), scope) == 6


def test_deep_values_are_not_computed() -> None:
    text = "+".join(["1"] * 140)
    assert value_of(text) == 140
    with pytest.raises(NotConstant):
        value_of("join([$x, $x], $x)", x="y" * 600_000)
