"""Findings about what is deployed, at their levels, with paths that can be shown."""

from pathlib import Path

from pinner.project.quoting import quote
from pinner.words.codes import RULES
from pinner.words.findings import Finding
from pinner.words.places import Place

# What a finding without a hint of its own says to do.
_HINTS = {
    "deployed-missing": "deploy it; with r10k 'r10k deploy environment ENV --modules'",
    "deployed-changed": "deploy it anew without '--incremental', which does not look at pinned modules",
    "deployed-extra-file": "delete it: deployment leaves alone what git does not know",
    "deployed-link": "copy environments with their links: 'cp -a', 'rsync -a'",
    "deployed-line-endings": "set git's core.autocrlf to false where it is deployed, and deploy it anew",
    "deployed-generated": "publish what 'pinner generate' writes now, and deploy it",
    "deployed-unknown-module": "Puppet loads it all the same: delete it, or add it to the manifest",
}
_SAME = {"deployed-missing-file": "deployed-changed", "deployed-mode": "deployed-changed"}


def tell(code: str, module: str | None, words: str, path: Path, hint: str | None = None) -> Finding:
    """Return a finding of that code at its level, about a path on the server."""
    message = f"module '{module}': {words}" if module else words
    mend = hint or _HINTS.get(_SAME.get(code, code))
    return Finding(RULES[code].level, code, module, message, mend, Place(shown(path)))


def shown(path: Path) -> str:
    """Return a path as the user would type it, quoted where it would not show as itself."""
    text = str(path)
    return text if text.isprintable() else quote(text)


def plain(text: str) -> str:
    """Return the system's words with a small letter first, as they stand inside a sentence."""
    return text[:1].lower() + text[1:]
