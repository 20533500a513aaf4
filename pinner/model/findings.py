"""Define findings, their levels and rules, which of them are reported, and the exit code that they lead to."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pinner.model.errors import Location
from pinner.model.lock import Lock


class Level(StrEnum):
    """How severe a finding is; only `error` prevents a lock from being written."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken in one environment.

    `code` is stable, in lower case with hyphens; `module` is None if the finding is about the whole
    environment; `place` is the place to look at, if known, and `also` are further places of the same kind.
    """

    level: Level
    code: str
    module: str | None
    message: str
    hint: str | None = None
    place: Location | None = None
    also: tuple[Location, ...] = ()

    @property
    def places(self) -> tuple[Location, ...]:
        """Return all places, in their order."""
        return (*((self.place,) if self.place else ()), *self.also)

    @property
    def is_of_missing_ref(self) -> bool:
        """Return whether a ref that the manifest names does not exist, which is known, unlike with UNKNOWN."""
        return self.code == "ref-missing"


def fold_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return one finding for those that differ only in their place; by place."""
    places: dict[Finding, set[Location]] = {}
    for finding in findings:
        places.setdefault(replace(finding, place=None, also=()), set()).update(finding.places)
    folded = []
    for alike, found in places.items():
        ordered = sorted(found, key=_position)
        folded.append(replace(alike, place=next(iter(ordered), None), also=tuple(ordered[1:])))
    return tuple(sorted(folded, key=lambda one: (_position(one.place), one.code, one.message)))


def _position(place: Location | None) -> tuple[str, int, int]:
    return (place.path, place.line or 0, place.column or 0) if place else ("", 0, 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one code: `meaning` is what is wrong, `fix` how to fix it; both are full sentences.

    `is_of_many` means that many modules may break it in the same words, as with `openstack: all`.
    """

    code: str
    level: Level
    meaning: str
    fix: str
    is_of_many: bool = False

    def finding(
        self, module: str | None, message: str, *, hint: str | None = None, place: Location | None = None
    ) -> Finding:
        """Return a finding that breaks this rule; the rule gives its code and level."""
        return Finding(self.level, self.code, module, message, hint, place)


MOST_ALIKE = 50
"""Maximum number of findings of one code and module that are reported."""


def drop_ignored(
    findings: Iterable[Finding], ignored: Collection[tuple[str, str | None]]
) -> Iterator[Finding]:
    """Yield the findings without those in `ignored`: pairs of a code and a module, or None for all modules."""
    for finding in findings:
        if (finding.code, None) not in ignored and (finding.code, finding.module) not in ignored:
            yield finding


def limit_repeats(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield at most MOST_ALIKE findings per code and module, then the number of those left out."""
    counts: Counter[tuple[str, str | None]] = Counter()
    last: dict[tuple[str, str | None], Finding] = {}
    for finding in findings:
        key = finding.code, finding.module
        counts[key] += 1
        if counts[key] <= MOST_ALIKE:
            yield finding
        else:
            last[key] = finding
    for key, finding in last.items():
        subject = f"module '{finding.module}': " if finding.module else ""
        message = f"{subject}{counts[key] - MOST_ALIKE} more findings of this kind are not shown"
        yield replace(finding, message=message, hint=None)


def as_errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings with each warning made an error."""
    return tuple(
        replace(finding, level=Level.ERROR) if finding.level is Level.WARNING else finding
        for finding in findings
    )


UNKNOWN = frozenset({"remote-unreachable", "deployed-unread", "history-shallow"})
# These findings keep a module from being pinned although all refs exist: the answer is no.
ANSWERS = frozenset({"dependency-conflict"})


@dataclass(frozen=True, slots=True)
class EnvironmentResult:
    """What happened to one environment.

    `after` is None if a module could not be pinned; `is_written` is True if the lock file changed. `failures`
    are the findings that kept a module from being pinned; they are part of `findings`. `would_write` is True
    if a dry run left out to change the lock file.
    """

    environment: str
    before: Lock | None
    after: Lock | None
    findings: tuple[Finding, ...]
    failures: tuple[Finding, ...] = ()
    is_written: bool = False
    would_write: bool = False

    @property
    def exit_code(self) -> int:
        """Return 3 if something could not be determined, 2 if a ref does not exist, 1 for error findings."""
        if any(finding.code in UNKNOWN for finding in self.findings):
            return 3
        if any(finding.code not in ANSWERS for finding in self.failures):
            return 2
        return int(any(finding.level is Level.ERROR for finding in self.findings))


def shared_findings(results: Sequence[EnvironmentResult]) -> Mapping[Finding, tuple[str, ...]]:
    """Return the findings, without their places, that keep several environments from being checked, with their names."""
    names: dict[Finding, dict[str, None]] = {}
    for result in results:
        for finding in result.findings:
            if finding.code in UNKNOWN:
                names.setdefault(replace(finding, place=None), {})[result.environment] = None
    return {finding: tuple(found) for finding, found in names.items() if len(found) > 1}


@dataclass(frozen=True, slots=True)
class Totals:
    """What was found in all environments together; a finding that several of them share counts once.

    `with_errors` are environments with an error finding, `undetermined` those that could not be checked completely,
    `ended` the modules whose release has reached its end of life.
    """

    environments: int
    errors: int
    warnings: int
    with_errors: int
    undetermined: int
    ended: tuple[str, ...]

    @classmethod
    def of(cls, results: Sequence[EnvironmentResult]) -> "Totals":
        """Return the totals of these results."""
        shared = shared_findings(results)
        found = [*shared]
        for result in results:
            found += [one for one in result.findings if replace(one, place=None) not in shared]
        levels = Counter(one.level for one in found)
        determined = [[one for one in result.findings if one.code not in UNKNOWN] for result in results]
        return cls(
            environments=len(results),
            errors=levels[Level.ERROR],
            warnings=levels[Level.WARNING],
            with_errors=sum(any(one.level is Level.ERROR for one in rows) for rows in determined),
            undetermined=sum(
                len(rows) < len(result.findings) for rows, result in zip(determined, results, strict=True)
            ),
            ended=tuple(sorted({one.module for one in found if one.code == "end-of-life" and one.module})),
        )
