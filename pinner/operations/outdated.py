"""`pinner outdated`: what upstream has that the locks do not, and what is near its end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from pinner.git.mirrors import Mirror
from pinner.openstack import catalogue, series
from pinner.openstack.series import Series
from pinner.operations.answers import Answers, Progress, ask
from pinner.operations.externals import with_locked_externals
from pinner.operations.gate import read_gate
from pinner.operations.resolve import Found
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.puppet.versions import Version, parse_version, version_of_tag
from pinner.words.findings import Finding
from pinner.words.manifests import Externals
from pinner.words.pins import GitPin, Lock, Status
from pinner.words.refs import short_name
from pinner.words.wants import Selector

# How long before an end it is told, so that there is time to plan.
NEAR = timedelta(days=90)


class Kind(StrEnum):
    """In which way a pin is not the newest there is."""

    BEHIND = "behind"
    NEWER_TAG = "newer-tag"
    NEWER_MAJOR = "newer-major"
    NEWER_RELEASE = "newer-release"
    GATE_MOVED = "gate-moved"
    END_OF_LIFE = "end-of-life"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class News:
    """One thing that is newer, or near its end: `what` in words, `to` the ref, version or day it is about."""

    kind: Kind
    what: str
    to: str


@dataclass(frozen=True, slots=True)
class ModuleNews:
    """All news of one pin, in the order of Kind."""

    name: str
    pin: GitPin
    news: tuple[News, ...]


@dataclass(frozen=True, slots=True)
class EnvironmentNews:
    """One environment: the pins there is news of, by name. `lock` is None where there is none; `unknown` is not known."""

    name: str
    lock: Lock | None
    modules: tuple[ModuleNews, ...] = ()
    unknown: tuple[Finding, ...] = ()


def read_news(
    workspace: Workspace, environments: tuple[str, ...], *, on_done: Progress | None = None
) -> tuple[EnvironmentNews, ...]:
    """Return what is newer than the locks of those environments (none: all), and what is near its end."""
    asked = workspace.want(environments)
    locks = workspace.locks(tuple(wanted.manifest.environment for wanted in asked))
    sets = tuple(with_locked_externals(wanted, locks[wanted.manifest.environment]) for wanted in asked)
    answers = ask(
        workspace, [module.git for wanted in sets for module in _git_modules(wanted)], on_done=on_done
    )
    return tuple(_environment(wanted, locks[wanted.manifest.environment], answers) for wanted in sets)


def _git_modules(wanted: WantedSet) -> Iterator[WantedGit]:
    return (module for module in wanted.modules.values() if isinstance(module, WantedGit))


def _environment(wanted: WantedSet, lock: Lock | None, answers: Answers) -> EnvironmentNews:
    name = wanted.manifest.environment
    if lock is None:
        return EnvironmentNews(name, None)
    modules: list[ModuleNews] = []
    unknown: list[Finding] = []
    for module in _git_modules(wanted):
        pin = lock.pins.get(module.module)
        if isinstance(pin, GitPin):
            reply = answers.answer(module)
            unknown += [reply] if isinstance(reply, Finding) else []
            news = tuple(_news(module, pin, reply, answers, wanted))
            modules += [ModuleNews(module.module, pin, news)] if news else []
    return EnvironmentNews(name, lock, tuple(modules), tuple(unknown))


def _news(
    module: WantedGit, pin: GitPin, reply: Found | Finding, answers: Answers, wanted: WantedSet
) -> Iterator[News]:
    if isinstance(reply, Found):
        yield from _behind(pin, reply, answers)
    mirror = answers.mirror(pin.git)
    if mirror is not None:
        yield from _newer_tags(pin, mirror)
        yield from _newer_release(module, mirror)
    yield from _gate(module, pin, answers, wanted)
    yield from _ends(module, pin, answers.workspace.today)


def _behind(pin: GitPin, found: Found, answers: Answers) -> Iterator[News]:
    pair = (pin.git, pin.commit, found.commit)
    position = answers.positions([pair]).get(pair)
    if position is not None and position.behind:
        ref = short_name(found.ref) if found.ref else found.commit
        commits = "1 commit" if position.behind == 1 else f"{position.behind} commits"
        yield News(Kind.BEHIND, f"{commits} behind {ref}", ref)


def _newer_tags(pin: GitPin, mirror: Mirror) -> Iterator[News]:
    """Yield newer tags; for a pin that follows a release only those of its own major version."""
    pinned = parse_version(pin.version or "")
    if pinned is None or pin.want.selector in {Selector.BRANCH, Selector.COMMIT}:
        return
    versions = [
        (version, tag) for tag in mirror.refs.tags if (version := version_of_tag(tag)) and version.is_stable
    ]
    newer = [(version, tag) for version, tag in versions if version > pinned]
    yield from _newest(
        Kind.NEWER_TAG, [row for row in newer if row[0].major == pinned.major], f" of {pinned.major}.x"
    )
    if pin.want.selector is not Selector.RELEASE:
        yield from _newest(Kind.NEWER_MAJOR, [row for row in newer if row[0].major > pinned.major])


def _newest(kind: Kind, tags: list[tuple[Version, str]], among: str = "") -> Iterator[News]:
    if tags:
        tag = max(tags)[1]
        yield News(kind, f"newest tag{among} is {tag}", tag)


def _newer_release(module: WantedGit, mirror: Mirror) -> Iterator[News]:
    if module.want.selector is not Selector.RELEASE or module.series is None:
        return
    later = (found for found in reversed(series.all_series()) if module.series < found)
    newest = next((found for found in later if _carries(module, found, mirror)), None)
    if newest is not None:
        yield News(Kind.NEWER_RELEASE, f"newest release is {newest.id}", newest.id)


def _carries(module: WantedGit, release: Series, mirror: Mirror) -> bool:
    return any(row.ref in mirror.refs.commits for row in catalogue.ref_candidates(module.git, release))


def _gate(module: WantedGit, pin: GitPin, answers: Answers, wanted: WantedSet) -> Iterator[News]:
    if (
        not module.required_by
        or wanted.series is None
        or wanted.manifest.externals is not Externals.INTEGRATION
    ):
        return
    external = read_gate(wanted.series, answers).pins.get(module.module)
    if external is not None and external.ref and external.ref != pin.want.value:
        yield News(Kind.GATE_MOVED, f"upstream's gate runs {external.ref} now", external.ref)


def _ends(module: WantedGit, pin: GitPin, today: date) -> Iterator[News]:
    end = module.series.eol if module.series else None
    if pin.status is Status.END_OF_LIFE or (end and date.fromisoformat(end) <= today):
        since = f" since {end}" if end else ""
        yield News(
            Kind.END_OF_LIFE, f"release {pin.want.value} is at its end of life{since}", end or pin.want.value
        )
    elif end and date.fromisoformat(end) - today <= NEAR:
        yield News(Kind.END_OF_LIFE, f"release {pin.want.value} ends on {end}", end)
    if module.until is not None and date.fromisoformat(module.until.value) - today <= NEAR:
        verb = "ended" if date.fromisoformat(module.until.value) < today else "ends"
        yield News(Kind.UNTIL, f"the override {verb} on {module.until}", module.until.value)
