"""The plan of an upgrade as the page shows it: chapters of steps, from the JSON document."""

from collections.abc import Iterable
from dataclasses import dataclass

from pinner.operations.upgrade.steps import Stage
from pinner.report.as_json import Json


@dataclass(frozen=True, slots=True)
class StepView:
    """One step; `place` is a path with its line."""

    text: str
    place: str | None
    old: str | None
    new: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """The steps of one stage."""

    heading: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class LegView:
    """One move between two releases."""

    start: str
    end: str
    is_lockable: bool
    chapters: tuple[Chapter, ...]


def legs_of(document: Json) -> tuple[LegView, ...]:
    """Return the legs to work through in what `upgrade` prints as JSON."""
    return tuple(_leg(leg) for leg in document["legs"] or (document,))


def _leg(leg: Json) -> LegView:
    chapters = (Chapter(stage.heading, _steps(leg["plan"], stage)) for stage in Stage)
    return LegView(
        start=leg["release"]["from"],
        end=leg["release"]["to"],
        is_lockable=leg["lockable"],
        chapters=tuple(chapter for chapter in chapters if chapter.steps),
    )


def _steps(plan: Iterable[Json], stage: Stage) -> tuple[StepView, ...]:
    return tuple(_step(step) for step in plan if step["stage"] == stage)


def _step(step: Json) -> StepView:
    place = f"{step['path']}:{step['line']}" if step["line"] else step["path"]
    return StepView(step["text"], place, step["old"], step["new"], step["hint"])
