"""Text of `identify`: which commit a module is."""

from collections import Counter
from collections.abc import Iterator

from pinner.model.identification import (
    Claim,
    Differences,
    FileDifference,
    Identification,
    Identified,
    Match,
)
from pinner.model.lock import short_name
from pinner.model.text import SHORT, one_line
from pinner.report.words import count, first_few

SHOWN = 20
"""Maximum differing files listed per module; `--all` and JSON list all of them."""
NAMED = 4
"""Maximum names on one line; the others are counted, as in `and 3 more`."""


def identification_text(found: Identification, *, shows_all: bool) -> Iterator[str]:
    """Yield each module with its commit, then the number of modules per kind of match."""
    names = [one_line(one.directory) for one in found.modules]
    width = max(map(len, names))
    for name, one in zip(names, found.modules, strict=True):
        yield f"{name.ljust(width)}  {one.match.value.ljust(len(Match.NEAREST))}  {_headline(one)}"
        yield from (f"    {one_line(line)}" for line in _details(one, shows_all=shows_all))
    if found.others:
        yield f"not modules: {one_line(', '.join(found.others))}"
    counts = Counter(one.match for one in found.modules)
    matches = ", ".join(f"{counts[match]} {match.value}" for match in Match if counts[match])
    searched = count(found.searched, "repository", "repositories")
    yield f"{count(len(found.modules), 'module')}: {matches} ({searched} searched)"


def _headline(one: Identified) -> str:
    identity = one.identity
    if identity is None:
        return "no similar commit in any repository searched"
    commit = identity.commit[:SHORT]
    if identity.ref:
        commit = f"{short_name(identity.ref)} ({commit})"
    else:
        branches = [short_name(ref) for ref in identity.branches]
        where = f"on {first_few(branches, NAMED)}" if branches else "on no branch"
        commit = f"{commit} ({identity.version or 'no version'}, {where})"
    differing = f": {_differing(one)}" if one.match is Match.NEAREST else ""
    return f"{commit} of {identity.git}{differing}"


def _differing(one: Identified) -> str:
    differences = one.identity.differences if one.identity else Differences()
    both = len(differences.changed)
    counted = (
        (both, f"{count(both, 'file')} {'differs' if both == 1 else 'differ'}"),
        (len(differences.extra), f"{len(differences.extra)} only here"),
        (len(differences.lacking), f"{len(differences.lacking)} only there"),
        (len(one.unread), f"{len(one.unread)} could not be read"),
    )
    return ", ".join(words for number, words in counted if number)


def _details(one: Identified, *, shows_all: bool) -> Iterator[str]:
    if identity := one.identity:
        files = identity.differences.files
        shown = files if shows_all else files[:SHOWN]
        yield from map(_file, shown)
        if len(files) > len(shown):
            yield f"… {count(len(files) - len(shown), 'more file')} (--all shows them)"
        yield from _harmless(identity.differences)
        others = [short_name(ref) for ref in identity.alike if ref != identity.ref]
        if others:
            yield f"the same files: {first_few(others, NAMED)}"
        if identity.elsewhere:
            yield f"also in {first_few(identity.elsewhere, NAMED)}"
        if identity.claim:
            yield _claim(identity.claim)
    elif one.homes:
        yield f"searched: {first_few(one.homes, NAMED)}"
    else:
        yield "no known repository has its name: use '--against GIT'"
    yield from (f"could not be read: {flaw.path or '.'}: {flaw.reason}" for flaw in one.unread)


def _file(one: FileDifference) -> str:
    lines = one.removed if one.is_there else one.added
    if not one.is_there or not one.is_here:
        size = f", {count(lines, 'line')}" if lines is not None else ""
        return f"{one.path}: only {'here' if one.is_here else 'there'}{size}"
    if one.is_other_kind:
        return f"{one.path}: a symbolic link on one side"
    return f"{one.path}: binary" if lines is None else f"{one.path}: +{one.added} -{one.removed}"


def _harmless(differences: Differences) -> Iterator[str]:
    """Yield the differences that do not change what the module is."""
    lists = (
        ("only there, and not read by Puppet", differences.dropped),
        ("left by tools", differences.left),
        ("different line endings", differences.line_ends),
        ("different executable bit", differences.modes),
    )
    for words, paths in lists:
        # The paths of one top-level directory are one entry; the largest come first.
        tops = Counter(path.partition("/")[0] + "/" * ("/" in path) for path in paths)
        names = (
            f"{top} ({count(number, 'file')})" if top.endswith("/") else top
            for top, number in tops.most_common()
        )
        if paths:
            yield f"{words}: {first_few(names, NAMED)}"


def _claim(claim: Claim) -> str:
    """Return what is wrong with the version that the metadata claims."""
    claimed = f"its metadata has version {claim.claimed}"
    if claim.tag is None:
        return f"{claimed}, the commit's has {claim.version or 'none'}"
    tag = short_name(claim.tag)
    if claim.ahead is None or claim.behind is None:
        return f"{claimed}, but this is not the tag {tag}"
    moved = [f"{count(claim.ahead, 'commit')} after"] if claim.ahead else []
    moved += [f"{count(claim.behind, 'commit')} before"] if claim.behind else []
    if len(moved) == 1:
        return f"{claimed}, but this is {moved[0]} the tag {tag}"
    apart = f"{count(claim.ahead, 'commit')} more, {claim.behind} fewer"
    return f"{claimed}, but this is not on the line of the tag {tag}: {apart}"
