"""What leaks from one environment into another in one Ruby process, by Puppet itself; and that pinner says just that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.leaky import ENVIRONMENTS, deploy_leaky, write_site
from tests.support.oracles import RubyOracle, find_tool
from tests.support.repositories import isolate_git
from tests.support.sites import Site

pytestmark = pytest.mark.e2e

OLD, NEW = ENVIRONMENTS


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        cloud = Cloud(tmp_path_factory.mktemp("cloud"))
        deploy_leaky(cloud)
        yield cloud


@pytest.fixture(scope="module")
def bare(cloud: Cloud) -> Path:
    """The directory of environments as deployed, without generated types."""
    return cloud.root / "server"


@pytest.fixture(scope="module")
def generated(cloud: Cloud) -> Path:
    """The same with `puppet generate types` run for each environment, as r10k's generate_types does."""
    server = cloud.root / "typed"
    site = Site(cloud.root / "site")
    deploy = Cloud(cloud.root / "typed_cloud")
    deploy_leaky(deploy).rename(server)
    for environment in ENVIRONMENTS:
        site.write("conf/puppet.conf", "")
        puppet = find_tool("puppet", "puppet-agent")
        paths = ("--environmentpath", server, "--confdir", site.root / "conf", "--vardir", site.root / "var")
        site.run(puppet, "generate", "types", "--environment", environment, *paths)
        assert (server / environment / ".resource_types" / "leaky.pp").is_file()
    return server


@pytest.fixture
def puppet() -> Iterator[RubyOracle]:
    """One Ruby process, in which nothing was compiled yet."""
    oracle = RubyOracle("puppet_compiler.rb", "puppet-agent")
    yield oracle
    oracle.close()


def compiled(puppet: RubyOracle, server: Path, *environments: str) -> list[Any]:
    """Return what each environment's catalog says, or the error, in the order they are compiled."""
    answers = [puppet.ask({"environmentpath": str(server), "environment": name}) for name in environments]
    return [answer.get("said") or answer["error"].partition(" (")[0] for answer in answers]


def test_the_first_native_type_serves_all(puppet: RubyOracle, bare: Path) -> None:
    write_site(bare, "leaky { 'x': of_%v => 'y' } notify { 'compiled': }")
    assert compiled(puppet, bare, OLD, NEW, OLD) == [["compiled"], "no parameter named 'of_26'", ["compiled"]]


def test_it_may_do_so_in_silence(puppet: RubyOracle, bare: Path) -> None:
    """The newer type serves the older environment, which never hears that it has no such parameter."""
    write_site(bare, "leaky { 'x': of_26 => 'y' } notify { 'compiled': }")
    assert compiled(puppet, bare, NEW, OLD) == [["compiled"], ["compiled"]]


def test_generated_types_keep_types_apart(puppet: RubyOracle, generated: Path) -> None:
    write_site(generated, "leaky { 'x': of_%v => 'y' } notify { 'compiled': }")
    assert compiled(puppet, generated, OLD, NEW, OLD) == [["compiled"]] * 3
    write_site(generated, "leaky { 'x': of_26 => 'y' } notify { 'compiled': }")
    assert compiled(puppet, generated, NEW, OLD) == [["compiled"], "no parameter named 'of_26'"]


@pytest.mark.parametrize("name", ["bare", "generated"])
def test_functions_and_data_types_belong_to_their_environment(
    puppet: RubyOracle, name: str, request: pytest.FixtureRequest
) -> None:
    server: Path = request.getfixturevalue(name)
    write_site(
        server,
        '$dated = Dated() notify { "modern ${nova::modern()}, legacy ${legacy()}, data ${dated.version}": }\n'
        "if '%v' =~ Nova::Version { notify { 'alias %v': } }\n",
    )
    old, new = (
        [f"alias {version}", f"modern {version}, legacy {version}, data {version}"] for version in (24, 26)
    )
    assert compiled(puppet, server, OLD, NEW, OLD) == [old, new, old]


@pytest.mark.parametrize("name", ["bare", "generated"])
def test_helpers_leak_with_generated_types_or_without(
    puppet: RubyOracle, name: str, request: pytest.FixtureRequest
) -> None:
    server: Path = request.getfixturevalue(name)
    write_site(server, 'notify { "beside ${nova::helped()}, on the path ${nova::on_the_path()}": }')
    said = compiled(puppet, server, OLD, NEW, OLD)
    # what is named by its place is loaded from each environment, and the last one stays; what is found on Ruby's
    # path is found in the first environment for ever
    assert said == [
        ["beside 24, on the path 24"],
        ["beside 26, on the path 24"],
        ["beside 26, on the path 24"],
    ]


@pytest.mark.parametrize("name", ["bare", "generated"])
def test_the_first_provider_answers_who_asks_it_on_the_server(
    puppet: RubyOracle, name: str, request: pytest.FixtureRequest
) -> None:
    server: Path = request.getfixturevalue(name)
    write_site(server, 'notify { "provider ${nova::provided()}": }')
    assert compiled(puppet, server, OLD, NEW) == [["provider 24"], ["provider 24"]]


def test_pinner_says_so_before_anything_is_deployed(cloud: Cloud) -> None:
    result = cloud.run("verify", "--isolation", "--format", "json")
    told = [
        (one["level"], one["code"], one["message"].partition("': ")[2].partition(" differ")[0])
        for environment in result.json["environments"]
        for one in environment["findings"]
    ]
    assert told == [
        ("info", "isolation-types", "the native type 'leaky'"),
        (
            "warning",
            "isolation-helpers",
            "the helpers 'puppet/util/nova_util' and 'puppet_x/nova/helper'",
        ),
        ("info", "isolation-providers", "the provider 'leaky/ruby'"),
        ("info", "isolation-functions", "the functions 'dated', 'nova::modern' and 'legacy'"),
    ]


def test_generated_types_are_no_change_of_what_was_deployed(cloud: Cloud, generated: Path) -> None:
    result = cloud.run("verify", "--deployed", str(generated))
    assert result.code == 0, result.out
