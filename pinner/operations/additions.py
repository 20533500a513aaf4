"""Third-party modules that nobody named, added to drafts of locks as far as the manifest lets them in."""

from collections.abc import Mapping
from dataclasses import replace

from pinner.operations.answers import Answers
from pinner.operations.drafts import Draft, describe_drafts, redraft, widened
from pinner.operations.externals import external_wants
from pinner.operations.inspection import of_modules
from pinner.operations.pinning import Moves
from pinner.operations.wanted import WantedGit
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata


def with_externals(drafts: list[Draft], moves: Moves, answers: Answers) -> list[Draft]:
    """Add what the pinned modules require, and what that requires in turn, until nothing more is asked for."""
    while True:
        drafts, metadata = describe_drafts(drafts, answers)
        extras = [_externals(draft, metadata) for draft in drafts]
        answers.ask(module.git for extra in extras for module in extra.values())
        drafts = [_without_homes(draft, extra, answers) for draft, extra in zip(drafts, extras, strict=True)]
        extras = [_with_homes(extra, answers) for extra in extras]
        if not any(extras):
            return drafts
        wider = [widened(draft.wanted, extra) for draft, extra in zip(drafts, extras, strict=True)]
        drafts = [redraft(draft, wanted, moves, answers) for draft, wanted in zip(drafts, wider, strict=True)]


def _externals(draft: Draft, metadata: Mapping[str, Metadata]) -> Mapping[str, WantedGit]:
    if draft.after is None:
        return {}
    return external_wants(draft.wanted, draft.after.pins, of_modules(draft.after, metadata))


def _with_homes(extra: Mapping[str, WantedGit], answers: Answers) -> Mapping[str, WantedGit]:
    return {name: module for name, module in extra.items() if not answers.is_nowhere(module.git)}


def _without_homes(draft: Draft, extra: Mapping[str, WantedGit], answers: Answers) -> Draft:
    """Note what the gate runs but whose repository is gone: nobody named it, so the lock does without, and says so."""
    gone = [module for module in extra.values() if answers.is_nowhere(module.git)]
    notes = tuple(
        Finding(
            Level.WARNING,
            "external-not-found",
            module.module,
            f"module '{module.module}': {', '.join(module.required_by)} needs it, but there is no repository at {module.git}",
            "name it under 'modules' with the 'git' where it lives now, or under 'dependencies: ignore'",
            module.place,
        )
        for module in gone
    )
    return replace(draft, notes=tuple(dict.fromkeys((*draft.notes, *notes))))
