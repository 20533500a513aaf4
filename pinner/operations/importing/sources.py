"""The kinds of source that can be imported: one table, each kind with what recognises it and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pinner.operations.importing import control, jens, librarian, preset, puppetfiles, r10k
from pinner.operations.workspace import Workspace
from pinner.words.imports import Found
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

MOST: Final = 1000
"""Environments of one source; the largest sites have some two hundred."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of source.

    `name` is what `--kind` takes, `what` how help and messages call it. `recognises` asks the files alone, cheaply;
    `read` raises InputError and UnknownError where nothing at all can be read.
    """

    name: str
    what: str
    recognises: Callable[[str], bool]
    read: Callable[[str, Workspace], Found]


def _files(name: str, what: str, recognises: Callable[[Path], bool], read: Callable[[Path], Found]) -> Kind:
    """Return a kind whose files say all."""
    return Kind(
        name, what, lambda source: recognises(Path(source)), lambda source, _workspace: read(Path(source))
    )


# The first that recognises a source reads it: so the special stand before the general.
KINDS = (
    _files(
        "preset", "puppet_openstack_builder:RELEASE, which is packaged", preset.is_preset, preset.read_preset
    ),
    _files(
        "librarian", "librarian-puppet's Puppetfile.lock", librarian.is_librarian, librarian.read_librarian
    ),
    _files("jens", "Jens' repositories.yaml and environments", jens.is_jens, jens.read_jens),
    _files("fuel", "Fuel's Puppetfiles", puppetfiles.is_fuel, puppetfiles.read_fuel),
    _files(
        "lists", "a Puppetfile beside lists of modules", puppetfiles.has_lists, puppetfiles.read_with_lists
    ),
    Kind(
        "r10k-settings",
        "r10k.yaml, all its sources",
        lambda source: r10k.is_settings(Path(source)),
        lambda source, workspace: r10k.read_settings(Path(source), workspace),
    ),
    Kind(
        "r10k-environments",
        "r10k's environments.yaml or environments.d",
        lambda source: r10k.is_environments(Path(source)),
        lambda source, workspace: r10k.read_environments_of(Path(source), workspace),
    ),
    Kind(
        "r10k",
        "a control repository, by its URL or the path of a bare one: all branches, or #BRANCH",
        control.is_control_repository,
        control.read_control_repository,
    ),
    _files(
        "puppetfile",
        "a Puppetfile, or a directory of them",
        puppetfiles.is_puppetfile,
        puppetfiles.read_puppetfiles,
    ),
)


def read_source(source: str, kind: str | None, workspace: Workspace) -> Found:
    """Return what a source holds; `kind` names one of KINDS where the files shall not decide.

    Raises InputError for a source that is none or has too many environments, and whatever the kind's reader raises.
    """
    chosen = next((known for known in KINDS if kind == known.name), None) or _recognised(source)
    found = chosen.read(source, workspace)
    if len(found.environments) > MOST:
        message = f"there are {len(found.environments)} environments: pinner takes at most {MOST} at once"
        raise InputError(Problem(message, Place(source)))
    return found


def _recognised(source: str) -> Kind:
    known = next((kind for kind in KINDS if kind.recognises(source)), None)
    if known is not None:
        return known
    if not Path(source).exists():
        hint = "name a file, a directory, or a control repository by its URL"
        raise InputError(Problem("there is no such file or directory", Place(source), hint))
    width = max(len(kind.name) for kind in KINDS)
    listed = "".join(f"\n    {kind.name:{width}}  {kind.what}" for kind in reversed(KINDS))
    hint = f"say with '--kind' what it is, if it is one of these:{listed}"
    raise InputError(Problem("this is nothing that pinner imports", Place(source), hint))
