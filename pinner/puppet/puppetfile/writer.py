"""The writer of Puppetfiles: the literal subset that r10k, g10k, ra10ke and Renovate all read.

A Puppetfile is Ruby that r10k runs, often as root. So values are let in by the whitelists of names.py or refused;
nothing is escaped.
"""

import re
from collections.abc import Iterator
from typing import Final

from pinner.puppet.git_urls import check_git_url
from pinner.puppet.names import (
    check_commit,
    check_environment_name,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_module_name,
    check_moduledir,
    check_ref_name,
    quoted,
)
from pinner.puppet.puppetfile.directories import check_directories
from pinner.puppet.puppetfile.values import DEFAULT_MODULEDIR, ModuleKind, Puppetfile, PuppetfileModule
from pinner.words.problems import InputError, Problem

HEADER_MARK: Final = "Written by pinner"
"""By these words in the first line pinner knows the files it may overwrite."""

_LOCK_ID: Final = re.compile(r"pin-[0-9a-f]{12}")
_GIT_OPTIONS: Final = (("git", "ref"), ("git", "install_path", "ref"))


def render_puppetfile(
    puppetfile: Puppetfile, *, environment: str | None = None, lock_id: str | None = None
) -> str:
    """Return the text, modules sorted by directory; the first line names the environment and the lock, if given.

    Raises InputError with everything that cannot be written.
    """
    problems = tuple(check_writable(puppetfile))
    if problems:
        raise InputError(problems)
    parts = [render_header(environment, lock_id)]
    if puppetfile.moduledir != DEFAULT_MODULEDIR:
        parts.append(f"moduledir '{puppetfile.moduledir}'\n")
    parts += [_render(module) for module in sorted(puppetfile.modules, key=lambda module: module.directory)]
    return "\n".join(parts)


def render_header(environment: str | None = None, lock_id: str | None = None) -> str:
    """Return the first line of a file that pinner writes. Raises InputError where a value is none."""
    flaw = check_environment_name(environment) if environment else None
    if flaw or (lock_id and not _LOCK_ID.fullmatch(lock_id)):
        raise InputError(Problem(flaw or f"{quoted(lock_id or '')} is no lock id"))
    named = f" for environment {environment}" if environment else ""
    locked = f" ({lock_id})" if lock_id else ""
    return f"# {HEADER_MARK}{named}{locked}: changes are lost with the next 'pinner generate'.\n"


def is_written_by_pinner(text: str) -> bool:
    """Tell whether the text begins with the header of a file that pinner wrote."""
    return HEADER_MARK in text.partition("\n")[0]


def _render(module: PuppetfileModule) -> str:
    comment = f"# {module.comment}\n" if module.comment else ""
    if module.kind is ModuleKind.FORGE:
        return f"{comment}mod '{module.name}', '{module.version}'\n"
    options = ",\n".join(f"  :{option.name} => '{option.value}'" for option in module.options)
    return f"{comment}mod '{module.name}',\n{options}\n"


def check_writable(puppetfile: Puppetfile) -> Iterator[Problem]:
    """Yield what keeps the values from being written. What passes holds no character that could end a Ruby string."""
    flaw = check_moduledir(puppetfile.moduledir)
    if flaw:
        yield Problem(flaw)
    if puppetfile.forge is not None or puppetfile.exclusions:
        yield Problem("neither 'forge' nor 'exclusion' is written", hint="set them in r10k.yaml")
    for module in puppetfile.modules:
        for flaw in _flaws(module):
            yield Problem(f"module {quoted(module.name)}: {flaw}", module.place)
    yield from check_directories(puppetfile)


def _flaws(module: PuppetfileModule) -> Iterator[str]:
    if module.kind is ModuleKind.GIT:
        yield from _git_flaws(module)
    elif module.kind is ModuleKind.FORGE:
        yield from _forge_flaws(module)
    else:
        yield f"modules of the kind {module.kind} are not written"
    if module.comment is not None and (flaw := check_ref_name(module.comment)):
        yield flaw


def _git_flaws(module: PuppetfileModule) -> Iterator[str]:
    names = tuple(option.name for option in module.options)
    if names not in _GIT_OPTIONS:
        yield "only :git, :install_path and :ref are written, in that order"
        return
    checks = (
        check_module_name(module.name),
        check_git_url(module.text("git") or ""),
        check_install_path(module.text("install_path") or "") if "install_path" in names else None,
        check_commit(module.text("ref") or ""),
    )
    yield from (flaw for flaw in checks if flaw)


def _forge_flaws(module: PuppetfileModule) -> Iterator[str]:
    if tuple(option.name for option in module.options) != ("version",):
        yield "only the version of a Forge module is written: what all tools read has no place for more"
        return
    checks = (check_forge_name(module.name), check_forge_version(module.version or ""))
    yield from (flaw for flaw in checks if flaw)
