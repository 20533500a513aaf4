"""What an environment wants: a manifest looked up in the catalogue, one entry per module, with its origin.

This is where names become repositories and releases become candidate refs. Nothing here asks a remote.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pinner.openstack import catalogue, series
from pinner.openstack.catalogue import ModuleEntry, RefCandidate, ThirdParty
from pinner.openstack.series import Series
from pinner.words.manifests import Manifest, Override, Settings, Text
from pinner.words.pins import Status
from pinner.words.places import Place
from pinner.words.problems import Problem
from pinner.words.wants import Selector, Want


class Rule(StrEnum):
    """Why a module is in an environment: the part of the manifest that brings it in."""

    OPENSTACK = "openstack"
    ALL = "openstack: all"
    MODULES = "modules"
    INTEGRATION = "dependencies.externals: integration"
    NEWEST = "dependencies.externals: newest"


@dataclass(frozen=True, slots=True)
class WantedGit:
    """A module to be pinned at a commit of `git` (a canonical URL).

    `candidates` are the refs that may carry a wanted release, in order of preference; `series` is that release.
    `may_be_absent` is True where only the release's list of deliverables, and no ref, says that the module is in it.
    `required_by` and `external` are those of the pin, for a module that the manifest does not name.
    """

    module: str
    place: Place
    rule: Rule
    git: str
    want: Want
    install_path: str
    series: Series | None = None
    candidates: tuple[RefCandidate, ...] = ()
    is_module: bool = True
    may_be_absent: bool = False
    until: Text | None = None
    required_by: tuple[str, ...] = ()
    external: str | None = None


@dataclass(frozen=True, slots=True)
class WantedForge:
    """A module that r10k takes from the Forge: `forge` is `owner/module`, `version` exact."""

    module: str
    place: Place
    rule: Rule
    forge: str
    version: str
    install_path: str
    until: Text | None = None


Wanted = WantedGit | WantedForge


@dataclass(frozen=True, slots=True)
class WantedSet:
    """All modules that one manifest asks for, by name, and what is wrong with what it says."""

    manifest: Manifest
    series: Series | None
    modules: Mapping[str, Wanted]
    problems: tuple[Problem, ...]


def want_modules(manifest: Manifest, settings: Settings) -> WantedSet:
    """Return what the manifest asks for; every problem in it is told, in the order of the file."""
    release, problems = _release(manifest)
    listed = dict(_listed(manifest, release, problems))
    modules: dict[str, Wanted] = {
        name: wanted for name, wanted in listed.items() if name not in manifest.modules
    }
    for override in manifest.modules.values():
        lookup = _Lookup(manifest, settings, release)
        if override.is_left_out:
            problems.extend(_unknown_exclusion(override, release, override.module in listed))
            continue
        wanted = _overridden(override, lookup)
        if isinstance(wanted, Problem):
            problems.append(wanted)
        else:
            modules[override.module] = wanted
    ordered = {name: modules[name] for name in sorted(modules)}
    return WantedSet(manifest, release, ordered, tuple(problems))


def _release(manifest: Manifest) -> tuple[Series | None, list[Problem]]:
    if manifest.release is None:
        return None, []
    found = _find_series(manifest.release)
    return (None, [found]) if isinstance(found, Problem) else (found, [])


def _find_series(text: Text) -> Series | Problem:
    found = series.find_series(text.value)
    if found is not None:
        return found
    near = series.nearest_series(text.value)
    newest = series.all_series()[-1]
    hint = f"near it: {', '.join(near)}" if near else f"releases are named essex to {newest.id}"
    return Problem(f"unknown release {text.value!r}", text.place, hint)


def _listed(
    manifest: Manifest, release: Series | None, problems: list[Problem]
) -> Iterator[tuple[str, WantedGit]]:
    asks = manifest.openstack_all or (manifest.openstack[0] if manifest.openstack else None)
    if asks is None:
        return
    if release is None:
        problems += [
            _missing(name.value, None, name.place) for name in manifest.openstack if _is_unknown(name)
        ]
        if manifest.release is None:
            problems.append(
                Problem("'openstack' needs a release", asks.place, "add a line such as 'release: 2025.1'")
            )
        return
    if manifest.openstack_all:
        for entry in catalogue.modules_in(release):
            yield entry.name, _follow(entry, release, manifest.openstack_all.place, manifest, Rule.ALL)
    for name in manifest.openstack:
        found = catalogue.find_module(name.value, release)
        if isinstance(found, ModuleEntry) and found.follows_releases:
            yield name.value, _follow(found, release, name.place, manifest, Rule.OPENSTACK)
        elif found is None:
            problems.append(_missing(name.value, release, name.place))
        else:
            hint = f"list it under 'modules' with a branch, tag, commit or version: {name}: {{tag: …}}"
            problems.append(
                Problem(f"module '{name}' does not follow OpenStack's releases", name.place, hint)
            )


def _is_unknown(name: Text) -> bool:
    """Tell whether no release at all has that module: worth telling even where the release itself is wrong."""
    return catalogue.find_module(name.value, None) is None


def _follow(entry: ModuleEntry, release: Series, place: Place, manifest: Manifest, rule: Rule) -> WantedGit:
    return WantedGit(
        module=entry.name,
        place=place,
        rule=rule,
        git=entry.git,
        want=Want(Selector.RELEASE, release.id),
        install_path=manifest.moduledir,
        series=release,
        candidates=catalogue.ref_candidates(entry.git, release),
        may_be_absent=rule is Rule.ALL and entry.seen_ref is None,
    )


def _missing(name: str, release: Series | None, place: Place) -> Problem:
    message, hint = catalogue.explain_missing(name, release)
    return Problem(message, place, hint)


def _unknown_exclusion(override: Override, release: Series | None, is_listed: bool) -> Iterator[Problem]:  # noqa: FBT001 - private, one caller
    if not is_listed and catalogue.find_module(override.module, release) is None:
        yield _missing(override.module, release, override.place)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """What one override is read against."""

    manifest: Manifest
    settings: Settings
    release: Series | None


def _overridden(override: Override, lookup: _Lookup) -> Wanted | Problem:
    install_path = override.install_path.value if override.install_path else lookup.manifest.moduledir
    if override.forge is not None:
        version = override.forge_version.value if override.forge_version else ""
        return WantedForge(
            override.module,
            override.place,
            Rule.MODULES,
            override.forge.value,
            version,
            install_path,
            override.until,
        )
    release = _release_of(override, lookup)
    if isinstance(release, Problem):
        return release
    git = _git_url(override, lookup, release)
    if isinstance(git, Problem):
        return git
    want = _want(override, release, lookup)
    if isinstance(want, Problem):
        return want
    follows = release is not None and want.selector is Selector.RELEASE
    return WantedGit(
        module=override.module,
        place=override.place,
        rule=Rule.MODULES,
        git=git,
        want=want,
        install_path=install_path,
        series=release if follows else None,
        candidates=_candidates(override.module, git, release, lookup.settings) if follows and release else (),
        is_module=override.is_module,
        until=override.until,
    )


def _release_of(override: Override, lookup: _Lookup) -> Series | Problem | None:
    if override.selector is Selector.RELEASE and override.value is not None:
        return _find_series(override.value)
    return lookup.release


def _git_url(override: Override, lookup: _Lookup, release: Series | None) -> str | Problem:
    """Return where the module lives: the override's own word, then pinner.yaml's, then the catalogue's."""
    if override.git is not None:
        return override.git.value
    if override.module in lookup.settings.modules:
        return lookup.settings.modules[override.module]
    follows = override.selector in {None, Selector.RELEASE}
    found = catalogue.find_module(override.module, release)
    if found is None and not follows:
        # A tag, branch or commit may be of a time when the module was in no release, or in another one.
        found = catalogue.find_module(override.module, None)
    return _missing(override.module, release, override.place) if found is None else found.git


def _want(override: Override, release: Series | None, lookup: _Lookup) -> Want | Problem:
    as_of = override.as_of.value if override.as_of else None
    if (
        override.selector is not None
        and override.value is not None
        and override.selector is not Selector.RELEASE
    ):
        return Want(override.selector, override.value.value, as_of)
    if release is None and lookup.manifest.release:
        return Want(
            Selector.RELEASE, lookup.manifest.release.value, as_of
        )  # that it is unknown is told already
    if release is None:
        hint = "give it one of release, branch, tag, commit, version, or give the environment a release"
        return Problem(f"module '{override.module}' has no selector", override.place, hint)
    found = catalogue.find_module(override.module, release) if override.git is None else None
    if isinstance(found, ThirdParty) or (isinstance(found, ModuleEntry) and not found.follows_releases):
        hint = f"give it a branch, tag, commit or version: {override.module}: {{tag: …}}"
        return Problem(
            f"module '{override.module}' does not follow OpenStack's releases", override.place, hint
        )
    return Want(Selector.RELEASE, release.id, as_of)


def _candidates(module: str, git: str, release: Series, settings: Settings) -> tuple[RefCandidate, ...]:
    named = settings.refs.get(module, {})
    for text in (release.id, release.name):
        if text in named:
            return (RefCandidate(named[text], Status.MAINTAINED),)
    return catalogue.ref_candidates(git, release)
