"""Third-party modules that nobody named, added to drafts of locks as far as the manifest lets them in."""

from collections.abc import Mapping
from dataclasses import replace

from pinner.operations.answers import Answers
from pinner.operations.demands import corrections_of, requirers
from pinner.operations.drafts import Draft, describe_drafts
from pinner.operations.gate_additions import with_gate
from pinner.operations.inspection import of_modules
from pinner.operations.pinning import Moves
from pinner.words.manifests import Externals
from pinner.words.metadata import Metadata
from pinner.words.pins import GitPin, Pin


def with_externals(drafts: list[Draft], moves: Moves, answers: Answers) -> list[Draft]:
    """Return the drafts with what their modules require, and what that requires in turn; each pin says who does."""
    if any(draft.wanted.manifest.externals is Externals.NEWEST for draft in drafts):
        from pinner.operations.newest.bringing import with_newest  # noqa: PLC0415 - few solve, all start

        drafts = with_newest(drafts, moves, answers)
    if not moves.are_named:
        drafts = with_gate(drafts, moves, answers)
    drafts, metadata = describe_drafts(drafts, answers)
    return [_with_requirers(draft, metadata) for draft in drafts]


def _with_requirers(draft: Draft, metadata: Mapping[str, Metadata]) -> Draft:
    if draft.after is None:
        return draft
    asked = requirers(of_modules(draft.after, metadata), corrections_of(draft.wanted.manifest))
    pins = {name: _required(pin, asked.get(name, ())) for name, pin in draft.after.pins.items()}
    return replace(draft, after=replace(draft.after, pins=pins))


def _required(pin: Pin, modules: tuple[str, ...]) -> Pin:
    """Return the pin with those who ask for it; where nobody does any more, who did, until `lock` drops it."""
    if not isinstance(pin, GitPin) or not pin.required_by or not modules:
        return pin
    return replace(pin, required_by=modules)
