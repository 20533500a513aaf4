"""What puppet_openstack_builder ran for each of its releases: its Puppetfile is a program, so what it meant is packaged.

data/README.md tells where the rows come from; names, URLs and refs are as that file had them.
"""

import json
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Final

NAME: Final = "puppet_openstack_builder"


@dataclass(frozen=True, slots=True)
class PresetModule:
    """One `mod`: `name` is `owner/module`, `ref` a branch, a tag, or None for whatever the repository had."""

    name: str
    git: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Preset:
    """All modules of one release, in the order of the Puppetfile."""

    release: str
    modules: tuple[PresetModule, ...]


@cache
def presets() -> tuple[Preset, ...]:
    """Return the packaged presets, the oldest release first."""
    raw = json.loads(pkgutil.get_data("pinner.openstack", f"data/{NAME}.json") or b"")
    return tuple(
        Preset(release, tuple(PresetModule(*row) for row in rows))
        for release, rows in raw["releases"].items()
    )
