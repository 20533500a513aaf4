"""Turn expressions into values, and check values against conditions of module code and against native types.

Rules of native types: puppet/parameter/value.rb (`match?` compares text), puppet/property.rb (a list is checked
item by item).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from pinner.model.errors import InputError
from pinner.model.module_api import Arity, AttributeRule, Evidence, Mark, Parameter, Refusal
from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, Use, UseOrigin, Value
from pinner.puppet.language.evaluate import CompilationFails, NotConstant, Scope, decide, evaluate
from pinner.puppet.language.evaluate import Value as PuppetValue
from pinner.puppet.language.nodes import (
    Binary,
    Boolean,
    HashLiteral,
    Lambda,
    List,
    Number,
    Syntax,
    Text,
    Unary,
    Undef,
    Variable,
)
from pinner.puppet.language.parser import parse_expression
from pinner.puppet.platforms import Platform, name_systems
from pinner.puppet.types.regex import finds


@dataclass(frozen=True, slots=True)
class Constants:
    """The variables of a definition that are assigned once, and the expressions that they are assigned."""

    assigned: dict[str, Syntax] = field(default_factory=dict)

    def resolve(self, node: Syntax) -> Syntax:
        """Return what a variable was assigned, any other node itself."""
        seen: set[str] = set()
        while isinstance(node, Variable) and node.name in self.assigned and node.name not in seen:
            seen.add(node.name)
            node = self.assigned[node.name]
        return node


def constants_of(body: tuple[Syntax, ...]) -> Constants:
    """Return the variables that the statements of `body` itself assign, and nothing in it assigns or binds again."""
    assigned = {
        node.left.name: node.right
        for node in body
        if isinstance(node, Binary) and node.operator == "=" and isinstance(node.left, Variable)
    }
    counts: dict[str, int] = {}
    waiting: list[Syntax] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Binary) and node.operator in {"=", "+=", "-="}:
            for target in node.left.items if isinstance(node.left, List) else (node.left,):
                if isinstance(target, Variable):
                    counts[target.name] = counts.get(target.name, 0) + 1
        if isinstance(node, Lambda):
            counts.update((one.name, 2) for one in node.parameters)
        waiting += node.children()
    return Constants({name: node for name, node in assigned.items() if counts[name] == 1})


def value_of(node: Syntax, constants: Constants, line_of: Callable[[Syntax], int]) -> Value:  # noqa: PLR0911 -- a line per kind of node
    """Return the value of an expression; opaque where it is computed from what is not known."""
    line = line_of(node)
    match node:
        case Text() | Number() | Boolean():
            return Literal(node.value, line)
        case Undef():
            return Literal(None, line)
        case List() if not any(isinstance(item, Unary) for item in node.items):
            return Array(tuple(value_of(item, constants, line_of) for item in node.items), line)
        case HashLiteral():
            entries = (
                (value_of(key, constants, line_of), value_of(value, constants, line_of))
                for key, value in node.entries
            )
            return Hash(tuple(entries), line)
        case Variable() if node.name in constants.assigned:
            held = constants.resolve(node)
            if not isinstance(held, Variable):
                return value_of(held, constants, line_of)
    try:
        return _from_plain(evaluate(node, Scope(unknown={})), line)
    except (NotConstant, CompilationFails):
        return Opaque(OpaqueReason.COMPUTED, line)


def _from_plain(value: PuppetValue, line: int) -> Value:
    match value:
        case None | bool() | int() | float() | str():
            return Literal(value, line)
        case tuple():
            return Array(tuple(_from_plain(one, line) for one in value), line)
        case dict():
            entries = ((_from_plain(key, line), _from_plain(one, line)) for key, one in value.items())
            return Hash(tuple(entries), line)
    return Opaque(OpaqueReason.COMPUTED, line)


_FACTS = {"os_service_default": "<SERVICE DEFAULT>"}
"""The fact of puppet-openstacklib that means "not set"."""


@dataclass(frozen=True, slots=True)
class GivenValues:
    """The keys of classes that data give values, for conditions on several parameters.

    Nothing is known of the parameters of classes in `with_parameters`, which code gives values too. If `is_partial`,
    a parameter without a key may have a value elsewhere.
    """

    by_key: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    with_parameters: frozenset[str] = frozenset()
    is_partial: bool = True

    def beside(self, use: Use, parameters: Mapping[str, Parameter]) -> Mapping[str, PuppetValue]:
        """Return the values that the other parameters of the class certainly have where `use` counts."""
        found: dict[str, PuppetValue] = {}
        own = parameters.get(use.parameter or "")
        has_conditions = own and (own.refusals or any(one.condition for one in own.evidence))
        if not has_conditions or use.origin is not UseOrigin.KEY or use.owner in self.with_parameters:
            return found
        for name, parameter in parameters.items():
            others = self.by_key.get(f"{use.owner}::{name}", ())
            counts_here = any(one.place.path == use.place.path or not one.scope.machines for one in others)
            with suppress(InputError, NotConstant, CompilationFails):
                if others:
                    first, *rest = [plain(one.value) for one in others if one.value]
                    if counts_here and all(value == first for value in rest):
                        found[name] = first
                elif not self.is_partial and parameter.default is not None and not parameter.effective:
                    found[name] = evaluate(parse_expression(parameter.default), Scope(_FACTS, unknown={}))
        return found


def given_values(uses: Iterable[Use], is_changed: Callable[[str], bool], *, is_partial: bool) -> GivenValues:
    """Return what data give to the parameters of classes; the values of keys that `is_changed` are not known."""
    by_key: dict[str, tuple[Use, ...]] = {}
    with_parameters = set()
    for use in uses:
        if use.origin is UseOrigin.KEY and not use.scope.unreached:
            opaque = Opaque(OpaqueReason.COMPUTED, use.place.line or 0)
            known = replace(use, value=opaque) if is_changed(use.subject) else use
            by_key[use.subject] = (*by_key.get(use.subject, ()), known)
        elif use.origin is UseOrigin.CLASS:
            with_parameters.add(use.owner)
    return GivenValues(by_key, frozenset(with_parameters), is_partial)


def deprecated_values(
    parameter: Parameter,
    value: Value | None,
    platforms: Sequence[Platform],
    beside: Mapping[str, PuppetValue] = MappingProxyType({}),
) -> Iterable[tuple[Evidence, str]]:
    """Yield each warning about some values that is logged for this one, and where: "" for every platform.

    `beside` are the values of the class's other parameters.
    """
    if value is None:
        return
    for one in parameter.evidence:
        if one.mark is Mark.VALUE and one.condition:
            found = _true_on(one.condition, parameter.name, value, platforms, beside)
            if found:
                yield one, name_systems(found, map(str, platforms))


def refusals_of(
    parameter: Parameter,
    value: Value | None,
    platforms: Sequence[Platform],
    beside: Mapping[str, PuppetValue] = MappingProxyType({}),
) -> Iterable[tuple[Refusal, str]]:
    """Yield each condition under which the code refuses this value, and where: "" for every platform."""
    if value is None or value == Literal(None, value.line):
        return
    for one in parameter.refusals:
        found = _true_on(one.condition, parameter.name, value, platforms, beside)
        if found:
            yield one, name_systems(found, map(str, platforms))


def _true_on(
    condition: str,
    name: str,
    value: Value,
    platforms: Iterable[Platform],
    beside: Mapping[str, PuppetValue],
) -> list[str]:
    """Return the platforms on which a condition is certainly true."""
    try:
        test, held = parse_expression(condition), plain(value)
    except (InputError, NotConstant):
        return []
    found: list[str] = []
    for platform in platforms:
        scope = Scope({**platform.facts, **_FACTS}, variables={**beside, name: held})
        if decide(test, scope):
            found.append(str(platform))
    return found


def plain(value: Value) -> object:
    """Return a value as the evaluator has it; raises NotConstant if a part of it is not known."""
    if isinstance(value, Literal):
        return value.value
    if isinstance(value, Array):
        return tuple(plain(item) for item in value.items)
    if isinstance(value, Hash):
        return {plain(key): plain(held) for key, held in value.entries}
    raise NotConstant("a value that only Puppet can determine")


_RUBY_CLASSES: Final = (
    (bool, frozenset({"TrueClass", "FalseClass"})),
    (str, frozenset({"String"})),
    (int, frozenset({"Integer", "Numeric", "Fixnum", "Bignum"})),
    (float, frozenset({"Float", "Numeric"})),
)
_KNOWN_CLASSES: Final = frozenset({"Array", "Hash", "Symbol", "NilClass"}).union(
    *(names for _, names in _RUBY_CLASSES)
)


def refused(value: Value, rule: AttributeRule) -> Value | None:
    """Return the part of a value that the type refuses, None if it accepts all or that is not known."""
    if rule.is_property and isinstance(value, Array):
        return next((item for item in value.items if _is_refused(item, rule)), None)
    return value if _is_refused(value, rule) else None


def _is_refused(value: Value, rule: AttributeRule) -> bool:
    if rule.kinds and _KNOWN_CLASSES.issuperset(rule.kinds):
        classes = _ruby_classes(value)
        if classes and classes.isdisjoint(rule.kinds):
            return True
    if not (rule.words or rule.patterns) or not isinstance(value, Literal) or value.value in {None, ""}:
        return False
    if isinstance(value.value, float):
        return False
    text = str(value.value).lower() if isinstance(value.value, bool) else str(value.value)
    return text not in rule.words and all(finds(pattern, text) is False for pattern in rule.patterns)


def _ruby_classes(value: Value) -> frozenset[str]:
    """Return the names of a value's class and of those above it; empty if it is not known."""
    if isinstance(value, Literal):
        found = (names for type_, names in _RUBY_CLASSES if isinstance(value.value, type_))
        return next(found, frozenset())
    return frozenset({"Array"} if isinstance(value, Array) else {"Hash"} if isinstance(value, Hash) else ())


def accepted(rule: AttributeRule) -> str:
    """Return what the type accepts, for a message: `present, absent or /[0-9]/`."""
    if rule.kinds:
        return _either(rule.kinds)
    return _either((*rule.words, *(f"/{pattern}/" for pattern in rule.patterns)))


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def takes_count(arities: Iterable[Arity], count: int) -> bool:
    """Return whether one of the signatures takes so many arguments."""
    return any(one.least <= count and (one.most is None or count <= one.most) for one in arities)


def counts(arities: Iterable[Arity]) -> str:
    """Return the numbers of arguments in words: `1 or 2 arguments`, `at least 1 argument`."""
    words = [_count(one) for one in dict.fromkeys(arities)]
    return _either(dict.fromkeys(words))


def _count(one: Arity) -> str:
    if one.most is None:
        return f"at least {one.least} argument{'' if one.least == 1 else 's'}"
    numbers = str(one.least) if one.least == one.most else f"{one.least} to {one.most}"
    return f"{numbers} argument{'' if numbers == '1' else 's'}"
