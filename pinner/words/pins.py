"""Pins and locks: what was found for each module that an environment wants."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pinner.words.wants import Want


class Status(StrEnum):
    """The life-cycle of the ref that carries an OpenStack release."""

    MAINTAINED = "maintained"
    UNMAINTAINED = "unmaintained"
    END_OF_LIFE = "end of life"


@dataclass(frozen=True, slots=True)
class GitPin:
    """One module held at one commit.

    `git` is the canonical URL, `ref` the whole name of the ref that was found (None for a bare commit), `commit` 40
    hex digits. `name` (`owner-module`), `version` and `dependencies` (`owner/module` to range, as written) are what
    the module's own metadata says at that commit; they are None and empty where it says nothing. `required_by` names
    the modules that ask for a pin the manifest does not name, `external` the rule that let it in (`integration 2025.1`,
    `newest`); `moved_from` are commits that the tag `ref` named
    before, where somebody accepted that it moved.
    """

    module: str
    git: str
    commit: str
    ref: str | None
    want: Want
    install_path: str
    status: Status | None = None
    name: str | None = None
    version: str | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)
    is_module: bool = True
    required_by: tuple[str, ...] = ()
    external: str | None = None
    moved_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForgePin:
    """A module that r10k takes from the Puppet Forge: `forge` is `owner/module`, `version` exact SemVer."""

    module: str
    forge: str
    version: str
    install_path: str


Pin = GitPin | ForgePin


@dataclass(frozen=True, slots=True)
class Lock:
    """All pins of one environment, by module name. `moduledir` is the directory that holds its Puppet modules."""

    environment: str
    pins: Mapping[str, Pin]
    moduledir: str = "modules"

    @property
    def lock_id(self) -> str:
        """Return `pin-` and 12 hex digits: equal for two environments exactly when they run the same code."""
        rows = sorted(_identity(pin) for pin in self.pins.values())
        canonical = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return f"pin-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


def _identity(pin: Pin) -> tuple[str, str, str, str]:
    if isinstance(pin, ForgePin):
        return pin.module, pin.install_path, f"forge:{pin.forge}", pin.version
    return pin.module, pin.install_path, pin.git, pin.commit
