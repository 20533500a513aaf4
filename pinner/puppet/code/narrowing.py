"""Whether a data type takes everything that another takes, as far as the two texts tell."""

from enum import StrEnum

from pinner.puppet.code.normal import normal
from pinner.puppet.types.syntax import Argument, RegexRef, TypeRef, Unbounded, parse_type

_MOST_PAIRS = 10_000
_ANYTHING = frozenset({"any", "data", "richdata"})
_WIDER = {
    "integer": frozenset({"numeric", "scalar", "scalardata"}),
    "float": frozenset({"numeric", "scalar", "scalardata"}),
    "numeric": frozenset({"scalar", "scalardata"}),
    "boolean": frozenset({"scalar", "scalardata"}),
    "string": frozenset({"scalar", "scalardata"}),
    "enum": frozenset({"string", "scalar", "scalardata"}),
    "pattern": frozenset({"string", "scalar", "scalardata"}),
    "array": frozenset({"collection"}),
    "tuple": frozenset({"collection", "array"}),
    "hash": frozenset({"collection"}),
    "struct": frozenset({"collection", "hash"}),
}


class Width(StrEnum):
    """How a new type stands to an old one."""

    SAME = "same"
    NARROWED = "narrowed"
    WIDENED = "widened"
    UNCLEAR = "unclear"


def width(old: str, new: str) -> Width:
    """Return how the type `new` stands to `old`; unclear where neither takes all of the other, or none can tell."""
    if normal(old) == normal(new):
        return Width.SAME
    before, after = parse_type(old), parse_type(new)
    if before is None or after is None:
        return Width.UNCLEAR
    budget = [_MOST_PAIRS]
    takes_more, takes_less = _takes(after, before, budget), _takes(before, after, budget)
    if takes_more and takes_less:
        return Width.SAME
    return Width.WIDENED if takes_more else Width.NARROWED if takes_less else Width.UNCLEAR


def _takes(wide: Argument, narrow: Argument, budget: list[int]) -> bool:
    """Return True if `wide` surely takes every value of `narrow`."""
    budget[0] -= 1
    if wide == narrow:
        return True
    if budget[0] < 0 or not isinstance(wide, TypeRef) or not isinstance(narrow, TypeRef):
        return False
    if narrow.key in {"variant", "optional"}:
        return all(_takes(wide, part, budget) for part in _parts(narrow))
    if wide.key in {"variant", "optional"}:
        return any(_takes(part, narrow, budget) for part in _parts(wide))
    return wide.key in _ANYTHING or _takes_plain(wide, narrow, budget)


def _parts(one: TypeRef) -> tuple[Argument, ...]:
    parts = one.arguments or ()
    if one.key == "variant":
        return parts
    words = tuple(TypeRef("Enum", (part,)) if isinstance(part, str) else part for part in parts)
    return (*(words or (TypeRef("Any"),)), TypeRef("Undef"))


def _takes_plain(wide: TypeRef, narrow: TypeRef, budget: list[int]) -> bool:
    if wide.key != narrow.key:
        return wide.arguments is None and wide.key in _WIDER.get(narrow.key, ())
    if wide.arguments is None or narrow.arguments is None:
        return wide.arguments is None
    if wide.key in {"enum", "pattern"}:
        return set(map(_shown, narrow.arguments)) <= set(map(_shown, wide.arguments))
    if wide.key in {"integer", "float", "string"}:
        return _range_takes(_range(wide), _range(narrow))
    return _covers(wide.arguments, narrow.arguments, budget)


def _shown(argument: Argument) -> str:
    return argument.source if isinstance(argument, RegexRef) else str(argument)


def _covers(wide: tuple[Argument, ...], narrow: tuple[Argument, ...], budget: list[int]) -> bool:
    """Return whether the arguments of an Array, Hash or alike are each as wide, and its sizes too."""
    sizes = [
        tuple(one for one in some if isinstance(one, int | float | Unbounded)) for some in (wide, narrow)
    ]
    inner = [tuple(one for one in some if isinstance(one, TypeRef)) for some in (wide, narrow)]
    is_complete = len(inner[0]) + len(sizes[0]) == len(wide) and len(inner[1]) + len(sizes[1]) == len(narrow)
    if not is_complete or len(inner[0]) != len(inner[1]):
        return False
    pairs = zip(inner[0], inner[1], strict=True)
    return _range_takes(_limits(sizes[0]), _limits(sizes[1])) and all(_takes(*pair, budget) for pair in pairs)


def _range(one: TypeRef) -> tuple[float, float]:
    return _limits(one.arguments or ())


def _limits(arguments: tuple[Argument, ...]) -> tuple[float, float]:
    limits = [float("-inf"), float("inf")]
    for place, argument in enumerate(arguments[:2]):
        if isinstance(argument, int | float) and not isinstance(argument, bool):
            limits[place] = argument
    return limits[0], limits[1]


def _range_takes(wide: tuple[float, float], narrow: tuple[float, float]) -> bool:
    return wide[0] <= narrow[0] and narrow[1] <= wide[1]
