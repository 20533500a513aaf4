"""Each use held against the code as it is: what binds to nothing, what is deprecated, what the type rejects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pinner.puppet.hiera.options import LookupOptions
from pinner.puppet.names import quoted
from pinner.puppet.types.fitting import Fit, fit
from pinner.puppet.usage.codebase import Codebase, Owner
from pinner.puppet.usage.describing import describe, mending
from pinner.puppet.usage.near import Nearby
from pinner.words.api import Definition, Kind, Parameter
from pinner.words.codes import RULES
from pinner.words.data import Literal, Value
from pinner.words.findings import Finding
from pinner.words.uses import Origin, Use

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
"""What every resource takes, whether its type says so or not."""

_SHOWN = 160
_OF_RESOURCES = frozenset({Origin.HASH, Origin.RESOURCE})


@dataclass(frozen=True, slots=True)
class Context:
    """What a use is held against. `lookups` are keys that site code looks up by itself."""

    codebase: Codebase
    options: LookupOptions = field(default_factory=LookupOptions)
    lookups: frozenset[str] = frozenset()


def judge(uses: Iterable[Use], context: Context) -> Iterator[Finding]:
    """Yield the findings on each use, in order."""
    nearby = Nearby(context.codebase)
    for use in uses:
        owner = owner_of(use, context.codebase)
        if owner is None:
            yield from _judge_unknown(use, context, nearby)
        elif use.parameter is None:
            yield from _judge_deprecated(use, owner.definition)
        elif use.parameter in owner.parameters:
            yield from _judge_deprecated(use, owner.definition, owner.parameters[use.parameter])
            yield from _judge_type(use, owner.parameters[use.parameter], context)
        else:
            yield from _judge_no_parameter(use, owner.definition, context, nearby)


def owner_of(use: Use, codebase: Codebase) -> Owner | None:
    """Return what a use means: keys and `include` mean classes, resources mean defined or native types."""
    if use.origin in _OF_RESOURCES:
        return codebase.defines.get(use.owner) or codebase.types.get(use.owner)
    return codebase.classes.get(use.owner)


def _judge_unknown(use: Use, context: Context, nearby: Nearby) -> Iterator[Finding]:
    codebase = context.codebase
    if use.module not in codebase.modules or use.subject in context.lookups:
        return
    is_told_already = use.parameter is not None and not use.is_data
    if is_told_already or (use.origin in _OF_RESOURCES and "::" not in use.owner):
        return
    if use.origin in {Origin.KEY, Origin.OPTIONS}:
        yield _finding(use, "hiera-unbound", _why_unbound(use, codebase), _hint_on_key(use, nearby))
    else:
        kind = "defined type" if use.origin in _OF_RESOURCES else "class"
        code = "hiera-unbound" if use.is_data else "code-unknown"
        yield _finding(use, code, f"there is no {kind} {quoted(use.owner)}", nearby.hint(use.owner, None))


def _why_unbound(use: Use, codebase: Codebase) -> str:
    start = f"the key {quoted(use.subject)} binds to nothing"
    if use.owner.startswith("::"):
        return f"{start}: Hiera's keys have no '::' in front"
    if use.owner in codebase.defines:
        return (
            f"{start}: {quoted(use.owner)} is a defined type, and Hiera fills the parameters of classes only"
        )
    return f"{start}: there is no class {quoted(use.owner)}"


def _hint_on_key(use: Use, nearby: Nearby) -> str | None:
    bare = use.owner.removeprefix("::")
    if bare != use.owner and bare in nearby.codebase.classes:
        return f"write {quoted(f'{bare}::{use.parameter}')}"
    if bare in nearby.codebase.defines:
        return None
    return nearby.hint(bare, use.parameter)


def _judge_no_parameter(
    use: Use, definition: Definition, context: Context, nearby: Nearby
) -> Iterator[Finding]:
    if use.subject in context.lookups:
        return
    hint = nearby.hint(use.owner, use.parameter)
    message = f"{_name(definition)} has no parameter {quoted(str(use.parameter))}"
    if use.origin in {Origin.KEY, Origin.OPTIONS}:
        yield _finding(
            use, "hiera-unbound", f"the key {quoted(use.subject)} binds to nothing: {message}", hint
        )
    elif definition.kind is not Kind.TYPE and use.parameter not in METAPARAMETERS:
        code = "hiera-resource" if use.origin is Origin.HASH else "code-unknown"
        yield _finding(use, code, message, hint)


def _judge_deprecated(
    use: Use, definition: Definition, parameter: Parameter | None = None
) -> Iterator[Finding]:
    """Tell of what is deprecated: the whole rather than its parameter, but in code only where the whole is named."""
    marked: Definition | Parameter = definition
    if parameter is not None and (not definition.deprecated or not use.is_data):
        marked = parameter
    if not marked.deprecated or use.origin is Origin.OPTIONS:
        return
    what = _name(definition) if marked is definition else _name(definition, parameter)
    when = f", and goes in {marked.removal}" if marked.removal else ""
    code = "hiera-deprecated" if use.is_data else "code-deprecated"
    yield _finding(use, code, f"{what} is deprecated{when}", _advice(marked))


def _judge_type(use: Use, parameter: Parameter, context: Context) -> Iterator[Finding]:
    value, type_ = use.value, parameter.type
    if value is None or type_ is None or takes(value, type_, context.codebase) is not Fit.NO:
        return
    if use.origin is Origin.KEY and context.options.change(use.subject):
        return
    message = f"{quoted(use.subject)} takes {one_line(type_)}, not {describe(value, parameter.name)}"
    code = "hiera-type" if use.is_data else "code-type"
    yield _finding(use, code, message, mending(value, type_))


def takes(value: Value, type_: str, codebase: Codebase) -> Fit:
    """Return whether a parameter of that type takes a value; undef means the default, whatever the type."""
    if isinstance(value, Literal) and value.value is None:
        return Fit.UNKNOWN
    return fit(value, type_, codebase.aliases)


def one_line(text: str) -> str:
    """Return source text or prose as a message shows it: on one line, its end cut off if long."""
    joined = " ".join(text.split())
    return joined if len(joined) <= _SHOWN else f"{joined[: _SHOWN - 1]}…"


def _advice(marked: Definition | Parameter) -> str | None:
    if marked.replacement:
        return f"use {marked.replacement} instead"
    return one_line(marked.says) if marked.says else None


def _name(definition: Definition, parameter: Parameter | None = None) -> str:
    kind = {Kind.CLASS: "class", Kind.DEFINE: "defined type"}.get(definition.kind, "type")
    whole = f"{kind} {quoted(definition.name)}"
    return f"parameter {quoted(parameter.name)} of {whole}" if parameter else whole


def _finding(use: Use, code: str, message: str, hint: str | None) -> Finding:
    return Finding(RULES[code].level, code, use.module or None, message, hint, use.place)
