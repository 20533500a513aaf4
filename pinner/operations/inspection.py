"""Everything that is checked about pinned environments, in one pass over all of them: nothing is read twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pinner.operations.answers import Answers
from pinner.operations.checks.dependencies import check_dependencies
from pinner.operations.checks.lifecycle import check_lifecycle
from pinner.operations.checks.modules import check_modules
from pinner.operations.checks.platforms import check_platforms
from pinner.operations.checks.refs import check_refs
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.operations.checks.tags import check_tags
from pinner.operations.facts import read_metadata
from pinner.operations.remotes import Subject, look_at_remotes
from pinner.operations.tag_log import TagLog, has_tags
from pinner.operations.wanted import WantedSet
from pinner.words.findings import Finding
from pinner.words.metadata import Dependency, Metadata
from pinner.words.pins import GitPin, Lock

if TYPE_CHECKING:
    from pinner.git.mirrors import Mirror

MOST_ALIKE = 50
Check = Callable[[PinnedEnvironment], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    check_refs,
    check_tags,
    check_modules,
    check_dependencies,
    check_platforms,
    check_lifecycle,
)


def inspect(
    subjects: Iterable[Subject],
    answers: Answers,
    *,
    log: TagLog = TagLog(),  # noqa: B008 - it is frozen
    accepted: frozenset[str] = frozenset(),
) -> Mapping[str, tuple[Finding, ...]]:
    """Return environment to its findings, silenced ones left out; `accepted` names modules whose tags may have moved."""
    subjects = tuple(subjects)
    remotes = look_at_remotes(subjects, answers)
    metadata = read_pinned_metadata([subject.lock for subject in subjects], answers)
    found: dict[str, tuple[Finding, ...]] = {}
    for subject in subjects:
        environment = PinnedEnvironment(
            wanted=subject.wanted,
            lock=subject.lock,
            metadata=of_modules(subject.lock, metadata),
            today=answers.workspace.today,
            remotes=remotes[subject.lock.environment],
            log=log,
            accepted=accepted,
        )
        if has_tags(subject.lock):
            log = replace(log, gap=None)  # it is one gap, told where it matters first
        findings = (finding for check in CHECKS for finding in check(environment))
        found[subject.lock.environment] = tuple(at_most(keep_audible(findings, subject.wanted)))
    return found


def at_most(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings, of one code about one module at most MOST_ALIKE, and how many more there are."""
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
        whose = f"module '{finding.module}': " if finding.module else ""
        message = f"{whose}{counts[key] - MOST_ALIKE} more findings of this kind are not shown"
        yield replace(finding, message=message, hint=None)


def keep_audible(findings: Iterable[Finding], wanted: WantedSet) -> Iterator[Finding]:
    """Yield the findings that the manifest does not silence."""
    silenced = {(ignored.code, ignored.module) for ignored in wanted.manifest.ignored_findings}
    for finding in findings:
        if not {(finding.code, None), (finding.code, finding.module)} & silenced:
            yield finding


def read_pinned_metadata(locks: Iterable[Lock], answers: Answers) -> Mapping[str, Metadata]:
    """Return commit to metadata for all pins; for a repository that was not asked, what its pin or the memory says."""
    commits: dict[Mirror, set[str]] = {}
    unasked: dict[str, GitPin] = {}
    for pin in (
        pin for lock in locks for pin in lock.pins.values() if isinstance(pin, GitPin) and pin.is_module
    ):
        mirror = answers.mirror(pin.git)
        if mirror is None:
            unasked[pin.commit] = pin
        else:
            commits.setdefault(mirror, set()).add(pin.commit)
    read = read_metadata(commits, memory=answers.workspace.memory, jobs=answers.workspace.settings.jobs)
    return {commit: _as_locked(pin) for commit, pin in unasked.items()} | dict(read)


def _as_locked(pin: GitPin) -> Metadata:
    rows = tuple(Dependency(name, wanted) for name, wanted in pin.dependencies.items())
    return Metadata(file="the lock", name=pin.name, version=pin.version, dependencies=rows)


def of_modules(lock: Lock, metadata: Mapping[str, Metadata]) -> Mapping[str, Metadata]:
    """Return module to metadata for the Puppet modules of a lock, from metadata by commit."""
    pins = ((name, pin) for name, pin in lock.pins.items() if isinstance(pin, GitPin) and pin.is_module)
    return {name: metadata[pin.commit] for name, pin in pins if pin.commit in metadata}
