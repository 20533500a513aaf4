"""Results as plain text: what a pipe and a CI log get, and what a terminal colours."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pinner.operations.compare import Change, Comparison, ModuleChange
from pinner.operations.lock import Outcome
from pinner.operations.why import Reason
from pinner.report import details_text
from pinner.report.counts import count
from pinner.report.visible import one_line
from pinner.words.findings import Finding, Level
from pinner.words.pins import ForgePin, GitPin, Lock, Pin
from pinner.words.refs import short_name

SHORT = 12
SUBJECTS = 10
ALIKE = 4
# What is told of many modules in the same words, as soon as `openstack: all` is in a manifest.
OF_MANY = frozenset({"dependency-missing", "end-of-life"})
LONGEST_SUBJECT = 200


def outcomes(results: Iterable[Outcome], *, verb: str) -> Iterator[str]:
    """Yield the lines of `lock`, `update` and `verify`: each environment with its findings, the counts last."""
    totals: Counter[Level] = Counter()
    results = tuple(results)
    for outcome in results:
        totals.update(finding.level for finding in outcome.findings)
        yield f"{outcome.environment}: {_state(outcome)}"
        yield from (f"  {line}" for line in _moves(outcome))
        yield from (f"  {line}" for line in findings(outcome.findings))
    levels = ", ".join(count(totals[level], level.value) for level in (Level.ERROR, Level.WARNING))
    left = sum(_is_left(outcome) for outcome in results)
    done = f"{len(results) - left} of " if left else ""
    yield f"{verb} {done}{count(len(results), 'environment')}: {levels}"


def _is_left(outcome: Outcome) -> bool:
    """Tell whether the environment was left as it was, without what was asked for."""
    return outcome.after is None or not (outcome.is_written or _is_as_before(outcome))


def _is_as_before(outcome: Outcome) -> bool:
    return (
        outcome.before is not None and outcome.after is not None and outcome.before.pins == outcome.after.pins
    )


def _state(outcome: Outcome) -> str:
    if outcome.after is None:
        return "not locked" if outcome.before is None else "not locked anew, the lock stays as it was"
    modules = count(len(outcome.after.pins), "module")
    if outcome.is_written:
        return f"{outcome.after.lock_id}, {modules}, written"
    if _is_as_before(outcome):
        return f"{outcome.after.lock_id}, {modules}"
    return f"{modules}, not written"


def _moves(outcome: Outcome) -> Iterator[str]:
    if outcome.after is None:
        return
    before, after = outcome.before.pins if outcome.before else {}, outcome.after.pins
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old is None and new is not None:
            yield f"+ {name} {describe(new)}"
        elif new is None and old is not None:
            yield f"- {name} {describe(old)}"
        elif old is not None and new is not None and _code(old) != _code(new):
            yield f"~ {name} {describe(old)} -> {describe(new)}"


def _code(pin: Pin) -> tuple[str, str]:
    return (pin.forge, pin.version) if isinstance(pin, ForgePin) else (pin.git, pin.commit)


def describe(pin: Pin) -> str:
    """Return a pin in a few words: version, ref, short commit."""
    if isinstance(pin, ForgePin):
        return f"{pin.version} ({pin.forge} from the Forge)"
    where = short_name(pin.ref) if pin.ref else "a bare commit"
    return f"{pin.version or 'no version'} ({where}, {pin.commit[:SHORT]})"


def findings(found: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines of several findings; what several modules share is told once, and so is a hint."""
    given: set[str | None] = set()
    for one, alike in _folded(found):
        shown = replace(one, hint=None) if one.hint in given else one
        first, *hint = finding(shown)
        yield first
        if alike:
            more = f" and {len(alike) - ALIKE} more" if len(alike) > ALIKE else ""
            yield f"  the same for {', '.join(alike[:ALIKE])}{more}"
        yield from hint
        given.add(one.hint)


def _folded(found: Iterable[Finding]) -> Iterable[tuple[Finding, list[str]]]:
    """Return findings with the other modules of which the same is true: one dependency, one release for all of them."""
    groups: dict[object, list[Finding]] = {}
    for number, one in enumerate(found):
        key = (one.code, one.level, one.hint) if one.code in OF_MANY and one.hint else number
        groups.setdefault(key, []).append(one)
    for first, *others in groups.values():
        names = dict.fromkeys(one.module or "" for one in others if one.module != first.module)
        yield first, list(names)


def finding(found: Finding) -> Iterator[str]:
    """Yield the lines of one finding: where, level, what, code; then how to mend."""
    where = f"{found.place}: " if found.place else ""
    yield f"{where}{found.level}: {found.message} [{found.code}]"
    if found.hint:
        yield f"  hint: {found.hint}"


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
