"""Keys that values look up."""

import pytest

from pinner.project.operator.values import read_yaml
from pinner.puppet.hiera.hierarchy import keys_looked_up, root_key


def looked_up(text: str) -> list[tuple[str, int]]:
    root = read_yaml(text.encode(), "common.yaml").root
    assert root is not None
    return list(keys_looked_up(root))


@pytest.mark.parametrize(
    ("key", "root"),
    [
        ("nova::port", "nova::port"),
        ("nova::hosts.0.name", "nova::hosts"),
        ("'a.b'.c", "a.b"),
        ('"a.b"', "a.b"),
        ("", ""),
    ],
)
def test_the_first_segment_of_a_key_is_looked_up(key: str, root: str) -> None:
    assert root_key(key) == root


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        ("\"%{hiera('dns::zone')}\"", ["dns::zone"]),
        ("\"http://%{lookup('a::host')}:%{lookup('a::port')}/\"", ["a::host", "a::port"]),
        ("\"%{alias('dns::views')}\"", ["dns::views"]),
        ("'%{ lookup( \"dns::views.first\" ) }'", ["dns::views"]),
        ("\"%{facts.os.family} %{literal('%')}{lookup('x')} %{scope('y')}\"", []),
        ("{a: [\"%{lookup('in::list')}\"], \"%{lookup('in::key')}\": 1}", ["in::list", "in::key"]),
        ("plain", []),
    ],
)
def test_interpolation_in_values_of_all_shapes(value: str, keys: list[str]) -> None:
    assert looked_up(f"\na: {value}\n") == [(key, 2) for key in keys]
