"""Site code: what it names, read from real-looking manifests, and any text answered in bounded time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, UseOrigin
from pinner.puppet.usage.site import read_site_file
from tests.support.properties import examples

PROFILE = """\
# class { 'nova::in_a_comment': }
class profile::nova (
  Boolean $x = true,
) inherits nova::params {
  class { '::nova':
    debug => true,
    ports => [80, 443],
    hosts => { 'a' => 1, b => $x },
    pick  => $x ? { true => 'a', default => 'b' },
    text  => "${x}y",
    less  => -1,
  }
  include nova::api, ::nova::compute
  contain(['nova::a', 'nova::b'])
  require nova::c
  nova::flavor { 'small':
    ensure  => present,
    require => Class['nova::d', 'nova'],
    ;
    'big': ram => undef,
  }
  if $x { nova_config { 'DEFAULT/x': value => 'z' } } elsif $y { notify { 'a': } } else { fail('b') }
  create_resources('nova::flavor', $flavors)
  Nova::Flavor { disk => 1 }
  Nova::Flavor['q'] -> Nova::Flavor<| |>
  $names.each |$i| { @nova::loop { "n${i}": i => $i } }
  class { ['nova::e', 'nova::f']: k => 'v'; 'nova::g': l => lookup('nova::custom') }
  case $x { 'a': { include nova::h } default: { } }
  $old = hiera('nova::legacy', $z)
}
define profile::thing { }
node default { class { 'nova::i': } }
"""


def named(text: str) -> list[tuple[Any, ...]]:
    return [
        (str(use.origin), use.owner, use.parameter, use.place.line)
        for use in read_site_file("p.pp", text).uses
        if use.origin is not UseOrigin.FUNCTION
    ]


def values(text: str) -> dict[str | None, Any]:
    return {use.parameter: use.value for use in read_site_file("p.pp", text).uses if use.parameter}


def test_everything_that_a_profile_names() -> None:
    assert named(PROFILE) == [
        ("reference", "nova::params", None, 4),
        ("class", "nova", None, 5),
        ("class", "nova", "debug", 6),
        ("class", "nova", "ports", 7),
        ("class", "nova", "hosts", 8),
        ("class", "nova", "pick", 9),
        ("class", "nova", "text", 10),
        ("class", "nova", "less", 11),
        ("reference", "nova::api", None, 13),
        ("reference", "nova::compute", None, 13),
        ("reference", "nova::a", None, 14),
        ("reference", "nova::b", None, 14),
        ("reference", "nova::c", None, 15),
        ("resource", "nova::flavor", None, 16),
        ("resource", "nova::flavor", "ensure", 17),
        ("resource", "nova::flavor", "require", 18),
        ("reference", "nova::d", None, 18),
        ("reference", "nova", None, 18),
        ("resource", "nova::flavor", "ram", 20),
        ("resource", "nova_config", None, 22),
        ("resource", "nova_config", "value", 22),
        ("resource", "notify", None, 22),
        ("resource", "nova::flavor", None, 23),
        ("resource", "nova::flavor", None, 24),
        ("resource", "nova::flavor", "disk", 24),
        ("resource", "nova::flavor", None, 25),
        ("resource", "nova::flavor", None, 25),
        ("resource", "nova::loop", None, 26),
        ("resource", "nova::loop", "i", 26),
        ("class", "nova::e", None, 27),
        ("class", "nova::f", None, 27),
        ("class", "nova::e", "k", 27),
        ("class", "nova::f", "k", 27),
        ("class", "nova::g", None, 27),
        ("class", "nova::g", "l", 27),
        ("reference", "nova::h", None, 28),
        ("class", "nova::i", None, 32),
    ]


def test_values_that_are_written_out() -> None:
    found = values(PROFILE)
    computed = Opaque(OpaqueReason.COMPUTED, 0)
    assert found["debug"] == Literal(value=True, line=6)
    assert found["ports"] == Array((Literal(80, 7), Literal(443, 7)), 7)
    assert found["hosts"] == Hash(
        ((Literal("a", 8), Literal(1, 8)), (Literal("b", 8), Opaque(OpaqueReason.COMPUTED, 8))), 8
    )
    assert found["less"] == Literal(-1, 11)
    assert found["ram"] == Literal(None, 20)
    assert found["ensure"] == Literal("present", 17)
    for name in ("pick", "text", "l", "i"):
        assert getattr(found[name], "why", None) is computed.why


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("'it\\'s'", "it's"),
        ('"a\\tb"', "a\tb"),
        ("0x1F", 31),
        ("1.5", 1.5),
        ("present", "present"),
        ("nova::api", "nova::api"),
        ("1 + 2", 3),
        ("join(['a', 'b'], '-')", "a-b"),
        ("@(END)\nx\nEND\n", "x\n"),
        ("$known", "k"),
    ],
)
def test_literals(value: str, expected: Any) -> None:
    found = values(f"$known = 'k'; class {{ 'nova': a => {value} }}")
    assert found == {"a": Literal(expected, 1)}


@pytest.mark.parametrize(
    "value",
    [
        "$x",
        "foo('a')",
        "1 + $x",
        "/x/",
        "Class['a']",
    ],
)
def test_what_is_computed_is_closed(value: str) -> None:
    found = values(f"class {{ 'nova': a => {value} }}")
    assert isinstance(found["a"], Opaque)


def test_keys_that_code_looks_up() -> None:
    assert read_site_file("p.pp", PROFILE).lookups == {"nova::custom", "nova::legacy"}


def test_of_what_puppet_refuses_only_the_reason_is_known() -> None:
    found = read_site_file("p.pp", "include nova\nclass { 'nova::api': a => 'never closed }\n")
    assert found.uses == ()
    assert str(found.refusal) == "p.pp:2: a string is not closed"


@pytest.mark.parametrize(
    "text",
    [
        "class { " * 20_000,
        "x::y { 'a': a => {" * 10_000,
        "include " * 20_000,
        "class { [" * 10_000,
        "class { 'a': b => [" + "[" * 20_000,
        "create_resources(" * 10_000,
        "Class[" * 10_000,
        "}" * 20_000,
        "include",
        "class {",
        "class { 'a': b =>",
        "-",
    ],
)
def test_odd_code_is_gone_through_once(text: str) -> None:
    assert isinstance(read_site_file("p.pp", text).uses, tuple)


PIECES = st.sampled_from(
    [
        *(
            "class",
            "{",
            "}",
            "'nova'",
            ":",
            "=>",
            "a",
            "[",
            "]",
            "(",
            ")",
            ",",
            ";",
            "include",
            "nova::x",
            "$x",
            "Class",
            "1",
        ),
        "-",
        "undef",
        '"',
        "'",
        "/",
        "#",
        "\n",
        "@(E)",
        "Nova::X",
        "<|",
        "|>",
        "create_resources",
        "lookup",
        "inherits",
        "define",
    ]
)


@settings(max_examples=examples(300))
@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_any_text_is_answered(text: str) -> None:
    found = read_site_file("p.pp", text)
    assert all(use.owner and use.place.line for use in found.uses)
