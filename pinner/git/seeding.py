"""Makes small repositories from values: what the demo uses as its upstreams. Never touches a repository that exists."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.git.command import in_repository, run
from pinner.words.problems import Problem, UnknownError

SECONDS = 60.0
AUTHOR = "Demo Upstream <upstream@example.org>"


@dataclass(frozen=True, slots=True)
class Seed:
    """One commit: the branch it goes to (a new branch starts at `parent`), its message, all its files by path.

    `when` is its date in seconds since 1970, UTC: fixed dates make the same commit ids everywhere. `tag` names it.
    """

    branch: str
    message: str
    when: int
    files: Mapping[str, str]
    parent: str | None = None
    tag: str | None = None


def plant(path: Path, seeds: Iterable[Seed]) -> None:
    """Make a bare repository at an absolute path, with these commits in this order; raises UnknownError."""
    _git(["init", "--quiet", "--bare", "--initial-branch=master", "--end-of-options", str(path)])
    stream = "".join(line for seed in seeds for line in _commit(seed))
    _git([in_repository(path), "fast-import", "--quiet"], given=stream.encode())


def _commit(seed: Seed) -> Iterator[str]:
    yield f"commit refs/heads/{seed.branch}\n"
    yield f"committer {AUTHOR} {seed.when} +0000\n"
    yield _data(seed.message)
    if seed.parent:
        yield f"from refs/heads/{seed.parent}\n"
    yield "deleteall\n"
    for name, text in sorted(seed.files.items()):
        yield f"M 100644 inline {name}\n{_data(text)}"
    if seed.tag:
        yield f"tag {seed.tag}\nfrom refs/heads/{seed.branch}\ntagger {AUTHOR} {seed.when} +0000\n{_data(seed.tag)}"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _git(arguments: list[str], *, given: bytes | None = None) -> None:
    output = run(arguments, timeout=SECONDS, given=given)
    if output.status != 0:
        raise UnknownError(Problem(f"git {arguments[0]} failed: {output.err}"))
