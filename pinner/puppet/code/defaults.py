"""Compute the effective default of each parameter per platform; compare defaults and types of both sides.

A value from the module's own Hiera data precedes the default in the class header, which may be a variable of
a params class, chosen by facts. Rule: Puppet's reference, "Classes: automatic parameter lookup".

Differences without a meaning: blanks and comments, quotes, a leading `::`, a comma before a closing bracket,
quoted numbers, and a fact read as `$::x`, `$x` or `$facts['x']`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from functools import lru_cache, partial
from typing import Final

from pinner.model.errors import InputError
from pinner.model.module_api import Definition, DefinitionKind, EffectiveDefault, ModuleApi, Parameter
from pinner.puppet.data_types import Argument, RegexRef, TypeRef, Unbounded, parse_type
from pinner.puppet.hiera.hierarchy import ModuleData
from pinner.puppet.language.evaluate import (
    CompilationFails,
    NotConstant,
    Scope,
    Sensitive,
    Value,
    evaluate,
    run,
)
from pinner.puppet.language.nodes import Definition as DefinitionNode
from pinner.puppet.language.nodes import Syntax, Variable, walk
from pinner.puppet.language.parser import parse_code, parse_expression
from pinner.puppet.lexer import Lexer
from pinner.puppet.platforms import Platform, name_systems

_FACT = re.compile(r"\$facts \[ '(\w+)' \](?! \[)")
_STRUCTURED = {
    "$facts [ 'os' ] [ 'family' ]": "$osfamily",
    "$facts [ 'os' ] [ 'name' ]": "$operatingsystem",
    "$facts [ 'os' ] [ 'release' ] [ 'full' ]": "$operatingsystemrelease",
    "$facts [ 'os' ] [ 'release' ] [ 'major' ]": "$operatingsystemmajrelease",
    "$facts [ 'networking' ] [ 'fqdn' ]": "$fqdn",
    "$facts [ 'networking' ] [ 'hostname' ]": "$hostname",
    "$facts [ 'networking' ] [ 'domain' ]": "$domain",
    "$facts [ 'networking' ] [ 'ip' ]": "$ipaddress",
    "$facts [ 'processors' ] [ 'count' ]": "$processorcount",
}
_PLAIN = re.compile(r"[^\\$'\"]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_KEYWORDS = frozenset({"true", "false", "undef", "default", "and", "or", "in"})
_INTERPOLATED = re.compile(r"\$\{(?:::)?(\w+(?:::\w+)*)\}|\$(?:::)?(\w+(?:::\w+)*)")


@lru_cache(maxsize=8192)
def normal(text: str | None) -> str | None:
    """Return the normal form of a default or type, or the text itself if it cannot be split into tokens."""
    if text is None:
        return None
    try:
        words = " ".join(_without_last_commas(_words(text)))
    except InputError:
        return text
    for structured, legacy in _STRUCTURED.items():
        words = words.replace(structured, legacy)
    return _FACT.sub(r"$\1", words)


def _words(text: str) -> Iterator[str]:
    lexer = Lexer(text)
    token, following = lexer.next(), lexer.next()
    while token.kind != "end":
        word = lexer.of(token)
        if token.kind == "variable":
            yield f"${word.removeprefix('$').removeprefix('::')}"
        elif token.kind == "string":
            yield _string(word)
        elif token.kind == "word" and word not in _KEYWORDS and lexer.of(following) not in {"(", "."}:
            yield f"'{word.removeprefix('::')}'"
        else:
            yield word.removeprefix("::")
        token, following = following, lexer.next()
    yield from (text[start:end] for _, start, end in lexer.heredocs)


def _string(quoted: str) -> str:
    inside = quoted[1:-1]
    if _NUMBER.fullmatch(inside):
        return inside
    if _PLAIN.fullmatch(inside):
        return f"'{inside.removeprefix('::')}'"
    if quoted.startswith('"'):
        return _INTERPOLATED.sub(lambda match: f"${{{match[1] or match[2]}}}", quoted)
    return quoted


def _without_last_commas(words: Iterator[str]) -> Iterator[str]:
    """Remove commas directly before a closing bracket."""
    held = None
    for word in words:
        if held and word not in {"]", "}", ")"}:
            yield held
        held = word if word == "," else None
        if not held:
            yield word
    if held:
        yield held


_MOST_PAIRS = 10_000
_ANYTHING = frozenset({"any", "data", "richdata"})
_WIDER = {
    "integer": frozenset({"numeric", "scalar", "scalardata"}),
    "float": frozenset({"numeric", "scalar", "scalardata"}),
    "numeric": frozenset({"scalar", "scalardata"}),
    "boolean": frozenset({"scalar", "scalardata"}),
    "string": frozenset({"scalar", "scalardata"}),
    "enum": frozenset({"string", "scalar", "scalardata"}),
    "pattern": frozenset({"string", "scalar", "scalardata"}),
    "array": frozenset({"collection"}),
    "tuple": frozenset({"collection", "array"}),
    "hash": frozenset({"collection"}),
    "struct": frozenset({"collection", "hash"}),
}


class Width(StrEnum):
    """How a new type compares to an old one."""

    SAME = "same"
    NARROWED = "narrowed"
    WIDENED = "widened"
    UNCLEAR = "unclear"


def width(old: str, new: str) -> Width:
    """Return how the type `new` compares to `old`.

    UNCLEAR if neither accepts all values of the other, or if that cannot be determined.
    """
    if normal(old) == normal(new):
        return Width.SAME
    before, after = parse_type(old), parse_type(new)
    if before is None or after is None:
        return Width.UNCLEAR
    budget = [_MOST_PAIRS]
    takes_more, takes_less = _takes(after, before, budget), _takes(before, after, budget)
    if takes_more and takes_less:
        return Width.SAME
    return Width.WIDENED if takes_more else Width.NARROWED if takes_less else Width.UNCLEAR


def _takes(wide: Argument, narrow: Argument, budget: list[int]) -> bool:
    """Return True if `wide` certainly accepts every value of `narrow`."""
    budget[0] -= 1
    if wide == narrow:
        return True
    if budget[0] < 0 or not isinstance(wide, TypeRef) or not isinstance(narrow, TypeRef):
        return False
    if narrow.key in {"variant", "optional"}:
        return all(_takes(wide, part, budget) for part in _parts(narrow))
    if wide.key in {"variant", "optional"}:
        return any(_takes(part, narrow, budget) for part in _parts(wide))
    return wide.key in _ANYTHING or _takes_plain(wide, narrow, budget)


def _parts(one: TypeRef) -> tuple[Argument, ...]:
    parts = one.arguments or ()
    if one.key == "variant":
        return parts
    words = tuple(TypeRef("Enum", (part,)) if isinstance(part, str) else part for part in parts)
    return (*(words or (TypeRef("Any"),)), TypeRef("Undef"))


def _takes_plain(wide: TypeRef, narrow: TypeRef, budget: list[int]) -> bool:
    if wide.key != narrow.key:
        return wide.arguments is None and wide.key in _WIDER.get(narrow.key, ())
    if wide.arguments is None or narrow.arguments is None:
        return wide.arguments is None
    if wide.key in {"enum", "pattern"}:
        return set(map(_shown, narrow.arguments)) <= set(map(_shown, wide.arguments))
    if wide.key in {"integer", "float", "string"}:
        return _range_takes(_limits(wide.arguments), _limits(narrow.arguments))
    # An Array, Hash or similar: its arguments and its sizes are each at least as wide.
    sides = (wide.arguments, narrow.arguments)
    sizes = [tuple(one for one in some if isinstance(one, int | float | Unbounded)) for some in sides]
    inner = [tuple(one for one in some if isinstance(one, TypeRef)) for some in sides]
    is_complete = all(len(inner[i]) + len(sizes[i]) == len(sides[i]) for i in (0, 1))
    if not is_complete or len(inner[0]) != len(inner[1]):
        return False
    pairs = zip(inner[0], inner[1], strict=True)
    return _range_takes(_limits(sizes[0]), _limits(sizes[1])) and all(_takes(*pair, budget) for pair in pairs)


def _shown(argument: Argument) -> str:
    return argument.source if isinstance(argument, RegexRef) else str(argument)


def _limits(arguments: tuple[Argument, ...]) -> tuple[float, float]:
    limits = [float("-inf"), float("inf")]
    for place, argument in enumerate(arguments[:2]):
        if isinstance(argument, int | float) and not isinstance(argument, bool):
            limits[place] = argument
    return limits[0], limits[1]


def _range_takes(wide: tuple[float, float], narrow: tuple[float, float]) -> bool:
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]


_MOST_CHAINED: Final = 10
_SAME_EVERYWHERE: Final = {"os_service_default": "<SERVICE DEFAULT>"}
_LONGEST: Final = 2000
"""The most characters of a computed default that is kept; a longer one counts as not computed."""


@dataclass(frozen=True, slots=True)
class ModuleSources:
    """What decides on the defaults of a module: the text of its params classes by path, and its own data."""

    texts: Mapping[str, str] = field(default_factory=dict)
    data: ModuleData | None = None


def needed_paths(api: ModuleApi) -> tuple[str, ...]:
    """Return the paths of the classes whose variables the defaults use: parents, and those named in defaults."""
    paths = {one.name: one.path for one in api.definitions if one.kind is DefinitionKind.CLASS}
    named = {
        name
        for one in api.definitions
        if one.kind in {DefinitionKind.CLASS, DefinitionKind.DEFINE}
        for name in (one.inherits, *_classes_in_defaults(one))
        if name
    }
    return tuple(sorted({paths[name] for name in named if name in paths}))


def _classes_in_defaults(one: Definition) -> Iterable[str]:
    for parameter in one.parameters:
        for piece in (parameter.default or "").split("$")[1:] if "::" in (parameter.default or "") else ():
            name = piece.removeprefix("{").removeprefix("::")
            word = name[: next((i for i, c in enumerate(name) if not (c.isalnum() or c in "_:")), len(name))]
            yield word.rpartition("::")[0]


def with_effective_defaults(
    api: ModuleApi, sources: ModuleSources, platforms: Sequence[Platform]
) -> ModuleApi:
    """Return the API with the effective default of each parameter that differs from the one in its header."""
    reader = _Defaults(api, sources, tuple(platforms))
    return replace(api, definitions=tuple(map(reader.complete, api.definitions)))


class _Defaults:
    """Computes the defaults of one module."""

    def __init__(self, api: ModuleApi, sources: ModuleSources, platforms: tuple[Platform, ...]) -> None:
        self.classes = {one.name: one for one in api.definitions if one.kind is DefinitionKind.CLASS}
        self.sources = sources
        self.platforms = platforms
        self.keys = sources.data.keys if sources.data else frozenset()
        self.is_partly_unknown = bool(sources.data and sources.data.hierarchy.elsewhere)
        self._bodies: dict[str, DefinitionNode | None] = {}
        self._scopes: dict[tuple[Platform, str], Scope] = {}

    def complete(self, one: Definition) -> Definition:
        if one.kind not in {DefinitionKind.CLASS, DefinitionKind.DEFINE}:
            return one
        parameters = tuple(self._parameter(one, parameter) for parameter in one.parameters)
        return one if parameters == one.parameters else replace(one, parameters=parameters)

    def _parameter(self, owner: Definition, parameter: Parameter) -> Parameter:
        is_in_data = self._is_in_data(owner, parameter)
        if not is_in_data and (
            "$" not in (parameter.default or "") or normal(parameter.default) == "$os_service_default"
        ):
            return parameter
        by_value: dict[tuple[str | None, str, str], list[Platform]] = {}
        for platform in self.platforms:
            found = self._of_platform(owner, parameter, platform, is_in_data=is_in_data)
            by_value.setdefault(found, []).append(platform)
        if all(unknown for _, _, unknown in by_value) and not is_in_data:
            return parameter
        effective = tuple(
            EffectiveDefault(value, tuple(map(str, some)), source, unknown)
            for (value, source, unknown), some in by_value.items()
        )
        return replace(parameter, effective=effective)

    def _is_in_data(self, owner: Definition, parameter: Parameter) -> bool:
        key = f"{owner.name}::{parameter.name}"
        return owner.kind is DefinitionKind.CLASS and (key in self.keys or self.is_partly_unknown)

    def _of_platform(
        self, owner: Definition, parameter: Parameter, platform: Platform, *, is_in_data: bool
    ) -> tuple[str | None, str, str]:
        """Return the default as a literal, where it is from, and why it is not known."""
        try:
            value, source = self._value(owner, parameter, platform, is_in_data=is_in_data)
        except NotConstant as reason:
            return None, "", f"it depends on {reason}"
        except CompilationFails as failure:
            return None, "", f"not supported: {failure}"
        if value is _MISSING:
            return None, "", ""
        try:
            text = literal(value)
        except NotConstant as reason:
            return None, "", f"it is {reason}"
        return (text, source, "") if len(text) <= _LONGEST else (None, "", "it is very long")

    def _value(
        self, owner: Definition, parameter: Parameter, platform: Platform, *, is_in_data: bool
    ) -> tuple[Value, str]:
        if is_in_data and self.sources.data:
            found = self.sources.data.lookup(f"{owner.name}::{parameter.name}", platform.facts)
            # A key without a value leaves the default; without a default the value is undef.
            if found is not None and (found.value is not None or parameter.default is None):
                return found.value, f"{found.path}:{found.line}"
        if parameter.default is None:
            return _MISSING, ""
        expression = _parsed(parameter.default)
        scope = Scope(platform.facts, resolve=partial(self._variable_of, owner, platform))
        scope.parent = self._scope(platform, owner.inherits, 0) if owner.inherits else None
        scope.unknown = {one.name: f"the parameter {one.name}" for one in owner.parameters}
        self._add_earlier(scope, expression, owner, parameter, platform)
        return evaluate(expression, scope), self._source(expression, owner)

    def _add_earlier(
        self, scope: Scope, expression: Syntax, owner: Definition, parameter: Parameter, platform: Platform
    ) -> None:
        """Add the defaults of the parameters before `parameter` that its default uses; later ones have no value yet."""
        names = _variables(expression)
        for earlier in owner.parameters[: owner.parameters.index(parameter)] if names else ():
            if earlier.name in names:
                try:
                    is_in_data = self._is_in_data(owner, earlier)
                    value, _ = self._value(owner, earlier, platform, is_in_data=is_in_data)
                except NotConstant as reason:
                    scope.unknown[earlier.name] = str(reason)
                else:
                    if value is not _MISSING:
                        scope.variables[earlier.name] = value

    def _source(self, expression: Syntax, owner: Definition) -> str:
        """Return the file and line of the class whose variable is the default, "" for another expression."""
        if not isinstance(expression, Variable):
            return ""
        holder = expression.name.rpartition("::")[0] or owner.inherits
        found = self.classes.get(holder or "")
        return found.path if found else ""

    def _variable_of(self, owner: Definition, platform: Platform, name: str) -> Value:
        """Return a variable of another class for a default.

        The variables of a parent are there before a class; those of any other class only if something else has
        declared that class before. A defined type is used from classes of its module, which have.
        """
        holder = name.rpartition("::")[0]
        if owner.kind is DefinitionKind.CLASS and holder not in self._ancestors(owner):
            raise NotConstant(f"${name}, of a class that {owner.name} does not inherit")
        return self._variable(platform, 0, name)

    def _ancestors(self, owner: Definition) -> set[str]:
        found: set[str] = set()
        parent = owner.inherits
        while parent and parent not in found:
            found.add(parent)
            parent = self.classes[parent].inherits if parent in self.classes else None
        return found

    def _variable(self, platform: Platform, depth: int, name: str) -> Value:
        """Return the value of a qualified variable of a class of this module."""
        holder, _, variable = name.rpartition("::")
        scope = self._scope(platform, holder, depth)
        if scope is None:
            raise NotConstant(f"${name}")
        return scope.lookup(variable)

    def _scope(self, platform: Platform, name: str, depth: int) -> Scope | None:
        """Return the variables of a class, None if it is not of this module or cannot be read."""
        key = (platform, name)
        if key not in self._scopes:
            if name not in self._bodies:
                known = self.classes.get(name)
                text = self.sources.texts.get(known.path) if known else None
                self._bodies[name] = _find_class(text, name) if text is not None else None
            body = self._bodies[name]
            if body is None:
                return None
            if depth > _MOST_CHAINED:
                raise NotConstant("classes that refer to each other")
            scope = Scope(platform.facts, resolve=partial(self._variable, platform, depth + 1))
            if body.inherits:
                scope.parent = self._scope(platform, body.inherits, depth + 1)
            self._add_parameters(scope, name, platform)
            run(body.body, scope)
            self._scopes[key] = scope
        return self._scopes[key]

    def _add_parameters(self, scope: Scope, name: str, platform: Platform) -> None:
        for parameter in self.classes[name].parameters:
            key = f"{name}::{parameter.name}"
            try:
                found = self.sources.data.lookup(key, platform.facts) if self.sources.data else None
                if found is not None and found.value is not None:
                    scope.variables[parameter.name] = found.value
                elif parameter.default is not None:
                    scope.variables[parameter.name] = evaluate(_parsed(parameter.default), scope)
                else:
                    scope.unknown[parameter.name] = f"${key}"
            except NotConstant as reason:
                scope.unknown[parameter.name] = str(reason)


_MISSING: Final = object()


def _find_class(text: str, name: str) -> DefinitionNode | None:
    try:
        statements = parse_code(text)
    except InputError:
        return None
    waiting: list[Syntax] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, DefinitionNode) and node.kind == "class":
            if node.name == name:
                return node
            waiting += node.body
    return None


def _variables(expression: Syntax) -> frozenset[str]:
    return frozenset(node.name for node in walk(expression) if isinstance(node, Variable))


def _parsed(text: str) -> Syntax:
    try:
        return parse_expression(text)
    except InputError as error:
        raise NotConstant("code that cannot be read") from error


def constant(default: str | None) -> str | None:
    """Return a default that is the same on every machine as a literal, None for any other."""
    if default is None:
        return None
    try:
        return literal(evaluate(_parsed(default), Scope(_SAME_EVERYWHERE)))
    except (NotConstant, CompilationFails):
        return None


def literal(value: Value) -> str:  # noqa: PLR0911 -- a line per kind of value
    """Return a value as Puppet code; raises NotConstant for what has no literal."""
    render: Callable[[Value], str] = literal
    match value:
        case None:
            return "undef"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        case tuple():
            return f"[{', '.join(map(render, value))}]"
        case Mapping():
            entries = (f"{render(key)} => {render(one)}" for key, one in value.items())
            return f"{{ {', '.join(entries)} }}" if value else "{}"
        case Sensitive():
            return f"Sensitive({render(value.value)})"
    raise NotConstant(f"a {type(value).__name__}")


_EVERYWHERE = ""
_OF_A_CLASS: Final = re.compile(r"\$\{?(?:::)?[a-z]\w*::")
NOT_KNOWN = "its value is not known"
"""How the hint of a change begins whose values could not be computed: the source texts differ."""


class DefaultOutcome(Enum):
    """What happened to a default."""

    SAME = "same"
    CHANGED = "changed"
    NOW_REQUIRED = "now required"
    NOW_OPTIONAL = "now optional"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DefaultChange:
    """The outcome, both defaults as shown, and where it applies or what is not known."""

    outcome: DefaultOutcome
    old: str | None = None
    new: str | None = None
    hint: str | None = None


def compare_defaults(old: Parameter, new: Parameter) -> DefaultChange:
    """Return how the default changed: by value on each platform, by text where a value is not known."""
    before, after = _by_platform(old), _by_platform(new)
    platforms = sorted({*before, *after} - {_EVERYWHERE}) or [_EVERYWHERE]
    pairs = {name: (_of(before, name), _of(after, name)) for name in platforms}
    pairs = {
        name: pair
        for name, pair in pairs.items()
        if not any(one.unknown.startswith(UNSUPPORTED) for one in pair)
    }
    unknown = next((one.unknown for pair in pairs.values() for one in pair if one.unknown), None)
    if unknown or not pairs:
        # Compare the source texts, because a value is not known.
        is_elsewhere = any(_OF_A_CLASS.search(one.default or "") for one in (old, new))
        reason = "it depends on another class" if is_elsewhere else unknown
        hint = (
            f"{NOT_KNOWN}: {reason}" if unknown and (old.effective or new.effective or is_elsewhere) else None
        )
        if normal(old.default) == normal(new.default):
            return DefaultChange(DefaultOutcome.SAME)
        if new.default is None and not new.effective:
            return DefaultChange(DefaultOutcome.NOW_REQUIRED, old.default, None)
        if old.default is None and not old.effective:
            return DefaultChange(DefaultOutcome.NOW_OPTIONAL, None, new.default, hint)
        outcome = DefaultOutcome.UNKNOWN if None in {old.default, new.default} else DefaultOutcome.CHANGED
        return DefaultChange(outcome, old.default, new.default, hint)
    changed = [name for name, (one, other) in pairs.items() if normal(one.value) != normal(other.value)]
    if not changed:
        return DefaultChange(DefaultOutcome.SAME)
    lost = [name for name in changed if pairs[name][1].value is None]
    won = [name for name in changed if pairs[name][0].value is None]
    outcome = DefaultOutcome.CHANGED
    if lost:
        outcome, changed = DefaultOutcome.NOW_REQUIRED, lost
    elif len(won) == len(changed):
        outcome = DefaultOutcome.NOW_OPTIONAL
    # Where the default changed and the file that it is from: "on Debian, from manifests/params.pp". The only platform is named.
    where = platforms[0] if len(platforms) == 1 else name_systems(changed, platforms)
    sources = _sources(new.effective) or _sources(old.effective)
    parts = [f"on {where}"] if where else []
    parts += [f"from {' and '.join(sources)}"] if sources else []
    return DefaultChange(outcome, shown_default(old), shown_default(new), ", ".join(parts) or None)


def shown_default(parameter: Parameter) -> str | None:
    """Return the default as shown to people: its value, by platform if it differs, else its source text."""
    known = [one for one in parameter.effective if not one.unknown]
    if not known or len(known) < len(
        [one for one in parameter.effective if not one.unknown.startswith(UNSUPPORTED)]
    ):
        return parameter.default
    if len({one.value for one in known}) == 1:
        return known[0].value
    every = [name for one in known for name in one.platforms]
    return ", ".join(f"{one.value or 'none'} on {name_systems(one.platforms, every)}" for one in known)


def _by_platform(parameter: Parameter) -> Mapping[str, EffectiveDefault]:
    if parameter.effective:
        return {name: one for one in parameter.effective for name in one.platforms}
    value = constant(parameter.default)
    is_unknown = value is None and parameter.default is not None
    return {_EVERYWHERE: EffectiveDefault(value, unknown="it is computed" if is_unknown else "")}


def _of(sides: Mapping[str, EffectiveDefault], name: str) -> EffectiveDefault:
    """Return the default on a platform; one that only the other side has counts as not supported."""
    return sides.get(name) or sides.get(_EVERYWHERE) or EffectiveDefault(None, unknown=UNSUPPORTED)


UNSUPPORTED = "not supported"


def _sources(effective: Iterable[EffectiveDefault]) -> list[str]:
    return list(dict.fromkeys(one.source for one in effective if one.source))
