"""Follow the values of parameters through the code of a definition: where they go, and what the code requires of them.

A value goes to settings, other classes and other parameters. It is followed only while nothing changes it, or while
the same expression changes it on both sides of a comparison: a place is named with the expression around the value.
What is not understood is a use of its own kind, so that it never equals a place.

The code itself checks values with validate_legacy(), validate_*(), assert_type() and fail() under a condition. Such
calls were the types of parameters before the modules had data types.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Final

from pinner.model.module_api import Flow, Needs, Refusal
from pinner.puppet.language.nodes import (
    Access,
    Attribute,
    Binary,
    Boolean,
    Call,
    Case,
    Conditional,
    Default,
    Definition,
    Interpolation,
    List,
    Number,
    Regex,
    Resource,
    Selector,
    Syntax,
    Text,
    TypeName,
    Unary,
    Undef,
    Variable,
)

_VALUE: Final = "%"
_LONGEST_SHAPE: Final = 60
_MOST_FLOWS: Final = 5_000
_DEEPEST: Final = 30
"""The most nested blocks that are followed; what is nested more deeply counts as another use."""
_MESSAGES: Final = frozenset({"warning", "notice", "info", "debug", "err", "fail", "deprecation"})
_STRICTER: Final = {"pick": Needs.FILLED, "pick_default": Needs.FILLED}
_SERVICE_DEFAULT: Final = "os_service_default"


@dataclass(frozen=True, slots=True)
class _Part:
    """A parameter's value inside an expression; `shape` is the expression with `%` for the value."""

    source: str
    shape: str = _VALUE
    needs: Needs = Needs.NOTHING


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parameters in a value: one of them at a time, the first that is set, if `is_choice`."""

    parts: tuple[_Part, ...] = ()
    is_choice: bool = True

    @property
    def only(self) -> str | None:
        """Return the parameter whose unchanged value this is, None if it is anything else."""
        one = self.parts[0] if len(self.parts) == 1 and self.is_choice else None
        return one.source if one and one.shape == _VALUE else None


@dataclass(frozen=True, slots=True)
class _Presence:
    """A test that is true if `source` is set (or, not `is_positive`, if it is not)."""

    source: str
    needs: Needs
    is_positive: bool


@dataclass(slots=True)
class _Branch:
    """The conditions around a statement: `set` maps parameters to whether they are known to be set here."""

    variables: dict[str, _Parts] = field(default_factory=dict)
    known: Mapping[str, bool] = field(default_factory=dict)
    needs: Mapping[str, Needs] = field(default_factory=dict)
    prefix: str = ""


def read_flows(node: Definition) -> tuple[Flow, ...]:
    """Return what a class or defined type hands on, each flow once, in the order of the code."""
    reader = _Reader(node)
    with suppress(RecursionError):  # code that is nested too deeply; the flows found so far are valid
        reader.read()
    return tuple(reader.found)[:_MOST_FLOWS]


class _Reader:
    """Walks through one body; `places` collects which parameter is written where, and on which branch."""

    def __init__(self, node: Definition) -> None:
        self.node = node
        self.own = {parameter.name for parameter in node.parameters}
        self.found: dict[Flow, None] = {}
        self.places: dict[str, list[tuple[str, Mapping[str, bool], Needs]]] = {}
        self.depth = 0

    def read(self) -> None:
        branch = _Branch()
        for parameter in self.node.parameters:
            if isinstance(parameter.default, Variable | Call):
                for part in self._parts(parameter.default, branch).parts:
                    if part.shape == _VALUE and "::" in part.source:
                        self._add(part.source, f"${parameter.name}", part.needs)
                        self._add(part.source, f"default[{self.node.name}]/{parameter.name}", part.needs)
        self._walk(self.node.body, branch)
        for written in self.places.values():
            # Of two parameters that are written to one place, one is written if it is set, the other one if not.
            for source, known, needs in written:
                for other, elsewhere, _ in written:
                    if other != source and known.get(source) is True and elsewhere.get(source) is False:
                        self._add(source, f"${other}", needs)

    def _add(self, source: str, target: str, needs: Needs = Needs.NOTHING) -> None:
        if target != f"${source}":
            self.found.setdefault(Flow(source, target, needs))

    # Statements

    def _walk(self, statements: Iterable[Syntax], branch: _Branch) -> None:
        self.depth += 1
        for statement in statements:
            match statement:
                case _ if self.depth > _DEEPEST:
                    self._use(statement, branch)
                case Binary(operator="=", left=Variable(name=name)):
                    branch.variables[name] = self._parts(statement.right, branch)
                    self._record_choice(branch.variables[name])
                case Conditional():
                    self._conditional(statement, branch)
                case Case():
                    self._walk(_as_conditionals(statement), branch)
                case Resource():
                    self._resource(statement, branch)
                case Call() if statement.name in _MESSAGES:
                    pass
                case Binary(operator="->" | "~>" | "<-" | "<~"):
                    self._walk((statement.left, statement.right), branch)
                case _:
                    self._use(statement, branch)
        self.depth -= 1

    def _use(self, node: Syntax, branch: _Branch, word: str = "") -> None:
        """Record a use that is not a place."""
        for part in self._mixed(node, branch).parts:
            self._add(part.source, f"?{word}{_short(branch.prefix + part.shape)}")

    def _record_choice(self, value: _Parts) -> None:
        if value.is_choice:
            for one in value.parts:
                for other in value.parts:
                    if one.source != other.source and one.shape == other.shape:
                        self._add(one.source, f"${other.source}", one.needs)

    def _conditional(self, node: Conditional, branch: _Branch) -> None:
        if _only_messages((*node.then, *node.otherwise)):
            return
        test = self._presence(node.test, branch)
        if test is not None and node.is_unless:
            test = replace(test, is_positive=not test.is_positive)
        before = len(self.found)
        then, otherwise = (self._enter(node, branch, test, is_then=one) for one in (True, False))
        self._walk(node.then, then)
        self._walk(node.otherwise, otherwise)
        changed = {
            name
            for name in {*then.variables, *otherwise.variables}
            if then.variables.get(name) != branch.variables.get(name)
            or otherwise.variables.get(name) != branch.variables.get(name)
        }
        for name in changed:
            sides = then.variables.get(name), otherwise.variables.get(name)
            branch.variables[name] = _join(test, *sides, _short(_shape(node.test)))
            self._record_choice(branch.variables[name])
        fresh = {flow.source for flow in list(self.found)[before:]}
        fresh |= {part.source for name in changed for part in branch.variables[name].parts}
        if test is None or test.source not in fresh:
            self._use(node.test, branch, _short(_shape((*node.then, *node.otherwise))))

    def _enter(self, node: Conditional, branch: _Branch, test: _Presence | None, *, is_then: bool) -> _Branch:
        variables = dict(branch.variables)
        if test is None:
            word = f"{'if' if is_then != node.is_unless else 'else'}:{_short(_shape(node.test))}:"
            return _Branch(variables, branch.known, branch.needs, branch.prefix + word)
        is_set = is_then == test.is_positive
        needs = {**branch.needs, test.source: test.needs} if is_set else branch.needs
        return _Branch(variables, {**branch.known, test.source: is_set}, needs, branch.prefix)

    def _presence(self, node: Syntax, branch: _Branch) -> _Presence | None:
        """Return what a test means if it only tests whether one parameter is set."""
        if isinstance(node, Unary) and node.operator == "!":
            inner = self._presence(node.operand, branch)
            return inner and replace(inner, is_positive=not inner.is_positive)
        if isinstance(node, Call) and len(node.arguments) == 1:
            return self._presence_by_call(node, branch)
        if isinstance(node, Binary) and node.operator in {"==", "!="} and isinstance(node.right, Undef):
            source = self._parts(node.left, branch).only
            return _Presence(source, Needs.GIVEN, node.operator == "!=") if source else None
        if isinstance(node, Binary) and node.operator in {"==", "!="} and _is_service_default(node.right):
            source = self._parts(node.left, branch).only
            return _Presence(source, Needs.GIVEN, node.operator == "!=") if source else None
        if isinstance(node, Variable):
            source = self._parts(node, branch).only
            return _Presence(source, Needs.TRUE, is_positive=True) if source else None
        return None

    def _presence_by_call(self, node: Call, branch: _Branch) -> _Presence | None:
        source = self._parts(node.arguments[0], branch).only
        if node.name == "getvar":
            source = self._parts(node, branch).only
            return _Presence(source, Needs.TRUE, is_positive=True) if source else None
        if source and node.name in {"is_service_default", "empty"}:
            needs = Needs.GIVEN if node.name == "is_service_default" else Needs.FILLED
            return _Presence(source, needs, is_positive=False)
        return None

    def _resource(self, node: Resource, branch: _Branch) -> None:
        type_ = node.type.value if isinstance(node.type, Text) else _short(_shape(node.type))
        for body in node.bodies:
            self._use(body.title, branch, "title")
            titles = body.title.items if isinstance(body.title, List) else (body.title,)
            for title in titles:
                name = title.value if isinstance(title, Text) else _short(_shape(title))
                for attribute in body.attributes:
                    self._attribute(type_.removeprefix("::"), name, attribute, branch)

    def _attribute(self, type_: str, title: str, attribute: Attribute, branch: _Branch) -> None:
        value = self._parts(attribute.value, branch)
        self._record_choice(value)
        for part in value.parts:
            needs = branch.needs.get(part.source, part.needs)
            place = f"{branch.prefix}{type_}[{title}]/{attribute.name}"
            if part.shape != _VALUE:
                place += f"|{_short(part.shape)}"
            elif type_ == "class" and not branch.prefix and value.only:
                self._add(part.source, f"${title.removeprefix('::')}::{attribute.name}", needs)
            self._add(part.source, place, needs)
            self.places.setdefault(place, []).append((part.source, branch.known, needs))

    # Expressions

    def _parts(self, node: Syntax, branch: _Branch) -> _Parts:  # noqa: PLR0911 -- a line per kind of node
        match node:
            case Variable():
                return self._variable(node.name, branch)
            case Call(arguments=(Text(value=name),)) if node.name == "getvar":
                return self._variable(name.removeprefix("::"), branch)
            case Call() if node.name in _STRICTER and not node.is_method:
                values = [self._parts(argument, branch) for argument in node.arguments]
                if not all(value.is_choice for value in values):
                    return self._mixed(node, branch)
                parts: list[_Part] = []
                for value in values:
                    parts += (
                        replace(part, needs=Needs.FILLED) if value is not values[-1] else part
                        for part in value.parts
                    )
                return _Parts(tuple(parts))
            case Selector():
                return self._selector(node, branch)
            case Interpolation(parts=(only,)):
                return self._parts(only, branch)
            case List(items=()):
                return _Parts()
        return self._mixed(node, branch)

    def _variable(self, name: str, branch: _Branch) -> _Parts:
        own_prefix = f"{self.node.name}::"
        name = name.removeprefix(own_prefix) if name.count("::") == own_prefix.count("::") else name
        if name in branch.variables:
            return branch.variables[name]
        is_of_class = "::" in name and "::params::" not in f"::{name}"
        return _Parts((_Part(name),)) if name in self.own or is_of_class else _Parts()

    def _selector(self, node: Selector, branch: _Branch) -> _Parts:
        """Read `$old ? { undef => $new, default => $old }`."""
        source = self._parts(node.subject, branch).only
        otherwise = [value for key, value in node.entries if isinstance(key, Default)]
        absent = [value for key, value in node.entries if isinstance(key, Undef) or _is_service_default(key)]
        is_plain = len(otherwise) == 1 and len(absent) + 1 == len(node.entries)
        if source and is_plain and self._parts(otherwise[0], branch).only == source:
            rest = [self._parts(value, branch) for value in absent]
            if all(one.is_choice for one in rest):
                parts = (part for one in rest for part in one.parts if part.source != source)
                return _Parts((_Part(source, needs=Needs.GIVEN), *parts))
        return self._mixed(node, branch)

    def _mixed(self, node: Syntax, branch: _Branch) -> _Parts:
        """Return the parameters in any expression; if it has one variable, a choice remains one."""
        names = [name for name in _variables(node) if self._variable(name, branch).parts]
        if not names:
            return _Parts()
        is_choice = len(set(names)) == 1 and self._variable(names[0], branch).is_choice
        parts = tuple(
            _Part(part.source, _short(_shape(node, name, part.shape)), part.needs)
            for name in dict.fromkeys(names)
            for part in self._variable(name, branch).parts
        )
        return _Parts(parts, is_choice)


def _join(test: _Presence | None, then: _Parts | None, otherwise: _Parts | None, word: str) -> _Parts:
    """Return the value of a variable that is assigned under a condition."""
    if then == otherwise and then is not None:
        return then
    if test is not None:
        present, absent = (then, otherwise) if test.is_positive else (otherwise, then)
        rest = absent or _Parts()
        if (
            present
            and present.is_choice
            and rest.is_choice
            and present.parts
            and present.parts[0] == _Part(test.source, needs=present.parts[0].needs)
        ):
            first = replace(present.parts[0], needs=test.needs)
            return _Parts((first, *(part for part in rest.parts if part.source != test.source)))
    sides = ((f"if:{word}:", then or _Parts()), (f"else:{word}:", otherwise or _Parts()))
    parts = tuple(
        replace(part, shape=_short(prefix + part.shape)) for prefix, side in sides for part in side.parts
    )
    return _Parts(parts, is_choice=False)


def _as_conditionals(node: Case) -> tuple[Syntax, ...]:
    """Return a `case` as `if` and `else`."""
    last: tuple[Syntax, ...] = next(
        (option.body for option in node.options if any(isinstance(one, Default) for one in option.values)), ()
    )
    for option in reversed(node.options):
        for value in option.values:
            if not isinstance(value, Default):
                test = Binary(node.at, "==", node.subject, value)
                last = (Conditional(node.at, test, option.body, last),)
    return last


def _only_messages(statements: Sequence[Syntax]) -> bool:
    """Return whether statements only log or fail, under any condition."""
    return bool(statements) and all(
        (isinstance(one, Call) and one.name in _MESSAGES)
        or (isinstance(one, Conditional) and _only_messages((*one.then, *one.otherwise)))
        for one in statements
    )


def _is_service_default(node: Syntax) -> bool:
    match node:
        case Variable(name=name):
            return name == _SERVICE_DEFAULT
        case Access(base=Variable(name="facts"), keys=(Text(value=name),)):
            return name == _SERVICE_DEFAULT
    return False


def _children(node: Syntax) -> Iterator[object]:
    return (getattr(node, one.name) for one in fields(node) if one.name not in {"at", "is_bare"})


def _variables(node: object) -> Iterator[str]:
    """Yield the names of all variables in a tree; `getvar('x')` is one too."""
    match node:
        case Variable():
            yield node.name
        case Call(arguments=(Text(value=name),)) if node.name == "getvar":
            yield name.removeprefix("::")
        case tuple():
            for one in node:
                yield from _variables(one)
        case Syntax():
            for child in _children(node):
                if isinstance(child, tuple | Syntax):
                    yield from _variables(child)


def _shape(node: object, name: str = "", inner: str = "") -> str:
    """Return a tree as text that is equal for equal code, whatever its layout."""
    match node:
        case Variable():
            return inner if node.name == name else f"${node.name}"
        case Text() | TypeName():
            return repr(node.value if isinstance(node, Text) else node.name)
        case tuple():
            return f"({','.join(_shape(one, name, inner) for one in node)})"
        case Call():
            called = node.name or _shape(node.callee, name, inner)
            block = _shape(node.block, name, inner) if node.block else ""
            return f"{called}{_shape(node.arguments, name, inner)}{block}"
        case Syntax():
            parts = (_shape(child, name, inner) for child in _children(node))
            return f"{type(node).__name__}({','.join(parts)})"
    return repr(node)


def _short(text: str) -> str:
    if len(text) <= _LONGEST_SHAPE:
        return text
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


_TYPES: Final = {
    "validate_string": "String",
    "validate_bool": "Boolean",
    "validate_array": "Array",
    "validate_hash": "Hash",
    "validate_integer": "Variant[Integer, Pattern[/\\A-?\\d+\\z/], Array]",
    "validate_numeric": "Variant[Numeric, Pattern[/\\A-?\\d+(\\.\\d+)?\\z/], Array]",
    "validate_absolute_path": "Variant[Pattern[/\\A\\//, /\\A[A-Za-z]:[\\\\\\/]/, /\\A[\\\\\\/]{2}/], Array]",
}
_DEEPEST_CHECK: Final = 20
_LONGEST: Final = 500
_MOST: Final = 50
_MOST_TESTS: Final = _LONGEST // len("(($x==1))")
"""More tests than this around a check make a condition that is too long to be kept."""


@dataclass(frozen=True, slots=True)
class Guards:
    """The types that calls require of parameters, and the conditions under which compilation fails."""

    types: Mapping[str, str]
    refusals: Mapping[str, tuple[Refusal, ...]]


class _NoSource(Exception):  # noqa: N818 -- an answer: the expression is not one of those that are written out
    """The expression has no simple source text."""


def read_guards(node: Definition) -> Guards:
    """Return the checks of a class or defined type by parameter."""
    own = {parameter.name for parameter in node.parameters}
    types: dict[str, str] = {}
    refusals: dict[str, list[Refusal]] = {}
    for call, tests in _calls(node.body, ()):
        if call.name == "fail":
            condition = " and ".join(f"({test})" for test in tests)
            text = call.arguments[0].value if call.arguments and isinstance(call.arguments[0], Text) else ""
            pieces = [piece for test in tests for piece in test.split("$")[1:]]
            ends = [
                next((i for i, c in enumerate(piece) if not (c.isalnum() or c in "_:")), len(piece))
                for piece in pieces
            ]
            for name in own & {piece[:end] for piece, end in zip(pieces, ends, strict=True)}:
                if len(condition) <= _LONGEST and len(refusals.setdefault(name, [])) < _MOST:
                    refusals[name].append(Refusal(condition, text[:_LONGEST]))
        else:
            for name, type_ in _required(call, own, tests):
                types.setdefault(name, type_)
    return Guards(types, {name: tuple(some) for name, some in refusals.items()})


def _calls(
    statements: Iterable[Syntax], tests: tuple[str, ...], depth: int = 0
) -> Iterator[tuple[Call, tuple[str, ...]]]:
    """Yield the checking calls with the conditions around them; those under an unreadable condition are left out."""
    for statement in statements if depth <= _DEEPEST_CHECK else ():
        if isinstance(statement, Call) and (
            statement.name == "fail"
            or statement.name
            in {"validate_legacy", "assert_type", "validate_re", "validate_slength", *_TYPES}
        ):
            yield statement, tests
        for branch, more in _branches(statement):
            # Most blocks have no check that needs their conditions.
            if found := list(_calls(branch, (), depth + 1)):
                with suppress(_NoSource):
                    around = (*tests, *map(_source, more))
                    yield from ((call, (*around, *inner)) for call, inner in found)


def _branches(statement: Syntax) -> Iterator[tuple[tuple[Syntax, ...], tuple[Syntax, ...]]]:
    """Yield the blocks of a conditional statement, each with the tests that are true in it."""
    if isinstance(statement, Conditional):
        test, negated = statement.test, Unary(statement.at, "!", statement.test)
        first, second = (negated, test) if statement.is_unless else (test, negated)
        yield statement.then, (first,)
        yield statement.otherwise, (second,)
    elif isinstance(statement, Case):
        tests = [
            [_match(statement.subject, value) for value in option.values if not isinstance(value, Default)]
            for option in statement.options
        ]
        refused: tuple[Syntax, ...] = tuple(Unary(one.at, "!", one) for own in tests for one in own)
        earlier = 0
        for option, own in zip(statement.options, tests, strict=True):
            if len(own) == 1 and earlier < _MOST_TESTS:
                yield option.body, (*refused[:earlier], own[0])
            elif not own and len(refused) <= _MOST_TESTS:
                yield option.body, refused
            earlier += len(own)


def _match(subject: Syntax, value: Syntax) -> Binary:
    is_pattern = isinstance(value, Regex | TypeName | Access)
    return Binary(value.at, "=~" if is_pattern else "==", subject, value)


def _required(call: Call, own: set[str], tests: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield parameter and type for a call that always runs, or runs if the parameter is set."""
    try:
        types, variables = _types_of(call)
    except _NoSource:
        return
    for variable in variables:
        if isinstance(variable, Variable) and variable.name in own:
            plain, set_ = f"${variable.name}", f"(${variable.name} != undef)"
            if all(test in {plain, set_, set_.strip("()")} for test in tests):
                found = [*types, "Boolean[false]"] if plain in tests else types
                yield variable.name, found[0] if len(found) == 1 else f"Variant[{', '.join(found)}]"


def _types_of(call: Call) -> tuple[list[str], tuple[Syntax, ...]]:
    """Return the types of which a value must match one, and the arguments that are checked."""
    arguments = call.arguments
    match call.name:
        case "assert_type" if len(arguments) > 1:
            return [_source(arguments[0])], arguments[1:2]
        case "validate_legacy" if len(arguments) > 2:  # noqa: PLR2004 - a type, a function and a value
            function = arguments[1].value if isinstance(arguments[1], Text) else ""
            if function == "validate_re":
                old = _pattern(arguments[3:])
            elif function in _TYPES:
                old = _TYPES[function]
            else:
                raise _NoSource
            new = _source(arguments[0])
            return [new] if new == old else [new, old], arguments[2:3]
        case "validate_re" if len(arguments) > 1:
            return [_pattern(arguments[1:])], arguments[:1]
        case "validate_integer" | "validate_slength" if 1 < len(arguments) <= 3:  # noqa: PLR2004 - value, most, least
            return [_limited(call.name, arguments[1:])], arguments[:1]
        case name if name in _TYPES:
            return [_TYPES[name]], arguments
    raise _NoSource


def _limited(name: str, limits: tuple[Syntax, ...]) -> str:
    """Return the type of validate_integer() and validate_slength() with a maximum and perhaps a minimum."""
    numbers = [str(one.value) for one in limits if isinstance(one, Number) and isinstance(one.value, int)]
    if len(numbers) != len(limits):
        raise _NoSource
    least = numbers[1] if len(numbers) > 1 else "default" if name == "validate_integer" else "0"
    if name == "validate_integer":
        return f"Variant[Integer[{least}, {numbers[0]}], Pattern[/\\A-?\\d+\\z/], Array]"
    return f"Variant[String[{least}, {numbers[0]}], Array]"


def _pattern(arguments: tuple[Syntax, ...]) -> str:
    """Return the type of texts that match one of the regular expressions of validate_re()."""
    if not arguments:
        raise _NoSource
    items = arguments[0].items if isinstance(arguments[0], List) else arguments[:1]
    texts = [one.value if isinstance(one, Text) else "/" for one in items]
    if not texts or any("/" in text or not text for text in texts):
        raise _NoSource
    return f"Pattern[{', '.join(f'/{text}/' for text in texts)}]"


def _source(node: Syntax) -> str:  # noqa: C901, PLR0911, PLR0912 -- a line per kind of node
    """Return an expression as Puppet code; raises _NoSource for kinds that checks do not need."""
    match node:
        case Variable():
            return f"${node.name}"
        case Text():
            escaped = node.value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        case Number():
            return str(node.value)
        case Boolean():
            return "true" if node.value else "false"
        case Undef():
            return "undef"
        case Default():
            return "default"
        case Regex():
            return f"/{node.source}/"
        case TypeName():
            return node.name
        case List():
            return f"[{', '.join(map(_source, node.items))}]"
        case Access():
            return f"{_source(node.base)}[{', '.join(map(_source, node.keys))}]"
        case Unary(operator="!" | "-"):
            return f"{node.operator}({_source(node.operand)})"
        case Binary(operator="and" | "or"):
            return f"({_source(node.left)}) {node.operator} ({_source(node.right)})"
        case Binary(operator="==" | "!=" | "=~" | "!~" | "in" | "<" | ">" | "<=" | ">="):
            return f"({_source(node.left)} {node.operator} {_source(node.right)})"
        case Call() if node.name and node.block is None:
            return f"{node.name}({', '.join(map(_source, node.arguments))})"
    raise _NoSource
