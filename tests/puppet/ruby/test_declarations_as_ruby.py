from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinner.puppet.ruby.declarations import Literal, Symbol, UnreadableRuby, read_declarations
from tests.support.oracles import RubyOracle
from tests.support.properties import examples


def encode(value: Literal) -> object:
    return {"symbol": value.name} if isinstance(value, Symbol) else value


def calls(text: str) -> list[list[object]] | None:
    """Return what Ruby would call, as declarations.rb writes it; None where something is unreadable."""
    called: list[list[object]] = []
    for statement in read_declarations(text):
        if isinstance(statement, UnreadableRuby):
            return None
        arguments = [encode(argument.value) for argument in statement.arguments]
        pairs: dict[str, list[object]] = {}
        for pair in statement.pairs:
            pairs.pop(repr(pair.key), None)
            pairs[repr(pair.key)] = [encode(pair.key), encode(pair.value)]
        called.append([statement.word, *arguments, *([{"pairs": list(pairs.values())}] if pairs else [])])
    return called


PIECES = [
    *(
        "mod ",
        "mod 'z', ",
        "mod(",
        "forge ",
        "'a'",
        '"b"',
        "%q(x)",
        "%(",
        "%",
        "'",
        '"',
        ",",
        ", ",
        ",\n  ",
        "\n",
        "\r\n",
    ),
    *(
        "git:",
        ":git",
        "ref: ",
        " => ",
        "=>",
        ":latest",
        "nil",
        "true",
        "1",
        "0",
        "12",
        ":'a'",
        ':"a"',
        "'a': ",
        "{",
        "}",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        "#",
        "# c\n",
        "#{",
        "\\",
        "\\n",
        "\\s",
        "\\x41",
        "\\u{41}",
        "\\\n",
        "<<A",
        "<<~A",
        "\nA\n",
    ),
    *(
        "\n  a\n   b\n  A\n",
        "/",
        "?a",
        "=begin\n",
        "\n=end\n",
        "__END__\n",
        "if ",
        "do ",
        "end",
        ".",
        ";",
        "a",
        "A",
        "=",
        "+",
    ),
    *("*", "&", "|", "\t", " ", "@", "$", "-", "!", "~", ">", "<", ":", "::", "é"),
]
DECLARATIONS = [
    *(
        "mod ",
        "'a'",
        ", ",
        ":git",
        " => ",
        "'b'",
        ",\n  ",
        "ref: ",
        '"c"',
        "\n",
        "mod(",
        "'a'",
        ", ",
        "git: ",
        "%q(x)",
        ")",
    ),
    *(
        "\n",
        "forge ",
        "<<~A",
        "\n  a\n   b\n  A\n",
        "mod 'k', ",
        "{ ",
        ":a",
        " => ",
        "nil",
        " }",
        "\n",
        "# c\n",
        "mod 'z', ",
    ),
    ":latest",
]


@st.composite
def mutated_declarations(draw: st.DrawFn) -> str:
    first = draw(st.integers(0, len(DECLARATIONS) - 1))
    pieces = DECLARATIONS[first : first + draw(st.integers(1, len(DECLARATIONS)))]
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(pieces)))
        pieces[place : place + draw(st.integers(0, 1))] = draw(st.lists(st.sampled_from(PIECES), max_size=1))
    return "".join(pieces)


@settings(max_examples=examples(250))
@given(st.one_of(mutated_declarations(), st.lists(st.sampled_from(PIECES), max_size=8).map("".join)))
@example("mod 'z', {}")
@example("mod { :a => nil }")
@example("mod 'a', :git => 'b', { :a => nil }")
@example("mod 'a', { :a => nil }, 'b'")
@example("mod 'a', <<A\\\n, 'b'\nx\nA\n")
@example("mod('a'\n, 'b')")
@example("mod 'z', ;12")
@example("\\\n__END__\n")
@example("nil\n")
@example("mod 'a', 'b' \\\r\n  'c'\r\n")
@example("mod 'a', %q(~\r\n)")
@example("mod 'a', \"\\x4\\101\\u0041\\u{41 42}\\e\\s\\\nx\\q\"")
@example("mod 'a', <<-'A', <<B\n\\n\n  A\n\\tb\nB\n")
@example("mod 'a', <<~\"A\"\n\n   a\n\n  b\nA\n")
@example("mod 'a', <<~A\n  a\n     \n  b\nA\n")
@example("mod <<A\n  a\nA\n")
@example("mod %q( a)\nmod %( b )\n")
@example("mod 'a', 'x'\n=begin\nmod 'b'\n=end\nmod 'c'\n__END__\nmod 'd'\n")
@example("=begin\n=end\n__END__\nmod 'a'")
@example("mod 'a', %Q[[b]\\]], %q<c<d>\\>\\\\\\e>, :\"e f\", %s(g)")
@example("mod 'a', :a? => 1, b!: 2, :c= => 3, :d=>4")
@example("mod 'a', :a => 1, :b => 1, :a => 2")
@example("mod ()")
@example("mod 'z', :A!=\"\"")
@example("mod 'z', :a?=>1, :b!=>2, :c=>3")
def test_what_is_read_is_what_ruby_calls(ruby: RubyOracle, text: str) -> None:
    read_by_us = calls(text)
    if read_by_us is not None:
        assert read_by_us == ruby.ask(text)
