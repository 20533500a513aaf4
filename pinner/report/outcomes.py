"""What `lock`, `update` and `verify` did, as plain text."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pinner.operations.lock import Outcome
from pinner.report.counts import count
from pinner.report.findings import findings
from pinner.report.pins import describe
from pinner.words.findings import Level
from pinner.words.pins import ForgePin, Pin

WRITERS = frozenset({"locked", "updated"})


def outcomes(results: Iterable[Outcome], *, verb: str) -> Iterator[str]:
    """Yield the lines of `lock`, `update` and `verify`: each environment with its findings, the counts last."""
    totals: Counter[Level] = Counter()
    results = tuple(results)
    for outcome in results:
        totals.update(finding.level for finding in outcome.findings)
        yield f"{outcome.environment}: {_state(outcome)}"
        yield from (f"  {line}" for line in _moves(outcome))
        yield from (f"  {line}" for line in findings(outcome.findings))
    levels = ", ".join(count(totals[level], level.value) for level in (Level.ERROR, Level.WARNING))
    left = sum(_is_left(outcome) for outcome in results) if verb in WRITERS else 0
    done = f"{len(results) - left} of " if left else ""
    yield f"{verb} {done}{count(len(results), 'environment')}: {levels}"


def _is_left(outcome: Outcome) -> bool:
    """Tell whether the environment was left as it was, without what was asked for."""
    return outcome.after is None or not (outcome.is_written or _is_as_before(outcome))


def _is_as_before(outcome: Outcome) -> bool:
    return (
        outcome.before is not None and outcome.after is not None and outcome.before.pins == outcome.after.pins
    )


def _state(outcome: Outcome) -> str:
    if outcome.after is None:
        return "not locked" if outcome.before is None else "not locked anew, the lock stays as it was"
    modules = count(len(outcome.after.pins), "module")
    if outcome.is_written:
        return f"{outcome.after.lock_id}, {modules}, written"
    if _is_as_before(outcome):
        return f"{outcome.after.lock_id}, {modules}"
    return f"{modules}, not written"


def _moves(outcome: Outcome) -> Iterator[str]:
    if outcome.after is None:
        return
    before, after = outcome.before.pins if outcome.before else {}, outcome.after.pins
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield f"+ {name} {describe(new)}"
        elif new is None and old is not None:
            yield f"- {name} {describe(old)}"
        elif old is not None and new is not None and _code(old) != _code(new):
            yield f"~ {name} {describe(old)} -> {describe(new)}"


def _code(pin: Pin) -> tuple[str, str]:
    return (pin.forge, pin.version) if isinstance(pin, ForgePin) else (pin.git, pin.commit)
