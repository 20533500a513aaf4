"""What somebody looks for: a commit, a Gerrit change or a bug, told apart by how it is written."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pinner.words.problems import InputError, Problem

LONGEST_BUG = 8
SHORTEST_COMMIT = 4
SHORTEST_NUMERIC_COMMIT = 7
"""A number of fewer digits is no commit: git itself abbreviates to seven."""

_COMMIT = re.compile(r"[0-9a-f]{4,40}", re.IGNORECASE)
_CHANGE = re.compile(r"I[0-9a-f]{4,40}", re.IGNORECASE)
_BUG = re.compile(r"(?:lp|rhbz)?[:#]*([0-9]{1,8})", re.IGNORECASE)


class Kind(StrEnum):
    """What a text may mean."""

    COMMIT = "commit"
    CHANGE = "change"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Query:
    """One meaning: `value` is the beginning of a commit id or of a Change-Id (with its `I`), or a bug's number."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return {Kind.COMMIT: "commit ", Kind.CHANGE: "Change-Id ", Kind.BUG: "bug "}[self.kind] + self.value


def parse_query(text: str) -> tuple[Query, ...]:
    """Return what the text may mean; several where a number may be a bug and the beginning of a commit.

    `commit:`, `change:` and `bug:` before it, and `#` before a number, leave one meaning. Of a URL (Launchpad,
    Gerrit, a commit's page) the last part counts. Raises InputError.
    """
    word, colon, rest = text.strip().partition(":")
    is_named = colon and word.lower() in set(Kind)
    value = rest if is_named else text.strip().rstrip("/").rpartition("/")[2]
    kinds = [Kind(word.lower())] if is_named else list(Kind)
    found = tuple(query for kind in kinds if (query := _as(kind, value, is_named=bool(is_named))))
    if found:
        return found
    hint = (
        "write a commit id of 4 digits or more, a Change-Id (I and hex digits), or a bug's number (#1234567)"
    )
    raise InputError(Problem(f"{text!r} is no commit, Change-Id or bug", hint=hint))


def _as(kind: Kind, value: str, *, is_named: bool) -> Query | None:
    if kind is Kind.COMMIT:
        is_commit = _COMMIT.fullmatch(value) and (is_named or not _is_short_number(value))
        return Query(kind, value.lower()) if is_commit else None
    if kind is Kind.CHANGE:
        return Query(kind, f"I{value[1:].lower()}") if _CHANGE.fullmatch(value) else None
    bug = _BUG.fullmatch(value)
    return Query(kind, bug[1]) if bug else None


def _is_short_number(value: str) -> bool:
    return value.isdigit() and len(value) < SHORTEST_NUMERIC_COMMIT
