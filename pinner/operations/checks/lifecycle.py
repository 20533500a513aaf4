"""How long will it last? Ends of life, and overrides that were meant to be temporary."""

from collections.abc import Iterator
from datetime import date

from pinner.operations.checks.subject import PinnedEnvironment
from pinner.words.findings import Finding, Level
from pinner.words.pins import Status


def check_lifecycle(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `end-of-life` and `override-expired`, by module name."""
    for module, pin in sorted(environment.git_pins.items()):
        if pin.status is Status.END_OF_LIFE:
            message = f"release {pin.want.value} is at its end of life: {pin.ref} gets no more fixes"
            yield environment.finding(
                Level.WARNING, "end-of-life", module, message, "plan the move: pinner upgrade"
            )
    for module, wanted in environment.wanted.modules.items():
        if wanted.until is not None and date.fromisoformat(wanted.until.value) < environment.today:
            message = f"this override was meant to end on {wanted.until}"
            yield environment.finding(
                Level.WARNING, "override-expired", module, message, "remove it, or give it a new 'until'"
            )
