import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.errors import InputError
from pinner.project.manifest.lock import dump_lock, parse_lock
from tests.support.locks import one_of_each_kind

PATH = "environments/production.lock"
MEND = "\n  hint: restore the file from git; or delete it, and 'pinner lock' makes a new one"
BY_HAND = "\n  hint: was the lock edited by hand? restore the file from git"
UNKNOWN = "\n  hint: was the lock edited by hand, or written by a newer pinner?"
GOOD = dump_lock(one_of_each_kind())

Fields = dict[str, object]


def complaint(data: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        parse_lock(data if isinstance(data, bytes) else data.encode(), environment="production", path=PATH)
    return str(caught.value)


def with_module(module: str, edit: Callable[[Fields], object]) -> str:
    document = json.loads(GOOD)
    edit(document["modules"][module])
    return json.dumps(document, indent=2, sort_keys=True)


def with_field(module: str, key: str, value: object) -> str:
    return with_module(module, lambda fields: fields.update({key: value}))


def test_an_empty_file() -> None:
    assert complaint(" \n") == f"{PATH}: the lock is empty{MEND}"


@pytest.mark.parametrize("length", range(1, len(GOOD) - 2, 29))
def test_a_lock_cut_anywhere_is_told_as_cut(length: int) -> None:
    assert "the lock is truncated" in complaint(GOOD[:length])


def test_a_cut_lock_is_told_with_the_place_of_its_end() -> None:
    assert complaint(GOOD[: GOOD.index('"git@')]) == f"{PATH}:9:14: the lock is truncated{MEND}"


def test_no_json() -> None:
    assert (
        complaint('{\n  "modules": yes\n}')
        == f"{PATH}:2:14: the lock is not valid JSON: Expecting value{MEND}"
    )


def test_the_marks_of_a_merge_conflict() -> None:
    text = GOOD.replace(
        '      "version": "1.2.3"\n', '<<<<<<< HEAD\n      "version": "1.2.3"\n=======\n>>>>>>> topic\n'
    )
    assert complaint(text) == (
        f"{PATH}:5:1: the lock has merge conflict markers\n"
        "  hint: take either side (git checkout --ours or --theirs), then run 'pinner lock'"
    )


def test_bytes_that_are_no_utf_8() -> None:
    assert complaint(b'{"modules": "\xff"}') == (
        f"{PATH}:1:14: byte 0xff is not valid UTF-8\n  hint: save the file as UTF-8"
    )


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"modules": {}}', '"pinner_lock"'])
def test_json_that_is_no_lock(text: str) -> None:
    assert complaint(text) == f"{PATH}: this is not a lock of pinner: 'pinner_lock' is missing{MEND}"


def test_a_newer_format() -> None:
    assert complaint('{\n  "layers": [],\n  "pinner_lock": 2\n}') == (
        f"{PATH}:3: the lock has format 2; this pinner reads format 1\n"
        "  hint: it was written by a newer pinner: update this one"
    )


@pytest.mark.parametrize("number", ["0", "-1", "true", '"1"', "1.0", "null", "[1]"])
def test_a_format_that_never_was(number: str) -> None:
    assert (
        complaint(f'{{"modules": {{}},\n"pinner_lock": {number}}}')
        == f"{PATH}:2: 'pinner_lock' must be 1{MEND}"
    )


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_words_that_are_no_json(constant: str) -> None:
    assert complaint(f'{{"pinner_lock": {constant}}}') == f"{PATH}: '{constant}' is not valid JSON{MEND}"


def test_a_number_too_long_to_read() -> None:
    assert "digits" in complaint('{"pinner_lock": ' + "9" * 10_000 + "}")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_endless_nesting(opening: str) -> None:
    assert complaint(opening * 1_000_000) == f"{PATH}: values are nested too deep{MEND}"


def test_a_repeated_key_is_told_with_both_places() -> None:
    text = GOOD.replace('      "version": "1.2.3"', '      "version": "1.2.3",\n      "version": "1.2.4"')
    assert complaint(text) == (
        f"{PATH}:6:7: the key 'version' was given before, at line 5, column 7\n  hint: delete one of them"
    )


def test_a_repeated_key_nested_deep_is_told_without_a_place() -> None:
    assert (
        complaint("[" * 30 + '{"b": 1, "b": 2}' + "]" * 30)
        == f"{PATH}: a key is repeated in one object{MEND}"
    )


def test_all_flaws_are_told_in_one_run() -> None:
    text = GOOD.replace("1" * 40, "1" * 7).replace("refs/tags/31.0.0", "--upload-pack=x")
    assert complaint(text) == (
        f"{PATH}:27:7: modules.keystone.commit: '1111111' is not a full commit id: write all 40 hex digits in lower case"
        f"{BY_HAND}\n{PATH}:45:7: modules.nova.ref: '--upload-pack=x' is not a full ref name: "
        "it must begin with 'refs/heads/' or 'refs/tags/'"
    )


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("commit", "A" * 40, f"'{'A' * 40}' is not a full commit id: write all 40 hex digits in lower case"),
        ("commit", "1" * 41, f"'{'1' * 41}' is not a full commit id: write all 40 hex digits in lower case"),
        ("commit", 17, "this must be a text in double quotes"),
        ("git", "--upload-pack=touch x", "is not a valid git URL"),
        ("git", "ext::sh -c x", "transports that run commands are refused"),
        ("git", "https://u:secret@git.example.net/x", "a git URL must not contain a user or password"),
        ("git", None, "this must be a text in double quotes"),
        ("ref", "stable/2025.1", "it must begin with 'refs/heads/' or 'refs/tags/'"),
        ("ref", "refs/heads/x\n", "is not a valid ref name"),
        ("ref", "refs/pull/1/head", "it must begin with 'refs/heads/' or 'refs/tags/'"),
        ("status", "fine", "'fine' is not a status: use one of 'maintained', 'unmaintained', 'end of life'"),
        ("install_path", "../../etc", "is not a valid path"),
        ("install_path", "/etc", "write it relative to the environment's directory"),
        ("module", "no", "this must be true or false"),
        ("name", "<\u001b[31m>", "contains unprintable characters"),
        ("version", "x" * 4001, "the text is longer than 4000 characters"),
        ("dependencies", [], "this must be an object"),
        ("dependencies", {"a/b": 3}, "this must be a text in double quotes"),
        ("dependencies", {"a\nb": ""}, "contains unprintable characters"),
        ("required_by", "nova", "this must be a list"),
        ("required_by", ["<b>"], "'<b>' is not a valid module name"),
        ("required_by", [3], "this must be a text in double quotes"),
        ("want", "2025.1", "this must be an object"),
        ("want", {"release": "Quantal!"}, "is not an OpenStack release"),
        ("want", {"release": "2025.1", "as_of": "2025-02-30"}, "the date '2025-02-30' does not exist"),
        ("want", {"release": "2025.1", "since": "x"}, "modules.keystone.want.since: this key is unknown"),
        ("want", {}, "exactly one of release, branch, tag, commit, version must be here"),
        (
            "want",
            {"tag": "a", "branch": "a"},
            "exactly one of release, branch, tag, commit, version must be here",
        ),
        ("comit", "1" * 40, "this key is unknown\n  hint: did you mean 'commit'?"),
        ("layout", "modern", f"this key is unknown{UNKNOWN}"),
    ],
)
def test_a_value_that_no_pinner_wrote_is_refused(key: str, value: object, expected: str) -> None:
    assert expected in complaint(with_field("keystone", key, value))


@pytest.mark.parametrize("key", ["commit", "git"])
def test_a_missing_key_is_told_at_its_module(key: str) -> None:
    text = with_module("keystone", lambda fields: fields.pop(key))
    assert f":26:5: modules.keystone: the key '{key}' is missing" in complaint(text)


def test_a_missing_want_is_told() -> None:
    text = with_module("keystone", lambda fields: fields.pop("want"))
    expected = "modules.keystone.want: exactly one of release, branch, tag, commit, version must be here"
    assert complaint(text) == f"{PATH}:26:5: {expected}{BY_HAND}"


def test_missing_modules_are_told() -> None:
    assert complaint('{"pinner_lock": 1}') == f"{PATH}:1:1: the key 'modules' is missing{BY_HAND}"


def test_an_unknown_key_beside_the_modules_is_told() -> None:
    assert complaint('{"pinner_lock": 1, "modules": {},\n "generated": 1}') == (
        f"{PATH}:2:2: generated: this key is unknown{UNKNOWN}"
    )


def test_a_forge_pin_must_have_an_exact_version() -> None:
    assert "modules.facts.version: '>= 1' is not an exact version" in complaint(
        with_field("facts", "version", ">= 1")
    )


def test_a_forge_pin_has_no_commit() -> None:
    assert "modules.facts.commit: this key is unknown" in complaint(with_field("facts", "commit", "1" * 40))


@pytest.mark.parametrize(
    ("module", "key", "value", "expected"),
    [
        (
            "nova",
            "ref",
            "refs/tags/30.0.0",
            "modules.nova.ref: the ref must be 'refs/tags/31.0.0', as in 'want'",
        ),
        (
            "nova",
            "ref",
            "refs/heads/31.0.0",
            "modules.nova.ref: the ref must be 'refs/tags/31.0.0', as in 'want'",
        ),
        (
            "horizon",
            "ref",
            "refs/heads/main",
            "modules.horizon.ref: the ref must be 'refs/heads/acme/2025.1', as in 'want'",
        ),
        ("hieradata", "commit", "7" * 40, "modules.hieradata.commit: the commit is not the one in 'want'"),
    ],
)
def test_a_pin_that_contradicts_its_want_is_refused(module: str, key: str, value: str, expected: str) -> None:
    assert expected in complaint(with_field(module, key, value))


@pytest.mark.parametrize("module", ["Nova", "../x", "a'b", "--x", "<b>", "a\u202eb", ""])
def test_a_hostile_module_name_is_refused(module: str) -> None:
    document = json.loads(GOOD)
    document["modules"][module] = {"forge": "acme/facts", "version": "1.2.3"}
    assert "is not a valid module name" in complaint(json.dumps(document))


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_lock_or_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_lock(data, environment="production", path=PATH)


@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_any_one_character_changed_ends_in_a_lock_or_an_input_error(index: int, letter: str) -> None:
    text = GOOD[:index] + letter + GOOD[index + 1 :]
    try:
        lock = parse_lock(text.encode(errors="surrogatepass"), environment="production", path=PATH)
    except InputError:
        return
    assert parse_lock(dump_lock(lock).encode(), environment="production", path=PATH) == lock
