"""r10k's sources and environments as values, and what it calls the environment of a branch (its environment/name.rb)."""

import re
from dataclasses import dataclass
from typing import Final

from pinner.puppet.puppetfile import PuppetfileModule
from pinner.words.manifests import Text
from pinner.words.places import Place

PUPPETFILE: Final = "Puppetfile"
_OTHER: Final = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Naming:
    """How a source names its environments. `invalid_branches` is r10k's: correct_and_warn, correct or error."""

    prefix: str | None = None
    strip: str | None = None
    invalid_branches: str = "correct_and_warn"

    def of_branch(self, branch: str) -> str | None:
        """Return the environment of a branch, None for a branch that r10k leaves out."""
        name = branch.removeprefix(self.strip or "")
        if self.invalid_branches == "error" and _OTHER.search(name):
            return None
        return self._prefixed(_OTHER.sub("_", name))

    def as_it_is(self, name: str) -> str:
        """Return the environment of that name in a yaml or yamldir source: r10k corrects nothing there."""
        return self._prefixed(name.removeprefix(self.strip or ""))

    def _prefixed(self, name: str) -> str:
        return f"{self.prefix}_{name}" if self.prefix else name


@dataclass(frozen=True, slots=True)
class Source:
    """One of `sources:` in r10k.yaml. `remote` is a git source's repository, `config` the file or directory of others.

    `has_own_prefix` tells that its environments are prefixed by the source's name (`prefix: true`).
    """

    name: str
    place: Place
    kind: str
    naming: Naming
    has_own_prefix: bool = False
    remote: Text | None = None
    config: Text | None = None
    puppetfile: str = PUPPETFILE
    ignored_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of a yaml or yamldir source.

    `remote` is the control repository and `ref` what of it is deployed, None for a `plain` environment, which has none.
    `modules` are those of its key of that name; they win over the Puppetfile's.
    """

    name: str
    place: Place
    kind: str
    remote: Text | None = None
    ref: Text | None = None
    modules: tuple[PuppetfileModule, ...] = ()
    moduledir: str | None = None
    puppetfile: str = PUPPETFILE
