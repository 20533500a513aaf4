"""Edits of YAML at a place: the meant value changes, everything else stays byte for byte."""

import pytest

from pinner.model.errors import InputError, Location
from pinner.project.yaml.edit import TextEdit, edit_yaml, insert_line

PATH = "environments/production.yaml"


def edit(text: str, line: int, column: int, old: str, new: str | None) -> str:
    return edit_yaml(text.encode(), [TextEdit(Location(PATH, line, column), old, new)], PATH).decode()


@pytest.mark.parametrize(
    ("before", "line", "column", "after"),
    [
        ("release: 2024.1   # live\n", 1, 10, "release: 2025.1   # live\n"),
        (
            "# first\nrelease: '2024.1'\nopenstack: all\n",
            2,
            10,
            "# first\nrelease: '2025.1'\nopenstack: all\n",
        ),
        ('{"release": "2024.1", openstack: [nova]}', 1, 13, '{"release": "2025.1", openstack: [nova]}'),
        ("a: 1\r\nrelease: 2024.1\r\nb: 2\r\n", 2, 10, "a: 1\r\nrelease: 2025.1\r\nb: 2\r\n"),
        ("\ufeffrelease: 2024.1", 1, 10, "\ufeffrelease: 2025.1"),
        ("description: 🙂 ü\nrelease:   2024.1", 2, 12, "description: 🙂 ü\nrelease:   2025.1"),
    ],
)
def test_a_scalar_changes_and_nothing_else(before: str, line: int, column: int, after: str) -> None:
    assert edit(before, line, column, "2024.1", "2025.1") == after


@pytest.mark.parametrize(
    ("before", "line", "column", "after"),
    [
        ("l: [murano, nova] # c\n", 1, 5, "l: [nova] # c\n"),
        ("l: [nova, murano]\n", 1, 11, "l: [nova]\n"),
        ("l: [nova, murano, heat]\n", 1, 11, "l: [nova, heat]\n"),
        ("l: [murano]\n", 1, 5, None),
        ("l:\n  - nova\n  - murano   # apps\n  - heat\n", 3, 5, "l:\n  - nova\n  - heat\n"),
        ("l:\n- nova\n- 'murano'\n", 3, 3, "l:\n- nova\n"),
        ("l:\n  [nova,\n   murano,\n   heat]\n", 3, 4, "l:\n  [nova,\n   heat]\n"),
        ("m:\n  murano: false  # never\n  nova: {tag: a}\n", 2, 3, "m:\n  nova: {tag: a}\n"),
        ("m:\n  murano:\n    as_of: 2024-01-01\n    # why\n\n  nova: x\n", 2, 3, "m:\n\n  nova: x\n"),
        ("m: {murano: false, nova: x}\n", 1, 5, None),
        ("m:\n  murano: false", 2, 3, None),
    ],
)
def test_an_entry_goes_or_is_left_for_a_person(
    before: str, line: int, column: int, after: str | None
) -> None:
    if after is not None:
        assert edit(before, line, column, "murano", None) == after
        return
    with pytest.raises(InputError) as caught:
        edit(before, line, column, "murano", None)
    assert str(caught.value) == (
        f"{PATH}:{line}:{column}: cannot remove 'murano' without changing more around it\n  hint: edit it by hand"
    )


def test_several_edits_keep_their_places() -> None:
    before = "release: grizzly\nopenstack: [murano, quantum, nova, quantum]\nmodules:\n  murano: false\n  quantum: {}\n"
    edits = [
        TextEdit(Location(PATH, 1, 10), "grizzly", "havana"),
        TextEdit(Location(PATH, 2, 13), "murano", None),
        TextEdit(Location(PATH, 2, 21), "quantum", "neutron"),
        TextEdit(Location(PATH, 4, 3), "murano", None),
        TextEdit(Location(PATH, 5, 3), "quantum", "neutron"),
    ]
    after = "release: havana\nopenstack: [neutron, nova, quantum]\nmodules:\n  neutron: {}\n"
    assert edit_yaml(before.encode(), edits, PATH).decode() == after


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('release: "2024\\x2e1"\n', 1, 10),  # written with an escape
        ("release: >-\n  2024.1\n", 1, 10),  # folded
        ("release: 2024.10\n", 1, 10),  # another value that only begins like it
    ],
)
def test_a_scalar_that_does_not_stand_there_as_it_is_meant_is_left(text: str, line: int, column: int) -> None:
    with pytest.raises(InputError, match=r"cannot replace '2024\.1' with '2025\.1' without changing more"):
        edit(text, line, column, "2024.1", "2025.1")


def test_a_key_that_would_stand_twice_is_left() -> None:
    with pytest.raises(InputError, match="edit it by hand"):
        edit("m:\n  quantum: a\n  neutron: b\n", 2, 3, "quantum", "neutron")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("extends: _base\nopenstack: all\n", "extends: _base\nrelease: 2025.1\nopenstack: all\n"),
        ("extends: _base", "extends: _base\nrelease: 2025.1\n"),
        ("extends: _base\r\n# c\r\n", "extends: _base\r\nrelease: 2025.1\r\n# c\r\n"),
    ],
)
def test_a_line_is_inserted_with_the_ends_of_its_neighbour(before: str, after: str) -> None:
    assert insert_line(before.encode(), 1, "release: 2025.1", PATH).decode() == after
