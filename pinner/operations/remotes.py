"""What the remotes say now about the pins of several environments: asked together, each commit looked at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinner.operations.answers import Answers
from pinner.operations.checks.subject import Position, Remotes
from pinner.operations.presence import absent_commits
from pinner.operations.reach import Spot, find_homes, find_reached, recall_reached, tip_to_compare
from pinner.operations.resolve import Answer, Found
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.words.pins import GitPin, Lock, Pin
from pinner.words.refs import BRANCH, Refs
from pinner.words.wants import Selector, Want

# A canonical URL, the pinned commit of it, and the commit that its ref names now.
Pair = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """One environment to look at; `asked` names the modules whose remote was asked (the others are taken as locked)."""

    wanted: WantedSet
    lock: Lock
    asked: frozenset[str]


@dataclass(frozen=True, slots=True)
class _View:
    """One environment: its pins that were asked for, what their wants mean, and all refs of their repositories."""

    pins: Mapping[str, GitPin]
    answers: Mapping[str, Answer]
    refs: Mapping[str, Refs]
    pairs: Mapping[str, Pair]


def look_at_remotes(subjects: Iterable[Subject], answers: Answers) -> Mapping[str, Remotes]:
    """Return environment to what its remotes say now."""
    subjects = tuple(subjects)
    views = {subject.lock.environment: _view(subject, answers) for subject in subjects}
    pairs = {pair for view in views.values() for pair in view.pairs.values()}
    bare = {(pin.git, pin.commit) for view in views.values() for pin in view.pins.values() if pin.ref is None}
    positions = answers.positions(pairs)
    reached = recall_reached(bare, answers)
    present = frozenset({pair[:2] for pair in positions} | reached.keys())
    absent = absent_commits([subject.lock for subject in subjects], answers, present=present)
    # What was fetched by its id just now can be looked at too.
    left = [pair for pair in pairs - positions.keys() if pair[:2] not in absent]
    positions = {**positions, **answers.positions(left)}
    reached = {**reached, **find_reached(bare - reached.keys() - absent, answers)}
    homes = find_homes(
        {spot for view in views.values() for spot in _homeless(view).values()} - absent, answers
    )
    found = _Found(positions, frozenset(absent), reached, homes)
    return {environment: _remotes(view, found) for environment, view in views.items()}


@dataclass(frozen=True, slots=True)
class _Found:
    positions: Mapping[Pair, Position]
    absent: frozenset[Spot]
    reached: Mapping[Spot, bool]
    homes: Mapping[Spot, tuple[str, ...]]


def _view(subject: Subject, answers: Answers) -> _View:
    modules = ((name, subject.wanted.modules.get(name)) for name in subject.asked)
    wanted = {name: module for name, module in modules if isinstance(module, WantedGit)}
    replies = {
        name: _reply(module, subject.lock.pins.get(name), answers) for name, module in sorted(wanted.items())
    }
    pins = {
        name: pin
        for name in replies
        if isinstance(pin := subject.lock.pins.get(name), GitPin) and answers.mirror(pin.git)
    }
    refs = {name: mirror.refs for name, pin in pins.items() if (mirror := answers.mirror(pin.git))}
    pairs: dict[str, Pair] = {}
    for name, pin in pins.items():
        tip = tip_to_compare(pin, replies[name], refs[name])
        if tip is not None and tip != pin.commit:
            pairs[name] = (pin.git, pin.commit, tip)
    return _View(pins, replies, refs, pairs)


def _reply(wanted: WantedGit, pin: Pin | None, answers: Answers) -> Answer:
    """Return what a want means; one for the very commit that is pinned asks nothing, since presence is looked at anyway."""
    is_pinned = isinstance(pin, GitPin) and wanted.want == Want(Selector.COMMIT, pin.commit)
    if is_pinned and answers.mirror(wanted.git):
        return Found(wanted.want.value, None)
    return answers.answer(wanted)


def _homeless(view: _View) -> Mapping[str, Spot]:
    """Return the pins whose branch is gone while nothing says what took its place."""
    return {
        name: (pin.git, pin.commit)
        for name, pin in view.pins.items()
        if pin.ref is not None
        and pin.ref.startswith(BRANCH)
        and pin.ref not in view.refs[name].commits
        and not isinstance(view.answers[name], Found)
    }


def _remotes(view: _View, found: _Found) -> Remotes:
    spots = {name: (pin.git, pin.commit) for name, pin in view.pins.items()}
    return Remotes(
        answers=view.answers,
        refs=view.refs,
        positions={
            name: found.positions[pair] for name, pair in view.pairs.items() if pair in found.positions
        },
        homes={name: found.homes.get(spot, ()) for name, spot in _homeless(view).items()},
        absent=frozenset(name for name, spot in spots.items() if spot in found.absent),
        unmerged=frozenset(
            name
            for name, spot in spots.items()
            if view.pins[name].ref is None and not found.reached.get(spot, True)
        ),
    )
