"""Bare git repositories for tests, made by real git with fixed dates: `Repository` builds one, `build_zoo` the odd ones.

repository = make_repository(tmp_path / "puppet-nova.git")
commit = repository.commit({"metadata.json": "{}"}, branch="stable/2025.1")
repository.tag("26.0.0", commit, message="release")
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

FIRST_DAY = "2024-01-01"
_AUTHOR = "Pinner Tests <pinner@example.org>"


def isolate_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the configuration of whoever runs the tests, and the repository they run in, away from git."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_", "GCM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository. Refs are named in short; commits and objects are answered by whole ids."""

    path: Path

    @property
    def url(self) -> str:
        """The file URL."""
        return self.path.as_uri()

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        branch: str = "main",
        message: str = "A change",
        day: str = FIRST_DAY,
        parents: tuple[str, ...] | None = None,
    ) -> str:
        """Commit on top of the branch (or on `parents`; () starts anew) and move it there. None deletes a file.

        `day` may hold a time: 2024-01-01T12:00:00.
        """
        if parents is None:
            parents = (head,) if (head := self.find(f"refs/heads/{branch}")) else ()
        return self._import(files, ref=f"refs/heads/{branch}", message=message, day=day, parents=parents)

    def hidden_commit(self, files: Mapping[str, str | bytes | None], *, parents: tuple[str, ...] = ()) -> str:
        """Make a commit that no ref reaches."""
        commit = self._import(files, ref="refs/hidden/now", message="Hidden", day=FIRST_DAY, parents=parents)
        self.delete("refs/hidden/now")
        return commit

    def branch(self, name: str, commit: str) -> None:
        """Make or move a branch."""
        self.git("update-ref", f"refs/heads/{name}", commit)

    def tag(self, name: str, target: str, *, message: str | None = None) -> str:
        """Make or move a tag, annotated if it has a message; the answer is the id that the ref holds."""
        annotation = ["-a", "-m", message] if message else []
        self.git(
            "-c", "user.name=T", "-c", "user.email=t@example.org", "tag", "-f", *annotation, name, target
        )
        return self.git("rev-parse", f"refs/tags/{name}")

    def blob(self, content: str) -> str:
        """Store a blob."""
        return self.git("hash-object", "-w", "--stdin", given=content.encode())

    def delete(self, ref: str) -> None:
        """Delete a ref, by its whole name."""
        self.git("update-ref", "-d", ref)

    def find(self, name: str) -> str | None:
        """Return what a whole ref name or any other name of an object means, None if nothing."""
        found = run_git("--git-dir", str(self.path), "rev-parse", "--verify", "--quiet", name, check=False)
        return found or None

    def git(self, *arguments: str, given: bytes | None = None) -> str:
        """Run git in the repository and return its output, stripped."""
        return run_git("--git-dir", str(self.path), *arguments, given=given)

    def _import(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        ref: str,
        message: str,
        day: str,
        parents: tuple[str, ...],
    ) -> str:
        seconds = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        author = f"committer {_AUTHOR} {seconds} +0000"
        lines = [f"commit {ref}".encode(), b"mark :1", author.encode(), _data(message)]
        if parents:
            lines.append(f"from {parents[0]}".encode())
        else:
            lines.insert(0, f"reset {ref}".encode())
        lines += [f"merge {parent}".encode() for parent in parents[1:]]
        for path, content in files.items():
            if content is None:
                lines.append(f"D {path}".encode())
            else:
                lines += [f"M 100644 inline {path}".encode(), _data(content)]
        lines += [b"", b"get-mark :1"]
        return self.git("fast-import", "--quiet", "--force", given=b"\n".join(lines) + b"\n")


def init_bare(path: Path, *, branch: str) -> None:
    """Make an empty bare repository, a copy of the one that `git init` made for the first caller."""
    folders, files = _new_repository(branch)
    path.mkdir(parents=True, exist_ok=True)
    for name in folders:
        (path / name).mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)


@cache
def _new_repository(branch: str) -> tuple[tuple[Path, ...], Mapping[Path, bytes]]:
    """Return the folders and the files of a new repository."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "new.git"
        run_git("init", "--quiet", "--bare", "--template=", f"--initial-branch={branch}", str(path))
        found = sorted(path.rglob("*"))
        folders = tuple(one.relative_to(path) for one in found if one.is_dir())
        return folders, {one.relative_to(path): one.read_bytes() for one in found if one.is_file()}


def make_repository(path: Path) -> Repository:
    """Make an empty bare repository whose HEAD is `main`, and which serves any commit it has."""
    init_bare(path, branch="main")
    repository = Repository(path)
    with (path / "config").open("a", encoding="utf-8") as config:
        config.write("[uploadpack]\n\tallowAnySHA1InWant = true\n")
    return repository


@dataclass(frozen=True, slots=True)
class Zoo:
    """One repository with every odd ref, and the commits behind them."""

    repository: Repository
    first: str
    second: str
    side: str
    hidden: str
    blob: str


def build_zoo(path: Path) -> Zoo:
    """Build the repository of odd refs.

    Branches: `main` (second), `x` (side), `feature/x` (first), `both` (side), `deadbeef` (first). Tags: `light`
    (first), `annotated` (second), `nested` (a tag of the tag `annotated`), `both` (first), `of-blob`, `of-tree`.
    """
    repository = make_repository(path)
    first = repository.commit({"README": "one\n", "manifests/init.pp": "class zoo {}\n"}, message="First")
    second = repository.commit({"README": "two\n"}, message="Second", day="2024-02-01")
    side = repository.commit(
        {"side": "side\n"}, branch="x", message="Side", day="2024-03-01", parents=(first,)
    )
    hidden = repository.hidden_commit({"secret": "patch\n"}, parents=(second,))
    for name, commit in (("feature/x", first), ("both", side), ("deadbeef", first)):
        repository.branch(name, commit)
    repository.tag("light", first)
    repository.tag("annotated", second, message="An annotated tag")
    repository.tag("nested", "refs/tags/annotated", message="A tag of a tag")
    repository.tag("both", first)
    blob = repository.blob("a key\n")
    repository.tag("of-blob", blob, message="A tag of a blob")
    repository.tag("of-tree", f"{first}^{{tree}}")
    return Zoo(repository, first, second, side, hidden, blob)


def run_git(*arguments: str, given: bytes | None = None, check: bool = True) -> str:
    """Run git away from all configuration; raises CalledProcessError with its words in stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    moment = f"{FIRST_DAY}T00:00:00Z"
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_COMMITTER_DATE": moment}
    done = subprocess.run(
        ["git", *arguments], input=given, capture_output=True, check=check, env=environment, timeout=600
    )
    return done.stdout.decode(errors="surrogateescape").strip()


def _data(content: str | bytes) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return b"data %d\n%s" % (len(raw), raw)
