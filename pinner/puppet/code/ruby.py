"""Read Ruby files of a module, without running them: which ones Puppet reads, their types, providers, facts, functions.

Ruby is not parsed: in every module that was counted, each of these calls is on one line, with a literal name, and
the `end` of the block of a type has the same indentation. What is not literal (values that are computed, a class of
one's own as `:parent`) is left out, so that an attribute accepts any value.

The `lib` directories of all modules of an environment overlay each other, so a path in one is a name in the
whole environment. One Ruby process serves all environments, so most of these names are shared by the whole
server. Which ones are not was measured: docs/explanation/isolation.md.

Functions of both APIs have the numbers of arguments that they take. Sources: Puppet's lib/puppet/functions.rb
(`dispatch`, or the method of the function's name) and lib/puppet/parser/functions.rb (`:arity`; without it the
checks of `args.size` at the start of the function).

Rules of types: puppet/type.rb, puppet/parameter.rb and puppet/parameter/value_collection.rb. `isrequired` is read by
nothing in Puppet; what a type needs is in its `validate` block.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from pinner.model.module_api import Arity, AttributeRule, Definition, DefinitionKind, Parameter
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


_NEWTYPE: Final = re.compile(
    rf"^[^#\n]*?\b(?:newtype{_LITERAL}|register_type\(\s*(?:name:|:name\s*=>)\s*['\"](?P<registered>\w+))",
    re.MULTILINE,
)
_MEMBER: Final = re.compile(
    rf"^[ \t]*(?P<call>newparam|newproperty){_LITERAL}|^[ \t]*(?P<ensure>ensurable)\b"
    r"|\[(?P<words>[^\[\]\n]*)\]\.each\s*(?:do|\{)\s*\|(?P<variable>\w+)\|\s*(?P<looped>newparam|newproperty)\(\s*(?P=variable)\b",
    re.MULTILINE,
)
_ANY_MEMBER: Final = re.compile(r"^[^#\n]*?\b(?:newparam|newproperty|newcheck|ensurable)\b", re.MULTILINE)
_ADDS_MORE: Final = re.compile(
    r"^[ \t]*(?:extend\b|[\w:.]+\.(?:class_eval|instance_eval|module_eval|send)\b|(?:class_eval|instance_eval|eval)\b)",
    re.MULTILINE,
)
_ATTRIBUTES: Final = re.compile(r"\battributes(?::|['\"]?\s*=>)\s*\{[^\n]*\n(?P<indent>[ \t]*)")
_WORD: Final = re.compile(r"\w+")


def read_types(path: str, text: str) -> tuple[Definition, ...]:
    """Return the native types of a file in lib/puppet/type, with their parameters and properties."""
    lines = Lines(text)
    types = list(_NEWTYPE.finditer(text))
    ends = [*(match.start() for match in types), len(text)][1:]
    return tuple(_type(path, lines, match, end) for match, end in zip(types, ends, strict=True))


def _type(path: str, lines: Lines, match: re.Match[str], end: int) -> Definition:
    start = match.end()
    if match["registered"]:
        name, parameters = match["registered"], tuple(_attributes(lines, start, end))
        is_open = not parameters
    else:
        name, parameters = match["name"], tuple(_members(lines, start, end))
        parameters = tuple(_with_need(parameters, lines.text[start:end]))
        # The type may have attributes that are not written out.
        first_line = lines.text[start : lines.text.find("\n", start, end)]
        read = sum(1 for _ in _MEMBER.finditer(lines.text, start, end))
        named = sum(1 for _ in _ANY_MEMBER.finditer(lines.text, start, end))
        adds_more = _ADDS_MORE.search(lines.text, start, end)
        is_open = named > read or "parent" in first_line or adds_more is not None
    return Definition(
        DefinitionKind.TYPE, name, path, lines.at(start), parameters=parameters, is_open=is_open
    )


def _members(lines: Lines, start: int, end: int) -> Iterator[Parameter]:
    for match in _MEMBER.finditer(lines.text, start, end):
        line = lines.at(match.end())
        call = _call_at(lines.text, match.end(), end)
        if match["words"] is not None:
            is_property = match["looped"] == "newproperty"
            for word in _WORD.findall(match["words"]):
                yield Parameter(word, line, rule=_rule(word, call, is_property=is_property))
        elif match["ensure"]:
            yield Parameter("ensure", line, rule=_ensure_rule(call))
        else:
            is_property = match["call"] == "newproperty"
            yield Parameter(match["name"], line, rule=_rule(match["name"], call, is_property=is_property))


@dataclass(frozen=True, slots=True)
class _RubyCall:
    """The rest of a call after its name: `options` up to its block, and the text of the block, "" without one."""

    options: str
    block: str = ""


_BLANKS: Final = re.compile(r"[ \t]*")
_OPTIONS: Final = re.compile(r"(?:[^\n#]*,[ \t]*\n)*[^\n]*")
_OPENING: Final = re.compile(r"(?:\bdo\b|\{)[ \t]*(?:\|[^|\n]*\|)?[ \t]*(?:#[^\n]*)?$")
_ONE_LINE: Final = re.compile(r"(?:\bdo\b|\)\s*\{|(?<=\w)\s+\{)(?P<block>.*)(?:\bend\b|\})\s*$")


def _call_at(text: str, position: int, end: int) -> _RubyCall:
    found = _OPTIONS.match(text, position, end)
    options = found[0] if found else ""
    if not _OPENING.search(options):
        one_line = _ONE_LINE.search(options)
        return _RubyCall(options[: one_line.start()], one_line["block"]) if one_line else _RubyCall(options)
    line_start = text.rfind("\n", 0, position) + 1
    indent = _BLANKS.match(text, line_start)
    closing = re.compile(rf"^{indent[0] if indent else ''}(?:end|\}})", re.MULTILINE).search(
        text, position + len(options), end
    )
    block = text[position + len(options) : closing.start() if closing else end]
    return _RubyCall(options, block)


_NAMEVAR: Final = re.compile(r"^[ \t]*isnamevar\b", re.MULTILINE)
_NAMEVAR_OPTION: Final = re.compile(r"\bnamevar(?::|\s*=>)\s*true\b")
_ALL: Final = re.compile(r"\barray_matching(?::|\s*=>)\s*:all\b")
_PARENT: Final = re.compile(r"\bparent(?::|\s*=>)\s*([\w:]+)")
_OWN_CHECK: Final = re.compile(
    r"^[ \t]*(?:validate\b|def (?:unsafe_)?validate\b|include\b|extend\b|def should=|def value=)",
    re.MULTILINE,
)
_BOOLEANS: Final = ("true", "false", "yes", "no")


def _rule(name: str, call: _RubyCall, *, is_property: bool) -> AttributeRule:
    parent = _PARENT.search(call.options)
    words, patterns = _values(call.block) if parent is None else ((), ())
    if parent and parent[1].endswith(("Puppet::Parameter::Boolean", "Puppet::Property::Boolean")):
        words = _BOOLEANS
    if _OWN_CHECK.search(call.block):
        words, patterns = (), ()
    return AttributeRule(
        is_property=is_property,
        is_namevar=name == "name"
        or bool(_NAMEVAR.search(call.block) or _NAMEVAR_OPTION.search(call.options)),
        takes_list=bool(_ALL.search(call.options)) or bool(_ALL.search(call.block)),
        words=words,
        patterns=patterns,
        kinds=_kinds(call.block) if parent is None else (),
    )


def _ensure_rule(call: _RubyCall) -> AttributeRule:
    """Return the rule of `ensurable`: present and absent, or the values of its block."""
    if not call.block.strip():
        return AttributeRule(is_property=True, words=("present", "absent"))
    words, patterns = _values(call.block)
    if re.search(r"^[ \t]*defaultvalues\b", call.block, re.MULTILINE):
        words = ("present", "absent", *words)
    if _OWN_CHECK.search(call.block):
        words, patterns = (), ()
    return AttributeRule(is_property=True, words=words, patterns=patterns)


_NEW_VALUES: Final = re.compile(
    r"^[ \t]*(?P<call>newvalues|newvalue|aliasvalue)(?:[ \t]*\(|[ \t])\s*", re.MULTILINE
)
_ITEM: Final = re.compile(
    r":?'(?P<one>[^'\\]*)'|:?\"(?P<two>[^\"\\#]*)\"|:(?P<symbol>\w+)|(?P<plain>true|false|-?\d+)\b"
    r"|(?P<nil>nil)\b|%r\{(?P<braces>(?:[^{}\\]|\\.|\{[\d,]*\})*)\}(?P<flags>[imx]*)"
    r"|/(?P<slashes>(?:[^/\\\n]|\\.)*)/(?P<others>[imx]*)"
)
_COMMA: Final = re.compile(r"\s*,\s*")


def _values(block: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words and the regular expressions that `newvalues` lists; none if one is not literal."""
    words: list[str] = []
    patterns: list[str] = []
    for call in _NEW_VALUES.finditer(block):
        position, is_first = call.end(), True
        while True:
            item = _ITEM.match(block, position)
            if item is None:
                return (), ()
            if is_first or call["call"] == "newvalues":
                _add_item(item, words, patterns)
            is_first = False
            comma = _COMMA.match(block, item.end())
            if comma is None or call["call"] != "newvalues":
                break
            position = comma.end()
        if re.match(r"\s*[.+*&|\[]|\(", block[item.end() :]):
            return (), ()
    return tuple(dict.fromkeys(words)), tuple(dict.fromkeys(patterns))


def _add_item(item: re.Match[str], words: list[str], patterns: list[str]) -> None:
    for name, flags in (("braces", "flags"), ("slashes", "others")):
        if item[name] is not None:
            source = item[name].replace(r"\/", "/")
            patterns.append(f"(?{item[flags]}:{source})" if item[flags] else source)
            return
    named = (item[name] for name in ("one", "two", "symbol", "plain"))
    words.append(next((text for text in named if text is not None), ""))  # nil accepts an empty string


_VALIDATE: Final = re.compile(
    r"^(?P<indent>[ \t]*)validate[ \t]*(?:do|\{)[ \t]*\|\s*(?P<value>\w+)\s*\|(?P<rest>.*)", re.MULTILINE
)
_IS_A: Final = r"(?P<tests>{0}\.is_a\?[ (]\s*\w+\)?(?:\s*(?:\|\|)\s*{0}\.is_a\?[ (]\s*\w+\)?)*)"
_CLASS: Final = re.compile(r"is_a\?[ (]\s*(\w+)")
_REFUSES: Final = r"(?:raise|fail|self\.fail)\b"


def _kinds(block: str) -> tuple[str, ...]:
    """Return the Ruby classes of which `validate` requires one; none unless it starts with that check."""
    start = _VALIDATE.search(block)
    if start is None:
        return ()
    rest = start["rest"].rstrip()
    body = rest.removesuffix("}").rstrip() if rest else block[start.end() :]
    tests = _IS_A.format(re.escape(start["value"]))
    first = (
        rf"\s*{_REFUSES}[^\n]*?\bunless\s+\(?{tests}\)?\s*(?:#[^\n]*)?$",
        rf"\s*unless\s+\(?{tests}\)?\s*(?:then)?\s*\n\s*{_REFUSES}",
        rf"\s*(?:if\s+{tests}\s*\n\s*(?:return\s+)?true\s*\n\s*else\s*\n\s*{_REFUSES})",
    )
    found = next((match for one in first if (match := re.compile(one, re.MULTILINE).match(body))), None)
    return tuple(_CLASS.findall(found["tests"])) if found else ()


_SELF: Final = r"self\[:(\w+)\]"
_CHECKS: Final = (
    (re.compile(rf"{_REFUSES}.*\bunless\s+{_SELF}(?:\s+(?:and|&&)\s+{_SELF})?\s*$"), "always"),
    (re.compile(rf"{_REFUSES}.*\bif\s+(?:!{_SELF}|{_SELF}\.nil\?)\s*$"), "always"),
    (
        re.compile(rf"{_REFUSES}.*\bif\s+self\[:ensure\] == :present\s+&&\s+(?:!{_SELF}|{_SELF}\.nil\?)\s*$"),
        "present",
    ),
)


def _with_need(parameters: tuple[Parameter, ...], text: str) -> Iterator[Parameter]:
    """Yield the parameters, with what the type's own `validate` needs of those without a default."""
    needed: Mapping[str, str] = {} if "title_patterns" in text else dict(_needs(text))
    defaulted = set(_DEFAULTED.findall(text)) if needed else set()
    for one in parameters:
        need, rule = needed.get(one.name), one.rule
        if need and rule and not rule.is_namevar and one.name not in defaulted:
            yield replace(one, rule=replace(rule, needed=need))
        else:
            yield one


_DEFAULTED: Final = re.compile(
    r"new(?:param|property)[ (]\s*:?['\"]?(\w+)(?:(?!new(?:param|property)\b)[^\0])*?^[ \t]*defaultto\b",
    re.MULTILINE,
)


def _needs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the attributes that the first statements of the type's `validate` block need."""
    members = _MEMBER.search(text)
    block = re.compile(
        r"^(?P<indent>[ \t]+)validate[ \t]+do[ \t]*\n(?P<body>(?:(?P=indent)[ \t]+[^\n]*\n|[ \t]*\n)*)",
        re.MULTILINE,
    ).search(text)
    if block is None or members is None:
        return
    indent = members[0][: len(members[0]) - len(members[0].lstrip(" \t\n"))].strip("\n")
    if block["indent"] != indent:
        return
    lines = [line for line in block["body"].splitlines() if line.strip()]
    depth = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    for line in lines:
        if re.match(r"\s*return\b", line):
            return
        if len(line) - len(line.lstrip()) != depth:
            continue
        for check, need in _CHECKS:
            found = check.search(line.strip())
            if found and line.strip().startswith(("raise", "fail", "self.fail")):
                yield from ((name, need) for name in found.groups() if name)


def _attributes(lines: Lines, start: int, end: int) -> Iterator[Parameter]:
    """Yield the attributes of a Resource API type: the keys indented like the first of them."""
    opening = _ATTRIBUTES.search(lines.text, start, end)
    if opening:
        key = re.compile(rf"^{opening['indent']}:?(\w+)(?::|\s*=>)\s*\{{", re.MULTILINE)
        found = key.finditer(lines.text, opening.start("indent"), end)
        yield from (Parameter(match[1], lines.at(match.start(1))) for match in found)
