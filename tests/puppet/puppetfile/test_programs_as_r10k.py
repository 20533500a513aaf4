"""Puppetfiles that compute what they declare: pinner finds the modules that r10k finds, without Ruby."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.puppet.puppetfile.reader import read_puppetfile
from tests.puppet.puppetfile.test_reader_as_r10k import described
from tests.support.oracles import RubyOracle
from tests.support.properties import examples

PROGRAMS = {
    "a constant before and after": "base = 'https://h/'\nmod 'a', :ref => '1', :git => base + 'a'\nmod 'b', git: base + 'b' + '.git', tag: '2'\n",
    "a constant in capitals": "BASE = \"https://h\"\nmod 'a', :git => \"#{BASE}/a.git\", :ref => 'v1'\n",
    "a global variable": "$base = 'https://h'\n@ref = 'v1'\nmod 'a', :git => \"#{$base}/a\", :ref => @ref\n",
    "adjacent strings": "x = 'v'\nmod 'a', :git => 'https://' \"h/#{x}\", :ref => x\n",
    "interpolated calls": "x = 'Nova'\nmod x.downcase, :git => \"https://h/#{x.downcase}-#{1 + 2}\", :ref => 'x'\n",
    "a symbol made of parts": "k = 'ref'\nmod 'a', :git => 'https://h/a', :\"#{k}\" => 'v1'\n",
    "a list of words": "%w[nova heat].each do |name|\n  mod name, :git => \"https://h/puppet-#{name}\", :ref => 'v1'\nend\n",
    "words on lines": "names = %w(\n  nova\n  heat\n)\nnames.each { |n| mod \"acme/#{n}\", :git => 'https://h/' + n, :tag => 'x' }\n",
    "symbols": "%i[nova heat].each { |n| mod n.to_s, :git => \"https://h/#{n}\", :ref => 'x' }\n",
    "a list of pairs": "[['nova', 'v1'], ['heat', 'v2']].each do |name, ref|\n  mod name, :git => \"https://h/#{name}\", :ref => ref\nend\n",
    "a hash": "{ 'nova' => 'v1', 'heat' => 'v2' }.each do |name, ref|\n  mod name, git: \"https://h/#{name}\", ref: ref\nend\n",
    "a hash of symbols": "mods = {\n  nova: 'v1',\n  heat: 'v2',\n}\nmods.each_pair do |name, ref|\n  mod name.to_s, git: \"https://h/#{name}\", ref: ref\nend\n",
    "a hash of hashes": "mods = {'a' => {:ref => 'x', :org => 'o'}, 'b' => {:ref => 'y'}}\nmods.each do |n, o|\n  org = o[:org] || 'main'\n  mod n, :git => \"https://h/#{org}/#{n}\", :ref => o[:ref]\nend\n",
    "an index": "names = ['a', 'b']\nnames.each_with_index do |n, i|\n  mod n, :git => \"https://h/#{i}\", :ref => \"v#{i}\"\nend\n",
    "pairs with an index": "{'a' => '1'}.each_with_index { |(n, r), i| mod n, :git => \"https://h/#{i}\", :ref => r }\n",
    "a for loop": "for n in ['a', 'b'] do\n  mod n, :git => 'https://h/' + n, :ref => 'x'\nend\n",
    "map, select, join": "['a', 'b', 'c'].select { |n| n != 'b' }.map { |n| n + '1' }.each { |n| mod n, :git => ['https://h', n].join('/'), :ref => 'x' }\n",
    "next and break": "%w[a b c d].each do |n|\n  next if n == 'b'\n  break if n == 'd'\n  mod n, :git => 'https://h/' + n, :ref => 'x'\nend\n",
    "a list that grows": "names = ['a']\nnames << 'b'\nnames.push('c')\nnames += ['d']\nnames.each { |n| mod n, :git => 'https://h/' + n, :ref => 'x' }\n",
    "a hash that grows": "o = {:git => 'https://h/a'}\no[:ref] = 'x'\nmod 'a', o\nmod 'b', o.merge(:ref => 'y')\nmod 'c', **o, install_path: 'z'\n",
    "options beside": "COMMON = { ref: 'stable/2025.1' }.freeze\nmod 'a', { git: 'https://h/a' }.merge(COMMON)\n",
    "fetch": "r = ENV.fetch('PINNER_NO_SUCH', 'v1')\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "fetch with a block": "r = ENV.fetch('PINNER_NO_SUCH') { 'v1' }\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "if": "x = 'b'\nif x == 'a'\n  r = 'v1'\nelsif x == 'b'\n  r = 'v2'\nelse\n  r = 'v3'\nend\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "if has a value": "x = true\nr = if x then 'v1' else 'v2' end\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "unless": "x = nil\nunless x\n  mod 'a', :git => 'https://h/a', :ref => 'v1'\nend\nmod 'b', :git => 'https://h/b', :ref => 'v1' unless x.nil?\n",
    "a modifier": "dev = false\nmod 'a', :git => 'https://h/a', :ref => 'v1' if dev\nmod 'b', :git => 'https://h/b', :ref => 'v1' if !dev && 1 < 2\n",
    "a ternary": "dev = 'no'\nmod 'a', :git => 'https://h/a', :ref => dev == 'yes' ? 'main' : 'v1'\n",
    "a case": "x = 'q'\nr = case x\n    when 'p', 'o' then 'v1'\n    when 'q' then 'v2'\n    else 'v3'\n    end\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "a case of patterns": "%w[stable/2025.1 v1.2 main].each_with_index do |r, i|\n  kind = case r\n    when /^stable\\//, 'x' then 'branch'\n    when /\\Av?\\d+(\\.\\d+)*\\z/ then 'tag'\n    else 'ref'\n    end\n  mod \"m#{i}\", :git => 'https://h/a', kind.to_sym => r\nend\n",
    "a case without a subject": "n = 'b'\nr = case\n    when n == 'a' then 'v1'\n    when n =~ /B/, n != 'c' then 'v2'\n    end\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "a case of nil and of a symbol": "r = case nil\n    when /x/ then 'v1'\n    else 'v2'\n    end\ns = case :main\n    when /^main$/ then 'm'\n    end\nmod 'a', :git => 'https://h/a', :ref => r + s\n",
    "patterns": "mod 'a', :git => 'https://h/a', :ref => 'x' if 'nova' =~ /ov/ && 'nova' !~ /^ov/ && 'nova'.match?(/a$/) && /^n/ =~ 'nova' && /o.a/.match?('nova')\nmod 'b', :git => 'https://h/b', :ref => 'x' unless nil =~ /b/\n",
    "pairs as a hash": "refs = [['nova', 'v1'], ['heat', 'v2']].to_h\nmod 'nova', :git => 'https://h/nova', :ref => refs['nova']\nHash[[['heat', refs['heat']]]].each { |n, r| mod n, :git => 'https://h/' + n, :ref => r }\n",
    "a hash from a block": "o = %w[git ref].to_h { |k| [k.to_sym, k == 'git' ? 'https://h/a' : 'v1'] }\nmod 'a', o\nmod 'b', {'git' => 'https://h/b', 'ref' => 'x'}.to_h { |k, v| [k.to_sym, v] }\nmod 'c', Hash[o].merge(:ref => 'y').to_h\nmod 'd', %w[a b].map { |n| [n.sub('a', 'git').sub('b', 'ref').to_sym, 'https://h/d'] }.to_h\n",
    "two lists as a hash": "Hash[%w[nova heat].zip(%w[v1])].each { |n, v| mod n, :git => 'https://h/' + n, :ref => v || 'x' }\n",
    "a hash that a loop fills": "%w[a b].each_with_object({}) { |n, h| h[n] = 'v3' }.each { |n, v| mod n, git: \"https://h/#{n}\", ref: v }\n{'c' => 'v4'}.each_with_object([]) { |(n, r), l| l << [n, r] }.each { |n, r| mod n, :git => 'https://h/' + n, :ref => r }\n",
    "other keys and values": "mods = { nova: { ref: 'x' } }\nmods.transform_keys(&:to_s).each { |n, o| mod n, git: \"https://h/#{n}\", ref: o.dig(:ref) }\nmods.transform_values { |o| o[:ref] + 'y' }.each { |n, r| mod \"v#{n}\", git: 'https://h/v', ref: r }\nmod 'z', :git => 'https://h/z', :ref => mods.dig(:heat, :ref) || 'v1'\n",
    "or": "x = nil\nx ||= 'v1'\ny = x && 'v2'\nmod 'a', :git => 'https://h/a', :ref => y\n",
    "a method": "def github(repo)\n  \"https://github.com/#{repo}.git\"\nend\nmod 'a', :git => github('o/puppet-a'), :ref => 'x'\nmod 'b', git: (github 'o/b'), ref: 'y'\n",
    "a method that declares": "def os(name, ref: 'stable/2025.1', **more)\n  mod name, git: \"https://h/puppet-#{name}\", ref: ref, **more\nend\nos 'nova'\nos('heat', ref: 'v1')\nos 'swift', install_path: 'x'\n",
    "a method with a default": "BASE = 'https://h'\ndef at(name, ref = 'v1', org = \"o-#{name}\")\n  return mod(name, :git => \"#{BASE}/#{org}\", :ref => ref) if name != 'z'\n  nil\nend\nat 'a'\nat 'b', 'v2'\nat 'z'\n",
    "a default of a method": "def opt(name, options = {})\n  mod name, { :git => \"https://h/#{name}\" }.merge(options)\nend\nopt 'a', :tag => '1'\nopt 'b', 'ref': '2'\n",
    "parameters on lines": "def os(\n  name,\n  ref\n)\n  mod name, :git => 'https://h/' + name, :ref => ref\nend\nos('a', 'v1')\nos 'b',\n  'v2'\n",
    "parameters on lines, with defaults and comments": "def os(name, # the module\n\n       org = [\n         'x', 'y'\n       ].last,\n       ref: 'v1',\n       **more)\n  mod name, git: \"https://h/#{org}/#{name}\", ref: ref, **more\nend\nos 'a'\nos('b', 'z',\n   ref: 'v2',\n   install_path: 'p')\n",
    "parameters on lines without parentheses": "def os name,\n       ref = 'v1'\n  mod name, :git => 'https://h/' + name, :ref => ref\nend\nos 'a'\n",
    "parameters of a block on lines": "%w[a b].each_with_index do |n,\n                            i|\n  mod n, :git => 'https://h/' + n, :ref => i.to_s\nend\n",
    "negative numbers": "x = -1\nl = %w[a b c]\nmod l[-1], :git => 'https://h/' + l[x - 1], :ref => \"v#{- 5}\" if x < 0\nmod 'n', :git => 'https://h/n', :ref => 'v' + (-x).to_s + (3 + -2).to_s + (x -1).to_s + (x*-1).to_s\nmod 'o', :git => 'https://h/o', :ref => [1, -1].join('.') + {'k' => -2}['k'].to_s + (x > -2 ? 'y' : 'n')\nputs -1\n",
    "no element before the first": "l = %w[a b]\nmod 'x', :git => 'https://h/x', :ref => l[-3] || 'v1'\n",
    "a version from the Forge": "v = '1.2.3'\nmod 'acme/a', v\nmod 'acme/b', v.sub('1', '2')\nmod 'acme/c', \"#{v}\"\n",
    "sentences": "puts \"reading #{1}\"\nrequire 'yaml'\nmod 'a', :git => 'https://h/a', :ref => 'x'\n",
    "texts": "t = ' a-b '.strip.gsub('-', '_').upcase.downcase.chomp('b')\nmod t + 'c', :git => 'https://h/a', :ref => 'puppet-x'.delete_prefix('puppet-')\n",
    "a format": "mod 'a', :git => 'https://%s/%s' % ['h', 'a'], :ref => format('v%s', '1')\nmod 'b', :git => 'https://h/%s' % 'b', :ref => 'x'\n",
    "paths": "mod 'a', :git => File.join('https:', 'h', '/a'), :ref => 'x'\n",
    "moduledir": "%w[m1 m2].each do |d|\n  moduledir d\n  mod \"a_#{d}\", :git => 'https://h/a', :ref => 'x', :install_path => 'p'\nend\n",
    "a chain on lines": "%w[b a]\n  .sort\n  .reverse\n  .each do |n|\n    mod n, :git => \"https://h/#{n}\", :ref => 'x'\n  end\n",
    "a variable of a block": "n = 'z'\n['a'].each { |n| mod n, :git => 'https://h/' + n, :ref => 'x' }\nmod n, :git => 'https://h/' + n, :ref => 'x'\n",
    "a variable set in a block": "r = '1'\n['a'].each { |n| r = '2' }\nmod 'a', :git => 'https://h/a', :ref => r\n",
    "times": '2.times { |i| mod "a#{i}", :git => \'https://h/a\', :ref => "v#{i}" }\n',
    "begin": "begin\n  mod 'a', :git => 'https://h/a', :ref => 'x'\nend\n",
    "dup": "o = {:git => 'https://h/a'}\np = o.dup\np[:ref] = 'x'\no[:ref] = 'y'\nmod 'a', p\nmod 'b', o\n",
    "one list under two names": "a = ['x']\nb = a\nb << 'y'\na.each { |n| mod n, :git => 'https://h/' + n, :ref => 'x' }\n",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_declares_what_r10k_finds(r10k: RubyOracle, program: str) -> None:
    reading = read_puppetfile(program)
    found = r10k.ask(program)
    assert isinstance(found, list), found
    assert found
    names = [module.directory for module in reading.puppetfile.modules]
    assert names == [module["name"] for module in found]
    if "moduledir" not in program:
        assert reading.problems == ()
        assert described(reading.puppetfile) == found


STATEMENTS = st.sampled_from(
    [
        "x = 'v1'", "x = nil", "x = y", "y = x", "y = 'w'", "y = [x, 'k']", "y ||= x", "x = x ? y : 'n'", "x += 'z'",
        "y = {x => 'r'}", "y = y + ['q']", "y << x", "B = 'b'", "x = B", 'x = "#{y}-#{x}"', "x = x == y",
        "if x\n mod 'i', :git => 'g', :ref => x\nelse\n y = 'e'\nend", "mod 'm', :git => \"#{x}\", :ref => y",
        "mod 'n', :git => 'h', :ref => x unless y", "y.each { |k| mod k, :git => k + 'u', :ref => 'r' }",
        "y.each do |k, v|\n next if v.nil?\n mod \"p#{k}\", :git => v, :ref => 'r'\nend", "def h(a, b = 'd')\n a + b\nend",
        "x = h('q')", "x = h 'q', 't'", "x = h(x, y)", "y = %w[s t].map { |k| k + 'o' }", "x = y.first", "y = y[x]",
        "x = x.to_s", "y = y.to_s", "case x\nwhen 'v1' then y = 'c'\nwhen nil then x = 'f'\nend", "y = {a: 1}.merge(b: x)",
        "x = ENV.fetch('PINNER_NO_SUCH', y)", "y[:ref] = x", "x = y.empty?", "x = !x", "x = x && y", "x = (x or 'o')",
    ]
)  # fmt: skip


@settings(max_examples=examples(300))
@given(st.lists(STATEMENTS, min_size=1, max_size=8))
def test_without_problems_any_program_is_read_as_r10k_reads_it(r10k: RubyOracle, lines: list[str]) -> None:
    text = "\n".join(["x = 'x'", "y = ['y']", *lines, "mod 'end', :git => 'g', :ref => 'end'"])
    reading = read_puppetfile(text)
    if not reading.problems:
        assert described(reading.puppetfile) == r10k.ask(text)
