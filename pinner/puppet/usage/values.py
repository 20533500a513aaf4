"""Turn expressions into values, check them against the conditions of code and types, and decide which site code can run.

Rules of native types: puppet/parameter/value.rb (`match?` compares text), puppet/property.rb (a list is checked
item by item).

Site code can run on the environment's platforms, with the values that the given data have. A condition counts as
false only if it is false on every platform and with every value that its parameters may have; whatever cannot be
determined may be true.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from types import MappingProxyType
from typing import Final

from pinner.model.errors import InputError
from pinner.model.module_api import Arity, AttributeRule, Evidence, Mark, Parameter, Refusal
from pinner.model.operator_data import (
    Array,
    DataFile,
    Hash,
    Literal,
    Opaque,
    OpaqueReason,
    Use,
    UseOrigin,
    Value,
)
from pinner.puppet.language.evaluate import (
    CompilationFails,
    NotConstant,
    Scope,
    as_data,
    decide,
    evaluate,
    fits_option,
    is_true,
)
from pinner.puppet.language.evaluate import Value as PuppetValue
from pinner.puppet.language.nodes import (
    Binary,
    Boolean,
    Case,
    CaseOption,
    Conditional,
    Default,
    Definition,
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
from pinner.puppet.language.nodes import Parameter as ParameterNode
from pinner.puppet.language.parser import parse_expression
from pinner.puppet.platforms import PLATFORMS, Platform, name_systems
from pinner.puppet.ruby.regex import finds
from pinner.puppet.usage.codebase import LookupOptions, read_options


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
        return as_data(evaluate(node, Scope(variables=_known(node, constants))), line)
    except (NotConstant, CompilationFails):
        return Opaque(OpaqueReason.COMPUTED, line)


def _known(node: Syntax, constants: Constants) -> dict[str, PuppetValue]:
    """Return the values of the variables in an expression that are assigned constants."""
    known: dict[str, PuppetValue] = {}
    waiting = list(node.children())
    while waiting:
        one = waiting.pop()
        held = constants.resolve(one)
        if isinstance(one, Variable) and one.name not in known and not isinstance(held, Variable):
            with suppress(NotConstant, CompilationFails):
                known[one.name] = evaluate(held, Scope())
        waiting += one.children()
    return known


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
    words: dict[str, None] = {}
    for one in arities:
        numbers = str(one.least) if one.least == one.most else f"{one.least} to {one.most}"
        if one.most is None:
            numbers = f"at least {one.least}"
        is_single = one.least == 1 and one.most in {1, None}
        words[f"{numbers} argument{'' if is_single else 's'}"] = None
    return _either(words)


_MOST_COMBINATIONS: Final = 64
_DEEPEST: Final = 10


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides conditions of site code.

    `values` are all values of each key in the data; the keys in `everywhere` have one on every machine. Without
    data (`has_data` is False), no parameter of a class is known. The classes in `with_parameters` are given
    values in code.
    """

    platforms: tuple[Platform, ...] = PLATFORMS
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    everywhere: frozenset[str] = frozenset()
    options: LookupOptions = field(default_factory=LookupOptions)
    has_data: bool = False
    with_parameters: frozenset[str] = frozenset()

    def values_of(self, class_: str, one: ParameterNode, platform: Platform) -> tuple[PuppetValue, ...]:
        """Return the values that a class parameter may have on a platform, none if they are not known."""
        key = f"{class_}::{one.name}"
        if not self.has_data or class_ in self.with_parameters or self.options.change(key):
            return ()
        try:
            found = [plain(value) for value in self.values.get(key, ())]
            if key not in self.everywhere:
                if one.default is None:
                    return ()
                found.append(evaluate(one.default, Scope(platform.facts, unknown={})))
        except (NotConstant, CompilationFails):
            return ()
        return tuple(found)


_CLASS_WITH_PARAMETERS: Final = re.compile(r"class\s*\{\s*\[?\s*['\"]?(?:::)?([\w:]*\w)")


def with_parameters(text: str) -> Iterator[str]:
    """Yield the classes that code declares as `class { 'name': }`, which can give them any values."""
    return (name.lower() for name in _CLASS_WITH_PARAMETERS.findall(text))


ANY_SURROUNDINGS: Final = Surroundings()
"""The usual platforms, and no data."""


def surroundings_of(
    files: Sequence[DataFile], platforms: tuple[Platform, ...], with_parameters: Iterable[str] = ()
) -> Surroundings:
    """Return what data files and platforms decide."""
    values: dict[str, list[Value]] = {}
    for file in files:
        for datum in file.data:
            if "::" in datum.key:
                values.setdefault(datum.key, []).append(datum.value)
    everywhere = (datum.key for file in files if file.is_everywhere for datum in file.data)
    return Surroundings(
        platforms,
        {key: tuple(some) for key, some in values.items()},
        frozenset(everywhere),
        read_options(files),
        has_data=bool(files),
        with_parameters=frozenset(with_parameters),
    )


@dataclass(frozen=True, slots=True)
class Frame:
    """The names of one definition: parameters of a class, variables assigned once, and all others that it binds."""

    surroundings: Surroundings
    class_: str = ""
    parameters: Mapping[str, ParameterNode] = field(default_factory=dict)
    constants: Constants = field(default_factory=Constants)
    bound: frozenset[str] = frozenset()

    def branches(
        self, node: Conditional | Case, live: tuple[Platform, ...]
    ) -> Iterator[tuple[Sequence[Syntax], tuple[Platform, ...]]]:
        """Yield each branch with those platforms of `live` on which it may run."""
        if isinstance(node, Conditional):
            answers = {
                platform: _answers(node.test, tuple(self._scopes(node.test, platform))) for platform in live
            }
            on, off = (node.otherwise, node.then) if node.is_unless else (node.then, node.otherwise)
            yield on, tuple(one for one in live if answers[one] - {False})
            yield off, tuple(one for one in live if answers[one] - {True})
            return
        options = [option for option in node.options if not _is_default(option)]
        for option in options:
            yield option.body, tuple(one for one in live if self._may_choose(node, option, one))
        for option in node.options:
            if _is_default(option):
                yield option.body, tuple(one for one in live if not self._is_matched(node, options, one))

    def _may_choose(self, node: Case, wanted: CaseOption, platform: Platform) -> bool:
        """Return whether an option may be the first that fits."""
        for scope in self._scopes(node, platform):
            for option in node.options:
                fit = _fits(node, option, scope)
                if option is wanted and fit is not False:
                    return True
                if option is wanted or fit is True:
                    break
        return False

    def _is_matched(self, node: Case, options: Iterable[CaseOption], platform: Platform) -> bool:
        """Return whether an option other than the default certainly fits."""
        some = tuple(options)
        return all(
            any(_fits(node, option, scope) is True for option in some)
            for scope in self._scopes(node, platform)
        )

    def _scopes(self, test: Syntax, platform: Platform) -> Iterator[Scope]:
        """Yield a scope for each combination of the values that the parameters in `test` may have."""
        names = tuple(self._names(test, 0))
        known = {
            name: values
            for name in names
            if name in self.parameters
            and (values := self.surroundings.values_of(self.class_, self.parameters[name], platform))
        }
        total = 1
        for values in known.values():
            total *= len(values)
        if total > _MOST_COMBINATIONS:
            known = {}
        for combination in product(*known.values()):
            unknown = dict.fromkeys((*self.parameters, *self.bound), "a variable")
            scope = Scope(platform.facts, unknown=unknown)
            for name, value in zip(known, combination, strict=True):
                scope.variables[name] = value
            for name in reversed(names):
                if name in self.constants.assigned:
                    try:
                        scope.variables[name] = evaluate(self.constants.assigned[name], scope)
                    except (NotConstant, CompilationFails, RecursionError):
                        continue
            yield scope

    def _names(self, node: Syntax, depth: int) -> dict[str, None]:
        """Return the variables that an expression depends on, those of a constant after it."""
        found: dict[str, None] = {}
        waiting = [node.subject] if isinstance(node, Case) else [node]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Variable):
                found[one.name] = None
            waiting += one.children()
        for name in tuple(found):
            if name in self.constants.assigned and depth < _DEEPEST:
                for inner in self._names(self.constants.assigned[name], depth + 1):
                    found.pop(inner, None)
                    found[inner] = None
        return found


def _answers(test: Syntax, scopes: Sequence[Scope]) -> frozenset[bool | None]:
    """Return what a condition may be, None for unknown; nothing if evaluating it stops compilation."""
    found: set[bool | None] = set() if scopes else {None}
    for scope in scopes:
        try:
            evaluate(test, scope)
        except CompilationFails:
            continue
        except (NotConstant, RecursionError):
            pass
        found.add(decide(test, scope))
    return frozenset(found)


def frame_of(
    body: Iterable[Syntax], constants: Constants, surroundings: Surroundings, node: Definition | None = None
) -> Frame:
    """Return the frame of statements, those of the class or defined type `node` if it is given.

    The values of a defined type's parameters are never known.
    """
    bound: set[str] = set()
    waiting: list[Syntax] = list(body)
    while waiting:
        one = waiting.pop()
        if isinstance(one, Binary) and one.operator in {"=", "+=", "-="}:
            targets = one.left.items if isinstance(one.left, List) else (one.left,)
            bound.update(target.name for target in targets if isinstance(target, Variable))
        elif isinstance(one, Lambda):
            bound.update(parameter.name for parameter in one.parameters)
        waiting += one.children()
    own = {one.name: one for one in node.parameters} if node else {}
    if node is None or node.kind != "class":
        return Frame(surroundings, constants=constants, bound=frozenset(bound).union(own))
    return Frame(surroundings, node.name, own, constants, frozenset(bound))


def _is_default(option: CaseOption) -> bool:
    return any(isinstance(value, Default) for value in option.values)


def _fits(node: Case, option: CaseOption, scope: Scope) -> bool | None:
    """Return whether an option of a `case` fits, None if that is not known."""
    answers: set[bool | None] = set()
    for value in option.values:
        if isinstance(value, Default):
            continue
        try:
            answers.add(is_true(fits_option(evaluate(node.subject, scope), value, scope)))
        except (NotConstant, CompilationFails, RecursionError):
            answers.add(None)
    return True if True in answers else None if None in answers else False
