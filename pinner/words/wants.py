"""What a manifest asks for, module by module."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Selector(StrEnum):
    """The keys that select a commit; a module has exactly one of them."""

    RELEASE = "release"
    BRANCH = "branch"
    TAG = "tag"
    COMMIT = "commit"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Want:
    """One selector with its value, exactly as a lock's `want` stores it.

    `value` is a series id for `release`, a short name (no `refs/heads/`) for `branch` and `tag`, 40 hex digits for
    `commit`, a Puppet version range for `version`. `as_of` is a day, YYYY-MM-DD, meant until its end in UTC.
    """

    selector: Selector
    value: str
    as_of: str | None = None

    def as_mapping(self) -> Mapping[str, str]:
        """Return the `want` object of a lock."""
        day = {"as_of": self.as_of} if self.as_of else {}
        return {self.selector.value: self.value, **day}
