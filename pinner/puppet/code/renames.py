"""Which definition or parameter goes on under another name: by the code's own words, or by evidence.

Evidence is never a guess on a name alone: a definition's parameters reappear, or a parameter's default does and its
name is nearly the same.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pinner.puppet.code.normal import normal
from pinner.words.api import Definition, Kind, Parameter

_ALIKE = 0.5
_SAME_NAME = 0.75
_FEW = 2
_NEARLY_SAME = 0.9
_LONGEST_NAME = 100
_MOST_PAIRS = 40_000
_TELLING = frozenset({Kind.CLASS, Kind.DEFINE, Kind.FUNCTION})
_COMMON_DEFAULTS = frozenset({None, "undef", "true", "false", "''", "{ }", "[ ]", "$os_service_default"})


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """What the module is called on both sides, where its definitions tell: quantum, then neutron."""

    old: str | None
    new: str | None

    def translate(self, name: str) -> str:
        """Return `name` as the new side would spell it: the module's new name, and no hyphens."""
        if self.old and self.new and self.old != self.new:
            name = name.replace(self.old, self.new).replace(self.old.capitalize(), self.new.capitalize())
        return name.replace("-", "_")


def module_names(old: Iterable[Definition], new: Iterable[Definition]) -> ModuleNames:
    """Return the first parts of names that most definitions of each side share."""
    return ModuleNames(_commonest(old), _commonest(new))


def match_definitions(
    gone: Sequence[Definition], come: Sequence[Definition], names: ModuleNames
) -> dict[str, str]:
    """Return old name to new name for the definitions, all of one kind, that were renamed."""
    found: dict[str, str] = {}
    free = {one.name: one for one in come}
    for one in gone:
        spelled = names.translate(one.name)
        successor = spelled if spelled in free else one.replacement if one.replacement in free else None
        if successor:
            found[one.name] = successor
            del free[successor]
    left = [one for one in gone if one.name not in found and one.kind in _TELLING]
    return found | _by_parameters(left, list(free.values()))


def match_parameters(
    old: Definition, new: Definition, names: ModuleNames, *, keys: Collection[str] = ()
) -> dict[str, str]:
    """Return old name to new name for the parameters of one definition that were renamed.

    A name that the deprecation itself gave counts, in the same definition or as `class::parameter` one of `keys`, also
    where both were there for a while; but where it was to replace several parameters, it renames none of them.
    """
    after = {one.name for one in new.parameters}
    known = {one.name for one in old.parameters}
    gone = [one for one in old.parameters if one.name not in after]
    come = [one for one in new.parameters if one.name not in known]
    claims = Counter(one.replacement for one in gone)
    found: dict[str, str] = {}
    for one in gone:
        spelled, word = names.translate(one.name), one.replacement or ""
        if spelled in after - known:
            found[one.name] = spelled
        elif claims[word] == 1 and (word in after or word in keys):
            found[one.name] = word
    left = [one for one in gone if one.name not in found]
    free = [one for one in come if one.name not in found.values()]
    return found | _by_default(left, free)


def _commonest(definitions: Iterable[Definition]) -> str | None:
    firsts = Counter(one.name.split("::")[0].lower() for one in definitions if one.path.endswith(".pp"))
    return firsts.most_common(1)[0][0] if firsts else None


def _by_parameters(gone: Sequence[Definition], come: Sequence[Definition]) -> dict[str, str]:
    """Pair definitions whose parameters reappear; a name that many definitions have says little."""
    if len(gone) * len(come) > _MOST_PAIRS:
        return {}
    rarity = _rarity((*gone, *come))
    scores = ((_alike(old, new, rarity), old.name, new.name) for old in gone for new in come)
    return _best_pairs(score for score in scores if score[0] >= _ALIKE)


def _best_pairs(scores: Iterable[tuple[float, str, str]]) -> dict[str, str]:
    """Return each old name with its best new name, every name once; the best pairs choose first."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _, old, new in sorted(scores, key=lambda score: (-score[0], *score[1:])):
        if old not in found and new not in taken:
            found[old] = new
            taken.add(new)
    return found


def _rarity(definitions: Iterable[Definition]) -> Mapping[str, float]:
    counts = Counter(name for one in definitions for name in _names(one))
    return {name: 1 / count for name, count in counts.items()}


def _names(one: Definition) -> frozenset[str]:
    return frozenset(parameter.name for parameter in one.parameters)


def _alike(old: Definition, new: Definition, rarity: Mapping[str, float]) -> float:
    """Return from 0 to 1 how much of both definitions' parameters, the rare ones counting more, is the same."""
    shared, every = _names(old) & _names(new), _names(old) | _names(new)
    if len(shared) < _FEW:
        return 0.0
    return sum(rarity[name] for name in shared) / sum(rarity[name] for name in every)


def _by_default(gone: Sequence[Parameter], come: Sequence[Parameter]) -> dict[str, str]:
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


def _same_name(old: str, new: str, default: str | None) -> float:
    """Return how alike two names are, 0 if not enough; a default that half of all parameters have proves less."""
    if max(len(old), len(new)) > _LONGEST_NAME:
        return 0.0
    enough = _NEARLY_SAME if default in _COMMON_DEFAULTS else _SAME_NAME
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    # The quick ones are upper bounds, and most pairs end there.
    likenesses = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return matcher.ratio() if all(likeness() >= enough for likeness in likenesses) else 0.0
