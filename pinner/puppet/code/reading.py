"""A file, or a whole module, to its definitions. Whatever cannot be read is named, with the reason."""

import re
from collections.abc import Callable, Mapping

from pinner.puppet.code.definitions import read_manifest
from pinner.puppet.code.lexer import Lexer
from pinner.puppet.code.paths import Role, role_of, which_paths
from pinner.puppet.code.ruby import read_facts, read_functions, read_providers, read_types
from pinner.words.api import Definition, Kind, ModuleApi, Unreadable
from pinner.words.problems import InputError

_MOST_BYTES = 1_000_000
_RUBY_CODE = re.compile(r"^[ \t]*+[^#\s]", re.MULTILINE)
_RUBY: Mapping[Role, tuple[Callable[[str, str], tuple[Definition, ...]], str | None]] = {
    Role.TYPE: (read_types, "newtype"),
    Role.PROVIDER: (read_providers, None),
    Role.FUNCTION: (read_functions, "newfunction or create_function"),
    Role.FACT: (read_facts, None),
}
_NAMED = {Role.EXTERNAL_FACT: Kind.FACT, Role.TASK: Kind.TASK, Role.DATA: Kind.DATA}


def read_file(path: str, text: bytes) -> tuple[Definition, ...] | Unreadable:
    """Return what the file at `path` (inside its module) defines, or why that cannot be said.

    Nothing is defined by a file that is no part of an API, and by one that holds no code.
    """
    role = role_of(path)
    if role is None:
        return ()
    if role in _NAMED:
        return (Definition(_NAMED[role], _name(path, role), path, 1),)
    flaw = _flaw(text)
    if flaw:
        return Unreadable(path, flaw)
    code = text.decode("utf-8", "replace").removeprefix("\ufeff")
    return _read_manifest(path, code) if role is Role.MANIFEST else _read_ruby(path, code, role)


def read_module(files: Mapping[str, bytes]) -> ModuleApi:
    """Return the API of a module from the contents of its files by path; files that don't matter are passed over."""
    read = [read_file(path, files[path]) for path in which_paths(files)]
    definitions = tuple(one for found in read if not isinstance(found, Unreadable) for one in found)
    return ModuleApi(definitions, tuple(found for found in read if isinstance(found, Unreadable)))


def _flaw(text: bytes) -> str | None:
    if len(text) > _MOST_BYTES:
        return f"the file is too big: {len(text)} bytes, {_MOST_BYTES} at most are read"
    return "the file holds NUL bytes: it is not text in UTF-8" if b"\0" in text else None


def _read_manifest(path: str, code: str) -> tuple[Definition, ...] | Unreadable:
    try:
        found = read_manifest(path, code)
        if found or Lexer(code).next().kind == "end":
            return found
    except InputError as error:
        return Unreadable(path, error.problems[0].message)
    return Unreadable(path, "the file holds code, but defines no class, defined type, function or type alias")


def _read_ruby(path: str, code: str, role: Role) -> tuple[Definition, ...] | Unreadable:
    read, call = _RUBY[role]
    found = read(path, code)
    if found or call is None or not _RUBY_CODE.search(code):
        return found
    return Unreadable(path, f"the file holds code, but no {call} with a literal name was found")


def _name(path: str, role: Role) -> str:
    return path if role is Role.DATA else path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
