"""Rules of r10k: the options of modules, sources, and the names of environments."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.manifest import Text
from pinner.model.text import quoted
from pinner.puppet.names import check_forge_version
from pinner.puppet.puppetfile.values import REFS, ModuleKind, Option, PuppetfileModule
from pinner.puppet.ruby.declarations import Symbol

_TITLE: Final = re.compile(r"(?:([A-Za-z0-9_]+)[-/])?([A-Za-z0-9_]+)")
_COMMON: Final = ("type", "install_path", "exclude_spec")
_KNOWN: Final = {
    ModuleKind.GIT: (*_COMMON, *REFS, "git", "source", "default_branch", "default_branch_override"),
    ModuleKind.SVN: (*_COMMON, "svn", "source", "rev", "revision", "version", "username", "password"),
    ModuleKind.LOCAL: (*_COMMON, "local", "version"),
    ModuleKind.FORGE: (*_COMMON, "version", "source"),
    ModuleKind.TARBALL: (*_COMMON, "source", "version", "checksum"),
    ModuleKind.GITHUB_TARBALL: ("github_tarball", "version"),
    ModuleKind.PATH: ("path", "version"),
}
_LIBRARIANS: Final = (ModuleKind.GITHUB_TARBALL, ModuleKind.PATH)
_SYNONYMS: Final = {
    ModuleKind.GIT: (REFS, ("git", "source")),
    ModuleKind.SVN: (("svn", "source"), ("rev", "revision", "version")),
    ModuleKind.TARBALL: (("checksum", "version"),),
}
_NOT_TEXTS: Final = frozenset({"exclude_spec", "local", "type"})


def kind_of(options: Sequence[Option]) -> ModuleKind | None:
    """Return the kind that r10k selects for the options, in its order; None if r10k finds none and fails."""
    value_by_name = {option.name: option.value for option in options}
    named = value_by_name.get("type")
    kind = named.name if isinstance(named, Symbol) else named
    if "git" in value_by_name or kind == "git":
        return ModuleKind.GIT
    if "svn" in value_by_name or kind == "svn":
        return ModuleKind.SVN
    if value_by_name.get("local") not in (None, False) or kind == "local":
        return ModuleKind.LOCAL
    named_kind = next((known for known in (ModuleKind.FORGE, ModuleKind.TARBALL) if kind == known), None)
    return named_kind or next((known for known in _LIBRARIANS if known in value_by_name), None)


def judge_module(module: PuppetfileModule) -> Iterator[Problem]:
    """Yield what r10k refuses, ignores or warns about in a module."""
    title = _TITLE.fullmatch(module.name)
    if title is None:
        yield _problem(
            module, "r10k accepts only names of the form module or owner/module, of letters, digits and _"
        )
    elif module.kind is ModuleKind.FORGE and title[1] is None:
        yield _problem(module, "modules of the Forge are named owner/module")
    if module.kind in _LIBRARIANS:
        yield _problem(module, f":{module.kind} is only for librarian-puppet: r10k does not support it")
    if module.kind is ModuleKind.GIT and module.git is None:
        yield _problem(module, "it has no URL")
    path = module.install_path or "."
    if posixpath.normpath(path).split("/")[0] in {"", ".."}:  # absolute, or above the environment
        yield _problem(module, f"its install_path {quoted(path)} is outside the environment")
    for names in _SYNONYMS.get(module.kind, ()):
        given = [option for option in module.options if option.name in names]
        if len(given) > 1:
            listed = ", ".join(f":{option.name}" for option in given)
            yield _problem(module, f"{listed} are synonyms for r10k: the last one applies", given[-1])
    for option in module.options:
        yield from _judge_option(module, option)


def _judge_option(module: PuppetfileModule, option: Option) -> Iterator[Problem]:
    if option.name not in _KNOWN[module.kind]:
        yield _problem(module, f"r10k has no option {quoted(option.name)} for a {module.kind} module", option)
    elif module.kind is ModuleKind.FORGE and option.name == "version":
        if option.value is None or option.value == Symbol("latest"):
            return
        flaw = (
            check_forge_version(option.value) if isinstance(option.value, str) else "its version is not text"
        )
        if flaw:
            yield _problem(module, flaw, option)
    elif option.name in REFS and option.value == Symbol("control_branch"):
        return
    elif option.name not in _NOT_TEXTS and not isinstance(option.value, str):
        yield _problem(module, f":{option.name} is not text", option)


def _problem(module: PuppetfileModule, message: str, option: Option | None = None) -> Problem:
    place = option.place if option and option.place else module.place
    return Problem(f"module {quoted(module.name)}: {message}", place)


PUPPETFILE: Final = "Puppetfile"
_OTHER: Final = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Naming:
    """How a source names its environments.

    `invalid_branches` is r10k's setting: correct_and_warn, correct or error.
    """

    prefix: str | None = None
    strip: str | None = None
    invalid_branches: str = "correct_and_warn"

    def of_branch(self, branch: str) -> str | None:
        """Return the environment of a branch, None for a branch that r10k skips."""
        name = branch.removeprefix(self.strip or "")
        if self.invalid_branches == "error" and _OTHER.search(name):
            return None
        return self._prefixed(_OTHER.sub("_", name))

    def as_it_is(self, name: str) -> str:
        """Return the environment of that name in a yaml or yamldir source, where r10k corrects nothing."""
        return self._prefixed(name.removeprefix(self.strip or ""))

    def _prefixed(self, name: str) -> str:
        return f"{self.prefix}_{name}" if self.prefix else name


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of `sources:` in r10k.yaml.

    `remote` is the repository of a git source, `config` the file or directory of others. If `has_own_prefix`,
    the prefix of its environments is the source's name (`prefix: true`).
    """

    name: str
    place: Location
    kind: str
    naming: Naming
    has_own_prefix: bool = False
    remote: Text | None = None
    config: Text | None = None
    puppetfile: str = PUPPETFILE
    ignored_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of a yaml or yamldir source.

    `remote` is the control repository and `ref` the ref to deploy, both None for a `plain` environment, which
    has none. `modules` come from its key of that name and take precedence over those of the Puppetfile.
    """

    name: str
    place: Location
    kind: str
    remote: Text | None = None
    ref: Text | None = None
    modules: tuple[PuppetfileModule, ...] = ()
    moduledir: str | None = None
    puppetfile: str = PUPPETFILE
