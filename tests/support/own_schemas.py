"""Checks of pinner's own JSON against the schemas that it documents in docs/reference/."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
NAMES = ("diff.schema.json", "upgrade.schema.json")


def check(name: str, document: Any, *, is_strict: bool = False) -> None:
    """Raise if the document is not as the schema says; with `is_strict` also where it has a key that nobody documented."""
    _validator(name, is_strict=is_strict).validate(document)


def schema_of(name: str) -> Any:
    """Return one of the documented schemas."""
    return json.loads((DOCS / name).read_text(encoding="utf-8"))


@cache
def _validator(name: str, *, is_strict: bool) -> Draft202012Validator:
    schemas = {one: _closed(schema_of(one)) if is_strict else schema_of(one) for one in NAMES}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    registry: Registry[Any] = Registry().with_resources(
        (one, Resource.from_contents(schema)) for one, schema in schemas.items()
    )
    return Draft202012Validator(schemas[name], registry=registry)


def _closed(schema: Any) -> Any:
    """Return a schema in which an object has no keys but those that are described; the parts of an `allOf` stay open."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: value if key == "allOf" else _closed(value) for key, value in schema.items()}
    if "properties" in schema and not _is_part(schema):
        inner["additionalProperties"] = False
    return inner


def _is_part(schema: Any) -> bool:
    return bool(
        "allOf" in schema or schema.get("title") or schema.get("required", ["release"])[0] == "release"
    )
