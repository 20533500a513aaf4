"""Check each use against the code: unknown names, deprecations, wrong types.

A message names the key, the kind of the value and its length: enough to find and fix it, even if the reader
of a report may not see values. The value itself is shown only with `shows_values`, and never for a key that
is named like a secret or a parameter of the type Sensitive. The plain text of what eyaml encrypts is not
available here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

from pinner.model.findings import Finding, Level
from pinner.model.module_api import Definition, DefinitionKind, Parameter
from pinner.model.operator_data import Array, Hash, Literal, Opaque, PlaceScope, Use, UseOrigin, Value
from pinner.model.rules import RULES
from pinner.model.text import quoted
from pinner.puppet.data_types import Argument, Fit, TypeRef, fit, parse_type
from pinner.puppet.language.evaluate import Value as PuppetValue
from pinner.puppet.language.nodes import BUILTIN_FUNCTIONS
from pinner.puppet.platforms import PLATFORMS, Platform
from pinner.puppet.usage.codebase import (
    Codebase,
    Declared,
    LookupOptions,
    MissingValue,
    Nearby,
    Owner,
    missing_values,
)
from pinner.puppet.usage.values import (
    GivenValues,
    accepted,
    counts,
    deprecated_values,
    given_values,
    refusals_of,
    refused,
    takes_count,
)

# Long words match anywhere in a key, short ones only as a whole part: `pin` in `pin_code`, not in `pinned`.
_SECRET = re.compile(
    r"pass|pwd|secret|token|credential|login|community|hmac|private|bind_?dn|connection|certificate|signature|crypt"
    r"|sensitive|salt|api_?key"
    r"|(?:^|[^a-z0-9])(?:pw|pin|psk|dsn|otp|totp|mfa|sid|creds?|certs?|seeds?|nonce|cookies?|licen[cs]e|pem|ssh|ur[il]s?|sig|dn)(?=$|[^a-z])"
    r"|(?:^|[^a-z0-9])(?:o?auth(?!ors?(?:$|[^a-z]))|[a-z0-9]*pw(?=$|[^a-z0-9])|[a-z0-9]*(?:keys?|hash|certs?)(?=$|[^a-z]))",
    re.IGNORECASE,
)
_SENSITIVE = re.compile(r"\bSensitive\b")
_WORDS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)")
_KINDS = ((bool, "Boolean"), (int, "Integer"), (float, "Float"), (str, "String"))
_WRAPPERS = frozenset({"optional", "variant", "notundef", "sensitive"})
_TAKEN_BY = {
    "String": {"string", "pattern", "enum", "scalar", "scalardata", "data"},
    "Integer": {"integer", "numeric", "scalar", "scalardata", "data"},
    "Float": {"float", "numeric", "scalar", "scalardata", "data"},
    "Boolean": {"boolean", "scalar", "scalardata", "data"},
    "Array": {"array", "tuple", "collection", "data"},
    "Hash": {"hash", "struct", "collection", "data"},
}


def is_secret(key: str, type_: str = "") -> bool:
    """Return whether the value of a key (`nova::db::password`) or type must never be shown."""
    return bool(_SECRET.search(key) or _SENSITIVE.search(type_))


def mismatch(value: Value, key: str, type_: str, *, shows_values: bool = False) -> str:
    """Return how a value differs from its type, to follow "takes TYPE": `, not a String`."""
    shown = shows_values and not is_secret(key, type_)
    what = describe(value, shows_value=shown)
    kind = _kind(value)
    outer = set(_outer_types(parse_type(type_)))
    if kind and (outer & _TAKEN_BY[kind] or any("::" in name for name in outer)):
        return f", and its value, {what}, does not match"
    return f", not {what}"


def describe(value: Value, *, shows_value: bool) -> str:
    """Return the kind and length of a value, or with `shows_value` a scalar itself."""
    if isinstance(value, Opaque):
        return "an unknown value"
    if not isinstance(value, Literal):
        return (
            f"an Array of {len(value.items)}"
            if isinstance(value, Array)
            else f"a Hash of {len(value.entries)}"
        )
    kind = _kind(value)
    if kind is None:
        return "undef"
    if isinstance(value.value, str):
        length = len(value.value)
        hidden = f"a String of {length} character{'s' if length > 1 else ''}" if length else "an empty String"
        return f"the String {quoted(value.value)}" if shows_value else hidden
    if shows_value:
        return f"the {kind} {str(value.value).lower()}"
    return f"an {kind}" if kind == "Integer" else f"a {kind}"


def correction(value: Value, key: str, type_: str, *, shows_values: bool = False) -> str | None:
    """Return how to make a value match its type, if the cause is a common mistake."""
    if not isinstance(value, Literal):
        return None
    text = value.value
    shown = shows_values and not is_secret(key, type_)
    if isinstance(text, str) and "Boolean" in type_ and text.lower() in _WORDS:
        return f"write {_WORDS[text.lower()] if shown else 'true or false'} without quotes"
    if isinstance(text, str) and _NUMBER.fullmatch(text) and "Integer" in type_:
        return f"write {text if shown else 'the number'} without quotes"
    if isinstance(text, bool | int | float) and "String" in type_:
        return "put it in quotes"
    return None


def _outer_types(type_: Argument | None) -> Iterator[str]:
    """Yield the outer names of a type in lower case; looks inside wrappers such as Optional and Variant."""
    if isinstance(type_, str):
        yield "enum"
    elif isinstance(type_, TypeRef):
        if type_.key not in _WRAPPERS:
            yield type_.key
        for inner in (type_.arguments or ()) if type_.key in _WRAPPERS else ():
            yield from _outer_types(inner)


def _kind(value: Value) -> str | None:
    """Return Puppet's type of a value; None for undef and unknown values."""
    if isinstance(value, Literal):
        return next((name for type_, name in _KINDS if isinstance(value.value, type_)), None)
    return {Array: "Array", Hash: "Hash"}.get(type(value))


METAPARAMETERS = frozenset(
    {
        "alias",
        "audit",
        "before",
        "consume",
        "export",
        "loglevel",
        "name",
        "noop",
        "notify",
        "require",
        "schedule",
        "stage",
        "subscribe",
        "tag",
        "title",
    }
)
"""The parameters that every resource accepts, in addition to those of its type."""

_SHOWN = 160
_OF_RESOURCES = frozenset({UseOrigin.HASH, UseOrigin.RESOURCE})
_NAMED_ANYWHERE = _OF_RESOURCES | {UseOrigin.FUNCTION}
_KINDS_OF_NAMES = {
    UseOrigin.HASH: "defined type",
    UseOrigin.RESOURCE: "defined type",
    UseOrigin.FUNCTION: "function",
    UseOrigin.DATA_TYPE: "data type",
}


@dataclass(frozen=True, slots=True)
class Context:
    """What uses are checked against.

    `lookups` are the keys that code and data look up, `prefixes` the beginnings of those that code computes.
    `shows_values` allows messages to contain values that are not secret.
    """

    codebase: Codebase
    options: LookupOptions = field(default_factory=LookupOptions)
    lookups: frozenset[str] = frozenset()
    shows_values: bool = False
    prefixes: tuple[str, ...] = ()
    declared: Declared = field(default_factory=Declared)
    platforms: tuple[Platform, ...] = PLATFORMS
    given: GivenValues = field(default_factory=GivenValues)

    def beside(self, use: Use) -> Mapping[str, PuppetValue]:
        """Return the values of the other parameters of the class that a key sets one of."""
        owner = owner_of(use, self.codebase)
        return self.given.beside(use, owner.parameters) if owner else {}

    def is_looked_up(self, key: str) -> bool:
        """Return whether code or data may look up the key."""
        return key in self.lookups or key.startswith(self.prefixes)


def judge(uses: Iterable[Use], context: Context) -> Iterator[Finding]:
    """Yield the findings on each use, in order."""
    nearby = Nearby(context.codebase)
    uses = tuple(uses)
    given = given_values(uses, context.options.change, is_partial=context.declared.is_partial)
    context = replace(context, given=given)
    for _, group in groupby(
        uses, key=lambda use: (use.place, use.subject) if use.origin is UseOrigin.HASH else use
    ):
        some = tuple(group)
        found = [tuple(_judge_one(use, context, nearby)) for use in some]
        # Code may make resources of several types of one hash, each of them only sometimes.
        is_accepted = not all(any(one.level is Level.ERROR for one in each) for each in found)
        for use, findings in zip(some, found, strict=True):
            for finding in findings:
                if len(some) == 1 or not is_accepted or finding.level is not Level.ERROR:
                    yield _in_scope(finding, use.scope)
    for missing in missing_values(context.declared, context.codebase):
        yield _required(missing)


def _judge_one(use: Use, context: Context, nearby: Nearby) -> Iterator[Finding]:
    owner = owner_of(use, context.codebase)
    if use.origin is UseOrigin.FUNCTION and use.owner in BUILTIN_FUNCTIONS:
        return
    if owner is None:
        yield from _judge_unknown(use, context, nearby)
    elif use.parameter is None:
        yield from _judge_deprecated(use, context, owner.definition)
        if use.arguments is not None and owner.arities and not takes_count(owner.arities, use.arguments):
            taken = f"takes {counts(owner.arities)}, and is called with {use.arguments}"
            yield _finding(use, "code-arguments", f"function {quoted(use.owner)} {taken}", None)
    elif use.parameter in owner.parameters:
        yield from _judge_deprecated(use, context, owner.definition, owner.parameters[use.parameter])
        yield from _judge_type(use, owner.parameters[use.parameter], context)
    else:
        yield from _judge_no_parameter(use, owner.definition, context, nearby)


def _in_scope(finding: Finding, scope: PlaceScope) -> Finding:
    """Return a finding with the machines that it concerns, or as a note if no machine is concerned."""
    if scope.unreached:
        message = f"{finding.message} (not reached: {scope.unreached})"
        return RULES["unreached"].finding(finding.module, message, hint=finding.hint, place=finding.place)
    if scope.machines:
        return replace(finding, message=f"{finding.message} (data for {scope.machines})")
    if scope.platforms:
        return replace(finding, message=f"{finding.message} (on {', '.join(scope.platforms)})")
    return finding


def platforms_in(scope: PlaceScope, platforms: tuple[Platform, ...]) -> tuple[Platform, ...]:
    """Return those of `platforms` on which a place counts."""
    if scope.platforms is None:
        return platforms
    return tuple(one for one in platforms if str(one) in scope.platforms)


def _required(missing: MissingValue) -> Finding:
    one, name = missing.declaration, quoted(missing.parameter.name)
    message = f"{_name(missing.owner.definition)} requires a value for {name}, and it has none here"
    if one.origin is not UseOrigin.RESOURCE:
        message += ", nor in hiera" if missing.is_certain else ", nor in the data that was given"
    where = f"it has no default on {', '.join(missing.platforms)}: " if missing.platforms else ""
    by_key = one.origin is not UseOrigin.RESOURCE
    hint = (
        f"{where}set {quoted(missing.key)} in hiera"
        if by_key
        else f"{where}add '{missing.parameter.name} => ...'"
    )
    code = "hiera-required" if one.origin is UseOrigin.LIST else "code-required"
    if not missing.is_certain:
        code = "required-unknown"
    module = missing.owner.module or one.owner.partition("::")[0]
    return RULES[code].finding(module, message, hint=hint, place=one.place)


def owner_of(use: Use, codebase: Codebase) -> Owner | None:
    """Return the definition that is used: classes for keys and `include`, else types or functions."""
    if use.origin is UseOrigin.FUNCTION:
        return codebase.functions.get(use.owner)
    if use.origin is UseOrigin.DATA_TYPE:
        kinds = (codebase.data_types, codebase.defines, codebase.types, codebase.classes)
        return next((kind[use.owner] for kind in kinds if use.owner in kind), None)
    if use.origin in _OF_RESOURCES:
        return codebase.defines.get(use.owner) or codebase.types.get(use.owner)
    return codebase.classes.get(use.owner)


def _judge_unknown(use: Use, context: Context, nearby: Nearby) -> Iterator[Finding]:
    codebase = context.codebase
    if context.is_looked_up(use.subject) or use.owner in codebase.data_types:
        return
    if use.origin in {UseOrigin.KEY, UseOrigin.OPTIONS}:
        if use.module in codebase.modules or use.module in codebase.site_modules:
            yield _unbound(use, codebase, nearby)
        return
    is_reported_with_owner = use.parameter is not None and not use.is_data
    is_of_any_module = use.origin in _NAMED_ANYWHERE and "::" not in use.owner
    if use.module in codebase.modules and not is_reported_with_owner and not is_of_any_module:
        kind = _KINDS_OF_NAMES.get(use.origin, "class")
        code = "hiera-unbound" if use.is_data else "code-unknown"
        yield _finding(use, code, f"there is no {kind} {quoted(use.owner)}", nearby.hint(use.owner, None))


def _unbound(use: Use, codebase: Codebase, nearby: Nearby) -> Finding:
    """Return the finding on a key whose class does not exist."""
    bare = use.owner.removeprefix("::")
    why = f"there is no class {quoted(use.owner)}"
    if use.owner.startswith("::"):
        why = "a key of Hiera does not start with '::'"
    elif bare in codebase.defines:
        why = f"{quoted(use.owner)} is a defined type, and Hiera sets only parameters of classes"
    if bare != use.owner and bare in codebase.classes:
        hint: str | None = f"write {quoted(f'{bare}::{use.parameter}')}"
    else:
        hint = None if bare in codebase.defines else nearby.hint(bare, use.parameter)
    code = "hiera-unbound" if use.module in codebase.modules else "hiera-site-unbound"
    return _finding(use, code, f"the key {quoted(use.subject)} has no effect: {why}", hint)


def _judge_no_parameter(
    use: Use, definition: Definition, context: Context, nearby: Nearby
) -> Iterator[Finding]:
    if context.is_looked_up(use.subject):
        return
    hint = nearby.hint(use.owner, use.parameter)
    is_native = definition.kind is DefinitionKind.TYPE
    word = "parameter or property" if is_native else "parameter"
    message = f"{_name(definition)} has no {word} {quoted(str(use.parameter))}"
    if use.origin in {UseOrigin.KEY, UseOrigin.OPTIONS}:
        yield _finding(use, "hiera-unbound", f"the key {quoted(use.subject)} has no effect: {message}", hint)
    elif use.parameter not in METAPARAMETERS and not (
        is_native and (definition.is_open or use.parameter == "provider")
    ):
        code = "hiera-resource" if use.origin is UseOrigin.HASH else "code-unknown"
        yield _finding(use, code, message, hint)


def _judge_deprecated(
    use: Use, context: Context, definition: Definition, parameter: Parameter | None = None
) -> Iterator[Finding]:
    """Yield a finding for a deprecation.

    The whole definition takes precedence over a parameter, but in code only if the definition itself is
    named.
    """
    marked: Definition | Parameter = definition
    if parameter is not None and (not definition.deprecated or not use.is_data):
        marked = parameter
    if use.origin is UseOrigin.OPTIONS:
        return
    if not marked.deprecated:
        yield from _judge_deprecated_value(use, context, definition, parameter)
        return
    what = _name(definition) if marked is definition else _name(definition, parameter)
    when = f", and will be removed in {marked.removal}" if marked.removal else ""
    code = "hiera-deprecated" if use.is_data else "code-deprecated"
    advice = one_line(marked.deprecation) if marked.deprecation else None
    if marked.replacement and exists(marked.replacement, context.codebase):
        advice = f"use {marked.replacement} instead"
    yield _finding(use, code, f"{what} is deprecated{when}", advice)


def _judge_deprecated_value(
    use: Use, context: Context, definition: Definition, parameter: Parameter | None
) -> Iterator[Finding]:
    """Yield a finding for each warning that the code logs for this value of the parameter."""
    code = "hiera-deprecated" if use.is_data else "code-deprecated"
    for evidence, where in (
        deprecated_values(
            parameter, use.value, platforms_in(use.scope, context.platforms), context.beside(use)
        )
        if parameter
        else ()
    ):
        on = f" on {where}" if where else ""
        message = f"this value of {_name(definition, parameter)} is deprecated{on}"
        yield _finding(use, code, message, one_line(evidence.text))


def exists(replacement: str, codebase: Codebase) -> bool:
    """Return whether what a deprecation recommends exists; a word without `::` is known to be a parameter."""
    names = [name.removeprefix("::") for name in replacement.split(", ") if "::" in name]
    return all(
        name.partition("::")[0] not in codebase.modules or _is_defined(name, codebase) for name in names
    )


def _is_defined(name: str, codebase: Codebase) -> bool:
    holder, _, parameter = name.rpartition("::")
    owner = codebase.classes.get(holder) or codebase.defines.get(holder)
    is_parameter = owner is not None and parameter in owner.parameters
    return is_parameter or name in codebase.classes or name in codebase.defines


def _judge_type(use: Use, parameter: Parameter, context: Context) -> Iterator[Finding]:
    """Yield the findings on a value that the type refuses, or that makes the code call fail()."""
    value, type_ = use.value, parameter.accepts
    code = "hiera-type" if use.is_data else "code-type"
    if value is not None and parameter.rule:
        part = refused(value, parameter.rule)
        if part is not None:
            shown = context.shows_values and not is_secret(use.subject)
            wrong = describe(part, shows_value=shown)
            message = f"{quoted(use.subject)} takes {one_line(accepted(parameter.rule))}, not {wrong}"
            yield _finding(use, code, message, None)
        return
    if use.origin is UseOrigin.KEY and context.options.change(use.subject):
        return
    if value is not None and type_ is not None and takes(value, type_, context.codebase) is Fit.NO:
        shows_values = context.shows_values
        missed = mismatch(value, use.subject, type_, shows_values=shows_values)
        message = f"{quoted(use.subject)} takes {one_line(type_)}{missed}"
        yield _finding(use, code, message, correction(value, use.subject, type_, shows_values=shows_values))
        return
    platforms = platforms_in(use.scope, context.platforms)
    for refusal, where in refusals_of(parameter, value, platforms, context.beside(use)):
        on = f" on {where}" if where else ""
        message = f"the value of {quoted(use.subject)} stops compilation{on}"
        yield _finding(use, code, message, one_line(refusal.message) if refusal.message else None)


def takes(value: Value, type_: str, codebase: Codebase) -> Fit:
    """Return whether a parameter of that type accepts a value; undef selects the default of any type."""
    if isinstance(value, Literal) and value.value is None:
        return Fit.UNKNOWN
    return fit(value, type_, codebase.aliases)


def one_line(text: str) -> str:
    """Return source text or prose for a message: on one line, cut off if long."""
    joined = " ".join(text.split())
    return joined if len(joined) <= _SHOWN else f"{joined[: _SHOWN - 1]}…"


def _name(definition: Definition, parameter: Parameter | None = None) -> str:
    kind = {
        DefinitionKind.CLASS: "class",
        DefinitionKind.DEFINE: "defined type",
        DefinitionKind.FUNCTION: "function",
    }.get(definition.kind, "type")
    whole = f"{kind} {quoted(definition.name)}"
    return f"parameter {quoted(parameter.name)} of {whole}" if parameter else whole


def _finding(use: Use, code: str, message: str, hint: str | None) -> Finding:
    return RULES[code].finding(use.module or None, message, hint=hint, place=use.place)
