"""The syntax tree is the one of Puppet's own parser."""

from contextlib import suppress

import pytest

from pinner.model.errors import InputError
from pinner.puppet.language.nodes import Binary, Call, Conditional, Definition, Number, Text, Variable
from pinner.puppet.language.parser import parse_code, parse_expression
from tests.support.oracles import RubyOracle
from tests.support.puppet_language import row_of_puppet, rows

SHAPES = {
    "class": "class a::b(String $x = $a::params::x, Array[Integer, 1] $y = [1,2]) inherits ::a::params { }",
    "nested definitions": "class a { class b { } define c($t = 1) { } }",
    "function": "function m::f(Integer $a, *$b) >> Array[String] { $a }",
    "aliases": "type M::T = Variant[String, Enum['a', b]] type M::S = Struct[{a => Integer, Optional[b] => M::T}]",
    "node": "node 'x.example.org', /y\\.z$/, default { include a } node a.b.c { }",
    "statement calls": "include a, b\nrequire ::c\ninclude $d\nfail('x')\nfail \"y\"\nnotice [1], {a => 1}",
    "return": "function f() { if true { return 1 } return() }",
    "statement call at the end of a block": "$x.each |$y| { next }\nif $a { break }",
    "lambda": "$x.map |Integer $i, $v = 2| { $i + 1 }.filter |$y| { $y > 1 }\neach($x) |$k, *$v| { }",
    "return type of a lambda": "$x.map |$i| >> Integer { $i }",
    "interpolation": "\"a${x}b$y c${z['k'][0]}${d.downcase}${f(1)}${$g}${1}$::h::i\\$j\"",
    "interpolated keywords": '"${if} ${if.x} ${case[1]} ${undef}"',
    "interpolated code": "\"${if $x { 'a' } else { 'b' }} ${$x ? { 'a' => \"in ${y}\", default => '}' }}\"",
    "dollars that are none": '"$ costs 5$, $$x, $-"',
    "escapes": "\"a\\n\\t\\s\\\\\\\"\\u00e9\\u{1F600}\\q\" 'it\\'s \\\\ \\n'",
    "heredoc": '$a = @(EOT)\n  plain ${x}\n  | EOT\n$b = @("EOT"/L$n)\n  with ${x} \\$y \\\n  more\\n\n    in\n  |- EOT\n',
    "two heredocs on a line": 'f(@(A), @("B":json/))\none\nA\ntwo ${x}\n  - B\n$after = 1',
    "precedence": "$a = !$b and $c or $d == 1 + 2 * 3 - -4 << 1 < 2",
    "in and match": "$x in [1] and $y =~ /a\\/b/ or $z !~ 'c' and 'a' in $b == true",
    "selector": "$x ? { 'a' => 1, /b/ => 2, default => undef }",
    "selector binds looser than comparison": "$a == 1 ? { true => 'x', default => 'y' }",
    "if": "if $x { a() } elsif $y == present { } else { b() }",
    "unless": "unless $x =~ /a/ { a() } else { }",
    "case": "case $facts['os']['family'] { 'RedHat', /Deb/: { $z = 'q' } default: { fail(\"no ${x}\") } }",
    "case with types": "case $x { String[1]: { } Integer, Undef: { } *$others: { } }",
    "value of a case": "$x = case $y { 1: { 'a' } default: { 'b' } }",
    "resource": "file { ['/a', '/b']: ensure => present, * => $h; '/c': mode => '0644', }",
    "resource with a variable type": "Resource[$t] { 'a': x => 1 }",
    "class resource": "class { 'a': x => 1 } -> class { '::b': }",
    "virtual and exported": "@user { 'a': } @@nova::x { $t: class => 'b', default => 1, unless => 2 }",
    "defaults and overrides": "File { mode => '0644' } File['/a', '/b'] { owner +> 'x' }",
    "collectors": "Foo::Bar<| title == 'x' and (tag != y or z == 1) |> { a => 2 } User <<| |>>",
    "relations": "A['x'] -> B<| |> ~> c { 'd': } <- E['f'] <~ G['h']",
    "access": "$x[1][2,3]['a'] File['/x'] Foo[a => 1]",
    "list after a name": "include [a, b]",
    "assignments": "$x = $y = 1 $x += [1] [$a, $b] = f() [$c] = $d",
    "calls": "f(1, a => 2, b => 3, ) Integer('1') $x.f.g(1) Sensitive.new($x) contain(a::b)",
    "parentheses on a line of their own": "$x = $y\n(1 + 2).f",
    "types as values": "$x =~ Optional[String[1]] Type[Integer] =~ $y",
    "numbers": "0x1F 017 1.5 1e3 1.5e-3 -2 10",
    "hash": "{ a => 1, 'b' => [2, { c => 3 }], $d => undef, true => false, type => function }",
    "words with dashes": "{ a-b => x-1 }",
    "comments": "# a\n$x = 1 # b\n/* c\n d */ $y = 2",
    "semicolons": "$x = 1; $y = 2",
    "bare words": "{ ensure => present, present => a::b }",
    "regular expressions": "$x =~ /^a\"b'#c$/ ? { true => /x/ }",
    "division": "$a / $b / 2",
    "create_resources": "create_resources('nova::x', $h, { 'a' => -1 })",
    "unfold": "f(*$x, *[1,2])",
    "blanks": "\u00a0include\u00a0a\n",
}
REFUSED_BY_BOTH = (
    "class {",
    "if $x { ",
    "$x = ",
    "file { 'a' mode => 1 }",
    "case $x { 1 => 2 }",
    ") (",
    "$x ? { 1, 2 }",
    '"${x"',
    "class a { } }",
    "[1, 2",
    "define x(a) { }",
    "@->",
    "a ~>",
    "$x <<",
    "a { 'b': } !~",
    "[@@",
)


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_shapes_have_puppets_tree(text: str, puppet_language: RubyOracle) -> None:
    answer = puppet_language.ask({"text": text})
    assert "error" not in answer
    assert rows(parse_code(text)) == row_of_puppet(answer)


@pytest.mark.parametrize("text", REFUSED_BY_BOTH)
def test_what_puppet_refuses_is_refused(text: str, puppet_language: RubyOracle) -> None:
    assert "error" in puppet_language.ask({"text": text})
    with pytest.raises(InputError):
        parse_code(text)


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_manifest_that_ends_anywhere_is_read_or_refused(text: str) -> None:
    for end in range(len(text)):
        for cut in (text[:end], f'"${{{text[:end]}}}"', f"{text[:end]}}}"):
            with suppress(InputError):
                parse_code(cut)


@pytest.mark.parametrize(
    "text", ["class a inherits", "class", "node a.", "5e-", "define", "file { 'a': mode =>"]
)
def test_what_ends_too_early_is_refused_as_puppet_does(text: str, puppet_language: RubyOracle) -> None:
    assert "error" in puppet_language.ask({"text": text})
    with pytest.raises(InputError):
        parse_code(text)


def test_nodes_are_equal_wherever_they_are() -> None:
    assert parse_expression("[1, $x]") == parse_expression("  [ 1,\n $::x ]")
    assert parse_expression("'a'") == parse_expression("a")


def test_a_class_has_its_statements() -> None:
    (found,) = parse_code("class a($x = 1) { if $x { include b } }")
    assert isinstance(found, Definition)
    assert [one.name for one in found.parameters] == ["x"]
    (condition,) = found.body
    assert isinstance(condition, Conditional)
    assert condition.test == Variable(0, "x")
    assert condition.then == (Call(0, Text(0, "include"), (Text(0, "b"),)),)


def test_operators_bind_as_in_the_reference() -> None:
    assert parse_expression("1 + 2 * 3") == Binary(
        0, "+", Number(0, 1), Binary(0, "*", Number(0, 2), Number(0, 3))
    )


@pytest.mark.parametrize(
    "text", ["[" * 5000, "f(" * 5000, "!" * 5000, "if $x {" * 2000, '"${' * 2000, "$x = " * 5000]
)
def test_deep_nesting_is_an_error(text: str) -> None:
    with pytest.raises(InputError):
        parse_code(text)


def test_errors_name_the_line() -> None:
    with pytest.raises(InputError, match=r"line 3: expected ':' instead of 'mode'"):
        parse_code("include a\n\nfile { 'a' mode => 1 }")
