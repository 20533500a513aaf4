"""Write the directory of an environment that Puppet compiles: the locked modules, and a control repository's files.

Modules and the control repository's files are links, so that a directory costs nothing and both stay as they are. The
control repository's environment.conf is read for its module path and manifest only: its `config_version` is a script.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pinner.git.process.local_repositories import read_regular
from pinner.model.control import ENVIRONMENT_CONF, own_module_directories, read_environment_conf
from pinner.model.errors import InputError, Location, Problem

_USUAL_SITES = ("site-modules", "site", "modules")
_LARGEST: Final = 4 * 1024 * 1024
_REQUIRED: Final = ("source", "author", "version", "license", "dependencies")
_CLASS = r"^\s*class\s+(?:::)?{}\b"


@dataclass(frozen=True, slots=True)
class EnvironmentTree:
    """An environment's directory `environmentpath/name`; `readable` are the directories that its links lead to."""

    environmentpath: Path
    name: str
    modulepath: tuple[str, ...]
    readable: tuple[Path, ...]

    def find_classes(self) -> Iterator[str]:
        """Yield the names of all classes that are in the file where Puppet looks for them, sorted."""
        found = set()
        for directory in self.modulepath:
            for path in (self.environmentpath / self.name / directory).glob("*/manifests/**/*.pp"):
                module, *parts = path.relative_to(self.environmentpath / self.name / directory).parts
                words = [module, *parts[1:-1], path.stem]
                name = "::".join(words[:-1] if words[1:] == ["init"] else words)
                text = _read(path).decode("utf-8", "replace")
                if re.search(_CLASS.format(re.escape(name)), text, re.MULTILINE):
                    found.add(name)
        yield from sorted(found)

    def find_ignored(self) -> Mapping[str, str]:
        """Return the modules that Puppet ignores, each with the key that its metadata.json lacks.

        Puppet::Module#load_metadata refuses them, and Puppet::Node::Environment#modules then leaves them out. A module
        without metadata.json is not ignored, nor is one with an empty object in it.
        """
        found: dict[str, str] = {}
        for directory in reversed(self.modulepath):
            for path in (self.environmentpath / self.name / directory).glob("*/metadata.json"):
                try:
                    data = json.loads(_read(path))
                except (OSError, ValueError, RecursionError):
                    continue
                lacking = (
                    [key for key in _REQUIRED if data.get(key) is None] if isinstance(data, dict) else []
                )
                found.pop(path.parent.name, None)
                if data and lacking:
                    found[path.parent.name] = lacking[0]
        return found


def write_tree(
    environmentpath: Path,
    name: str,
    *,
    modules: Mapping[str, Path],
    control: Path | None = None,
    has_manifest: bool = True,
) -> EnvironmentTree:
    """Write the directory of environment `name` below `environmentpath`, and return it.

    `modules` are paths in the environment (`modules/nova`) and the directories to link there; they take the place of
    the control repository's own. Without `has_manifest`, no site manifest is evaluated. Raises InputError if the
    control repository has no directory for its module path.
    """
    root = environmentpath / name
    root.mkdir(parents=True, mode=0o700)
    directories = dict.fromkeys(path.rpartition("/")[0] for path in sorted(modules))
    conf = control / ENVIRONMENT_CONF if control else None
    text = _read(conf).decode("utf-8", "replace") if conf else ""
    settings = read_environment_conf(text)
    own = own_module_directories(text)
    if control and not settings.get("modulepath", "").strip(": \t"):
        own = tuple(part for part in _USUAL_SITES if (control / part).is_dir())
    modulepath = tuple(dict.fromkeys((*own, *directories)))
    for path, directory in modules.items():
        _link(root / path, directory)
    if control:
        _link_control(control, root, tuple(part for part in modulepath if "/" not in part))
    manifest = settings.get("manifest", "manifests") if has_manifest else ".no-manifest.pp"
    if manifest.startswith(("/", "..")):
        message = f"manifest = {manifest} is outside the control repository"
        raise InputError(Problem(message, Location(str(conf or ENVIRONMENT_CONF))))
    if not (root / manifest).exists():
        (root / ".no-manifest.pp").write_text("")
        manifest = ".no-manifest.pp"
    (root / ENVIRONMENT_CONF).write_text(f"modulepath = {':'.join(modulepath)}\nmanifest = {manifest}\n")
    readable = (environmentpath, *modules.values(), *((control,) if control else ()))
    return EnvironmentTree(environmentpath, name, modulepath, tuple(dict.fromkeys(readable)))


def _read(path: Path) -> bytes:
    """Return the start of a regular file, nothing for others and for those that cannot be read."""
    with suppress(OSError):
        return read_regular(path, _LARGEST, follows_links=True)
    return b""


def modules_in(directory: Path) -> Mapping[str, Path]:
    """Return the modules in a directory, by their paths in an environment (`modules/nova`).

    Raises InputError if there are none.
    """
    path = directory.resolve()
    found = {
        f"modules/{one.name}": one for one in sorted(path.iterdir()) if one.is_dir() and one.name[0] != "."
    }
    if not found:
        raise InputError(
            Problem(f"{directory} has no modules", hint="name a directory with one module in each directory")
        )
    return found


def _link_control(control: Path, root: Path, shared: Iterable[str]) -> None:
    """Link what the control repository has, one level deeper in directories that also hold locked modules."""
    for entry in sorted(control.iterdir()):
        if entry.name in {".git", ENVIRONMENT_CONF}:
            continue
        if entry.name in shared and entry.is_dir():
            for one in sorted(entry.iterdir()):
                _link(root / entry.name / one.name, one)
        else:
            _link(root / entry.name, entry)


def _link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists() and not path.is_symlink():
        path.symlink_to(target)


def changed_files(before: Path, after: Path, under: Iterable[str]) -> tuple[str, ...]:
    """Return the files below one of the directories `under` that differ between two modules, sorted."""
    found: set[str] = set()
    for part in under:
        sides = [
            {
                path.relative_to(root).as_posix(): path.read_bytes()
                for path in (root / part).rglob("*")
                if path.is_file() and not path.is_symlink()
            }
            for root in (before, after)
        ]
        found |= {
            path for path in sides[0].keys() | sides[1].keys() if sides[0].get(path) != sides[1].get(path)
        }
    return tuple(sorted(found))
