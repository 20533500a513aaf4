import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.ruby.declarations import (
    Argument,
    Declaration,
    RubyPair,
    Symbol,
    UnreadableRuby,
    read_declarations,
)


def read(text: str) -> list[Declaration | UnreadableRuby]:
    return list(read_declarations(text))


def test_places_and_layouts() -> None:
    assert read("mod 'a', :git => 'b', # c\n    ref: \"v\"\n\n  forge('x')\n") == [
        Declaration(
            "mod",
            1,
            1,
            (Argument("a", 1, 5),),
            (RubyPair(Symbol("git"), "b", 1, 10), RubyPair(Symbol("ref"), "v", 2, 5)),
        ),
        Declaration("forge", 4, 3, (Argument("x", 4, 9),)),
    ]


def test_places_after_a_heredoc() -> None:
    assert [(item.line, item.column) for item in read("mod <<A\nx\nA\n  mod 'b'")] == [(1, 1), (4, 3)]


@pytest.mark.parametrize(
    ("text", "reason", "column"),
    [
        ("mod 'a', \"#{x}\"", "a string with interpolated code is not a literal", 10),
        ("mod 'a', \"#@x\"", "a string with interpolated code is not a literal", 10),
        ('mod \'a\', "#{"}"}"', "a string with interpolated code is not a literal", 10),
        ("mod 'a', \"\\M-a\"", "a string with an unusual backslash sequence is not a literal", 10),
        ("mod 'a', \"\\xff\"", "a string with an unusual backslash sequence is not a literal", 10),
        ("mod 'a', \"\\u{d800}\"", "a string with an unusual backslash sequence is not a literal", 10),
        ("mod 'a', `id`", "a shell command is not a literal", 10),
        ("mod 'a', %x(id)", "a shell command is not a literal", 10),
        ("mod 'a', %w[b]", "a list of words is not a literal", 10),
        ("mod 'a', /b/i", "a regular expression is not a literal", 10),
        ("mod 'a', %r{b}", "a regular expression is not a literal", 10),
        ("mod 'a', ?b", "a single character is not a literal", 10),
        ("mod 'a', $b", "the variable $b is not a literal", 10),
        ("mod 'a', @b", "the variable @b is not a literal", 10),
        ("mod 'a', <<~A\n\tb\nA", "a heredoc with interpolated code is not a literal", 10),
        ("mod 'a', <<~A\n  b\n \nA", "a heredoc with interpolated code is not a literal", 10),
        ("mod 'a', <<A\n#{b}\nA", "a heredoc with interpolated code is not a literal", 10),
        ("mod 'a', <<A\n\\xff\nA", "a heredoc with interpolated code is not a literal", 10),
        ("mod 'a', ENV['b']", "'ENV' is not a literal value, and Ruby code is not run", 10),
        ("mod 'a', 'b' if c", "'if' makes it conditional", 14),
        ("mod 'a', 'b' + 'c'", "'+' makes it an expression", 14),
        ("mod 'a', 'b'\n  .strip", "'.' makes it an expression", 3),
        ("mod 'a', ['b']", "this bracket does not start a literal", 10),
        ("mod 'a', 1.5", "'1.5' is not text: put it in quotes", 10),
        ("mod 'a', 0x1", "'0x1' is not text: put it in quotes", 10),
        ("mod 'a', 0120715", "'0120715' is not text: put it in quotes", 10),
        ("mod 'a' :b", "a comma is missing before this value", 9),
        ("mod 'a', , 'b'", "a value is expected, not a comma", 10),
        ("mod 'a', => 'b'", "a value is expected, not '=>'", 10),
        ("mod 'a', :b => ;", "the declaration is incomplete", 16),
        ("mod 'a')", "this bracket closes none that a literal opened", 8),
        ("x = 'b'", "'=' makes it an expression", 3),
        ("%w[a b].each do |m|\n  mod m\nend", "a declaration cannot start like this", 1),
        ("Foo", "a declaration cannot start like this", 1),
        ("end", "a declaration cannot start like this", 1),
    ],
)
def test_what_is_no_literal(text: str, reason: str, column: int) -> None:
    first, second = read(text + "\nmod 'z'\n")
    assert isinstance(first, UnreadableRuby)
    assert (first.reason, first.column) == (reason, column)
    assert isinstance(second, Declaration)
    assert second.word == "mod"


def test_an_unreadable_declaration_is_known_as_far_as_it_goes() -> None:
    (unreadable,) = read("mod 'a', :git => \"#{x}\", :ref => '1'")
    assert isinstance(unreadable, UnreadableRuby)
    assert unreadable.begun == Declaration("mod", 1, 1, (Argument("a", 1, 5),))


@pytest.mark.parametrize(
    "block",
    [
        "if a\n  mod 'b'\nelse\n  mod 'c' if d\nend",
        "unless a then mod 'b' end",
        "case a\nwhen 1 then mod 'b'\nend",
        "while a do\n  mod 'b'\nend",
        "until a\n  [1].each do |x|\n mod 'b'\n end\nend",
        "for a in b do mod 'c' end",
        "a.each do |b|\n  mod b\nend",
        "a.each { |b|\n  mod b\n}",
        "def a(b)\n  x = if b then 1 end\n  mod b\nend",
        "class A\n  def end_of\n    self.end\n  end\nend",
        "a = [\n 'b',\n]",
        "a = b ||\n  'c'",
        "begin\n  mod 'a'\nrescue\nend while b",
        "a = case b\n when 1\n mod 'c'\n end",
    ],
)
def test_a_block_is_left_out_as_a_whole(block: str) -> None:
    first, second = read(f"{block}\nmod 'z'\n")
    assert isinstance(first, UnreadableRuby)
    assert (first.last_line, first.is_rest) == (block.count("\n") + 1, False)
    assert second == Declaration("mod", first.last_line + 1, 1, (Argument("z", first.last_line + 1, 5),))


def test_a_block_says_what_it_is() -> None:
    (unreadable,) = read("if a\nend")
    assert unreadable == UnreadableRuby(
        "the code between 'if' and its 'end' is conditional", 1, 1, None, 2, is_rest=False
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'a", "a string that starts here is not closed"),
        ('"a#{"', "a string that starts here is not closed"),
        ('"a\\', "a string that starts here is not closed"),
        ("<<A\n", "a string that starts here is not closed"),
        ("<<`A`\nA\n", "a heredoc that starts here cannot be read"),
        ("%q(", "a string that starts here is not closed"),
        ("\x00", "Ruby stops reading at this control character"),
        ("\x1a", "Ruby stops reading at this control character"),
    ],
)
def test_where_ruby_cannot_go_on_neither_do_we(text: str, reason: str) -> None:
    first, second = read(f"mod 'z'\nmod 'a', {text}")
    assert isinstance(first, Declaration)
    assert isinstance(second, UnreadableRuby)
    assert (second.reason, second.line, second.column, second.is_rest) == (reason, 2, 10, True)


def test_a_declaration_that_breaks_off_with_the_text() -> None:
    (unreadable,) = read("mod 'a',\n")
    assert isinstance(unreadable, UnreadableRuby)
    assert unreadable.reason == "the declaration is incomplete"


def test_a_broken_end_in_what_is_left_out_is_told_too() -> None:
    first, second = read("x = y +\n  'a\n")
    assert isinstance(first, UnreadableRuby)
    assert isinstance(second, UnreadableRuby)
    assert (first.reason, first.is_rest) == ("'=' makes it an expression", False)
    assert (second.reason, second.is_rest) == ("a string that starts here is not closed", True)


def test_a_comment_block_that_never_ends() -> None:
    reason = "the comment that starts with =begin is not closed"
    assert [item.reason for item in read("=begin\nmod 'a'") if isinstance(item, UnreadableRuby)] == [reason]
    assert [item.reason for item in read("mod 'a'\n=begin\n") if isinstance(item, UnreadableRuby)] == [reason]


def test_a_block_that_never_ends_takes_the_rest() -> None:
    (unreadable,) = read("if a\nmod 'b'\nmod 'c'\n")
    assert isinstance(unreadable, UnreadableRuby)
    assert unreadable.is_rest


@pytest.mark.parametrize(
    "text",
    [
        "[" * 12_000,
        "{" * 12_000,
        "}" * 12_000,
        "if a\n" * 5_000,
        '"#{' * 12_000,
        "'" * 12_001,
        "<<A\n" * 5_000,
        "%q(" * 12_000,
        "mod 'a', " + "{:a=>" * 5_000,
        "x do\n" * 5_000,
        "/" * 12_001,
        '"\\' * 12_000,
        "=begin\n" * 5_000,
        "mod 'a', " + "'b' " * 5_000 + "+",
        "\\\n" * 12_000 + "+",
        "?" * 12_000,
        "mod 'a', <<A\n" * 5_000 + "A\n+",
    ],
)
def test_nesting_and_length_do_no_harm(text: str) -> None:
    assert any(isinstance(item, UnreadableRuby) for item in read_declarations(text))


@given(st.text())
def test_any_text_is_read_to_an_end(text: str) -> None:
    for item in read_declarations(text):
        assert item.line >= 1
        assert item.column >= 1
        assert not isinstance(item, UnreadableRuby) or item.reason.isprintable()
