"""Describe pinner's part of a control repository: its branches, the files generated for each, and what templates get.

Of its environment.conf, pinner reads the module path and the manifest.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from posixpath import normpath
from typing import Final

from pinner.model.errors import Problem
from pinner.model.text import SHORT


@dataclass(frozen=True, slots=True)
class LastChange:
    """The newest commit that changed a path.

    `day` is the author's date, YYYY-MM-DD; `author` and `subject` are safe to print.
    """

    commit: str
    author: str
    day: str
    subject: str
    is_publication: bool

    def __str__(self) -> str:
        return f"by {self.author} on {self.day} in commit {self.commit[:SHORT]} '{self.subject}'"


PLAIN = 0o644
EXECUTABLE = 0o755


class Layout(StrEnum):
    """How a control repository stores environments, and which kind of r10k source reads them."""

    PUPPETFILES = "puppetfiles"
    BRANCHES = "branches"
    ONE_BRANCH = "one-branch"
    EXEC = "exec"


@dataclass(frozen=True, slots=True)
class ControlFile:
    """One file: `path` is relative to the repository's root, with slashes; `mode` is PLAIN or EXECUTABLE."""

    path: str
    text: str
    mode: int = PLAIN

    @property
    def content(self) -> bytes:
        """Return the file's bytes; lone surrogates stand for the bytes of a path that is not valid UTF-8."""
        return self.text.encode(errors="surrogateescape")


@dataclass(frozen=True, slots=True)
class FileState:
    """One file that pinner writes, with its path as the user would type it; `is_current` if it was right already."""

    path: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ControlBranch:
    """One branch with every file on it that pinner owns; pinner ignores the other files on the branch.

    `environments` are those whose code the branch determines: a single one if each environment has its own
    branch, else all. `lock_ids` are the ids of their locks, in the same order.
    """

    name: str
    environments: tuple[str, ...]
    lock_ids: tuple[str, ...]
    files: tuple[ControlFile, ...]


class FileChangeKind(StrEnum):
    """What happens to one file."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class ObjectionReason(StrEnum):
    """Why a path must not be written or removed without confirmation."""

    FOREIGN = "was not written by pinner"
    CHANGED = "was changed since pinner published it"
    DELETED = "was removed since pinner published it"
    IN_THE_WAY = "is where pinner writes files"
    OTHERS = "was made or changed by others"
    OFF_THE_PATH = "is on the module path, and the new environment.conf would take it off"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A change of one file: the object id of its present content, and its new content; None for no file."""

    path: str
    before_id: str | None
    after: ControlFile | None

    @property
    def kind(self) -> FileChangeKind:
        """Return whether the file is added, changed or removed."""
        if self.before_id is None:
            return FileChangeKind.ADDED
        return FileChangeKind.CHANGED if self.after else FileChangeKind.REMOVED


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason not to change a path; `by` is the commit that caused it, if known.

    For a directory that would go off the module path, `modulepath` is one that keeps it.
    """

    path: str
    reason: ObjectionReason
    by: LastChange | None = None
    modulepath: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BranchResult:
    """What happened, or would happen, to one branch.

    `commit` is the branch's current commit: the old tip if nothing changed, None if a dry run made no commit.
    `before` maps the paths that change to their present content, for a dry run.
    """

    branch: ControlBranch
    tip: str | None
    changes: tuple[FileChange, ...]
    commit: str | None
    message: str | None = None
    before: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published to `url`; `notes` are reported together with it."""

    url: str
    branches: tuple[BranchResult, ...]
    notes: tuple[Problem, ...]
    is_dry_run: bool


TEMPLATE_SECONDS: Final = 2
"""CPU time limit for one Puppetfile; a hundred modules take a few hundredths of a second."""


@dataclass(frozen=True, slots=True)
class TemplateModule:
    """One module as a template sees it; fields that do not apply are empty strings.

    `name` is the directory, `git` the URL, `commit` 40 hex digits, `ref` the short name of the branch or tag
    that the commit was resolved from, `install_path` is set only if it is not the moduledir, `forge` is
    `owner/module`.
    """

    name: str
    git: str = ""
    commit: str = ""
    ref: str = ""
    version: str = ""
    install_path: str = ""
    forge: str = ""


@dataclass(frozen=True, slots=True)
class TemplateFailure:
    """The reason why a template failed, with the `path` and, if known, the `line` where it did."""

    message: str
    path: str
    line: int | None = None
    hint: str | None = None


ENVIRONMENT_CONF: Final = "environment.conf"
_SETTING: Final = re.compile(r"^[ \t]*(modulepath|manifest)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def read_environment_conf(text: str) -> Mapping[str, str]:
    """Return `modulepath` and `manifest`, as far as they are set; as in Puppet, the last line of each counts."""
    return dict(_SETTING.findall(text))


def own_module_directories(environment_conf: str) -> tuple[str, ...]:
    """Return the directories inside the environment that an environment.conf has on its module path.

    Absolute paths and those that begin with a variable are elsewhere.
    """
    parts = (
        part.strip() for part in read_environment_conf(environment_conf).get("modulepath", "").split(":")
    )
    inside = (normpath(part) for part in parts if part and not part.startswith(("/", "$")))
    return tuple(dict.fromkeys(path for path in inside if not path.startswith("..")))
