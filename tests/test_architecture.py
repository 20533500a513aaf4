"""The rooms import one way, and what belongs to one room stays in it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "pinner"

# room -> the rooms it may import; every room may import itself and the package's version
MAY_IMPORT: dict[str, set[str]] = {
    "words": set(),
    "puppet": {"words"},
    "openstack": {"words"},
    "git": {"words"},
    "project": {"words", "puppet"},
    "operations": {"words", "puppet", "openstack", "git", "project"},
    "report": {"words", "operations"},
    "cli": {"words", "puppet", "openstack", "git", "project", "operations", "report"},
}
ONLY_IN = {
    "git": {"git"},
    "click": {"cli"},
    "rich": {"report", "cli"},
    "jinja2": {"operations", "report"},  # Puppetfile templates in a sandbox; report pages with autoescape
    "markupsafe": {"report"},
    "yaml": {"project"},
}
PURE = {"words", "puppet", "openstack", "report"}
IO_MODULES = {
    "subprocess",
    "socket",
    "tempfile",
    "shutil",
    "os",
    "pathlib",
    "sqlite3",
    "urllib.request",
    "http",
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


ROOM_FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def test_every_folder_is_a_known_room() -> None:
    assert {room_of(path) for path in ROOM_FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", ROOM_FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    allowed = MAY_IMPORT[room] | {room}
    rooms = {name.split(".")[1] for name in imports_of(path) if name.startswith("pinner.")}
    assert rooms <= allowed, f"{room} may not import {sorted(rooms - allowed)}"


@pytest.mark.parametrize("path", ROOM_FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_outside_libraries_stay_in_their_room(path: Path) -> None:
    room = room_of(path)
    for name in imports_of(path):
        rooms = ONLY_IN.get(name.split(".")[0])
        assert rooms is None or room in rooms, f"{name} belongs to {rooms}"


@pytest.mark.parametrize("path", ROOM_FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_pure_rooms_import_nothing_that_does_io(path: Path) -> None:
    if room_of(path) in PURE:
        assert not set(imports_of(path)) & IO_MODULES
