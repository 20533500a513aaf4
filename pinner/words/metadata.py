"""What a Puppet module says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dependency:
    """One row of a module's dependencies or requirements: `name` as `owner/module` (or `puppet`), `range` as written."""

    name: str
    range: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """The readable part of metadata.json or Modulefile at one commit.

    `file` is which of the two it was, None where the commit holds neither (then everything else is empty); `name` is
    `owner-module`; `platforms` maps an operating system to its releases (empty: all); `flaws` says in words what in
    the file could not be read as it stands.
    """

    file: str | None = None
    name: str | None = None
    version: str | None = None
    dependencies: tuple[Dependency, ...] = ()
    requirements: tuple[Dependency, ...] = ()
    platforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flaws: tuple[str, ...] = ()
