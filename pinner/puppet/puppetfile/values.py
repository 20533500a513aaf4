"""What a Puppetfile says, as values."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pinner.puppet.ruby.declarations import Literal
from pinner.words.places import Place

DEFAULT_MODULEDIR: Final = "modules"
REFS: Final = ("ref", "branch", "tag", "commit", "version")
"""Options of a git module that all mean the same to r10k: the last one counts."""


class ModuleKind(StrEnum):
    """Where r10k takes a module from; the last two are librarian-puppet's, and r10k knows neither."""

    GIT = "git"
    SVN = "svn"
    LOCAL = "local"
    FORGE = "forge"
    TARBALL = "tarball"
    GITHUB_TARBALL = "github_tarball"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a module; a Forge module's version is one too, however it is written."""

    name: str
    value: Literal
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PuppetfileModule:
    """One `mod`. `name` is as written (`nova`, `acme/facts`), `options` are in the order of the file, none twice.

    `comment` stands above it when it is written, and is not read back.
    """

    name: str
    kind: ModuleKind
    options: tuple[Option, ...] = ()
    place: Place | None = field(default=None, compare=False)
    comment: str | None = field(default=None, compare=False)

    @property
    def directory(self) -> str:
        """Return the name of the directory it is installed as: the name without its owner."""
        return self.name.replace("-", "/").rpartition("/")[2]

    @property
    def git(self) -> str | None:
        """Return the URL of a git module."""
        return self._last_text(("git", "source")) if self.kind is ModuleKind.GIT else None

    @property
    def ref(self) -> str | None:
        """Return what of a git module's repository is wanted, whichever option says so; None if none does."""
        return self._last_text(REFS) if self.kind is ModuleKind.GIT else None

    @property
    def version(self) -> str | None:
        """Return a Forge module's version."""
        return self.text("version") if self.kind is ModuleKind.FORGE else None

    @property
    def install_path(self) -> str | None:
        """Return the directory, relative to the environment's, that holds the module's own directory.

        r10k appends the module's name: `install_path: hiera` puts `hieradata` at `<environment>/hiera/hieradata`,
        `.` at `<environment>/hieradata`. None means the moduledir. r10k purges what else is in such a directory
        (except `.`).
        """
        return self.text("install_path")

    def text(self, name: str) -> str | None:
        """Return an option's value if it is a text."""
        return self._last_text((name,))

    def _last_text(self, names: tuple[str, ...]) -> str | None:
        """Return the last value that any of the options has, as r10k does with options that mean the same."""
        values = [option.value for option in self.options if option.name in names]
        return values[-1] if values and isinstance(values[-1], str) else None


@dataclass(frozen=True, slots=True)
class Puppetfile:
    """All modules in the order of the file. `forge` is an address that r10k only follows if told so elsewhere."""

    modules: tuple[PuppetfileModule, ...] = ()
    moduledir: str = DEFAULT_MODULEDIR
    forge: str | None = None
    exclusions: tuple[str, ...] = ()


def git_module(
    name: str, git: str, commit: str, *, install_path: str | None = None, comment: str | None = None
) -> PuppetfileModule:
    """Return a module held at a commit of a git repository."""
    options = (Option("git", git), *_install_path(install_path), Option("ref", commit))
    return PuppetfileModule(name, ModuleKind.GIT, options, comment=comment)


def forge_module(name: str, version: str, *, install_path: str | None = None) -> PuppetfileModule:
    """Return a module (`owner/module`) in one exact version from the Forge."""
    options = (Option("version", version), *_install_path(install_path))
    return PuppetfileModule(name, ModuleKind.FORGE, options)


def _install_path(install_path: str | None) -> tuple[Option, ...]:
    return () if install_path is None else (Option("install_path", install_path),)
