"""What deployment writes for a commit, by real checkouts and real archives."""

import subprocess
from pathlib import Path

import pytest

from pinner.git.mirrors.batch import MissingCommitError
from pinner.git.objects.read import archived, checked_out
from pinner.git.process.repository import Mirror
from pinner.model.lock import Refs
from tests.support.repositories import Repository, make_repository, run_git
from tests.support.trees import files_in

ATTRIBUTES = "*.txt text eol=crlf\n*.rb ident\nspec export-ignore\nversion export-subst\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one commit that has a file for each attribute, an executable one, links and odd names."""
    work = tmp_path / "work"
    for path, text in {
        ".gitattributes": ATTRIBUTES,
        "a.txt": "a\nb\n",
        "lib/x.rb": "# $Id$\n",
        "spec/x": "test\n",
        "version": "$Format:%H$\n",
        "caf\udce9/ü\n": "odd\n",
        "run": "#!/bin/sh\n",
    }.items():
        (work / path).parent.mkdir(parents=True, exist_ok=True)
        (work / path).write_bytes(text.encode())
    (work / "run").chmod(0o755)
    (work / "link").symlink_to("lib/../run")
    repository = make_repository(tmp_path / "nova.git")
    place = ["--git-dir", str(repository.path), "--work-tree", str(work)]
    run_git(*place, "-C", str(work), "add", "--all", ".")
    tree = run_git(*place, "write-tree")
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    repository.branch("main", run_git(*who, *place, "commit-tree", "-m", "All of it", tree))
    return repository


def mirror_of(repository: Repository) -> Mirror:
    return Mirror(repository.url, repository.path, Refs({}))


def test_a_checkout(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "main")
    run_git("clone", "--quiet", str(repository.path), str(tmp_path / "clone"))
    expected = files_in(tmp_path / "clone", without={".git"})
    assert (tmp_path / "clone/a.txt").read_bytes() == b"a\r\nb\r\n"
    assert {
        file.path: (file.mode, file.id) for file in checked_out(mirror_of(repository), commit)
    } == expected


def test_an_archive(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "main")
    packed = subprocess.run(
        ["git", "-C", str(repository.path), "archive", commit], capture_output=True, check=True
    )
    (tmp_path / "unpacked").mkdir()
    subprocess.run(
        ["tar", "--extract", "--directory", str(tmp_path / "unpacked")], input=packed.stdout, check=True
    )
    expected = files_in(tmp_path / "unpacked")
    assert (tmp_path / "unpacked/version").read_text() == f"{commit}\n"
    assert "spec/x" not in expected
    assert {file.path: (file.mode, file.id) for file in archived(mirror_of(repository), commit)} == expected


def test_the_configuration_of_who_looks_is_not_that_of_who_deployed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, mirror = repository.git("rev-parse", "main"), mirror_of(repository)
    plain = archived(mirror, commit), checked_out(mirror, commit)
    for name, value in (("COUNT", "1"), ("KEY_0", "core.autocrlf"), ("VALUE_0", "true")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert (archived(mirror, commit), checked_out(mirror, commit)) == plain


def test_a_commit_that_is_not_there(repository: Repository) -> None:
    with pytest.raises(MissingCommitError):
        archived(mirror_of(repository), "0" * 40)
