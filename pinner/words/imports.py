"""What other tools' files say that an environment consists of, before a manifest is made of it."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.places import Place
from pinner.words.problems import Problem


class RefKind(StrEnum):
    """What a file says of the ref it names."""

    BRANCH = "branch"
    TAG = "tag"
    COMMIT = "commit"
    ANY = "ref"
    """A branch, a tag or a commit: only the repository can tell, as for `:ref`."""
    NONE = "none"
    """No ref at all: whatever the repository's own default branch is on the day."""


@dataclass(frozen=True, slots=True)
class FoundModule:
    """One module (or other repository) as a file names it; nothing is mapped or looked up yet.

    `name` is the directory it is installed as, `git` the URL as written, `ref` the branch, tag or commit without
    `refs/...`. `commit` is what the file's own lock says it was at (40 hex digits), beside the ref that was asked for.
    For a module of the Forge `forge` is `owner/module` and `version` a version, a range, or None for the latest;
    beside `git`, `version` means the release tag of that version.
    `install_path` is the directory that holds the module's, where it is not the moduledir.
    """

    name: str
    place: Place
    git: str | None = None
    kind: RefKind = RefKind.NONE
    ref: str | None = None
    commit: str | None = None
    forge: str | None = None
    version: str | None = None
    install_path: str | None = None
    is_module: bool = True


@dataclass(frozen=True, slots=True)
class FoundEnvironment:
    """One environment. `name` is as the source calls it, which Puppet may not allow; `source` tells what kind of file.

    `release` is set only where the source itself says which OpenStack release it means; `remarks` are sentences that
    belong above everything else.
    """

    name: str
    source: str
    modules: tuple[FoundModule, ...]
    moduledir: str = "modules"
    description: str | None = None
    owners: tuple[str, ...] = ()
    release: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All environments of one source, and what is to be told of it, in the files' order.

    `problems` name what could not be read, and so is missing in the environments: nothing is written unless the user
    takes the rest. `notes` name what was read but deserves a look, or has no place in a manifest.
    """

    environments: tuple[FoundEnvironment, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
