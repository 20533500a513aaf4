"""A user's transfer.fsckObjects and repositories with flaws in their history: the message names the setting."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.failures import FailureKind, SyncFailure
from pinner.git.process.repository import Mirror
from tests.support.repositories import Repository, run_git

Spoil = Callable[[Repository], str]
WHO = b"A <a@example.org> 1700000000 +0000"
SKIP = "in the file that fetch.fsck.skipList names"


def write(repository: Repository, kind: str, content: bytes) -> str:
    """Store any bytes as an object and return its id."""
    command = ["git", "-C", str(repository.path), "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    return subprocess.run(command, input=content, check=True, capture_output=True).stdout.decode().strip()


def tree_of(mode: bytes, name: bytes, blob: str) -> bytes:
    return mode + b" " + name + b"\0" + bytes.fromhex(blob)


def commit_on(repository: Repository, tree: str, *, author: bytes = WHO, after: bytes = b"") -> str:
    """Make `main` a commit whose header is exactly that."""
    header = b"tree %s\nauthor %s\ncommitter %s\n%s\nold\n" % (tree.encode(), author, WHO, after)
    commit = write(repository, "commit", header)
    run_git("-C", str(repository.path), "update-ref", "refs/heads/main", commit)
    return commit


def zero_padded(repository: Repository) -> str:
    inner = write(repository, "tree", tree_of(b"100644", b"x", write(repository, "blob", b"x")))
    flawed = write(repository, "tree", tree_of(b"040000", b"lib", inner))
    commit_on(repository, flawed)
    return flawed


def without_email(repository: Repository) -> str:
    tree = write(repository, "tree", b"")
    return commit_on(repository, tree, author=b"A 1700000000 +0000")


def nul_in_header(repository: Repository) -> str:
    tree = write(repository, "tree", b"")
    return commit_on(repository, tree, author=WHO, after=b"x-old \0\n")


def option_as_url(repository: Repository) -> str:
    blob = write(repository, "blob", b'[submodule "x"]\n\tpath = x\n\turl = -u./payload\n')
    commit_on(repository, write(repository, "tree", tree_of(b"100644", b".gitmodules", blob)))
    return blob


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration, which turns the check on."""
    path = tmp_path / "gitconfig"
    path.write_text("[transfer]\n\tfsckObjects = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    return path


@pytest.mark.parametrize("comes_by", ["clone", "fetch"])
@pytest.mark.parametrize(
    ("spoil", "msg_id", "hint"),
    [
        (zero_padded, "zeroPaddedFilemode", "git config --global fetch.fsck.zeroPaddedFilemode ignore"),
        (without_email, "missingEmail", "git config --global fetch.fsck.missingEmail ignore"),
        (nul_in_header, "nulInHeader", "to accept this object, list "),
        (option_as_url, "gitmodulesUrl", "examine it first"),
    ],
)
def test_a_flaw_that_git_was_told_to_refuse(
    nova: Repository, mirrors: Mirrors, *, spoil: Spoil, msg_id: str, hint: str, comes_by: str
) -> None:
    if comes_by == "fetch":
        assert isinstance(mirrors.sync([nova.url])[nova.url], Mirror)
    flawed = spoil(nova)
    answer = mirrors.sync([nova.url])[nova.url]
    assert isinstance(answer, SyncFailure)
    assert answer.kind is FailureKind.FSCK
    assert answer.message.startswith(
        f"git's setting transfer.fsckObjects refuses {nova.url}: object {flawed}: {msg_id}: "
    )
    assert answer.hint is not None
    assert hint in answer.hint
    assert f"list {flawed} {SKIP}" in answer.hint
    if comes_by == "fetch":
        kept = mirrors.open(nova.url)
        assert kept is not None
        assert kept.refs.tags == ("1.0.0",)


def test_what_the_hint_says_helps(nova: Repository, mirrors: Mirrors, config: Path, tmp_path: Path) -> None:
    flawed = zero_padded(nova)
    accepted = tmp_path / "accepted"
    accepted.write_text(f"{flawed}\n")
    run_git("config", "--file", str(config), "fetch.fsck.skipList", str(accepted))
    assert isinstance(mirrors.sync([nova.url])[nova.url], Mirror)
    tip = without_email(nova)
    assert isinstance(mirrors.sync([nova.url])[nova.url], SyncFailure)
    run_git("config", "--file", str(config), "fetch.fsck.missingEmail", "ignore")
    answer = mirrors.sync([nova.url])[nova.url]
    assert isinstance(answer, Mirror)
    assert answer.refs.commits["refs/heads/main"] == tip
