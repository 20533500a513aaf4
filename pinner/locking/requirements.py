"""Turn a manifest into requirements, and define the value that grows from them to a checked lock.

A requirement is one module with its repository and candidate refs. Modules and releases are looked up in the settings
and the catalogue; no remote is contacted.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pinner.model.errors import InputError, Location, Problem
from pinner.model.findings import Finding, Level
from pinner.model.lock import (
    GitPin,
    Lock,
    Metadata,
    Pin,
    Position,
    Refs,
    ResolvedRef,
    Selector,
    SelectorKind,
    Series,
    Status,
)
from pinner.model.manifest import Manifest, Override, RequirementSource, Settings, Text
from pinner.model.rules import RULES
from pinner.openstack.catalogue import (
    ModuleEntry,
    RefCandidate,
    all_series,
    explain_missing,
    find_module,
    find_series,
    modules_in,
    nearest_series,
    ref_candidates,
)
from pinner.openstack.facts import ThirdParty
from pinner.project.manifest.read import in_order, read_manifests
from pinner.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class GitRequirement:
    """A module to be pinned at a commit of `git` (a canonical URL).

    `candidates` are the refs that may carry the required release, in order of preference; `series` is that
    release. `may_be_absent` is True if only OpenStack's list of deliverables, and no ref, shows that the
    module is in the release. `required_by` and `external` are those of the pin; they are set for modules that
    the manifest does not name.
    """

    module: str
    place: Location
    rule: RequirementSource
    git: str
    want: Selector
    install_path: str
    series: Series | None = None
    candidates: tuple[RefCandidate, ...] = ()
    is_module: bool = True
    may_be_absent: bool = False
    until: Text | None = None
    required_by: tuple[str, ...] = ()
    external: str | None = None


@dataclass(frozen=True, slots=True)
class ForgeRequirement:
    """A module that r10k installs from the Forge: `forge` is `owner/module`, `version` is exact."""

    module: str
    place: Location
    rule: RequirementSource
    forge: str
    version: str
    install_path: str
    until: Text | None = None


Requirement = GitRequirement | ForgeRequirement


@dataclass(frozen=True, slots=True)
class EnvironmentRequirements:
    """The modules that one manifest requires, by name, and the problems in it.

    `homes` maps modules to the URLs given in pinner.yaml.
    """

    manifest: Manifest
    series: Series | None
    modules: Mapping[str, Requirement]
    problems: tuple[Problem, ...]
    homes: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> str:
        """Return the environment's name."""
        return self.manifest.environment

    @property
    def git_modules(self) -> Mapping[str, GitRequirement]:
        """Return the modules required from git."""
        return {name: one for name, one in self.modules.items() if isinstance(one, GitRequirement)}

    @property
    def ignored_findings(self) -> frozenset[tuple[str, str | None]]:
        """Return code and module (None: all) of the findings that the manifest ignores."""
        return frozenset((one.code, one.module) for one in self.manifest.ignored_findings)

    def with_modules(self, extra: Mapping[str, GitRequirement]) -> "EnvironmentRequirements":
        """Return the requirements with `extra` modules added or replaced."""
        modules = {**self.modules, **extra}
        return replace(self, modules={name: modules[name] for name in sorted(modules)})

    def without_modules(self, names: Container[str]) -> "EnvironmentRequirements":
        """Return the requirements without these modules."""
        return replace(self, modules={name: one for name, one in self.modules.items() if name not in names})


Resolution = ResolvedRef | Finding
"""What a requirement means at its remote: a commit, or the reason why there is none."""


@dataclass(frozen=True, slots=True)
class PinAtRemote:
    """What the remote of one module has now.

    `resolution` is what its requirement means now. The rest is about the pin, which is None if there is none
    or if its repository could not be read. `refs` are all refs of the repository, `tip` is the commit to
    compare the pin with, and `position` relates the two. `is_missing` is True if the pinned commit does not
    exist, `is_unreached` if no branch or tag reaches it, and `is_undetermined` if the repository lacks the
    history to find any of this out. `containing_refs` are the refs that contain the pinned commit, for a pin
    whose branch is gone. `stand_in` is the mirror (or the cache) that was used in place of the canonical URL,
    and so may be behind it.
    """

    resolution: Resolution
    pin: GitPin | None = None
    refs: Refs | None = None
    stand_in: str | None = None
    tip: str | None = None
    position: Position | None = None
    is_missing: bool = False
    is_unreached: bool = False
    is_undetermined: bool = False
    containing_refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PinnedEnvironment:
    """One environment on its way from requirements to a checked lock.

    `before` is the lock to start from. `pins` are sorted by module; if one could not be made, `failures` are
    the reasons, and no lock is written. `notes` are findings about how the pins were made, `findings` those of
    the checks. `contacted` names the modules whose remotes were contacted; the others are taken as locked.
    `metadata` and `remote` are by module.
    """

    required: EnvironmentRequirements
    before: Lock | None
    pins: Mapping[str, Pin]
    contacted: frozenset[str]
    failures: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    metadata: Mapping[str, Metadata] = field(default_factory=dict)
    remote: Mapping[str, PinAtRemote] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """Return the environment's name."""
        return self.required.environment

    @property
    def lock(self) -> Lock:
        """Return the lock of these pins."""
        return Lock(self.name, self.pins, self.required.manifest.moduledir)

    @property
    def is_sound(self) -> bool:
        """Return whether the lock would be written: nothing failed and no finding is an error."""
        return not self.failures and not any(one.level is Level.ERROR for one in self.findings)

    @property
    def git_pins(self) -> Mapping[str, GitPin]:
        """Return the git pins, by module."""
        return {name: pin for name, pin in self.pins.items() if isinstance(pin, GitPin)}

    def place(self, module: str | None) -> Location:
        """Return where the manifest requires that module, or the manifest itself if it does not name it."""
        requirement = self.required.modules.get(module) if module else None
        return requirement.place if requirement else Location(self.required.manifest.path)

    def finding(self, code: str, module: str, message: str, hint: str | None = None) -> Finding:
        """Return a finding about that module, located where the manifest requires it."""
        text = f"module '{module}': {message}"
        return RULES[code].finding(module, text, hint=hint, place=self.place(module))


def hint_to_go_back(module: str, where: str) -> str:
    """Return the hint for a pin that is newer than what `where` has."""
    return f"bring {where} up to date; 'pinner update -m {module} --allow-older {module}' goes back to its commit"


def read_requirements(
    workspace: Workspace, environments: tuple[str, ...], *, edited: Mapping[str, bytes] | None = None
) -> tuple[EnvironmentRequirements, ...]:
    """Return the requirements of those environments (none named: all).

    `edited` maps names of manifests to contents to read instead of those on disk. Raises InputError with the problems of all manifests.
    """
    read = read_manifests(workspace.project, environments, edited=edited)
    environments_read = tuple(requirements_of(manifest, workspace.settings) for manifest in read.manifests)
    damaged = tuple(requirements_of(manifest, workspace.settings) for manifest in read.damaged)
    reported = {problem.place for problem in read.problems}
    problems = [
        *read.problems,
        *(
            problem
            for required in (*environments_read, *damaged)
            for problem in required.problems
            if problem.place not in reported
        ),
    ]
    if problems:
        raise InputError(in_order(problems))
    return environments_read


def requirements_of(manifest: Manifest, settings: Settings) -> EnvironmentRequirements:
    """Return the requirements of a manifest, with all its problems in the order of the file."""
    found = _find_series(manifest.release) if manifest.release else None
    release = None if isinstance(found, Problem) else found
    problems = [found] if isinstance(found, Problem) else []
    listed = dict(_listed(manifest, release, problems))
    modules: dict[str, Requirement] = {
        name: requirement for name, requirement in listed.items() if name not in manifest.modules
    }
    for override in manifest.modules.values():
        lookup = _Lookup(manifest, settings, release)
        if override.is_left_out:
            if override.module not in listed and find_module(override.module, release) is None:
                problems.append(_missing(override.module, release, override.place))
            continue
        requirement = _overridden(override, lookup)
        if isinstance(requirement, Problem):
            problems.append(requirement)
        else:
            modules[override.module] = requirement
    ordered = {name: modules[name] for name in sorted(modules)}
    return EnvironmentRequirements(manifest, release, ordered, tuple(problems), settings.modules)


def _find_series(text: Text) -> Series | Problem:
    found = find_series(text.value)
    if found is not None:
        return found
    near = nearest_series(text.value)
    newest = all_series()[-1]
    hint = f"similar names: {', '.join(near)}" if near else f"releases are named essex to {newest.id}"
    return Problem(f"unknown release {text.value!r}", text.place, hint)


def _listed(
    manifest: Manifest, release: Series | None, problems: list[Problem]
) -> Iterator[tuple[str, GitRequirement]]:
    named = manifest.openstack_all or (manifest.openstack[0] if manifest.openstack else None)
    if named is None:
        return
    if release is None:
        problems += [
            _missing(name.value, None, name.place)
            for name in manifest.openstack
            if find_module(name.value, None) is None
        ]
        if manifest.release is None:
            problems.append(
                Problem("'openstack' needs a release", named.place, "add a line such as 'release: 2025.1'")
            )
        return
    if manifest.openstack_all:
        for entry in modules_in(release):
            yield (
                entry.name,
                _release_requirement(
                    entry, release, manifest.openstack_all.place, manifest, RequirementSource.ALL
                ),
            )
    for name in manifest.openstack:
        found = find_module(name.value, release)
        if isinstance(found, ModuleEntry) and found.follows_releases:
            yield (
                name.value,
                _release_requirement(found, release, name.place, manifest, RequirementSource.OPENSTACK),
            )
        elif found is None:
            problems.append(_missing(name.value, release, name.place))
        else:
            hint = f"list it under 'modules' with a branch, tag, commit or version: {name}: {{tag: …}}"
            problems.append(
                Problem(f"module '{name}' does not follow OpenStack's releases", name.place, hint)
            )


def _release_requirement(
    entry: ModuleEntry, release: Series, place: Location, manifest: Manifest, rule: RequirementSource
) -> GitRequirement:
    return GitRequirement(
        module=entry.name,
        place=place,
        rule=rule,
        git=entry.git,
        want=Selector(SelectorKind.RELEASE, release.id),
        install_path=manifest.moduledir,
        series=release,
        candidates=ref_candidates(entry.git, release),
        may_be_absent=rule is RequirementSource.ALL and entry.seen_ref is None,
    )


def _missing(name: str, release: Series | None, place: Location) -> Problem:
    message, hint = explain_missing(name, release)
    return Problem(message, place, hint)


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The values that an override is resolved against."""

    manifest: Manifest
    settings: Settings
    release: Series | None


def _overridden(override: Override, lookup: _Lookup) -> Requirement | Problem:
    install_path = override.install_path.value if override.install_path else lookup.manifest.moduledir
    if override.forge is not None:
        version = override.forge_version.value if override.forge_version else ""
        return ForgeRequirement(
            override.module,
            override.place,
            RequirementSource.MODULES,
            override.forge.value,
            version,
            install_path,
            override.until,
        )
    release: Series | Problem | None = lookup.release
    if override.selector is SelectorKind.RELEASE and override.value is not None:
        release = _find_series(override.value)
    if isinstance(release, Problem):
        return release
    git = _git_url(override, lookup, release)
    if isinstance(git, Problem):
        return git
    selector = _selector(override, release, lookup)
    if isinstance(selector, Problem):
        return selector
    follows = release is not None and selector.selector is SelectorKind.RELEASE
    return GitRequirement(
        module=override.module,
        place=override.place,
        rule=RequirementSource.MODULES,
        git=git,
        want=selector,
        install_path=install_path,
        series=release if follows else None,
        candidates=_candidates(override.module, git, release, lookup.settings) if follows and release else (),
        is_module=override.is_module,
        until=override.until,
    )


def _git_url(override: Override, lookup: _Lookup, release: Series | None) -> str | Problem:
    """Return the module's URL: from the override, else from pinner.yaml, else from the catalogue."""
    if override.git is not None:
        return override.git.value
    if override.module in lookup.settings.modules:
        return lookup.settings.modules[override.module]
    follows = override.selector in {None, SelectorKind.RELEASE}
    found = find_module(override.module, release)
    if found is None and not follows:
        # A tag, branch or commit may be from a time when the module was in no release, or in another one.
        found = find_module(override.module, None)
    return _missing(override.module, release, override.place) if found is None else found.git


def _selector(override: Override, release: Series | None, lookup: _Lookup) -> Selector | Problem:
    as_of = override.as_of.value if override.as_of else None
    if (
        override.selector is not None
        and override.value is not None
        and override.selector is not SelectorKind.RELEASE
    ):
        return Selector(override.selector, override.value.value, as_of)
    if release is None and lookup.manifest.release:
        return Selector(
            SelectorKind.RELEASE, lookup.manifest.release.value, as_of
        )  # the unknown release is reported elsewhere
    if release is None:
        hint = "give it one of release, branch, tag, commit, version, or give the environment a release"
        return Problem(f"module '{override.module}' has no selector", override.place, hint)
    found = find_module(override.module, release) if override.git is None else None
    if isinstance(found, ThirdParty) or (isinstance(found, ModuleEntry) and not found.follows_releases):
        hint = f"give it a branch, tag, commit or version: {override.module}: {{tag: …}}"
        return Problem(
            f"module '{override.module}' does not follow OpenStack's releases", override.place, hint
        )
    return Selector(SelectorKind.RELEASE, release.id, as_of)


def _candidates(module: str, git: str, release: Series, settings: Settings) -> tuple[RefCandidate, ...]:
    named = settings.refs.get(module, {})
    for text in (release.id, release.name):
        if text in named:
            return (RefCandidate(named[text], Status.MAINTAINED),)
    return ref_candidates(git, release)
