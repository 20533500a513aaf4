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

    An environment's own publications are the ones that count for its files, if it has any here: one of another
    environment carries along what it finds, and a branch may have begun as a copy. For files of no environment (None)
    all count. `boundary` are the commits whose parents are not at hand; `is_settled` is False once a question was asked
    that a longer history may answer otherwise.
    """

    def __init__(
        self, mirror: Mirror, tip: str, entries: Mapping[str, TreeEntry], *, boundary: frozenset[str]
    ) -> None:
        self._mirror = mirror
        self._tip = tip
        self._boundary = boundary
        self._publications: dict[str | None, str | None] = {}
        self._trees: dict[str, Mapping[str, TreeEntry]] = {tip: entries}
        self.is_settled = True

    def publication(self, environment: str | None) -> str | None:
        """Return the last publication that counts for the files of an environment; None: there was none."""
        if environment not in self._publications:
            self._publications[environment] = self._look_for(environment)
        return self._publications[environment]

    def published(self, path: str, environment: str | None) -> TreeEntry | None:
        """Return the file of pinner's that the last publication left at a path."""
        publication = self.publication(environment)
        entry = self._tree(publication).get(path) if publication else None
        return entry if entry and self._was_marked(entry) else None

    def last_change(self, path: str, environment: str | None) -> LastChange | None:
        """Return the commit that changed the path last: since the last publication if any did, else ever."""
        since = self.publication(environment)
        last = last_change(self._mirror, self._tip, path, since=since) if since else None
        last = last or last_change(self._mirror, self._tip, path)
        if last is None or last.commit in self._boundary:
            self.is_settled = self.is_settled and not self._is_cut
        return last

    @cached_property
    def _is_cut(self) -> bool:
        """Tell whether the history of this branch goes on beyond what is at hand."""
        return bool(self._boundary) and not self._boundary.isdisjoint(first_commits(self._mirror, self._tip))

    def _look_for(self, environment: str | None) -> str | None:
        newest = self.publication(None) if environment else None
        if environment and newest is None:
            return None
        found = find_publication(self._mirror, self._tip, (environment,) if environment else ())
        if found is None and self._is_cut:
            self.is_settled = False
        return found or newest

    def _tree(self, commit: str) -> Mapping[str, TreeEntry]:
        if commit not in self._trees:
            self._trees[commit] = {entry.path: entry for entry in list_tree(self._mirror, commit)}
        return self._trees[commit]

    def _was_marked(self, entry: TreeEntry) -> bool:
        content = (
            read_blobs(self._mirror, [entry.id], max_bytes=LONGEST)[entry.id]
            if entry.kind == "blob"
            else None
        )
        return isinstance(content, bytes) and is_marked(content.decode(errors="replace"))
