"""The kinds of source that can be imported: one table, each kind with what recognises it and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pinner.operations.importing import jens, librarian, preset, puppetfiles
from pinner.words.imports import Found
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of source.

    `name` is what `--kind` takes, `what` how help and messages call it. `recognises` asks the files alone, cheaply;
    `read` raises InputError and UnknownError where nothing at all can be read.
    """

    name: str
    what: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path], Found]


# The first that recognises a source reads it: so the special stand before the general.
KINDS = (
    Kind(
        "preset", "puppet_openstack_builder:RELEASE, which is packaged", preset.is_preset, preset.read_preset
    ),
    Kind("librarian", "librarian-puppet's Puppetfile.lock", librarian.is_librarian, librarian.read_librarian),
    Kind("jens", "Jens' repositories.yaml and environments", jens.is_jens, jens.read_jens),
    Kind("fuel", "Fuel's Puppetfiles", puppetfiles.is_fuel, puppetfiles.read_fuel),
    Kind("lists", "a Puppetfile beside lists of modules", puppetfiles.has_lists, puppetfiles.read_with_lists),
    Kind(
        "puppetfile",
        "a Puppetfile, or a directory of them",
        puppetfiles.is_puppetfile,
        puppetfiles.read_puppetfiles,
    ),
)


def read_source(source: str, kind: str | None = None) -> Found:
    """Return what a source holds; `kind` names one of KINDS where the files shall not decide.

    Raises InputError for a source that is none, and whatever the kind's reader raises.
    """
    path = Path(source)
    chosen = next((known for known in KINDS if kind == known.name), None) or _recognised(path)
    return chosen.read(path)


def _recognised(path: Path) -> Kind:
    known = next((kind for kind in KINDS if kind.recognises(path)), None)
    if known is not None:
        return known
    what = "this is nothing that pinner imports" if path.exists() else "there is no such file or directory"
    listed = "; ".join(f"{kind.name}: {kind.what}" for kind in KINDS)
    raise InputError(Problem(what, Place(str(path)), f"pinner imports {listed}; '--kind' says which it is"))
