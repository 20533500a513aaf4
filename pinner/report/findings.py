"""Findings as plain text: where, what, how to mend; what is true of many modules is told once."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pinner.words.findings import Finding

ALIKE = 4
# What is told of many modules in the same words, as soon as `openstack: all` is in a manifest.
OF_MANY = frozenset({"dependency-missing", "end-of-life"})


def findings(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines of several findings; what several modules share is told once, and so is a hint."""
    given: set[str | None] = set()
    for one, alike in _folded(found):
        shown = replace(one, hint=None) if one.hint in given else one
        first, *hint = finding(shown)
        yield first
        if alike:
            more = f" and {len(alike) - ALIKE} more" if len(alike) > ALIKE else ""
            yield f"  the same for {', '.join(alike[:ALIKE])}{more}"
        yield from hint
        given.add(one.hint)


def _folded(found: Iterable[Finding]) -> Iterable[tuple[Finding, list[str]]]:
    """Return findings with the other modules of which the same is true: one dependency, one release for all of them."""
    groups: dict[object, list[Finding]] = {}
    for number, one in enumerate(found):
        key = (one.code, one.level, one.hint) if one.code in OF_MANY and one.hint else number
        groups.setdefault(key, []).append(one)
    for first, *others in groups.values():
        names = dict.fromkeys(one.module or "" for one in others if one.module != first.module)
        yield first, list(names)


def finding(found: Finding) -> Iterator[str]:
    """Yield the lines of one finding: where, level, what, code; then how to mend."""
    where = f"{found.place}: " if found.place else ""
    yield f"{where}{found.level}: {found.message} [{found.code}]"
    if found.hint:
        yield f"  hint: {found.hint}"
