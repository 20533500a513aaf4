"""A module's changes in words, for text, Markdown and HTML: each function makes lines of one kind."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pinner.model.comparison import (
    ChangeKind,
    DataEffect,
    Direction,
    Edit,
    Effect,
    Milestone,
    ModuleChange,
    Name,
    ReleaseNote,
    Step,
    Trailers,
    UnreadNote,
)
from pinner.model.lock import Commit, GitPin
from pinner.model.module_api import ApiChange, ApiChangeKind, Severity, Unreadable
from pinner.model.results import Readiness
from pinner.model.text import SHORT, one_line
from pinner.report.links import WebPages, bug_address, review_address, vulnerability_address, web_pages
from pinner.report.words import clip, count, describe_pin, folded_places, severity_count

LONGEST: Final = 200
"""Maximum characters of a commit's subject, a default, a type or a hint on a line."""

FAMILY: Final = 3
"""Minimum number of removed parameters with one prefix that are reported together."""

NOT_LOCKABLE: Final = "'pinner lock' would not write a lock of this set: the steps below name the reasons"

Milestones = Mapping[Name, Milestone]
NO_MILESTONES: Milestones = {}

_EFFECTS = {
    Effect.BREAKS: "stops compilation",
    Effect.IGNORED: "no longer has any effect",
    Effect.TYPE: "may not match the new data type",
    Effect.DEPRECATED: "is deprecated: it works, but logs a warning",
}
_RENAMES = frozenset({ApiChangeKind.RENAMED, ApiChangeKind.PARAMETER_RENAMED})
_WITH_VALUES = frozenset(
    {ApiChangeKind.DEFAULT_CHANGED, ApiChangeKind.TYPE_CHANGED, ApiChangeKind.REPARENTED}
)


def listed_modules(modules: Iterable[ModuleChange]) -> list[ModuleChange]:
    """Return the modules that a report lists: their code or pin changed, or the operator data is affected."""
    return [one for one in modules if one.change is not ChangeKind.SAME or one.pin_changes or one.hiera]


def module_totals(modules: Iterable[ModuleChange]) -> str:
    """Return how many modules were added, removed, moved, and are the same."""
    totals = Counter(change.change for change in modules)
    return ", ".join(f"{totals[kind]} {kind.value}" for kind in ChangeKind)


def change_totals(modules: Iterable[ModuleChange]) -> Iterator[str]:
    """Yield the numbers of API changes by severity, if there are any."""
    numbers = Counter(row.severity for change in modules for row in change.api)
    if numbers:
        yield f"api: {', '.join(severity_count(one, numbers[one]) for one in Severity)}"


def common_removals(modules: Iterable[ModuleChange]) -> list[str]:
    """Return which families of parameters (`amqp_*`) were removed from several modules, one line each."""
    names: dict[str, set[str]] = {}
    owners: dict[str, set[str]] = {}
    for change in modules:
        for row in change.api:
            prefix, separator, _ = (row.parameter or "").partition("_")
            if row.change is ApiChangeKind.PARAMETER_REMOVED and separator:
                names.setdefault(prefix, set()).add(row.parameter or "")
                owners.setdefault(prefix, set()).add(change.name)
    return [
        f"{len(names[prefix])} '{prefix}_*' parameters removed from {', '.join(sorted(owners[prefix]))}"
        for prefix in sorted(names, key=lambda prefix: (-len(names[prefix]), prefix))
        if len(owners[prefix]) > 1 and len(names[prefix]) >= FAMILY
    ]


def verdict_words(readiness: Readiness | None, target: str, *, is_same: bool = False) -> str:
    """Return the effect of a change on the operator, on one line; `readiness` is None if no data were given."""
    if readiness is None:
        if is_same:
            return "no difference: both sides have the same code"
        hint = "use --hiera DIR for data and --code DIR for site code"
        return f"Your data was not checked against {target}: {hint}"
    words = [] if readiness.is_sound else ["the module set has errors"]
    numbers = (
        (readiness.required, "edit required", "edits required"),
        (readiness.ignored, "key without effect", "keys without effect"),
        (readiness.review, "to check by hand", "to check by hand"),
        (readiness.deprecated, "deprecated", "deprecated"),
    )
    words += [count(number, *nouns) for number, *nouns in numbers if number]
    ready = "Ready" if readiness.is_ready else "Not ready"
    scope = f" ({', '.join(readiness.only)} only)" if readiness.only else ""
    return f"{ready} for {target}{scope}: {', '.join(words) or 'your data needs no change'}"


def headline(change: ModuleChange) -> str:
    """Return what happened to a module, on one line."""
    if change.before is None or change.after is None:
        pin = change.after or change.before
        words = "added at" if change.before is None else "removed, was"
        return f"{words} {describe_pin(pin)}" if pin else words
    if change.change is ChangeKind.SAME:
        return f"same code, {describe_pin(change.after)}"
    direction = f" {change.direction}" if change.direction else ""
    return f"moved{direction} {describe_pin(change.before)} -> {describe_pin(change.after)}"


def fact_lines(change: ModuleChange) -> Iterator[str]:
    """Yield the former name of a module, its changed pin fields, and how far it moved in commits."""
    if change.formerly:
        yield f"formerly named '{change.formerly}'"
    if change.code_from:
        yield f"from the Forge; code read from {change.code_from}"
    # The headline has both refs already.
    yield from (str(field) for field in change.pin_changes if field.key != "ref")
    is_from_git = isinstance(change.after, GitPin) or change.code_from is not None
    if change.change is not ChangeKind.MOVED or not is_from_git:
        return
    if change.ahead is None or change.behind is None:
        yield "the number of commits in between could not be determined"
        return
    merges = change.ahead - len(change.commits)
    folded = f" ({count(merges, 'merge')} not listed)" if merges else ""
    behind = f", {change.behind} behind" if change.behind else ""
    downgrade = "downgrade: " if change.direction is Direction.DOWN else ""
    yield f"{downgrade}{count(change.ahead, 'commit')} ahead{folded}{behind}"


def worst_first(rows: Iterable[ApiChange]) -> list[ApiChange]:
    """Return the changes by severity, in their order within one severity."""
    order = tuple(Severity)
    return sorted(rows, key=lambda row: order.index(row.severity))


def api_words(row: ApiChange, when: Milestones = NO_MILESTONES) -> str:
    """Return one change of the API, on one line, with the releases that deprecated and removed it."""
    values = ""
    if row.change in _WITH_VALUES:
        values = f": {clip(row.old or 'none', LONGEST)} -> {clip(row.new or 'none', LONGEST)}"
    renamed = f" to {row.new}" if row.change in _RENAMES else ""
    hint = f" ({clip(row.hint, LONGEST)})" if row.hint else ""
    since = when.get((row.definition, row.parameter))
    return one_line(
        f"{row.severity}: {row.kind} {row.name}{renamed}{values}{hint}{f' ({since})' if since else ''}"
    )


def effect_summary(row: DataEffect) -> str:
    """Return what happens to a key of the operator data."""
    if row.is_missing:
        return "is required and not set: add it"
    if row.replacement and row.effect is not Effect.DEPRECATED:
        return f"was renamed to {row.replacement}"
    return _EFFECTS[row.effect]


def effect_hint(row: DataEffect) -> str:
    """Return what else is known about an effect; "" if the summary has it."""
    return "" if row.hint is None or row.is_missing or row.hint == f"write {row.replacement}" else row.hint


def effect_words(row: DataEffect) -> str:
    """Return what happens to a key of the operator data, with its first place, on one line."""
    hint = f": {clip(effect_hint(row), LONGEST)}" if effect_hint(row) else ""
    where = "" if row.is_missing else f"{row.place}: "
    used = f" (used at {row.place})" if row.is_missing else ""
    return one_line(f"{where}{row.key} {effect_summary(row)}{used}{hint}{folded_places(row.places)}")


def step_place(step: Step) -> str:
    """Return the first place of a step, "" if it has none or the key is nowhere yet."""
    return one_line(str(step.place)) if step.place and not step.is_missing else ""


def step_text(step: Step) -> str:
    """Return what to do, and in how many places, on one line."""
    used = f" (used at {step.place})" if step.is_missing else ""
    return one_line(f"{step.text}{used}{folded_places(step.places)}")


def note_words(note: ReleaseNote) -> str:
    """Return one entry of a release note on one line."""
    return f"{note.section} ({note.change}): {one_line(note.text)}"


def unreadable_words(file: Unreadable | UnreadNote) -> str:
    """Return which file could not be read, and why, on one line."""
    return f"could not be read: {one_line(file.path)}: {one_line(file.reason)}"


def trailer_words(trailers: Trailers | None) -> str:
    """Return whether a commit is a security fix, the vulnerabilities it names and the bugs it closes."""
    if trailers is None:
        return ""
    words = ["security"] if trailers.is_security else []
    words += trailers.vulnerabilities
    words += [f"closes {'' if '#' in bug else '#'}{bug}" for bug in trailers.bugs]
    return ", ".join(words)


def commit_words(change: ModuleChange, commit: Commit) -> str:
    """Return a commit's subject with the facts of its message, on one line that is safe for a terminal."""
    trailers = trailer_words(change.trailers.get(commit.id))
    return f"{clip(commit.subject, LONGEST) or '(no subject)'}{f' [{trailers}]' if trailers else ''}"


def pages_of(change: ModuleChange) -> WebPages | None:
    """Return the web pages of a module's repository."""
    pin = change.after if isinstance(change.after, GitPin) else change.before
    git = change.code_from or (pin.git if isinstance(pin, GitPin) else "")
    return web_pages(git)


def commit_links(change: ModuleChange, commit: Commit) -> list[tuple[str, str]]:
    """Return names and addresses of the review of a commit, and of the bugs and vulnerabilities that it names."""
    trailers = change.trailers.get(commit.id)
    pin = change.after if isinstance(change.after, GitPin) else None
    if trailers is None or pin is None:
        return []
    links = [("review", review_address(pin.git, trailers.change_id))]
    links += [(f"bug {bug.removeprefix('#')}", bug_address(bug, pin.git)) for bug in trailers.bugs]
    links += [(name, vulnerability_address(name)) for name in trailers.vulnerabilities]
    return [(name, address) for name, address in links if address]


def link_targets(modules: Iterable[ModuleChange]) -> dict[str, str]:
    """Return the addresses of what the text of these changes names: short commit ids, bugs and vulnerabilities.

    A bug is named as `trailer_words` does, `#1234567`. What different modules name alike is left out, unless its
    address is the same.
    """
    found: dict[str, set[str]] = {}
    for change in modules:
        pages = pages_of(change)
        for commit in change.commits:
            address = pages.commit(commit.id) if pages else None
            rows = [(commit.id[:SHORT], address)] if address else []
            for name, other in commit_links(change, commit):
                number = name.removeprefix("bug ")
                rows.append((f"#{number}" if number.isdecimal() else number, other))
            for name, target in rows:
                found.setdefault(name, set()).add(target)
    return {name: next(iter(targets)) for name, targets in found.items() if len(targets) == 1}


def edit_words(edit: Edit) -> str:
    """Return the edit of one place in a file."""
    if edit.old is None:
        return f"add {edit.new}"
    return f"{edit.old} -> {edit.new}" if edit.new is not None else f"remove {edit.old}"
