"""Parse Puppet code into a syntax tree, with the grammar of Puppet's own parser.

Accepts what Puppet 4 to 8 accepts; code that Puppet would refuse only when it validates the tree is accepted
too. Source: Puppet, lib/puppet/pops/parser/egrammar.ra.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar

from pinner.model.errors import InputError, Problem
from pinner.puppet.data_types import read_number
from pinner.puppet.language.nodes import (
    Access,
    Attribute,
    Binary,
    Boolean,
    Call,
    Case,
    CaseOption,
    Collector,
    Conditional,
    Default,
    Definition,
    HashLiteral,
    Interpolation,
    Lambda,
    List,
    NodeDefinition,
    Number,
    Parameter,
    Regex,
    Resource,
    ResourceBody,
    ResourceDefaults,
    ResourceOverride,
    Selector,
    Syntax,
    Text,
    TypeAlias,
    TypeName,
    Unary,
    Undef,
    Variable,
)
from pinner.puppet.lexer import Lexer, Token, heredoc_lines, unescape, unescape_single

_T = TypeVar("_T")

_DEEPEST: Final = 150
"""The most nested expressions, blocks and strings; each takes some frames of Python's stack."""

_TOO_DEEP: Final = "line 1: the code is nested too deeply"

_BINDING: Final = {
    **dict.fromkeys(("in",), 19),
    **dict.fromkeys(("=~", "!~"), 18),
    **dict.fromkeys(("*", "/", "%"), 17),
    **dict.fromkeys(("+", "-"), 16),
    **dict.fromkeys(("<<", ">>"), 15),
    **dict.fromkeys(("==", "!="), 14),
    **dict.fromkeys(("<", ">", "<=", ">="), 13),
    **dict.fromkeys(("?",), 12),
    **dict.fromkeys(("and",), 11),
    **dict.fromkeys(("or",), 10),
}
"""How tightly an operator binds, by the order of the grammar."""

_PREFIX: Final = {"!": 22, "*": 21, "-": 20}
_ASSIGNMENTS: Final = frozenset({"=", "+=", "-="})
_EDGES: Final = frozenset({"->", "~>", "<-", "<~"})
_JOINED: Final = frozenset({"->", "~>", "<-", "<~", "<<", ">>", "@@", "+>", "!~"})
"""Operators of two characters that the lexer reads as two tokens."""

_STATEMENT_CALLS: Final = frozenset(
    (
        *("require", "realize", "include", "contain", "tag", "debug", "info", "notice", "warning", "err"),
        *("error", "alert", "emerg", "crit", "fail", "import", "break", "next", "return"),
    )
)
"""Functions that may be called without parentheses."""

_END_OF_ARGUMENTS: Final = frozenset({"", "}", ";", ")", "]", ":"})
_DOLLAR: Final = re.compile(
    r"\$\{|\$(?P<name>(?:::)?\w++(?:::\w++)*)|(?P<plain>[^\\$]++|\\.|[\\$])", re.DOTALL | re.ASCII
)
_DEFINITIONS: Final = frozenset({"class", "define", "function", "plan"})
_KEYWORDS: Final = frozenset({"if", "unless", "case", "true", "false", "undef", "default"})
"""Words that `${` may be followed by without being the name of a variable."""
_NEVER_OPERAND: Final = frozenset({"inherits", "elsif", "else"})


def parse_code(text: str) -> tuple[Syntax, ...]:
    """Return the statements of a manifest.

    Raises InputError (`line N: ...`) for code that Puppet's grammar refuses or that is nested too deeply.
    """
    try:
        return _Parser(text).statements("")
    except RecursionError as error:
        raise InputError(Problem(_TOO_DEEP)) from error


def parse_expression(text: str) -> Syntax:
    """Return one expression, for instance a parameter's default.

    Raises InputError (`line N: ...`) for anything else.
    """
    parser = _Parser(text)
    expression = parser.assignment()
    parser.expect("")
    return expression


class _Parser:
    """A recursive-descent parser over the tokens of `text` from `position` to its end or, inside `${`, to `}`."""

    __slots__ = ("depth", "heredocs", "index", "scopes", "text", "tokens", "words")

    def __init__(self, text: str, position: int = 0, *, is_inside: bool = False, depth: int = 0) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.words: list[str] = []
        """The text of each token; "" at the end."""
        self.index = 0
        self.depth = depth
        self.scopes: list[str] = []
        lexer, open_braces = Lexer(text, position), 0
        while True:
            token = lexer.next()
            word = lexer.of(token)
            last = self.tokens[-1] if self.tokens else token
            is_joined = last.end == token.start and token.kind == last.kind == "operator"
            if is_joined and self.words[-1] + word in _JOINED:
                token = Token("operator", self.tokens.pop().start, token.end)
                word = self.words.pop() + word
            self.tokens.append(token)
            self.words.append(word)
            if is_inside and word == "}" and not open_braces:
                self.tokens.append(Token("end", token.end, token.end))
                self.words.append("")
                break
            if token.kind == "end":
                break
            open_braces += {"{": 1, "}": -1}.get(word, 0)
        self.heredocs = {start: (first, end) for start, first, end in lexer.heredocs}

    # Tokens

    @property
    def word(self) -> str:
        return self.words[self.index]

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def advance(self) -> Token:
        token = self.tokens[self.index]
        if token.kind == "end":
            raise self.error("expected more code")
        self.index += 1
        return token

    def accept(self, word: str) -> bool:
        """Pass over `word` if it is next."""
        if self.words[self.index] != word or self.token.kind in {"string", "regex"}:
            return False
        self.index += 1
        return True

    def expect(self, word: str) -> Token:
        """Return the next token, which must be `word`."""
        if self.words[self.index] != word:
            raise self.error(f"expected {word!r}" if word else "expected the end")
        return self.advance() if word else self.token

    def error(self, what: str) -> InputError:
        found = repr(self.word[:40]) if self.word else "the end of the file"
        return Lexer(self.text).error(f"{what} instead of {found}", self.token.start)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Lexer(self.text).error("the code is nested too deeply", self.token.start)

    # Statements

    def statements(self, end: str) -> tuple[Syntax, ...]:
        """Return the statements up to `end`, which is passed over."""
        self.deeper()
        found: list[Syntax] = []
        while self.words[self.index] != end or self.token.kind == "string":
            if not self.accept(";"):
                found.append(self._statement())
        if end:
            self.index += 1
        self.depth -= 1
        return tuple(found)

    def block(self) -> tuple[Syntax, ...]:
        self.expect("{")
        return self.statements("}")

    def _statement(self) -> Syntax:
        start = self.token
        expression = self.assignment()
        is_name = isinstance(expression, Text) and expression.is_bare
        if is_name and start.kind == "word" and self.words[self.index - 1] in _STATEMENT_CALLS:
            if self.word in _END_OF_ARGUMENTS and self.token.kind != "string":
                return expression
            arguments = [self.assignment()]
            while self.accept(","):
                arguments.append(self.assignment())
            return Call(expression.at, expression, tuple(arguments))
        return expression

    def assignment(self) -> Syntax:
        """Return an assignment, relationship, resource or plain expression."""
        self.deeper()
        left = self._resource()
        while (edge := self.word) in _EDGES:
            self.index += 1
            left = Binary(left.at, edge, left, self._resource())
        if self.word in _ASSIGNMENTS:
            operator = self.advance()
            left = Binary(left.at, self.text[operator.start : operator.end], left, self.assignment())
        self.depth -= 1
        return left

    # Resources

    def _resource(self) -> Syntax:
        if self.word in {"@", "@@"}:
            token = self.advance()
            resource = self._resource()
            if not isinstance(resource, Resource):
                raise self.error("expected a resource after '@'")
            form = self.text[token.start : token.end]
            return Resource(token.start, resource.type, resource.bodies, form)
        left = self.expression()
        while self.word == "{" and self.token.kind == "open":
            left = self._resource_of(left)
        return left

    def _resource_of(self, left: Syntax) -> Syntax:
        self.expect("{")
        if self.word != "}" and not self._is_at_attribute():
            bodies = self._bodies()
            return Resource(left.at, left, bodies)
        attributes = self._attributes()
        self.expect("}")
        if isinstance(left, TypeName):
            return ResourceDefaults(left.at, left, attributes)
        if isinstance(left, Access):
            return ResourceOverride(left.at, left, attributes)
        if isinstance(left, Text) and left.value in _STATEMENT_CALLS:
            return Call(
                left.at,
                left,
                (HashLiteral(left.at, tuple((Text(a.at, a.name), a.value) for a in attributes)),),
            )
        raise self.error("a resource without a title ends")

    def _is_at_attribute(self) -> bool:
        return self.token.kind in {"word", "operator"} and self.words[self.index + 1] in {"=>", "+>"}

    def _bodies(self) -> tuple[ResourceBody, ...]:
        bodies: list[ResourceBody] = []
        while not self.accept("}"):
            title = self.expression()
            self.expect(":")
            bodies.append(ResourceBody(title.at, title, self._attributes()))
            if self.word != "}":
                self.expect(";")
        return tuple(bodies)

    def _attributes(self) -> tuple[Attribute, ...]:
        found: list[Attribute] = []
        while self._is_at_attribute():
            name = self.advance()
            operator = self.word
            self.index += 1
            value = self.expression()
            found.append(Attribute(name.start, self.text[name.start : name.end], value, operator))
            if not self.accept(","):
                break
        return tuple(found)

    # Expressions

    def expression(self, binding: int = 0) -> Syntax:
        """Return an expression whose operators bind tighter than `binding`."""
        self.deeper()
        if self.token.kind == "operator" and self.word in _PREFIX:
            prefix = self.word
            at = self.advance().start
            left: Syntax = Unary(at, prefix, self.expression(_PREFIX[prefix]))
        else:
            left = self._postfix(self._primary())
        while True:
            operator, is_text = self.word, self.token.kind in {"string", "regex", "heredoc"}
            power = 0 if is_text else _BINDING.get(operator, 0)
            if power <= binding:
                break
            self.index += 1
            if operator == "?":
                is_list = self.accept("{")
                entries = self._list("}", self._selector_entry) if is_list else (self._selector_entry(),)
                left = Selector(left.at, left, entries)
            else:
                left = Binary(left.at, operator, left, self.expression(power))
        self.depth -= 1
        return left

    def _postfix(self, left: Syntax) -> Syntax:
        """Return `left` with the accesses, calls and collectors that follow it."""
        while True:
            word, (kind, start, _) = self.word, self.token
            is_callable = isinstance(left, TypeName | Access) or (isinstance(left, Text) and left.is_bare)
            if word == "[" and start and self.text[start - 1] not in " \t\r\n\xa0":
                left = self._access(left)
            elif word == "(" and is_callable and not self._is_first_on_line():
                self.index += 1
                arguments = self._list(")", self._argument)
                left = Call(left.at, left, arguments, self._lambda())
            elif word == "." and kind == "operator":
                self.index += 1
                left = self._method(left)
            elif word in {"<|", "<<|"} and kind == "operator":
                opener = self.word
                self.index += 1
                closer = "|>" if opener == "<|" else "|>>"
                query = None if self.word == closer else self.expression()
                self.expect(closer)
                attributes: tuple[Attribute, ...] = ()
                if self.accept("{"):
                    attributes = self._attributes()
                    self.expect("}")
                left = Collector(left.at, left, query, attributes, is_exported=opener == "<<|")
            else:
                return left

    def _is_first_on_line(self) -> bool:
        start = self.token.start
        line = self.text.rfind("\n", 0, start) + 1
        return not self.text[line:start].strip()

    def _access(self, base: Syntax) -> Syntax:
        self.expect("[")
        return Access(base.at, base, self._list("]", self._argument))

    def _method(self, receiver: Syntax) -> Syntax:
        if self.token.kind not in {"word", "type"}:
            raise self.error("expected a function's name after '.'")
        token = self.advance()
        name = Text(token.start, self.text[token.start : token.end], is_bare=True)
        arguments: tuple[Syntax, ...] = ()
        if self.word == "(" and not self._is_first_on_line():
            self.index += 1
            arguments = self._list(")", self._argument)
        return Call(receiver.at, name, (receiver, *arguments), self._lambda(), is_method=True)

    def _lambda(self) -> Lambda | None:
        if self.word != "|" or self.token.kind != "operator":
            return None
        start = self.advance().start
        parameters = self._list("|", self._parameter)
        if self.accept(">>"):
            self._type()
        return Lambda(start, parameters, self.block())

    def _list(self, end: str, read: Callable[[], _T]) -> tuple[_T, ...]:
        """Return what `read` reads, separated by commas, up to `end`, which is passed over."""
        found: list[_T] = []
        while not self.accept(end):
            found.append(read())
            if self.word != end:
                self.expect(",")
        return tuple(found)

    def _argument(self) -> Syntax:
        """Return an argument; `key => value` pairs without braces are a hash."""
        first = self._word_or(self.assignment)
        if self.word != "=>":
            return first
        entries = [self._value_of(first)]
        while self.word == ",":
            is_simple = self.tokens[self.index + 1].kind in {"string", "word", "number", "variable"}
            if not is_simple or self.words[self.index + 2] != "=>":
                break
            self.index += 1
            entries.append(self._value_of(self._word_or(self.assignment)))
        return HashLiteral(first.at, tuple(entries))

    def _value_of(self, key: Syntax) -> tuple[Syntax, Syntax]:
        self.expect("=>")
        return key, self._word_or(self.assignment)

    def _word_or(self, read: Callable[[], Syntax]) -> Syntax:
        """Return the keywords `type` and `function` as words, which they are in lists and hashes."""
        if self.word in {"type", "function"} and self.words[self.index + 1] in {",", "]", "}", "=>"}:
            token = self.advance()
            return Text(token.start, self.text[token.start : token.end], is_bare=True)
        return read()

    def _selector_entry(self) -> tuple[Syntax, Syntax]:
        key = self.expression()
        self.expect("=>")
        return key, self.expression()

    # Operands

    def _primary(self) -> Syntax:  # noqa: PLR0911 -- one line per kind of token
        token, word = self.token, self.word
        if token.kind == "word":
            return self._of_word(word)
        if token.kind == "open":
            return self._of_bracket(word)
        self.index += 1
        match token.kind:
            case "variable" if len(word) > 1:
                return Variable(token.start, word[1:].removeprefix("::"))
            case "string":
                return self._string(token)
            case "type":
                return TypeName(token.start, word.removeprefix("::"))
            case "number":
                return self._number(token)
            case "regex":
                return Regex(token.start, word[1:-1].replace("\\/", "/"))
            case "heredoc":
                first, end = self.heredocs[token.start]
                lines = heredoc_lines(self.text[token.start : token.end], self.text[first:end])
                if not lines.is_interpolated or "$" not in lines.text:
                    return Text(token.start, lines.unescape(lines.text))
                inner = _Parser(lines.text, len(lines.text), depth=self.depth)
                return inner.interpolated(token.start, 0, len(lines.text), lines.unescape)
        self.index -= 1
        raise self.error("expected an expression")

    def _of_bracket(self, word: str) -> Syntax:
        start = self.advance().start
        if word == "[":
            return List(start, self._list("]", self._argument))
        if word == "{":
            return HashLiteral(start, self._list("}", lambda: self._value_of(self._word_or(self.assignment))))
        inner = self.assignment()
        self.expect(")")
        return inner

    def _of_word(self, word: str) -> Syntax:  # noqa: C901, PLR0911 -- one line per keyword
        token = self.advance()
        match word:
            case "true" | "false":
                return Boolean(token.start, word == "true")
            case "undef":
                return Undef(token.start)
            case "default":
                return Default(token.start)
            case "if" | "unless":
                return self._conditional(token.start, is_unless=word == "unless")
            case "case":
                subject = self.expression()
                self.expect("{")
                options: list[CaseOption] = []
                while not self.accept("}"):
                    values = self._list(":", self.expression)
                    options.append(CaseOption(values[0].at if values else token.start, values, self.block()))
                return Case(token.start, subject, tuple(options))
            case "class" if self.accept("{"):
                return Resource(token.start, Text(token.start, "class", is_bare=True), self._bodies())
            case "node":
                return self._node(token.start)
            case "type" if self.token.kind == "type":
                name = self.advance()
                self.expect("=")
                target = self._of_bracket(self.word) if self.token.kind == "open" else self._alias_target()
                return TypeAlias(token.start, self.text[name.start : name.end].removeprefix("::"), target)
        if word in _DEFINITIONS and self.token.kind in {"word", "type"}:
            return self._definition(token.start, word)
        if word in _NEVER_OPERAND or (word in _DEFINITIONS and not self.word):
            self.index -= 1
            raise self.error("expected an expression")
        return Text(token.start, word, is_bare=True)

    def _number(self, token: Token) -> Syntax:
        text = self.text[token.start : token.end]
        if text[-1:] in "eE" and not text.startswith(("0x", "0X")) and self.word == "-":
            self.index += 1
            if not self.word.isdecimal():
                raise self.error("expected the digits of an exponent")
            return Number(token.start, float(self.text[token.start : self.advance().end]))
        value = read_number(text)
        return Text(token.start, text, is_bare=True) if value is None else Number(token.start, value)

    def _conditional(self, start: int, *, is_unless: bool = False) -> Syntax:
        test = self.expression()
        then = self.block()
        otherwise: tuple[Syntax, ...] = ()
        if self.word == "elsif" and not is_unless:
            self.deeper()
            otherwise = (self._conditional(self.advance().start),)
            self.depth -= 1
        elif self.accept("else"):
            otherwise = self.block()
        return Conditional(start, test, then, otherwise, is_unless)

    # Definitions

    def _definition(self, start: int, kind: str) -> Syntax:
        token = self.advance()
        name = self.text[token.start : token.end].removeprefix("::")
        if kind in {"class", "define"} and self.scopes:
            name = f"{self.scopes[-1]}::{name}"
        parameters: tuple[Parameter, ...] = ()
        if self.accept("("):
            parameters = self._list(")", self._parameter)
        inherits = None
        if kind == "class" and self.accept("inherits"):
            parent = self.advance()
            inherits = self.text[parent.start : parent.end].removeprefix("::")
        returns = self._type() if kind == "function" and self.accept(">>") else None
        self.scopes.append(name)
        body = self.block()
        self.scopes.pop()
        return Definition(start, kind, name, parameters, body, inherits, returns)

    def _parameter(self) -> Parameter:
        type_ = None if self.word == "*" or self.token.kind == "variable" else self._type()
        is_rest = self.accept("*")
        if self.token.kind != "variable":
            raise self.error("expected a parameter")
        token = self.advance()
        default = self.expression() if self.accept("=") else None
        return Parameter(token.start, self.text[token.start + 1 : token.end], type_, default, is_rest)

    def _type(self) -> Syntax:
        if self.token.kind != "type":
            raise self.error("expected a data type")
        token = self.advance()
        name = TypeName(token.start, self.text[token.start : token.end].removeprefix("::"))
        return self._access(name) if self.word == "[" else name

    def _alias_target(self) -> Syntax:
        target = self._type()
        if self.word == "{":
            return Access(target.at, target, (self._of_bracket("{"),))
        return target

    def _node(self, start: int) -> Syntax:
        names = [self._node_name()]
        while self.accept(","):
            if self.word not in {"{", "inherits"}:
                names.append(self._node_name())
        if self.accept("inherits"):
            self._node_name()
        return NodeDefinition(start, tuple(names), self.block())

    def _node_name(self) -> Syntax:
        if self.token.kind in {"string", "regex", "heredoc"} or self.word == "default":
            return self._primary()
        first = self.advance()
        while self.word == ".":
            self.index += 1
            self.advance()
        return Text(first.start, self.text[first.start : self.tokens[self.index - 1].end])

    # Strings

    def _string(self, token: Token) -> Syntax:
        inner = self.text[token.start + 1 : token.end - 1]
        if self.text[token.start] == "'":
            return Text(token.start, unescape_single(inner))
        if "$" not in inner:
            return Text(token.start, unescape(inner))
        return self.interpolated(token.start, token.start + 1, token.end - 1, unescape)

    def interpolated(self, at: int, start: int, end: int, read: Callable[[str], str]) -> Syntax:
        """Return the string between the offsets `start` and `end`; `read` reads the escapes of its texts."""
        parts: list[Syntax] = []
        position = begin = start
        while position < end:
            match = _DOLLAR.match(self.text, position, end)
            if match is None:
                break
            position = match.end()
            if match["plain"] is not None:
                continue
            self._add_text(parts, begin, match.start(), read)
            if match["name"] is not None:
                parts.append(Variable(match.start(), match["name"].removeprefix("::")))
            else:
                expression, position = self._embedded(position)
                parts.append(expression)
            begin = position
        self._add_text(parts, begin, end, read)
        if len(parts) == 1 and isinstance(parts[0], Text):
            return parts[0]
        return Interpolation(at, tuple(parts))

    def _add_text(self, parts: list[Syntax], start: int, end: int, read: Callable[[str], str]) -> None:
        if start < end:
            parts.append(Text(start, read(self.text[start:end])))

    def _embedded(self, position: int) -> tuple[Syntax, int]:
        """Return the expression of `${...}`, and the offset after its `}`."""
        inner = _Parser(self.text, position, is_inside=True, depth=self.depth + 1)
        first, following = inner.tokens[0], inner.words[1] if len(inner.words) > 1 else ""
        # A keyword is a variable's name too if nothing but `}`, `.` or an index follows it.
        is_name = (
            inner.word not in _KEYWORDS or following in {"}", "."} or self.text.startswith("[", first.end)
        )
        if (first.kind == "word" and following != "(" and is_name) or first.kind == "number":
            inner.tokens[0] = Token("variable", first.start, first.end)
            inner.words[0] = f"${inner.words[0]}"
        expression: Syntax = Undef(position) if inner.word == "}" else inner.assignment()
        return expression, inner.expect("}").end
