"""Checks of what pinner writes against the schemas of its formats."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import xmlschema

SCHEMAS = Path(__file__).resolve().parents[1] / "data" / "schemas"


def check_junit(text: str) -> Any:
    """Return the document as Python values; raises if it is no JUnit XML."""
    return _junit().to_dict(text)


def check_sarif(text: str) -> Any:
    """Return the document; raises if it is no SARIF 2.1.0."""
    document = json.loads(text)
    _sarif().validate(document)
    return document


@cache
def _junit() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


@cache
def _sarif() -> jsonschema.Draft4Validator:
    schema = json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator.check_schema(schema)
    return jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
