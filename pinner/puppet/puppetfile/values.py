"""Values for the contents of a Puppetfile."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pinner.model.errors import Location
from pinner.puppet.ruby.declarations import Literal

DEFAULT_MODULEDIR: Final = "modules"
REFS: Final = ("ref", "branch", "tag", "commit", "version")
"""Options of a git module that r10k treats as synonyms; the last one counts."""


class ModuleKind(StrEnum):
    """Where r10k takes a module from; the last two are librarian-puppet's and unknown to r10k."""

    GIT = "git"
    SVN = "svn"
    LOCAL = "local"
    FORGE = "forge"
    TARBALL = "tarball"
    GITHUB_TARBALL = "github_tarball"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a module; the version of a Forge module is an option too, in either notation."""

    name: str
    value: Literal
    place: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PuppetfileModule:
    """A `mod`; `name` is as written (`nova`, `acme/facts`).

    `options` are in file order and have different names. `comment` is written above the module and not read
    back.
    """

    name: str
    kind: ModuleKind
    options: tuple[Option, ...] = ()
    place: Location | None = field(default=None, compare=False)
    comment: str | None = field(default=None, compare=False)

    @property
    def directory(self) -> str:
        """Return the name of the directory in which it is installed: the name without its owner."""
        return self.name.replace("-", "/").rpartition("/")[2]

    @property
    def git(self) -> str | None:
        """Return the URL of a git module."""
        return self._last_text(("git", "source")) if self.kind is ModuleKind.GIT else None

    @property
    def ref(self) -> str | None:
        """Return the ref of a git module, given by any of the options in REFS; None without one."""
        return self._last_text(REFS) if self.kind is ModuleKind.GIT else None

    @property
    def version(self) -> str | None:
        """Return the version of a Forge module."""
        return self.text("version") if self.kind is ModuleKind.FORGE else None

    @property
    def install_path(self) -> str | None:
        """Return the directory, relative to the environment's, that contains the module's own directory.

        r10k appends the module's name: `install_path: hiera` puts `hieradata` at
        `<environment>/hiera/hieradata`, `.` at `<environment>/hieradata`. None means the moduledir. r10k
        purges all other contents of such a directory (except `.`).
        """
        return self.text("install_path")

    def text(self, name: str) -> str | None:
        """Return the value of an option if it is a string."""
        return self._last_text((name,))

    def _last_text(self, names: tuple[str, ...]) -> str | None:
        """Return the last value of all these options, as r10k does with synonyms."""
        values = [option.value for option in self.options if option.name in names]
        return values[-1] if values and isinstance(values[-1], str) else None


@dataclass(frozen=True, slots=True)
class Puppetfile:
    """All modules in file order.

    `forge` is an address that r10k uses only if its own configuration allows it.
    """

    modules: tuple[PuppetfileModule, ...] = ()
    moduledir: str = DEFAULT_MODULEDIR
    forge: str | None = None
    exclusions: tuple[str, ...] = ()


def git_module(
    name: str, git: str, commit: str, *, install_path: str | None = None, comment: str | None = None
) -> PuppetfileModule:
    """Return a module pinned to a commit of a git repository."""
    parent = () if install_path is None else (Option("install_path", install_path),)
    options = (Option("git", git), *parent, Option("ref", commit))
    return PuppetfileModule(name, ModuleKind.GIT, options, comment=comment)


def forge_module(name: str, version: str, *, install_path: str | None = None) -> PuppetfileModule:
    """Return a module (`owner/module`) in one exact version from the Forge."""
    parent = () if install_path is None else (Option("install_path", install_path),)
    options = (Option("version", version), *parent)
    return PuppetfileModule(name, ModuleKind.FORGE, options)
