"""The refs of one repository, as its server advertised them."""

from collections.abc import Mapping
from dataclasses import dataclass

BRANCH = "refs/heads/"
TAG = "refs/tags/"


@dataclass(frozen=True, slots=True)
class Refs:
    """Whole ref name to commit (40 hex digits), annotated tags peeled; tags of trees and blobs are left out."""

    commits: Mapping[str, str]

    def branch(self, name: str) -> str | None:
        """Return the commit of the branch with that short name."""
        return self.commits.get(BRANCH + name)

    def tag(self, name: str) -> str | None:
        """Return the commit of the tag with that short name."""
        return self.commits.get(TAG + name)

    @property
    def branches(self) -> tuple[str, ...]:
        """Return the short names of all branches, sorted."""
        return tuple(sorted(ref.removeprefix(BRANCH) for ref in self.commits if ref.startswith(BRANCH)))

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the short names of all tags, sorted."""
        return tuple(sorted(ref.removeprefix(TAG) for ref in self.commits if ref.startswith(TAG)))


def short_name(ref: str) -> str:
    """Return a whole ref name without `refs/heads/` or `refs/tags/`."""
    return ref.removeprefix(BRANCH).removeprefix(TAG)
