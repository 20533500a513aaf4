"""What speaks against a publication, and what should be known beside it, in words."""

from collections.abc import Iterable, Iterator

from pinner.operations.publish.comparing import Objection, Plan, Reason
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

_BY_FORCE = "overwrite it with --force"
_HINTS = {
    Reason.FOREIGN: f"move it away, or {_BY_FORCE}",
    Reason.CHANGED: f"bring the change into the project's manifests, or {_BY_FORCE}",
    Reason.DELETED: "ask why, then publish it again with --force",
    Reason.IN_THE_WAY: "move it away: no option overwrites it",
}


def judge(plans: Iterable[Plan], *, is_forced: bool) -> tuple[Problem, ...]:
    """Return what is to be told beside the result; raises InputError where something must not be overwritten."""
    plans = tuple(plans)
    against = [
        (plan, objection)
        for plan in plans
        for objection in plan.objections
        if not (is_forced and objection.reason is not Reason.IN_THE_WAY)
    ]
    if against:
        raise InputError(dict.fromkeys(_problem(plan, objection) for plan, objection in against))
    return tuple(_notes(plans))


def _notes(plans: Iterable[Plan]) -> Iterator[Problem]:
    for plan in plans:
        for objection in plan.objections:
            told = f"is overwritten, though it {_words(objection)}"
            yield Problem(told, Place(_place(plan.branch.name, objection.path)))
        for kept in plan.kept:
            told = f"stays, though pinner does not generate it: it {_words(kept)}"
            hint = "remove it yourself if nobody needs it"
            yield Problem(told, Place(_place(plan.branch.name, kept.path)), hint)


def _problem(plan: Plan, objection: Objection) -> Problem:
    place = Place(_place(plan.branch.name, objection.path))
    return Problem(_words(objection), place, _HINTS[objection.reason])


def _words(objection: Objection) -> str:
    return f"{objection.reason}{f' (last changed {objection.by})' if objection.by else ''}"


def _place(branch: str, path: str) -> str:
    """Return a file as git calls it at a revision: `production:Puppetfile`."""
    return f"{branch}:{path}" if path.isprintable() else f"{branch}:{path!a}"
