"""What the evaluator computes is what Ruby computes; what it cannot compute is reported, never wrong."""

import pytest

from pinner.puppet.ruby.declarations import Declaration, Literal, Symbol
from pinner.puppet.ruby.evaluate import evaluate_declarations
from tests.support.oracles import RubyOracle

COMPUTED = [
    *(
        "'a' + 'b'",
        "'%s-%s' % ['a', 1]",
        "'ab'.dup",
        "'ab'.to_sym",
        "''.empty?",
        "'abc'.length",
        "'abc'.size",
    ),
    *("'aB'.upcase", "'aB'.downcase", "'aB'.capitalize", '" a\\n".strip', '"a\\r\\n".chomp', '"a\\n".chomp'),
    *("'a'.chomp", "'a.b'.chomp('.b')", "'abc'.include?('b')", "'abc'.start_with?('x', 'a')"),
    *("'abc'.end_with?('c')", "'abc'.delete_prefix('a')", "'abc'.delete_suffix('c')", "'aba'.sub('a', 'c')"),
    *(
        "'aba'.gsub('a', 'c')",
        "'a/b//'.split('/').length",
        "' a  b '.split.last",
        "'a'.to_s",
        ":a.to_s",
        "nil.to_s",
    ),
    *(
        "true.to_s",
        "1.to_s",
        "1 + 2",
        "3 - 1",
        "3 * 2",
        "1 < 2",
        "2 <= 2",
        "1 > 2",
        "2 >= 3",
        "1.to_i",
        ":a.to_sym",
    ),
    *("nil.nil?", "1.nil?", "'a'.freeze", "'a' == 'a'", "1 == true", "'a' != 'b'", "'a'.eql?('a')"),
    *("[1, [2]] == [1, [2]]", "[1] == [1, 2]", "{ a: 1 } == { a: 1 }", "{ a: 1 } == { b: 1 }"),
    *(
        "['a', 'b'].first",
        "['a', 'b'].last",
        "['a'][1]",
        "[1, 2].length",
        "[].empty?",
        "[nil].any?",
    ),
    *(
        "[1, true].include?(true)",
        "['a', ['b', :c]].join('-')",
        "[1, [2, [3]]].flatten.length",
        "[1, 1, true].uniq.size",
    ),
    *("[nil, 1].compact.first", "['b', 'a'].sort.first", "['a', 'b'].reverse.join", "([1] + [2]).size"),
    *("([1, 2] - [1]).first", "[1].dup.to_a.first", "nil.to_a.size", "{ a: 1 }[:a]", "{ a: 1 }.fetch(:b, 2)"),
    *(
        "{ a: 1 }.fetch(:a)",
        "{ a: 1 }.merge({ b: 2 }).size",
        "{ a: 1, b: 2 }.except(:a).keys.first",
        "{ a: 1 }.key?(:a)",
    ),
    *(
        "{ a: 1 }.values.last",
        "{ a: 1 }.length",
        "{}.empty?",
        "{ a: 1 }.to_a.first.last",
        "{ a: 1 }.dup.include?(:b)",
    ),
    *(
        "{ a: 1 }.select { |k, v| v == 2 }.size",
        "{ a: 1 }.reject { |k, v| v == 2 }.size",
        "{ a: 1 }.map { |k, v| v }.first",
    ),
    *(
        "[1, 2].select { |x| x > 1 }.first",
        "[1, 2].reject { |x| x > 1 }.first",
        "[1, 2].flat_map { |x| [x, x] }.size",
    ),
    *(
        "[1, 2].flat_map { |x| x }.size",
        "[1].collect { |x| x + 1 }.first",
        "[1].each { |x| x }.first",
        "2.times { |x| x }",
    ),
    *(
        "[[1, [2, 3]]].map { |a, (b, c)| c }.first",
        "[5].each_with_index { |x, i| i }.size",
        "[1].map { || 3 }.first",
    ),
    *(
        "(not true)",
        "!nil",
        "(1 if true)",
        "(1 unless true)",
        "true ? 'a' : 'b'",
        "nil&.size",
    ),
    *(
        '"a#{1 + 1}b#{"c"}"',
        "\"a\\n#{'b'}\"",
        ':"a#{1}"',
        "%w[a b].last",
        "%i[a b].last",
        "'a' 'b'",
        '"#{[1].first}"',
    ),
    *("(1..3).map { |x| x }.last", "(1...3).size", "(1..3).to_a.length", "('a'..'c').first", "[*1..4].size"),
    *(
        "(1..3).include?(3)",
        "(2..1).size",
        "(1..2).select { |x| x > 1 }.first",
        "('b'..'d').map(&:upcase).join",
    ),
    *(
        "%w[a b].map(&:to_sym).last",
        "[' a '].map(&:strip).first",
        "1.upto(3) { |x| x }",
        "[nil, 1].reject(&:nil?).size",
    ),
    *("'v%02d' % 7", "'%d.%s' % [1, 'x']", "'%03d-%s' % [5, 'a']", "'%4d|' % 12", "'%3s|' % 'a'"),
    *("(case 1 when 2, 1 then 'a' else 'b' end)", "(case 'x' when 'y' then 'a' end)", "begin; 1; 2; end"),
    *(
        "(if false then 1 elsif true then 2 else 3 end)",
        "[*[1, 2], 3].size",
        "{ **{ a: 1 }, b: 2 }.size",
        "(nil || 'a')",
    ),
    *(
        "(1 && 2)",
        "(false or 3)",
        "(1 and 2)",
        "[1, 2].map { |x| next 5 if x == 1; x }.first",
        "[3].each { |x| break 9 }",
    ),
]
"""Expressions; each is an argument."""
PROGRAMS = [
    "def a(b, c = 'd', e: 'f', **g)\n  return b if c == 'x'\n  b + c + e\nend\nmod a('1')\nmod a('1', 'x')\nmod a('1', '2', e: '3')",
    "def a b\n  mod b\nend\na 'x'",
    "for a in ['x', 'y'] do mod a end",
    "for a, b in [['x', 'y']]\n  mod a, b\nend",
    "a = {}\na[:b] = 'c'\na.update({ d: 'e' })\na.each_key { |k| mod k }\na.each_value { |v| mod v }\na.each_pair { |k, v| mod k, v }",
    "a = []\na << 'b'\na.push('c', 'd')\na.each { |x| mod x }",
    "a = nil\na ||= 'b'\na &&= 'c'\na += 'd'\nmod a",
    "@a = 'b'\n$c = 'd'\nmod @a, $c\nmod 'x' unless @e",
    "[['a', { git: 'b' }]].each do |name, options|\n  mod name, **options\nend",
    '2.times do |x|\n  mod "a#{x}"\nend',
    '(1..3).each { |n| mod "cell#{n}", "v#{n}" }',
    '1.upto(2) do |n|\n  mod "cell%02d" % n\nend',
    "%w[\n  a\n  b\n].map(&:upcase).each { |n| mod n }",
    "for n in 1..2 do mod n end",
]
REFUSED = [
    *(
        "'é'.upcase",
        "'a'.gsub('a', '\\\\0')",
        "'a'.split('')",
        "'%x' % 1",
        "'%d' % 'a'",
        "'%d'  % [1, 2]",
        "'%d%%' % 1",
        "(case 2 when 1..3 then 'a' end)",
        "(1..100000).size",
        "('a'..'C').size",
        "('aa'..'ac').size",
        "[1..2].flatten.size",
        "[1].map(&:nosuch).first",
        "'a' + 1",
        "1 + 'a'",
        "[1] + 1",
        "[1, 2].sort.first",
    ),
    *(
        "{ a: 1 }.fetch(:b)",
        "{ a: 1 }.merge(1)",
        "{ [1] => 2 }.size",
        "{ a: 1 }.key?([1])",
        "'a'.chars.first",
        "1.to_a",
        "1.to_sym",
    ),
    *(
        "'a'.upcase(1, 2)",
        "[1].to_s",
        '"#{[1]}"',
        "{ **1 }.size",
        "[*1].size",
        "1.each { |x| x }",
        "[1].sum { |x| x }",
    ),
    *(
        "999999999999999999 * 9",
        "[1].group_by { |x| x }.size",
        '"#@a"',
        '"#{1"',
        '"#{def}"',
        '"#{1 2}"',
        "(case 1 when x then 2 end)",
    ),
    *(
        "[1].map { |1| 2 }",
        "[1].map { |x; 2 }",
        "(case 1 else 2)",
        "begin 1",
        "a(1) = 2",
        "true ? 1 2",
        "'a'.(1)",
        "x::Y",
        "1::Y",
    ),
]


def encode(value: Literal) -> object:
    return {"symbol": value.name} if isinstance(value, Symbol) else value


def calls(text: str) -> list[list[object]] | None:
    """Return what Ruby would call, as declarations.rb writes it; None where something is not known."""
    called: list[list[object]] = []
    for item in evaluate_declarations(text, frozenset({"mod"})):
        if not isinstance(item, Declaration):
            return None
        pairs = [[encode(pair.key), encode(pair.value)] for pair in item.pairs]
        arguments = [encode(argument.value) for argument in item.arguments]
        called.append([item.word, *arguments, *([{"pairs": pairs}] if pairs else [])])
    return called


@pytest.mark.parametrize("text", [*(f"mod('x', {each})" for each in COMPUTED), *PROGRAMS])
def test_what_is_computed_is_what_ruby_computes(ruby: RubyOracle, text: str) -> None:
    computed = calls(text)
    assert computed is not None
    assert computed == ruby.ask(text)


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_not_computed_is_reported(expression: str) -> None:
    assert calls(f"a = {expression}\nmod 'x', a\n") is None
