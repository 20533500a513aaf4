"""Uses held against code: what is said of each, in full."""

import pytest

from pinner.model.errors import Location
from pinner.model.findings import Finding
from pinner.model.operator_data import Literal, Opaque, OpaqueReason, Use, UseOrigin, Value
from pinner.puppet.usage.codebase import Codebase, LookupOptions, make_codebase
from pinner.puppet.usage.judge import Context, judge
from tests.support.data import value_of
from tests.support.module_files import read_module

FILES = {
    "manifests/init.pp": b"class nova(\n  Boolean $debug = true,\n  $region = 'x',\n) { }\n",
    "manifests/api.pp": b"""# == Class: nova::api
#
# [*port*]
#   (optional) The port.
#
# [*workers*]
#   (optional) DEPRECATED. Use osapi_workers instead.
#
class nova::api (
  Optional[Nova::Port] $port = undef,
  $workers = undef,
  $osapi_workers = 1,
  String $db_password = '',
  Array[String[1]] $hosts = [],
) { }
""",
    "manifests/old.pp": b"# DEPRECATED !!\n#\n# Goes away.\nclass nova::old($x = 1) { warning('The nova::old class is deprecated') }\n",
    "manifests/flavor.pp": b"define nova::flavor(Integer $ram = 1, $require_x = 2) { }\n",
    "types/port.pp": b"type Nova::Port = Integer[0, 65535]\n",
    "lib/puppet/type/nova_config.rb": b"Puppet::Type.newtype(:nova_config) do\n  newparam(:name)\nend\n",
}
CODEBASE = make_codebase(
    {"nova": read_module(FILES)}, read_module({"manifests/x.pp": b"class profile::x($a) { }"}).definitions
)


def use(
    subject: str, value: Value | None = None, origin: UseOrigin = UseOrigin.KEY, *, is_whole: bool = False
) -> Use:
    owner, _, parameter = (subject, "", None) if is_whole else subject.rpartition("::")
    return Use(origin, owner, parameter, value, Location("common.yaml", 7), subject)


def said(*uses: Use, context: Context | None = None) -> list[str]:
    return [shown(finding) for finding in judge(uses, context or Context(CODEBASE))]


def shown(finding: Finding) -> str:
    hint = f" -- {finding.hint}" if finding.hint else ""
    return f"{finding.level} {finding.code}: {finding.message}{hint}"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "nova::api::prt",
            (
                "warning hiera-unbound: the key 'nova::api::prt' has no effect: class 'nova::api' has no parameter 'prt'"
                " -- did you mean 'nova::api::port'?"
            ),
        ),
        (
            "nova::debgu",
            (
                "warning hiera-unbound: the key 'nova::debgu' has no effect: class 'nova' has no parameter 'debgu'"
                " -- did you mean 'nova::debug'?"
            ),
        ),
        (
            "nova::api::debug",
            (
                "warning hiera-unbound: the key 'nova::api::debug' has no effect: class 'nova::api' has no parameter "
                "'debug' -- did you mean 'nova::debug'?"
            ),
        ),
        (
            "nova::apis::port",
            (
                "warning hiera-unbound: the key 'nova::apis::port' has no effect: there is no class 'nova::apis'"
                " -- did you mean 'nova::api::port'?"
            ),
        ),
        (
            "nova::nothing::like::it",
            "warning hiera-unbound: the key 'nova::nothing::like::it' has no effect: there is no class 'nova::nothing::like'",
        ),
        (
            "nova::flavor::ram",
            (
                "warning hiera-unbound: the key 'nova::flavor::ram' has no effect: 'nova::flavor' is a defined type, and "
                "Hiera sets only parameters of classes"
            ),
        ),
        (
            "::nova::api::port",
            (
                "warning hiera-unbound: the key '::nova::api::port' has no effect: a key of Hiera does not start with '::'"
                " -- write 'nova::api::port'"
            ),
        ),
        (
            "profile::y::a",
            (
                "info hiera-site-unbound: the key 'profile::y::a' has no effect: there is no class 'profile::y'"
                " -- did you mean 'profile::x::a'?"
            ),
        ),
        (
            "profile::x::b",
            "warning hiera-unbound: the key 'profile::x::b' has no effect: class 'profile::x' has no parameter 'b'",
        ),
    ],
)
def test_keys_that_bind_to_nothing(key: str, expected: str) -> None:
    assert said(use(key)) == [expected]


@pytest.mark.parametrize("key", ["nova::region", "cinder::x", "profile::x::a"])
def test_keys_that_bind_or_are_not_our_business(key: str) -> None:
    assert said(use(key, Literal("x", 1))) == []


def test_keys_that_code_looks_up_are_bound() -> None:
    context = Context(CODEBASE, lookups=frozenset({"nova::custom", "nova::api::mine", "nova::more::x"}))
    assert said(use("nova::custom"), use("nova::api::mine"), use("nova::more::x"), context=context) == []


def test_deprecated_parameters_and_classes() -> None:
    assert said(use("nova::api::workers", Literal(3, 1)), use("nova::old::x", Literal(1, 1))) == [
        "warning hiera-deprecated: parameter 'workers' of class 'nova::api' is deprecated -- use osapi_workers instead",
        "warning hiera-deprecated: class 'nova::old' is deprecated -- DEPRECATED !! Goes away.",
    ]
    assert said(use("nova::api::workers", origin=UseOrigin.OPTIONS)) == []
    assert said(use("nova::old", origin=UseOrigin.REFERENCE, is_whole=True)) == [
        "warning code-deprecated: class 'nova::old' is deprecated -- DEPRECATED !! Goes away."
    ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "nova::debug",
            "true",
            "'nova::debug' takes Boolean, not a String of 4 characters -- write true or false without quotes",
        ),
        (
            "nova::api::port",
            99999,
            "'nova::api::port' takes Optional[Nova::Port], and its value, an Integer, does not match",
        ),
        (
            "nova::api::port",
            8774.5,
            "'nova::api::port' takes Optional[Nova::Port], and its value, a Float, does not match",
        ),
        (
            "nova::api::port",
            True,
            "'nova::api::port' takes Optional[Nova::Port], and its value, a Boolean, does not match",
        ),
        (
            "nova::api::db_password",
            1234,
            "'nova::api::db_password' takes String, not an Integer -- put it in quotes",
        ),
        (
            "nova::api::hosts",
            [""],
            "'nova::api::hosts' takes Array[String[1]], and its value, an Array of 1, does not match",
        ),
        ("nova::api::hosts", {"a": 1}, "'nova::api::hosts' takes Array[String[1]], not a Hash of 1"),
        (
            "nova::api::hosts",
            "host",
            "'nova::api::hosts' takes Array[String[1]], not a String of 4 characters",
        ),
    ],
)
def test_values_that_the_type_rejects(key: str, value: object, expected: str) -> None:
    assert said(use(key, value_of(value))) == [f"error hiera-type: {expected}"]


def test_a_secret_is_never_shown() -> None:
    files = {"manifests/init.pp": b"class nova(Integer $db_password) { }\n"}
    context = Context(make_codebase({"nova": read_module(files)}))
    assert said(use("nova::db_password", Literal("geheim", 1)), context=context) == [
        "error hiera-type: 'nova::db_password' takes Integer, not a String of 6 characters"
    ]


def test_values_that_cannot_be_judged() -> None:
    merged = Context(CODEBASE, LookupOptions(frozenset({"nova::debug"})))
    assert said(use("nova::debug", Literal("yes", 1)), context=merged) == []
    assert (
        said(use("nova::debug", Opaque(OpaqueReason.ENCRYPTED, 1)), use("nova::debug", Literal(None, 1)))
        == []
    )


def test_entries_of_hashes_that_become_resources() -> None:
    entry = Use(
        UseOrigin.HASH,
        "nova::flavor",
        "raam",
        Literal(1, 1),
        Location("c.yaml", 3),
        "nova::flavors::flavors.a.raam",
    )
    big = Use(
        UseOrigin.HASH,
        "nova::flavor",
        "ram",
        Literal("1", 1),
        Location("c.yaml", 4),
        "nova::flavors::flavors.a.ram",
    )
    meta = Use(UseOrigin.HASH, "nova::flavor", "require", Literal("x", 1), Location("c.yaml", 5), "x")
    native = Use(UseOrigin.HASH, "nova_config", "vlaue", Literal("x", 1), Location("c.yaml", 6), "x")
    unknown = Use(UseOrigin.HASH, "file", "path", Literal("x", 1), Location("c.yaml", 7), "x")
    gone = Use(UseOrigin.HASH, "nova::flavour", "ram", Literal(1, 1), Location("c.yaml", 8), "x")
    assert said(entry, big, meta, native, unknown, gone) == [
        "error hiera-resource: defined type 'nova::flavor' has no parameter 'raam' -- did you mean 'nova::flavor::ram'?",
        "error hiera-type: 'nova::flavors::flavors.a.ram' takes Integer, not a String of 1 character -- write the number without quotes",
        "error hiera-resource: type 'nova_config' has no parameter or property 'vlaue'",
        "warning hiera-unbound: there is no defined type 'nova::flavour' -- did you mean 'nova::flavor'?",
    ]


def test_site_code() -> None:
    assert said(
        use("nova::apy", origin=UseOrigin.REFERENCE, is_whole=True),
        use("nova::api::prt", Literal(1, 1), UseOrigin.CLASS),
        use("nova::flavors", origin=UseOrigin.RESOURCE, is_whole=True),
        use("nova::debug", Literal("x", 1), UseOrigin.CLASS),
        use("nova::flavor::tag", Literal("x", 1), UseOrigin.RESOURCE),
        use("nova::apx", origin=UseOrigin.LIST, is_whole=True),
        use("nova", origin=UseOrigin.RESOURCE, is_whole=True),
        use("nova::apy::port", Literal(1, 1), UseOrigin.CLASS),
    ) == [
        "error code-unknown: there is no class 'nova::apy' -- did you mean 'nova::api'?",
        "error code-unknown: class 'nova::api' has no parameter 'prt' -- did you mean 'nova::api::port'?",
        "error code-unknown: there is no defined type 'nova::flavors' -- did you mean 'nova::flavor'?",
        "error code-type: 'nova::debug' takes Boolean, not a String of 1 character",
        "warning hiera-unbound: there is no class 'nova::apx' -- did you mean 'nova::api'?",
    ]


def test_a_thousand_unknown_keys_get_hints_for_the_first_ones_only() -> None:
    found = list(judge((use(f"nova::api::osapi_worker{n}") for n in range(1000)), Context(CODEBASE)))
    assert len(found) == 1000
    assert 200 < sum(finding.hint is not None for finding in found) < 400


def test_a_codebase_keeps_the_first_of_two_definitions() -> None:
    first, second = ({"manifests/a.pp": f"class x::y($from_{name}) {{ }}".encode()} for name in "ab")
    codebase: Codebase = make_codebase({"a": read_module(first), "b": read_module(second)})
    assert list(codebase.classes["x::y"].parameters) == ["from_a"]
