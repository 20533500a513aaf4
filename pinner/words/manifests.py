"""A manifest after reading: names still unresolved, every value with the place it came from.

Reading checks shapes and syntax; whether a release or a module exists is for the catalogue, later.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pinner.words.control import Layout
from pinner.words.places import Place
from pinner.words.wants import Selector


class Externals(StrEnum):
    """Where the pins of third-party modules come from."""

    DECLARED = "declared"
    INTEGRATION = "integration"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar's raw text with the place it stands at."""

    value: str
    place: Place

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Override:
    """One entry of `modules:`. `is_left_out` is True for `name: false`, and then nothing else is set.

    At most one of `selector` and `forge` is set; a `forge` module has an exact `version` there. `value` belongs to
    `selector`.
    """

    module: str
    place: Place
    is_left_out: bool = False
    git: Text | None = None
    selector: Selector | None = None
    value: Text | None = None
    as_of: Text | None = None
    forge: Text | None = None
    forge_version: Text | None = None
    install_path: Text | None = None
    is_module: bool = True
    reason: Text | None = None
    until: Text | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A silenced finding: `CODE` or `CODE:MODULE`."""

    code: str
    module: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Manifest:
    """One environment, its bases merged in. `path` is the environment's own file; `bases` are nearest first.

    `openstack` is a tuple of names, or the string "all", or empty. `platforms` maps an operating system to releases
    (empty tuple: any). `overrides_of_dependencies` is module to dependency name to range.
    """

    environment: str
    path: str
    bases: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    release: Text | None = None
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    puppet: Text | None = None
    openstack: tuple[Text, ...] = ()
    openstack_all: Text | None = None
    modules: Mapping[str, Override] = field(default_factory=dict)
    externals: Externals = Externals.DECLARED
    ignored_dependencies: tuple[Text, ...] = ()
    overridden_dependencies: Mapping[str, Mapping[str, Text]] = field(default_factory=dict)
    ignored_findings: tuple[Ignored, ...] = ()
    moduledir: str = "modules"
    template: str = "default"


@dataclass(frozen=True, slots=True)
class Settings:
    """pinner.yaml after options, environment variables and defaults were laid over it.

    `rewrite` maps URL prefixes (the longest match wins); `modules` adds catalogue entries, name to git URL; `refs`
    maps a module to the ref that carries a series in it; `timeout` is in seconds and for one git call. `control_repo`
    is the URL of the control repository, None where the project has none; `control_branch` the one branch of it that
    holds all environments, in the layouts that have one.
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
