from collections.abc import Iterable
from pathlib import Path

import pytest

from pinner.git.control.user_repository import Head, commits_that_wrote, head_of, list_versions, read_versions
from pinner.model.errors import UnknownError
from tests.support.repositories import run_git

WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org")
LIMIT = 1000


class Control:
    """A work tree whose project lies in `puppet/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project = root / "puppet"
        (self.project / "environments").mkdir(parents=True)
        run_git("init", "--quiet", "--initial-branch=main", str(root))

    def git(self, *arguments: str) -> str:
        return run_git("-C", str(self.root), *WHO, *arguments)

    def commit(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"{name} {text}")


@pytest.fixture
def control(tmp_path: Path) -> Control:
    return Control(tmp_path / "control")


def head(control: Control) -> Head:
    found = head_of(control.project)
    assert found is not None
    return found


def texts(control: Control, ids: Iterable[str] | None = None) -> list[str]:
    found = head(control)
    wanted = list_versions(found, [f"{found.prefix}environments"], ".lock") if ids is None else ids
    return [
        content.decode()
        for some in read_versions(found, wanted, max_bytes=LIMIT)
        for content in some.values()
    ]


def test_what_is_checked_out(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    found = head(control)
    assert found.commit == control.git("rev-parse", "HEAD")
    assert found.repository.git_directory == control.root / ".git"
    assert (found.prefix, found.is_shallow) == ("puppet/", False)


def test_every_version_of_every_lock_the_newest_first(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    control.commit("environments/two.lock", "2")
    control.commit("environments/one.lock", "3")
    (control.project / "environments" / "two.lock").unlink()
    control.commit("environments/three.lock", "4")
    assert texts(control) == ["4", "3", "2", "1"]


def test_other_files_do_not_count(control: Control) -> None:
    control.commit("environments/one.yaml", "manifest")
    control.commit("environments/deeper/one.lock", "deeper")
    control.commit("other/one.lock", "elsewhere")
    control.commit("environments.lock", "beside")
    (control.project / "environments" / "link.lock").symlink_to("one.yaml")
    control.commit("environments/one.lock", "1")
    assert texts(control) == ["1", "manifest"]  # a lock that is a link counts where it leads


def test_a_line_that_was_merged_counts_also_where_the_merge_kept_nothing_of_it(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    control.git("checkout", "--quiet", "-b", "side")
    control.commit("environments/one.lock", "side")
    control.git("checkout", "--quiet", "main")
    control.commit("other", "x")
    control.git("merge", "--quiet", "--strategy=ours", "--message=merge", "side")
    assert sorted(texts(control)) == ["1", "side"]


def test_what_only_a_merge_wrote_counts(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    control.git("checkout", "--quiet", "-b", "side")
    control.commit("environments/one.lock", "side")
    control.git("checkout", "--quiet", "main")
    control.commit("other", "x")
    control.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    control.commit("environments/one.lock", "by hand")
    assert sorted(texts(control)) == ["1", "by hand", "side"]


def test_another_branch_does_not_count(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    control.git("checkout", "--quiet", "-b", "side")
    control.commit("environments/one.lock", "side")
    control.git("checkout", "--quiet", "main")
    assert texts(control) == ["1"]


def test_a_shallow_clone_says_so(control: Control, tmp_path: Path) -> None:
    control.commit("environments/one.lock", "1")
    control.commit("environments/one.lock", "2")
    run_git("clone", "--quiet", "--depth=1", control.root.as_uri(), str(tmp_path / "clone"))
    found = head_of(tmp_path / "clone" / "puppet")
    assert found is not None
    assert found.is_shallow
    assert len(list_versions(found, [f"{found.prefix}environments"], ".lock")) == 1


def test_a_work_tree_beside_the_repository(control: Control, tmp_path: Path) -> None:
    control.commit("environments/one.lock", "1")
    control.git("worktree", "add", "--quiet", str(tmp_path / "beside"))
    found = head_of(tmp_path / "beside" / "puppet")
    assert found is not None
    ids = list_versions(found, [f"{found.prefix}environments"], ".lock")
    assert [list(some.values()) for some in read_versions(found, ids, max_bytes=LIMIT)] == [[b"1"]]


def test_no_repository_and_no_commit_yet_are_no_history(control: Control, tmp_path: Path) -> None:
    assert head_of(control.project) is None
    assert head_of(tmp_path) is None


def test_a_file_that_is_too_large_is_left_out(control: Control) -> None:
    control.commit("environments/one.lock", "x" * (LIMIT + 1))
    assert texts(control) == []


def test_more_versions_than_are_read_at_once(control: Control) -> None:
    rows = []
    for number in range(450):
        rows.append(f"commit refs/heads/main\ncommitter T <t@example.org> {1_700_000_000 + number} +0000\n")
        rows.append("data 1\nc\n")
        text = str(number)
        rows.append(f"M 100644 inline puppet/environments/one.lock\ndata {len(text)}\n{text}\n")
    run_git("-C", str(control.root), "fast-import", "--quiet", given="".join(rows).encode())
    assert texts(control) == [str(number) for number in reversed(range(450))]


def test_a_damaged_repository_cannot_be_read(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    found = head(control)
    blob = list_versions(found, [f"{found.prefix}environments"], ".lock")[0]
    tree = control.git("rev-parse", "HEAD^{tree}")
    path = control.root / ".git" / "objects" / blob[:2] / blob[2:]
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    with pytest.raises(UnknownError, match=r"^git cannot read the project's history: "):
        list(read_versions(found, [blob], max_bytes=LIMIT))
    (control.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(UnknownError, match=r"^git cannot read the project's history: "):
        list_versions(found, [f"{found.prefix}environments"], ".lock")


def test_a_repository_that_git_refuses_to_look_at(control: Control) -> None:
    control.commit("environments/one.lock", "1")
    (control.root / ".git" / "config").write_text("[core\n")
    with pytest.raises(UnknownError, match=r"^git cannot read the project's history: bad config line 1"):
        head_of(control.project)


def test_the_commits_that_wrote_a_content_newest_first(control: Control) -> None:
    control.commit("environments/a.lock", "one")
    first = control.git("rev-parse", "HEAD").strip()
    control.commit("environments/a.lock", "two")
    control.commit("environments/b.lock", "one")
    second = control.git("rev-parse", "HEAD").strip()
    blob = control.git("rev-parse", "HEAD:puppet/environments/b.lock").strip()
    found = commits_that_wrote(head(control), "environments", blob)
    assert [(written.commit, written.name) for written in found] == [(second, "b.lock"), (first, "a.lock")]
    assert commits_that_wrote(head(control), "elsewhere", blob) == ()
