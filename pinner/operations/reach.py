"""Where pinned commits lie among the refs of their remotes: reached by any, rewritten away, or moved elsewhere.

Each answer follows from ids alone, so it is remembered for ever; only what is new is asked of the mirrors.
"""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from pinner.git.history import is_reached, refs_containing
from pinner.git.mirrors import Mirror
from pinner.operations.answers import Answers
from pinner.operations.resolve import Answer, Found
from pinner.operations.tag_log import meaning_of
from pinner.words.pins import GitPin
from pinner.words.refs import Refs

REACHED = "reached-1"

# A canonical URL and a commit of it.
Spot = tuple[str, str]


def tip_to_compare(pin: GitPin, answer: Answer | None, refs: Refs) -> str | None:
    """Return the commit that the pin's ref names now, or that of the ref which carries its release since that is gone.

    None where there is nothing to compare: a bare commit, or a tag, which means one commit and no line of them.
    """
    if pin.ref is None or meaning_of(pin):
        return None
    if pin.ref in refs.commits:
        return refs.commits[pin.ref]
    return refs.commits.get(answer.ref or "") if isinstance(answer, Found) else None


def recall_reached(spots: Iterable[Spot], answers: Answers) -> Mapping[Spot, bool]:
    """Return whether any branch or tag reaches each commit, where that is plain or remembered for the refs of now."""
    found: dict[Spot, bool] = {}
    keys: dict[str, Spot] = {}
    for spot, mirror in _mirrored(spots, answers).items():
        if spot[1] in set(mirror.refs.commits.values()):
            found[spot] = True
        else:
            keys[_key(spot, mirror)] = spot
    remembered = answers.workspace.memory.recall(REACHED, keys) if keys else {}
    return found | {keys[key]: text == "yes" for key, text in remembered.items()}


def find_reached(spots: Iterable[Spot], answers: Answers) -> Mapping[Spot, bool]:
    """Return the same for commits that the mirrors are known to have, by asking them."""
    mirrors = _mirrored(spots, answers)
    if not mirrors:
        return {}
    with ThreadPoolExecutor(max_workers=answers.workspace.settings.jobs) as pool:
        reached = pool.map(lambda item: is_reached(item[1], item[0][1]), mirrors.items())
        found = dict(zip(mirrors, reached, strict=True))
    told = {_key(spot, mirrors[spot]): "yes" if is_known else "no" for spot, is_known in found.items()}
    answers.workspace.memory.remember(REACHED, told)
    return found


def find_homes(spots: Iterable[Spot], answers: Answers) -> Mapping[Spot, tuple[str, ...]]:
    """Return the refs that have each commit, the branches first."""
    return {
        spot: tuple(refs_containing(mirror, spot[1])) for spot, mirror in _mirrored(spots, answers).items()
    }


def _mirrored(spots: Iterable[Spot], answers: Answers) -> Mapping[Spot, Mirror]:
    found = {spot: answers.mirror(spot[0]) for spot in sorted(set(spots))}
    return {spot: mirror for spot, mirror in found.items() if mirror is not None}


def _key(spot: Spot, mirror: Mirror) -> str:
    refs = hashlib.sha256("".join(sorted(set(mirror.refs.commits.values()))).encode()).hexdigest()
    return f"{spot[1]} of {refs}"
