"""The options of a module, judged as r10k judges them (its lib/r10k/module/*.rb)."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Final

from pinner.puppet.names import check_forge_version, quoted
from pinner.puppet.puppetfile.values import REFS, ModuleKind, Option, PuppetfileModule
from pinner.puppet.ruby.declarations import Symbol
from pinner.words.problems import Problem

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
    """Return the kind that claims the options first, in r10k's order; None where r10k fails because none does."""
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
            module, "r10k takes names of the form module or owner/module, of letters, digits and _"
        )
    elif module.kind is ModuleKind.FORGE and title[1] is None:
        yield _problem(module, "the Forge's modules are named owner/module")
    if module.kind in _LIBRARIANS:
        yield _problem(module, f":{module.kind} is librarian-puppet's alone, r10k knows no such module")
    if module.kind is ModuleKind.GIT and module.git is None:
        yield _problem(module, "it has no URL")
    if module.install_path is not None and _leads_out(module.install_path):
        yield _problem(module, f"its install_path {quoted(module.install_path)} leads out of the environment")
    yield from _judge_synonyms(module)
    for option in module.options:
        yield from _judge_option(module, option)


def _leads_out(path: str) -> bool:
    return path.startswith("/") or posixpath.normpath(path).split("/")[0] == ".."


def _judge_synonyms(module: PuppetfileModule) -> Iterator[Problem]:
    for names in _SYNONYMS.get(module.kind, ()):
        given = [option for option in module.options if option.name in names]
        if len(given) > 1:
            listed = ", ".join(f":{option.name}" for option in given)
            yield _problem(module, f"{listed} all mean one thing to r10k: the last one counts", given[-1])


def _judge_option(module: PuppetfileModule, option: Option) -> Iterator[Problem]:
    if option.name not in _KNOWN[module.kind]:
        yield _problem(
            module, f"r10k knows no option {quoted(option.name)} of a {module.kind} module", option
        )
    elif module.kind is ModuleKind.FORGE and option.name == "version":
        yield from _judge_forge_version(module, option)
    elif option.name not in _NOT_TEXTS and not _is_text(option):
        yield _problem(module, f":{option.name} is no text", option)


def _judge_forge_version(module: PuppetfileModule, option: Option) -> Iterator[Problem]:
    if option.value is None or option.value == Symbol("latest"):
        return
    flaw = check_forge_version(option.value) if isinstance(option.value, str) else "its version is no text"
    if flaw:
        yield _problem(module, flaw, option)


def _is_text(option: Option) -> bool:
    is_branch = option.name in REFS and option.value == Symbol("control_branch")
    return isinstance(option.value, str) or is_branch


def _problem(module: PuppetfileModule, message: str, option: Option | None = None) -> Problem:
    place = option.place if option and option.place else module.place
    return Problem(f"module {quoted(module.name)}: {message}", place)
