"""Read the definitions of a file or a module: which files count, manifests, create_resources."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto

from pinner.model.errors import InputError
from pinner.model.module_api import (
    BY_INFORMATION,
    Creation,
    Definition,
    DefinitionKind,
    Evidence,
    Parameter,
    Unreadable,
)
from pinner.puppet.code.deprecations import (
    Marks,
    read_marks,
    read_type_marks,
    removal_of,
    replacement_of,
)
from pinner.puppet.code.flows import read_flows, read_guards
from pinner.puppet.code.headers import Header, RawParameter, read_headers
from pinner.puppet.code.ruby import read_facts, read_functions, read_providers, read_types
from pinner.puppet.hiera.hierarchy import root_key
from pinner.puppet.language.nodes import Definition as DefinitionNode
from pinner.puppet.language.nodes import Syntax
from pinner.puppet.language.parser import parse_code
from pinner.puppet.lexer import Lexer, Lines

_CALL = re.compile(
    r"\bcreate_resources\s*+\(\s*+['\"]?(?:::)?(?P<type>[a-z]\w*+(?:::\w++)*)['\"]?\s*+,\s*+\$(?:::)?(?P<variable>\w++(?:::\w++)*)",
    re.ASCII,
)


def read_creations(body: str, owner: str) -> tuple[Creation, ...]:
    """Return the resources that the class `owner` creates from variables, each once; ignores comments."""
    if "create_resources" not in body:
        return ()
    lines_before = (
        (match, body[body.rfind("\n", 0, match.start()) + 1 : match.start()])
        for match in _CALL.finditer(body)
    )
    found = (match for match, before in lines_before if "#" not in before)
    return tuple(
        dict.fromkeys(
            Creation(match["variable"].removeprefix(f"{owner}::"), match["type"]) for match in found
        )
    )


_LOOKUP = re.compile(
    r"\b(?:lookup|hiera|hiera_array|hiera_hash|hiera_include)\s*+\(?\s*+(?:'([^'\n]++)'|\"([^\"$\n]++)\")",
    re.ASCII,
)


_NO_ADVICE: tuple[str | None, str | None] = (None, None)


def read_manifest(path: str, text: str) -> tuple[Definition, ...]:
    """Return the definitions of the manifest `text` in order; raises InputError if it cannot be read."""
    headers = read_headers(text)
    lines = Lines(text)
    marks = read_marks(lines, headers)
    ends = [*(header.start for header in headers), len(text)][1:]
    nodes = _nodes(text) if headers else {}
    found = zip(headers, marks, ends, strict=True)
    return tuple(
        _with_body(_definition(path, header, marked, lines, end), nodes.get(header.name))
        for header, marked, end in found
    )


def _with_body(one: Definition, node: DefinitionNode | None) -> Definition:
    """Return the definition with what its body hands on and checks."""
    if node is None:
        return one
    guards = read_guards(node)
    parameters = tuple(
        replace(
            parameter,
            checked=guards.types.get(parameter.name),
            refusals=guards.refusals.get(parameter.name, ()),
        )
        for parameter in one.parameters
    )
    return replace(one, parameters=parameters, flows=read_flows(node))


def _nodes(text: str) -> Mapping[str, DefinitionNode]:
    """Return the classes and defined types by name, none if Puppet would not accept the code today."""
    try:
        waiting: list[Syntax] = list(parse_code(text))
    except InputError:
        return {}
    found: dict[str, DefinitionNode] = {}
    while waiting:
        node = waiting.pop()
        if isinstance(node, DefinitionNode) and node.kind in {"class", "define"}:
            found[node.name] = node
            waiting += node.body
    return found


def _definition(path: str, header: Header, marks: Marks, lines: Lines, end: int) -> Definition:
    evidence = tuple(marks.whole)
    replacement, removal = _advice(evidence, header.name, "", ())
    names = {raw.name for raw in header.parameters}
    return Definition(
        kind=header.kind,
        name=header.name,
        path=path,
        line=lines.at(header.start),
        inherits=header.inherits,
        parameters=tuple(_parameter(raw, marks, lines, header.name, names) for raw in header.parameters),
        target=header.target,
        evidence=evidence,
        replacement=replacement,
        removal=removal,
        creates=read_creations(lines.text[header.body : end], header.name),
        lookups=tuple(
            dict.fromkeys(
                root_key(one or two) for one, two in _LOOKUP.findall(lines.text[header.start : end])
            )
        ),
    )


def _parameter(
    raw: RawParameter, marks: Marks, lines: Lines, owner: str, names: Collection[str]
) -> Parameter:
    line = lines.at(raw.start)
    evidence = tuple(marks.of.get(raw.name, ()))
    if not evidence:
        return Parameter(raw.name, line, raw.type, raw.default, is_rest=raw.is_rest)
    advice = _advice(evidence, raw.name, owner, names)
    return Parameter(raw.name, line, raw.type, raw.default, evidence, *advice, raw.is_rest)


def _advice(
    evidence: Sequence[Evidence], name: str, owner: str, names: Collection[str]
) -> tuple[str | None, str | None]:
    """Return the replacement and the time of removal, each from the most reliable mark that has one."""
    if not evidence:
        return _NO_ADVICE
    texts = [one.text for one in sorted(evidence, key=lambda one: BY_INFORMATION.index(one.mark))]
    replacements = (replacement_of(text, name, owner, names) for text in texts)
    removals = (removal_of(text) for text in texts)
    return next(filter(None, replacements), None), next(filter(None, removals), None)


class Role(Enum):
    """The role of a file in a module, by its path."""

    MANIFEST = auto()
    TYPE = auto()
    PROVIDER = auto()
    FUNCTION = auto()
    FACT = auto()
    EXTERNAL_FACT = auto()
    TASK = auto()
    DATA = auto()


_ROLES: tuple[tuple[re.Pattern[str], Role], ...] = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"(?:manifests|functions|types|plans)/.+\.pp", Role.MANIFEST),
        (r"lib/puppet/type/[^/]+\.rb", Role.TYPE),
        (r"lib/puppet/provider/.+/[^/]+\.rb", Role.PROVIDER),
        (r"lib/puppet/functions/.+\.rb", Role.FUNCTION),
        (r"lib/puppet/parser/functions/[^/]+\.rb", Role.FUNCTION),
        (r"lib/facter/[^/]+\.rb", Role.FACT),
        (r"facts\.d/[^/]+", Role.EXTERNAL_FACT),
        (r"tasks/[^/]+(?<!\.json)(?<!\.md)", Role.TASK),
        (r"(?:data/.+\.(?:ya?ml|json|eyaml)|hiera\.yaml)", Role.DATA),
    )
)


def role_of(path: str) -> Role | None:
    """Return the role of the file at `path` (inside the module, with `/`); None if not part of the API."""
    return next((role for pattern, role in _ROLES if pattern.fullmatch(path)), None)


_MOST_BYTES = 1_000_000
_RUBY_CODE = re.compile(r"^[ \t]*+[^#\s]", re.MULTILINE)
_RUBY: Mapping[Role, tuple[Callable[[str, str], tuple[Definition, ...]], str | None]] = {
    Role.TYPE: (read_types, "newtype"),
    Role.PROVIDER: (read_providers, None),
    Role.FUNCTION: (read_functions, "newfunction or create_function"),
    Role.FACT: (read_facts, None),
}
_NAMED = {
    Role.EXTERNAL_FACT: DefinitionKind.FACT,
    Role.TASK: DefinitionKind.TASK,
    Role.DATA: DefinitionKind.DATA,
}


def read_file(path: str, text: bytes) -> tuple[Definition, ...] | Unreadable:
    """Return the definitions in the file at `path` (inside its module), or why it cannot be read.

    A file that is not part of an API, or without code, has no definitions.
    """
    role = role_of(path)
    if role is None:
        return ()
    if role in _NAMED:
        name = path if role is Role.DATA else path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        return (Definition(_NAMED[role], name, path, 1),)
    if len(text) > _MOST_BYTES:
        return Unreadable(path, f"the file has {len(text)} bytes, more than the limit of {_MOST_BYTES}")
    if b"\0" in text:
        return Unreadable(path, "the file contains NUL bytes, so it is not text in UTF-8")
    code = text.decode("utf-8", "replace").removeprefix("\ufeff")
    return _read_manifest(path, code) if role is Role.MANIFEST else _read_ruby(path, code, role)


def _read_manifest(path: str, code: str) -> tuple[Definition, ...] | Unreadable:
    try:
        found = read_manifest(path, code)
        if found or Lexer(code).next().kind == "end":
            return found
    except InputError as error:
        return Unreadable(path, error.problems[0].message)
    return Unreadable(
        path, "the file contains code, but defines no class, defined type, function or type alias"
    )


def _read_ruby(path: str, code: str, role: Role) -> tuple[Definition, ...] | Unreadable:
    read, call = _RUBY[role]
    found = read(path, code)
    if role is Role.TYPE:
        found = tuple(map(_marked, found, read_type_marks(Lines(code), found)))
    if found or call is None or not _RUBY_CODE.search(code):
        return found
    return Unreadable(path, f"the file contains code, but no {call} with a literal name was found")


def _marked(type_: Definition, marks: Marks) -> Definition:
    """Return a native type with the evidence that it, or some of its attributes, are deprecated."""
    parameters = []
    for one in type_.parameters:
        evidence = tuple(marks.of.get(one.name, ()))
        replacement, removal = _advice(evidence, one.name, type_.name, marks.names)
        parameters.append(replace(one, evidence=evidence, replacement=replacement, removal=removal))
    whole = tuple(marks.whole)
    replacement, removal = _advice(whole, type_.name, type_.name, ())
    return replace(
        type_, parameters=tuple(parameters), evidence=whole, replacement=replacement, removal=removal
    )
