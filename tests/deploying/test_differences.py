"""What differs is told, what does not is not: laws of comparing any two sets of files."""

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from pinner.deploying.file_differences import (
    Contents,
    DeployedDifference,
    Expected,
    State,
    differences,
    states,
)
from pinner.git.objects.directory_tree import EXECUTABLE, LINK, PLAIN, PlainFile, PlainTree, blob_id

CONTENTS = {blob_id(content): content for content in (b"a\n", b"a\r\n", b"b", b"x", b"x/y")}
paths = st.lists(st.sampled_from("abx"), min_size=1, max_size=3).map("/".join)
entries = st.tuples(st.sampled_from([PLAIN, EXECUTABLE, LINK]), st.sampled_from(sorted(CONTENTS)))


def without_clashes(files: Mapping[str, State]) -> Mapping[str, State]:
    """Leave out what cannot lie beside a file of that name."""
    return {
        path: state for path, state in files.items() if not any(path.startswith(f"{one}/") for one in files)
    }


trees = st.dictionaries(paths, entries, max_size=6).map(without_clashes)


def compare(expected: Mapping[str, State], actual: Mapping[str, State]) -> list[DeployedDifference]:
    files = tuple(PlainFile(path, mode, name, 0) for path, (mode, name) in sorted(actual.items()))
    contents = Contents(stored, lambda path: CONTENTS[actual[path][1]])
    return list(differences(Expected(expected), PlainTree(files), contents))


def stored(ids: Iterable[str]) -> Mapping[str, bytes | None]:
    return {name: CONTENTS[name] for name in ids}


def covers(one: DeployedDifference, path: str) -> bool:
    return (
        path == one.path
        or path.startswith(f"{one.path}/")
        or f"'{path}'" in one.words
        or " more" in one.words
    )


@given(files=trees)
def test_files_do_not_differ_from_themselves(files: Mapping[str, State]) -> None:
    assert compare(files, files) == []


@given(expected=trees, actual=trees)
def test_every_file_that_differs_is_told_and_no_other(
    expected: Mapping[str, State], actual: Mapping[str, State]
) -> None:
    found = compare(expected, actual)
    wrong = {path for path in expected.keys() | actual.keys() if expected.get(path) != actual.get(path)}
    assert all(any(covers(one, path) for one in found) for path in wrong)
    assert all(one.path in wrong or any(path.startswith(f"{one.path}/") for path in wrong) for one in found)
    assert not {
        path for one in found for path in (expected.keys() | actual.keys()) - wrong if path == one.path
    }


@given(expected=trees, actual=trees, other=trees)
def test_each_way_of_writing_a_file_is_right(
    expected: Mapping[str, State], actual: Mapping[str, State], other: Mapping[str, State]
) -> None:
    files = tuple(PlainFile(path, mode, name, 0) for path, (mode, name) in sorted(actual.items()))
    contents = Contents(stored, lambda _path: None)
    assert states(PlainTree(files)) == actual
    assert list(differences(Expected(expected, (other, actual)), PlainTree(files), contents)) == []


def test_the_kinds_of_change() -> None:
    crlf, lf, text, target = (blob_id(content) for content in (b"a\r\n", b"a\n", b"b", b"x"))
    expected = {"dos": (PLAIN, crlf), "edit": (PLAIN, lf), "run": (EXECUTABLE, lf), "link": (LINK, target)}
    actual = {"dos": (PLAIN, lf), "edit": (EXECUTABLE, text), "run": (PLAIN, lf), "link": (LINK, text)}
    assert [(one.code, one.words) for one in compare(expected, actual)] == [
        ("deployed-link", "'link' is a symbolic link to elsewhere, not to 'x'"),
        ("deployed-changed", "'edit' was changed"),
        ("deployed-line-endings", "only line endings differ in 'dos'"),
        ("deployed-mode", "the executable bit is missing on 'run'"),
    ]
