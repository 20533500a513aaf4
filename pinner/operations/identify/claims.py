"""What a module's metadata claims to be, held against the commit that it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from pinner.git.history import count_between
from pinner.operations.identify.local import LocalModule
from pinner.operations.identify.nearness import Holder, tag_of
from pinner.words.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim that is not true: the version that the metadata names is not what lies there.

    `tag` is the whole name of that version's tag, None if the repository has none; the commit that was found has
    `ahead` commits more and `behind` fewer than it. `version` is what the metadata says at the commit.
    """

    claimed: str
    tag: str | None
    ahead: int
    behind: int
    version: str | None


def judge_claim(
    module: LocalModule, holder: Holder, number: int, metadata: Mapping[str, Metadata]
) -> Claim | None:
    """Return what is wrong with the version in a module's metadata, None if nothing is.

    Nothing is, where the tag of that version has the very same files of those that Puppet reads as the commit, or where
    there is no such tag and the commit's own metadata claims the same: a version on its way.
    """
    claimed = module.metadata.version
    if claimed is None:
        return None
    commit = holder.index.commit(number)
    version = metadata[commit].version if commit in metadata else None
    tag = tag_of(holder, claimed)
    if tag is None:
        return None if version == claimed else Claim(claimed, None, 0, 0, version)
    tagged = holder.mirror.refs.commits[tag]
    at = holder.index.number(tagged)
    if at is not None and holder.index.codes[at] == holder.index.codes[number]:
        return None
    ahead, behind = count_between(holder.mirror, commit, tagged) or (0, 0)
    return Claim(claimed, tag, ahead, behind, version)
