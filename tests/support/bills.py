"""Checks of bills of materials by CycloneDX's own library, and of package URLs by their reference reader."""

import json
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL


def check_cyclonedx(text: str) -> Any:
    """Return the document; raises AssertionError if it is no CycloneDX 1.6, or names what it does not hold."""
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert error is None, str(error)
    document = json.loads(text)
    known = {document["metadata"]["component"]["bom-ref"]}
    known |= {component["bom-ref"] for component in document["components"]}
    assert len(known) == len(document["components"]) + 1
    assert {row["ref"] for row in document["dependencies"]} == known
    assert {name for row in document["dependencies"] for name in row["dependsOn"]} <= known
    return document


def check_purl(text: str) -> PackageURL:
    """Return a package URL taken apart; raises if it is none or not in its canonical form."""
    purl = PackageURL.from_string(text)
    assert purl.to_string() == text
    return purl
