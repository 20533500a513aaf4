"""The plan of an upgrade as text and as Markdown: one line a step, what to edit spelled out below it."""

from collections import Counter
from collections.abc import Iterator

from pinner.operations.compare import Change
from pinner.operations.upgrade.milestones import Milestone, Name
from pinner.operations.upgrade.steps import Edit, Stage, Step
from pinner.operations.upgrade.upgrade import Leg, Upgrade
from pinner.report import markdown, text
from pinner.report.as_json import Json, comparison, finding
from pinner.report.counts import count
from pinner.report.visible import one_line


def as_text(
    result: Upgrade, *, is_verbose: bool = False, modules: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Yield the lines of `upgrade`: the plan (of each leg), and the modules' changes where they were asked for."""
    for leg in result.shown:
        yield from _leg(leg, is_verbose=is_verbose, modules=modules)
    if not (is_verbose or modules):
        yield ""
        yield "what changes in each module: -v, -m MODULE, or --format html"


def _leg(leg: Leg, *, is_verbose: bool, modules: frozenset[str]) -> Iterator[str]:
    if is_verbose or modules:
        yield from text.comparison(leg.comparison, is_verbose=is_verbose, modules=modules)
    else:
        yield from _head(leg)
    for stage in Stage:
        yield from _chapter(stage, leg.steps(stage), modules)


def _head(leg: Leg) -> Iterator[str]:
    before, after = leg.comparison.before, leg.comparison.after
    yield f"{before.label} ({before.lock.lock_id}) -> {after.label} ({after.lock.lock_id})"
    totals = Counter(change.change for change in leg.comparison.modules)
    yield ", ".join(f"{totals[kind]} {kind.value}" for kind in Change)


def _chapter(stage: Stage, steps: tuple[Step, ...], modules: frozenset[str]) -> Iterator[str]:
    steps = tuple(step for step in steps if not modules or step.module is None or step.module in modules)
    if steps:
        yield ""
        yield f"{stage.heading} ({count(len(steps), 'step')})"
        for step in steps:
            yield from (f"  {line}" for line in _step(step))


def _step(step: Step) -> Iterator[str]:
    where = f"{step.place}: " if step.place else ""
    yield one_line(f"{where}{step.text}")
    if step.edit:
        yield f"  {one_line(_edited(step.edit))}"
    if step.hint:
        yield f"  hint: {one_line(step.hint)}"


def _edited(edit: Edit) -> str:
    if edit.old is None:
        return f"write {edit.new}"
    return f"{edit.old} -> {edit.new}" if edit.new is not None else f"{edit.old} goes"


def as_markdown(result: Upgrade) -> Iterator[str]:
    """Yield the lines of a Markdown report: the plan with boxes to tick, then what changes in each module."""
    for leg in result.shown:
        yield f"# {markdown.escape(f'{leg.comparison.before.label} → {leg.comparison.after.label}')}: the plan"
        for stage in Stage:
            yield from _markdown_chapter(stage, leg.steps(stage))
        yield ""
        yield from markdown.comparison(leg.comparison)
        yield ""


def _markdown_chapter(stage: Stage, steps: tuple[Step, ...]) -> Iterator[str]:
    if not steps:
        return
    yield ""
    yield f"## {stage.heading}"
    yield ""
    for step in steps:
        where = f"`{one_line(str(step.place)).replace('`', '')}`: " if step.place else ""
        yield f"- [ ] {where}{markdown.escape(step.text)}"
        if step.edit:
            yield f"  - {markdown.escape(_edited(step.edit))}"
        if step.hint:
            yield f"  - hint: {markdown.escape(step.hint)}"


def as_json(result: Upgrade) -> Json:
    """Return what `upgrade` prints: the same keys as `diff` for the whole way, the plan, and each leg if asked."""
    whole = result.whole
    return {
        **comparison(whole.comparison),
        **_leg_json(whole),
        "milestones": [_milestone(*row) for row in whole.when.items()],
        "legs": [{**comparison(leg.comparison), **_leg_json(leg)} for leg in result.legs],
    }


def _milestone(name: Name, milestone: Milestone) -> Json:
    return {
        "definition": name[0],
        "parameter": name[1],
        "deprecated": str(milestone.deprecated) if milestone.deprecated else None,
        "removed": str(milestone.removed) if milestone.removed else None,
        "text": str(milestone),
    }


def _leg_json(leg: Leg) -> Json:
    found = (*leg.trial.failures, *leg.trial.findings)
    return {
        "release": {"from": str(leg.start), "to": str(leg.target.series)},
        "plan": [_step_json(step) for step in leg.plan],
        "findings": [finding(one) for one in found],
        "lockable": leg.trial.is_sound,
    }


def _step_json(step: Step) -> Json:
    return {
        "stage": step.stage,
        "kind": step.kind,
        "module": step.module,
        "text": step.text,
        "path": step.place.path if step.place else None,
        "line": step.place.line if step.place else None,
        "key": step.key,
        "old": step.edit.old if step.edit else None,
        "new": step.edit.new if step.edit else None,
        "hint": step.hint,
    }
