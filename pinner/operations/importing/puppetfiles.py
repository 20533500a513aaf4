"""Puppetfiles on disk: one, a directory of them, Fuel's pair, and those with lists of modules beside them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pinner.operations.importing.declared import Declared, read_declared
from pinner.operations.importing.joining import joined
from pinner.project.text import read_bytes
from pinner.words.imports import Found, FoundEnvironment, FoundModule
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a file that are read at all; a Puppetfile's reader has a smaller limit of its own."""
NAME: Final = "Puppetfile"
_NAMED: Final = re.compile(r"Puppetfile[._-](?P<after>.+)|(?P<before>.+)[._-]Puppetfile")
_NOT_NAMES: Final = frozenset({"lock", "erb", "j2", "orig", "bak", "rej", "swp", "tmp"})
_FUEL: Final = (Path(NAME), Path("puppet/openstack_tasks") / NAME)
_LISTS: Final = ("openstack_modules.txt", "external_modules.txt")


def is_puppetfile(path: Path) -> bool:
    """Tell whether the path is a Puppetfile by its name, or a directory that holds any."""
    if path.is_dir():
        return next(_files(path), None) is not None
    return path.is_file() and (path.name == NAME or _named(path) is not None)


def read_puppetfiles(path: Path) -> Found:
    """Return an environment for the Puppetfile, or for each one in the directory. Raises InputError, UnknownError."""
    files = list(_files(path)) if path.is_dir() else [path]
    if not files:
        raise InputError(Problem("there is no Puppetfile in this directory", Place(str(path))))
    return joined(environment_of([file], name=_name(file), source=NAME) for file in files)


def is_fuel(path: Path) -> bool:
    """Tell whether the directory is fuel-library, or its `deployment`."""
    return _fuel_root(path) is not None


def read_fuel(path: Path) -> Found:
    """Return the one environment that Fuel's Puppetfiles make together."""
    root = _fuel_root(path)
    if root is None:
        message = f"there is no deployment/{NAME} in this directory"
        raise InputError(Problem(message, Place(str(path))))
    files = [root / file for file in _FUEL if (root / file).is_file()]
    return environment_of(files, name="fuel", source="Fuel")


def has_lists(path: Path) -> bool:
    """Tell whether a Puppetfile lies beside the lists it is generated from, as in packstack."""
    return all((path / name).is_file() for name in (NAME, *_LISTS))


def read_with_lists(path: Path) -> Found:
    """Return the environment of the Puppetfile, with a note for each module that only it, or only a list, names."""
    found = environment_of([path / NAME], name=_name(path / NAME), source=NAME)
    listed: dict[str, Place] = {}
    for name in _LISTS:
        listed.update(_listed(path / name))
    names = {module.name for module in found.environments[0].modules}
    notes = [
        Problem(f"module '{name}' is listed here, but is not in the {NAME}", place)
        for name, place in listed.items()
        if name not in names
    ]
    return Found(found.environments, found.problems, (*found.notes, *notes))


def environment_of(files: Iterable[Path], *, name: str, source: str) -> Found:
    """Return one environment of all these Puppetfiles together."""
    return as_environment([_read(file) for file in files], name=name, source=source)


def as_environment(declared: Iterable[Declared], *, name: str, source: str) -> Found:
    """Return one environment of what several Puppetfiles declare; of a module that two of them name, the first."""
    parts = tuple(declared)
    problems = [problem for part in parts for problem in part.problems]
    modules: dict[str, FoundModule] = {}
    for module in (module for part in parts for module in part.modules):
        first = modules.setdefault(module.name, module)
        if first is not module:
            message = f"module '{module.name}' is declared at {first.place} already"
            problems.append(
                Problem(message, module.place, "delete one of them; with --partial the first counts")
            )
    environment = FoundEnvironment(name, source, tuple(modules.values()), moduledir=parts[0].moduledir)
    return Found((environment,), tuple(problems), tuple(note for part in parts for note in part.notes))


def _read(file: Path) -> Declared:
    return read_declared(read_bytes(file, shown=str(file), limit=LONGEST), str(file))


def _files(directory: Path) -> Iterator[Path]:
    """Yield the directory's own Puppetfile, those named after environments beside it, or one in each directory."""
    own = [file for file in sorted(directory.iterdir()) if file.is_file() and is_puppetfile(file)]
    yield from own
    if not own:
        yield from sorted(file for file in directory.glob(f"*/{NAME}") if file.is_file())


def _name(file: Path) -> str:
    """Return what an environment of the file is called: after the file's name, or the directory it lies in."""
    return _named(file) or file.resolve().parent.name or "production"


def _named(file: Path) -> str | None:
    match = _NAMED.fullmatch(file.name)
    name = (match["after"] or match["before"]) if match else None
    return None if name in _NOT_NAMES else name


def _fuel_root(path: Path) -> Path | None:
    for root in (path / "deployment", path):
        if (root / _FUEL[1]).is_file() or (root.name == "deployment" and (root / NAME).is_file()):
            return root
    return None


def _listed(file: Path) -> Iterator[tuple[str, Place]]:
    """Yield the modules of a list: `nova`, or `owner/puppet-name` and perhaps `,ref`."""
    text = read_bytes(file, shown=str(file), limit=LONGEST).decode(errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        repository = line.partition("#")[0].partition(",")[0].strip()
        name = re.sub(r"\A(?:puppet|puppetlabs)-", "", repository.rpartition("/")[2])
        if name:
            yield name.replace("-", "_"), Place(str(file), number)
