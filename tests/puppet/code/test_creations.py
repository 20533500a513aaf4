"""Parameters that hold resources."""

import pytest

from pinner.model.module_api import Creation
from pinner.puppet.code.read import read_creations


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("create_resources('nova::flavor', $flavors)", [Creation("flavors", "nova::flavor")]),
        (
            'create_resources ( "::nova_config" , $nova::config::settings, {})',
            [Creation("settings", "nova_config")],
        ),
        ("create_resources(nova_config, $::nova::config::x)", [Creation("x", "nova_config")]),
        ("create_resources('a', $x)\ncreate_resources('a', $x)", [Creation("x", "a")]),
        ("create_resources('file', $other::class::files)", [Creation("other::class::files", "file")]),
        ("# create_resources('a', $x)\n", []),
        ("create_resources('a', { 'b' => $x })", []),
        ('create_resources("${x}_config", $y)', []),
        ("include nova", []),
    ],
)
def test_calls_of_create_resources(body: str, expected: list[Creation]) -> None:
    assert list(read_creations(body, "nova::config")) == expected
