"""Locks: values -> the text of `environments/<env>.lock`, and the files on disk.

The same pins make the same bytes on every machine: keys sorted, one field a line, and whatever has its default value
left out, so that a field that a later pinner adds changes no lock that does not use it. No date and no digest of the
whole file, so that parallel branches merge.
"""

import json
from pathlib import Path

from pinner.project.atomic import write_atomically
from pinner.project.layout import Project, flaw_of_way
from pinner.project.lock_json import FORMAT
from pinner.project.lock_reader import parse_lock
from pinner.project.text import read_bytes
from pinner.words.pins import ForgePin, GitPin, Lock, Pin
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

LONGEST = 8 * 1024 * 1024
"""Bytes of a lock; one with a hundred modules has some 60,000."""

DEFAULT_MODULEDIR = "modules"

_Field = str | bool | int | list[str] | dict[str, str]


def read_lock(project: Project, environment: str) -> Lock | None:
    """Return the environment's lock, or None where there is none yet.

    Raises InputError with all that is wrong with it, UnknownError where the file cannot be read.
    """
    path = project.lock(environment)
    shown = project.shown(path)
    _refuse_way_out(project, path)
    return read_lock_file(path, environment=environment, shown=shown) if path.exists() else None


def read_lock_file(path: Path, *, environment: str, shown: str) -> Lock:
    """Return the lock at a path, wherever it lies; messages call it `shown`. Raises as `read_lock`, also if missing."""
    return parse_lock(read_bytes(path, shown=shown, limit=LONGEST), environment=environment, path=shown)


def write_lock(project: Project, lock: Lock) -> bool:
    """Write the lock in one rename; return False, and touch nothing, where it is written already.

    Raises InputError where a value of the lock could not be read back, UnknownError where the file cannot be written.
    """
    path = project.lock(lock.environment)
    shown = project.shown(path)
    _refuse_way_out(project, path)
    data = dump_lock(lock).encode(errors="surrogatepass")
    if path.exists() and path.read_bytes() == data:
        return False
    parse_lock(data, environment=lock.environment, path=shown)
    return write_atomically(path, data, shown=shown)


def dump_lock(lock: Lock) -> str:
    """Return the text of the lock's file."""
    placed = {} if lock.moduledir == DEFAULT_MODULEDIR else {"moduledir": lock.moduledir}
    modules = {name: _fields(pin, lock.moduledir) for name, pin in lock.pins.items()}
    document = {"pinner_lock": FORMAT, "modules": modules, **placed}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _fields(pin: Pin, moduledir: str) -> dict[str, _Field]:
    fields = _forge_fields(pin) if isinstance(pin, ForgePin) else _git_fields(pin)
    return fields if pin.install_path == moduledir else {**fields, "install_path": pin.install_path}


def _forge_fields(pin: ForgePin) -> dict[str, _Field]:
    return {"forge": pin.forge, "version": pin.version}


def _git_fields(pin: GitPin) -> dict[str, _Field]:
    optional: dict[str, _Field | None] = {
        "dependencies": dict(pin.dependencies) or None,
        "external": pin.external,
        "module": None if pin.is_module else False,
        "moved_from": sorted(pin.moved_from) or None,
        "name": pin.name,
        "ref": pin.ref,
        "required_by": sorted(pin.required_by) or None,
        "status": pin.status.value if pin.status else None,
        "version": pin.version,
    }
    given = {key: value for key, value in optional.items() if value is not None}
    return {"commit": pin.commit, "git": pin.git, "want": dict(pin.want.as_mapping()), **given}


def _refuse_way_out(project: Project, path: Path) -> None:
    if flaw := flaw_of_way(project, path):
        hint = "delete the link and run 'pinner lock'"
        raise InputError(Problem(flaw, Place(project.shown(path)), hint))
