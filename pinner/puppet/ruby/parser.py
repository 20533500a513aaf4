"""Parse the part of Ruby that Puppetfiles use into a syntax tree; nothing is executed.

Everything else is refused at its token. Depth and length of a statement are limited.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from pinner.puppet.ruby.declarations import Symbol
from pinner.puppet.ruby.lexer import (
    CODE,
    KEYWORDS,
    Form,
    RubyToken,
    TokenKind,
    TokenStream,
    UnclosedStringError,
    UnreadableEscapeError,
    quote_of,
    read_quoted,
    read_tokens,
    unescape,
    unescape_raw,
)
from pinner.puppet.ruby.syntax import (
    Assign,
    Block,
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
    Parameter,
    Regex,
    Splat,
    Spot,
    Template,
)

MOST_TOKENS: Final = 100_000
"""Maximum number of tokens in one statement."""
DEEPEST: Final = 60
"""Maximum depth of nested expressions."""

_OPERATORS: Final = frozenset(
    (
        *(
            "<=>",
            "===",
            "**=",
            "||=",
            "&&=",
            "<<=",
            ">>=",
            "...",
            "**",
            "==",
            "!=",
            "=~",
            "!~",
            "<=",
            ">=",
            "<<",
        ),
        *(">>", "&&", "||", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "..", "&.", "->", "::"),
    )
)
_BINARY: Final = {
    "..": 1, "...": 1, "||": 2, "&&": 3, "==": 5, "!=": 5, "=~": 5, "!~": 5, "===": 5, "<=>": 5, "<": 6, "<=": 6, ">": 6, ">=": 6,
    "|": 7, "^": 7, "&": 8, "<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11, "**": 13,
}  # fmt: skip
_PASSES: Final = "&"
_ASSIGNMENTS: Final = {"=": "", "+=": "+", "-=": "-", "||=": "||", "&&=": "&&", "<<=": "<<"}
_LITERAL_STARTS: Final = frozenset(
    {TokenKind.STRING, TokenKind.SYMBOL, TokenKind.NUMBER, TokenKind.LABEL, TokenKind.DYNAMIC}
)
_LITERAL_WORDS: Final = {"nil": None, "true": True, "false": False}
_ENDS_A_CALL: Final = frozenset(
    {
        "if",
        "unless",
        "while",
        "until",
        "rescue",
        "do",
        "and",
        "or",
        "then",
        "end",
        "else",
        "elsif",
        "when",
        "in",
    }
)
_INTEGER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_CODE: Final = re.compile(r"\\.|#\{|#(?=[@$])", re.DOTALL)
_SPACES: Final = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)


class UnreadableSyntaxError(ValueError):
    """The token is not in the part of Ruby that is read; not raised outside this package."""

    def __init__(self, token: RubyToken) -> None:
        super().__init__(token.text)
        self.token = token


def _spot(token: RubyToken) -> Spot:
    return Spot(token.line, token.column)


def _nothing(token: RubyToken) -> Constant:
    return Constant(_spot(token), None)


class Parser:
    """Parses statements from a stream; `names` are the local variables so far."""

    def __init__(self, stream: TokenStream, names: set[str], depth: int = 0) -> None:
        self.stream = stream
        self.names = names
        self.depth = depth
        self.in_command = False
        self._compound: Mapping[str, Callable[[], Node]] = {
            **dict.fromkeys(("if", "unless"), self._if),
            **dict.fromkeys(("next", "break", "return"), self._jump),
            "begin": self._begin,
            "case": self._case,
            "def": self._def,
            "for": self._for,
        }

    def parse_statement(self) -> Node:
        """Return the next statement; raises UnreadableSyntaxError at the first token that is refused."""
        with self._deeper():
            node = self._logic_words()
            while self._is_word("if", "unless"):
                token = self._take()
                condition = self._logic_words()
                node = _conditional(token, condition, node, _nothing(token))
            return node

    def parse_whole_statement(self) -> Node:
        """Return the next statement, after which the line or the text ends; raises UnreadableSyntaxError."""
        node = self.parse_statement()
        if self.stream.current.kind not in {TokenKind.NEWLINE, TokenKind.END, TokenKind.BROKEN}:
            raise self._refuse()
        return node

    # Tokens

    def _refuse(self) -> UnreadableSyntaxError:
        return UnreadableSyntaxError(self.stream.current)

    def _take(self) -> RubyToken:
        if len(self.stream.taken) > MOST_TOKENS:
            raise self._refuse()
        return self.stream.take()

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        if self.depth >= DEEPEST:
            raise self._refuse()
        self.depth += 1
        yield
        self.depth -= 1

    def _is_word(self, *words: str) -> bool:
        return self.stream.current.kind is TokenKind.WORD and self.stream.current.text in words

    def _expect_word(self, word: str) -> None:
        if not self._is_word(word):
            raise self._refuse()
        self._take()

    def _takes(self, kind: TokenKind, text: str | None = None) -> bool:
        if self.stream.current.kind is not kind or text not in (None, self.stream.current.text):
            return False
        self._take()
        return True

    def _expect(self, kind: TokenKind, text: str | None = None) -> None:
        if not self._takes(kind, text):
            raise self._refuse()

    def _operator(self) -> str:
        """Return the operator at the current token, which may be several tokens; empty if there is none."""
        first = self.stream.current
        if first.kind is not TokenKind.OPERATOR:
            return ""
        joined, last = first.text, first
        for count in (1, 2):
            following = self.stream.peek(count)
            if following.kind is not TokenKind.OPERATOR or (following.line, following.column) != (
                last.line,
                last.column + len(last.text),
            ):
                break
            joined, last = joined + following.text, following
        return next((joined[:length] for length in (3, 2) if joined[:length] in _OPERATORS), first.text)

    def _take_operator(self, operator: str) -> RubyToken:
        first = self._take()
        length = len(first.text)
        while length < len(operator):
            length += len(self._take().text)
        return first

    def _skip_breaks(self) -> None:
        while self._takes(TokenKind.NEWLINE, "\n"):
            pass

    # Expressions

    def _logic_words(self) -> Node:
        node = self._not()
        while self._is_word("and", "or"):
            token = self._take()
            self._skip_breaks()
            node = Logic(_spot(token), "&&" if token.text == "and" else "||", node, self._not())
        return node

    def _not(self) -> Node:
        if self._is_word("not"):
            token = self._take()
            return Logic(_spot(token), "!", self._not())
        return self._expression()

    def _expression(self) -> Node:
        with self._deeper():
            start = self.stream.current
            left = self._binary(0)
            operator = self._operator()
            if operator in _ASSIGNMENTS:
                return self._assignment(left, operator)
            if operator == "?":
                self._take()
                self._skip_breaks()
                then = self._expression()
                self._skip_breaks()
                if self._operator() != ":":
                    raise self._refuse()
                self._take()
                self._skip_breaks()
                return If(_spot(start), left, then, self._expression())
            return left

    def _assignment(self, target: Node, operator: str) -> Node:
        is_element = isinstance(target, Call) and target.method == "[]" and target.block is None
        if isinstance(target, Call) and target.receiver is None and not target.arguments and not target.block:
            target = Name(target.spot, target.method)
        if not (is_element or isinstance(target, Name)) or not isinstance(target, Name | Call):
            raise self._refuse()
        if isinstance(target, Name):
            self.names.add(target.name)
        token = self._take_operator(operator)
        self._skip_breaks()
        value = self._expression()
        return Assign(_spot(token), target, _ASSIGNMENTS[operator], value)

    def _binary(self, least: int) -> Node:
        with self._deeper():
            left = self._unary()
            while (power := _BINARY.get(operator := self._operator(), 0)) > least:
                token = self._take_operator(operator)
                self._skip_breaks()
                right = self._binary(power if operator != "**" else power - 1)
                if operator in {"&&", "||"}:
                    left = Logic(_spot(token), operator, left, right)
                elif operator in {"!=", "!~"}:
                    method = "==" if operator == "!=" else "=~"
                    left = Logic(_spot(token), "!", Call(_spot(token), left, method, (right,)))
                else:
                    left = Call(_spot(token), left, operator, (right,))
            return left

    def _unary(self) -> Node:
        if self._operator() == "!":
            token = self._take()
            with self._deeper():
                return Logic(_spot(token), "!", self._unary())
        return self._negative() if self._operator() == "-" else self._postfix(self._primary())

    def _negative(self) -> Node:
        """Return a negative number, which is a literal before its methods are called, or a difference from 0."""
        token, number = self._take(), self.stream.current
        if number.kind is TokenKind.NUMBER and not number.is_spaced and _INTEGER.fullmatch(number.text):
            node = self._postfix(Constant(_spot(token), -int(self._take().text)))
        else:
            with self._deeper():
                node = Call(_spot(token), Constant(_spot(token), 0), "-", (self._unary(),))
        if self._operator() == "**":  # it precedes the minus sign
            raise self._refuse()
        return node

    def _postfix(self, node: Node) -> Node:
        while True:
            token, operator = self.stream.current, self._operator()
            bracket = token.text if token.kind is TokenKind.OPEN else ""
            is_index = not token.is_spaced or (isinstance(node, Name) and not self.in_command)
            if operator in {".", "&.", "::"}:
                self._take_operator(operator)
                node = self._method(node, is_safe=operator == "&.", is_path=operator == "::")
            elif bracket == "[" and is_index:
                self._take()
                node = Call(_spot(token), node, "[]", self._items("]"))
            elif (
                isinstance(node, Call)
                and node.block is None
                and (node.method[0].isalpha() or node.method[0] == "_")
                and (bracket == "{" or (self._is_word("do") and not self.in_command))
            ):
                opener = self._take()
                with self._deeper():
                    outer, was = self.names, self.in_command
                    self.names, self.in_command = set(outer), False
                    parameters = self._block_parameters()
                    body = self._body("end" if opener.text == "do" else "}")
                    self.names, self.in_command = outer, was  # the names of a block are gone after it
                node = Call(
                    node.spot,
                    node.receiver,
                    node.method,
                    node.arguments,
                    Block(parameters, body),
                    node.is_safe,
                )
            else:
                return node

    def _method(self, receiver: Node, *, is_safe: bool, is_path: bool) -> Node:
        token = self.stream.current
        if token.kind is not TokenKind.WORD:
            raise self._refuse()
        self._take()
        is_constant = token.text[0].isupper()
        if is_path and is_constant and isinstance(receiver, Name):
            return Name(receiver.spot, f"{receiver.name}::{token.text}")
        if is_path and is_constant:
            raise UnreadableSyntaxError(token)
        arguments, block = self._arguments(token), None
        if arguments and isinstance(passed := arguments[-1], Call) and passed.method == _PASSES:
            arguments, block = arguments[:-1], _block_of(passed)
        return Call(_spot(token), receiver, token.text, arguments, block, is_safe=is_safe)

    # Calls

    def _arguments(self, word: RubyToken) -> tuple[Node, ...]:
        """Return the arguments after a method's name; in those of another call, Ruby requires parentheses."""
        token = self.stream.current
        if token.kind is TokenKind.OPEN and token.text == "(" and not token.is_spaced:
            self._take()
            return self._items(")")
        if not self._begins_arguments(token, word):
            return ()
        was, self.in_command = self.in_command, True
        items = self._listed(None)
        self.in_command = was
        return items

    def _begins_arguments(self, token: RubyToken, word: RubyToken) -> bool:
        if self.in_command or not token.is_spaced or token.line != word.line:
            return False
        if token.kind in _LITERAL_STARTS:
            return True
        if token.kind is TokenKind.WORD:
            return token.text not in _ENDS_A_CALL
        if token.kind is TokenKind.OPEN:
            return token.text in "[("
        following = self.stream.peek(1)
        return self._operator() in {"*", "**", "!", "-", "&"} and not following.is_spaced

    def _items(self, closer: str) -> tuple[Node, ...]:
        was, self.in_command = self.in_command, False
        items = self._listed(closer)
        self.in_command = was
        return items

    def _listed(self, closer: str | None) -> tuple[Node, ...]:
        """Return items separated by commas; pairs become one hash, the last item."""
        items: list[Node] = []
        pairs: list[tuple[Node | None, Node]] = []
        first = self.stream.current
        if closer:
            self._skip_breaks()
        while not (closer and self._takes(TokenKind.CLOSE, closer)):
            token = self.stream.current
            pair = self._pair()
            if isinstance(pair, tuple):
                first = first if pairs else token
                pairs.append(pair)
            elif pairs:
                raise UnreadableSyntaxError(token)
            else:
                items.append(pair)
            has_comma = self._takes(TokenKind.COMMA)
            if not has_comma and closer is None:
                break
            self._skip_breaks()
            if not has_comma and self.stream.current.kind is not TokenKind.CLOSE:
                raise self._refuse()
        return (*items, HashNode(_spot(first), tuple(pairs))) if pairs else tuple(items)

    def _pair(self) -> "Node | tuple[Node | None, Node]":
        token, operator = self.stream.current, self._operator()
        if operator in {"*", "**"}:
            self._take_operator(operator)
            value = self._binary(0)
            return Splat(_spot(token), value) if operator == "*" else (None, value)
        if operator == _PASSES and self.stream.peek(1).kind is TokenKind.SYMBOL:
            self._take()
            return Call(_spot(token), None, _PASSES, (self._primary(),))
        if self._takes(TokenKind.LABEL):
            self._skip_breaks()
            return Constant(_spot(token), Symbol(token.text)), self._expression()
        value = self._expression()
        if self._takes(TokenKind.ARROW):
            self._skip_breaks()
            return value, self._expression()
        return value

    def _block_parameters(self) -> tuple[Parameter, ...]:
        if self._operator() == "||":
            self._take_operator("||")
            return ()
        if self._operator() != "|":
            return ()
        self._take()
        found = [self._block_parameter()]
        while self._takes(TokenKind.COMMA):
            self._skip_breaks()
            found.append(self._block_parameter())
        if self.stream.current.text != "|":
            raise self._refuse()
        self._take()
        return tuple(found)

    def _block_parameter(self) -> Parameter:
        if self._takes(TokenKind.OPEN, "("):
            group = [self._block_parameter()]
            while self._takes(TokenKind.COMMA):
                group.append(self._block_parameter())
            self._expect(TokenKind.CLOSE, ")")
            return Parameter("", "group", group=tuple(group))
        token = self.stream.current
        if token.kind is not TokenKind.WORD or token.text in KEYWORDS:
            raise self._refuse()
        self._take()
        self.names.add(token.text)
        return Parameter(token.text)

    def _body(self, *closers: str) -> Body:
        """Return the statements up to one of the closers, which is taken if it is the only one."""
        first = self.stream.current
        statements = []
        self.stream.skip_separators()
        while not self._closes(closers):
            statements.append(self.parse_statement())
            if not self._closes(closers) and self.stream.current.kind is not TokenKind.NEWLINE:
                raise self._refuse()
            self.stream.skip_separators()
        if len(closers) == 1:
            self._take()
        return Body(_spot(first), tuple(statements))

    def _closes(self, closers: tuple[str, ...]) -> bool:
        kind = TokenKind.CLOSE if closers == ("}",) else TokenKind.WORD
        return self.stream.current.kind is kind and self.stream.current.text in closers

    # Primary expressions

    def _primary(self) -> Node:
        token = self.stream.current
        spot = _spot(token)
        match token.kind:
            case TokenKind.STRING:
                return self._strings()
            case TokenKind.SYMBOL:
                return Constant(spot, Symbol(self._take().text))
            case TokenKind.NUMBER if _INTEGER.fullmatch(token.text):
                return Constant(spot, int(self._take().text))
            case TokenKind.DYNAMIC if token.form:
                return self._dynamic(token, token.form)
            case TokenKind.OPEN:
                return self._bracket(token)
            case TokenKind.WORD:
                return self._word(token)
            case _:
                raise self._refuse()

    def _bracket(self, token: RubyToken) -> Node:
        self._take()
        if token.text == "[":
            return ListNode(_spot(token), self._items("]"))
        if token.text == "{":
            items = self._items("}")
            if not items:
                return HashNode(_spot(token), ())
            if len(items) == 1 and isinstance(items[0], HashNode):
                return items[0]
            raise UnreadableSyntaxError(token)
        was, self.in_command = self.in_command, False
        self._skip_breaks()
        node = self.parse_statement()
        self._skip_breaks()
        self._expect(TokenKind.CLOSE, ")")
        self.in_command = was
        return node

    def _strings(self) -> Node:
        """Return adjacent strings as one."""
        first = self.stream.current
        parts: list[Node] = []
        while self.stream.current.kind is TokenKind.STRING or self.stream.current.form is Form.TEMPLATE:
            token = self._take()
            if token.kind is TokenKind.STRING:
                parts.append(Constant(_spot(token), token.text))
            else:
                parts += self._template(token)
        return (
            parts[0]
            if len(parts) == 1 and isinstance(parts[0], Constant)
            else Template(_spot(first), tuple(parts))
        )

    def _dynamic(self, token: RubyToken, form: Form) -> Node:
        if form is Form.TEMPLATE:
            return self._strings()
        self._take()
        if form is Form.REGEX:
            return Regex(_spot(token), token.source)
        if form is Form.VARIABLE:
            return Name(_spot(token), token.source)
        if form is Form.SYMBOL_TEMPLATE:
            return Template(_spot(token), tuple(self._template(token)), is_symbol=True)
        texts = [
            unescape_raw(re.sub(r"\\(\s)", r"\1", word), quote_of("[", is_raw=True))
            for word in _SPACES.findall(token.source)
        ]
        values = [Symbol(text) if form is Form.SYMBOLS else text for text in texts]
        return ListNode(_spot(token), tuple(Constant(_spot(token), value) for value in values))

    def _template(self, token: RubyToken) -> Iterator[Node]:
        """Yield the parts of a string with interpolated code."""
        source, position, begun = token.source, 0, 0
        while match := _CODE.search(source, position):
            position = match.end()
            if match[0][0] == "\\":
                continue
            if match[0] == "#":
                raise UnreadableSyntaxError(token)
            yield self._piece(token, source[begun : match.start()])
            try:
                end = read_quoted(source, position, CODE).end
            except UnclosedStringError:
                raise UnreadableSyntaxError(token) from None
            offset = 0 if "\n" in source[:position] else position
            yield self._interpolated(token, source[position : end - 1], offset)
            position = begun = end
        yield self._piece(token, source[begun:])

    def _piece(self, token: RubyToken, source: str) -> Node:
        try:
            return Constant(_spot(token), unescape(source))
        except UnreadableEscapeError:
            raise UnreadableSyntaxError(token) from None

    def _interpolated(self, token: RubyToken, code: str, offset: int) -> Node:
        """Return the expression of `#{code}`; in a string of several lines it is placed where that begins."""
        placed = (
            each._replace(line=token.line, column=token.column + offset + each.column)
            for each in read_tokens(code)
        )
        inner = Parser(TokenStream(placed), set(self.names), self.depth + 1)
        try:
            node = inner.parse_statement()
        except UnreadableSyntaxError:
            raise UnreadableSyntaxError(token) from None
        if inner.stream.current.kind is not TokenKind.END:
            raise UnreadableSyntaxError(token)
        return node

    def _word(self, token: RubyToken) -> Node:
        if token.text in _LITERAL_WORDS:
            return Constant(_spot(self._take()), _LITERAL_WORDS[token.text])
        if token.text in self._compound:
            return self._compound[token.text]()
        if token.text in KEYWORDS:
            raise self._refuse()
        self._take()
        following = self.stream.current
        has_parentheses = (
            following.kind is TokenKind.OPEN and following.text == "(" and not following.is_spaced
        )
        is_constant = token.text[0].isupper() and token.text[-1] not in "?!"
        if not has_parentheses and (token.text in self.names or is_constant):
            return Name(_spot(token), token.text)
        return Call(_spot(token), None, token.text, self._arguments(token))

    def _begin(self) -> Node:
        self._take()
        return self._body("end")

    def _jump(self) -> Node:
        token = self._take()
        ends = self.stream.current.kind in {TokenKind.NEWLINE, TokenKind.END, TokenKind.CLOSE}
        ends = ends or self._is_word(*_ENDS_A_CALL)
        return Jump(_spot(token), token.text, _nothing(token) if ends else self._expression())

    def _if(self) -> Node:
        token = self._take()
        was, self.in_command = self.in_command, False
        condition = self._logic_words()
        self._take_then()
        then = self._body("end", "else", "elsif")
        if self._is_word("elsif"):
            with self._deeper():
                otherwise = self._if()
        elif self._takes(TokenKind.WORD, "else"):
            otherwise = self._body("end")
        else:
            self._expect_word("end")
            otherwise = _nothing(token)
        self.in_command = was
        return _conditional(token, condition, then, otherwise)

    def _take_then(self) -> None:
        is_separated = self._takes(TokenKind.NEWLINE)
        self.stream.skip_separators()
        if not self._takes(TokenKind.WORD, "then") and not is_separated:
            raise self._refuse()

    def _case(self) -> Node:
        token = self._take()
        subject = None if self.stream.current.kind is TokenKind.NEWLINE else self._expression()
        self.stream.skip_separators()
        branches = []
        while self._takes(TokenKind.WORD, "when"):
            values = [self._expression()]
            while self._takes(TokenKind.COMMA):
                self._skip_breaks()
                values.append(self._expression())
            self._take_then()
            branches.append((tuple(values), self._body("end", "else", "when")))
        otherwise: Node = _nothing(token)
        if self._takes(TokenKind.WORD, "else"):
            otherwise = self._body("end")
        else:
            self._expect_word("end")
        return Case(_spot(token), subject, tuple(branches), otherwise)

    def _for(self) -> Node:
        """Return a loop over a list as the call of `each` that it is, apart from its variables."""
        token = self._take()
        parameters = [self._block_parameter()]
        while self._takes(TokenKind.COMMA):
            parameters.append(self._block_parameter())
        self._expect_word("in")
        self.in_command = True
        items = self._expression()
        self.in_command = False
        if not self._takes(TokenKind.WORD, "do") and self.stream.current.kind is not TokenKind.NEWLINE:
            raise self._refuse()
        body = self._body("end")
        return Call(_spot(token), items, "for", (), Block(tuple(parameters), body))

    def _def(self) -> Node:
        token = self._take()
        name = self.stream.current
        if name.kind is not TokenKind.WORD or name.text in KEYWORDS:
            raise self._refuse()
        self._take()
        outer, self.names = self.names, set()
        parameters: list[Parameter] = []
        has_brackets = self._takes(TokenKind.OPEN, "(")
        if has_brackets:
            self._skip_breaks()
        while self.stream.current.kind not in {TokenKind.NEWLINE, TokenKind.CLOSE}:
            parameters.append(self._parameter())
            if has_brackets:
                self._skip_breaks()
            if not self._takes(TokenKind.COMMA):
                break
            self._skip_breaks()
        if has_brackets:
            self._expect(TokenKind.CLOSE, ")")
        if self.stream.current.kind is not TokenKind.NEWLINE:
            raise self._refuse()
        with self._deeper():
            body = self._body("end")
        self.names = outer
        return Def(_spot(token), name.text, tuple(parameters), body)

    def _parameter(self) -> Parameter:
        token = self.stream.current
        if self._operator() == "**":
            self._take_operator("**")
            return self._parameter_named(self._take(), "pairs")
        if token.kind is TokenKind.LABEL:
            self._take()
            self.names.add(token.text)
            ends = self.stream.current.kind in {TokenKind.COMMA, TokenKind.CLOSE, TokenKind.NEWLINE}
            default = None if ends else self._expression()
            return Parameter(token.text, "key", default, has_default=not ends)
        found = self._parameter_named(self._take(), "positional")
        if self._operator() == "=":
            self._take()
            return Parameter(found.name, "positional", self._expression(), has_default=True)
        return found

    def _parameter_named(self, token: RubyToken, kind: str) -> Parameter:
        if token.kind is not TokenKind.WORD or token.text in KEYWORDS:
            raise UnreadableSyntaxError(token)
        self.names.add(token.text)
        return Parameter(token.text, kind)


def _block_of(passed: Call) -> Block:
    """Return the block that `&:name` stands for."""
    (name,) = passed.arguments
    item = Name(passed.spot, "it")
    called = name.value.name if isinstance(name, Constant) and isinstance(name.value, Symbol) else ""
    return Block((Parameter("it"),), Body(passed.spot, (Call(passed.spot, item, called),)))


def _conditional(token: RubyToken, condition: Node, then: Node, otherwise: Node) -> Node:
    if token.text == "unless":
        then, otherwise = otherwise, then
    return If(_spot(token), condition, then, otherwise)
