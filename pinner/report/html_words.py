"""Words and shades that the pages share."""

from collections.abc import Mapping
from enum import StrEnum

from pinner.report.as_json import Json
from pinner.words.changes import Severity
from pinner.words.refs import short_name

MEANINGS: Mapping[Severity, str] = {
    Severity.BREAKS: "stop compilation",
    Severity.BEHAVIOUR: "silently change behaviour",
    Severity.LATER: "will break later",
    Severity.INFO: "for information",
}
"""What a severity means, after a number."""


class Band(StrEnum):
    """The shade of a distance in commits; the value is its class in the style sheet."""

    NONE = "d0"
    NEAR = "d1"
    SOME = "d2"
    FAR = "d3"
    VERY_FAR = "d4"
    UNKNOWN = "dx"
    OTHER = "dn"


_LIMITS = ((0, Band.NONE), (9, Band.NEAR), (49, Band.SOME), (199, Band.FAR))
BANDS: tuple[tuple[str, str], ...] = (
    (Band.NONE, "no commit"),
    (Band.NEAR, "1 to 9 commits"),
    (Band.SOME, "10 to 49"),
    (Band.FAR, "50 to 199"),
    (Band.VERY_FAR, "200 and more"),
    (Band.UNKNOWN, "not known"),
)
"""The legend: each shade and what it means."""


def band_of(commits: int) -> Band:
    """Return the shade of that many commits."""
    return next((band for limit, band in _LIMITS if commits <= limit), Band.VERY_FAR)


def state_of(pin: Json | None) -> str:
    """Return what a side of a module is, in a few words: its version and ref."""
    if pin is None:
        return "not there"
    if "forge" in pin:
        return f"{pin['version']} (Forge)"
    where = short_name(pin["ref"]) if pin["ref"] else pin["commit"][:12]
    return f"{pin['version']} · {where}" if pin["version"] else where
