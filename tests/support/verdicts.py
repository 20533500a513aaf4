"""Ask Puppet whether a reported change of a class parameter is true.

A class or define is compiled under the old and under the new modules with only the values that the question needs; what its
body does is of no interest, because Puppet has checked and set the parameters before.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind
from pinner.puppet.code.defaults import NOT_KNOWN
from pinner.puppet.platforms import Platform
from tests.support.oracles import RubyOracle

_REQUIRED = re.compile(r"expects a value for parameter ['$](\w+)")
_UNKNOWN = re.compile(r"has no parameter named '(\w+)'")
_MISSING = re.compile(r"Could not find class|Could not find declared class|Unknown class", re.IGNORECASE)
MACHINE: dict[str, Any] = {
    "networking": {
        "fqdn": "node.example.org",
        "hostname": "node",
        "domain": "example.org",
        "ip": "192.0.2.1",
    },
    "processors": {"count": 4},
    "fqdn": "node.example.org",
    "hostname": "node",
    "ipaddress": "192.0.2.1",
    "processorcount": 4,
    "path": "/usr/sbin:/usr/bin:/sbin:/bin",
    "service_provider": "systemd",
    "systemd": True,
    "pacemaker_version": "2.0",
    "puppetversion": "7.23.0",
    "os_workers": 4,
    "os_workers_small": 2,
    "os_workers_large": 6,
    "os_workers_keystone": 8,
    "os_workers_heat_engine": 5,
}
"""Facts of one machine that classes of real modules read before their body begins."""
_VALUE = "given-by-the-test"


class Verdict(StrEnum):
    """What Puppet answers: the change is as reported, it is not, or Puppet cannot tell."""

    TRUE = "true"
    FALSE = "false"
    UNDECIDED = "undecided"


@dataclass(slots=True)
class Judge:
    """Compiles under `old` and `new`, module paths, for some platforms."""

    puppet: RubyOracle
    old: Sequence[str]
    new: Sequence[str]
    platforms: Sequence[Platform]
    _seen: dict[tuple[str, str, str, str], Any] = field(default_factory=dict)

    def verdict(self, change: ApiChange) -> Verdict:  # noqa: PLR0911 -- a line per kind of change
        """Return whether Puppet agrees with a change of a class or define, or of one of its parameters."""
        if change.of not in {DefinitionKind.CLASS, DefinitionKind.DEFINE}:
            return Verdict.UNDECIDED
        match change.change:
            case ApiChangeKind.REMOVED:
                return self._removed_class(change)
            case ApiChangeKind.PARAMETER_REQUIRED:
                return self._required(change)
            case ApiChangeKind.PARAMETER_REMOVED:
                return self._removed(change, change.parameter or "")
            case ApiChangeKind.PARAMETER_RENAMED:
                return self._renamed(change)
            case ApiChangeKind.DEFAULT_CHANGED:
                return self._default(change)
        return Verdict.UNDECIDED

    def _removed_class(self, change: ApiChange) -> Verdict:
        if self._is_missing(self.old, change):
            return Verdict.UNDECIDED
        if self._is_missing(self.new, change):
            return Verdict.TRUE
        answer = self._ask(self.new, change, self.platforms[0])
        is_there = answer["error"] is None or _has_defaults(answer)
        return Verdict.FALSE if is_there else Verdict.UNDECIDED

    def _is_missing(self, modulepath: Sequence[str], change: ApiChange) -> bool:
        error = self._ask(modulepath, change, self.platforms[0])["error"] or ""
        unknown = f"Unknown resource type: '{change.definition}'"
        return unknown in error if change.of is DefinitionKind.DEFINE else bool(_MISSING.search(error))

    def _required(self, change: ApiChange) -> Verdict:
        answers = [self._ask(self.new, change, platform) for platform in self.platforms]
        if any(change.parameter in _REQUIRED.findall(one["error"] or "") for one in answers):
            return Verdict.TRUE
        return Verdict.FALSE if all(_has_defaults(one) for one in answers) else Verdict.UNDECIDED

    def _removed(self, change: ApiChange, name: str) -> Verdict:
        answer = self._ask(self.new, change, self.platforms[0], {name: _VALUE})
        if name in _UNKNOWN.findall(answer["error"] or ""):
            return Verdict.TRUE
        if _REQUIRED.search(answer["error"] or ""):
            return Verdict.UNDECIDED  # Puppet looks at unknown parameters after that
        return Verdict.FALSE if _has_defaults(answer, name) else Verdict.UNDECIDED

    def _renamed(self, change: ApiChange) -> Verdict:
        gone = self._removed(change, change.parameter or "")
        if gone is not Verdict.TRUE:
            return gone
        definition, _, name = (change.new or "").rpartition("::")
        if not definition:
            return Verdict.FALSE if self._removed(change, name) is Verdict.TRUE else Verdict.TRUE
        return {Verdict.TRUE: Verdict.FALSE, Verdict.FALSE: Verdict.TRUE}.get(
            self._removed(replace(change, definition=definition, of=DefinitionKind.CLASS), name),
            Verdict.UNDECIDED,
        )

    def _default(self, change: ApiChange) -> Verdict:
        """Return whether the value differs on some platform; a class that cannot be evaluated is undecided."""
        if (change.hint or "").startswith(NOT_KNOWN):
            return Verdict.UNDECIDED  # the report itself leaves it open
        name, decided = change.parameter or "", False
        for platform in self.platforms:
            before = self._ask(self.old, change, platform)
            after = self._ask(self.new, change, platform)
            if not (_has_defaults(before) and _has_defaults(after)):
                continue
            decided = True
            if before["parameters"].get(name) != after["parameters"].get(name):
                return Verdict.TRUE
        return Verdict.FALSE if decided else Verdict.UNDECIDED

    def _ask(
        self,
        modulepath: Sequence[str],
        change: ApiChange,
        platform: Platform,
        given: Mapping[str, Any] | None = None,
    ) -> Any:
        is_define = change.of is DefinitionKind.DEFINE
        key = (modulepath[0], f"{change.of} {change.definition}", str(platform), repr(given))
        if key not in self._seen:
            question = {
                "modulepath": list(modulepath),
                "class": change.definition,
                "is_define": is_define,
                "given": dict(given or {}),
            }
            self._seen[key] = self.puppet.ask({**question, "facts": {**platform.facts, **MACHINE}})
        return self._seen[key]


def _has_defaults(answer: Any, given: str = "") -> bool:
    """Return whether Puppet came as far as the defaults; a parent class may fail before."""
    return bool(answer["parameters"].keys() - {given})
