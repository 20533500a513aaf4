"""Evaluate the declarations of a Puppetfile: literals, constants, loops over literals and conditions on them.

This is not Ruby, and Ruby is never run: what the evaluator does not support is an unknown value, and each
cause of unknown values is reported once. Steps, sizes and depth are limited.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pinner.model.text import quoted
from pinner.puppet.ruby.declarations import (
    Argument,
    Declaration,
    RubyPair,
    Symbol,
    UnreadableRuby,
    read_declaration,
    reason_against,
)
from pinner.puppet.ruby.expressions import (
    CHANGES_A_HASH,
    CHANGES_A_LIST,
    EnvironmentDefault,
    Expressions,
    JumpError,
    Scope,
    StoppedError,
)
from pinner.puppet.ruby.lexer import TokenKind, TokenStream, read_tokens
from pinner.puppet.ruby.methods import (
    CannotComputeError,
    Cause,
    RubyHash,
    RubyList,
    RubyRegex,
    Unknown,
    Value,
    bounded,
    call_method,
    hash_key,
    hash_of,
    is_true,
)
from pinner.puppet.ruby.parser import Parser, UnreadableSyntaxError
from pinner.puppet.ruby.syntax import Block, Call, Def, Name, Node, Parameter, Spot

MOST_ROUNDS: Final = 200_000
"""Maximum number of times that a block is called."""

_RETURNS_ITSELF: Final = frozenset(
    {"each", "each_pair", "each_with_index", "each_key", "each_value", "for", "times", "upto"}
)
_MAPS_HASHES: Final = frozenset({"transform_keys", "transform_values"})
_ONE_OF_A_PAIR: Final = {"each_key": 0, "each_value": 1, "transform_keys": 0, "transform_values": 1}
"""Methods of hashes, and which part of each pair their block is called with."""
_KEEPS: Final = frozenset({"select", "filter", "reject"})
LOOPS: Final = _RETURNS_ITSELF | _KEEPS | {"map", "collect", "flat_map", "to_h", *_MAPS_HASHES}
_ONLY_HASHES: Final = frozenset({"each_key", "each_value", "each_pair"})


def read_rows(method: str, receiver: Value) -> list[list[Value]] | None:
    """Return what a block is called with, one row for each time; None if it is not a loop that is supported."""
    if isinstance(receiver, RubyHash):
        if method in _ONE_OF_A_PAIR:
            return [[pair[_ONE_OF_A_PAIR[method]]] for pair in receiver.pairs()]
        if method in _KEEPS:
            return [[key, value] for key, value in receiver.pairs()]
        return (
            None if method == "times" else _numbered(method, [RubyList([*pair]) for pair in receiver.pairs()])
        )
    if isinstance(receiver, RubyList) and method not in {*_ONLY_HASHES, *_MAPS_HASHES, "times"}:
        return _numbered(method, receiver.items)
    if isinstance(receiver, int) and not isinstance(receiver, bool) and method == "times":
        return [[number] for number in range(min(receiver, MOST_ROUNDS))]
    return None


def _numbered(method: str, items: Sequence[Value]) -> list[list[Value]]:
    has_number = method == "each_with_index"
    return [[item, number] if has_number else [item] for number, item in enumerate(items)]


def collect(method: str, receiver: Value, rows: Sequence[list[Value]], results: Sequence[Value]) -> Value:
    """Return the value of a loop from the results of its block; raises CannotComputeError."""
    if method in _RETURNS_ITSELF:
        return receiver
    if method in {"map", "collect", "to_h"}:
        return RubyList([*results])
    unknown = next((result for result in results if isinstance(result, Unknown)), None)
    if unknown is not None:
        return Unknown(unknown.cause)
    if method == "flat_map":
        return RubyList(
            [each for one in results for each in (one.items if isinstance(one, RubyList) else [one])]
        )
    if method not in _KEEPS:
        raise CannotComputeError
    kept = [row for row, one in zip(rows, results, strict=True) if is_true(one) != (method == "reject")]
    if not isinstance(receiver, RubyHash):
        return RubyList([row[0] for row in kept])
    keys = {hash_key(row[0]) for row in kept}
    return RubyHash(
        {key: value for key, value in receiver.values.items() if key in keys}, dict(receiver.spots)
    )


def _remapped(method: str, receiver: RubyHash, results: Sequence[Value]) -> RubyHash:
    """Return the hash with other keys or other values."""
    found = RubyHash()
    for (key, value), result in zip(receiver.pairs(), results, strict=True):
        pair = (result, value) if method == "transform_keys" else (key, result)
        found.put(*pair, receiver.spots[hash_key(key)])
    return found


def _passes_an_object(node: Call) -> bool:
    return node.method == "each_with_object" and len(node.arguments) == 1


DEEPEST_CALL: Final = 20
"""Maximum depth of calls of the file's own methods."""
_SILENT: Final = frozenset({"puts", "print", "p", "pp", "warn"})
_STOPS: Final = frozenset({"abort", "exit", "exit!", "fail", "raise"})
_STANDARD_LIBRARY: Final = frozenset(
    {"English", "erb", "etc", "fileutils", "json", "net/http", "open3", "ostruct", "pathname", "pp", "set"}
    | {"shellwords", "socket", "tempfile", "time", "uri", "yaml"}
)
KNOWN_CALLS: Final = _SILENT | _STOPS | {"require", "format", "sprintf"}


class Calls(Expressions):
    """Evaluates calls too."""

    def _call(self, node: Call) -> Value:
        if node.receiver is None:
            return self._call_own(node)
        if isinstance(node.receiver, Name) and not self._is_bound(node.receiver.name):
            if node.receiver.name == "ENV":
                return self._environment(node)
            if (node.receiver.name, node.method) == ("File", "join"):
                return self._join_paths(node)
            if (node.receiver.name, node.method) == ("Hash", "[]") and len(node.arguments) == 1:
                value = self.evaluate(node.arguments[0])
                return self._to_hash(node, value if not isinstance(value, RubyHash) else value.copy())
        receiver = self.evaluate(node.receiver)
        return self._call_with(node, receiver)

    def _call_with(self, node: Call, receiver: Value) -> Value:
        if isinstance(receiver, Unknown):
            for argument in node.arguments:
                self.evaluate(argument)
            if node.block:
                self._skip(node.block.body, receiver.cause)
            return Unknown(receiver.cause)
        if node.is_safe and receiver is None:
            return None
        if node.block:
            return self._loop(node, receiver, node.block)
        return self._call_on(node, receiver, self._values(node.arguments))

    def _call_on(self, node: Call, receiver: Value, arguments: list[Value]) -> Value:
        if isinstance(receiver, RubyList) and node.method in CHANGES_A_LIST:
            receiver.items.extend(arguments)
            return self._computed(node, lambda: bounded(receiver))
        if isinstance(receiver, RubyList | RubyHash | None) and node.method == "to_h" and not arguments:
            return self._to_hash(node, receiver)
        if isinstance(receiver, RubyHash) and node.method in CHANGES_A_HASH:
            for other in arguments:
                if isinstance(other, RubyHash):
                    receiver.values.update(other.values)
                    receiver.spots.update(other.spots)
                else:
                    self._taint(node.receiver, receiver, self._unknown_from(other, node).cause)
            return receiver
        try:
            return call_method(receiver, node.method, arguments)
        except CannotComputeError:
            pass
        unknown = next((argument for argument in arguments if isinstance(argument, Unknown)), None)
        if unknown is None:
            unknown = self._unknown(f"{quoted(node.method)} makes it an expression", node.spot)
        if isinstance(receiver, RubyList | RubyHash) or node.method.endswith("!") or node.method == "<<":
            self._taint(node.receiver, receiver, unknown.cause)
        return Unknown(unknown.cause)

    def _environment(self, node: Call) -> Value:
        """Return an environment variable of the run, which is unknown, or the default of `fetch`."""
        values = self._values(node.arguments)
        name = values[0] if values else None
        shown = name if isinstance(name, str) else "ENV"
        reason = f"the environment variable {quoted(shown)} is not known"
        if node.method == "fetch" and node.block and not node.block.parameters and len(values) == 1:
            values.append(self.evaluate(node.block.body))
        if node.method == "fetch" and len(values) == 2 and isinstance(name, str):  # noqa: PLR2004 - name, default
            if not isinstance(values[1], Unknown):
                self._take_default(name, values[1], node.spot, is_fetch=True)
            return values[1]
        spot = node.receiver.spot if node.receiver else node.spot
        cause = self.undefined.setdefault(f"ENV[{shown!r}]", Cause(reason, spot))
        is_plain = node.method in {"[]", "fetch"} and isinstance(name, str) and len(values) == 1
        if not is_plain and node.method not in {"key?", "has_key?", "include?"}:
            self.add_cause(cause)
        return Unknown(cause, shown if is_plain and node.method == "[]" else None)

    def _join_paths(self, node: Call) -> Value:
        values = self._values(node.arguments)
        if unknown := next((value for value in values if isinstance(value, Unknown)), None):
            return unknown
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) != len(values) or any("//" in text or not text for text in texts) or not texts:
            return self._unknown("this is not computed from literals", node.spot)
        joined = texts[0]
        for text in texts[1:]:
            joined = f"{joined.rstrip('/')}/{text.lstrip('/')}"
        return joined

    def _call_own(self, node: Call) -> Value:
        method = self.methods.get(node.method)
        if node.method in self.words and not isinstance(method, Def):
            self._declare(node)
            return None
        if isinstance(method, Def):
            return self._call_defined(node, method)
        before = set(self.causes)
        values = self._values(node.arguments)
        if node.method in _SILENT and not node.block and method is None:
            return None
        if node.method == "require" and len(values) == 1 and values[0] in _STANDARD_LIBRARY:
            return True
        if node.method in _STOPS:
            raise StoppedError(Cause(f"{quoted(node.method)} ends the run here", node.spot), is_rest=False)
        if node.method in {"format", "sprintf"} and len(values) > 1 and not node.block:
            return self._call_on(Call(node.spot, node.arguments[0], "%"), values[0], [RubyList(values[1:])])
        for needless in [
            one for one, affected in self.causes.items() if one not in before and not affected.modules
        ]:
            del self.causes[needless]  # what is passed to an unknown method makes nothing else unknown
        cause = method if isinstance(method, Cause) else self.undefined_cause(node.method, node.spot)
        for argument, value in zip(node.arguments, values, strict=False):
            self._taint(argument, value, cause)
        if node.block:
            self._skip(node.block.body, cause)
        self.add_cause(cause)
        return Unknown(cause)

    def _call_defined(self, node: Call, method: Def) -> Value:
        """Return what a method of the file itself returns."""
        values = self._values(node.arguments)
        if self.depth >= DEEPEST_CALL:
            raise StoppedError(Cause("the code is nested too deeply", node.spot), is_rest=True)
        scope = Scope()
        outer, self.scope = self.scope, scope
        was, self.site = self.site, self.site or node.spot
        self.depth += 1
        try:
            if node.block or not self._bind_parameters(method.parameters, values):
                return self._unknown(
                    f"the arguments of {quoted(node.method)} do not fit its definition", node.spot
                )
            return self.evaluate(method.body)
        except JumpError as jump:
            if jump.word != "return":
                raise
            return jump.value
        finally:
            self.scope, self.site = outer, was
            self.depth -= 1

    def _bind_parameters(self, parameters: Sequence[Parameter], given: list[Value]) -> bool:
        """Bind the parameters of a method; return whether the arguments fit."""
        positional = [parameter for parameter in parameters if parameter.kind == "positional"]
        keys = [parameter for parameter in parameters if parameter.kind == "key"]
        rest = [parameter for parameter in parameters if parameter.kind == "pairs"]
        values = list(given)
        options = RubyHash()
        if (keys or rest) and values and isinstance(values[-1], RubyHash):
            options = values.pop().copy()  # type: ignore[union-attr]  # a hash, as checked
        least = sum(not parameter.has_default for parameter in positional)
        if not least <= len(values) <= len(positional):
            return False
        spare = len(values) - least
        for parameter in positional:
            if parameter.has_default and spare == 0:
                self.scope.names[parameter.name] = (
                    self.evaluate(parameter.default) if parameter.default else None
                )
                continue
            spare -= parameter.has_default
            self.scope.names[parameter.name] = values.pop(0)
        by_name = {key.value.name: key for key in options.values if isinstance(key.value, Symbol)}
        for parameter in keys:
            key = by_name.pop(parameter.name, None)
            if key is None and not parameter.has_default:
                return False
            if key is not None:
                self.scope.names[parameter.name] = options.values.pop(key)
            else:
                self.scope.names[parameter.name] = (
                    self.evaluate(parameter.default) if parameter.default else None
                )
        for parameter in rest:
            self.scope.names[parameter.name] = options
        return bool(rest) or not options.values

    def _declare(self, node: Call) -> None:
        """Write down a declaration, or what makes it unknown."""
        values = self._values(node.arguments)
        unknown = next(_unknown_parts(values), None)
        if node.block:
            unknown = unknown or self._unknown("'do' makes it an expression", node.spot)
        if unknown is not None:
            first = values[0] if values else None
            affected = self.add_cause(unknown.cause)
            affected.modules.append(first if isinstance(first, str) else "")
            return
        options = values.pop() if values and isinstance(values[-1], RubyHash) else None
        spots = [argument.spot for argument in node.arguments]
        arguments = tuple(
            Argument(value, *spot)
            for value, spot in zip(values, spots, strict=False)
            if not isinstance(value, RubyList | RubyHash | RubyRegex | Unknown)
        )
        named = options if isinstance(options, RubyHash) else RubyHash()
        pairs = tuple(
            RubyPair(key.value, value, *named.spots[key])
            for key, value in named.values.items()
            if not isinstance(value, RubyList | RubyHash | RubyRegex | Unknown)
        )
        is_whole = len(arguments) == len(values) <= len(spots)
        is_whole = is_whole and (not isinstance(options, RubyHash) or 0 < len(pairs) == len(options.values))
        if is_whole:
            self.called.append(Declaration(node.method, *(self.site or node.spot), arguments, pairs))
        else:
            self._depends(node, self._unknown("its arguments are not texts and options", node.spot).cause)

    def _loop(self, node: Call, receiver: Value, block: Block) -> Value:
        collected = self.evaluate(node.arguments[0]) if _passes_an_object(node) else None
        rows = self._rows(node, receiver, collected)
        if rows is None:
            unknown = self._unknown(f"{quoted(node.method)} makes it an expression", node.spot)
            self._skip(block.body, unknown.cause)
            self._taint(node.receiver, receiver, unknown.cause)
            return unknown
        results: list[Value] = []
        for row in rows:
            outer = self.scope
            if node.method != "for":
                self.scope = Scope(outer=outer)
            try:
                self._bind_block(block.parameters, row)
                results.append(self.evaluate(block.body))
            except JumpError as jump:
                if jump.word == "break":
                    return jump.value
                if jump.word == "return":
                    raise
                results.append(jump.value)
            finally:
                self.scope = outer
        if _passes_an_object(node):
            return collected
        if node.method in _MAPS_HASHES and isinstance(receiver, RubyHash):
            return self._computed(node, lambda: _remapped(node.method, receiver, results))
        found = self._computed(node, lambda: collect(node.method, receiver, rows, results))
        return found if node.method != "to_h" else self._to_hash(node, found)

    def _rows(self, node: Call, receiver: Value, collected: Value) -> list[list[Value]] | None:
        """Return what the block is called with, one row for each time; None if that is not known."""
        if node.method == "upto" and len(node.arguments) == 1:
            covered = self._call_on(Call(node.spot, None, ".."), receiver, self._values(node.arguments))
            return read_rows("each", covered)
        if _passes_an_object(node) and isinstance(collected, RubyList | RubyHash):
            rows = read_rows("each", receiver)
            return None if rows is None else [[*row, collected] for row in rows]
        return read_rows(node.method, receiver) if node.method in LOOPS and not node.arguments else None

    def _to_hash(self, node: Call, pairs: Value) -> Value:
        if isinstance(pairs, Unknown):
            return pairs
        unknown = next(_unknown_parts([pairs]), None)
        return self._computed(node, lambda: hash_of(pairs, node.spot)) if unknown is None else unknown

    def _bind_block(self, parameters: Sequence[Parameter], row: list[Value]) -> None:
        values = row
        if len(row) == 1 and len(parameters) > 1:
            first = row[0]
            if isinstance(first, RubyList):
                values = first.items
            elif isinstance(first, Unknown):
                values = [Unknown(first.cause)] * len(parameters)
        for number, parameter in enumerate(parameters):
            value = values[number] if number < len(values) else None
            if parameter.kind == "group":
                self._bind_block(parameter.group, [value])
            else:
                self.scope.names[parameter.name] = value


def _unknown_parts(values: Sequence[Value]) -> Iterator[Unknown]:
    """Yield the unknown values among the arguments of a declaration and their options."""
    for value in values:
        if isinstance(value, Unknown):
            yield value
        elif isinstance(value, RubyHash):
            yield from (each for each in value.values.values() if isinstance(each, Unknown))


Evaluated = Declaration | UnreadableRuby | EnvironmentDefault


def evaluate_declarations(text: str, words: frozenset[str]) -> Iterator[Evaluated]:
    """Yield the declarations in the order in which they are called, and everything that is not known.

    `words` are those of the declarations. As in Ruby, a carriage return before a line break is ignored.
    """
    stream = TokenStream(read_tokens(text.replace("\r\n", "\n")))
    evaluator = Evaluator(words)
    stream.skip_separators()
    while stream.current.kind is not TokenKind.END:
        yield from evaluator.read_statement(stream)
        broken = stream.current
        if evaluator.is_stopped:
            break
        if broken.kind is TokenKind.BROKEN:
            cause = Cause(reason_against(broken), Spot(broken.line, broken.column))
            if cause.reason not in evaluator.reasons_of_statements:
                evaluator.add_cause(cause, is_rest=True)
            break
        stream.skip_separators()
    yield from evaluator.unknown()


class Evaluator(Calls):
    """Evaluates statements one after the other."""

    def read_statement(self, stream: TokenStream) -> Iterator[Declaration]:
        """Yield what the next statement calls, and move the stream to its end."""
        stream.begin()
        start = stream.current
        is_own = start.text in self.methods or self.scope.holder(start.text) is not None
        literal = read_declaration(stream)
        if isinstance(literal, Declaration) and not is_own and literal.word not in KNOWN_CALLS:
            yield literal
            return
        end = stream.current
        if end.kind is not TokenKind.BROKEN:
            stream.rewind()
            try:
                node = Parser(stream, self.scope.visible()).parse_whole_statement()
            except (UnreadableSyntaxError, RecursionError) as error:
                self._give_up(stream, literal, error)
                return
            if stream.current.kind is not TokenKind.BROKEN:
                self._run(node, stream.last.line)
                yield from self.called
                self.called.clear()
                return
        if isinstance(literal, UnreadableRuby):
            self._leave_out(literal)

    def _give_up(self, stream: TokenStream, literal: Declaration | UnreadableRuby, error: Exception) -> None:
        """Skip a statement that cannot be parsed; what it would define is unknown."""
        stream.rewind()
        name, following = stream.current, stream.peek(1)
        read_declaration(stream)
        if isinstance(literal, Declaration):
            return
        is_own_word = literal.begun is not None and literal.begun.word in self.words
        if isinstance(error, UnreadableSyntaxError) and not is_own_word:
            token = error.token
            literal = UnreadableRuby(
                reason_against(token),
                token.line,
                token.column,
                None,
                literal.last_line,
                is_rest=literal.is_rest,
            )
        cause = self._leave_out(literal)
        if following.text == "=" and name.kind is TokenKind.WORD:
            self._bind(name.text, Unknown(cause))
        elif name.text == "def" and following.text not in self.words:
            self.methods[following.text] = cause

    def _leave_out(self, literal: UnreadableRuby) -> Cause:
        cause = Cause(literal.reason, Spot(literal.line, literal.column))
        self.reasons_of_statements.add(literal.reason)
        affected = self.add_cause(cause, is_rest=literal.is_rest, last_line=literal.last_line)
        affected.begun = literal.begun
        return cause

    def _run(self, node: Node, last_line: int) -> None:
        try:
            self.evaluate(node)
        except JumpError as jump:
            self._stop(Cause(f"'{jump.word}' is outside of a loop or a method", node.spot), is_rest=True)
        except StoppedError as stopped:
            if not stopped.is_rest:
                self._note(node, stopped.cause)
            self._stop(stopped.cause, is_rest=stopped.is_rest, last_line=last_line)
        except RecursionError:
            self._stop(Cause("the code is nested too deeply", node.spot), is_rest=True)
        self.site, self.depth = None, 0

    def _stop(self, cause: Cause, *, is_rest: bool, last_line: int = 0) -> None:
        self.add_cause(cause, is_rest=is_rest, last_line=last_line)
        self.is_stopped = self.is_stopped or is_rest
