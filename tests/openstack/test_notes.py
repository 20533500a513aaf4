"""Release notes: which differ between two trees, what their sections say, and which code they speak of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.model.comparison import NoteChange, ReleaseNote
from pinner.openstack.notes import (
    SECTIONS,
    ChangedNote,
    compare_notes,
    explains,
    names_in,
    rank,
    read_note,
    section_of,
)
from pinner.project.operator.values import read_yaml
from tests.support.properties import examples

ID = "0123456789abcdef"
OTHER = "fedcba9876543210"
NOTES = "releasenotes/notes"


def read(text: str, path: str = f"{NOTES}/a.yaml") -> tuple[ReleaseNote, ...] | str:
    return read_note(read_yaml(text.encode(), path, is_raw=True).root, path)


def test_notes_that_come_change_and_go() -> None:
    before = {f"{NOTES}/kept-{ID}.yaml": "1", f"{NOTES}/edited.yaml": "2", f"{NOTES}/gone.yml": "3"}
    after = {f"{NOTES}/kept-{ID}.yaml": "1", f"{NOTES}/edited.yaml": "4", f"{NOTES}/new-{OTHER}.yaml": "5"}
    assert compare_notes(before, after) == (
        ChangedNote(f"{NOTES}/edited.yaml", "4", NoteChange.CHANGED),
        ChangedNote(f"{NOTES}/gone.yml", "3", NoteChange.REMOVED),
        ChangedNote(f"{NOTES}/new-{OTHER}.yaml", "5", NoteChange.NEW),
    )


def test_a_note_that_moves_to_where_it_belongs_is_the_same() -> None:
    misplaced = {f"{NOTES}/releasenotes/notes/x-{ID}.yaml": "1", f"{NOTES}/notes/y.yaml": "2"}
    placed = {f"{NOTES}/renamed-{ID}.yaml": "1", f"{NOTES}/y.yaml": "2"}
    assert compare_notes(misplaced, placed) == ()


def test_a_note_that_lies_twice_counts_once() -> None:
    twice = {f"{NOTES}/notes/x-{ID}.yaml": "1", f"{NOTES}/x-{ID}.yaml": "2"}
    assert compare_notes({}, twice) == (ChangedNote(f"{NOTES}/x-{ID}.yaml", "2", NoteChange.NEW),)
    assert compare_notes({f"{NOTES}/x-{ID}.yaml": "2"}, twice) == ()


def test_other_files_are_no_notes() -> None:
    assert compare_notes({}, {f"{NOTES}/.placeholder": "1", f"{NOTES}/README.md": "2"}) == ()


@given(
    st.dictionaries(
        st.sampled_from([f"{NOTES}/{name}.yaml" for name in ("a", f"b-{ID}", f"c-{ID}", "n/d")]),
        st.sampled_from("123"),
    )
)
def test_a_tree_does_not_differ_from_itself(tree: dict[str, str]) -> None:
    assert compare_notes(tree, tree) == ()
    assert all(note.change is NoteChange.REMOVED for note in compare_notes(tree, {}))


def test_sections_in_the_order_in_which_they_matter() -> None:
    found = read(
        "features:\n  - |\n    A thing.\n  - Another\nprelude: >\n  Hello.\nsecurity: [A hole is closed]\n"
    )
    assert not isinstance(found, str)
    assert [(note.section, note.text) for note in found] == [
        ("security", "A hole is closed"),
        ("prelude", "Hello."),
        ("features", "A thing."),
        ("features", "Another"),
    ]


def test_what_yaml_took_for_a_map_is_put_together_again() -> None:
    found = read("upgrade:\n  - The option: it is gone\n  - a:\n      - b\n      - c\n  -\n")
    assert not isinstance(found, str)
    assert [note.text for note in found] == ["The option: it is gone", "a: b\nc"]


@pytest.mark.parametrize(
    ("key", "section"),
    [
        *((section, section) for section in SECTIONS),
        ("upgrades", "upgrade"),
        ("updates", "upgrade"),
        ("deprecation", "deprecations"),
        ("deprications", "deprecations"),
        ("Feature", "features"),
        ("fix", "fixes"),
        ("anything", "other"),
    ],
)
def test_misspelt_sections_are_read_as_they_were_meant(key: str, section: str) -> None:
    assert section_of(key) == section


@pytest.mark.parametrize("text", ["", "- a\n", "just text\n"])
def test_a_file_without_sections_is_told(text: str) -> None:
    assert read(text) == "it has no sections"


def test_names_of_code() -> None:
    text = "The ``nova::compute::enabled`` and 'debug' options of $nova::api, and old_style, but not words."
    assert names_in(text) == {"nova::compute::enabled", "debug", "nova::api", "old_style"}


@pytest.mark.parametrize(
    ("text", "definition", "parameter", "expected"),
    [
        ("``nova::api`` is gone", "nova::api", None, True),
        ("``nova::apis`` is gone", "nova::api", None, False),
        ("nova::api::port was removed", "nova::api", "port", True),
        ("The ``port`` parameter of ``nova::api`` was removed", "nova::api", "port", True),
        ("The ``port`` parameter of ``nova::metadata`` was removed", "nova::api", "port", False),
        ("The ``amqp_durable`` parameter was removed", "nova::api", "amqp_durable", True),
        ("The port is now checked", "nova::api", "port", False),
    ],
)
def test_what_a_note_explains(text: str, definition: str, parameter: str | None, *, expected: bool) -> None:
    note = ReleaseNote("upgrade", text, "x.yaml", names=names_in(text))
    assert explains(note, definition, parameter) is expected


def test_security_comes_first() -> None:
    notes = [ReleaseNote(section, "x", "p") for section in ("features", "upgrade", "security")]
    assert [note.section for note in sorted(notes, key=rank)] == ["security", "upgrade", "features"]


PIECES = st.sampled_from(
    [
        "features",
        ":",
        "\n",
        "  - ",
        "|",
        "text",
        "'",
        "upgrade:\n",
        "[",
        "{",
        "&a ",
        "*a",
        "\t",
        "é",
        "---\n",
        "!x ",
    ]
)


@settings(max_examples=examples(200))
@given(st.lists(PIECES, max_size=15).map("".join))
def test_any_note_is_read_or_named(text: str) -> None:
    built = read_yaml(text.encode(), "n.yaml", is_raw=True)
    found = read_note(built.root, "n.yaml")
    assert built.refusal or found or found == ()
