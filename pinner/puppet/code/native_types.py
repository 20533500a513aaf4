"""Read native types from Ruby without running it: attributes, and what the type's own code requires of them.

Ruby is not parsed: in every module that was counted, each of these calls starts a line, has a literal name, and
the `end` of its block has the same indentation. What is not literal (values that are computed, a class of one's
own as `:parent`) is left out, so that the attribute accepts any value.

Rules: puppet/type.rb, puppet/parameter.rb and puppet/parameter/value_collection.rb. `isrequired` is read by nothing
in Puppet; what a type needs is in its `validate` block.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pinner.model.module_api import AttributeRule, Definition, DefinitionKind, Parameter
from pinner.puppet.lexer import Lines

_LITERAL: Final = r"[\s(]\s*(?::['\"]?|['\"])(?P<name>\w+(?:::\w+)*)"
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
_FAILS: Final = r"(?:raise|fail|self\.fail)\b"


def _kinds(block: str) -> tuple[str, ...]:
    """Return the Ruby classes of which `validate` requires one; none unless it starts with that check."""
    start = _VALIDATE.search(block)
    if start is None:
        return ()
    rest = start["rest"].rstrip()
    body = rest.removesuffix("}").rstrip() if rest else block[start.end() :]
    tests = _IS_A.format(re.escape(start["value"]))
    first = (
        rf"\s*{_FAILS}[^\n]*?\bunless\s+\(?{tests}\)?\s*(?:#[^\n]*)?$",
        rf"\s*unless\s+\(?{tests}\)?\s*(?:then)?\s*\n\s*{_FAILS}",
        rf"\s*(?:if\s+{tests}\s*\n\s*(?:return\s+)?true\s*\n\s*else\s*\n\s*{_FAILS})",
    )
    found = next((match for one in first if (match := re.compile(one, re.MULTILINE).match(body))), None)
    return tuple(_CLASS.findall(found["tests"])) if found else ()


_SELF: Final = r"self\[:(\w+)\]"
_CHECKS: Final = (
    (re.compile(rf"{_FAILS}.*\bunless\s+{_SELF}(?:\s+(?:and|&&)\s+{_SELF})?\s*$"), "always"),
    (re.compile(rf"{_FAILS}.*\bif\s+(?:!{_SELF}|{_SELF}\.nil\?)\s*$"), "always"),
    (
        re.compile(rf"{_FAILS}.*\bif\s+self\[:ensure\] == :present\s+&&\s+(?:!{_SELF}|{_SELF}\.nil\?)\s*$"),
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
