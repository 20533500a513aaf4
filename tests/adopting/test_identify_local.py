"""Modules as they lie in a directory: what is taken for one, and how much of it is read."""

from pathlib import Path

from pinner.adopting.match import read_local_modules
from pinner.model.identification import Unread


def test_a_directory_with_more_than_any_module_has_is_not_read_to_its_end(tmp_path: Path) -> None:
    lib = tmp_path / "usr/lib"
    lib.mkdir(parents=True)
    for number in range(12):
        (lib / str(number)).touch()
    (usr,) = read_local_modules(tmp_path, most=10).modules
    assert usr.unread == (Unread("", "it has more than 10 files and directories"),)
