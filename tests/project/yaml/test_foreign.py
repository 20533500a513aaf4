from pathlib import Path

from pinner.project.yaml.schema import LARGEST_FOREIGN_FILE, read_foreign


def told(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    file = read_foreign(path)
    assert file.root is None or not file.problems
    return [str(problem).replace(str(path), "x.yaml") for problem in file.problems]


def test_scalars_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("version: 0120715\nother: 9.10\n")
    root = read_foreign(path).root
    assert root is not None
    assert [getattr(entry.value, "text", None) for entry in root.entries.values()] == ["0120715", "9.10"]


def test_a_hint_speaks_of_no_base(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &a [b]\nc: *a\n")
    assert {problem.hint for problem in read_foreign(path).problems} == {
        "repeat the value where it is needed"
    }


def test_what_holds_no_map(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for content in (b"", b"- a\n", b"text\n"):
        assert told(path, content) == ["x.yaml: the file is not a map"]


def test_what_is_no_file_or_too_long(tmp_path: Path) -> None:
    assert [problem.message for problem in read_foreign(tmp_path).problems] == ["this is not a regular file"]
    assert "No such file" in read_foreign(tmp_path / "none").problems[0].message
    assert told(tmp_path / "x.yaml", b"a" * (LARGEST_FOREIGN_FILE + 1)) == [
        f"x.yaml: the file is longer than {LARGEST_FOREIGN_FILE} bytes"
    ]
