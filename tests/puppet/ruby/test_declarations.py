import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.ruby.declarations import (
    Argument,
    Declaration,
    Pair,
    Symbol,
    Unreadable,
    read_declarations,
)


def read(text: str) -> list[Declaration | Unreadable]:
    return list(read_declarations(text))


def test_places_and_layouts() -> None:
    assert read("mod 'a', :git => 'b', # c\n    ref: \"v\"\n\n  forge('x')\n") == [
        Declaration(
            "mod",
            1,
            1,
            (Argument("a", 1, 5),),
            (Pair(Symbol("git"), "b", 1, 10), Pair(Symbol("ref"), "v", 2, 5)),
        ),
        Declaration("forge", 4, 3, (Argument("x", 4, 9),)),
    ]


def test_places_after_a_heredoc() -> None:
    assert [(item.line, item.column) for item in read("mod <<A\nx\nA\n  mod 'b'")] == [(1, 1), (4, 3)]


@pytest.mark.parametrize(
    ("text", "reason", "column"),
    [
        ("mod 'a', \"#{x}\"", "a text with code in it is no literal", 10),
        ("mod 'a', \"#@x\"", "a text with code in it is no literal", 10),
        ('mod \'a\', "#{"}"}"', "a text with code in it is no literal", 10),
        ("mod 'a', \"\\M-a\"", "a text with an unusual backslash sequence is no literal", 10),
        ("mod 'a', \"\\xff\"", "a text with an unusual backslash sequence is no literal", 10),
        ("mod 'a', \"\\u{d800}\"", "a text with an unusual backslash sequence is no literal", 10),
        ("mod 'a', `id`", "a shell command is no literal", 10),
        ("mod 'a', %x(id)", "a shell command is no literal", 10),
        ("mod 'a', %w[b]", "a list of words is no literal", 10),
        ("mod 'a', /b/i", "a regular expression is no literal", 10),
        ("mod 'a', %r{b}", "a regular expression is no literal", 10),
        ("mod 'a', ?b", "a single character is no literal", 10),
        ("mod 'a', $b", "the variable $b is no literal", 10),
        ("mod 'a', @b", "the variable @b is no literal", 10),
        ("mod 'a', <<~A\n\tb\nA", "a heredoc with code in it is no literal", 10),
        ("mod 'a', <<~A\n  b\n \nA", "a heredoc with code in it is no literal", 10),
        ("mod 'a', <<A\n#{b}\nA", "a heredoc with code in it is no literal", 10),
        ("mod 'a', <<A\n\\xff\nA", "a heredoc with code in it is no literal", 10),
        ("mod 'a', ENV['b']", "'ENV' is a variable, a constant or a method, and no literal", 10),
        ("mod 'a', 'b' if c", "'if' makes it depend on something", 14),
        ("mod 'a', 'b' + 'c'", "'+' makes it an expression", 14),
        ("mod 'a', 'b'\n  .strip", "'.' makes it an expression", 3),
        ("mod 'a', ['b']", "a bracket is opened here, and what is in it is no literal", 10),
        ("mod 'a', 1.5", "'1.5' is no text: write it in quotes", 10),
        ("mod 'a', 0x1", "'0x1' is no text: write it in quotes", 10),
        ("mod 'a', 0120715", "'0120715' is no text: write it in quotes", 10),
        ("mod 'a' :b", "a comma is missing before this", 9),
        ("mod 'a', , 'b'", "a comma stands where a value belongs", 10),
        ("mod 'a', => 'b'", "'=>' stands where a value belongs", 10),
        ("mod 'a', :b => ;", "the declaration breaks off here", 16),
        ("mod 'a')", "a bracket is closed here that does not belong to a literal", 8),
        ("x = 'b'", "'=' makes it an expression", 3),
        ("%w[a b].each do |m|\n  mod m\nend", "no declaration begins like this", 1),
        ("Foo", "no declaration begins like this", 1),
        ("end", "no declaration begins like this", 1),
    ],
)
def test_what_is_no_literal(text: str, reason: str, column: int) -> None:
    first, second = read(text + "\nmod 'z'\n")
    assert isinstance(first, Unreadable)
    assert (first.reason, first.column) == (reason, column)
    assert isinstance(second, Declaration)
    assert second.word == "mod"


def test_an_unreadable_declaration_is_known_as_far_as_it_goes() -> None:
    (unreadable,) = read("mod 'a', :git => \"#{x}\", :ref => '1'")
    assert isinstance(unreadable, Unreadable)
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
    assert isinstance(first, Unreadable)
    assert (first.last_line, first.is_rest) == (block.count("\n") + 1, False)
    assert second == Declaration("mod", first.last_line + 1, 1, (Argument("z", first.last_line + 1, 5),))


def test_a_block_says_what_it_is() -> None:
    (unreadable,) = read("if a\nend")
    assert unreadable == Unreadable(
        "what stands between 'if' and its 'end' depends on something", 1, 1, None, 2, is_rest=False
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'a", "a text is opened here and never closed"),
        ('"a#{"', "a text is opened here and never closed"),
        ('"a\\', "a text is opened here and never closed"),
        ("<<A\n", "a text is opened here and never closed"),
        ("<<`A`\nA\n", "a heredoc is announced here that cannot be read"),
        ("%q(", "a text is opened here and never closed"),
        ("\x00", "a control character stands here, where Ruby stops reading"),
        ("\x1a", "a control character stands here, where Ruby stops reading"),
    ],
)
def test_where_ruby_cannot_go_on_neither_do_we(text: str, reason: str) -> None:
    first, second = read(f"mod 'z'\nmod 'a', {text}")
    assert isinstance(first, Declaration)
    assert isinstance(second, Unreadable)
    assert (second.reason, second.line, second.column, second.is_rest) == (reason, 2, 10, True)


def test_a_declaration_that_breaks_off_with_the_text() -> None:
    (unreadable,) = read("mod 'a',\n")
    assert isinstance(unreadable, Unreadable)
    assert unreadable.reason == "the declaration breaks off here"


def test_a_broken_end_in_what_is_left_out_is_told_too() -> None:
    first, second = read("x = y +\n  'a\n")
    assert isinstance(first, Unreadable)
    assert isinstance(second, Unreadable)
    assert (first.reason, first.is_rest) == ("'=' makes it an expression", False)
    assert (second.reason, second.is_rest) == ("a text is opened here and never closed", True)


def test_a_comment_block_that_never_ends() -> None:
    reason = "the comment that =begin opens is never closed"
    assert [item.reason for item in read("=begin\nmod 'a'") if isinstance(item, Unreadable)] == [reason]
    assert [item.reason for item in read("mod 'a'\n=begin\n") if isinstance(item, Unreadable)] == [reason]


def test_a_block_that_never_ends_takes_the_rest() -> None:
    (unreadable,) = read("if a\nmod 'b'\nmod 'c'\n")
    assert isinstance(unreadable, Unreadable)
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
    assert any(isinstance(item, Unreadable) for item in read_declarations(text))


@given(st.text())
def test_any_text_is_read_to_an_end(text: str) -> None:
    for item in read_declarations(text):
        assert item.line >= 1
        assert item.column >= 1
        assert not isinstance(item, Unreadable) or item.reason.isprintable()
