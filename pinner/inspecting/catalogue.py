"""`pinner catalogue`: show the facts about OpenStack's releases, and bring them up to date from their sources.

The sources are openstack/releases and the Puppetfiles of upstream's gate, read from mirrors like modules.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pinner.git.objects.history import committed_at
from pinner.git.objects.read import list_tree, read_files
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.gate import MAX_BYTES, PUPPETFILE, URL, read_pins
from pinner.locking.resolve import Progress, fetch_all
from pinner.model.catalogue import CatalogueRelease, CatalogueSummary, CatalogueUpdate, Deliverable, SeriesRow
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.openstack.catalogue import all_series, integration_pins, modules_in, plain_candidates
from pinner.openstack.distill import GateRun, Sources, changes, distill
from pinner.openstack.facts import Facts, FactsError, facts, facts_text, packaged_facts, read_facts
from pinner.project.foreign.releases import read_deliverable, read_series_status
from pinner.workspace.workspace import Workspace, age_finding, has_facts

RELEASES = "https://opendev.org/openstack/releases"
STATUS = "data/series_status.yaml"
DELIVERABLES = "deliverables"
_MAIN_REFS = ("refs/heads/master", "refs/heads/main")


def summarize(workspace: Workspace) -> CatalogueSummary:
    """Return the facts in use, with each release's phase today."""
    project = workspace.project
    age = age_finding(project, workspace.today)
    releases = (
        CatalogueRelease(
            series, len(modules_in(series)), facts().gate_refs.get(series.id), len(integration_pins(series))
        )
        for series in all_series()
    )
    return CatalogueSummary(
        path=project.shown(project.facts) if has_facts(project) else None,
        collected=facts().collected,
        sources=facts().sources,
        releases=tuple(releases),
        age=age.message if age else None,
    )


def update_facts(
    workspace: Workspace, *, is_dry_run: bool = False, on_done: Progress | None = None
) -> CatalogueUpdate:
    """Bring the facts up to date, write them into the project's file unless `is_dry_run`, and return what changed.

    The new facts follow from the packaged ones and the sources alone, so that nothing of the project's file gets
    into them. Raises UnknownError if a source cannot be read or is older than the facts in use.
    """
    project = workspace.project
    before = facts()
    sources, problems = read_sources(workspace, on_done=on_done)
    after = updated(packaged_facts(), sources, newest=before.collected)
    data = facts_text(after).encode()
    shown = project.shown(project.facts)
    is_written = not is_dry_run and project.files.write(project.facts, data, shown=shown)
    return CatalogueUpdate(
        path=shown,
        before=before.collected,
        collected=after.collected,
        sources=after.sources,
        changes=tuple(changes(before, after)),
        is_written=is_written,
        problems=problems,
    )


def updated(base: Facts, sources: Sources, *, newest: str = "") -> Facts:
    """Return the facts of `base`, brought up to date from the sources.

    Raises UnknownError if the sources are older than `base` or than the day `newest`, or have names, URLs or refs
    that are not valid.
    """
    newest = max(newest, base.collected)
    if sources.collected < newest:
        message = f"{RELEASES} was fetched as of {sources.collected}, older than the facts from {newest}"
        hint = "update the mirror that is fetched from, or run without --offline"
        raise UnknownError(Problem(message, hint=hint))
    try:
        return read_facts(facts_text(distill(base, sources)).encode())
    except FactsError as error:
        message = f"the sources have a value that is not valid: {error}"
        raise UnknownError(Problem(message, hint=f"the facts from {newest} stay in use")) from None


@dataclass(frozen=True, slots=True)
class _Source:
    """One source: its mirror, and the commit of its main branch."""

    mirror: Mirror
    commit: str


def read_sources(workspace: Workspace, *, on_done: Progress | None = None) -> tuple[Sources, tuple[str, ...]]:
    """Return what the sources have now, and what could not be read of them."""
    answers = fetch_all(workspace, [RELEASES, URL], on_done=on_done)
    failures = [found for found in answers.mirrors.values() if isinstance(found, SyncFailure)]
    if failures:
        raise UnknownError([Problem(found.message, hint=found.hint) for found in failures])
    releases, gate = (_source(url, answers.mirror(url)) for url in (RELEASES, URL))
    series = _read_series(releases)
    deliverables, problems = _read_deliverables(releases, {row.name for row in series})
    sources = Sources(
        collected=committed_at(releases.mirror, releases.commit).date().isoformat(),
        commits={RELEASES: releases.commit, URL: gate.commit},
        series=series,
        deliverables=deliverables,
        gate=dict(_read_gate(gate, series)),
    )
    return sources, problems


def _source(url: str, mirror: Mirror | None) -> _Source:
    refs = mirror.refs.commits if mirror else {}
    commit = next((refs[name] for name in _MAIN_REFS if name in refs), None)
    if mirror is None or commit is None:
        raise UnknownError(Problem(f"{url} has no branch 'master' or 'main'"))
    return _Source(mirror, commit)


def _read_series(source: _Source) -> tuple[SeriesRow, ...]:
    content = read_files(source.mirror, [(source.commit, STATUS)], max_bytes=MAX_BYTES)[source.commit, STATUS]
    if not isinstance(content, bytes):
        raise UnknownError(Problem(f"{RELEASES} has no file {STATUS} that can be read at {source.commit}"))
    try:
        return read_series_status(content, f"{RELEASES}:{STATUS}")
    except InputError as error:
        raise UnknownError(error.problems) from error


def _read_deliverables(source: _Source, series: set[str]) -> tuple[tuple[Deliverable, ...], tuple[str, ...]]:
    listed = (entry.path for entry in list_tree(source.mirror, source.commit, under=DELIVERABLES))
    paths = [path for path in listed if _is_of_puppet(path, series)]
    contents = read_files(source.mirror, [(source.commit, path) for path in paths], max_bytes=MAX_BYTES)
    found: list[Deliverable] = []
    problems: list[str] = []
    for path in paths:
        content = contents[source.commit, path]
        try:
            if isinstance(content, bytes):
                found.append(read_deliverable(content, path))
        except InputError as error:
            problems.append(str(error.problems[0]))
    return tuple(found), tuple(problems)


def _is_of_puppet(path: str, series: Iterable[str]) -> bool:
    parts = path.split("/")
    is_file = len(parts) == len(("deliverables", "series", "name")) and path.endswith(".yaml")
    return is_file and parts[1] in series and parts[2].startswith("puppet-")


def _read_gate(source: _Source, series: Iterable[SeriesRow]) -> Iterator[tuple[str, GateRun]]:
    refs = source.mirror.refs.commits
    carrying: Mapping[str, str] = {
        row.id: ref
        for row in series
        if (ref := next((one.ref for one in plain_candidates(row.id) if one.ref in refs), None))
    }
    requests = {key: (refs[ref], PUPPETFILE) for key, ref in carrying.items()}
    contents = read_files(source.mirror, requests.values(), max_bytes=MAX_BYTES)
    for key, ref in carrying.items():
        content = contents[requests[key]]
        yield key, GateRun(ref, read_pins(content) if isinstance(content, bytes) else ())
