"""Commits made from values: exactly what was asked for changes, whatever paths and contents are called."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.git.control.repository import CommitDraft, Committer, make_commits
from pinner.git.objects.read import list_tree, read_blobs
from pinner.git.process.repository import Mirror
from pinner.model.control import EXECUTABLE, ControlFile
from pinner.model.errors import UnknownError
from pinner.model.lock import Refs
from tests.support.properties import examples
from tests.support.repositories import Repository, make_repository

WHO = "Olga Öperator <olga@example.org> 1700000000 +0100"
IDENTITY = Committer(WHO, WHO)
NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."} and ".git" not in name.lower() and "git~" not in name.lower()
)
PATHS = st.lists(NAMES, min_size=1, max_size=2).map("/".join)
# below one directory each, so that no path is a directory of another
FILES = st.dictionaries(PATHS.map("a/{}".format), st.text(max_size=30), max_size=4)


def files_of(repository: Repository, commit: str) -> dict[str, tuple[str, str]]:
    mirror = Mirror("here", repository.path, Refs({}))
    entries = list_tree(mirror, commit)
    contents = read_blobs(mirror, [entry.id for entry in entries], max_bytes=1000)
    texts = {name: content.decode() for name, content in contents.items() if isinstance(content, bytes)}
    return {entry.path: (entry.mode, texts[entry.id]) for entry in entries}


def only_files(files: dict[str, str]) -> dict[str, str]:
    """Leave out paths that are directories of others."""
    return {
        path: text for path, text in files.items() if not any(other.startswith(f"{path}/") for other in files)
    }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_repository(tmp_path_factory.mktemp("commits") / "control.git")


@settings(max_examples=examples(25))
@given(
    old=FILES,
    new=FILES,
    message=st.text(st.characters(exclude_characters="\0", codec="utf-8")),
)
def test_the_new_tree_is_the_old_one_with_the_writes_over_it_and_without_the_removals(
    repository: Repository, old: dict[str, str], new: dict[str, str], message: str
) -> None:
    both = only_files({**old, **new})
    old = {path: text for path, text in old.items() if path in both}
    new = {path: text for path, text in new.items() if path in both}
    writes = tuple(ControlFile(path, text) for path, text in old.items())
    parent = make_commits(repository.path, [CommitDraft("one", None, "x", writes)], IDENTITY)["one"]
    removals = tuple(sorted(old.keys() - new.keys()))[:1]
    changed = tuple(ControlFile(path, text, EXECUTABLE) for path, text in new.items())
    draft = CommitDraft("two", parent, message, changed, removals)
    commit = make_commits(repository.path, [draft], IDENTITY)["two"]
    expected = {path: ("100644", text) for path, text in old.items() if path not in removals}
    assert files_of(repository, commit) == expected | {path: ("100755", text) for path, text in new.items()}
    assert repository.git("rev-parse", f"{commit}^") == parent
    for made in ("one", "two"):
        repository.delete(f"refs/pinner/made/{made}")


def test_names_dates_and_messages_are_stored_as_they_are(repository: Repository) -> None:
    draft = CommitDraft("said", None, "Füßchen\n\nfrom refs/heads/main\nM 100644 inline x\n", ())
    commit = make_commits(repository.path, [draft], IDENTITY)["said"]
    raw = os.fsencode(repository.git("cat-file", "commit", commit))
    assert raw.partition(b"\n")[2].decode() == (
        f"author {WHO}\ncommitter {WHO}\n\nFüßchen\n\nfrom refs/heads/main\nM 100644 inline x"
    )


def test_a_parent_that_is_not_there(repository: Repository) -> None:
    with pytest.raises(UnknownError, match=r"^git cannot make a commit: "):
        make_commits(repository.path, [CommitDraft("lost", "0" * 39 + "1", "x", ())], IDENTITY)


def test_a_repository_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match=r"^git cannot make a commit: .*not a git repository"):
        make_commits(tmp_path / "none", [], IDENTITY)
