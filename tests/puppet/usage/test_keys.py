"""What keys of hiera name: parameters, the hashes that become resources, options, lists of classes."""

from pinner.model.errors import Location
from pinner.model.operator_data import DataFile, Datum, Hash, Literal, Use, UseOrigin
from pinner.project.operator.values import read_yaml
from pinner.puppet.usage.codebase import make_codebase, uses_of
from tests.support.module_files import read_module

CODE = b"""class nova::flavors (
  $flavors = {},
) {
  create_resources('nova::flavor', $flavors)
}
"""


def uses(text: str) -> list[Use]:
    root = read_yaml(text.encode(), "c.yaml").root
    assert isinstance(root, Hash)
    data = tuple(
        Datum(str(key.value), value, Location("c.yaml", key.line))
        for key, value in root.entries
        if isinstance(key, Literal)
    )
    codebase = make_codebase({"nova": read_module({"manifests/flavors.pp": CODE})})
    return list(uses_of([DataFile("c.yaml", data)], codebase))


def test_a_key_names_a_parameter() -> None:
    assert uses("nova::api::port: 80\nplain: 1\n") == [
        Use(UseOrigin.KEY, "nova::api", "port", Literal(80, 1), Location("c.yaml", 1), "nova::api::port")
    ]


def test_a_hash_that_becomes_resources_names_their_parameters() -> None:
    found = uses("nova::flavors::flavors:\n  small:\n    ram: 1\n  odd: 2\n  1:\n    cpus: 2\n    3: 4\n")
    assert [(use.origin, use.owner, use.parameter, use.place.line, use.subject) for use in found[1:]] == [
        (UseOrigin.HASH, "nova::flavor", "ram", 3, "nova::flavors::flavors.small.ram"),
        (UseOrigin.HASH, "nova::flavor", "cpus", 6, "nova::flavors::flavors.?.cpus"),
    ]
    assert [use.origin for use in uses("nova::flavors::flavors: x\n")] == [UseOrigin.KEY]


def test_options_name_keys() -> None:
    found = uses("lookup_options:\n  nova::x: {merge: hash}\n  plain: {}\n  '^nova': {}\n")
    assert [(use.origin, use.owner, use.parameter, use.value) for use in found] == [
        (UseOrigin.OPTIONS, "nova", "x", None)
    ]


def test_a_list_of_classes_names_them() -> None:
    found = uses("classes:\n  - nova\n  - '::nova::api'\n  - 1\n")
    assert [(use.origin, use.owner, use.parameter, use.place.line) for use in found] == [
        (UseOrigin.LIST, "nova", None, 2),
        (UseOrigin.LIST, "nova::api", None, 3),
    ]
    assert uses("classes: nova\n") == []
