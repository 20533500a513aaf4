"""Read what code checks by itself: validate_legacy(), validate_*(), assert_type() and fail() under a condition.

Such calls were the types of parameters before the modules had data types.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pinner.model.module_api import Refusal
from pinner.puppet.language.nodes import (
    Access,
    Binary,
    Boolean,
    Call,
    Case,
    Conditional,
    Default,
    Definition,
    List,
    Number,
    Regex,
    Syntax,
    Text,
    TypeName,
    Unary,
    Undef,
    Variable,
)

_TYPES: Final = {
    "validate_string": "String",
    "validate_bool": "Boolean",
    "validate_array": "Array",
    "validate_hash": "Hash",
    "validate_integer": "Variant[Integer, Pattern[/\\A-?\\d+\\z/], Array]",
    "validate_numeric": "Variant[Numeric, Pattern[/\\A-?\\d+(\\.\\d+)?\\z/], Array]",
    "validate_absolute_path": "Variant[Pattern[/\\A\\//, /\\A[A-Za-z]:[\\\\\\/]/, /\\A[\\\\\\/]{2}/], Array]",
}
_DEEPEST: Final = 20
_LONGEST: Final = 500
_MOST: Final = 50


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
    for statement in statements if depth <= _DEEPEST else ():
        if isinstance(statement, Call) and (
            statement.name == "fail"
            or statement.name in {"validate_legacy", "assert_type", "validate_re", *_TYPES}
        ):
            yield statement, tests
        for branch, more in _branches(statement):
            try:
                inner = (*tests, *map(_source, more()))
            except _NoSource:
                continue
            yield from _calls(branch, inner, depth + 1)


def _branches(statement: Syntax) -> Iterator[tuple[tuple[Syntax, ...], "_Tests"]]:
    if isinstance(statement, Conditional):
        test, negated = statement.test, Unary(statement.at, "!", statement.test)
        first, second = (negated, test) if statement.is_unless else (test, negated)
        yield statement.then, _Tests((first,))
        yield statement.otherwise, _Tests((second,))
    elif isinstance(statement, Case):
        earlier: list[Syntax] = []
        for option in statement.options:
            own = [
                _match(statement.subject, value) for value in option.values if not isinstance(value, Default)
            ]
            if len(own) == 1:
                yield option.body, _Tests((*earlier, own[0]))
            elif not own:
                every = [
                    _match(statement.subject, value)
                    for other in statement.options
                    for value in other.values
                    if not isinstance(value, Default)
                ]
                yield option.body, _Tests(tuple(Unary(one.at, "!", one) for one in every))
            earlier += [Unary(one.at, "!", one) for one in own]


@dataclass(frozen=True, slots=True)
class _Tests:
    tests: tuple[Syntax, ...]

    def __call__(self) -> tuple[Syntax, ...]:
        return self.tests


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
        case name if name in _TYPES:
            return [_TYPES[name]], arguments
    raise _NoSource


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
