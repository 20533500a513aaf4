import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.errors import Location
from pinner.project.yaml.nodes import DEEPEST, LOADER, MappingNode, Node, ScalarNode, SequenceNode, read_nodes

LOADERS = [yaml.SafeLoader, LOADER]
BASE = "repeat the value where it is needed, or put it into a base and name it with 'extends:'"
both_loaders = pytest.mark.parametrize("loader", LOADERS, ids=["python", "libyaml"])

Plain = str | list["Plain"] | dict[str, "Plain"]


def plain(node: Node | None) -> Plain:
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    assert isinstance(node, MappingNode)
    return {key: plain(entry.value) for key, entry in node.entries.items()}


def told(text: str | bytes, loader: type = LOADER) -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    return "\n".join(
        str(problem) for problem in read_nodes(data, "x.yaml", loader=loader).problems
    ).splitlines()


def test_libyaml_does_the_reading_where_it_is_there() -> None:
    assert (LOADER is yaml.CSafeLoader) == yaml.__with_libyaml__


@both_loaders
@pytest.mark.parametrize(
    "text",
    [
        "1.10",
        "2025.1",
        "0123456",
        "on",
        "no",
        "True",
        "2024-10-02",
        "1_000",
        "0x1f",
        "1e3",
        ".inf",
        "12:30:45",
        "8820892",
        "=",
        "0o17",
    ],
)
def test_a_scalar_keeps_its_raw_text(text: str, loader: type) -> None:
    assert plain(read_nodes(f"key: {text}".encode(), "x.yaml", loader=loader).root) == {"key": text}


@both_loaders
def test_quotes_and_folding_are_taken_away(loader: type) -> None:
    text = "a: 'it''s'\nb: \"tab\\there\"\nc: |\n  one\n  two\nd: >-\n  one\n  two\ne: one\n  two\n"
    root = read_nodes(text.encode(), "x.yaml", loader=loader).root
    assert plain(root) == {"a": "it's", "b": "tab\there", "c": "one\ntwo\n", "d": "one two", "e": "one two"}


@both_loaders
def test_quoted_scalars_are_known_as_such(loader: type) -> None:
    root = read_nodes(b"- no\n- 'no'\n- \"no\"\n- |\n  no\n", "x.yaml", loader=loader).root
    assert isinstance(root, SequenceNode)
    assert [item.is_plain for item in root.items if isinstance(item, ScalarNode)] == [
        True,
        False,
        False,
        False,
    ]


@both_loaders
@pytest.mark.parametrize("text", ["key:", "key: ~", "key: null", "key: Null", "key: NULL"])
def test_words_for_nothing_are_null(text: str, loader: type) -> None:
    root = read_nodes(text.encode(), "x.yaml", loader=loader).root
    assert isinstance(root, MappingNode)
    value = root.entries["key"].value
    assert isinstance(value, ScalarNode)
    assert value.is_null


@both_loaders
def test_quoted_words_for_nothing_are_texts(loader: type) -> None:
    root = read_nodes(b"['', \"null\", '~']", "x.yaml", loader=loader).root
    assert isinstance(root, SequenceNode)
    assert not any(item.is_null for item in root.items if isinstance(item, ScalarNode))


@both_loaders
def test_places_count_from_one_and_in_characters(loader: type) -> None:
    root = read_nodes("ä: {b: [ü, c]}\nd:\n  - e\n".encode(), "x.yaml", loader=loader).root
    assert isinstance(root, MappingNode)
    inner = root.entries["ä"].value
    assert isinstance(inner, MappingNode)
    listed = inner.entries["b"].value
    assert isinstance(listed, SequenceNode)
    other = root.entries["d"].value
    places = [root.place, inner.place, inner.entries["b"].key.place, listed.items[1].place, other.place]
    assert [(place.line, place.column) for place in places] == [(1, 1), (1, 4), (1, 5), (1, 12), (3, 3)]


@both_loaders
def test_a_byte_order_mark_shifts_no_place(loader: type) -> None:
    root = read_nodes(b"\xef\xbb\xbfa: b\n", "x.yaml", loader=loader).root
    assert isinstance(root, MappingNode)
    assert root.entries["a"].key.place == Location("x.yaml", 1, 1)


@both_loaders
@pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n", "\ufeff"])
def test_a_file_without_content_has_no_root_and_no_problem(text: str, loader: type) -> None:
    read = read_nodes(text.encode(), "x.yaml", loader=loader)
    assert (read.root, read.problems) == (None, ())


@both_loaders
@pytest.mark.parametrize("text", ["---\na: b\n", "a: b\n...\n", "%YAML 1.1\n---\na: b\n", "a: b\r\n", "a: b"])
def test_one_document_may_be_marked_as_such(text: str, loader: type) -> None:
    read = read_nodes(text.encode(), "x.yaml", loader=loader)
    assert (plain(read.root), read.problems) == ({"a": "b"}, ())


@both_loaders
def test_a_second_document_is_refused(loader: type) -> None:
    assert told("a: b\n---\nc: d\n", loader) == [
        "x.yaml:2:1: a second document begins here",
        "  hint: keep one document per file; delete the '---' and the other documents",
    ]


@both_loaders
def test_a_repeated_key_is_told_with_both_places(loader: type) -> None:
    text = "nova: 1\nglance: 2\nnova: 3\nx: {'a b': 1, 'a b': 2}\n"
    assert told(text, loader) == [
        "x.yaml:4:15: the key 'a b' was given before, at line 4, column 5",
        "  hint: delete one of them",
        "x.yaml:3:1: the key 'nova' was given before, at line 1, column 1",
        "  hint: delete one of them",
    ]


@both_loaders
def test_anchors_and_aliases_are_refused(loader: type) -> None:
    assert told("a: &x [1]\nb: &y 2\nc: *x\n", loader) == [
        "x.yaml:1:4: anchors ('&x') are not allowed",
        f"  hint: {BASE}",
        "x.yaml:2:4: anchors ('&y') are not allowed",
        f"  hint: {BASE}",
        "x.yaml:3:4: aliases ('*x') are not allowed",
        f"  hint: {BASE}",
    ]


@both_loaders
def test_an_alias_as_a_key_is_told_once(loader: type) -> None:
    assert told("*x : 1\n", loader) == ["x.yaml:1:1: aliases ('*x') are not allowed", f"  hint: {BASE}"]


@both_loaders
def test_merge_keys_are_refused_and_quoted_ones_are_keys(loader: type) -> None:
    assert told("<<: {a: 1}\n", loader) == [
        "x.yaml:1:1: merge keys ('<<') are not allowed",
        "  hint: repeat the values, or put them into a base and name it with 'extends:'",
    ]
    assert told("'<<': 1\n", loader) == []


@both_loaders
@pytest.mark.parametrize("tag", ["!ruby/object:Gem", "!!python/object/apply:os.system", "!!str", "!"])
def test_tags_are_refused(tag: str, loader: type) -> None:
    assert told(f"a: {tag} [x]\n", loader)[0].endswith(") are not allowed")
    assert told(f"a: {tag} [x]\n", loader)[1] == "  hint: delete the tag"


@both_loaders
@pytest.mark.parametrize(("text", "what"), [("[a]: 1", "list"), ("{a: b}: 1", "map"), ("? - a\n: 1", "list")])
def test_a_key_must_be_a_scalar(text: str, what: str, loader: type) -> None:
    (message, hint) = told(text, loader)
    assert message.endswith(f": a {what} cannot be a key")
    assert hint == "  hint: quote a key or value that starts with '[' or '{'"


@both_loaders
def test_an_alias_bomb_ends_at_once(loader: type) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 60)]
    assert len(read_nodes("\n".join(rows).encode(), "x.yaml", loader=loader).problems) == 60 + 59 * 9


@both_loaders
@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[{b: "])
def test_a_million_levels_end_at_the_first_too_deep(opening: str, loader: type) -> None:
    (message,) = told(opening * (1_000_000 // len(opening)), loader)
    assert message.endswith(f"values are nested more than {DEEPEST} levels deep")


@both_loaders
@pytest.mark.parametrize(
    ("before", "place"),
    [("a: 1\nb: ", "2:23"), ("{a: {b: ", "1:27"), ("- - [", "1:23"), ('[\'[[\', "[\\"", x, #[\n [', "2:21")],
    ids=["block", "maps", "lists", "quoted"],
)
def test_the_place_is_that_of_the_first_too_deep(before: str, place: str, loader: type) -> None:
    assert told(before + "[" * 5000, loader) == [
        f"x.yaml:{place}: values are nested more than 20 levels deep"
    ]


@both_loaders
@pytest.mark.parametrize(
    "text", ["['" + "[" * 30 + "', @]", '["' + "[" * 30 + '", @]', "[]" * 30, "a: [x #" + "[" * 30 + "\n@]"]
)
def test_brackets_that_nest_nothing_are_not_counted(text: str, loader: type) -> None:
    (message, *_) = told(text, loader)
    assert "levels deep" not in message


@both_loaders
def test_as_many_levels_as_allowed_are_read(loader: type) -> None:
    assert told("[" * DEEPEST + "]" * DEEPEST, loader) == []


@both_loaders
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\tb: c\n", "x.yaml:2:1: a tab where YAML requires spaces"),
        ("a: [b, c\nd: e\n", "x.yaml:1:4: the '[' that opens here is not closed, or a ',' is missing in it"),
        ("a: {b: c\n", "x.yaml:1:4: the '{' that opens here is not closed, or a ',' is missing in it"),
        ("a: [\n", "x.yaml:2:1: a value is missing here, or a bracket was never closed"),
        ("a: [b, }\n", "x.yaml:1:8: a value is missing here, or a bracket was never closed"),
        ("a: 'b\nc: d\n", "x.yaml:1:4: the quote that opens here is never closed"),
        ("a: b: c\n", "x.yaml:1:5: ': ' inside a value"),
        ("a: b\n  c: d\n", "x.yaml:2:4: ': ' inside a value"),
        ("a: @b\n", "x.yaml:1:4: a value cannot start with '@'"),
        ("a: `b`\n", "x.yaml:1:4: a value cannot start with '`'"),
        ("a: %b\n", "x.yaml:1:4: a value cannot start with '%'"),
        ("a:\n  - b\n c: d\n", "x.yaml:3:2: the indentation does not fit the lines above"),
        ("- a\nb: c\n", "x.yaml:2:1: the indentation does not fit the lines above"),
        ("a: 1\nb\nc: 2\n", "x.yaml:3:1: this line is not 'key: value'"),
    ],
)
def test_syntax_errors_are_told_in_our_words(text: str, expected: str, loader: type) -> None:
    assert told(text, loader)[0] == expected


@both_loaders
def test_a_syntax_error_nobody_foresaw_is_told_in_the_parsers_words(loader: type) -> None:
    (message,) = told("%FOO\n%YAML 9\n---\n", loader)
    assert message.startswith("x.yaml:")
    assert ": this is not valid YAML: " in message


@both_loaders
def test_problems_before_a_syntax_error_are_told_too(loader: type) -> None:
    messages = [line for line in told("a: &x 1\nb: [c\n", loader) if not line.startswith("  ")]
    assert messages == [
        "x.yaml:1:4: anchors ('&x') are not allowed",
        "x.yaml:2:4: the '[' that opens here is not closed, or a ',' is missing in it",
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a: b\nc: \xe9\n", "x.yaml:2:4: byte 0xe9 is not valid UTF-8"),
        (b"\xef\xbb\xbf\xff", "x.yaml:1:1: byte 0xff is not valid UTF-8"),
        ("ä: ö".encode() + b"\xc3", "x.yaml:1:5: byte 0xc3 is not valid UTF-8"),
        (b"\xed\xa0\x80", "x.yaml:1:1: byte 0xed is not valid UTF-8"),
        ("a: b".encode("utf-16"), "x.yaml:1:1: the file is UTF-16, not UTF-8"),
        (b"a: b\r\nc: \x00d", "x.yaml:2:4: the control character U+0000 does not belong in a text file"),
        (b"a: \x1b[31m", "x.yaml:1:4: the control character U+001B does not belong in a text file"),
        ("a:\u2028b".encode(), "x.yaml:1:3: the control character U+2028 does not belong in a text file"),
        (b"a:\xc2\x85b", "x.yaml:1:3: the control character U+0085 does not belong in a text file"),
        ("a: \ufeffb".encode(), "x.yaml:1:4: the control character U+FEFF does not belong in a text file"),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_place(data: bytes, expected: str) -> None:
    assert told(data)[0] == expected


SCALARS = st.text(st.characters(codec="utf-8"), max_size=12)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCALARS, inner, max_size=3),
    max_leaves=12,
)


@given(TREES)
def test_a_dumped_tree_reads_back_as_it_was(tree: Plain) -> None:
    text = yaml.safe_dump(tree, default_style='"', allow_unicode=False)
    assert plain(read_nodes(text.encode(), "x.yaml").root) == tree


@given(TREES)
def test_both_loaders_read_the_same(tree: Plain) -> None:
    data = yaml.safe_dump(tree, default_style='"').encode()
    assert read_nodes(data, "x.yaml", loader=yaml.SafeLoader) == read_nodes(data, "x.yaml")


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_end_in_nodes_or_problems(data: bytes) -> None:
    for loader in LOADERS:
        for problem in read_nodes(data, "x.yaml", loader=loader).problems:
            assert problem.place is not None
            assert problem.message.isprintable()


@given(st.text("ab:-[]{},&*!|>'\"%@`#?~ \t\n", max_size=40))
def test_any_signs_of_yaml_end_in_nodes_or_problems(text: str) -> None:
    for loader in LOADERS:
        for problem in read_nodes(text.encode(), "x.yaml", loader=loader).problems:
            assert problem.place is not None
            assert problem.place.line is not None
