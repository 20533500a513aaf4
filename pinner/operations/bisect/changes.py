"""The changes that lie between two locks, one a module, and the locks that some of them make."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pinner.words.pins import ForgePin, GitPin, Lock, Pin


@dataclass(frozen=True, slots=True)
class PinChange:
    """One module that differs; the side without it is None."""

    module: str
    before: Pin | None
    after: Pin | None

    @property
    def moved(self) -> tuple[GitPin, GitPin] | None:
        """Return both pins where the module only moved within its repository."""
        before, after = self.before, self.after
        if isinstance(before, GitPin) and isinstance(after, GitPin) and before.git == after.git:
            return (before, after) if before.commit != after.commit else None
        return None


def changes_between(good: Lock, bad: Lock) -> tuple[PinChange, ...]:
    """Return the modules whose code or place differs, by name."""
    names = sorted(good.pins.keys() | bad.pins.keys())
    changes = (PinChange(name, good.pins.get(name), bad.pins.get(name)) for name in names)
    return tuple(change for change in changes if _code(change.before) != _code(change.after))


def with_changes(good: Lock, bad: Lock, changes: Iterable[PinChange]) -> Lock:
    """Return `good` with some of the changes; it bears the name of the bad environment, which is to be mended."""
    pins = dict(good.pins)
    wanted = tuple(changes)
    for change in wanted:
        pins.pop(change.module, None)
        if change.after:
            pins[change.module] = change.after
    is_whole = pins.keys() == bad.pins.keys() and all(
        _code(pins[name]) == _code(bad.pins[name]) for name in pins
    )
    moduledir = bad.moduledir if is_whole else good.moduledir
    return Lock(bad.environment, dict(sorted(pins.items())), moduledir)


def at_commit(lock: Lock, pin: GitPin, commit: str) -> Lock:
    """Return `lock` with a module at another commit, of which nothing else is known."""
    moved = pin if pin.commit == commit else replace(pin, commit=commit, ref=None, version=None)
    return replace(lock, pins=dict(sorted({**lock.pins, pin.module: moved}.items())))


def _code(pin: Pin | None) -> tuple[str, ...]:
    if pin is None:
        return ()
    if isinstance(pin, ForgePin):
        return pin.install_path, pin.forge, pin.version
    return pin.install_path, pin.git, pin.commit
