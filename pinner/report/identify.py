"""What `identify` prints as text: each module with the commit that it is, or what differs from the nearest."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pinner.operations.identify.claims import Claim
from pinner.operations.identify.differences import Difference, Differences
from pinner.operations.identify.identify import Identification, Identified, Identity
from pinner.operations.identify.local import LocalModule
from pinner.operations.identify.matching import Match
from pinner.report.counts import count
from pinner.report.pins import SHORT
from pinner.report.visible import one_line
from pinner.words.refs import short_name

SHOWN = 20
"""Differing files of one module that are listed; `--all` and JSON have all."""
NAMED = 4
"""Names in one line before `and 3 more`."""


def as_text(found: Identification, *, shows_all: bool) -> Iterator[str]:
    """Yield each module with the commit that it is, then how many are what."""
    names = [one_line(one.module.directory) for one in found.modules]
    width = max(map(len, names))
    for name, one in zip(names, found.modules, strict=True):
        yield f"{name.ljust(width)}  {one.match.value.ljust(len(Match.NEAREST))}  {_headline(one)}"
        yield from (f"    {one_line(line)}" for line in _details(one, shows_all=shows_all))
    if found.others:
        yield f"no modules: {one_line(', '.join(found.others))}"
    yield _summary(found)


def _summary(found: Identification) -> str:
    counts = Counter(one.match for one in found.modules)
    told = ", ".join(f"{counts[match]} {match.value}" for match in Match if counts[match])
    searched = count(found.searched, "repository", "repositories")
    return f"{count(len(found.modules), 'module')}: {told} ({searched} looked into)"


def _headline(one: Identified) -> str:
    if one.identity is None:
        return "nothing like it in any repository that was looked into"
    told = f"{_name(one.identity)} of {one.identity.git}"
    return (
        f"{told}: {_differing(one.identity.differences, one.module)}" if one.match is Match.NEAREST else told
    )


def _name(identity: Identity) -> str:
    commit = identity.commit[:SHORT]
    if identity.ref:
        return f"{short_name(identity.ref)} ({commit})"
    branches = [short_name(ref) for ref in identity.branches]
    where = f"on {_some(branches)}" if branches else "on no branch"
    return f"{commit} ({identity.version or 'no version'}, {where})"


def _differing(differences: Differences, module: LocalModule) -> str:
    both = len(differences.changed)
    counted = (
        (both, f"{count(both, 'file')} {'differs' if both == 1 else 'differ'}"),
        (len(differences.extra), f"{len(differences.extra)} only here"),
        (len(differences.lacking), f"{len(differences.lacking)} only there"),
        (len(module.unread), f"{len(module.unread)} could not be read"),
    )
    return ", ".join(words for number, words in counted if number)


def _details(one: Identified, *, shows_all: bool) -> Iterator[str]:
    if one.identity:
        yield from _files(one.identity.differences.files, shows_all=shows_all)
        yield from _harmless(one.identity.differences)
        yield from _further(one.identity)
    else:
        nowhere = "no repository is known under its names: '--against GIT' names one"
        yield f"looked for in {_some(one.homes)}" if one.homes else nowhere
    yield from (f"could not be read: {flaw.path or '.'}: {flaw.reason}" for flaw in one.module.unread)


def _files(files: Sequence[Difference], *, shows_all: bool) -> Iterator[str]:
    shown = files if shows_all else files[:SHOWN]
    yield from map(_file, shown)
    if len(files) > len(shown):
        yield f"… {count(len(files) - len(shown), 'more file')} (--all shows them)"


def _file(one: Difference) -> str:
    lines = one.removed if one.is_there else one.added
    if not one.is_there or not one.is_here:
        told = f", {count(lines, 'line')}" if lines is not None else ""
        return f"{one.path}: only {'here' if one.is_here else 'there'}{told}"
    if one.is_other_kind:
        return f"{one.path}: a symbolic link on one side"
    return f"{one.path}: no text" if lines is None else f"{one.path}: +{one.added} -{one.removed}"


def _harmless(differences: Differences) -> Iterator[str]:
    """Yield what differs and makes no other thing of a module."""
    told = (
        ("only there, and not read by Puppet", differences.dropped),
        ("left by tools", differences.left),
        ("other line ends", differences.line_ends),
        ("other executable bit", differences.modes),
    )
    yield from (f"{words}: {_some(_folded(paths))}" for words, paths in told if paths)


def _folded(paths: Sequence[str]) -> list[str]:
    """Return the paths, those of one directory as one."""
    tops = Counter(path.partition("/")[0] + "/" * ("/" in path) for path in paths)
    largest_first = sorted(tops, key=lambda top: -tops[top])
    return [f"{top} ({count(tops[top], 'file')})" if top.endswith("/") else top for top in largest_first]


def _further(identity: Identity) -> Iterator[str]:
    others = [short_name(ref) for ref in identity.alike if ref != identity.ref]
    if others:
        yield f"the same files: {_some(others)}"
    if identity.elsewhere:
        yield f"also in {_some(identity.elsewhere)}"
    if identity.claim:
        yield _claim(identity.claim)


def _claim(claim: Claim) -> str:
    """Say what is wrong with the version that the metadata claims."""
    told = f"its metadata says {claim.claimed}"
    if claim.tag is None:
        return f"{told}, and the commit's {claim.version or 'no version'}"
    tag = short_name(claim.tag)
    moved = [f"{count(claim.ahead, 'commit')} after"] if claim.ahead else []
    moved += [f"{count(claim.behind, 'commit')} before"] if claim.behind else []
    if len(moved) == 1:
        return f"{told}, and this is {moved[0]} the tag {tag}"
    apart = f"{count(claim.ahead, 'commit')} more, {claim.behind} fewer"
    return f"{told}, and this is not on the line of the tag {tag}: {apart}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return f"{', '.join(names[:NAMED])} and {more} more" if more > 0 else ", ".join(names)
