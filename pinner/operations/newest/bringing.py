"""Solved sets put into drafts of locks: each environment is a puzzle of its own, all of them share what was read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pinner.operations.answers import Answers
from pinner.operations.demands import Demand, corrections_of
from pinner.operations.drafts import Draft, describe_drafts, redraft, widened
from pinner.operations.externals import external_want, homeless, is_done_without, kept_externals
from pinner.operations.inspection import of_modules, read_pinned_metadata
from pinner.operations.newest.ahead import ask_ahead
from pinner.operations.newest.collisions import explain
from pinner.operations.newest.offers import Offer, Offers
from pinner.operations.newest.puzzle import Puzzle
from pinner.operations.newest.solver import NoSolutionError, TooManyRoundsError, solve
from pinner.operations.pinning import Moves
from pinner.operations.wanted import WantedGit
from pinner.words.findings import Finding, Level
from pinner.words.manifests import Externals
from pinner.words.metadata import Metadata
from pinner.words.pins import ForgePin, GitPin, Lock, Pin
from pinner.words.wants import Selector, Want


def with_newest(drafts: list[Draft], moves: Moves, answers: Answers) -> list[Draft]:
    """Return the drafts; those whose manifest says `externals: newest` with the releases that satisfy everybody.

    One that has no solution comes back without a lock, and with the findings that say what collides.
    """
    if not any(_is_meant(draft) for draft in drafts):
        return drafts
    drafts, metadata = describe_drafts(drafts, answers)
    offers = Offers(answers)
    puzzles = {
        draft.wanted.manifest.environment: _puzzle(draft, metadata, moves, answers)
        for draft in drafts
        if _is_meant(draft)
    }
    ask_ahead(puzzles.values(), offers)
    return [
        _solved(draft, puzzles[draft.wanted.manifest.environment], moves, offers)
        if _is_meant(draft)
        else draft
        for draft in drafts
    ]


def _is_meant(draft: Draft) -> bool:
    return draft.after is not None and draft.wanted.manifest.externals is Externals.NEWEST


def _puzzle(draft: Draft, metadata: Mapping[str, Metadata], moves: Moves, answers: Answers) -> Puzzle:
    lock = draft.after
    if lock is None:
        raise AssertionError
    manifest = draft.wanted.manifest
    corrections = corrections_of(manifest)
    is_free = {name for name, pin in lock.pins.items() if _is_brought(pin) and name in (moves.modules or ())}
    fixed = {name: pin.version for name, pin in lock.pins.items() if name not in is_free and _is_code(pin)}
    demands = (
        demand
        for module, facts in of_modules(lock, metadata).items()
        if module in fixed
        for demand in corrections.demands(module, facts.dependencies)
    )
    return Puzzle(
        roots=tuple(sorted(demand for demand in demands if demand.module not in fixed)),
        fixed=fixed,
        corrections=corrections,
        puppet=manifest.puppet.value if manifest.puppet else None,
        kept=_kept(draft, answers) if moves.modules is None else {},
    )


def _is_brought(pin: Pin) -> bool:
    return isinstance(pin, GitPin) and bool(pin.required_by)


def _is_code(pin: Pin) -> bool:
    return isinstance(pin, ForgePin) or pin.is_module


def _kept(draft: Draft, answers: Answers) -> Mapping[str, Offer]:
    """Return what the lock holds already, as the releases that come first."""
    names = kept_externals(draft.wanted, draft.before)
    before = draft.before.pins if draft.before else {}
    pins = {name: pin for name in names if isinstance(pin := before[name], GitPin)}
    metadata = read_pinned_metadata([Lock("kept", pins)], answers)
    return {
        name: Offer(
            name, pin.want.value, pin.commit, pin.version or "", facts.dependencies, facts.requirements
        )
        for name, pin in pins.items()
        if (facts := metadata.get(pin.commit))
    }


def _solved(draft: Draft, puzzle: Puzzle, moves: Moves, offers: Offers) -> Draft:
    try:
        releases = solve(puzzle, offers)
    except (NoSolutionError, TooManyRoundsError):
        return _unsolved(draft, puzzle, offers)
    demands = [*puzzle.roots, *(demand for offer in releases.values() for demand in puzzle.demands_of(offer))]
    troubles = tuple(dict.fromkeys(_troubles(draft, demands, puzzle, offers)))
    failures = tuple(finding for finding in troubles if finding.level is Level.ERROR)
    notes = tuple(finding for finding in troubles if finding not in failures)
    if failures:
        return replace(draft, after=None, failures=failures)
    extra = {module: _want(draft, offer, demands, offers) for module, offer in releases.items()}
    draft = replace(draft, notes=(*draft.notes, *notes))
    if moves.are_named:
        moves = replace(moves, modules=(moves.modules or frozenset()) | extra.keys())
    return redraft(draft, widened(draft.wanted, extra), moves, offers.answers) if extra else draft


def _want(draft: Draft, offer: Offer, demands: Iterable[Demand], offers: Offers) -> WantedGit:
    asked_by = {demand.asker for demand in demands if demand.module == offer.module}
    git = offers.home(offer.module) or ""
    return external_want(
        draft.wanted, offer.module, git, Want(Selector.TAG, offer.tag), tuple(sorted(asked_by))
    )


def _troubles(draft: Draft, demands: Iterable[Demand], puzzle: Puzzle, offers: Offers) -> Iterator[Finding]:
    """Yield why a module that is asked for and has a home has no releases: it is gone, or could not be asked."""
    asked_by: dict[str, set[str]] = {}
    for demand in demands:
        if demand.module not in puzzle.fixed and offers.home(demand.module):
            asked_by.setdefault(demand.module, set()).add(demand.asker)
    for module, names in sorted(asked_by.items()):
        failure = offers.failure(module)
        if failure is None:
            continue
        want = external_want(
            draft.wanted, module, offers.home(module) or "", Want(Selector.VERSION, ""), tuple(sorted(names))
        )
        if is_done_without(want, draft.before, offers.answers):
            yield homeless(want, offers.answers)
        else:
            message = f"module '{module}': {failure.message}"
            yield Finding(Level.ERROR, "remote-unreachable", module, message, failure.hint, want.place)


def _unsolved(draft: Draft, puzzle: Puzzle, offers: Offers) -> Draft:
    place = external_want(draft.wanted, "", "", Want(Selector.VERSION, ""), ()).place
    failures = tuple(
        Finding(
            Level.ERROR,
            "dependency-conflict",
            found.module,
            f"module '{found.module}': {found.message}",
            found.hint,
            place,
        )
        for found in explain(puzzle, offers)
    )
    return replace(draft, after=None, failures=failures)
