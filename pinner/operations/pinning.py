"""From wanted modules to a lock: which pins stay, which are made anew, which go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pinner.operations.accepting import is_accepted_move
from pinner.operations.resolve import Answer, Found
from pinner.operations.wanted import Wanted, WantedForge, WantedGit
from pinner.puppet.ranges import LONGEST
from pinner.words.findings import Finding
from pinner.words.metadata import Metadata
from pinner.words.pins import ForgePin, GitPin, Lock, Pin


@dataclass(frozen=True, slots=True)
class Moves:
    """Which pins are made anew: those of `modules`, all if it is empty, only the new and changed if it is None.

    `accepted` names the modules whose tags may have moved: their pins are made anew too.
    """

    modules: frozenset[str] | None = None
    accepted: frozenset[str] = frozenset()

    @property
    def are_named(self) -> bool:
        """Tell whether exactly some modules were named, so that nothing else is touched or asked for."""
        return bool(self.modules)

    def include(self, wanted: WantedGit, before: Lock | None) -> bool:
        """Tell whether the pin of a module that was asked for is made anew."""
        pin = before.pins.get(wanted.module) if before else None
        is_moved = is_accepted_move(pin, accepted=self.accepted)
        return self.modules is not None or is_moved or not is_kept(wanted, pin)


def is_kept(wanted: Wanted, pin: Pin | None) -> bool:
    """Tell whether the pin is still what the manifest asks for, so that `lock` leaves it where it is."""
    return pin is not None and not differences(wanted, pin)


def differences(wanted: Wanted, pin: Pin) -> tuple[str, ...]:
    """Return in words which of the manifest's wishes the pin was not made for; empty when the pin is fresh."""
    if isinstance(wanted, WantedForge) or isinstance(pin, ForgePin):
        return _forge_differences(wanted, pin)
    rows = (
        ("git", pin.git, wanted.git),
        ("want", _words(pin.want.as_mapping()), _words(wanted.want.as_mapping())),
        ("install_path", pin.install_path, wanted.install_path),
        ("module", str(pin.is_module).lower(), str(wanted.is_module).lower()),
    )
    return tuple(f"{key} was {old}, is now {new}" for key, old, new in rows if old != new)


def _forge_differences(wanted: Wanted, pin: Pin) -> tuple[str, ...]:
    if not (isinstance(wanted, WantedForge) and isinstance(pin, ForgePin)):
        return ("it changed between git and the Forge",)
    rows = (
        ("forge", pin.forge, wanted.forge),
        ("version", pin.version, wanted.version),
        ("install_path", pin.install_path, wanted.install_path),
    )
    return tuple(f"{key} was {old}, is now {new}" for key, old, new in rows if old != new)


def _words(want: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in want.items())


@dataclass(frozen=True, slots=True)
class Pinned:
    """The pins of one environment, and the findings that say why some could not be made."""

    pins: Mapping[str, Pin]
    failures: tuple[Finding, ...]


def pin_modules(wanted: Mapping[str, Wanted], before: Lock | None, answers: Mapping[str, Answer]) -> Pinned:
    """Return a pin for every wanted module: the one it had if it is kept and no answer replaces it."""
    pins: dict[str, Pin] = {}
    failures: list[Finding] = []
    for module, wish in wanted.items():
        made = _pin(wish, before.pins.get(module) if before else None, answers.get(module))
        if isinstance(made, Finding):
            failures.append(made)
        elif made is not None:
            pins[module] = made
    return Pinned(pins, tuple(failures))


def _pin(wanted: Wanted, before: Pin | None, answer: Answer | None) -> Pin | Finding | None:
    if isinstance(wanted, WantedForge):
        return ForgePin(wanted.module, wanted.forge, wanted.version, wanted.install_path)
    if answer is None:
        return _kept(wanted, before)
    return answer if isinstance(answer, Finding) else _git_pin(wanted, answer)


def _kept(wanted: WantedGit, before: Pin | None) -> Pin | None:
    """Return the pin as it was; only why it is there may have changed."""
    if not isinstance(before, GitPin):
        return before
    return replace(before, required_by=wanted.required_by, external=wanted.external)


def _git_pin(wanted: WantedGit, found: Found) -> GitPin:
    return GitPin(
        module=wanted.module,
        git=wanted.git,
        commit=found.commit,
        ref=found.ref,
        want=wanted.want,
        install_path=wanted.install_path,
        status=found.status,
        is_module=wanted.is_module,
        required_by=wanted.required_by,
        external=wanted.external,
    )


def _joined(metadata: Metadata) -> Mapping[str, str]:
    """Return dependency to range; two ranges of one name must both hold, which a blank between them says.

    A lock holds as many as can be read as one range: metadata with hundreds for one name means nothing by them.
    """
    joined: dict[str, str] = {}
    for row in metadata.dependencies:
        both = f"{joined[row.name]} {row.range}" if row.name in joined else row.range
        if len(both) <= LONGEST:
            joined[row.name] = both
    return joined


def describe(pin: Pin, metadata: Metadata | None) -> Pin:
    """Return the pin with what the module says of itself at that commit; unchanged where nothing is known."""
    if metadata is None or isinstance(pin, ForgePin) or not pin.is_module:
        return pin
    dependencies = _joined(metadata)
    if (pin.name, pin.version, pin.dependencies) == (metadata.name, metadata.version, dependencies):
        return pin
    return replace(pin, name=metadata.name, version=metadata.version, dependencies=dependencies)
