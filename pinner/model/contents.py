"""Hold what a project contains: its environments, their dependencies, the code of one module, settings and checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pinner.model.lock import Lock, Pin
from pinner.model.module_api import ModuleApi


@dataclass(frozen=True, slots=True)
class EnvironmentSummary:
    """One environment of the project; `lock` is None if there is none yet, `release` if the manifest names none."""

    name: str
    release: str | None
    lock: Lock | None
    bases: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """A module that another one requires, with the range; `is_pinned` is False if the environment lacks it."""

    module: str
    range: str
    is_pinned: bool


@dataclass(frozen=True, slots=True)
class DependencyTree:
    """The dependencies of a lock's modules, without those that the manifest ignores.

    `needs` maps each module to what it requires, or with `is_reversed` to what requires it; `roots` are the
    modules to start from.
    """

    environment: str
    lock: Lock
    needs: Mapping[str, tuple[Need, ...]]
    roots: tuple[str, ...]
    is_reversed: bool = False

    def rows(self) -> Iterator[tuple[tuple[bool, ...], Need | None, str, bool]]:
        """Yield each row of the drawn tree: its place, the need that leads to it, the module, and if it is repeated.

        The place has, for each level above and the row's own, whether it is the last one there. What a module
        requires is drawn once; a repeated module that requires something is marked.
        """
        drawn: set[str] = set()
        waiting: list[tuple[tuple[bool, ...], Need | None, str]] = [
            ((), None, root) for root in reversed(self.roots)
        ]
        while waiting:
            place, need, module = waiting.pop()
            below = self.needs.get(module, ())
            is_repeated = module in drawn and bool(below)
            yield place, need, module, is_repeated
            if module not in drawn:
                drawn.add(module)
                rows = [((*place, one is below[-1]), one, one.module) for one in below]
                waiting += reversed(rows)


@dataclass(frozen=True, slots=True)
class ModuleContents:
    """One module at its pin: the commit that was read, and what it defines; `definition` is the only one asked for."""

    environment: str
    pin: Pin
    git: str
    commit: str
    api: ModuleApi
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting in force: `origin` is an option, a variable, a place in pinner.yaml, or `default`."""

    name: str
    value: str
    origin: str


class CheckState(StrEnum):
    """The result of one check of `doctor`."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `doctor` checked: `subject` is what, `message` what was found, `hint` how to fix it."""

    subject: str
    state: CheckState
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found on this machine."""

    checks: tuple[Check, ...]
    settings: tuple[SettingValue, ...]

    @property
    def is_healthy(self) -> bool:
        """Return whether no check failed."""
        return all(check.state is not CheckState.FAILED for check in self.checks)
