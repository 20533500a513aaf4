"""What the history of one branch says of its files: what was published last, and who has changed what since."""

from collections.abc import Mapping
from functools import cached_property

from pinner.git.mirror import Mirror
from pinner.git.objects import read_blobs
from pinner.git.publications import LastChange, find_publication, first_commits, last_change
from pinner.git.trees import TreeEntry, list_tree
from pinner.operations.publish.standing import LONGEST, is_marked


class Past:
    """The past of the branch whose tip is `tip` with the files `entries`, as far as it is at hand.

    `boundary` are the commits whose parents are not; `environments` are those whose publications count (none: any).
    `is_settled` is False once a question was asked that a longer history may answer otherwise.
    """

    def __init__(
        self,
        mirror: Mirror,
        tip: str,
        entries: Mapping[str, TreeEntry],
        *,
        boundary: frozenset[str],
        environments: tuple[str, ...] = (),
    ) -> None:
        self._mirror = mirror
        self._tip = tip
        self._entries = entries
        self._boundary = boundary
        self._environments = environments
        self.is_settled = True

    def published(self, path: str) -> TreeEntry | None:
        """Return the file of pinner's that the last publication left at a path."""
        entry = self._published.get(path)
        return entry if entry and self._was_marked(entry) else None

    @property
    def has_publication(self) -> bool:
        """Tell whether this branch was ever published."""
        return self._publication is not None

    def last_change(self, path: str) -> LastChange | None:
        """Return the commit that changed the path last: since the last publication if any did, else ever."""
        since = self._publication
        last = last_change(self._mirror, self._tip, path, since=since) if since else None
        last = last or last_change(self._mirror, self._tip, path)
        if last is None or last.commit in self._boundary:
            self.is_settled = self.is_settled and not self._is_cut
        return last

    @cached_property
    def _publication(self) -> str | None:
        """Look for this branch's own publications first: it may have begun as a copy of another one."""
        found = find_publication(self._mirror, self._tip, self._environments)
        if found is None and self._is_cut:
            self.is_settled = False
        return found or find_publication(self._mirror, self._tip)

    @cached_property
    def _is_cut(self) -> bool:
        """Tell whether the history of this branch goes on beyond what is at hand."""
        return bool(self._boundary) and not self._boundary.isdisjoint(first_commits(self._mirror, self._tip))

    @cached_property
    def _published(self) -> Mapping[str, TreeEntry]:
        if self._publication is None:
            return {}
        if self._publication == self._tip:
            return self._entries
        return {entry.path: entry for entry in list_tree(self._mirror, self._publication)}

    def _was_marked(self, entry: TreeEntry) -> bool:
        content = (
            read_blobs(self._mirror, [entry.id], max_bytes=LONGEST)[entry.id]
            if entry.kind == "blob"
            else None
        )
        return isinstance(content, bytes) and is_marked(content.decode(errors="replace"))
