"""The JSON is as docs/reference/*.schema.json says, key by key."""

import json

import pytest
from jsonschema import ValidationError

from pinner.model.comparison import ChangeKind, ModuleChange
from pinner.model.errors import Problem
from pinner.model.lock import ForgePin
from pinner.report.json.document import comparison_json
from pinner.report.json.encoding import dump
from tests.support.comparisons import HOSTILE, comparison, moved, pin
from tests.support.own_schemas import check, schema_of


def test_a_comparison_of_every_kind_is_as_documented_and_nothing_more() -> None:
    forge = ForgePin("facts", "acme/facts", "1.2.3", "modules")
    found = comparison(
        moved("nova", HOSTILE),
        moved("neutron", formerly="quantum", ahead=None, behind=None, direction=None),
        ModuleChange("facts", ChangeKind.REMOVED, forge, None),
        ModuleChange("placement", ChangeKind.ADDED, None, pin("placement", "2025.1", None)),
        problems=(Problem("no answer"),),
    )
    document = json.loads(dump(comparison_json(found)))
    check("diff.schema.json", document, is_strict=True)
    assert document.keys() == set(schema_of("diff.schema.json")["properties"])


@pytest.mark.parametrize("key", ["format", "modules"])
def test_the_schema_refuses_what_is_not_so(key: str) -> None:
    document = json.loads(dump(comparison_json(comparison(moved("nova")))))
    with pytest.raises(ValidationError):
        check("diff.schema.json", {**document, key: None})
    with pytest.raises(ValidationError):
        check("diff.schema.json", {name: value for name, value in document.items() if name != key})
