"""Decide which site code can run: on the environment's platforms, with the values that the given data have.

A condition counts as false only if it is false on every platform and with every value that its parameters may
have; whatever cannot be determined may be true.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from pinner.model.operator_data import DataFile, Value
from pinner.puppet.language.evaluate import (
    CompilationFails,
    NotConstant,
    Scope,
    decide,
    evaluate,
    fits_option,
    is_true,
)
from pinner.puppet.language.evaluate import Value as PuppetValue
from pinner.puppet.language.nodes import (
    Binary,
    Case,
    CaseOption,
    Conditional,
    Default,
    Definition,
    Lambda,
    List,
    Parameter,
    Syntax,
    Variable,
)
from pinner.puppet.platforms import PLATFORMS, Platform
from pinner.puppet.usage.hiera_keys import LookupOptions, read_options
from pinner.puppet.usage.values import Constants, plain

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

    def values_of(self, class_: str, one: Parameter, platform: Platform) -> tuple[PuppetValue, ...]:
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
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
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
