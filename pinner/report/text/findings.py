"""Text of findings and of the results of `lock`, `update` and `verify`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from pinner.model.findings import EnvironmentResult, Finding, Totals, shared_findings
from pinner.model.lock import ForgePin, Pin
from pinner.model.rules import RULES
from pinner.report.words import count, describe_pin, finding_line, first_few

ALIKE = 4


def finding_lines(found: Iterable[Finding], *, is_verbose: bool = True) -> Iterator[str]:
    """Yield the lines of several findings; what several modules share is printed once, as is each hint.

    If verbose, all places of a finding are listed.
    """
    groups: dict[object, list[Finding]] = {}
    for number, one in enumerate(found):
        is_of_many = one.code in RULES and RULES[one.code].is_of_many
        key = (one.code, one.level, one.hint) if is_of_many and one.hint else number
        groups.setdefault(key, []).append(one)
    printed: set[str | None] = set()
    for first, *others in groups.values():
        shown = replace(first, hint=None) if first.hint in printed else first
        line, *hint = finding_line(shown, is_verbose=is_verbose)
        yield line
        alike = dict.fromkeys(one.module or "" for one in others if one.module != first.module)
        if alike:
            yield f"  the same for {first_few(alike, ALIKE)}"
        yield from hint
        printed.add(first.hint)


WRITERS = frozenset({"locked", "updated", "would lock", "would update"})


def result_lines(
    results: Iterable[EnvironmentResult],
    *,
    verb: str,
    details: Mapping[tuple[str, str], Iterable[str]] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield the lines of `lock`, `update` and `verify`: environments with their findings, then the verdict.

    `details` has the lines to add about a module that changes, by environment and module. What could not be determined for several environments is one finding, and is printed after them.
    """
    results = tuple(results)
    shared = shared_findings(results)
    for result in results:
        own = [finding for finding in result.findings if replace(finding, place=None) not in shared]
        yield f"{result.environment}: {_state(result)}"
        for module, line in _pin_changes(result):
            yield f"  {line}"
            yield from (f"      {each}" for each in details.get((result.environment, module), ()))
        yield from (f"  {line}" for line in finding_lines(own))
    for finding, names in shared.items():
        line, *hint = finding_line(finding)
        yield f"{line}: {count(len(names), 'environment')}: {first_few(names, ALIKE)}"
        yield from hint
    yield _verdict(results, verb)


def _verdict(results: tuple[EnvironmentResult, ...], verb: str) -> str:
    """Return the counts, and for commands that check: in how many environments, and what has reached its end."""
    totals = Totals.of(results)
    environments = count(totals.environments, "environment")
    levels = f"{count(totals.errors, 'error')}, {count(totals.warnings, 'warning')}"
    done = sum(result.is_written or result.would_write or _is_unchanged(result) for result in results)
    if verb in WRITERS and done < len(results):
        environments = f"{done} of {environments}"
    facts = []
    if verb not in WRITERS and totals.environments > 1:
        if totals.with_errors:
            verb_of_errors = "has" if totals.with_errors == 1 else "have"
            facts.append(f"{totals.with_errors} of {environments} {verb_of_errors} errors")
        if totals.undetermined:
            facts.append(f"{totals.undetermined} of {environments} could not be checked completely")
    if verb not in WRITERS and totals.ended:
        facts.append(f"{count(len(totals.ended), 'module')} at the end of life")
    return f"{'; '.join((f'{verb} {environments}: {levels}', *facts))}"


def _is_unchanged(result: EnvironmentResult) -> bool:
    before, after = result.before, result.after
    return before is not None and after is not None and before.pins == after.pins


def _state(result: EnvironmentResult) -> str:
    if result.after is None:
        return "not locked" if result.before is None else "lock unchanged because of the errors below"
    modules = count(len(result.after.pins), "module")
    if result.is_written:
        return f"{result.after.lock_id}, {modules}, written"
    if result.would_write:
        return f"{result.after.lock_id}, {modules}, would be written"
    if _is_unchanged(result):
        return f"{result.after.lock_id}, {modules}"
    return f"{modules}, not written"


def _pin_changes(result: EnvironmentResult) -> Iterator[tuple[str, str]]:
    """Yield the name and a line for each module that was added (+), removed (-) or moved (~)."""
    if result.after is None:
        return
    before, after = result.before.pins if result.before else {}, result.after.pins
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield name, f"+ {name} {describe_pin(new)}"
        elif new is None and old is not None:
            yield name, f"- {name} {describe_pin(old)}"
        elif old is not None and new is not None and _code(old) != _code(new):
            yield name, f"~ {name} {describe_pin(old)} -> {describe_pin(new)}"


def _code(pin: Pin) -> tuple[str, str]:
    return (pin.forge, pin.version) if isinstance(pin, ForgePin) else (pin.git, pin.commit)
