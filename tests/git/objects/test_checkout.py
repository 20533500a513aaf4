"""The files of a commit on disk."""

import os
from pathlib import Path

import pytest

from pinner.git.objects.read import check_out
from pinner.git.process.repository import Mirror
from pinner.model.errors import UnknownError
from pinner.model.lock import Refs
from tests.support.cloud import Upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    made = Upstream(tmp_path / "up.git", "nova")
    made.path.mkdir()
    made.git("init", "--quiet", "--bare")
    return made


def mirror_of(upstream: Upstream) -> Mirror:
    return Mirror("https://example.org/nova", upstream.path, Refs({}))


def test_all_files_are_written_as_they_are_and_the_mirror_is_left_alone(
    upstream: Upstream, tmp_path: Path
) -> None:
    files = {"a/b.pp": "one\r\n", ".gitattributes": "a export-ignore\n* text=auto\n"}
    commit = upstream.commit("line", files=files)
    before = sorted(upstream.path.rglob("*"))
    check_out(mirror_of(upstream), commit, tmp_path / "new" / "nova", scratch=tmp_path / "git" / "nova")
    written = {
        str(path.relative_to(tmp_path / "new/nova"))
        for path in (tmp_path / "new").rglob("*")
        if path.is_file()
    }
    assert written == {"a/b.pp", ".gitattributes", "README.md"}
    assert (tmp_path / "new/nova/a/b.pp").read_bytes() == b"one\r\n"
    assert sorted(upstream.path.rglob("*")) == before


def test_variables_of_another_repository_do_not_lead_elsewhere(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = upstream.commit("line")
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_DIR", os.devnull)
    check_out(mirror_of(upstream), commit, tmp_path / "nova", scratch=tmp_path / "git")
    assert (tmp_path / "nova/README.md").exists()
    assert not (tmp_path / "index").exists()


def test_a_commit_that_is_not_there_could_not_be_written(upstream: Upstream, tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match="has no commit 0000000000000000000000000000000000000001"):
        check_out(mirror_of(upstream), "0" * 39 + "1", tmp_path / "nova", scratch=tmp_path / "git")
