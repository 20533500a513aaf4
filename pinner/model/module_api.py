"""Define a module's API (definitions, parameters, deprecation marks) and the changes between two APIs."""

from dataclasses import dataclass
from enum import StrEnum


class DefinitionKind(StrEnum):
    """The kind of a definition; the first four have parameters, types have only the parameters' names."""

    CLASS = "class"
    DEFINE = "define"
    FUNCTION = "function"
    TYPE = "type"
    TYPE_ALIAS = "type-alias"
    PLAN = "plan"
    PROVIDER = "provider"
    FACT = "fact"
    TASK = "task"
    DATA = "data"

    @property
    def family(self) -> str:
        """Return the name used in JSON and change kinds; native types and type aliases are both `type`."""
        return "type" if self is DefinitionKind.TYPE_ALIAS else self.value


class Mark(StrEnum):
    """How the code shows that something is deprecated."""

    HEADING = "heading"
    TEXT = "text"
    COMMENT = "comment"
    WARNING = "warning"
    CONDITION = "condition"
    VALUE = "value"
    NO_EFFECT = "no-effect"


DECISIVE = frozenset({Mark.HEADING, Mark.TEXT, Mark.COMMENT, Mark.WARNING})
BY_INFORMATION = (
    *(Mark.TEXT, Mark.WARNING, Mark.HEADING, Mark.CONDITION),
    *(Mark.NO_EFFECT, Mark.VALUE, Mark.COMMENT),
)
OUTRIGHT = frozenset({Mark.TEXT, Mark.WARNING, Mark.NO_EFFECT})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One deprecation mark: `text` is the author's wording, `line` is 1-based.

    `condition` is the Puppet expression under which a value is deprecated, "" if it is not known.
    """

    mark: Mark
    line: int
    text: str
    condition: str = ""


class _Deprecable:
    """Something that deprecation marks apply to: `evidence` are those marks."""

    __slots__ = ()
    evidence: tuple[Evidence, ...]

    @property
    def deprecated(self) -> bool:
        """Return whether it has a reliable mark: the others deprecate a value, or are only hints."""
        return any(one.mark in DECISIVE for one in self.evidence)

    @property
    def deprecation(self) -> str | None:
        """Return the text of the most informative mark that states the deprecation outright, None without one."""
        ranked = sorted(self.evidence, key=lambda one: BY_INFORMATION.index(one.mark))
        return next((one.text for one in ranked if one.mark in OUTRIGHT), None)


@dataclass(frozen=True, slots=True)
class EffectiveDefault:
    """The value that a parameter has on some platforms if the operator sets none.

    `value` is a Puppet literal, None if there is none or if it is not known for the reason `unknown`.
    `platforms` are the names of the platforms, such as `Debian 12`; `source` is the file inside the module.
    """

    value: str | None
    platforms: tuple[str, ...] = ()
    source: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """What a native type's own code requires of a parameter or property, as far as it is literal.

    `words` and `patterns` (regular expressions) are the values that it accepts, of a list item by item; both
    are empty if it accepts any. `kinds` are the Ruby classes of which a value must be one. Of a list for a
    property only the first item counts, unless `takes_list`. `needed` is "always", "present" if the type needs a
    value only with `ensure => present`, or "".
    """

    is_property: bool = False
    is_namevar: bool = False
    takes_list: bool = False
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    needed: str = ""


@dataclass(frozen=True, slots=True)
class Arity:
    """The numbers of arguments that a function takes; `most` is None without a limit."""

    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The code calls `fail(message)` if the Puppet expression `condition` is true."""

    condition: str
    message: str


@dataclass(frozen=True, slots=True)
class Parameter(_Deprecable):
    """One parameter, in the order of the parameter list.

    `type` and `default` are source text, including a heredoc's lines after the expression that names it. Each
    is None if absent; a parameter without `default` is required. `replacement` and `removal` are what the
    marks recommend instead and when the parameter will be removed, or None. `is_rest` is True for `*$args`.
    `effective` are the computed defaults, empty if the default is what the header says. Only the attributes of
    native types have a `rule`. `checked` is the type that calls such as validate_legacy() require, `refusals`
    are the conditions under which the code calls fail().
    """

    name: str
    line: int
    type: str | None = None
    default: str | None = None
    evidence: tuple[Evidence, ...] = ()
    replacement: str | None = None
    removal: str | None = None
    is_rest: bool = False
    effective: tuple[EffectiveDefault, ...] = ()
    rule: AttributeRule | None = None
    checked: str | None = None
    refusals: tuple[Refusal, ...] = ()

    @property
    def accepts(self) -> str | None:
        """Return the data type of the header, or else the one that the code checks."""
        return self.type or self.checked

    @property
    def is_required(self) -> bool:
        """Return whether no value is known on some platform: neither a default nor the module's own data."""
        if self.effective:
            return any(one.value is None and not one.unknown for one in self.effective)
        return self.default is None


class Needs(StrEnum):
    """Which values the code hands on: all, those other than undef, also without '', also without false."""

    NOTHING = ""
    GIVEN = "given"
    FILLED = "filled"
    TRUE = "true"


@dataclass(frozen=True, slots=True)
class Flow:
    """The value of a parameter goes unchanged to `target`, if it is one that `needs` allows.

    `source` is a parameter of the definition, or `class::parameter` that it reads. `target` is another
    parameter with a `$` before it (`$name` or `$class::name`), a place (`nova_config[DEFAULT/x]/value`), or
    another use, which starts with `?`.
    """

    source: str
    target: str
    needs: Needs = Needs.NOTHING


@dataclass(frozen=True, slots=True)
class Creation:
    """A class's parameter whose hash becomes resources: `create_resources('nova::thing', $parameter)`."""

    parameter: str
    type: str


@dataclass(frozen=True, slots=True)
class Definition(_Deprecable):
    """One class, define, function, type or other definition of a module.

    `name` is the full name without leading `::`; `path` is inside the module. `target` is a function's return
    type or what a type alias stands for. `creates` lists the parameters that hold resources, `lookups` the Hiera
    keys that the code looks up by a literal name, `flows` where the code hands values on. `arities` are a function's, empty if not known; a type that
    `is_open` may have more attributes than those that were read. Definitions of data, tasks and facts have
    only names.
    """

    kind: DefinitionKind
    name: str
    path: str
    line: int
    inherits: str | None = None
    parameters: tuple[Parameter, ...] = ()
    target: str | None = None
    evidence: tuple[Evidence, ...] = ()
    replacement: str | None = None
    removal: str | None = None
    creates: tuple[Creation, ...] = ()
    lookups: tuple[str, ...] = ()
    flows: tuple[Flow, ...] = ()
    arities: tuple[Arity, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file whose definitions could not be read, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ModuleApi:
    """All definitions of a module at one commit, by path and line, and the files that could not be read.

    `lookups` are the Hiera keys that the module's own data look up.
    """

    definitions: tuple[Definition, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    lookups: frozenset[str] = frozenset()


class Severity(StrEnum):
    """How a change affects users of the definition; the worst first."""

    BREAKS = "breaks"
    BEHAVIOUR = "behaviour"
    LATER = "later"
    INFO = "info"


class ApiChangeKind(StrEnum):
    """What happened to a parameter or definition.

    For definitions (`ADDED` to `TYPED`), the family is prepended: `class-added`.
    """

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    DEPRECATED = "deprecated"
    UNDEPRECATED = "undeprecated"
    REPARENTED = "reparented"
    TYPED = "typed"
    UNREADABLE = "unreadable"
    PARAMETER_ADDED = "parameter-added"
    PARAMETER_REQUIRED = "parameter-required"
    PARAMETER_REMOVED = "parameter-removed"
    PARAMETER_RENAMED = "parameter-renamed"
    PARAMETER_DEPRECATED = "parameter-deprecated"
    PARAMETER_UNDEPRECATED = "parameter-undeprecated"
    DEFAULT_CHANGED = "default-changed"
    TYPE_CHANGED = "type-changed"


@dataclass(frozen=True, slots=True)
class ApiChange:
    """One change.

    `definition` and `parameter` are the old names if the old side has them, else the new ones; `of` is the
    definition's kind. `old` and `new` are source text, or names for a rename. `announced` is True if the old
    side was marked as deprecated. `path` and `line` are the place in the new side, or in the old side for
    what was removed. Of a renamed parameter, `needs` are the values that the old code handed on.
    """

    change: ApiChangeKind
    of: DefinitionKind
    definition: str
    severity: Severity
    parameter: str | None = None
    old: str | None = None
    new: str | None = None
    hint: str | None = None
    announced: bool = False
    path: str | None = None
    line: int | None = None
    needs: Needs = Needs.NOTHING

    @property
    def name(self) -> str:
        """Return the definition's name, with that of the parameter if it is about one."""
        return f"{self.definition}::{self.parameter}" if self.parameter else self.definition

    @property
    def kind(self) -> str:
        """Return the stable name used in JSON: `class-removed`, `parameter-required`, `type-changed`, ..."""
        is_of_parameter = self.change.value.startswith(("parameter-", "default-", "type-"))
        return self.change.value if is_of_parameter else f"{self.of.family}-{self.change.value}"
