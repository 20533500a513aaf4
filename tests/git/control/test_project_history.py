from pathlib import Path

import pytest

from pinner.git.control.user_repository import read_at, revisions_of
from pinner.model.errors import InputError, UnknownError
from tests.support.repositories import run_git


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A work tree whose project lies in `puppet/`, with one lock in two versions; the first is tagged `before`."""
    root = tmp_path / "control"
    lock = root / "puppet" / "environments" / "production.lock"
    lock.parent.mkdir(parents=True)
    run_git("init", "--quiet", "--initial-branch=main", str(root))
    for text in ("one\n", "two\n"):
        lock.write_text(text)
        run_git("-C", str(root), "add", "-A")
        run_git("-C", str(root), "-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", text)
        if text == "one\n":
            run_git("-C", str(root), "tag", "before")
    return root / "puppet"


LOCK = "environments/production.lock"


def test_a_file_at_a_revision(project: Path) -> None:
    assert read_at(project, "before", LOCK) == b"one\n"
    assert read_at(project, "HEAD", LOCK) == b"two\n"
    assert read_at(project, "main~1", LOCK) == b"one\n"


def test_a_file_that_was_not_there(project: Path) -> None:
    assert read_at(project, "before", "environments/staging.lock") is None
    assert read_at(project, "before", "environments") is None


@pytest.mark.parametrize("revision", ["nothing", "--all", "-x", "", "before:puppet", "a..b"])
def test_no_such_revision(project: Path, revision: str) -> None:
    with pytest.raises(InputError) as caught:
        read_at(project, revision, LOCK)
    assert str(caught.value) == (
        f"the project's git repository has no revision {revision!r}\n  hint: see 'git log' and 'git tag'"
    )


def test_no_git_repository(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_at(tmp_path, "HEAD", LOCK)
    assert str(caught.value) == (
        f"{tmp_path} is not in a git repository\n  hint: old revisions are read from the project's git repository"
    )


def test_the_versions_of_a_file_newest_first(project: Path) -> None:
    newest, oldest = revisions_of(project, LOCK)
    assert [read_at(project, version.commit, LOCK) for version in (newest, oldest)] == [b"two\n", b"one\n"]
    assert revisions_of(project, LOCK, limit=1) == (newest,)
    assert revisions_of(project, "environments/none.lock") == ()


def test_a_project_without_commits_has_no_revisions(tmp_path: Path) -> None:
    run_git("init", "--quiet", str(tmp_path))
    with pytest.raises(InputError, match="the project's git repository has no revision 'HEAD'"):
        revisions_of(tmp_path, LOCK)


def test_a_hook_s_git_dir_does_not_lead_elsewhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_git("init", "--quiet", str(tmp_path / "other"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert read_at(project, "before", LOCK) == b"one\n"


def test_a_damaged_project_history_is_no_missing_file(project: Path) -> None:
    root = project.parent
    blob = run_git("-C", str(root), "rev-parse", "before:puppet/environments/production.lock")
    loose = root / ".git" / "objects" / blob[:2] / blob[2:]
    loose.chmod(0o600)
    loose.write_bytes(b"garbage")
    with pytest.raises(UnknownError, match=r"^git cannot read environments/production\.lock at before: "):
        read_at(project, "before", LOCK)
