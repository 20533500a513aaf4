"""A Puppetfile with a commit for every module is a lock made by hand: the release behind it is found, the commits stay.

So the manifest names the release, and the lock holds each module at the very commit that the source says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from pinner.git.history import is_ancestor
from pinner.git.objects import has_commits
from pinner.openstack.catalogue import ref_candidates
from pinner.openstack.release_versions import series_of_major
from pinner.openstack.series import Series, find_series
from pinner.operations.answers import Answers
from pinner.operations.facts import read_metadata
from pinner.operations.importing.placed import Placed
from pinner.operations.importing.placing import PlacedEnvironment
from pinner.operations.importing.recognising import is_at_home, is_openstacks
from pinner.puppet.versions import parse_version, version_of_tag
from pinner.words.manifests import Settings
from pinner.words.wants import Selector

if TYPE_CHECKING:
    from pinner.git.mirror import Mirror

_ENOUGH: Final = 3
"""Modules of OpenStack's own that must be at commits, so that they are a lock and no odd choice."""


def loosen(placed: PlacedEnvironment, answers: Answers, settings: Settings) -> PlacedEnvironment:
    """Return the environment with the release that its commits lie on; as it was where not all of them are commits."""
    own = [
        module for module in placed.modules if is_openstacks(module) and is_at_home(module, None, settings)
    ]
    if len(own) < _ENOUGH or any(module.selector is not Selector.COMMIT for module in own):
        return placed
    series = dict(_series_by_module(own, answers))
    said = find_series(placed.found.release) if placed.found.release else None
    release = said or _most(list(series.values()))
    if release is None:
        return placed
    follow = {
        module.name
        for module in own
        if release in series.get(module.name, ()) and _is_on(module, release, answers)
    }
    modules = (
        replace(module, series=release) if module.name in follow else _by_tag(module, answers)
        for module in placed.modules
    )
    return replace(placed, modules=tuple(modules))


def _by_tag(module: Placed, answers: Answers) -> Placed:
    """Return the module with the release tag that names its commit, where there is one: the newest of several."""
    mirror = answers.mirror(module.git or "")
    if mirror is None or module.selector is not Selector.COMMIT:
        return module
    tags = [
        (version, tag)
        for tag in mirror.refs.tags
        if mirror.refs.tag(tag) == module.value and (version := version_of_tag(tag)) is not None
    ]
    return replace(module, selector=Selector.TAG, value=max(tags)[1]) if tags else module


def tighten(placed: PlacedEnvironment) -> PlacedEnvironment:
    """Return the environment with the commit for every module that has one: for a manifest that no lock stands beside."""
    return replace(placed, modules=tuple(_tight(module) for module in placed.modules))


def _tight(module: Placed) -> Placed:
    is_fixed = module.selector in {Selector.COMMIT, Selector.TAG}
    if module.commit is None or is_fixed:
        return module
    return replace(
        module,
        selector=Selector.COMMIT,
        value=module.commit,
        series=None,
        floats=False,
        was=f"{module.selector} {module.value}",
    )


def _series_by_module(
    modules: Sequence[Placed], answers: Answers
) -> Iterator[tuple[str, tuple[Series, ...]]]:
    """Yield module name and the releases that had the major version which the module says it has at its commit."""
    mirrors = {module.name: answers.mirror(module.git or "") for module in modules}
    commits: dict[Mirror, list[str]] = {}
    for module in modules:
        mirror = mirrors[module.name]
        if mirror is not None and has_commits(mirror, [module.value]):
            commits.setdefault(mirror, []).append(module.value)
    jobs = answers.workspace.settings.jobs
    metadata = read_metadata(commits, memory=answers.workspace.memory, jobs=jobs)
    for module in modules:
        known = metadata.get(module.value)
        version = parse_version(known.version) if known and known.version else None
        if version is not None:
            yield module.name, series_of_major(module.name, version.release[0])


def _most(votes: Sequence[tuple[Series, ...]]) -> Series | None:
    count = Counter(series for vote in votes for series in vote)
    return max(count, key=lambda series: (count[series], series.position)) if count else None


def _is_on(module: Placed, release: Series, answers: Answers) -> bool:
    """Tell whether the ref that carries the release has the commit."""
    mirror = answers.mirror(module.git or "")
    if mirror is None:
        return False
    refs: Mapping[str, str] = mirror.refs.commits
    tip = next((refs[one.ref] for one in ref_candidates(mirror.url, release) if one.ref in refs), None)
    return tip is not None and is_ancestor(mirror, module.value, tip)
