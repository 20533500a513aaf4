"""What OpenStack's commit messages say in a form that tools read: bugs closed, Gerrit's Change-Id, security fixes.

https://docs.openstack.org/contributors/common/git.html, "Including external references".
"""

import re
from collections.abc import Iterator

from pinner.words.notes import Trailers

_CLOSES = re.compile(
    r"^[ \t]*(?:clos(?:es?|ed)|fix(?:es|ed)?|resolv(?:es?|ed))\b[-: \t]*bugs?\b[: \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_BUG = re.compile(
    r"(?P<tracker>rhbz|lp)?[ \t]*#?[ \t]*(?P<number>\d{5,8})\b[ \t]*(?:,|and\b)?[ \t]*", re.IGNORECASE
)
_CHANGE_ID = re.compile(r"^Change-Id:[ \t]*(I[0-9a-f]{40})[ \t]*$", re.MULTILINE)
_SECURITY = re.compile(r"^[ \t]*SecurityImpact\b", re.IGNORECASE | re.MULTILINE)
_VULNERABILITY = re.compile(r"\b(?:CVE-\d{4}-\d{4,7}|OSSA-\d{4}-\d{2,4})\b")


def read_trailers(message: str) -> Trailers:
    """Return what the whole message of a commit says; of several Change-Ids, the last one counts, as for Gerrit."""
    bugs = [bug for match in _CLOSES.finditer(message) for bug in _bugs_at(message, match.end())]
    change_ids = _CHANGE_ID.findall(message)
    vulnerabilities = tuple(dict.fromkeys(_VULNERABILITY.findall(message)))
    return Trailers(
        tuple(dict.fromkeys(bugs)),
        change_ids[-1] if change_ids else None,
        bool(vulnerabilities or _SECURITY.search(message)),
        vulnerabilities,
    )


def _bugs_at(message: str, position: int) -> Iterator[str]:
    """Yield the bugs listed from there on: numbers of Launchpad, or of Red Hat's Bugzilla with `rhbz#` before them."""
    while match := _BUG.match(message, position):
        is_red_hat = (match["tracker"] or "").lower() == "rhbz"
        yield f"rhbz#{match['number']}" if is_red_hat else match["number"]
        position = match.end()
