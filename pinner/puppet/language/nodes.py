"""The syntax tree of Puppet code, with the constructs and precedence of Puppet's own grammar, and Puppet's own functions.

`at` is the 0-based offset of a node in the text and does not count when nodes are compared.
Source: Puppet, lib/puppet/pops/parser/egrammar.ra and lib/puppet/pops/model/ast.rb. The functions are those of
lib/puppet/functions and lib/puppet/parser/functions since version 6.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Final


@dataclass(frozen=True, slots=True)
class Syntax:
    """A node of the syntax tree."""

    at: int = field(compare=False)

    def children(self) -> "Iterator[Syntax]":
        """Yield the nodes directly inside this one, in the order of its fields."""
        for each in fields(self):
            yield from _nodes(getattr(self, each.name))


def _nodes(value: object) -> Iterator[Syntax]:
    if isinstance(value, Syntax):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _nodes(one)


def walk(node: Syntax) -> Iterator[Syntax]:
    """Yield the node and all nodes inside it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += current.children()


@dataclass(frozen=True, slots=True)
class Text(Syntax):
    """A string without interpolation, or a bare word such as `present` if `is_bare`."""

    value: str
    is_bare: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Number(Syntax):
    """An integer or a float, without a sign."""

    value: int | float


@dataclass(frozen=True, slots=True)
class Boolean(Syntax):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Undef(Syntax):
    """`undef`."""


@dataclass(frozen=True, slots=True)
class Default(Syntax):
    """`default`."""


@dataclass(frozen=True, slots=True)
class Regex(Syntax):
    """A regular expression, without its slashes."""

    source: str


@dataclass(frozen=True, slots=True)
class Interpolation(Syntax):
    """A string with interpolated expressions; `parts` are texts and expressions in order."""

    parts: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Variable(Syntax):
    """A variable, without `$` and without a leading `::`."""

    name: str


@dataclass(frozen=True, slots=True)
class TypeName(Syntax):
    """A name in capitals, such as `String` or `Nova::Config`, without a leading `::`."""

    name: str


@dataclass(frozen=True, slots=True)
class Access(Syntax):
    """`base[keys]`: an element, a parametrized type or a resource reference."""

    base: Syntax
    keys: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class List(Syntax):
    """`[items]`."""

    items: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class HashLiteral(Syntax):
    """`{key => value}`."""

    entries: tuple[tuple[Syntax, Syntax], ...]


@dataclass(frozen=True, slots=True)
class Parameter(Syntax):
    """A parameter of a definition or lambda, without its `$`; `is_rest` is True for `*$rest`."""

    name: str
    type: Syntax | None = None
    default: Syntax | None = None
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Lambda(Syntax):
    """`|parameters| { body }`."""

    parameters: tuple[Parameter, ...]
    body: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Call(Syntax):
    """A call `name(arguments)`, or `first.name(others)` if `is_method`.

    `callee` is a `Text` for a function and a `TypeName` for `Type(...)`.
    """

    callee: Syntax
    arguments: tuple[Syntax, ...]
    block: Lambda | None = None
    is_method: bool = False

    @property
    def name(self) -> str:
        """Return the function's name without a leading `::`, "" for another kind of callee."""
        return self.callee.value.removeprefix("::") if isinstance(self.callee, Text) else ""


@dataclass(frozen=True, slots=True)
class Unary(Syntax):
    """`!`, `-` or `*` before an operand."""

    operator: str
    operand: Syntax


@dataclass(frozen=True, slots=True)
class Binary(Syntax):
    """Two operands: `and`, `or`, `in`, arithmetic, comparisons, assignments and relationships."""

    operator: str
    left: Syntax
    right: Syntax


@dataclass(frozen=True, slots=True)
class Conditional(Syntax):
    """`if` or, with `is_unless`, `unless`; an `elsif` is a conditional as the only statement of `otherwise`."""

    test: Syntax
    then: tuple[Syntax, ...]
    otherwise: tuple[Syntax, ...] = ()
    is_unless: bool = False


@dataclass(frozen=True, slots=True)
class CaseOption(Syntax):
    """The values of one option of a `case` and its body."""

    values: tuple[Syntax, ...]
    body: tuple[Syntax, ...]


@dataclass(frozen=True, slots=True)
class Case(Syntax):
    """`case subject { options }`."""

    subject: Syntax
    options: tuple[CaseOption, ...]


@dataclass(frozen=True, slots=True)
class Selector(Syntax):
    """`subject ? { match => value }`."""

    subject: Syntax
    entries: tuple[tuple[Syntax, Syntax], ...]


@dataclass(frozen=True, slots=True)
class Attribute(Syntax):
    """`name => value`; `operator` is `=>` or `+>`. The name is `*` for `* => $hash`."""

    name: str
    value: Syntax
    operator: str = "=>"


@dataclass(frozen=True, slots=True)
class ResourceBody(Syntax):
    """`title: attributes` in a resource."""

    title: Syntax
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Resource(Syntax):
    """`type { bodies }`; `form` is "" for regular, `@` for virtual and `@@` for exported resources."""

    type: Syntax
    bodies: tuple[ResourceBody, ...]
    form: str = ""


@dataclass(frozen=True, slots=True)
class ResourceDefaults(Syntax):
    """`Type { attributes }`."""

    type: TypeName
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class ResourceOverride(Syntax):
    """`Type['title'] { attributes }`."""

    reference: Syntax
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True)
class Collector(Syntax):
    """`Type<| query |>`, or `Type<<| query |>>` if `is_exported`, with the attributes it overrides."""

    type: Syntax
    query: Syntax | None
    attributes: tuple[Attribute, ...] = ()
    is_exported: bool = False


@dataclass(frozen=True, slots=True)
class Definition(Syntax):
    """A class, define, function or plan; `name` is qualified if it is nested in a class."""

    kind: str
    name: str
    parameters: tuple[Parameter, ...]
    body: tuple[Syntax, ...]
    inherits: str | None = None
    returns: Syntax | None = None


@dataclass(frozen=True, slots=True)
class TypeAlias(Syntax):
    """`type Name = target`."""

    name: str
    target: Syntax


@dataclass(frozen=True, slots=True)
class NodeDefinition(Syntax):
    """`node names { body }`."""

    names: tuple[Syntax, ...]
    body: tuple[Syntax, ...]


BUILTIN_FUNCTIONS: Final = frozenset(
    [
        "abs",
        "alert",
        "all",
        "annotate",
        "any",
        "assert_type",
        "binary_file",
        "break",
        "call",
        "camelcase",
        "capitalize",
        "ceiling",
        "chomp",
        "chop",
        "compare",
        "contain",
        "convert_to",
        "create_resources",
        "crit",
        "debug",
        "defined",
        "dig",
        "digest",
        "downcase",
        "each",
        "emerg",
        "empty",
        "epp",
        "err",
        "error",
        "eyaml_lookup_key",
        "fail",
        "file",
        "filter",
        "find_file",
        "find_template",
        "flatten",
        "floor",
        "fqdn_rand",
        "generate",
        "get",
        "getvar",
        "group_by",
        "hiera",
        "hiera_array",
        "hiera_hash",
        "hiera_include",
        "hocon_data",
        "import",
        "include",
        "index",
        "info",
        "inline_epp",
        "inline_template",
        "join",
        "json_data",
        "keys",
        "length",
        "lest",
        "lookup",
        "lstrip",
        "map",
        "match",
        "max",
        "md5",
        "min",
        "module_directory",
        "new",
        "next",
        "notice",
        "partition",
        "realize",
        "reduce",
        "regsubst",
        "require",
        "return",
        "reverse_each",
        "round",
        "rstrip",
        "scanf",
        "sha1",
        "sha256",
        "shellquote",
        "size",
        "slice",
        "sort",
        "split",
        "sprintf",
        "step",
        "strftime",
        "strip",
        "tag",
        "tagged",
        "template",
        "then",
        "tree_each",
        "type",
        "unique",
        "unwrap",
        "upcase",
        "values",
        "versioncmp",
        "warning",
        "with",
        "yaml_data",
    ]
)
