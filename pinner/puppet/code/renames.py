"""Match removed definitions and parameters with their new names, as the code proves it.

A parameter is renamed if the old code hands its value on to where the value of the new parameter goes, or if
documentation and code together leave one new parameter in its place. The old code hands a value on if it chooses
between both (`pick($old, $new)`), if it gives the old one to another class, or if the old one was written to the
same places as the new one is now. Words alone prove nothing. A definition is renamed if its deprecation names the
new one, or if its parameters reappear in one that writes the same places.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pinner.model.module_api import Definition, DefinitionKind, Mark, Needs, Parameter
from pinner.puppet.code.defaults import constant, normal

_WITH_FLOWS = frozenset({DefinitionKind.CLASS, DefinitionKind.DEFINE})
_OTHER_USE = "?"
_BY_STRICTNESS = (Needs.TRUE, Needs.FILLED, Needs.GIVEN, Needs.NOTHING)


@dataclass(frozen=True, slots=True)
class Successor:
    """The parameter `class::parameter` that the value goes to now, if it is one that `needs` allows."""

    key: str
    needs: Needs = Needs.NOTHING


@dataclass(frozen=True, slots=True)
class _Side:
    """The flows of one version; every name is `class::parameter`."""

    keys: Collection[str]
    places: Mapping[str, frozenset[str]]
    handed: Mapping[str, Mapping[str, Needs]]
    needs: Mapping[str, Needs]
    deprecated: Collection[str] = ()

    def written(self, key: str) -> frozenset[str]:
        """Return the places that a parameter is written to, without other uses."""
        return frozenset(place for place in self.places.get(key, ()) if not place.startswith(_OTHER_USE))


def _side(definitions: Iterable[Definition], rename: tuple[str, str] = ("\0", "")) -> _Side:
    sources = [one for one in definitions if one.kind in _WITH_FLOWS]
    parameters = [
        (f"{one.name}::{parameter.name}", parameter) for one in sources for parameter in one.parameters
    ]
    places: dict[str, set[str]] = {}
    handed: dict[str, dict[str, Needs]] = {}
    needs: dict[str, Needs] = {}
    for owner, flow in ((one.name, flow) for one in sources for flow in one.flows):
        source = flow.source if "::" in flow.source else f"{owner}::{flow.source}"
        if flow.target.startswith("$"):
            target = flow.target[1:] if "::" in flow.target else f"{owner}::{flow.target[1:]}"
            handed.setdefault(source, {}).setdefault(target.replace(*rename), flow.needs)
        else:
            places.setdefault(source, set()).add(flow.target.replace(*rename))
            if not flow.target.startswith(_OTHER_USE):
                known = needs.get(source, Needs.NOTHING)
                needs[source] = min(known, flow.needs, key=_BY_STRICTNESS.index)
    return _Side(
        keys={key for key, _ in parameters},
        places={key: frozenset(some) for key, some in places.items()},
        handed=handed,
        needs=needs,
        deprecated={key for key, parameter in parameters if parameter.deprecated},
    )


class Handovers:
    """Finds the successors of the parameters of `old` among those of `new`.

    `module_names` are the module's old and new name, if it was renamed.
    """

    def __init__(
        self,
        old: Iterable[Definition],
        new: Iterable[Definition],
        module_names: tuple[str | None, str | None] = (None, None),
    ) -> None:
        before, after = module_names
        rename = (before, after) if before and after and before != after else ("\0", "")
        self.old = _side(old, rename)
        self.new = _side(new)
        self.holders: dict[str, set[str]] = {}
        for key, places in self.new.places.items():
            for place in places:
                self.holders.setdefault(place, set()).add(key)

    def successor(self, key: str, advised: str | None = None) -> Successor | None:
        """Return what the value of `key` (`class::parameter`) is given to now, None without a proof.

        `advised` is the key that the code or a note recommends; it decides between several.
        """
        handed = self._handed(key)
        found = handed or self._same_places(key)
        if advised in found and len(found) > 1:
            found = {advised: found[advised]}
        if not found and advised and advised in self.new.keys and advised not in self.old.keys:
            # a new parameter that writes the settings of the old one, perhaps in another section
            before, after = self.old.places.get(key, frozenset()), self.new.written(advised)
            if before and {*map(_setting, before)} <= {*map(_setting, after)}:
                found = {advised: self.old.needs.get(key, Needs.NOTHING)}
        return Successor(*found.popitem()) if len(found) == 1 else None

    def agrees(self, key: str, other: str) -> bool | None:
        """Return whether two parameters are written to the same places, None if either is written nowhere."""
        before, after = self.old.written(key), self.new.written(other)
        return before <= after if before and after else None

    def _handed(self, key: str) -> dict[str, Needs]:
        """Return the parameters that the old code gives this one's value to, of which nothing else depends."""
        places = self.old.written(key)
        found = {}
        for target, needs in self.old.handed.get(key, {}).items():
            holder, _, parameter = target.rpartition("::")
            is_given = {f"class[{holder}]/{parameter}", f"default[{holder}]/{parameter}"} & places
            if target != key and target in self.new.keys and (is_given or self.old.written(target) <= places):
                found[target] = needs
        lasting = {target: needs for target, needs in found.items() if target not in self.new.deprecated}
        return lasting or found

    def _same_places(self, key: str) -> dict[str, Needs]:
        """Return the new parameters that are written wherever the old one was."""
        uses, places = self.old.places.get(key, frozenset()), self.old.written(key)
        if not places:
            return {}
        holders = (self.holders.get(place, set()) for place in uses)
        candidates = set.intersection(*holders) - {key}
        needs = self.old.needs.get(key, Needs.NOTHING)
        fitting = {
            one: needs
            for one in candidates
            if one in self.new.keys and (one not in self.old.keys or places == self.old.written(one))
        }
        owner = key.rpartition("::")[0]
        near = {one: needs for one in fitting if one.rpartition("::")[0] == owner}
        return near or fitting


def _setting(place: str) -> str:
    """Return a place without the section of its title: `nova_config[x/y]/value` is like `[z/y]`."""
    kind, _, rest = place.partition("[")
    title, _, attribute = rest.rpartition("]")
    option = title.rpartition("/")[2].replace("-", "_")
    return f"{kind}[{option}]{attribute}"


_WITHOUT_EFFECT = re.compile(
    r"no effect|do(?:es)? nothing|nothing reads|not used|unused|ignored|no longer", re.IGNORECASE
)
_ALIKE = 0.5
_SAME_NAME = 0.75
_FEW = 2
_NEARLY_SAME = 0.9
_LONGEST_NAME = 100
_MOST_PAIRS = 40_000
_WITH_PARAMETERS = frozenset({DefinitionKind.CLASS, DefinitionKind.DEFINE, DefinitionKind.FUNCTION})
_COMMON_DEFAULTS = frozenset({None, "undef", "true", "false", "''", "{ }", "[ ]", "$os_service_default"})


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """The module's name on each side (quantum, then neutron), None if its definitions do not show it."""

    old: str | None
    new: str | None

    def translate(self, name: str) -> str:
        """Return `name` as spelled on the new side: with the module's new name and without hyphens."""
        if self.old and self.new and self.old != self.new:
            name = name.replace(self.old, self.new).replace(self.old.capitalize(), self.new.capitalize())
        return name.replace("-", "_")


def module_names(old: Iterable[Definition], new: Iterable[Definition]) -> ModuleNames:
    """Return the most common first part of the definitions' names, for each side."""
    return ModuleNames(_commonest(old), _commonest(new))


def match_definitions(
    gone: Sequence[Definition], come: Sequence[Definition], names: ModuleNames, handovers: Handovers
) -> dict[str, str]:
    """Return old names mapped to new names of the renamed definitions, which are all of one kind."""
    found: dict[str, str] = {}
    free = {one.name: one for one in come}
    for one in gone:
        spelled = names.translate(one.name)
        successor = spelled if spelled in free else one.replacement if one.replacement in free else None
        if successor:
            found[one.name] = successor
            del free[successor]
    left = [one for one in gone if one.name not in found and one.kind in _WITH_PARAMETERS]
    alike = _by_parameters(left, list(free.values()))
    by_name = {one.name: one for one in (*left, *free.values())}
    proved = {old: new for old, new in alike.items() if _agree(by_name[old], by_name[new], handovers)}
    return found | proved


def match_parameters(
    old: Definition, new: Definition, names: ModuleNames, handovers: Handovers
) -> dict[str, Successor]:
    """Return the renamed parameters of one definition by their old names, each as the code proves it.

    A parameter that only takes the module's new name, or loses its hyphens, is renamed too.
    """
    after = {one.name for one in new.parameters}
    known = {one.name for one in old.parameters}
    found: dict[str, Successor] = {}
    for one in old.parameters:
        if one.name in after:
            continue
        spelled = names.translate(one.name)
        if spelled in after - known:
            found[one.name] = Successor(f"{new.name}::{spelled}")
        elif successor := handovers.successor(f"{old.name}::{one.name}", advised_key(one, new.name)):
            found[one.name] = successor
        elif taker := _taker(old, one, new, handovers):
            found[one.name] = taker
    return found


def _taker(old: Definition, one: Parameter, new: Definition, handovers: Handovers) -> Successor | None:
    """Return the parameter that takes the place of another one in the same version, None if that is not certain.

    The documentation and a warning of the old code recommend it for this parameter alone, the old code does not
    have it yet, neither is written elsewhere, and it takes a single value.
    """
    known = {other.name for other in old.parameters}
    takers = [
        other for other in new.parameters if other.name not in known and _is_recommended(other.name, one)
    ]
    if len(takers) != 1 or any(_WITHOUT_EFFECT.search(mark.text) for mark in one.evidence):
        return None
    taker = takers[0]
    word = re.compile(rf"\b{re.escape(taker.name)}\b")
    naming = [other for other in old.parameters if any(word.search(mark.text) for mark in other.evidence)]
    default = constant(taker.default) or ""
    key = f"{new.name}::{taker.name}"
    if len(naming) != 1 or not (default[:1].isalnum() or default.startswith("'")) or default == "undef":
        return None
    return None if handovers.agrees(f"{old.name}::{one.name}", key) is False else Successor(key)


def _is_recommended(name: str, one: Parameter) -> bool:
    """Return whether the documentation and a warning of a deprecated parameter both recommend `name`."""
    advice = re.compile(rf"\buse (?:the )?['\"`$]*{re.escape(name)}\b", re.IGNORECASE)
    marks = {mark.mark for mark in one.evidence if advice.search(mark.text)}
    return Mark.WARNING in marks and bool(marks & {Mark.HEADING, Mark.TEXT})


def advised_key(one: Parameter, owner: str) -> str | None:
    """Return the one parameter that a deprecation recommends as `class::parameter`, None without one."""
    if not one.replacement or ", " in one.replacement:
        return None
    return one.replacement if "::" in one.replacement else f"{owner}::{one.replacement}"


def similar_parameters(old: Definition, new: Definition) -> dict[str, str]:
    """Return removed parameters with added ones of nearly the same name and the same default: a hint, no proof."""
    after = {one.name for one in new.parameters}
    known = {one.name for one in old.parameters}
    gone = [one for one in old.parameters if one.name not in after]
    come = [one for one in new.parameters if one.name not in known]
    if len(gone) * len(come) > _MOST_PAIRS:
        return {}
    by_default: dict[str | None, list[str]] = {}
    for one in come:
        by_default.setdefault(normal(one.default), []).append(one.name)
    scores = (
        (_same_name(one.name, other, normal(one.default)), one.name, other)
        for one in gone
        for other in by_default.get(normal(one.default), ())
    )
    return _best_pairs(score for score in scores if score[0] > 0)


def _commonest(definitions: Iterable[Definition]) -> str | None:
    firsts = Counter(one.name.split("::")[0].lower() for one in definitions if one.path.endswith(".pp"))
    return firsts.most_common(1)[0][0] if firsts else None


def _by_parameters(gone: Sequence[Definition], come: Sequence[Definition]) -> dict[str, str]:
    """Pair definitions whose parameters reappear; a parameter that many definitions have counts little."""
    if len(gone) * len(come) > _MOST_PAIRS:
        return {}
    counts = Counter(name for one in (*gone, *come) for name in _names(one))
    rarity = {name: 1 / count for name, count in counts.items()}
    scores = ((_alike(old, new, rarity), old.name, new.name) for old in gone for new in come)
    return _best_pairs(score for score in scores if score[0] >= _ALIKE)


def _agree(old: Definition, new: Definition, handovers: Handovers) -> bool:
    """Return whether no parameter of both is written elsewhere now."""
    shared = _names(old) & _names(new)
    return all(handovers.agrees(f"{old.name}::{name}", f"{new.name}::{name}") is not False for name in shared)


def _best_pairs(scores: Iterable[tuple[float, str, str]]) -> dict[str, str]:
    """Return each old name with its best new name, each name once; the best pairs are chosen first."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, old, new in sorted(scores, key=lambda score: (-score[0], *score[1:])):
        if old not in found and new not in taken:
            found[old] = new
            taken.add(new)
    return found


def _names(one: Definition) -> frozenset[str]:
    return frozenset(parameter.name for parameter in one.parameters)


def _alike(old: Definition, new: Definition, rarity: Mapping[str, float]) -> float:
    """Return the share (0 to 1) of parameters that both definitions have; rare parameters count more."""
    shared, every = _names(old) & _names(new), _names(old) | _names(new)
    if len(shared) < _FEW:
        return 0.0
    return sum(rarity[name] for name in shared) / sum(rarity[name] for name in every)


def _same_name(old: str, new: str, default: str | None) -> float:
    """Return how similar two names are, 0 if not enough; a very common default requires more similarity."""
    if max(len(old), len(new)) > _LONGEST_NAME:
        return 0.0
    enough = _NEARLY_SAME if default in _COMMON_DEFAULTS else _SAME_NAME
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    # The quick ratios are upper bounds and exclude most pairs.
    likenesses = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return matcher.ratio() if all(likeness() >= enough for likeness in likenesses) else 0.0
