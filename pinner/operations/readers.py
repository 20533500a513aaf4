"""Under which names what was read from git objects is remembered. A number is raised when its reader learns something new."""

from typing import Final

API: Final = "api-1"
"""Definitions, by blob and role: pinner.puppet.code.reading."""
NOTES: Final = "note-1"
"""Entries of release notes, by blob."""
PASSAGES: Final = f"passage-1 {API} {NOTES}"
"""What lies between two commits: the comparison, and what is read of commits."""
LACKING: Final = "the mirror lacks its content"
"""Why a file is unreadable that only the mirror lacks: that is not remembered."""
