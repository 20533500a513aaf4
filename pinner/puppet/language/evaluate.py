"""Evaluate the parts of Puppet code that need no catalog: literals, operators, conditions on facts, pure functions.

Values are Python's: str, int, float, bool, None for undef, tuple for arrays and dict for hashes. Nothing is
guessed: what depends on anything else raises NotConstant. Source: Puppet's language reference, "Expressions
and operators", "Conditional statements"; lib/puppet/pops/evaluator/{evaluator_impl,compare_operator}.rb.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pinner.puppet.language.nodes import (
    Access,
    Binary,
    Boolean,
    Call,
    Case,
    Conditional,
    Default,
    HashLiteral,
    Interpolation,
    List,
    Number,
    Regex,
    Selector,
    Syntax,
    Text,
    TypeName,
    Unary,
    Undef,
    Variable,
)

Value = object
"""A value of the Puppet language: str, int, float, bool, None, tuple, dict or Sensitive."""

_DEEPEST: Final = 200
_MOST_SHIFTED: Final = 62
_START_AND_LENGTH: Final = 2
_LONGEST: Final = 1_000_000
"""The most characters or elements of a computed value."""


class NotConstant(Exception):  # noqa: N818 -- an answer and not an error: the value depends on something else
    """The value depends on something unknown, which the message names."""


class CompilationFails(Exception):  # noqa: N818 -- an answer: the code calls fail() for these facts
    """The code calls `fail()`; the message is its text."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A value wrapped in `Sensitive`."""

    value: Value


@dataclass(slots=True)
class Scope:
    """What names mean: local variables, facts, and `resolve` for the variables of other classes.

    `resolve` is given a qualified name without a leading `::` and raises NotConstant for unknown ones. A
    variable that is assigned in a way that cannot be computed is in `unknown` with the reason.
    """

    facts: Mapping[str, Value] = field(default_factory=dict)
    variables: dict[str, Value] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    resolve: Callable[[str], Value] | None = None
    parent: "Scope | None" = None
    depth: int = 0

    def lookup(self, name: str) -> Value:
        """Return the value of a variable; raises NotConstant if it is not known."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.variables:
                return scope.variables[name]
            if name in scope.unknown:
                raise NotConstant(scope.unknown[name])
            scope = scope.parent
        if name == "facts":
            return self.facts
        if name in self.facts:
            return self.facts[name]
        if "::" in name and self.resolve is not None:
            return self.resolve(name)
        raise NotConstant(f"${name}")


def evaluate(node: Syntax, scope: Scope) -> Value:
    """Return the value of an expression.

    Raises NotConstant if it depends on anything unknown and CompilationFails if it calls `fail()`.
    """
    scope.depth += 1
    try:
        if scope.depth > _DEEPEST:
            raise NotConstant("an expression that is nested too deeply")
        return _evaluate(node, scope)
    finally:
        scope.depth -= 1


def _evaluate(node: Syntax, scope: Scope) -> Value:  # noqa: C901, PLR0911, PLR0912 -- a line per kind of node
    match node:
        case Text() | Number() | Boolean():
            return node.value
        case Undef():
            return None
        case Variable():
            return scope.lookup(node.name)
        case Interpolation():
            return _limited("".join(to_text(evaluate(part, scope)) for part in node.parts))
        case List():
            return _items(node.items, scope)
        case HashLiteral():
            return {_key(evaluate(key, scope)): evaluate(value, scope) for key, value in node.entries}
        case Access():
            return _access(node, scope)
        case Unary():
            value = evaluate(node.operand, scope)
            if node.operator == "!":
                return not is_true(value)
            if node.operator == "*":
                return value
            return -_number(value)
        case Binary():
            return _binary(node, scope)
        case Conditional():
            is_taken = is_true(evaluate(node.test, scope)) != node.is_unless
            return run(node.then if is_taken else node.otherwise, scope)
        case Case():
            return run(_option(node, scope), scope)
        case Selector():
            return _select(node, scope)
        case Call():
            return _call(node, scope)
    raise NotConstant(f"a {type(node).__name__.lower()}")


_WITH_VALUE: Final = (
    *(Text, Interpolation, Variable, Access, List, HashLiteral, Unary, Binary, Selector, Call),
)


def run(statements: Sequence[Syntax], scope: Scope) -> Value:
    """Execute the assignments of `statements` and return the value of the last one, None if it has none.

    Resources, includes and other statements without a value are passed over. Under a condition that is not
    known all variables that are assigned there become unknown. Raises CompilationFails where `fail()` is called.
    """
    last: Value = None
    for statement in statements:
        last = None
        try:
            last = evaluate(statement, scope)
        except NotConstant as reason:
            for name in _assigned((statement,)):
                scope.variables.pop(name, None)
                scope.unknown[name] = str(reason)
            is_assignment = isinstance(statement, Binary) and statement.operator == "="
            if statement is statements[-1] and isinstance(statement, _WITH_VALUE) and not is_assignment:
                raise
    return last


def _assigned(statements: Iterable[Syntax]) -> Iterable[str]:
    """Yield the names of all variables that the statements may assign, in nested blocks too."""
    for statement in statements:
        match statement:
            case Binary(operator="=", left=Variable(name=name)):
                yield name
            case Binary(operator="=", left=List(items=items)):
                yield from (item.name for item in items if isinstance(item, Variable))
            case Conditional():
                yield from _assigned((*statement.then, *statement.otherwise))
            case Case():
                yield from _assigned(one for option in statement.options for one in option.body)


def _items(nodes: Iterable[Syntax], scope: Scope) -> tuple[Value, ...]:
    """Return the values, with those of `*$array` in place of it."""
    found: list[Value] = []
    for node in nodes:
        value = evaluate(node, scope)
        found += (
            value
            if isinstance(node, Unary) and node.operator == "*" and isinstance(value, tuple)
            else (value,)
        )
    return tuple(found)


def _key(value: Value) -> Value:
    if isinstance(value, dict):
        raise NotConstant("a hash as the key of a hash")
    return value


def _limited(value: Value) -> Value:
    if isinstance(value, str | tuple | dict) and len(value) > _LONGEST:
        raise NotConstant("a very long value")
    return value


def to_text(value: Value) -> str:
    """Return a value as Puppet interpolates it into a string."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{', '.join(to_text(one) for one in value)}]"
        case dict():
            return f"{{{', '.join(f'{to_text(key)} => {to_text(one)}' for key, one in value.items())}}}"
        case Sensitive():
            return "Sensitive [value redacted]"
    return str(value)


def is_true(value: Value) -> bool:
    """Return whether Puppet takes a value for true: everything but `false` and `undef`."""
    return value is not False and value is not None


# Operators


def _access(node: Access, scope: Scope) -> Value:
    base = evaluate(node.base, scope)
    keys = _items(node.keys, scope)
    if isinstance(base, Mapping) and len(keys) == 1:
        if keys[0] in base:
            return base[keys[0]]
        if base is scope.facts or _is_fact(node, scope):
            raise NotConstant(f"the fact {keys[0]}")
        return None
    positions = [key for key in keys if type(key) is int]
    if isinstance(base, tuple | str) and len(positions) == len(keys) <= _START_AND_LENGTH:
        return _slice(base, *positions)
    raise NotConstant("an element of something else than a hash or an array")


def _is_fact(node: Access, scope: Scope) -> bool:
    base: Syntax = node
    while isinstance(base, Access):
        base = base.base
    return isinstance(base, Variable) and (base.name == "facts" or base.name in scope.facts)


def _slice(base: "tuple[Value, ...] | str", start: int, count: int | None = None) -> Value:
    position = start + len(base) if start < 0 else start
    if count is None:
        return base[position] if 0 <= position < len(base) else ("" if isinstance(base, str) else None)
    end = position + count if count >= 0 else len(base) + count + 1
    return base[max(position, 0) : max(end, 0)]


def _number(value: Value) -> int | float:
    """Return a number, also of a string that Puppet would convert in arithmetic."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value or "e" in value.lower() else int(value)
    raise NotConstant("arithmetic with something else than numbers")


_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30}(?:[eE]-?\d{1,3})?)?")


def _binary(node: Binary, scope: Scope) -> Value:
    if node.operator == "=":
        return _assign(node, scope)
    left = evaluate(node.left, scope)
    if node.operator in {"and", "or"}:
        return is_true(left if is_true(left) == (node.operator == "or") else evaluate(node.right, scope))
    if node.operator in {"=~", "!~"}:
        return matches(left, node.right, scope) == (node.operator == "=~")
    return _limited(_operation(node.operator, left, evaluate(node.right, scope)))


def _operation(symbol: str, left: Value, right: Value) -> Value:
    if symbol in {"==", "!="}:
        return is_equal(left, right) == (symbol == "==")
    if symbol == "in":
        if isinstance(right, str):
            return isinstance(left, str) and left.lower() in right.lower()
        if isinstance(right, tuple | dict):
            return any(is_equal(left, one) for one in right)
        return False
    if symbol in _ORDERS:
        return _ORDERS[symbol](*_comparable(left, right))
    return _arithmetic(symbol, left, right)


def _assign(node: Binary, scope: Scope) -> Value:
    value = evaluate(node.right, scope)
    if isinstance(node.left, Variable):
        scope.variables[node.left.name] = value
        scope.unknown.pop(node.left.name, None)
        return value
    if isinstance(node.left, List) and isinstance(value, tuple) and len(value) == len(node.left.items):
        for target, one in zip(node.left.items, value, strict=True):
            if isinstance(target, Variable):
                scope.variables[target.name] = one
        return value
    raise NotConstant("an assignment to several variables")


def is_equal(left: Value, right: Value) -> bool:
    """Return whether two values are equal in Puppet: strings without regard to case, booleans only to booleans."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_equal(value, right[key]) for key, value in left.items())
    return isinstance(left, bool) == isinstance(right, bool) and left == right


_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _comparable(left: Value, right: Value) -> tuple[object, object]:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower(), right.lower()
    numbers = (left, right)
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        return numbers
    raise NotConstant("a comparison of values that have no order")


def matches(value: Value, pattern: Syntax, scope: Scope) -> bool:
    """Return whether a value matches a pattern of `=~`, `case` or a selector."""
    if isinstance(pattern, Regex):
        if not isinstance(value, str):
            return False
        return _python_regex(pattern.source).search(value) is not None
    if isinstance(pattern, TypeName):
        if pattern.name not in _TYPES:
            raise NotConstant(f"a match with the data type {pattern.name}")
        return _TYPES[pattern.name](value)
    if isinstance(pattern, Access):
        raise NotConstant("a match with a data type")
    expected = evaluate(pattern, scope)
    if isinstance(expected, str) and isinstance(value, str):
        return _python_regex(expected).search(value) is not None
    raise NotConstant("a match with something else than a regular expression")


def _python_regex(source: str) -> "re.Pattern[str]":
    """Return a regular expression that means the same in Python; raises NotConstant for others."""
    if len(source) > _LONGEST_REGEX or _ONLY_RUBY.search(source):
        raise NotConstant("a regular expression that only Ruby can match")
    try:
        return re.compile(source.replace("\\z", "\\Z"), re.MULTILINE)
    except re.error as error:
        raise NotConstant("a regular expression that only Ruby can match") from error


_LONGEST_REGEX: Final = 300
_ONLY_RUBY: Final = re.compile(r"\\[hHRXGKpPZ]|\[\[:|\(\?[^:=!]|[*+?}][+*]|&&|\)[*+{]")
"""Constructs that differ between Ruby and Python, and repeated groups, which can take very long."""

_TYPES: Final[Mapping[str, Callable[[Value], bool]]] = {
    "Any": lambda _: True,
    "String": lambda value: isinstance(value, str),
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Float": lambda value: isinstance(value, float),
    "Numeric": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "Boolean": lambda value: isinstance(value, bool),
    "Undef": lambda value: value is None,
    "NotUndef": lambda value: value is not None,
    "Array": lambda value: isinstance(value, tuple),
    "Hash": lambda value: isinstance(value, dict),
    "Collection": lambda value: isinstance(value, tuple | dict),
    "Sensitive": lambda value: isinstance(value, Sensitive),
    "Scalar": lambda value: isinstance(value, str | int | float | bool),
}


def _arithmetic(symbol: str, left: Value, right: Value) -> Value:
    if isinstance(left, tuple) and symbol in {"+", "<<"}:
        return left + (right if isinstance(right, tuple) and symbol == "+" else (right,))
    if isinstance(left, dict) and isinstance(right, dict) and symbol == "+":
        return left | right
    if isinstance(left, tuple) and symbol == "-":
        removed = right if isinstance(right, tuple) else (right,)
        return tuple(one for one in left if one not in removed)
    one, other = _number(left), _number(right)
    if symbol in {"/", "%"} and not other:
        raise NotConstant("a division by zero")
    if (
        symbol in {"<<", ">>"}
        and isinstance(one, int)
        and isinstance(other, int)
        and 0 <= other <= _MOST_SHIFTED
    ):
        return one << other if symbol == "<<" else one >> other
    if symbol in _ARITHMETIC:
        return _ARITHMETIC[symbol](one, other)
    if symbol == "/":
        return one // other if isinstance(one, int) and isinstance(other, int) else one / other
    raise NotConstant(f"the operator {symbol}")


_ARITHMETIC: Final[Mapping[str, Callable[[int | float, int | float], int | float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "%": operator.mod,
}


# Conditions


def _option(node: Case, scope: Scope) -> Sequence[Syntax]:
    subject = evaluate(node.subject, scope)
    otherwise: Sequence[Syntax] = ()
    for option in node.options:
        for value in option.values:
            if isinstance(value, Default):
                otherwise = option.body
            elif fits_option(subject, value, scope):
                return option.body
    return otherwise


def _select(node: Selector, scope: Scope) -> Value:
    subject = evaluate(node.subject, scope)
    otherwise: Syntax | None = None
    for key, value in node.entries:
        if isinstance(key, Default):
            otherwise = value
        elif fits_option(subject, key, scope):
            return evaluate(value, scope)
    if otherwise is None:
        raise CompilationFails(f"no entry of the selector matches {to_text(subject)!r}")
    return evaluate(otherwise, scope)


def fits_option(subject: Value, option: Syntax, scope: Scope) -> bool:
    """Return whether an option of `case` or an entry of a selector fits: equal, matched, or an instance."""
    if isinstance(option, Regex | TypeName):
        return matches(subject, option, scope)
    if isinstance(option, Access) and isinstance(option.base, TypeName):
        raise NotConstant("a match with a data type")
    if isinstance(option, Unary) and option.operator == "*":
        values = evaluate(option.operand, scope)
        return isinstance(values, tuple) and any(is_equal(subject, one) for one in values)
    return is_equal(subject, evaluate(option, scope))


# Functions


def _call(node: Call, scope: Scope) -> Value:
    if isinstance(node.callee, TypeName):
        return _convert(node.callee.name, _items(node.arguments, scope))
    if node.name == "fail":
        raise CompilationFails(" ".join(to_text(one) for one in _items(node.arguments, scope)))
    if node.name in _WITHOUT_VALUE:
        return None
    if node.block is not None or node.name not in _FUNCTIONS:
        raise NotConstant(f"the function {node.name}()")
    try:
        return _limited(_FUNCTIONS[node.name](*_items(node.arguments, scope)))
    except (TypeError, ValueError, AttributeError) as error:
        raise NotConstant(f"the function {node.name}() with these arguments") from error


_WITHOUT_VALUE: Final = frozenset(
    (
        *("include", "require", "contain", "realize", "tag", "notice", "info", "debug", "warning", "err"),
        *("alert", "crit", "emerg", "error", "create_resources", "ensure_packages", "ensure_resource"),
        *("ensure_resources", "validate_legacy", "assert_private", "deprecation"),
    )
)


def _convert(name: str, arguments: Sequence[Value]) -> Value:
    if name == "Sensitive" and len(arguments) == 1:
        return arguments[0] if isinstance(arguments[0], Sensitive) else Sensitive(arguments[0])
    if name == "String" and len(arguments) == 1 and isinstance(arguments[0], str | int | bool):
        return to_text(arguments[0])
    if name in {"Integer", "Numeric"} and len(arguments) == 1:
        number = _number(arguments[0])
        return int(number) if name == "Integer" else number
    if name == "Boolean" and len(arguments) == 1 and isinstance(arguments[0], bool):
        return arguments[0]
    raise NotConstant(f"a conversion to {name}")


def _pick(*values: Value) -> Value:
    """Return the first value that is neither undef nor empty (stdlib)."""
    found = [one for one in values if one is not None and one not in ("", "undef")]
    if not found:
        raise CompilationFails("pick(): must receive at least one non empty value")
    return found[0]


def _pick_default(*values: Value) -> Value:
    found = [one for one in values if one is not None and one != ""]
    return found[0] if found else values[-1]


def _join(values: Value, separator: Value = "") -> str:
    if not isinstance(values, tuple):
        raise TypeError("not an array")
    return to_text(separator).join(to_text(one) for one in flatten(values))


def flatten(values: Iterable[Value]) -> tuple[Value, ...]:
    """Return the elements of nested arrays as one array."""
    found: list[Value] = []
    for one in values:
        found += flatten(one) if isinstance(one, tuple) else (one,)
    return tuple(found)


def _merge(*hashes: Value) -> dict[Value, Value]:
    found: dict[Value, Value] = {}
    for one in hashes:
        if not isinstance(one, dict):
            raise TypeError("not a hash")
        found |= one
    return found


def _versioncmp(one: Value, other: Value) -> int:
    """Return -1, 0 or 1, as Puppet::Util::Package.versioncmp."""
    parts = [_VERSION_PART.findall(to_text(text)) for text in (one, other)]
    for left, right in zip(*parts, strict=False):
        if left == right:
            continue
        for special in ("-", "."):
            if special in {left, right}:
                return -1 if left == special else 1
        if left.isdigit() and right.isdigit() and not (left[0] == "0" or right[0] == "0"):
            if int(left) != int(right):
                return -1 if int(left) < int(right) else 1
            continue
        if left.upper() != right.upper():
            return -1 if left.upper() < right.upper() else 1
    left_text, right_text = to_text(one), to_text(other)
    return (left_text > right_text) - (left_text < right_text)


_VERSION_PART: Final = re.compile(r"[-.]|\d+|[^-.\d]+")


def _text_function(change: Callable[[str], str]) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(apply(one) for one in value)
        if not isinstance(value, str):
            raise TypeError("not a string")
        return change(value)

    return apply


def _empty(value: Value) -> bool:
    if value is None:
        return True
    if not isinstance(value, str | tuple | dict):
        raise TypeError("neither a string nor an array nor a hash")
    return not value


def _unique(values: Value) -> Value:
    if not isinstance(values, tuple):
        raise TypeError("not an array")
    found: list[Value] = []
    for one in values:
        if not any(one is known or (type(one) is type(known) and one == known) for known in found):
            found.append(one)
    return tuple(found)


def _any2array(*values: Value) -> tuple[Value, ...]:
    if len(values) != 1:
        return values
    if isinstance(values[0], dict):
        return tuple(part for pair in values[0].items() for part in pair)
    return values[0] if isinstance(values[0], tuple) else () if values[0] in {None, ""} else values


def _size(value: Value) -> int:
    if not isinstance(value, str | tuple | dict):
        raise TypeError("it has no size")
    return len(value)


_FUNCTIONS: Final[Mapping[str, Callable[..., Value]]] = {
    "pick": _pick,
    "pick_default": _pick_default,
    "join": _join,
    "flatten": lambda values: flatten(values if isinstance(values, tuple) else (values,)),
    "merge": _merge,
    "versioncmp": _versioncmp,
    "downcase": _text_function(str.lower),
    "upcase": _text_function(str.upper),
    "capitalize": _text_function(str.capitalize),
    "strip": _text_function(str.strip),
    "empty": _empty,
    "unique": _unique,
    "any2array": _any2array,
    "size": _size,
    "length": _size,
    "concat": lambda first, *others: (*first, *flatten(others)),
    "delete_undef_values": lambda value: (
        {key: one for key, one in value.items() if one is not None}
        if isinstance(value, dict)
        else tuple(one for one in value if one is not None)
    ),
    "any2bool": lambda value: value if isinstance(value, bool) else _to_bool(value),
    "str2bool": lambda value: value if isinstance(value, bool) else _to_bool(value),
    "bool2str": lambda value, yes="true", no="false": yes if _as_bool(value) else no,
    "is_service_default": lambda value: value == "<SERVICE DEFAULT>",
    "os_service_default": lambda: "<SERVICE DEFAULT>",
    "unwrap": lambda value: value.value if isinstance(value, Sensitive) else value,
}


def _to_bool(value: Value) -> bool:
    """Return what stdlib's str2bool makes of a text."""
    words = {"1": True, "t": True, "y": True, "true": True, "yes": True}
    words |= {"": False, "0": False, "f": False, "n": False, "false": False, "no": False}
    if not isinstance(value, str) or value.lower() not in words:
        raise ValueError("neither true nor false")
    return words[value.lower()]


def _as_bool(value: Value) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def decide(test: Syntax, scope: Scope) -> bool | None:
    """Return whether a condition is true, None if that depends on what is not known."""
    match test:
        case Unary(operator="!"):
            inner = decide(test.operand, scope)
            return None if inner is None else not inner
        case Binary(operator="and" | "or"):
            sides = decide(test.left, scope), decide(test.right, scope)
            decisive = test.operator == "or"
            if decisive in sides:
                return decisive
            return None if None in sides else not decisive
    try:
        return is_true(evaluate(test, scope))
    except (NotConstant, CompilationFails, RecursionError):
        return None
