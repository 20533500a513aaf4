"""Make facts from what upstream's repositories have now and from the facts that were known before.

What is past does not change: the names and refs of releases that the earlier facts list stay as they are. From the
sources come the series with their phases, the modules of each series with their last versions, and what upstream's
gate runs. What a source does not have is kept from the earlier facts.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pinner.model.catalogue import Deliverable, FactChange, SeriesRow
from pinner.model.lock import BRANCH, SeriesStatus
from pinner.openstack.facts import Carried, ExternalPin, Facts, Repository, ThirdParty

# Deliverables of the team that are not Puppet modules.
NOT_MODULES: Final = frozenset(
    {
        "puppet-openstack-guide",
        "puppet-openstack-integration",
        "puppet-openstack-specs",
        "puppet-openstack_spec_helper",
    }
)
_MODULE: Final = re.compile(r"puppet-[a-z][a-z0-9_]*")
# Owners on GitHub that publish under another name on the Forge.
_FORGE_OWNERS: Final = {"voxpupuli": "puppet", "puppet-community": "puppet"}
_OPEN: Final = frozenset({SeriesStatus.FUTURE, SeriesStatus.DEVELOPMENT, SeriesStatus.MAINTAINED})
_OWNER: Final = re.compile(r"[a-z+]+://[^/]+/(?P<owner>[^/]+)/[^/]+")
_OPENSTACK: Final = frozenset({"openstack", "stackforge"})
# A tag of a release or a commit; the first gates ran branches such as 1.4.x.
_PINNED: Final = re.compile(r"v?\d+(\.\d+)+|[0-9a-f]{40}")
_LAST: Final = "-eol"
_NEVER: Final = "9999-12-31"


@dataclass(frozen=True, slots=True)
class GateRun:
    """What upstream's gate runs for a series: the full name of its ref, and all pins of the Puppetfile there."""

    ref: str
    pins: tuple[ExternalPin, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read from upstream's repositories; `gate` is by series id, the other fields as in `Facts`."""

    collected: str
    commits: Mapping[str, str]
    series: tuple[SeriesRow, ...]
    deliverables: tuple[Deliverable, ...]
    gate: Mapping[str, GateRun]


def distill(before: Facts, sources: Sources) -> Facts:
    """Return the facts of `before`, brought up to date from the sources."""
    listed = {row.id for row in sources.series}
    rows = (*(row for row in before.series if row.id not in listed), *sources.series)
    series = tuple(sorted(rows, key=lambda row: row.released or _NEVER))
    repositories = _repositories(before.repositories, sources.deliverables, series)
    order = [row.id for row in series]
    runs = {
        key: tuple(_externals(run.pins, repositories))
        for key, run in sources.gate.items()
        if key not in before.integration or not run.ref.endswith(_LAST)
    }
    integration = {**before.integration, **{key: pins for key, pins in runs.items() if pins}}
    refs = {**before.gate_refs, **{key: run.ref for key, run in sources.gate.items()}}
    return Facts(
        collected=max(before.collected, sources.collected),
        sources=sources.commits,
        series=series,
        repositories=repositories,
        third_party=tuple(_third_party(before.third_party, {key: runs[key] for key in order if key in runs})),
        gate_refs={key: refs[key] for key in order if key in refs},
        integration={key: integration[key] for key in order if key in integration},
        misfits=before.misfits,
    )


def _externals(pins: Iterable[ExternalPin], repositories: Iterable[Repository]) -> Iterator[ExternalPin]:
    """Yield the third-party modules among the pins, by name."""
    own = {name.partition("/")[2] for known in repositories for name in known.forge_names}
    for pin in sorted(pins, key=lambda pin: pin.name):
        if pin.name not in own and _owner(pin.git) not in _OPENSTACK:
            yield pin if pin.ref and _PINNED.fullmatch(pin.ref) else replace(pin, ref=None)


def _owner(git: str) -> str:
    found = _OWNER.fullmatch(git)
    return found["owner"] if found else ""


def _repositories(
    before: Iterable[Repository], deliverables: tuple[Deliverable, ...], series: Iterable[SeriesRow]
) -> tuple[Repository, ...]:
    rows = {row.name: row for row in series}
    begun = {one.series for one in deliverables if one.version}
    listed: dict[str, list[Deliverable]] = {}
    for one in deliverables:
        is_expected = one.series in begun and one.series in rows and rows[one.series].status in _OPEN
        if one.series in rows and _MODULE.fullmatch(one.repository) and (one.version or is_expected):
            listed.setdefault(one.repository, []).append(one)
    known = {repository.name: repository for repository in before}
    new = {
        name: _new(name, found)
        for name, found in listed.items()
        if name not in {*known, *NOT_MODULES} and any(rows[one.series].status in _OPEN for one in found)
    }
    order = [row.id for row in rows.values()]
    updated = [
        _updated(repository, listed.get(name, []), rows, order)
        for name, repository in {**known, **new}.items()
    ]
    newest = _newest_complete(updated, rows.values())
    return tuple(_retired(one, newest, order) for one in sorted(updated, key=lambda one: one.name))


def _new(name: str, found: list[Deliverable]) -> Repository:
    forge_name = f"openstack/{name.removeprefix('puppet-')}"
    return Repository(
        name, found[-1].git, follows_releases=True, ended=None, forge_names=(forge_name,), carried=()
    )


def _updated(
    repository: Repository, found: list[Deliverable], rows: Mapping[str, SeriesRow], order: list[str]
) -> Repository:
    """Return the repository with the last versions of its series, and with the series that are new."""
    carried = {row.series: row for row in repository.carried}
    if not carried and not repository.follows_releases:
        return repository  # it has versions, but of no release
    newest = max((order.index(row) for row in carried), default=-1)
    for one in found:
        key = rows[one.series].id
        if key in carried:
            carried[key] = replace(carried[key], version=one.version or carried[key].version)
        elif order.index(key) > newest:
            ref = f"{BRANCH}{one.branch}" if one.branch in {f"stable/{key}", f"unmaintained/{key}"} else None
            carried[key] = Carried(key, repository.forge_names[0], ref, one.version)
    ordered = tuple(carried[key] for key in order if key in carried)
    return replace(repository, carried=ordered)


def _newest_complete(repositories: Iterable[Repository], rows: Iterable[SeriesRow]) -> str | None:
    """Return the newest released series with listed modules; a later list may be incomplete still."""
    listed = {row.series for known in repositories if known.follows_releases for row in known.carried}
    unreleased = {SeriesStatus.FUTURE, SeriesStatus.DEVELOPMENT}
    released = [row.id for row in rows if row.status not in unreleased and row.id in listed]
    return released[-1] if released else None


def _retired(repository: Repository, newest: str | None, order: list[str]) -> Repository:
    """Return the repository with its last series, if it takes no part in the newest release any more."""
    if not repository.carried or not repository.follows_releases:
        return repository
    last = repository.carried[-1].series
    is_behind = newest is not None and order.index(last) < order.index(newest)
    return replace(repository, ended=last if is_behind or repository.ended == last else None)


def _third_party(
    before: Iterable[ThirdParty], runs: Mapping[str, tuple[ExternalPin, ...]]
) -> Iterator[ThirdParty]:
    """Yield third-party modules by name, with the newest home that the gate takes each from first."""
    known = {module.name: module for module in before}
    newest = {pin.name: pin.git for pins in runs.values() for pin in pins}
    for name in sorted({*known, *newest}):
        module = known.get(name)
        home = newest.get(name)
        if home is None or (module is not None and home in module.homes):
            yield module or ThirdParty(name, (), ())
            continue
        old = module or ThirdParty(name, (), ())
        owner = _FORGE_OWNERS.get(_owner(home), _owner(home))
        forge_name = f"{owner if owner.isalnum() else name.replace('_', '')}/{name}"
        yield ThirdParty(name, (home, *old.homes), tuple(dict.fromkeys([forge_name, *old.forge_names])))


def changes(old: Facts, new: Facts) -> Iterator[FactChange]:
    """Yield what changed from `old` to `new`: series, modules, versions, and what the gate runs."""
    yield from _differing(
        "release", *({row.id: _series_words(row) for row in one.series} for one in (old, new))
    )
    yield from _differing(
        "repository",
        *(
            {row.name: f"retired after {row.ended}" if row.ended else row.git for row in one.repositories}
            for one in (old, new)
        ),
    )
    # The modules that only one side lists, per series.
    before, after = _modules(old), _modules(new)
    for series in dict.fromkeys([*before, *after]):
        gone, come = (
            before.get(series, set()) - after.get(series, set()),
            after.get(series, set()) - before.get(series, set()),
        )
        if gone or come:
            yield FactChange(
                "modules", series, ", ".join(sorted(gone)) or None, ", ".join(sorted(come)) or None
            )
    yield from _differing("version", dict(_versions(old)), dict(_versions(new)))
    yield from _differing("gate-ref", old.gate_refs, new.gate_refs)
    yield from _differing(
        "gate",
        *(
            {
                f"{pin.name} {series}": pin.ref or "not pinned"
                for series, pins in one.integration.items()
                for pin in pins
            }
            for one in (old, new)
        ),
    )
    yield from _differing("home", *({row.name: row.git for row in one.third_party} for one in (old, new)))


def _differing(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FactChange]:
    for subject in dict.fromkeys([*before, *after]):
        if before.get(subject) != after.get(subject):
            yield FactChange(kind, subject, before.get(subject), after.get(subject))


def _modules(facts: Facts) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for repository in facts.repositories:
        for row in repository.carried:
            found.setdefault(row.series, set()).add(row.name)
    return found


def _series_words(row: SeriesRow) -> str:
    parts = [
        row.status,
        f"released {row.released}" if row.released else "",
        f"ended {row.eol}" if row.eol else "",
    ]
    parts += [f"{row.next_status} from {row.next_date}" if row.next_status and row.next_date else ""]
    parts += ["SLURP" if row.is_slurp else ""]
    return ", ".join(filter(None, parts))


def _versions(facts: Facts) -> Iterator[tuple[str, str]]:
    for repository in facts.repositories:
        for row in repository.carried:
            if row.version:
                yield f"{row.name} {row.series}", row.version
