"""Which overrides a manifest lacks for what upstream's gate runs, and how wide they are."""

import pytest

from pinner.locking.gate import lacking_overrides, with_overrides
from pinner.model.errors import Location
from pinner.model.lock import Externals, GitPin, Selector, SelectorKind
from pinner.model.manifest import Manifest, Text
from pinner.openstack.catalogue import find_series
from pinner.puppet.versions import parse_range, parse_version

PLACE = Location("environments/live.yaml", 7, 3)
# What the gate ran for 2025.1: horizon's metadata has memcached below 10.0.0.
RUN = "10.0.1"


def pin(name: str, version: str) -> GitPin:
    """Return a module pinned at a version."""
    want = Selector(SelectorKind.TAG, version)
    return GitPin(name, "https://example.org/x", "0" * 40, None, want, "", version=version)


def lacking(
    given: str | None, *, key: str = "memcached", externals: Externals = Externals.INTEGRATION
) -> str:
    """Return the range that a manifest must give which gives `given`; empty if it lacks none."""
    ranges = {} if given is None else {"horizon": {key: Text(given, PLACE), "apache": Text("1.x", PLACE)}}
    manifest = Manifest("live", PLACE.path, externals=externals, overridden_dependencies=ranges)
    series = find_series("2025.1")
    assert series is not None
    pins = {"horizon": pin("horizon", "26.0.0"), "memcached": pin("memcached", RUN)}
    found = lacking_overrides(manifest, series, pins, {"horizon"})
    after = with_overrides(manifest, found).overridden_dependencies
    if given is not None:
        assert after["horizon"]["apache"].value == "1.x"
        assert len(after["horizon"]) == len(ranges["horizon"])
    return after["horizon"][key].value if found else ""


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, ">= 2.0.2 < 11.0.0"),
        ("< 10.0.0", ">= 0.0.0 < 11.0.0"),
        (">= 4.0.0-rc1 < 10.0.0", ">= 4.0.0-rc1 < 11.0.0"),
        ("1.x || 3.x", "1.x || 3.x || >= 10.0.1 < 11.0.0"),
        (">= 11.0.0", ">= 11.0.0 || >= 10.0.1 < 11.0.0"),
        ("10.x", ""),
        ("no range at all", ""),
    ],
)
def test_a_range_is_widened_and_never_narrowed(given: str | None, wanted: str) -> None:
    assert lacking(given) == wanted
    version = parse_version(RUN)
    assert version is not None
    assert not wanted or parse_range(wanted).matches(version)


def test_the_dependency_keeps_the_name_that_the_manifest_gives_it() -> None:
    assert lacking("4.x", key="saz/memcached") == ">= 4.0.0 < 11.0.0"


def test_only_a_manifest_that_follows_the_gate_lacks_any() -> None:
    assert lacking(None, externals=Externals.NEWEST) == ""
