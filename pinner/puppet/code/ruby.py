"""What a module's Ruby files define, by name: native types and providers, functions of both APIs, facts.

Ruby is not parsed: these calls stand one a line, with a literal name, in every module that was counted.
"""

import re
from collections.abc import Iterator

from pinner.puppet.code.lines import Lines
from pinner.words.api import Definition, Kind, Parameter

_LINE = r"^[^#\n]*?\b"
_LITERAL = r"[\s(]\s*(?::['\"]?|['\"])(?P<name>\w+(?:::\w+)*)"
_TYPE = re.compile(
    rf"{_LINE}(?:newtype{_LITERAL}|register_type\(\s*(?:name:|:name\s*=>)\s*['\"](?P<registered>\w+))",
    re.MULTILINE,
)
_ATTRIBUTES = re.compile(r"\battributes(?::|['\"]?\s*=>)\s*\{[^\n]*\n(?P<indent>[ \t]*)")
_MEMBER = re.compile(
    rf"^[ \t]*(?:newparam|newproperty){_LITERAL}|^[ \t]*(?P<ensure>ensurable)\b"
    r"|\[(?P<words>[^\[\]\n]*)\]\.each\s*(?:do|\{)\s*\|(?P<variable>\w+)\|\s*(?:newparam|newproperty)\(\s*(?P=variable)\b",
    re.MULTILINE,
)
_FUNCTION = re.compile(rf"{_LINE}(?:newfunction|create_function){_LITERAL}", re.MULTILINE)
_PROVIDER = re.compile(
    rf"{_LINE}type{_LITERAL}['\"]?\)?\s*\.provide[\s(]\s*:?['\"]?(?P<provider>\w+)", re.MULTILINE
)
_FACT = re.compile(rf"{_LINE}Facter\.add{_LITERAL}", re.MULTILINE)
_WORD = re.compile(r"\w+")


def read_types(path: str, text: str) -> tuple[Definition, ...]:
    """Return the native types of a file in lib/puppet/type, with their parameters and properties."""
    lines = Lines(text)
    types = list(_TYPE.finditer(text))
    ends = [*(match.start() for match in types), len(text)][1:]
    return tuple(
        Definition(
            Kind.TYPE,
            match["name"] or match["registered"],
            path,
            lines.at(match.end()),
            parameters=tuple((_members if match["name"] else _attributes)(lines, match.end(), end)),
        )
        for match, end in zip(types, ends, strict=True)
    )


def read_providers(path: str, text: str) -> tuple[Definition, ...]:
    """Return the providers of a file in lib/puppet/provider, named `type/provider`."""
    lines = Lines(text)
    return tuple(
        Definition(Kind.PROVIDER, f"{match['name']}/{match['provider']}", path, lines.at(match.start("name")))
        for match in _PROVIDER.finditer(text)
    )


def read_functions(path: str, text: str) -> tuple[Definition, ...]:
    """Return the functions of a file in lib/puppet/functions or lib/puppet/parser/functions."""
    lines = Lines(text)
    return tuple(_named(Kind.FUNCTION, path, match, lines) for match in _FUNCTION.finditer(text))


def read_facts(path: str, text: str) -> tuple[Definition, ...]:
    """Return the facts that a file in lib/facter adds under literal names, each once."""
    lines = Lines(text)
    found: dict[str, Definition] = {}
    for match in _FACT.finditer(text):
        found.setdefault(match["name"], _named(Kind.FACT, path, match, lines))
    return tuple(found.values())


def _named(kind: Kind, path: str, match: re.Match[str], lines: Lines) -> Definition:
    return Definition(kind, match["name"], path, lines.at(match.start("name")))


def _members(lines: Lines, start: int, end: int) -> Iterator[Parameter]:
    for match in _MEMBER.finditer(lines.text, start, end):
        line = lines.at(match.end())
        if match["words"] is not None:
            yield from (Parameter(word, line) for word in _WORD.findall(match["words"]))
        else:
            yield Parameter(match["name"] or "ensure", line)


def _attributes(lines: Lines, start: int, end: int) -> Iterator[Parameter]:
    """Yield the attributes of a type of the Resource API: keys that are indented as the first of them is."""
    opening = _ATTRIBUTES.search(lines.text, start, end)
    if opening:
        key = re.compile(rf"^{opening['indent']}:?(\w+)(?::|\s*=>)\s*\{{", re.MULTILINE)
        found = key.finditer(lines.text, opening.start("indent"), end)
        yield from (Parameter(match[1], lines.at(match.start(1))) for match in found)
