"""Read Ruby files of a module: which files Puppet reads, providers, facts and functions, what they require.

Ruby is not parsed: in every module that was counted, each of these calls is on one line, with a literal name.

The `lib` directories of all modules of an environment overlay each other, so a path in one is a name in the
whole environment. One Ruby process serves all environments, so most of these names are shared by the whole
server. Which ones are not was measured: docs/explanation/isolation.md.

Functions of both APIs have the numbers of arguments that they take. Sources: Puppet's lib/puppet/functions.rb
(`dispatch`, or the method of the function's name) and lib/puppet/parser/functions.rb (`:arity`; without it the
checks of `args.size` at the start of the function).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pinner.model.module_api import Arity, Definition, DefinitionKind
from pinner.puppet.lexer import Lines

_LINE = r"^[^#\n]*?\b"
_LITERAL = r"[\s(]\s*(?::['\"]?|['\"])(?P<name>\w+(?:::\w+)*)"
_PROVIDER = re.compile(
    rf"{_LINE}type{_LITERAL}['\"]?\)?\s*\.provide[\s(]\s*:?['\"]?(?P<provider>\w+)", re.MULTILINE
)
_FACT = re.compile(rf"{_LINE}Facter\.add{_LITERAL}", re.MULTILINE)


def read_providers(path: str, text: str) -> tuple[Definition, ...]:
    """Return the providers of a file in lib/puppet/provider, named `type/provider`."""
    lines = Lines(text)
    return tuple(
        Definition(
            DefinitionKind.PROVIDER,
            f"{match['name']}/{match['provider']}",
            path,
            lines.at(match.start("name")),
        )
        for match in _PROVIDER.finditer(text)
    )


def read_facts(path: str, text: str) -> tuple[Definition, ...]:
    """Return the facts that a file in lib/facter adds under literal names, each once."""
    lines = Lines(text)
    found: dict[str, Definition] = {}
    for match in _FACT.finditer(text):
        found.setdefault(
            match["name"], Definition(DefinitionKind.FACT, match["name"], path, lines.at(match.start("name")))
        )
    return tuple(found.values())


DIRECTORIES: Final = frozenset(
    {
        *(
            "manifests",
            "lib",
            "templates",
            "files",
            "functions",
            "types",
            "tasks",
            "plans",
            "facts.d",
            "locales",
        ),
        *("data", "scripts"),
        *("hieradata", "plugins"),  # the place of data before Puppet 4.9, and of lib/ before 0.25
    }
)
"""The directories of a module that Puppet, Facter or Bolt read (Puppet's manual, "Module structure")."""

TOP_LEVEL_FILES: Final = frozenset({"metadata.json", "Modulefile", "hiera.yaml", "bolt_plugin.json"})

_MADE_BY_TOOLS: Final = frozenset({"checksums.json", ".DS_Store", "Thumbs.db"})
_DIRECTORIES_OF_TOOLS: Final = frozenset(
    {".svn", ".hg", ".bzr", "CVS", "__pycache__", ".librarian", ".bundle"}
)
_ENDINGS: Final = (
    *("~", ".orig", ".rej", ".bak", ".swp", ".pyc"),
    *(".dpkg-old", ".dpkg-dist", ".dpkg-new", ".rpmnew", ".rpmsave", ".rpmorig"),
)


def is_read(path: str) -> bool:
    """Return whether Puppet reads the file at `path` (inside the module, with `/`) or sends it to nodes."""
    first, slash, _ = path.partition("/")
    return first in DIRECTORIES if slash else path in TOP_LEVEL_FILES


def is_leftover(path: str, others: Collection[str]) -> bool:
    """Return whether a tool left the file: an editor, package manager, version control, or Forge client.

    `others` are the paths of the module upstream: `puppet module build` created metadata.json from a
    Modulefile.
    """
    *directories, name = path.split("/")
    if path == "metadata.json":
        return "Modulefile" in others and path not in others
    return (
        name in _MADE_BY_TOOLS or name.endswith(_ENDINGS) or not _DIRECTORIES_OF_TOOLS.isdisjoint(directories)
    )


_LIB: Final = "lib/"
_RUBY: Final = ".rb"


class PluginKind(StrEnum):
    """The kind of a Ruby file in `lib`.

    Ordered by the harm that another environment's code does under its name.

    A FUNCTION (of either API) or Ruby data type belongs to its environment. Facts are not plugins of the
    server.
    """

    TYPE = "native type"
    HELPER = "helper"
    PROVIDER = "provider"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A Ruby file: `name` as used in code; if `is_global`, the server loads it without a `require`."""

    kind: PluginKind
    name: str
    path: str
    is_global: bool = False

    def meant_by(self) -> "Iterator[Requirement]":
        """Yield all requirements that may load this file; relative ones apply only within the same module."""
        parts = self.path.removeprefix(_LIB).removesuffix(_RUBY).split("/")
        yield Requirement("/".join(parts), is_relative=False)
        for start in range(len(parts)):
            yield Requirement("/".join(parts[start:]), is_relative=True)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A path that a file loads, without `.rb`.

    If `is_relative`, it is the end of a path beside the file itself; otherwise a path below a `lib`.
    """

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
_TYPE_PATH: Final = re.compile(r"lib/puppet/type/([^/]+)\.rb")
_LOADS: Final = re.compile(r"^[ \t]*(?:require|require_relative|load|autoload)\b[^\n]*", re.MULTILINE)
_TEXT: Final = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")
_BESIDE: Final = ("require_relative", "__FILE__", "__dir__")


def plugin_of(path: str) -> Plugin | None:
    """Return the plugin at that path of a module; None if the server's Ruby does not load the file."""
    if not path.startswith(_LIB) or not path.endswith(_RUBY) or path.startswith(_OF_AGENTS):
        return None
    if found := _TYPE_PATH.fullmatch(path):
        return Plugin(PluginKind.TYPE, found[1], path)
    for folder, kind in _FOLDERS:
        if path.startswith(folder):
            name = path.removeprefix(folder).removesuffix(_RUBY)
            return Plugin(kind, name.replace("/", "::") if kind is PluginKind.FUNCTION else name, path)
    name = path.removeprefix(_LIB).removesuffix(_RUBY)
    return Plugin(PluginKind.HELPER, name, path, is_global=path.startswith(_GLOBAL))


def requirements(text: str) -> Iterator[Requirement]:
    """Yield what Ruby text loads, if its path is literal: `require`, `File.expand_path`, `File.join`.

    >>> [one.path for one in requirements("require File.expand_path('../../util/ini_file', __dir__)")]
    ['util/ini_file']
    """
    for line in _LOADS.findall(text):
        parts = "/".join(one or other for one, other in _TEXT.findall(line)).split("/")
        path = "/".join(part for part in parts if part not in {"", ".", ".."}).removesuffix(_RUBY)
        if path:
            yield Requirement(path, any(word in line for word in _BESIDE))


_FUNCTION: Final = re.compile(
    r"^[^#\n]*?\b(?P<call>newfunction|create_function)[\s(]\s*(?::['\"]?|['\"])(?P<name>\w+(?:::\w+)*)",
    re.MULTILINE,
)


def read_functions(path: str, text: str) -> tuple[Definition, ...]:
    """Return the functions of a file in lib/puppet/functions or lib/puppet/parser/functions."""
    lines = Lines(text)
    found = list(_FUNCTION.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    return tuple(
        Definition(
            DefinitionKind.FUNCTION,
            match["name"],
            path,
            lines.at(match.start("name")),
            arities=_arities(match, text[match.end() : end]),
        )
        for match, end in zip(found, ends, strict=True)
    )


def _arities(match: re.Match[str], body: str) -> tuple[Arity, ...]:
    if match["call"] == "newfunction":
        return tuple(_of_old_api(body))
    own_class = re.match(r"['\"]?\s*,\s*([\w:]+)", body)
    if own_class and own_class[1].removeprefix("::") != "Puppet::Functions::InternalFunction":
        return ()
    if re.search(r"^\s*def call\b", body, re.MULTILINE):
        return ()  # it dispatches by itself
    dispatched = tuple(_dispatched(body))
    if dispatched or re.search(r"^\s*(?:dispatch|argument_mismatch)\b", body, re.MULTILINE) or own_class:
        return dispatched
    return tuple(_of_method(body, match["name"].rpartition("::")[2]))


_DISPATCH: Final = re.compile(
    r"^(?P<indent>[ \t]*)dispatch[ (]\s*:[^\n]*?(?P<opening>\bdo\b|\{)", re.MULTILINE
)
_PARAM: Final = re.compile(
    r"(?:^|[{;]|\bdo\b)[ \t]*(?P<kind>param|required_param|optional_param|(?:optional_|required_)?repeated_param)\b",
    re.MULTILINE,
)


def _dispatched(body: str) -> Iterator[Arity]:
    for match in _DISPATCH.finditer(body):
        line_end = body.find("\n", match.end())
        line = body[match.end() : line_end if line_end >= 0 else len(body)]
        if line.rstrip().endswith(("end", "}")):
            block = body[match.start("opening") : match.end() + len(line)]
        else:
            closing = re.compile(rf"^{match['indent']}(?:end|\}})", re.MULTILINE).search(body, match.end())
            block = body[match.end() : closing.start() if closing else len(body)]
        kinds = [found["kind"] for found in _PARAM.finditer(block)]
        required = sum(kind in {"param", "required_param", "required_repeated_param"} for kind in kinds)
        is_endless = any(kind.endswith("repeated_param") for kind in kinds)
        yield Arity(required, None if is_endless else len(kinds))


def _of_method(body: str, name: str) -> Iterator[Arity]:
    match = re.search(rf"^\s*def {re.escape(name)}[ \t]*(?:\((?P<list>[^()]*)\)|[ \t]*$)", body, re.MULTILINE)
    if match is None:
        return
    parameters = [one.strip() for one in (match["list"] or "").split(",") if one.strip()]
    positional = [one for one in parameters if not one.startswith(("*", "&"))]
    is_endless = any(one.startswith("*") for one in parameters)
    required = sum("=" not in one for one in positional)
    yield Arity(required, None if is_endless else len(positional))


_ARITY: Final = re.compile(r"(?::arity\s*=>|\barity:)\s*(-?\d+)")
_BLOCK: Final = re.compile(r"(?:\bdo\b|\{)\s*\|\s*(?P<name>\w+)\s*\|")
_SIZE: Final = (
    r"(?P<word>if|unless)\s+\(?{0}\.(?:size|length|count)\s*(?P<test><|>|!=|==|>=|<=)\s*(?P<number>\d+)\)?"
)
_FAILS: Final = r"\b(?:raise|fail)\b"


def _of_old_api(body: str) -> Iterator[Arity]:
    block = _BLOCK.search(body)
    arity = _ARITY.search(body, 0, block.start() if block else len(body))
    if arity:
        number = int(arity[1])
        yield Arity(number, number) if number >= 0 else Arity(-number - 1, None)
    elif block:
        yield from _checked_sizes(body[block.end() :], block["name"])


def _checked_sizes(code: str, name: str) -> Iterator[Arity]:
    """Yield what checks such as `raise(...) if args.size < 1` allow, nothing without one outside of conditions."""
    size = _SIZE.format(re.escape(name))
    after = re.compile(rf"^[ \t]*{_FAILS}[^\n]*?[ \t]{size}[ \t]*$", re.MULTILINE)
    before = re.compile(rf"^[ \t]*{size}[ \t]*\n[ \t]*{_FAILS}", re.MULTILINE)
    least, most = 0, None
    first = re.search(r"^([ \t]*)\S", code, re.MULTILINE)
    depth = len(first[1]) if first else 0
    found = (*after.finditer(code), *before.finditer(code))
    checks = [one for one in found if len(one[0]) - len(one[0].lstrip()) <= depth]
    for check in checks:
        number, test = int(check["number"]), (check["word"], check["test"])
        if test in {("if", "!="), ("unless", "==")}:
            least = most = number
        elif test in {("if", "<"), ("unless", ">=")}:
            least = max(least, number)
        elif test in {("if", ">"), ("unless", "<=")}:
            most = number if most is None else min(most, number)
        else:
            return
    if checks:
        yield Arity(least, most)
