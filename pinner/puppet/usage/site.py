"""Find what site code uses: classes, resources, parameters, functions, data types and Hiera keys."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pinner.model.errors import InputError, Location, Problem
from pinner.model.operator_data import (
    EVERYWHERE,
    Array,
    DataResources,
    Declaration,
    Hash,
    Literal,
    PlaceScope,
    SiteFile,
    Use,
    UseOrigin,
    Value,
    entry_of,
    text_of,
    texts_of,
)
from pinner.puppet.hiera.hierarchy import root_key
from pinner.puppet.language.nodes import (
    Access,
    Attribute,
    Binary,
    Call,
    Case,
    Collector,
    Conditional,
    Default,
    Definition,
    HashLiteral,
    Interpolation,
    Parameter,
    Resource,
    ResourceDefaults,
    ResourceOverride,
    Syntax,
    Text,
    TypeAlias,
    TypeName,
    Unary,
    Variable,
)
from pinner.puppet.language.parser import parse_code
from pinner.puppet.lexer import Lines
from pinner.puppet.usage.values import (
    ANY_SURROUNDINGS,
    Constants,
    Frame,
    Surroundings,
    constants_of,
    frame_of,
    value_of,
)

_INCLUDES: Final = frozenset({"include", "contain", "require"})
_LOOKUPS: Final = frozenset({"lookup", "hiera", "hiera_array", "hiera_hash", "hiera_include"})
_ITERATES: Final = frozenset({"each", "map", "filter"})
_TITLE_AND_ATTRIBUTES: Final = 2
_ALL: Final = "*"
_SPREAD: Final = "*"


def read_site_file(path: str, text: str, surroundings: Surroundings = ANY_SURROUNDINGS) -> SiteFile:
    """Return what a file uses; `path` is the file as the user would write it.

    What stands under a condition that is never true in `surroundings` is marked as not reached. Of a file that
    Puppet's grammar refuses, nothing is known but the reason.
    """
    try:
        statements = parse_code(text)
    except InputError as error:
        problem = error.problems[0]
        line = _LINE.match(problem.message)
        message = problem.message[line.end() :] if line else problem.message
        return SiteFile(path, refusal=Problem(message, Location(path, int(line[1]) if line else None)))
    constants = constants_of(statements)
    reader = _Reader(path, Lines(text), frame_of(statements, constants, surroundings))
    reader.keys_by_variable = _looked_up(constants)
    reader.walk_all(statements, constants)
    return SiteFile(
        path,
        tuple(reader.uses),
        frozenset(reader.lookups),
        prefixes=frozenset(reader.prefixes),
        class_lists=frozenset(reader.class_lists),
        declarations=tuple(reader.declarations),
        supplied=frozenset(reader.supplied),
        resources=tuple(dict.fromkeys(reader.resources)),
    )


_LINE: Final = re.compile(r"line (\d+): ")


class _Reader:
    """Walks the syntax tree of one file once, and collects what it names."""

    def __init__(self, path: str, lines: Lines, frame: Frame) -> None:
        self.path = path
        self.lines = lines
        self.frame = frame
        self.live = frame.surroundings.platforms
        self.scope = EVERYWHERE
        self.uses: list[Use] = []
        self.lookups: set[str] = set()
        self.prefixes: set[str] = set()
        self.class_lists: set[str] = set()
        self.declarations: list[Declaration] = []
        self.supplied: set[str] = set()
        self.resources: list[DataResources] = []
        self.keys_by_variable: Mapping[str, str] = {}
        self.optional_keys: frozenset[str] = frozenset()
        self.made_of = ""
        self.looped: Mapping[str, Value] = {}

    def walk_all(self, nodes: Iterable[Syntax], constants: Constants) -> None:
        """Read the nodes in order; `constants` are the known variables around them."""
        for node in nodes:
            self.walk(node, constants)

    def walk(self, node: Syntax, constants: Constants) -> None:  # noqa: C901, PLR0912 -- a line per kind of node
        """Read one node and what is inside it."""
        match node:
            case Definition():
                self._definition(node, constants)
            case Parameter():
                self._data_types(node.type)
                self.walk_all((node.default,) if node.default else (), constants)
            case TypeAlias():
                self._data_types(node.target)
            case Resource():
                self._resource(node, constants)
            case ResourceDefaults():
                self._supply(node.type.name, node.type, node.attributes, constants)
            case ResourceOverride():
                self._override(node, constants)
            case Collector():
                self._collector(node, constants)
            case Call():
                self._call(node, constants)
            case Conditional() | Case():
                self._branches(node, constants)
            case Access(base=TypeName()):
                self._reference(node, constants)
            case Binary(operator="=~" | "!~", right=TypeName() | Access(base=TypeName())):
                self.walk(node.left, constants)
                self._data_types(node.right)
            case TypeName():
                self._data_types(node)
            case _:
                self.walk_all(node.children(), constants)

    def _definition(self, node: Definition, constants: Constants) -> None:
        if node.inherits:
            at = self.lines.text.find("inherits", node.at)
            self._include((node.inherits,), Text(max(at, node.at), ""))
        self.walk_all(node.parameters, constants)
        self._data_types(node.returns)
        outer, frame = (self.keys_by_variable, self.optional_keys), self.frame
        own = constants_of(node.body)
        self.frame = frame_of(node.body, own, frame.surroundings, node)
        if node.kind == "class":
            keys = {one.name: f"{node.name}::{one.name}" for one in node.parameters}
            self.keys_by_variable = {**keys, **_looked_up(own)}
            empty = (
                one
                for one in node.parameters
                if isinstance(one.default, HashLiteral) and not one.default.entries
            )
            self.optional_keys = frozenset(keys[one.name] for one in empty)
        else:
            self.keys_by_variable, self.optional_keys = _looked_up(own), frozenset()
        self.walk_all(node.body, own)
        (self.keys_by_variable, self.optional_keys), self.frame = outer, frame

    def _branches(self, node: Conditional | Case, constants: Constants) -> None:
        """Read each branch for those platforms on which it may run; one that runs on none is not reached."""
        if isinstance(node, Conditional):
            self.walk(node.test, constants)
        else:
            self.walk_all(
                (node.subject, *(one for option in node.options for one in option.values)), constants
            )
        outer = self.live, self.scope
        for body, live in self.frame.branches(node, self.live):
            if not self.scope.unreached and live != self.live:
                reason = (
                    ""
                    if live
                    else f"with this data and these platforms, line {self._line(node)} rules it out"
                )
                self.scope = PlaceScope(platforms=tuple(map(str, live)), unreached=reason)
                self.live = live
            self.walk_all(body, constants)
            self.live, self.scope = outer

    # Resources

    def _resource(self, node: Resource, constants: Constants) -> None:
        name = _name_of(node.type)
        if name is None:
            self.walk_all(node.children(), constants)
            return
        if name == "class":
            for body in node.bodies:
                titles = texts_of(self._value(body.title, constants))
                for title in titles:
                    self._use(UseOrigin.CLASS, title, body.title)
                given, is_open = self._attributes(UseOrigin.CLASS, titles, body.attributes, constants)
                for title in titles:
                    self._declare(UseOrigin.CLASS, title, body.title, given, is_open=is_open)
            return
        self._use(UseOrigin.RESOURCE, name, node.type)
        common: dict[str, Value] = {}
        for body in sorted(node.bodies, key=lambda one: not isinstance(one.title, Default)):
            self.walk(body.title, constants)
            given, is_open = self._attributes(UseOrigin.RESOURCE, (name,), body.attributes, constants)
            if isinstance(body.title, Default):
                common = {**given, **({_SPREAD: self._value(body.title, constants)} if is_open else {})}
            else:
                has_common_spread = _SPREAD in common
                place = body.title if len(node.bodies) > 1 else node.type
                self._declare(
                    UseOrigin.RESOURCE,
                    name,
                    place,
                    {**common, **given},
                    is_open=is_open or has_common_spread,
                )

    def _attributes(
        self, origin: UseOrigin, owners: Sequence[str], attributes: Iterable[Attribute], constants: Constants
    ) -> tuple[dict[str, Value], bool]:
        """Record the attributes as uses; return their values, and whether there may be others."""
        given: dict[str, Value] = {}
        is_open = False
        for attribute in attributes:
            value = self._value(attribute.value, constants)
            if attribute.name == _ALL and isinstance(value, Hash):
                is_open |= self._entries(origin, owners, value, given)
            elif attribute.name == _ALL:
                is_open = True
            else:
                given[attribute.name] = value
                for owner in owners:
                    self._use(origin, owner, attribute, attribute.name, value)
            self.walk(attribute.value, constants)
        return given, is_open

    def _entries(
        self, origin: UseOrigin, owners: Sequence[str], attributes: Hash, given: dict[str, Value]
    ) -> bool:
        """Record the entries of a literal hash as attributes; return whether some have no literal name."""
        is_open = False
        for name, value in attributes.entries:
            parameter = text_of(name)
            if parameter is None:
                is_open = True
                continue
            given[parameter] = value
            for owner in owners:
                use = self._make_use(origin, owner, name.line, parameter, value)
                self.uses.append(use)
        return is_open

    def _supply(
        self, name: str, place: Syntax, attributes: Iterable[Attribute], constants: Constants
    ) -> None:
        """Record defaults or an override, which give values to resources that are declared elsewhere."""
        self._use(UseOrigin.RESOURCE, name, place)
        given, is_open = self._attributes(UseOrigin.RESOURCE, (name,), attributes, constants)
        bare = _bare(name)
        self.supplied.update(f"{bare}::{parameter}" for parameter in given)
        if is_open:
            self.supplied.add(f"{bare}::{_SPREAD}")

    def _override(self, node: ResourceOverride, constants: Constants) -> None:
        reference = node.reference
        if not isinstance(reference, Access) or not isinstance(reference.base, TypeName):
            self.walk_all(node.children(), constants)
        elif _bare(reference.base.name) == "class":
            self._reference(reference, constants)
            titles = [name for key in reference.keys for name in texts_of(self._value(key, constants))]
            self._attributes(UseOrigin.CLASS, titles, node.attributes, constants)
        else:
            self.walk_all(reference.keys, constants)
            self._supply(reference.base.name, reference, node.attributes, constants)

    def _collector(self, node: Collector, constants: Constants) -> None:
        name = _name_of(node.type)
        self.walk_all((node.query,) if node.query else (), constants)
        if name is None or _bare(name) == "class":
            for attribute in node.attributes:
                self.walk(attribute.value, constants)
        else:
            self._supply(name, node.type, node.attributes, constants)

    def _reference(self, node: Access, constants: Constants) -> None:
        """Read `Class['x']`, `Type['x']`, or a data type with arguments."""
        base = node.base
        if not isinstance(base, TypeName):
            return
        if _bare(base.name) == "class":
            for key in node.keys:
                for name in texts_of(self._value(key, constants)):
                    self._use(UseOrigin.REFERENCE, name, node)
        elif any(
            isinstance(key, TypeName) or (isinstance(key, Access) and isinstance(key.base, TypeName))
            for key in node.keys
        ):
            self._data_types(node)
            return
        else:
            self._use(UseOrigin.RESOURCE, base.name, node)
        self.walk_all(node.keys, constants)

    def _data_types(self, node: Syntax | None) -> None:
        """Read the names of a data type's expression."""
        if isinstance(node, TypeName):
            if "::" in node.name:
                self._use(UseOrigin.DATA_TYPE, node.name, node)
        elif node is not None:
            for one in node.children():
                self._data_types(one)

    # Functions

    def _call(self, node: Call, constants: Constants) -> None:  # noqa: C901 -- a line per kind of call
        name = node.name
        arguments = [constants.resolve(one) for one in node.arguments]
        if not name:
            self._data_types(node.callee)
        elif name in _INCLUDES:
            for value in node.arguments:
                listed = self.looped.get(value.name) if isinstance(value, Variable) else None
                self._include(texts_of(listed or self._value(value, constants)), node)
                key = _key_of(constants.resolve(value))
                if key:
                    self.class_lists.add(key)
        else:
            is_spread = any(isinstance(one, Unary) and one.operator == _SPREAD for one in node.arguments)
            count = None if is_spread else len(node.arguments)
            use = self._make_use(UseOrigin.FUNCTION, name, self._line(node))
            self.uses.append(replace(use, arguments=count))
        if name in _LOOKUPS and arguments:
            self._look_up(name, arguments[0])
        short = name.removeprefix("stdlib::")
        if short in {"create_resources", "ensure_resource", "ensure_resources", "ensure_packages"}:
            self._create(short, node, constants)
        if name in _ITERATES:
            self._iterate(node)
        # A class that `defined()` looks for need not exist; a type must.
        self.walk_all((one for one in node.arguments if name != "defined" or not _is_class(one)), constants)
        if node.block:
            outer = self.made_of
            looped = self.looped
            if name in _ITERATES and node.arguments:
                self.made_of = self._optional_key(node.arguments[0], constants) or outer
                values = self._value(node.arguments[0], constants)
                if isinstance(values, Hash):
                    values = Array(tuple(key for key, _ in values.entries), values.line)
                self.looped = {**looped, **{one.name: values for one in node.block.parameters[:1]}}
            self.walk_all(node.block.children(), constants)
            self.made_of, self.looped = outer, looped

    def _include(self, names: Iterable[str], node: Syntax) -> None:
        for name in names:
            self._use(UseOrigin.REFERENCE, name, node)
            self._declare(UseOrigin.REFERENCE, name, node, {})

    def _look_up(self, function: str, key: Syntax) -> None:
        if isinstance(key, Interpolation) and isinstance(key.parts[0], Text):
            self.prefixes.add(key.parts[0].value)
        names = texts_of(self._value(key, Constants()))
        self.lookups.update(root_key(name) for name in names)
        value = self._value(key, Constants())
        if isinstance(value, Hash):
            named = (held for name, held in value.entries if text_of(name) == "name")
            self.lookups.update(root_key(name) for held in named for name in texts_of(held))
        if function == "hiera_include":
            self.class_lists.update(names)

    def _create(self, function: str, node: Call, constants: Constants) -> None:
        """Read the resources of `create_resources` and of stdlib's `ensure_...` functions."""
        values = [self._value(one, constants) for one in node.arguments]
        if function == "ensure_packages":
            hashes = [one for one in values if isinstance(one, Hash)]
            for attributes in hashes[-1:]:
                self._entries(UseOrigin.RESOURCE, ("package",), attributes, {})
            return
        name = (text_of(values[0]) or "").removeprefix("@").removeprefix("@") if values else ""
        if not name:
            return
        is_class = _bare(name) == "class"
        held = values[1] if function != "ensure_resource" and len(values) > 1 else None
        if isinstance(held, Hash) and not held.entries:
            return
        outer = self.made_of
        if held is not None:
            self.made_of = self._optional_key(node.arguments[1], constants) or outer
        if not is_class:
            self._use(UseOrigin.RESOURCE, name, node)
        self.made_of = outer
        own: list[tuple[str, Value]]
        if function == "ensure_resource":
            titles = texts_of(values[1]) if len(values) > 1 else ()
            nothing: Value = Hash((), self._line(node))
            own = [(titles[0] if titles else "", nothing)]
        else:
            entries = held.entries if isinstance(held, Hash) else ()
            own = [(text_of(title) or "", attributes) for title, attributes in entries]
            key = _key_of(node.arguments[1], self.keys_by_variable) if len(values) > 1 else None
            if key and not is_class and not self.scope.unreached:
                self.resources.append(DataResources(key, _bare(name)))
        common = values[2:3]
        for title, first in own if not is_class else [pair for pair in own if pair[0]]:
            self._created(name, title if is_class else None, (first, *common), node)

    def _optional_key(self, node: Syntax, constants: Constants) -> str | None:
        """Return the key whose value a hash is, if the hash is empty without one: `lookup('users', Hash, 'deep', {})`."""
        key = _key_of(node, self.keys_by_variable)
        looked_up = constants.resolve(node)
        if isinstance(looked_up, Variable):
            return key if key in self.optional_keys else None
        if key is None or not isinstance(looked_up, Call):
            return None
        last = self._value(looked_up.arguments[-1], constants)
        default = entry_of(last, "default_value") or last
        return key if isinstance(default, Hash) and not default.entries else None

    def _created(self, name: str, title: str | None, hashes: tuple[Value, ...], node: Call) -> None:
        """Record one resource, or the class `title`, whose attributes are in `hashes`."""
        origin, owner = (UseOrigin.RESOURCE, name) if title is None else (UseOrigin.CLASS, title)
        if title is not None:
            self._use(origin, owner, node)
        given: dict[str, Value] = {}
        is_open = False
        for attributes in hashes:
            if isinstance(attributes, Hash):
                is_open |= self._entries(origin, (owner,), attributes, given)
            else:
                is_open = True
        self._declare(origin, owner, node, given, is_open=is_open)

    def _iterate(self, node: Call) -> None:
        """Read `$hash.each |$title, $attributes| { type { $title: * => $attributes } }`, whose hash is from data."""
        key = _key_of(node.arguments[0], self.keys_by_variable) if node.arguments else None
        block = node.block
        if key is None or block is None or len(block.parameters) != _TITLE_AND_ATTRIBUTES:
            return
        title, attributes = (one.name for one in block.parameters)
        for statement in block.body:
            name = _name_of(statement.type) if isinstance(statement, Resource) else None
            if not isinstance(statement, Resource) or name is None or _bare(name) == "class":
                continue
            for body in statement.bodies:
                is_all = any(
                    one.name == _ALL and isinstance(one.value, Variable) and one.value.name == attributes
                    for one in body.attributes
                )
                is_read = is_all and not self.scope.unreached
                if is_read and isinstance(body.title, Variable) and body.title.name == title:
                    self.resources.append(DataResources(key, _bare(name)))

    # Records

    def _value(self, node: Syntax, constants: Constants) -> Value:
        return value_of(node, constants, self._line)

    def _use(
        self,
        origin: UseOrigin,
        owner: str,
        node: Syntax,
        parameter: str | None = None,
        value: Value | None = None,
    ) -> None:
        self.uses.append(self._make_use(origin, owner, self._line(node), parameter, value))

    def _make_use(
        self,
        origin: UseOrigin,
        owner: str,
        line: int,
        parameter: str | None = None,
        value: Value | None = None,
    ) -> Use:
        bare = _bare(owner)
        subject = f"{bare}::{parameter}" if parameter else bare
        return Use(
            origin,
            bare,
            parameter,
            value,
            Location(self.path, line),
            subject,
            scope=self.scope,
            made_of=self.made_of,
        )

    def _declare(
        self,
        origin: UseOrigin,
        owner: str,
        node: Syntax,
        given: Mapping[str, Value],
        *,
        is_open: bool = False,
    ) -> None:
        if self.scope.unreached:
            return
        place = Location(self.path, self._line(node))
        # undef selects the default.
        names = frozenset(name for name, value in given.items() if value != Literal(None, value.line))
        ensure = text_of(given.get("ensure"))
        self.declarations.append(
            Declaration(origin, _bare(owner), place, names, is_open, ensure, self.made_of)
        )

    def _line(self, node: Syntax) -> int:
        return self.lines.at(node.at)


def _looked_up(constants: Constants) -> Mapping[str, str]:
    """Return the keys that variables are looked up with: `$flavors = lookup('flavors')`."""
    return {name: key for name, node in constants.assigned.items() if (key := _key_of(node))}


def _key_of(node: Syntax, variables: Mapping[str, str] | None = None) -> str | None:
    """Return the literal key that an expression looks up, or that a variable holds the value of."""
    if isinstance(node, Variable):
        return (variables or {}).get(node.name)
    if isinstance(node, Call) and node.name in _LOOKUPS and node.arguments and not node.is_method:
        first = node.arguments[0]
        return first.value if isinstance(first, Text) else None
    return None


def _name_of(node: Syntax) -> str | None:
    """Return the literal name of a resource's type."""
    if isinstance(node, Text):
        return node.value
    return node.name if isinstance(node, TypeName) else None


def _is_class(node: Syntax) -> bool:
    return isinstance(node, Access) and isinstance(node.base, TypeName) and _bare(node.base.name) == "class"


def _bare(name: str) -> str:
    """Return a name as Puppet looks it up; references to classes may be capitalized."""
    return name.removeprefix("::").lower()
