import json

import pytest

from pinner.model.lock import Dependency, Metadata
from pinner.puppet.metadata import parse_metadata


def parse(document: object) -> Metadata:
    return parse_metadata(json.dumps(document).encode(), file="metadata.json")


def parse_modulefile(text: str) -> Metadata:
    return parse_metadata(text.encode(), file="Modulefile")


def test_a_module_of_today() -> None:
    content = b"""
    {
      "name": "openstack-aodh",
      "version": "26.0.0",
      "dependencies": [
        {"name": "puppetlabs/inifile", "version_requirement": ">=2.0.0 <7.0.0"},
        {"name": "openstack-openstacklib", "version_requirement": ">=26.0.0 <27.0.0"},
        {"name": "openstack/oslo"}
      ],
      "requirements": [{"name": "puppet", "version_requirement": ">= 7.9.0 < 9.0.0"}],
      "operatingsystem_support": [
        {"operatingsystem": "Debian", "operatingsystemrelease": ["12"]},
        {"operatingsystem": "Ubuntu", "operatingsystemrelease": ["22.04", "24.04"]},
        {"operatingsystem": "CentOS"}
      ]
    }"""
    assert parse_metadata(content, file="metadata.json") == Metadata(
        file="metadata.json",
        name="openstack-aodh",
        version="26.0.0",
        dependencies=(
            Dependency("puppetlabs/inifile", ">=2.0.0 <7.0.0"),
            Dependency("openstack/openstacklib", ">=26.0.0 <27.0.0"),
            Dependency("openstack/oslo", ""),
        ),
        requirements=(Dependency("puppet", ">= 7.9.0 < 9.0.0"),),
        platforms={"Debian": ("12",), "Ubuntu": ("22.04", "24.04"), "CentOS": ()},
    )


def test_a_module_of_2013() -> None:
    metadata = parse_modulefile(
        """name    'puppetlabs-nova'
version '2.2.0'
source  'https://github.com/stackforge/puppet-nova'
author  "Puppet Labs"
license 'Apache License 2.0'
summary 'Puppet Labs Nova Module'
description <<-EOS
  Puppet module to install and configure the OpenStack Nova compute service
EOS
project_page 'https://launchpad.net/puppet-openstack'

## Add dependencies, if any:
dependency 'puppetlabs/glance', '>=2.2.0 <3.0.0'
#dependency 'ekarlso/puppet_quantum', '>= 0.0.1'
dependency('duritong-sysctl')
"""
    )
    assert metadata == Metadata(
        file="Modulefile",
        name="puppetlabs-nova",
        version="2.2.0",
        dependencies=(Dependency("puppetlabs/glance", ">=2.2.0 <3.0.0"), Dependency("duritong/sysctl", "")),
    )


def test_the_last_of_two_names_counts_as_in_ruby() -> None:
    metadata = parse_modulefile("name 'a-b'\nname 'a/c'\nversion :'1.0.0'\n")
    assert (metadata.name, metadata.version, metadata.flaws) == ("a-c", "1.0.0", ())


def test_a_modulefile_is_never_run() -> None:
    metadata = parse_modulefile("name 'a-b'\nversion `cat VERSION`\nbackup 'x'\ndependency 'c/d', \"#{x}\"\n")
    assert metadata.version is None
    assert metadata.dependencies == ()
    assert metadata.flaws == (
        "line 2: a shell command is not a literal",
        "line 3: 'backup' is not a keyword of a Modulefile",
        "line 4: a string with interpolated code is not a literal",
        "it does not contain the module's version",
    )


def test_a_modulefile_with_empty_declarations() -> None:
    assert parse_modulefile("name\nversion 1\ndependency\n").flaws == (
        "it does not contain the module's name",
        "its version is a number, not a text",
        "it does not contain the module's version",
        "the dependency in line 3 has no name: ignored",
    )


def test_dependencies_as_plain_texts() -> None:
    metadata = parse(
        {"name": "a-b", "version": "1.0.0", "dependencies": ["c/d >= 1.0.0", "e-f", " g/h  ~1 "]}
    )
    assert metadata.dependencies == (
        Dependency("c/d", ">= 1.0.0"),
        Dependency("e/f", ""),
        Dependency("g/h", "~1"),
    )
    assert metadata.flaws[0] == "dependency 1 is a text, not an object with a name"


@pytest.mark.parametrize(
    ("fields", "flaws"),
    [
        ({"name": None}, ("it does not contain the module's name",)),
        ({"name": ["a"]}, ("its name is a list, not a text", "it does not contain the module's name")),
        ({"name": "nova"}, ("its name 'nova' is not of the form owner-module",)),
        ({"version": None}, ("it does not contain the module's version",)),
        ({"version": 1.1}, ("its version is a number, not a text", "its version '1.1' is not SemVer")),
        (
            {"version": "1.0.0\n"},
            (
                "its version is longer than 1000 characters or not printable: ignored",
                "it does not contain the module's version",
            ),
        ),
        (
            {"version": "1." + "9" * 5000},
            (
                "its version is longer than 1000 characters or not printable: ignored",
                "it does not contain the module's version",
            ),
        ),
        ({"dependencies": {}}, ("dependencies is an object, not a list",)),
        ({"dependencies": True}, ("dependencies is true or false, not a list",)),
        ({"dependencies": [None]}, ("dependency 1 is null, not an object with a name: ignored",)),
        ({"dependencies": [5]}, ("dependency 1 is a number, not an object with a name: ignored",)),
        ({"dependencies": [{}]}, ("dependency 1 has no name: ignored",)),
        (
            {"dependencies": [{"name": "a b"}]},
            ("dependency 1 has the name 'a b', which is not valid: ignored",),
        ),
        ({"dependencies": [{"name": "stdlib"}]}, ("dependency 1 has the name 'stdlib', without an owner",)),
        (
            {"dependencies": [{"name": "c/d", "version_requirement": [1]}]},
            ("the version range of dependency 1 is a list, not a text",),
        ),
        (
            {"dependencies": [{"name": "c/d"}, {"name": "c-d", "version_requirement": "1.x"}]},
            ("a dependency on c/d is repeated",),
        ),
        ({"requirements": [{}]}, ("requirement 1 has no name: ignored",)),
        ({"requirements": [{"name": "pup pet"}]}, ("requirement 1 has the name 'pup pet': ignored",)),
        ({"operatingsystem_support": [3]}, ("the operatingsystem of platform 1 is a number, not a text",)),
        (
            {"operatingsystem_support": [[]]},
            (
                "the operatingsystem of platform 1 is a list, not a text",
                "platform 1 does not name an operating system: ignored",
            ),
        ),
        (
            {"operatingsystem_support": ["RedHat"]},
            ("platform 1 is a text, not an object with operatingsystem",),
        ),
        (
            {"operatingsystem_support": [{"operatingsystem": "Debian", "operatingsystemrelease": [12]}]},
            ("a release of platform 1 is a number, not a text",),
        ),
        (
            {"operatingsystem_support": [{"operatingsystem": "Debian"}, {"operatingsystem": "Debian"}]},
            ("platform Debian is repeated",),
        ),
    ],
)
def test_flaws_are_told_in_words(fields: dict[str, object], flaws: tuple[str, ...]) -> None:
    assert parse({"name": "a-b", "version": "1.0.0", **fields}).flaws == flaws


def test_a_null_range_is_no_flaw_and_means_any() -> None:
    metadata = parse(
        {"name": "a-b", "version": "1.0.0", "dependencies": [{"name": "c/d", "version_requirement": None}]}
    )
    assert metadata.dependencies == (Dependency("c/d", ""),)
    assert metadata.flaws == ()


def test_two_ranges_for_one_module_both_stay_and_equal_rows_do_not() -> None:
    rows = [{"name": "c/d", "version_requirement": text} for text in ("1.x", "1.x", ">=1.2.0")]
    assert parse({"dependencies": rows}).dependencies == (
        Dependency("c/d", "1.x"),
        Dependency("c/d", ">=1.2.0"),
    )


def test_releases_of_a_platform_named_twice_come_together() -> None:
    rows = [
        {"operatingsystem": "Debian", "operatingsystemrelease": releases}
        for releases in (["11"], ["12", "11"])
    ]
    assert parse({"operatingsystem_support": rows}).platforms == {"Debian": ("11", "12")}


def test_numbers_keep_their_digits() -> None:
    content = b'{"name": "a-b", "version": "1.0.0", "operatingsystem_support": [{"operatingsystem": "Ubuntu", "operatingsystemrelease": [14.10]}]}'
    assert parse_metadata(content, file="metadata.json").platforms == {"Ubuntu": ("14.10",)}
