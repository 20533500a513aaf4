"""What a change of the modules' code does to something that the operator wrote."""

from dataclasses import dataclass
from enum import StrEnum

from pinner.words.places import Place


class Effect(StrEnum):
    """What happens if nothing is done; the worst first.

    `breaks`: compilation stops. `ignored`: the key has no effect any more. `type`: the parameter takes other values
    now, and whether this one fits cannot be told. `deprecated`: works, and warns.
    """

    BREAKS = "breaks"
    IGNORED = "ignored"
    TYPE = "type"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class DataEffect:
    """One place and what the change does to it.

    `key` is the hiera key, and for code the key that would mean the same; `module` is the one it names. `replacement`
    is the key to write instead, where one is known. `is_code` tells that the place is one of site code.
    """

    effect: Effect
    key: str
    module: str
    place: Place
    hint: str | None = None
    replacement: str | None = None
    is_code: bool = False
