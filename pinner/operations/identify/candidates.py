"""Which repositories a module may come from: those that go by one of its names, and those that are at hand anyway."""

from collections.abc import Iterator
from functools import cache

from pinner.git.urls import canonical
from pinner.openstack.catalogue import canonical_url, find_module, integration_pins
from pinner.openstack.series import all_series
from pinner.operations.identify.local import LocalModule
from pinner.words.manifests import Settings


def homes_of(module: LocalModule, settings: Settings) -> tuple[str, ...]:
    """Return the canonical URLs of the repositories known under one of a module's names, the likeliest first.

    Those are what pinner.yaml says, the catalogue's modules under any name that they ever had (quantum), and what
    upstream's gate ran.
    """
    found = (url for name in module.names for url in _homes(name, settings))
    return tuple(dict.fromkeys(canonical(canonical_url(url) or url) for url in found))


def _homes(name: str, settings: Settings) -> Iterator[str]:
    if name in settings.modules:
        yield settings.modules[name]
    if entry := find_module(name, None):
        yield entry.git
    yield from _of_gate(name)


@cache
def _of_gate(name: str) -> tuple[str, ...]:
    """Return where the gate took a third-party module from, the newest release first."""
    return tuple(
        pin.git for series in reversed(all_series()) for pin in integration_pins(series) if pin.name == name
    )
