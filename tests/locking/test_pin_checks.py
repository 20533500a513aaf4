"""What a pin may hold: decided as values, for every release that there is."""

from dataclasses import replace

import pytest

from pinner.locking.pin_checks import external_flaws, fact_flaws, lock_flaws, moved_home, ref_flaws
from pinner.locking.requirements import EnvironmentRequirements, requirements_of
from pinner.model.errors import Location
from pinner.model.lock import (
    Dependency,
    Externals,
    GitPin,
    Lock,
    Metadata,
    Selector,
    SelectorKind,
    Series,
    Status,
)
from pinner.model.manifest import Manifest, Settings, Text
from pinner.openstack.catalogue import (
    all_series,
    integration_pins,
    modules_in,
    newest_listed,
    ref_candidates,
    third_party,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SERIES = tuple(series for series in all_series() if not newest_listed() < series)
HERE = Location("environments/production.yaml", 1)


def manifest(series: Series, externals: Externals = Externals.DECLARED) -> Manifest:
    return Manifest(
        environment="production",
        path=HERE.path,
        release=Text(series.id, HERE),
        openstack_all=Text("all", HERE),
        externals=externals,
    )


def wanted_set(
    series: Series, externals: Externals = Externals.DECLARED, **homes: str
) -> EnvironmentRequirements:
    return requirements_of(manifest(series, externals), Settings(cache="", modules=homes))


def external(series: Series, name: str, ref: str, **changes: object) -> GitPin:
    home = third_party(name)
    assert home
    pin = GitPin(
        module=name,
        git=home.git,
        commit=COMMIT,
        ref=f"refs/tags/{ref}",
        want=Selector(SelectorKind.TAG, ref),
        install_path="modules",
        required_by=("nova",),
        external=f"integration {series}",
    )
    return replace(pin, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_every_pin_that_a_release_can_give_has_no_flaw(series: Series) -> None:
    for entry in modules_in(series):
        candidates = ref_candidates(entry.git, series)
        for candidate in candidates:
            pin = GitPin(
                module=entry.name,
                git=entry.git,
                commit=COMMIT,
                ref=candidate.ref,
                want=Selector(SelectorKind.RELEASE, series.id),
                install_path="modules",
                status=candidate.status,
            )
            assert not lock_flaws(wanted_set(series), Lock("production", {entry.name: pin})), pin
            assert any(ref_flaws(replace(pin, ref="refs/heads/master"), candidates))
            assert any(ref_flaws(replace(pin, ref=f"{candidate.ref}x"), candidates))
            if candidate.status is not Status.MAINTAINED:
                assert any(ref_flaws(replace(pin, status=Status.MAINTAINED), candidates))


@pytest.mark.parametrize("series", SERIES, ids=str)
def test_every_pin_of_the_packaged_gate_has_no_flaw(series: Series) -> None:
    wanted = wanted_set(series, Externals.INTEGRATION)
    pins = {pin.name: external(series, pin.name, pin.ref) for pin in integration_pins(series) if pin.ref}
    assert not lock_flaws(wanted, Lock("production", pins))
    foreign = {name: replace(pin, git=f"{pin.git}.git") for name, pin in pins.items()}
    assert set(lock_flaws(wanted, Lock("production", foreign))) == set(foreign)


def test_an_earlier_home_is_no_flaw_but_has_moved() -> None:
    wanted = wanted_set(SERIES[-1], Externals.INTEGRATION)
    home = third_party("rabbitmq")
    assert home
    now, before = home.homes
    old = external(SERIES[-1], "rabbitmq", "v1.0.0", git=before)
    assert not any(external_flaws(wanted, old, moduledir="modules"))
    assert (moved_home(wanted, "rabbitmq", before), moved_home(wanted, "rabbitmq", now)) == (now, None)


def test_a_module_that_only_the_gate_can_name_is_not_judged_offline() -> None:
    pin = replace(external(SERIES[-1], "stdlib", "v1.0.0"), module="other", git="https://github.com/a/b")
    assert not any(external_flaws(wanted_set(SERIES[-1], Externals.INTEGRATION), pin, moduledir="modules"))
    assert any(external_flaws(wanted_set(SERIES[-1], Externals.NEWEST), pin, moduledir="modules"))


def test_the_newest_releases_live_where_pinner_yaml_says_so() -> None:
    own = "https://git.example.org/stdlib"
    pin = external(SERIES[-1], "stdlib", "v1.0.0", git=own, external="newest")
    assert not any(
        external_flaws(wanted_set(SERIES[-1], Externals.NEWEST, stdlib=own), pin, moduledir="modules")
    )
    assert any(external_flaws(wanted_set(SERIES[-1], Externals.NEWEST), pin, moduledir="modules"))


def test_the_branch_that_a_release_had_may_have_the_status_of_the_tag_that_is_left() -> None:
    series = next(series for series in SERIES if series.id == "icehouse")
    candidates = ref_candidates("puppet-nova", series)
    pin = GitPin(
        module="nova",
        git="https://opendev.org/openstack/puppet-nova",
        commit=COMMIT,
        ref="refs/heads/stable/icehouse",
        want=Selector(SelectorKind.RELEASE, "icehouse"),
        install_path="modules",
        status=Status.END_OF_LIFE,
    )
    assert not any(ref_flaws(pin, candidates))


def test_facts_are_those_of_the_metadata() -> None:
    metadata = Metadata(
        file="metadata.json",
        name="acme-x",
        version="1.0.0",
        dependencies=(Dependency("a/b", ">= 1.0.0"), Dependency("a/b", "< 2.0.0")),
    )
    pin = replace(
        external(SERIES[-1], "stdlib", "v1.0.0"),
        name="acme-x",
        version="1.0.0",
        dependencies={"a/b": ">= 1.0.0 < 2.0.0"},
    )
    assert not any(fact_flaws(pin, metadata))
    assert list(fact_flaws(replace(pin, version=None, dependencies={}), metadata)) == [
        f"its version is '' in the lock, but metadata.json at {COMMIT} has '1.0.0'",
        f"its dependency on a/b is missing in the lock, but metadata.json at {COMMIT} has '>= 1.0.0 < 2.0.0'",
    ]
