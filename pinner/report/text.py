"""Comparisons, reasons and lock ids as plain text: what a pipe and a CI log get, and what a terminal colours."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pinner.operations.compare import Change, Comparison, ModuleChange
from pinner.operations.why import Reason
from pinner.report import details_text
from pinner.report.counts import count
from pinner.report.pins import SHORT, describe
from pinner.report.visible import one_line
from pinner.words.pins import ForgePin, GitPin, Lock

SUBJECTS = 10
LONGEST_SUBJECT = 200


def lock_ids(rows: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield one line an environment: its name and lock id."""
    rows = tuple(rows)
    width = max((len(name) for name, _ in rows), default=0)
    yield from (f"{name:{width}}  {lock_id or 'no lock'}" for name, lock_id in rows)


def comparison(
    result: Comparison, *, is_verbose: bool = False, modules: frozenset[str] = frozenset()
) -> Iterator[str]:
    """Yield the lines of `diff`: the counts first, then each module that changes."""
    yield f"{_side(result.before.label, result.before.lock)} -> {_side(result.after.label, result.after.lock)}"
    totals = Counter(change.change for change in result.modules)
    yield ", ".join(f"{totals[kind]} {kind.value}" for kind in Change)
    yield from details_text.totals(result)
    for change in result.modules:
        if modules and change.name not in modules:
            continue
        if change.change is not Change.SAME or change.rewordings or change.hiera:
            yield ""
            yield from _change(change, is_verbose=is_verbose or bool(modules))


def _side(label: str, lock: Lock) -> str:
    return f"{label} ({lock.lock_id})"


def _change(change: ModuleChange, *, is_verbose: bool) -> Iterator[str]:
    yield f"{change.name}: {headline(change)}"
    # The headline names both refs already.
    yield from (f"  {words}" for words in change.rewordings if words.key != "ref")
    if change.change is Change.MOVED and isinstance(change.after, GitPin):
        yield f"  {distance(change)}"
    yield from (f"  {line}" for line in details_text.detail_lines(change, is_verbose=is_verbose))
    commits = change.commits_by_weight
    shown = commits if is_verbose else commits[:SUBJECTS]
    for commit in shown:
        words = details_text.trailer_words(change.trailers.get(commit.id))
        yield f"    {commit.id[:SHORT]} {shown_subject(commit.subject)}{words}"
    if len(shown) < len(change.commits):
        yield f"    … {count(len(change.commits) - len(shown), 'more commit')} (-v shows all)"


def shown_subject(subject: str) -> str:
    """Return a commit's subject on one line that a terminal shows and does not obey, cut if it is a novel."""
    line = one_line(subject) or "(no subject)"
    return line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"


def headline(change: ModuleChange) -> str:
    """Return what happened to a module in one line."""
    if change.before is None and change.after is not None:
        return f"added at {describe(change.after)}"
    if change.after is None and change.before is not None:
        return f"removed, was {describe(change.before)}"
    if change.before is None or change.after is None:
        raise AssertionError
    if change.change is Change.SAME:
        return f"same code, {describe(change.after)}"
    direction = f" {change.direction}" if change.direction else ""
    return f"moved{direction} {describe(change.before)} -> {describe(change.after)}"


def distance(change: ModuleChange) -> str:
    """Return how far a module moved, in commits."""
    if change.ahead is None or change.behind is None:
        return "how many commits lie between could not be found out"
    merges = change.ahead - len(change.commits)
    folded = f" ({count(merges, 'merge')} folded)" if merges else ""
    back = f", {count(change.behind, 'commit')} left behind" if change.behind else ""
    return f"{count(change.ahead, 'commit')} ahead{folded}{back}"


def reason(result: Reason) -> Iterator[str]:
    """Yield the lines of `why`, from the manifest's line down to the commit."""
    yield f"{result.module} in {result.environment}"
    if result.place and result.rule:
        base = ", a base of this environment" if result.is_inherited else ""
        yield f"  asked for by '{result.rule}' at {result.place}{base}"
    if result.reason or result.until:
        yield f"  reason: {result.reason or 'none given'}{f', until {result.until}' if result.until else ''}"
    yield from (f"  {line}" for line in _pin_lines(result))
    for row in result.dependents:
        yield f"  {row.module} depends on it: {row.range or 'any version'}"
    if not result.dependents:
        yield "  no module of this environment depends on it"


def _identity(pin: GitPin) -> str:
    if not pin.is_module:
        return "not a Puppet module"
    return f"{pin.name or 'a module without a name'} {pin.version or 'without a version'}"


def _pin_lines(result: Reason) -> Iterator[str]:
    pin = result.pin
    if pin is None:
        yield f"not pinned yet: run 'pinner lock {result.environment}'"
    elif isinstance(pin, ForgePin):
        yield f"taken from the Forge as {pin.forge} {pin.version}"
    else:
        want = ", ".join(f"{key} {value}" for key, value in pin.want.as_mapping().items())
        yield f"wants {want} of {pin.git}"
        yield f"found {pin.ref or 'a bare commit'}{f' ({pin.status})' if pin.status else ''}"
        yield f"pinned at {pin.commit}, {_identity(pin)}"
        if pin.required_by:
            yield f"added because {', '.join(pin.required_by)} required it"
