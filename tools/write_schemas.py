"""Write the JSON Schemas that the package ships from the definitions of manifests and settings.

python -m tools.write_schemas
"""

import json
from importlib.resources import files
from pathlib import Path

from pinner.project.manifest.read import MANIFEST
from pinner.project.manifest.settings import SETTINGS
from pinner.project.yaml.schema import (
    Boolean,
    Choice,
    Field,
    Json,
    Kind,
    ListOf,
    MapOf,
    NumberKind,
    OneOf,
    Record,
    Scalar,
)

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {"manifest": "pinner manifest (environments/*.yaml)", "settings": "pinner settings (pinner.yaml)"}
_RECORDS = {"manifest": MANIFEST, "settings": SETTINGS}


def render_schema(name: str) -> str:
    """Return the JSON Schema named `manifest` or `settings` as the text of its file."""
    schema: dict[str, Json] = {"$schema": _DRAFT, "title": _TITLES[name], **_schema(_RECORDS[name])}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(directory: Path) -> None:
    """Write `manifest.schema.json` and `settings.schema.json` into the directory."""
    for name in _RECORDS:
        (directory / f"{name}.schema.json").write_text(render_schema(name), encoding="utf-8")


def _schema(kind: Kind) -> dict[str, Json]:
    match kind:
        case Scalar():
            return _word(kind)
        case ListOf():
            return _list(kind)
        case MapOf():
            return _map(kind)
        case Record():
            return _record(kind)
        case OneOf():
            return {"anyOf": [_schema(kind.first), _schema(kind.second)]}
        case _:
            return _values(kind)


def _values(kind: Choice | Boolean | NumberKind) -> dict[str, Json]:
    match kind:
        case Choice():
            return {"enum": list(kind.values)}
        case Boolean():
            return {"type": "boolean"} if len(kind.values) > 1 else {"const": kind.values[0]}
        case NumberKind():
            type_name = "integer" if kind.is_whole else "number"
            return {"type": type_name, "minimum": kind.minimum, "maximum": kind.maximum}


def _list(kind: ListOf) -> dict[str, Json]:
    # `[24.1, 24.10]` are two releases for pinner but a repeated number for an editor.
    unique: dict[str, Json] = {} if kind.item.may_look_like_number else {"uniqueItems": True}
    return {"type": "array", "items": _schema(kind.item), **unique}


def _word(kind: Scalar) -> dict[str, Json]:
    pattern: dict[str, Json] = {"pattern": kind.pattern} if kind.pattern else {}
    return {"type": ["string", "number"] if kind.may_look_like_number else "string", **pattern}


def _map(kind: MapOf) -> dict[str, Json]:
    names: dict[str, Json] = {"propertyNames": {"pattern": kind.key.pattern}} if kind.key.pattern else {}
    return {"type": "object", **names, "additionalProperties": _schema(kind.value)}


def _record(kind: Record) -> dict[str, Json]:
    properties: dict[str, Json] = {field.name: _field(field) for field in kind.fields}
    pairs: list[Json] = [{"not": {"required": list(pair)}} for pair in kind.exclusive]
    rules: dict[str, Json] = {"allOf": pairs} if pairs else {}
    return {"type": "object", "properties": properties, "additionalProperties": False, **rules}


def _field(field: Field) -> dict[str, Json]:
    examples: dict[str, Json] = {"examples": list(field.examples)} if field.examples else {}
    return {"description": field.description, **_schema(field.kind), **examples}


if __name__ == "__main__":
    write_schemas(Path(str(files("pinner.project") / "data")))
