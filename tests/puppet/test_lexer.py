import pytest

from pinner.puppet.lexer import Lexer


def tokens(text: str) -> list[tuple[str, str]]:
    lexer = Lexer(text)
    found = []
    while (token := lexer.next()).kind != "end":
        found.append((token.kind, lexer.of(token)))
    return found


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("$a / 2 / 3", ("number", "3")),
        ("$a[1] / 2 /", ("operator", "/")),
        ("(1) / 2 /", ("operator", "/")),
        ("'a' / 2 /", ("operator", "/")),
        ("A / 2 /", ("operator", "/")),
        ("foo / 2 /", ("operator", "/")),
        ("File <| |> / 2 /", ("operator", "/")),
        ("/a/ / 2 /", ("operator", "/")),
        ("$a =~ /b c/", ("regex", "/b c/")),
        ("if /b c/", ("regex", "/b c/")),
        ("undef /b c/", ("regex", "/b c/")),
        ("} /b c/", ("regex", "/b c/")),
        ("{ /b c/", ("regex", "/b c/")),
        ("( /b\\/c\\\\/", ("regex", "/b\\/c\\\\/")),
        ("( /b c", ("word", "c")),
    ],
)
def test_a_slash_divides_after_an_operand_and_opens_a_regex_elsewhere(
    text: str, last: tuple[str, str]
) -> None:
    assert tokens(text)[-1] == last


def test_strings_are_single_tokens_whatever_is_nested_in_them() -> None:
    text = """ "a ${b["c ${'}'} #"]} ${ {d => "}"} }" 'e' """
    assert tokens(text) == [("string", text[1:-5]), ("string", "'e'")]


def test_comments_are_gathered_and_no_tokens() -> None:
    lexer = Lexer("a # b\n /* c\n */ d")
    assert [lexer.of(lexer.next()), lexer.of(lexer.next())] == ["a", "d"]
    assert [lexer.text[start:end] for start, end in lexer.comments] == ["# b", "/* c\n */"]


def test_the_lines_of_heredocs_are_jumped_over_where_their_line_ends() -> None:
    lexer = Lexer("f(@(A), @(B)) # x\n one\n A\n two\n | B\nafter")
    assert [lexer.of(lexer.next()) for _ in range(7)] == ["f", "(", "@(A)", ",", "@(B)", ")", "after"]
    assert [lexer.text[start:end] for _, start, end in lexer.heredocs] == [" one\n A\n", " two\n | B\n"]


def test_names_may_have_hyphens_inside_but_not_at_their_end() -> None:
    assert tokens("heat::api-cfn a->b --c ::d A::B") == [
        *(("word", "heat::api-cfn"), ("word", "a"), ("operator", "-"), ("operator", ">"), ("word", "b")),
        *(("operator", "-"), ("operator", "-"), ("word", "c"), ("word", "::d"), ("type", "A::B")),
    ]
