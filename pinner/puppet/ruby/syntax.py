"""The syntax tree of the part of Ruby that Puppetfiles use."""

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, NamedTuple

from pinner.puppet.ruby.declarations import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Spot(NamedTuple):
    """A position in the text, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the text contains itself."""

    spot: Spot
    value: Literal


@dataclass(frozen=True, slots=True)
class Template:
    """A string, or a symbol, of several parts."""

    spot: Spot
    parts: "tuple[Node, ...]"
    is_symbol: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression without flags and without code in it, such as `/^stable/`."""

    spot: Spot
    source: str


@dataclass(frozen=True, slots=True)
class Name:
    """A local variable, a constant (`BASE`, `A::B`), or a variable with a sigil."""

    spot: Spot
    name: str


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list in brackets."""

    spot: Spot
    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Splat:
    """A list (`*x`) or a hash (`**x`) whose items are inserted."""

    spot: Spot
    value: "Node"


@dataclass(frozen=True, slots=True)
class HashNode:
    """Pairs, in braces or at the end of a call's arguments; a key of None inserts another hash."""

    spot: Spot
    pairs: "tuple[tuple[Node | None, Node], ...]"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a block or method: `kind` is one of `positional`, `key`, `pairs` and `group`."""

    name: str
    kind: str = "positional"
    default: "Node | None" = None
    has_default: bool = False
    group: "tuple[Parameter, ...]" = ()


@dataclass(frozen=True, slots=True)
class Block:
    """The block of a call."""

    parameters: tuple[Parameter, ...]
    body: "Body"


@dataclass(frozen=True, slots=True)
class Call:
    """A method call; without a receiver, the method is one of the file's own or of the DSL."""

    spot: Spot
    receiver: "Node | None"
    method: str
    arguments: "tuple[Node, ...]" = ()
    block: Block | None = None
    is_safe: bool = False


@dataclass(frozen=True, slots=True)
class Assign:
    """An assignment to a name or an element; `operator` is empty or one such as `+` or `||`."""

    spot: Spot
    target: "Name | Call"
    operator: str
    value: "Node"


@dataclass(frozen=True, slots=True)
class Logic:
    """`&&`, `||` or `!` (with no right side)."""

    spot: Spot
    operator: str
    left: "Node"
    right: "Node | None" = None


@dataclass(frozen=True, slots=True)
class If:
    """`if`, `unless` and `?:`."""

    spot: Spot
    condition: "Node"
    then: "Node"
    otherwise: "Node"


@dataclass(frozen=True, slots=True)
class Case:
    """`case`; without a subject, the first true value counts."""

    spot: Spot
    subject: "Node | None"
    branches: "tuple[tuple[tuple[Node, ...], Node], ...]"
    otherwise: "Node"


@dataclass(frozen=True, slots=True)
class Jump:
    """`next`, `break` or `return`."""

    spot: Spot
    word: str
    value: "Node"


@dataclass(frozen=True, slots=True)
class Def:
    """The definition of a method."""

    spot: Spot
    name: str
    parameters: tuple[Parameter, ...]
    body: "Body"


@dataclass(frozen=True, slots=True)
class Body:
    """Statements one after the other."""

    spot: Spot
    statements: "tuple[Node, ...]"


Node = (
    Constant
    | Template
    | Regex
    | Name
    | ListNode
    | Splat
    | HashNode
    | Call
    | Assign
    | Logic
    | If
    | Case
    | Jump
    | Def
    | Body
)


def walk(node: object) -> "Iterator[Node]":
    """Yield the node and all nodes below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, tuple) and not isinstance(current, Spot):
            stack.extend(reversed(current))
        elif is_dataclass(current) and not isinstance(current, type):
            if isinstance(current, Node):
                yield current
            stack.extend(getattr(current, field.name) for field in reversed(fields(current)))
