"""Everything that the modules of one environment define, by name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pinner.words.api import Definition, Kind, ModuleApi, Parameter


@dataclass(frozen=True, slots=True)
class Owner:
    """A class, defined type or native type with its parameters by name."""

    definition: Definition
    parameters: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Codebase:
    """`modules` are those whose whole code is known; `aliases` maps a type alias in small letters to what it stands for."""

    modules: frozenset[str] = frozenset()
    classes: Mapping[str, Owner] = field(default_factory=dict)
    defines: Mapping[str, Owner] = field(default_factory=dict)
    types: Mapping[str, Owner] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def classes_of(self, module: str) -> tuple[str, ...]:
        """Return the names of a module's classes, sorted."""
        return tuple(sorted(name for name in self.classes if name.partition("::")[0] == module))


def make_codebase(apis: Mapping[str, ModuleApi], site: Iterable[Definition] = ()) -> Codebase:
    """Return what the modules (by name) define, and the definitions of site code beside them."""
    definitions = [one for name in sorted(apis) for one in apis[name].definitions]
    definitions += site
    return Codebase(
        frozenset(apis),
        _owners(definitions, Kind.CLASS),
        _owners(definitions, Kind.DEFINE),
        _owners(definitions, Kind.TYPE),
        {one.name.lower(): one.target for one in definitions if one.kind is Kind.TYPE_ALIAS and one.target},
    )


def _owners(definitions: Iterable[Definition], kind: Kind) -> dict[str, Owner]:
    found: dict[str, Owner] = {}
    for one in definitions:
        if one.kind is kind and one.name not in found:
            found[one.name] = Owner(one, {parameter.name: parameter for parameter in one.parameters})
    return found
