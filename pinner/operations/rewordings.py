"""What else than its code changed between two pins of one module: the selector, the ref, the status, the place."""

from collections.abc import Iterable
from dataclasses import dataclass

from pinner.words.pins import ForgePin, GitPin, Pin


@dataclass(frozen=True, slots=True)
class Rewording:
    """Something beside the code that changed: `key` is want, ref, status, git, install_path or source."""

    key: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.key}: {self.before or 'none'} -> {self.after or 'none'}"


def rewordings(before: Pin, after: Pin) -> Iterable[Rewording]:
    """Return each facet of the pin that differs."""
    return (Rewording(key, old, new) for key, old, new in _facets(before, after) if old != new)


def _facets(before: Pin, after: Pin) -> Iterable[tuple[str, str | None, str | None]]:
    yield "install_path", before.install_path, after.install_path
    if isinstance(before, GitPin) and isinstance(after, GitPin):
        yield "git", before.git, after.git
        yield "want", _words(before), _words(after)
        yield "ref", before.ref, after.ref
        yield "status", before.status, after.status
    else:
        yield "source", _source(before), _source(after)


def _words(pin: GitPin) -> str:
    return ", ".join(f"{key} {value}" for key, value in pin.want.as_mapping().items())


def _source(pin: Pin) -> str:
    return f"forge {pin.forge} {pin.version}" if isinstance(pin, ForgePin) else f"git {pin.git}"
