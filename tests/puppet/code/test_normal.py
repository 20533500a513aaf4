import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.code.defaults import normal
from tests.support.puppet_code import TEXTS, mutations


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$::os_service_default", "$facts['os_service_default']"),
        ("$::os_service_default", '$facts["os_service_default"]'),
        ("$os_service_default", "$::facts['os_service_default']"),
        ("$::nova::params::lock_path", "$nova::params::lock_path"),
        ("$::osfamily", "$facts['os']['family']"),
        ("$::processorcount", "$facts['processors']['count']"),
        ("'present'", '"present"'),
        ("'present'", "present"),
        ("'9292'", "9292"),
        ("'::nova::fake'", "'nova::fake'"),
        ("[ 'a','b' , ]", "['a', 'b']"),
        ("{ 'a' => 1, }", "{a=>1}"),
        ("['a', # one\n 'b']", "['a', 'b']"),
        ("pick($::nova::a,  undef)", "pick($nova::a, undef)"),
        ('"${::nova::home}/x"', '"${nova::home}/x"'),
        ('"$::nova::home/x"', '"${nova::home}/x"'),
        ("Optional[Enum['a','b']]", 'Optional[ Enum["a", "b"] ]'),
        ("::Nova::Size", "Nova::Size"),
        ("@(EOT)\n  a\n  | EOT", "@(EOT) # x\n  a\n  | EOT"),
        (None, None),
    ],
)
def test_texts_that_mean_the_same_have_one_form(one: str | None, other: str | None) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, "undef"),
        ("undef", "'undef'"),
        ("true", "'true'"),
        ("$facts['os']", "$facts['os']['family']"),
        ("$a['b']", "$b"),
        ("'a b'", "'ab'"),
        ("'a'", "'A'"),
        ("'$a'", '"$a"'),
        ("foo('a')", "'foo'('a')"),
        ("['a', 'b']", "['b', 'a']"),
        ("1 - 2", "1 2"),
        ("@(EOT)\n  a\n  | EOT", "@(EOT)\n  b\n  | EOT"),
        ("'10'", "'1 0'"),
    ],
)
def test_texts_that_differ_have_two(one: str | None, other: str | None) -> None:
    assert normal(one) != normal(other)


@given(name=st.sampled_from(sorted(TEXTS)), data=st.data())
def test_any_text_has_a_form(name: str, data: st.DataObject) -> None:
    assert isinstance(normal(data.draw(mutations(TEXTS[name]))), str)
