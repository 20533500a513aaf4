"""The Ruby files that a module adds to Puppet: what each is, and which others it loads by name.

All modules of an environment lay their `lib` over each other, so a path in it is a name for the whole environment; and
one Ruby process serves all environments, so most of these names are the server's. Which are not is measured:
docs/explanation/isolation.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_LIB: Final = "lib/"
_RUBY: Final = ".rb"


class PluginKind(StrEnum):
    """What a Ruby file in `lib` is to Puppet, in order of the harm that another environment's code does under its name.

    A FUNCTION (of either API) or Ruby data type belongs to its environment; facts are no plugins of the server at all.
    """

    TYPE = "native type"
    HELPER = "helper"
    PROVIDER = "provider"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One Ruby file: `name` as code names it. `is_global` tells that the server loads it of its own accord."""

    kind: PluginKind
    name: str
    path: str
    is_global: bool = False

    def meant_by(self) -> "Iterator[Requirement]":
        """Yield everything that may load this file; what is relative only where it stands in the same module."""
        parts = self.path.removeprefix(_LIB).removesuffix(_RUBY).split("/")
        yield Requirement("/".join(parts), is_relative=False)
        for start in range(len(parts)):
            yield Requirement("/".join(parts[start:]), is_relative=True)


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a file loads: `path` without `.rb`, beside the file itself (`is_relative`, its end only) or below a `lib`."""

    path: str
    is_relative: bool


_FOLDERS: Final = (
    ("lib/puppet/functions/", PluginKind.FUNCTION),
    ("lib/puppet/parser/functions/", PluginKind.FUNCTION),
    ("lib/puppet/datatypes/", PluginKind.FUNCTION),
    ("lib/puppet/provider/", PluginKind.PROVIDER),
)
_GLOBAL: Final = ("lib/puppet/reports/", "lib/puppet/indirector/", "lib/hiera/")
_OF_AGENTS: Final = "lib/facter/"
_TYPE: Final = re.compile(r"lib/puppet/type/([^/]+)\.rb")
_LOADS: Final = re.compile(r"^[ \t]*(?:require|require_relative|load|autoload)\b[^\n]*", re.MULTILINE)
_TEXT: Final = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_BESIDE: Final = ("require_relative", "__FILE__", "__dir__")


def plugin_of(path: str) -> Plugin | None:
    """Return what the file at that path of a module is; None for what the server's Ruby does not load."""
    if not path.startswith(_LIB) or not path.endswith(_RUBY) or path.startswith(_OF_AGENTS):
        return None
    if found := _TYPE.fullmatch(path):
        return Plugin(PluginKind.TYPE, found[1], path)
    for folder, kind in _FOLDERS:
        if path.startswith(folder):
            name = path.removeprefix(folder).removesuffix(_RUBY)
            return Plugin(kind, name.replace("/", "::") if kind is PluginKind.FUNCTION else name, path)
    name = path.removeprefix(_LIB).removesuffix(_RUBY)
    return Plugin(PluginKind.HELPER, name, path, is_global=path.startswith(_GLOBAL))


def requirements(text: str) -> Iterator[Requirement]:
    """Yield what Ruby text loads, as far as its paths are written out: `require`, `File.expand_path`, `File.join`.

    >>> [one.path for one in requirements("require File.expand_path('../../util/ini_file', __dir__)")]
    ['util/ini_file']
    """
    for line in _LOADS.findall(text):
        parts = "/".join(one or other for one, other in _TEXT.findall(line)).split("/")
        path = "/".join(part for part in parts if part not in {"", ".", ".."}).removesuffix(_RUBY)
        if path:
            yield Requirement(path, any(word in line for word in _BESIDE))
