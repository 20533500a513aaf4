"""Which parameters of a class hold resources: `create_resources('nova::thing', $things)` in its body."""

import re

from pinner.words.api import Creation

_CALL = re.compile(
    r"\bcreate_resources\s*+\(\s*+['\"]?(?:::)?(?P<type>[a-z]\w*+(?:::\w++)*+)['\"]?\s*+,\s*+\$(?:::)?(?P<variable>\w++(?:::\w++)*+)",
    re.ASCII,
)


def read_creations(body: str, owner: str) -> tuple[Creation, ...]:
    """Return what the body of the class `owner` makes resources of, each once; comments make nothing."""
    if "create_resources" not in body:
        return ()
    found = (match for match in _CALL.finditer(body) if not _is_in_comment(body, match.start()))
    return tuple(
        dict.fromkeys(
            Creation(match["variable"].removeprefix(f"{owner}::"), match["type"]) for match in found
        )
    )


def _is_in_comment(body: str, position: int) -> bool:
    return "#" in body[body.rfind("\n", 0, position) + 1 : position]
