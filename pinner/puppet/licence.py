"""The licence that a module's metadata.json names."""

from typing import Final

from pinner.puppet.flaws import Flaws
from pinner.puppet.json_text import LONGEST, decode, read_json
from pinner.puppet.metadata_fields import read_text

_FIELD: Final = "license"


def read_licence(content: bytes) -> str | None:
    """Return the licence as written (`Apache-2.0`), None where there is none that can be read. Nothing raises."""
    if len(content) > LONGEST:
        return None
    flaws = Flaws()
    document = read_json(decode(content, flaws), flaws)
    return read_text(document.get(_FIELD), _FIELD, flaws) if isinstance(document, dict) else None
