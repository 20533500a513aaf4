"""Which trees git refuses to check out: compared with what git itself does, on trees that no honest git writes."""

import subprocess
from pathlib import Path

import pytest

from pinner.git.objects.read import (
    DEEPEST,
    MOST_FILES,
    UnsafeTreeError,
    archived,
    changed_paths,
    check_out,
    flaw_of_tree,
    list_tree,
)
from pinner.git.process.repository import Mirror
from pinner.model.lock import Refs
from tests.support.hostile_trees import FILE, FOLDER, LINK, HostileRepository

SUBMODULE = "160000"


@pytest.fixture
def repository(tmp_path: Path) -> HostileRepository:
    return HostileRepository(tmp_path / "hostile.git")


def mirror_of(repository: HostileRepository) -> Mirror:
    return Mirror("https://git.example.org/hostile", repository.path, Refs({}))


def does_git_refuse(repository: HostileRepository, commit: str, place: Path) -> bool:
    place.mkdir()
    protected = ["-c", "core.protectHFS=true", "-c", "core.protectNTFS=true"]
    done = subprocess.run(
        [
            "git",
            f"--git-dir={repository.path}",
            f"--work-tree={place}",
            *protected,
            "read-tree",
            "--reset",
            "-u",
            commit,
        ],
        check=False,
        capture_output=True,
    )
    return done.returncode != 0


REFUSED = [
    b".",
    b"..",
    b"",
    b".git",
    b".GIT",
    b".gIt",
    b".git.",
    b".git ",
    b".git...  ",
    b".git::$INDEX_ALLOCATION",
    b"git~1",
    b"GIT~1",
    b"GIT~1. .",
    b".g\xe2\x80\x8cit",
    b"\xef\xbb\xbf.git",
    b".Gi\xe2\x81\xaat",
    b"x\\.git",
    b"/etc",
    b"a/../b",
    b"a/.git/config",
    b"a//b",
]
ALLOWED = [
    b".gitignore",
    b".gitmodules",
    b".github",
    b"..a",
    b"...",
    b"git~2",
    b"git~10",
    b".gitx",
    b"x.git",
    b".git x",
    b"a\\b",
    b"a/b",
    b" .git",
    b"g\xe2\x80\x8cit",
    "ümläut".encode(),
    b"\xff\xfe",
    b"new\nline",
    b"CON",
]


@pytest.mark.parametrize("is_deep", [False, True], ids=["root", "deep"])
@pytest.mark.parametrize(
    ("name", "is_refused"), [*((name, True) for name in REFUSED), *((name, False) for name in ALLOWED)]
)
def test_names_are_refused_exactly_where_git_refuses_them(
    repository: HostileRepository, tmp_path: Path, name: bytes, *, is_refused: bool, is_deep: bool
) -> None:
    tree = repository.tree([(FILE, name, repository.blob(b"class x { }\n"))])
    if is_deep:
        tree = repository.tree([(FOLDER, b"manifests", repository.tree([(FOLDER, b"deep", tree)]))])
    commit = repository.commit(tree)
    assert does_git_refuse(repository, commit, tmp_path / "files") is is_refused
    assert (flaw_of_tree(mirror_of(repository), commit) is not None) is is_refused


@pytest.mark.parametrize("mode", [FOLDER, LINK, SUBMODULE], ids=["directory", "link", "submodule"])
@pytest.mark.parametrize(
    "name", [b".git", b"..", b".gitmodules", b"GITMOD~1", b"gi7eba~1", b".gitmodules .", b"lib"]
)
def test_so_are_directories_links_and_submodules(
    repository: HostileRepository, tmp_path: Path, name: bytes, mode: str
) -> None:
    objects = {
        FOLDER: repository.tree([(FILE, b"config", repository.blob(b"[core]\n"))]),
        LINK: repository.blob(b"../../etc/passwd"),
        SUBMODULE: "1" * 40,
    }
    commit = repository.commit(repository.tree([(mode, name, objects[mode])]))
    is_refused = does_git_refuse(repository, commit, tmp_path / "files")
    assert (flaw_of_tree(mirror_of(repository), commit) is not None) is is_refused


def test_a_refused_name_is_shown_and_never_written(repository: HostileRepository, tmp_path: Path) -> None:
    blob = repository.blob(b"x\n")
    commit = repository.commit(repository.tree([(FOLDER, b"a", repository.tree([(FILE, b".GIT", blob)]))]))
    mirror = mirror_of(repository)
    with pytest.raises(UnsafeTreeError) as raised:
        check_out(mirror, commit, tmp_path / "files", scratch=tmp_path / "scratch")
    assert str(raised.value) == (
        f"commit {commit} of {mirror.url} cannot be read as files: it holds 'a/.GIT', which git refuses to check out\n"
        "  hint: pin another commit, and report this one to the owner of the module"
    )
    assert not (tmp_path / "files").exists()
    assert [entry.path for entry in list_tree(mirror, commit)] == ["a/.GIT"]


def test_a_malformed_tree_is_not_taken_for_a_damaged_mirror(repository: HostileRepository) -> None:
    commit = repository.commit(repository.object("tree", b"100644 cut-off\0abc"))
    flaw = flaw_of_tree(mirror_of(repository), commit)
    assert flaw
    assert flaw.reason.startswith("git cannot read it: ")


def bomb(repository: HostileRepository) -> str:
    tree, mode = repository.blob(b"class x { }\n"), FILE
    for level in range(9):
        tree, mode = (
            repository.tree([(mode, b"%d%d" % (number, level), tree) for number in range(10)]),
            FOLDER,
        )
    return repository.commit(tree)


def wide(repository: HostileRepository) -> str:
    blob = repository.blob(b"x\n")
    return repository.commit(
        repository.tree([(FILE, b"%07d" % number, blob) for number in range(MOST_FILES + 1)])
    )


def nested(repository: HostileRepository) -> str:
    tree, mode = repository.blob(b"x\n"), FILE
    trees = repository.nest(tree, mode, 30_000)
    return repository.commit(trees)


def deep(repository: HostileRepository) -> str:
    return repository.commit(repository.nest(repository.blob(b"x\n"), FILE, DEEPEST + 2))


@pytest.mark.parametrize("make", [bomb, wide, nested, deep])
def test_what_would_never_end_is_refused_before_it_is_expanded(
    repository: HostileRepository, tmp_path: Path, make: "object"
) -> None:
    assert callable(make)
    commit = make(repository)
    small = repository.commit(repository.tree([(FILE, b"a", repository.blob(b"x\n"))]))
    mirror = mirror_of(repository)
    for expand in (
        lambda: changed_paths(mirror, small, commit),
        lambda: list_tree(mirror, commit),
        lambda: archived(mirror, commit),
        lambda: check_out(mirror, commit, tmp_path / "files", scratch=tmp_path / "scratch"),
    ):
        with pytest.raises(
            UnsafeTreeError, match=rf"^commit {commit} of https://git.example.org/hostile cannot be read"
        ):
            expand()
    assert [entry.path for entry in list_tree(mirror, small)] == ["a"]
