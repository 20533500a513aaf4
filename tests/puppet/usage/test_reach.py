"""Which site code can run, on the platforms and with the data that are given; Puppet compiles the same classes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pinner.model.errors import Location
from pinner.model.operator_data import DataFile, Datum, SiteFile
from pinner.puppet.platforms import Platform
from pinner.puppet.usage.site import read_site_file
from pinner.puppet.usage.values import Surroundings, surroundings_of
from tests.support.data import value_of
from tests.support.oracles import RubyOracle, run_oracle

EL8, EL9 = Platform("RedHat", "8"), Platform("RedHat", "9")
NOBLE, TRIXIE = Platform("Ubuntu", "24.04"), Platform("Debian", "13")
ALL = (EL9, TRIXIE, NOBLE)


Plain = dict[str, object]


def data(*files: Plain, everywhere: Plain | None = None) -> tuple[DataFile, ...]:
    """Data files with these keys; all machines read the one in `everywhere`."""
    return tuple(
        DataFile(
            "x.yaml",
            tuple(Datum(key, value_of(value), Location("x.yaml", 1)) for key, value in keys.items()),
            is_everywhere=keys is everywhere,
        )
        for keys in ((everywhere or {}), *files)
    )


def read(code: str, surroundings: Surroundings) -> SiteFile:
    return read_site_file("x.pp", code, surroundings)


def reached(code: str, surroundings: Surroundings) -> dict[str, tuple[str, ...] | None]:
    """The types of the resources that may be there, each with the platforms that it is limited to."""
    uses = [use for use in read(code, surroundings).uses if use.parameter is None and not use.scope.unreached]
    return {use.owner: use.scope.platforms for use in uses}


@pytest.fixture(scope="module")
def puppet() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_parameters.rb", "puppet-agent")


SHAPES = (
    "if Integer($facts['os']['release']['major']) <= 8 { old { 'x': } } else { new { 'x': } }",
    "unless $facts['os']['family'] == 'Debian' { old { 'x': } } else { new { 'x': } }",
    "if $facts['os']['name'] == 'Ubuntu' { old { 'x': } } elsif $osfamily == 'RedHat' { new { 'x': } }",
    "case $facts['os']['family'] { 'RedHat', 'Suse': { old { 'x': } } default: { new { 'x': } } }",
    "case $facts['os']['name'] { /^Ub/: { old { 'x': } } 'Debian': { new { 'x': } } default: { } }",
    "$family = $facts['os']['family'] if $family != 'Debian' and $manage { old { 'x': } } else { new { 'x': } }",
    "if $manage { old { 'x': } } if !$manage and $mode == 'B' { new { 'x': } }",
    "if $mode in ['a', 'c'] { if $facts['os']['family'] == 'RedHat' { old { 'x': } } } else { new { 'x': } }",
    "$kernel = 'mine' if $kernel == 'Linux' { old { 'x': } } else { new { 'x': } }",
    "if $mode =~ /^b/ { old { 'x': } } else { new { 'x': } }",
)
GIVEN: tuple[Plain, ...] = ({}, {"manage": True}, {"mode": "b"}, {"manage": True, "mode": "c"})


@pytest.mark.parametrize("body", SHAPES)
def test_what_is_not_reached_never_runs_in_puppet(body: str, puppet: RubyOracle, tmp_path: Path) -> None:
    code = f"class shape(Boolean $manage = false, String $mode = 'b') {{ {body} }}\n"
    run = code.replace("old { 'x': }", "fail('old')").replace("new { 'x': }", "fail('new')")
    manifests = tmp_path / "shape/manifests"
    manifests.mkdir(parents=True)
    (manifests / "init.pp").write_text(run)
    for platforms in (ALL, (EL8,), (EL9,), (TRIXIE, NOBLE)):
        for some in ((GIVEN[0],), GIVEN[:2], GIVEN):
            keys = [{f"shape::{name}": value for name, value in one.items()} for one in some]
            runs: set[str] = set()
            for platform in platforms:
                for given in some:
                    question = {"modulepath": [str(tmp_path)], "class": "shape", "given": given}
                    error = puppet.ask({**question, "facts": dict(platform.facts)})["error"] or ""
                    runs.update(word for word in ("old", "new") if f"Call, {word} (" in error)
            ours = set(reached(code, surroundings_of(data(*keys), platforms))) - {"fail"}
            assert runs <= ours
            if len(some) == 1:
                assert ours == runs


def test_a_branch_is_limited_to_its_platforms() -> None:
    code = """case $facts['os']['name'] { 'Ubuntu': { a { 'x': } } default: { b { 'x': } if $osfamily == 'RedHat' { c { 'x': } } } }
    d { 'x': }"""
    found = reached(code, Surroundings(ALL))
    assert found == {
        "a": ("Ubuntu 24.04",),
        "b": ("RedHat 9", "Debian 13"),
        "c": ("RedHat 9",),
        "d": None,
    }


MANAGED = "class site::x($manage = false) { if $manage { a { 'x': } } else { b { 'x': } } }"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (data({"other": 1}), {"b"}),
        (data({"site::x::manage": True}), {"a", "b"}),
        (data(everywhere={"site::x::manage": True}), {"a"}),
        (data({"site::x::manage": False}, everywhere={"site::x::manage": True}), {"a", "b"}),
        (data({"lookup_options": {"site::x::manage": {"convert_to": "Boolean"}}}), {"a", "b"}),
        ((), {"a", "b"}),
    ],
)
def test_a_parameter_has_the_values_of_the_data_or_its_default(
    files: tuple[DataFile, ...], expected: set[str]
) -> None:
    assert set(reached(MANAGED, surroundings_of(files, ALL))) == expected


def test_a_class_that_code_gives_values_may_have_any() -> None:
    surroundings = surroundings_of(data({"other": 1}), ALL, ("site::x",))
    assert set(reached(MANAGED, surroundings)) == {"a", "b"}


@pytest.mark.parametrize(
    "code",
    [
        "define site::x($manage = false) { if $manage { a { 'x': } } }",
        "class site::x($osfamily) { if $osfamily == 'Suse' { a { 'x': } } }",
        "class site::x { $osfamily = pick($y, 1) if $osfamily == 'Suse' { a { 'x': } } }",
        "class site::x { $z.each |$osfamily| { if $osfamily == 'Suse' { a { 'x': } } } }",
        "class site::x { if $facts['kernelrelease'] == '1' { a { 'x': } } }",
        "class site::x { if $role == 'compute' { a { 'x': } } }",
        "class site::x { case $role { 'compute': { a { 'x': } } } }",
    ],
)
def test_what_is_not_known_may_be_true(code: str) -> None:
    assert "a" in reached(code, surroundings_of(data({"other": 1}), ALL))


def test_what_is_not_reached_gives_no_resources_and_declares_nothing() -> None:
    code = (
        "class site::x { if $osfamily == 'Suse' { include nova create_resources(a, lookup('site::hash')) } }"
    )
    found = read(code, Surroundings(ALL))
    assert found.resources == ()
    assert found.declarations == ()
    assert found.lookups == {"site::hash"}
    assert {use.scope.unreached for use in found.uses} == {
        "with this data and these platforms, line 1 rules it out"
    }
