"""Describe manifests and settings, and environments as other tools' files define them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pinner.model.control import Layout
from pinner.model.errors import Location, Problem
from pinner.model.lock import Externals, SelectorKind


class RequirementSource(StrEnum):
    """Why a module is in an environment: the part of the manifest that includes it."""

    OPENSTACK = "openstack"
    ALL = "openstack: all"
    MODULES = "modules"
    INTEGRATION = "dependencies.externals: integration"
    NEWEST = "dependencies.externals: newest"


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar's raw text with its location."""

    value: str
    place: Location

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Override:
    """One entry of `modules:`; for `name: false`, `is_left_out` is True and nothing else is set.

    At most one of `selector` and `forge` is set. `value` belongs to `selector`; a `forge` module has its
    exact version in `forge_version`.
    """

    module: str
    place: Location
    is_left_out: bool = False
    git: Text | None = None
    selector: SelectorKind | None = None
    value: Text | None = None
    as_of: Text | None = None
    forge: Text | None = None
    forge_version: Text | None = None
    install_path: Text | None = None
    is_module: bool = True
    reason: Text | None = None
    until: Text | None = None
    cooldown: Text | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """An ignored finding: `CODE` or `CODE:MODULE`."""

    code: str
    module: str | None
    place: Location


@dataclass(frozen=True, slots=True)
class Manifest:
    """One environment with its bases merged in.

    `path` is the environment's own file; `bases` are ordered from the nearest. `openstack` are the names
    listed in the manifest; `openstack_all` is set instead if it contains `all`. `platforms` maps an operating
    system to releases (empty tuple: any). `overridden_dependencies` maps module to dependency name to range.
    `modulepath` are the first directories of the module path. `hiera` and `code` are directories of the
    operator's data and code, relative to the project.
    """

    environment: str
    path: str
    bases: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    release: Text | None = None
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    puppet: Text | None = None
    openvox: Text | None = None
    openstack: tuple[Text, ...] = ()
    openstack_all: Text | None = None
    modules: Mapping[str, Override] = field(default_factory=dict)
    externals: Externals = Externals.DECLARED
    ignored_dependencies: tuple[Text, ...] = ()
    overridden_dependencies: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    ignored_findings: tuple[Ignored, ...] = ()
    moduledir: str = "modules"
    modulepath: tuple[str, ...] = ()
    template: str = "default"
    hiera: tuple[Text, ...] = ()
    code: tuple[Text, ...] = ()
    cooldown: Text | None = None

    def cooldown_of(self, module: str) -> int:
        """Return the days that an update of a module waits."""
        override = self.modules.get(module)
        days = (override and override.cooldown) or self.cooldown
        return int(days.value) if days else 0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force: options, environment variables, pinner.yaml and defaults combined.

    `rewrite` maps URL prefixes (the longest match wins); `modules` maps the names of additional modules to
    their git URLs; `refs` maps a module to the refs that carry its series; `timeout` is in seconds, per git
    call. `control_repo` is the URL of the control repository, None if the project has none; `control_branch`
    is the branch that holds all environments, in layouts with a single branch. `hiera` and `code` are directories
    relative to the project, for environments whose manifests name none. `links` maps URL prefixes to the addresses of
    web pages with placeholders, by kind of page. `named_at` has the places in
    pinner.yaml of `cache` and `control_repo`, unless an option or a variable overrides them.
    """

    cache: str
    rewrite: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, str] = field(default_factory=dict)
    refs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    jobs: int = 16
    timeout: float = 60.0
    retries: int = 3
    layout: Layout = Layout.PUPPETFILES
    control_repo: str | None = None
    control_branch: str = "production"
    hiera: tuple[Text, ...] = ()
    code: tuple[Text, ...] = ()
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    named_at: Mapping[str, Location] = field(default_factory=dict, compare=False)


class RefKind(StrEnum):
    """What kind of ref a file names."""

    BRANCH = "branch"
    TAG = "tag"
    COMMIT = "commit"
    ANY = "ref"
    """A branch, tag or commit: only the repository can determine which, as for `:ref`."""
    NONE = "none"
    """No ref: the repository's default branch at the time."""


@dataclass(frozen=True, slots=True)
class FoundModule:
    """One module (or other repository) as a file names it; nothing is mapped or looked up yet.

    `name` is the directory it is installed as, `git` the URL as written, `ref` the branch, tag or commit
    without `refs/...`. `commit` is the commit in the file's own lock (40 hex digits), in addition to the ref.
    For a Forge module, `forge` is `owner/module` and `version` a version, a range, or None for the latest;
    together with `git`, `version` means the release tag of that version. `install_path` is the parent
    directory of the module's directory if that is not the moduledir.
    """

    name: str
    place: Location
    git: str | None = None
    kind: RefKind = RefKind.NONE
    ref: str | None = None
    commit: str | None = None
    forge: str | None = None
    version: str | None = None
    install_path: str | None = None
    is_module: bool = True


@dataclass(frozen=True, slots=True)
class FoundEnvironment:
    """One environment.

    `name` is the source's name for it, which Puppet may not allow; `source` is the kind of file. `release` is
    set only if the source itself names the OpenStack release; `remarks` are sentences to put at the top.
    `modulepath` is set if the control repository has modules of its own.
    """

    name: str
    source: str
    modules: tuple[FoundModule, ...]
    moduledir: str = "modules"
    modulepath: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    release: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundSources:
    """All environments of one source, with messages about it, in the files' order.

    `problems` name what could not be read and is missing in the environments: nothing is written unless the
    user accepts the rest. `assumed` name values that may be others where the files are used, with the same
    effect. `notes` name what was read but needs review, or has no place in a manifest.
    """

    environments: tuple[FoundEnvironment, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    assumed: tuple[Problem, ...] = ()
