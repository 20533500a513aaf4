"""Evaluate the parts of Puppet code that need no catalog: literals, operators, conditions on facts, pure functions.

Values are Python's: str, int, float, bool, None for undef, tuple for arrays and dict for hashes. Nothing is
guessed: what depends on anything else raises NotConstant. Source: Puppet's language reference, "Expressions
and operators", "Conditional statements"; lib/puppet/pops/evaluator/{evaluator_impl,compare_operator}.rb.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason
from pinner.model.operator_data import Value as DataValue
from pinner.puppet.data_types import Argument, Fields, Fit, RegexRef, TypeRef, Unbounded, fit, from_bool
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
from pinner.puppet.ruby.regex import finds

Value = object
"""A value of the Puppet language: str, int, float, bool, None, tuple, dict or Sensitive."""

_DEEPEST: Final = 200
_MOST_SHIFTED: Final = 64
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
            return _hash((evaluate(key, scope), evaluate(value, scope)) for key, value in node.entries)
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
        found += _unfolded(value) if isinstance(node, Unary) and node.operator == "*" else (value,)
    return tuple(found)


def _unfolded(value: Value) -> tuple[Value, ...]:
    """Return what `*value` stands for: the elements of an array, the pairs of a hash, nothing for undef."""
    if isinstance(value, dict):
        return tuple(value.items())
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _hash(entries: Iterable[tuple[Value, Value]]) -> dict[Value, Value]:
    """Return a hash; raises NotConstant for keys that Python cannot keep apart as Puppet does (1, 1.0 and true)."""
    found: dict[Value, Value] = {}
    kinds: set[type] = set()
    for key, value in entries:
        if not isinstance(key, str | int | float):
            raise NotConstant("a hash with keys that are neither strings nor numbers")
        found[key] = value
        kinds.add(type(key))
    if len(kinds - {str}) > 1:
        raise NotConstant("a hash with keys of several types")
    return found


def _entry(value: Mapping[Value, Value], key: Value) -> Value:
    """Return the value of a key, undef if the hash has none; 1, 1.0 and true are different keys."""
    for known, one in value.items() if isinstance(key, int | float) else ():
        if type(known) is type(key) and known == key:
            return one
    return value.get(key) if isinstance(key, str) else None


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
    return _FLOAT_OF_PYTHON.sub(r"\1.0e", str(value)) if isinstance(value, float) else str(value)


_FLOAT_OF_PYTHON: Final = re.compile(r"^(-?\d)e")
"""The start of a number without a fraction and with an exponent, which Ruby writes as `1.0e+20`."""


def is_true(value: Value) -> bool:
    """Return whether Puppet takes a value for true: everything but `false` and `undef`."""
    return value is not False and value is not None


# Operators


def _access(node: Access, scope: Scope) -> Value:
    base = evaluate(node.base, scope)
    keys = _items(node.keys, scope)
    if isinstance(base, Mapping) and len(keys) == 1:
        if isinstance(keys[0], str | int | float) and keys[0] in base:
            return _entry(base, keys[0])
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
    """Return a number, also of a string that Puppet would convert in arithmetic; source: Pops::Utils.to_n."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise NotConstant("arithmetic with something else than numbers")
    if match["decimal"] is not None:
        number: int | float = float(match["decimal"])
    else:
        number = next(int(match[kind], base) for kind, base in _BASES.items() if match[kind] is not None)
    return -number if match["sign"] == "-" else number


_NUMBER: Final = re.compile(
    r"[ \t]*(?P<sign>[-+]?)[ \t]*(?:0[xX](?P<hexadecimal>[0-9A-Fa-f]{1,16})|0(?P<octal>[0-7]{1,22})"
    r"|(?P<decimal>(?!0\.0*[eE])(?:0\.\d{1,30}|[1-9]\d{0,30}(?:\.\d{1,30}|(?=[eE])))(?:[eE]-?\d{1,3})?)"
    r"|(?P<integer>0|[1-9]\d{0,30}))[ \t]*",
    re.ASCII,
)
_BASES: Final = {"hexadecimal": 16, "octal": 8, "integer": 10}


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
            return any(is_equal(one, left) for one in right)
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
        return _folded(left) == _folded(right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(is_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        # Puppet compares the values of the left one's keys and never looks whether the right one has these keys.
        return len(left) == len(right) and all(is_equal(_entry(right, key), one) for key, one in left.items())
    if isinstance(left, Sensitive) and isinstance(right, Sensitive):
        return _is_same(left.value, right.value)
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _is_same(left: Value, right: Value) -> bool:
    """Return whether two values are the same: strings with regard to case, 1 and 1.0 not, as Ruby's `eql?`."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_is_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            key in right and _is_same(one, _entry(right, key)) for key, one in left.items()
        )
    return type(left) is type(right) and left == right


def _is_alike(left: Value, right: Value) -> bool:
    """Return whether two values are equal in Ruby: strings with regard to case, 1 and 1.0 too."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_is_alike, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            key in right and _is_alike(one, _entry(right, key)) for key, one in left.items()
        )
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def _folded(text: str) -> str:
    """Return a text in lower case, as Ruby's `casecmp` compares: of ASCII letters alone."""
    return text.translate(_ASCII_LOWER)


_ASCII_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _comparable(left: Value, right: Value) -> tuple[object, object]:
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left), _folded(right)
    numbers = (left, right)
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        return numbers
    raise NotConstant("a comparison of values that have no order")


def matches(value: Value, pattern: Syntax, scope: Scope) -> bool:
    """Return whether a value matches the pattern of `=~`, which is an error for anything but strings and types."""
    if isinstance(pattern, TypeName | Access):
        return _is_of(value, pattern)
    expected = pattern.source if isinstance(pattern, Regex) else evaluate(pattern, scope)
    if isinstance(expected, str) and isinstance(value, str):
        return _is_found(expected, value)
    raise NotConstant("a match of something else than a string and a regular expression")


def _is_of(value: Value, pattern: Syntax) -> bool:
    """Return whether a value is of a data type, for types with literal parameters."""
    type_ = _as_type(pattern)
    found = Fit.UNKNOWN
    if isinstance(type_, TypeRef) and isinstance(value, Sensitive) and type_.arguments is None:
        # What is known of undef is a type without parameters that Puppet has, and three of these have wrapped values.
        if fit(Literal(None, 0), type_, {}) is not Fit.UNKNOWN:
            found = from_bool(type_.key in _OF_SENSITIVE)
    elif isinstance(type_, TypeRef):
        found = fit(as_data(value, 0), type_, {})
    if found is Fit.UNKNOWN:
        raise NotConstant("a match with a data type")
    return found is Fit.YES


def _as_type(node: Syntax) -> Argument:  # noqa: PLR0911 -- a line per kind of node
    """Return a data type or a parameter of one; raises NotConstant unless it is literal."""
    match node:
        case TypeName():
            return TypeRef(node.name)
        case Access(base=TypeName(name=name)) if name.lower() in _OF_TEXTS or not any(
            isinstance(key, Text) for key in node.keys
        ):
            return TypeRef(name, tuple(map(_as_type, node.keys)))
        case Regex():
            return RegexRef(node.source)
        case Text() | Number() | Boolean():
            return node.value
        case Default():
            return Unbounded()
        case Unary(operator="-", operand=Number(value=number)):
            return -number
        case HashLiteral():
            return Fields(tuple((_as_type(key), _as_type(one)) for key, one in node.entries))
    raise NotConstant("a match with a data type")


def as_data(value: Value, line: int) -> DataValue:
    """Return a value as operator data; what is wrapped in `Sensitive` is opaque."""
    match value:
        case None | bool() | int() | float() | str():
            return Literal(value, line)
        case tuple():
            return Array(tuple(as_data(one, line) for one in value), line)
        case dict():
            return Hash(tuple((as_data(key, line), as_data(one, line)) for key, one in value.items()), line)
    return Opaque(OpaqueReason.COMPUTED, line)


def _is_found(source: str, text: str) -> bool:
    found = finds(source, text)
    if found is None:
        raise NotConstant("a regular expression that only Ruby can match")
    return found


_OF_SENSITIVE: Final = frozenset({"any", "notundef", "sensitive"})
_OF_TEXTS: Final = frozenset({"enum", "notundef", "optional", "pattern"})


def _arithmetic(symbol: str, left: Value, right: Value) -> Value:
    if isinstance(left, tuple | dict):
        return _collection(symbol, left, right)
    one, other = _number(left), _number(right)
    are_integers = isinstance(one, int) and isinstance(other, int)
    if symbol in {"/", "%"} and not other:
        raise NotConstant("a division by zero")
    if symbol not in _ARITHMETIC or (symbol in _OF_INTEGERS and not are_integers):
        raise NotConstant(f"the operator {symbol} with these operands")
    if symbol in {"<<", ">>"} and abs(other) > _MOST_SHIFTED:
        raise NotConstant("a shift by a large number")
    result = (operator.floordiv if symbol == "/" and are_integers else _ARITHMETIC[symbol])(one, other)
    if not _LEAST_INTEGER <= result <= _LARGEST_INTEGER if isinstance(result, int) else math.isinf(result):
        raise NotConstant("a number that is too large for Puppet")
    return result


def _collection(symbol: str, left: tuple[Value, ...] | dict[Value, Value], right: Value) -> Value:
    """Return what `+`, `-` and `<<` make of an array or a hash; source: Pops::Evaluator#concatenate and #delete."""
    if isinstance(left, dict):
        if symbol == "+" and isinstance(right, dict):
            return _hash((*left.items(), *right.items()))
        if symbol == "-":
            removed = tuple(right) if isinstance(right, tuple | dict) else (right,)
            return {key: one for key, one in left.items() if not any(_is_same(key, each) for each in removed)}
        raise NotConstant(f"the operator {symbol} with a hash")
    if symbol == "<<":
        return (*left, right)
    others: tuple[Value, ...] = (right,)
    if isinstance(right, tuple | dict):
        others = tuple(right.items()) if isinstance(right, dict) else right
    if symbol == "+":
        return left + others
    if symbol == "-":
        return tuple(one for one in left if not any(_is_alike(one, other) for other in others))
    raise NotConstant(f"the operator {symbol} with an array")


def _shift_left(number: int, places: int) -> int:
    return number << places if places >= 0 else number >> -places


_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], int | float]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "<<": _shift_left,
    ">>": lambda number, places: _shift_left(number, -places),
}
_OF_INTEGERS: Final = frozenset(("%", "<<", ">>"))
_LEAST_INTEGER: Final = -(2**63)
_LARGEST_INTEGER: Final = 2**63 - 1


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
    if isinstance(option, Regex):
        return isinstance(subject, str) and _is_found(option.source, subject)
    if isinstance(option, TypeName) or (isinstance(option, Access) and isinstance(option.base, TypeName)):
        return _is_of(subject, option)
    if isinstance(option, Unary) and option.operator == "*":
        return any(_fits(subject, one) for one in _unfolded(evaluate(option.operand, scope)))
    return _fits(subject, evaluate(option, scope))


def _fits(subject: Value, option: Value) -> bool:
    """Return whether a value fits an option: a hash fits one of which it has all entries."""
    if isinstance(option, tuple):
        return isinstance(subject, tuple) and len(subject) == len(option) and all(map(_fits, subject, option))
    if isinstance(option, dict):
        return isinstance(subject, dict) and all(
            _fits(_entry(subject, key), one) for key, one in option.items()
        )
    return is_equal(subject, option)


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
    if name == "Numeric" and len(arguments) == 1:
        if isinstance(arguments[0], str) and set(" \t") & set(arguments[0]):
            raise NotConstant("a conversion of a text with spaces to a number")
        return _number(arguments[0])
    if name == "Integer" and len(arguments) == 1:
        if isinstance(arguments[0], str) and _FRACTION.fullmatch(arguments[0]):
            raise CompilationFails(f"the string {arguments[0]!r} cannot be converted to Integer")
        if isinstance(arguments[0], str) and _INTEGER.fullmatch(arguments[0]) is None:
            raise NotConstant("a conversion of a text to an integer")
        return int(_number(arguments[0]))
    if name == "Boolean" and len(arguments) == 1 and isinstance(arguments[0], bool):
        return arguments[0]
    raise NotConstant(f"a conversion to {name}")


_FRACTION: Final = re.compile(r"-?[0-9]+\.[0-9]+")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


def _pick(*values: Value) -> Value:
    """Return the first value that is neither undef nor empty (stdlib)."""
    found = [one for one in values if one is not None and one != ""]
    if not found:
        raise CompilationFails("pick(): must receive at least one non empty value")
    return found[0]


def _pick_default(*values: Value) -> Value:
    found = [one for one in values if one is not None and one != ""]
    return found[0] if found else _as_argument(values[-1])


def _as_argument(value: Value) -> Value:
    """Return a value as functions of Puppet's older interface are given it: undef as an empty string."""
    return "" if value is None else value


def _join(values: Value, separator: Value = "") -> str:
    if not isinstance(values, tuple):
        raise TypeError("not an array")
    found = flatten(values)
    if not isinstance(separator, str) or any(isinstance(one, dict | Sensitive) for one in found):
        raise TypeError("not texts and numbers")
    return separator.join(map(to_text, found))


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
    if not isinstance(one, str) or not isinstance(other, str):
        raise TypeError("not a string")
    parts = [_VERSION_PART.findall(text) for text in (one, other)]
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
    return (one > other) - (one < other)


_VERSION_PART: Final = re.compile(r"[-.]|\d+|[^-.\d]+")


def _text_function(change: Callable[[str], str]) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(apply(one) for one in value)
        if not isinstance(value, str) or not value.isascii():
            raise TypeError("not a string of ASCII alone")
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
        if not any(_is_same(one, known) for known in found):
            found.append(one)
    return tuple(found)


def _any2array(*values: Value) -> tuple[Value, ...]:
    if len(values) != 1:
        return tuple(map(_as_argument, values))
    if isinstance(values[0], dict):
        return tuple(part for pair in values[0].items() for part in pair)
    if values[0] in (None, ""):
        raise ValueError("stdlib 4 and later ones differ")
    return values[0] if isinstance(values[0], tuple) else values


def _concat(first: Value, *others: Value) -> tuple[Value, ...]:
    if not isinstance(first, tuple):
        raise TypeError("not an array")
    return first + tuple(
        part for one in others for part in (one if isinstance(one, tuple) else (_as_argument(one),))
    )


def _delete_undef_values(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if one is not None}
    if not isinstance(value, tuple):
        raise TypeError("neither an array nor a hash")
    return tuple(one for one in value if one is not None)


def _bool2str(value: Value, yes: Value = "true", no: Value = "false") -> Value:
    if not (isinstance(value, bool) and isinstance(yes, str) and isinstance(no, str)):
        raise TypeError("not a boolean and two strings")
    return yes if value else no


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
    "strip": _text_function(lambda text: text.strip(" \t\n\v\f\r")),
    "empty": _empty,
    "unique": _unique,
    "any2array": _any2array,
    "size": _size,
    "length": _size,
    "concat": _concat,
    "delete_undef_values": _delete_undef_values,
    "any2bool": lambda value: value if isinstance(value, bool) else _to_bool(value),
    "str2bool": lambda value: value if isinstance(value, bool) else _to_bool(value),
    "bool2str": _bool2str,
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
