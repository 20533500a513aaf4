"""Drafts of locks: what the wants of one environment give, before the set is looked at as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pinner.operations.answers import Answers
from pinner.operations.inspection import read_pinned_metadata
from pinner.operations.pinning import Moves, describe, pin_modules
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata
from pinner.words.pins import GitPin, Lock


@dataclass(frozen=True, slots=True)
class Draft:
    """One environment on its way to a lock.

    `after` is None where a module could not be pinned, and `failures` say why; `notes` are findings about what was done
    without.
    """

    wanted: WantedSet
    before: Lock | None
    after: Lock | None
    failures: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()


def asked_modules(wanted: WantedSet, moves: Moves) -> Mapping[str, WantedGit]:
    """Return the modules whose remotes are asked: all, or exactly those that were named."""
    modules = ((name, module) for name, module in wanted.modules.items() if isinstance(module, WantedGit))
    return {name: module for name, module in modules if not moves.modules or name in moves.modules}


def draft_lock(wanted: WantedSet, before: Lock | None, moves: Moves, answers: Answers) -> Draft:
    """Return the draft that the wants give: what is included in `moves` pinned anew, the rest as it was."""
    asked = asked_modules(wanted, moves)
    renewed = {name: module for name, module in asked.items() if moves.include(module, before)}
    # Where modules are named, everything else stays as it was locked, even what the manifest no longer wants.
    modules = {name: asked[name] for name in asked} if moves.are_named else wanted.modules
    pinned = pin_modules(modules, before, {name: answers.answer(module) for name, module in renewed.items()})
    pins = {**before.pins, **pinned.pins} if moves.are_named and before else pinned.pins
    absent = tuple(finding for finding in pinned.failures if _is_not_in_release(finding, wanted, before))
    if not pins:
        absent = ()  # a release of which nothing at all is there is not a release with less in it
    failures = tuple(finding for finding in pinned.failures if finding not in absent)
    notes = tuple(_absence(finding) for finding in absent)
    if failures:
        return Draft(wanted, before, None, failures, notes)
    ordered = {name: pins[name] for name in sorted(pins)}
    return Draft(
        wanted, before, Lock(wanted.manifest.environment, ordered, wanted.manifest.moduledir), (), notes
    )


def _is_not_in_release(finding: Finding, wanted: WantedSet, before: Lock | None) -> bool:
    """Tell whether `openstack: all` can do without: no ref was ever seen or locked, only a list of deliverables says so."""
    module = wanted.modules[finding.module or ""]
    is_new = before is None or module.module not in before.pins
    return finding.code == "ref-missing" and isinstance(module, WantedGit) and module.may_be_absent and is_new


def _absence(finding: Finding) -> Finding:
    return replace(
        finding,
        level=Level.WARNING,
        code="not-in-release",
        message=f"{finding.message}: left out of 'openstack: all'",
        hint="name it under 'openstack' or 'modules' if you need it",
    )


def redraft(draft: Draft, wanted: WantedSet, moves: Moves, answers: Answers) -> Draft:
    """Return the draft of a wider want; what was noted before stays noted."""
    again = draft_lock(wanted, draft.before, moves, answers)
    return replace(again, notes=tuple(dict.fromkeys((*draft.notes, *again.notes))))


def widened(wanted: WantedSet, extra: Mapping[str, WantedGit]) -> WantedSet:
    """Return what is wanted with some modules more."""
    modules = {**wanted.modules, **extra}
    return replace(wanted, modules={name: modules[name] for name in sorted(modules)})


def describe_drafts(drafts: list[Draft], answers: Answers) -> tuple[list[Draft], Mapping[str, Metadata]]:
    """Return the drafts with what each module says of itself, and that metadata by commit."""
    metadata = read_pinned_metadata([draft.after for draft in drafts if draft.after], answers)
    return [_described_one(draft, metadata) for draft in drafts], metadata


def _described_one(draft: Draft, metadata: Mapping[str, Metadata]) -> Draft:
    if draft.after is None:
        return draft
    pins = {
        name: describe(pin, metadata.get(pin.commit) if isinstance(pin, GitPin) else None)
        for name, pin in draft.after.pins.items()
    }
    return replace(draft, after=replace(draft.after, pins=pins))
