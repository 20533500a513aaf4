"""Evaluate expressions, assignments and conditions, and record variables, calls and each cause of an unknown value."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pinner.model.text import quoted
from pinner.puppet.ruby.declarations import Declaration, Symbol, UnreadableRuby
from pinner.puppet.ruby.methods import (
    CannotComputeError,
    Cause,
    RubyHash,
    RubyList,
    RubyRegex,
    Unknown,
    Value,
    bounded,
    is_case_of,
    is_true,
    known,
    merged,
    to_text,
)
from pinner.puppet.ruby.syntax import (
    Assign,
    Body,
    Call,
    Case,
    Constant,
    Def,
    HashNode,
    If,
    Jump,
    ListNode,
    Logic,
    Name,
    Node,
    Regex,
    Splat,
    Spot,
    Template,
    walk,
)

CHANGES_A_LIST: Final = frozenset({"<<", "push", "append"})
CHANGES_A_HASH: Final = frozenset({"merge!", "update"})


@dataclass(frozen=True, slots=True)
class EnvironmentDefault:
    """A default that was taken because the value is an environment variable of the run.

    `is_fetch` distinguishes `ENV.fetch('X', 'default')` from `ENV['X'] || 'default'`.
    """

    variable: str
    default: Value
    line: int
    column: int
    is_fetch: bool


class JumpError(Exception):
    """`next`, `break` or `return` is executed."""

    def __init__(self, word: str, value: Value) -> None:
        super().__init__(word)
        self.word = word
        self.value = value


class StoppedError(Exception):
    """Nothing after this can be evaluated, or (not `is_rest`) nothing more in this statement."""

    def __init__(self, cause: Cause, *, is_rest: bool) -> None:
        super().__init__(cause.reason)
        self.cause = cause
        self.is_rest = is_rest


@dataclass(slots=True)
class Scope:
    """The local variables of a block, and those around it."""

    names: dict[str, Value] = field(default_factory=dict)
    outer: "Scope | None" = None

    def holder(self, name: str) -> "Scope | None":
        """Return the scope that has the variable, None if there is no such variable."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.outer
        return scope

    def bind(self, name: str, value: Value) -> None:
        """Set the variable where it is, or here if it is new."""
        (self.holder(name) or self).names[name] = value

    def visible(self) -> set[str]:
        """Return the names of all variables."""
        return set(self.names) | (self.outer.visible() if self.outer else set())


@dataclass(slots=True)
class Affected:
    """What a cause makes unknown: names of modules, and the last line that is skipped because of it."""

    begun: Declaration | None = None
    modules: list[str] = field(default_factory=list)
    last_line: int = 0
    is_rest: bool = False


class EvaluationState:
    """The state of an evaluation."""

    def __init__(self, words: frozenset[str]) -> None:
        self.words = words
        self.scope = Scope()
        self.shared: dict[str, Value] = {}
        self.methods: dict[str, Def | Cause] = {}
        self.causes: dict[Cause, Affected] = {}
        self.undefined: dict[str, Cause] = {}
        self.defaults: dict[tuple[str, str], EnvironmentDefault] = {}
        self.called: list[Declaration] = []
        self.reasons_of_statements: set[str] = set()
        self.steps = 0
        self.depth = 0
        self.site: Spot | None = None
        self.is_stopped = False

    def add_cause(self, cause: Cause, *, is_rest: bool = False, last_line: int = 0) -> Affected:
        """Return what the cause affects, so far."""
        affected = self.causes.setdefault(cause, Affected())
        affected.is_rest = affected.is_rest or is_rest
        affected.last_line = max(affected.last_line, last_line)
        return affected

    def unknown(self) -> Iterator[UnreadableRuby | EnvironmentDefault]:
        """Yield every cause of something unknown once, and every default that was taken."""
        for cause, affected in self.causes.items():
            yield UnreadableRuby(
                cause.reason,
                cause.spot.line,
                cause.spot.column,
                affected.begun,
                max(affected.last_line, cause.spot.line),
                is_rest=affected.is_rest,
                modules=tuple(dict.fromkeys(affected.modules)),
            )
        yield from self.defaults.values()

    def _unknown(self, reason: str, spot: Spot) -> Unknown:
        """Return an unknown value whose cause is reported even if nothing uses it."""
        cause = Cause(reason, spot)
        self.add_cause(cause)
        return Unknown(cause)

    def _computed(self, node: Node, compute: Callable[[], Value]) -> Value:
        try:
            return compute()
        except CannotComputeError:
            return self._unknown("this is not computed from literals", node.spot)

    def _name(self, node: Name) -> Value:
        holder = self.scope.holder(node.name)
        if holder is not None:
            return holder.names[node.name]
        if node.name in self.shared:
            return self.shared[node.name]
        if node.name[0] == "@":
            return None
        return Unknown(self.undefined_cause(node.name, node.spot))

    def undefined_cause(self, name: str, spot: Spot) -> Cause:
        """Return the cause of all unknown values of that name."""
        reason = f"{quoted(name)} is not a literal value, and Ruby code is not run"
        cause = self.undefined.setdefault(name, Cause(reason, spot))
        self.add_cause(cause)
        return cause

    def _unknown_from(self, value: Value, node: Node) -> Unknown:
        return (
            Unknown(value.cause)
            if isinstance(value, Unknown)
            else self._unknown("'*' makes it an expression", node.spot)
        )

    def _bind(self, name: str, value: Value) -> None:
        if name[0] in "@$" or name[0].isupper():
            self.shared[name] = value
        else:
            self.scope.bind(name, value)

    def _is_bound(self, name: str) -> bool:
        return self.scope.holder(name) is not None or name in self.shared

    def _taint(self, node: Node | None, value: Value, cause: Cause) -> None:
        """Make a value unknown that something unknown may have changed."""
        if isinstance(value, RubyList):
            value.items[:] = [Unknown(cause)]
        elif isinstance(value, RubyHash):
            for key in value.values:
                value.values[key] = Unknown(cause)
        if isinstance(node, Name) and self._is_bound(node.name):
            self._bind(node.name, Unknown(cause))

    def _taint_name(self, name: str, cause: Cause) -> None:
        if self._is_bound(name):
            self._taint(Name(cause.spot, name), self._name(Name(cause.spot, name)), cause)
        self._bind(name, Unknown(cause))

    def _take_default(self, variable: str, default: Value, spot: Spot, *, is_fetch: bool) -> None:
        """Note a default that was taken; one that is taken in several places is reported once, at the first."""
        self.defaults.setdefault(
            (variable, repr(default)), EnvironmentDefault(variable, default, spot.line, spot.column, is_fetch)
        )

    def _skip(self, node: Node, cause: Cause) -> None:
        """Note what depends on the cause in code that may or may not run; a jump in it skips more."""
        self._note(node, cause)
        inner: set[int] = set()
        for each in walk(node):
            if isinstance(each, Def) or (isinstance(each, Call) and each.block):
                inner.update(id(one) for one in walk(each) if isinstance(one, Jump))
        if any(isinstance(each, Jump) and id(each) not in inner for each in walk(node)):
            raise StoppedError(cause, is_rest=False)

    def _note(self, node: Node, cause: Cause) -> None:
        """Note what depends on the cause in code that is not run: declarations, and variables that it sets."""
        self.add_cause(cause)
        for each in walk(node):
            if isinstance(each, Def):
                self.methods[each.name] = cause
            elif isinstance(each, Assign):
                target = each.target if isinstance(each.target, Name) else each.target.receiver
                if isinstance(target, Name):
                    self._taint_name(target.name, cause)
            elif (
                isinstance(each, Call)
                and isinstance(each.receiver, Name)
                and self._is_bound(each.receiver.name)
            ):
                if (
                    each.method in CHANGES_A_LIST
                    or each.method in CHANGES_A_HASH
                    or each.method.endswith("!")
                ):
                    self._taint_name(each.receiver.name, cause)
            elif isinstance(each, Call) and each.receiver is None and each.method in self.words:
                self._depends(each, cause)

    def _depends(self, call: Call, cause: Cause) -> None:
        """Note that a declaration depends on an unknown value."""
        affected = self.add_cause(cause)
        first = call.arguments[0] if call.arguments else None
        holder = self.scope.holder(first.name) if isinstance(first, Name) else None
        value = (
            first.value
            if isinstance(first, Constant)
            else holder.names.get(first.name)
            if holder and isinstance(first, Name)
            else None
        )
        affected.modules.append(value if isinstance(value, str) else "")


MOST_STEPS: Final = 200_000
"""Maximum number of evaluated nodes of a file."""
MOST_DECLARATIONS: Final = 20_000
"""Maximum number of declarations of a file."""


class Expressions(EvaluationState):
    """Evaluates everything but calls."""

    def __init__(self, words: frozenset[str]) -> None:
        super().__init__(words)
        self._evaluate_by_type: Mapping[type, Callable[[Any], Value]] = {
            Constant: lambda node: node.value,
            Regex: lambda node: RubyRegex(node.source),
            Name: self._name,
            Template: self._template,
            ListNode: self._list,
            HashNode: self._hash,
            Call: self._call,
            Assign: self._assign,
            Logic: self._logic,
            If: self._if,
            Case: self._case,
            Body: self._body,
            Jump: self._jump,
            Def: self._def,
            Splat: lambda node: self._unknown("'*' makes it an expression", node.spot),
        }

    def evaluate(self, node: Node) -> Value:
        """Return the value of a node, after what it calls."""
        self.steps += 1
        if self.steps > MOST_STEPS or len(self.called) > MOST_DECLARATIONS:
            raise StoppedError(Cause("the code takes too many steps", node.spot), is_rest=True)
        return self._evaluate_by_type[type(node)](node)

    def _call(self, node: Call) -> Value:
        raise NotImplementedError

    def _list(self, node: ListNode) -> Value:
        return self._computed(node, lambda: bounded(RubyList(self._values(node.items))))

    def _body(self, node: Body) -> Value:
        value: Value = None
        for statement in node.statements:
            value = self.evaluate(statement)
        return value

    def _jump(self, node: Jump) -> Value:
        raise JumpError(node.word, self.evaluate(node.value))

    def _def(self, node: Def) -> Value:
        self.methods[node.name] = node
        return Symbol(node.name)

    def _template(self, node: Template) -> Value:
        texts = []
        for part in node.parts:
            value = self.evaluate(part)
            if isinstance(value, Unknown):
                return Unknown(value.cause)
            try:
                texts.append(to_text(value))
            except CannotComputeError:
                return self._unknown("this is not computed from literals", part.spot)
        joined = self._computed(node, lambda: bounded("".join(texts)))
        return Symbol(joined) if node.is_symbol and isinstance(joined, str) else joined

    def _values(self, nodes: Sequence[Node]) -> list[Value]:
        values: list[Value] = []
        for node in nodes:
            if not isinstance(node, Splat):
                values.append(self.evaluate(node))
                continue
            inner = self.evaluate(node.value)
            if isinstance(inner, RubyList):
                values += inner.items
            else:
                values.append(self._unknown_from(inner, node))
        return values

    def _hash(self, node: HashNode) -> Value:
        result = RubyHash()
        for key_node, value_node in node.pairs:
            value = self.evaluate(value_node)
            if key_node is None:
                if isinstance(value, Unknown):
                    return Unknown(value.cause)
                try:
                    result = merged(result, [value])
                except CannotComputeError:
                    return self._unknown("'**' makes it an expression", value_node.spot)
                continue
            key = self.evaluate(key_node)
            if isinstance(key, Unknown):
                return Unknown(key.cause)
            try:
                result.put(key, value, key_node.spot)
            except CannotComputeError:
                return self._unknown("this is not computed from literals", key_node.spot)
        return result

    def _assign(self, node: Assign) -> Value:
        if isinstance(node.target, Call):
            return self._assign_element(node, node.target)
        name = node.target.name
        if not node.operator:
            value = self.evaluate(node.value)
        elif node.operator in {"||", "&&"}:
            known = Name(node.target.spot, name) if self._is_bound(name) else Constant(node.spot, None)
            value = self._logic(Logic(node.spot, node.operator, known, node.value))
        else:
            value = self._call(Call(node.spot, node.target, node.operator, (node.value,)))
        self._bind(name, value)
        return value

    def _assign_element(self, node: Assign, target: Call) -> Value:
        receiver = self.evaluate(target.receiver) if target.receiver else None
        value = self.evaluate(node.value)
        keys = self._values(target.arguments)
        if (
            isinstance(receiver, RubyHash)
            and not node.operator
            and len(keys) == 1
            and not isinstance(keys[0], Unknown)
        ):
            self._computed(node, lambda: receiver.put(keys[0], value, node.spot))
            return value
        cause = (
            receiver.cause
            if isinstance(receiver, Unknown)
            else self._unknown("'=' makes it an expression", node.spot).cause
        )
        self._taint(target.receiver, receiver, cause)
        return value

    def _logic(self, node: Logic) -> Value:
        left = self.evaluate(node.left)
        if node.right is None:
            return Unknown(left.cause) if isinstance(left, Unknown) else not is_true(left)
        if not isinstance(left, Unknown):
            return left if is_true(left) == (node.operator == "||") else self.evaluate(node.right)
        if node.operator == "||" and left.variable is not None:
            right = self.evaluate(node.right)
            if isinstance(right, Unknown):
                return right
            receiver = node.left.receiver if isinstance(node.left, Call) else None
            spot = receiver.spot if receiver else left.cause.spot
            self._take_default(left.variable, right, spot, is_fetch=False)
            return right
        self._skip(node.right, left.cause)
        return Unknown(left.cause)

    def _if(self, node: If) -> Value:
        condition = self.evaluate(node.condition)
        if not isinstance(condition, Unknown):
            return self.evaluate(node.then if is_true(condition) else node.otherwise)
        self._skip(Body(node.spot, (node.then, node.otherwise)), condition.cause)
        return Unknown(condition.cause)

    def _case(self, node: Case) -> Value:
        subject = self.evaluate(node.subject) if node.subject else None
        for values, body in node.branches:
            for value in self._values(values):
                try:
                    if is_case_of(value, subject) if node.subject else is_true(known(value)):
                        return self.evaluate(body)
                except CannotComputeError:
                    unknown = next((one for one in (subject, value) if isinstance(one, Unknown)), None)
                    cause = (
                        unknown.cause
                        if unknown
                        else self._unknown("this is not computed from literals", node.spot).cause
                    )
                    bodies = (*(branch for _, branch in node.branches), node.otherwise)
                    self._skip(Body(node.spot, bodies), cause)
                    return Unknown(cause)
        return self.evaluate(node.otherwise)
