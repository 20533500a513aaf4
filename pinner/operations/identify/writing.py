"""An environment of the commits that were identified, in the words that imports speak."""

from collections.abc import Iterator
from pathlib import Path

from pinner.openstack.presence import find_repository
from pinner.operations.identify.differences import Difference
from pinner.operations.identify.identify import Identification, Identified, Identity
from pinner.operations.identify.matching import Match
from pinner.puppet.names import check_module_name, quoted
from pinner.words.imports import Found, FoundEnvironment, FoundModule, RefKind
from pinner.words.places import Place
from pinner.words.problems import Problem
from pinner.words.refs import TAG, short_name

SOURCE = "modules without history"
NAMED = 3
"""Differing files of a module that its remark names."""


def as_found(identified: Identification, directory: Path, environment: str) -> Found:
    """Return one environment with all modules that are a commit, or come near to one.

    Of OpenStack's modules the commits are what is wanted, so that the release behind them is found; of others the tag,
    where there is one. Modules that are like no commit are problems: they are missing in the environment.
    """
    place = Place(str(directory))
    modules: dict[str, FoundModule] = {}
    problems: list[Problem] = []
    for one in identified.modules:
        flaw = _flaw(one, modules)
        if flaw or one.identity is None:
            problems.append(Problem(f"module {quoted(one.module.directory)}: {flaw}", place))
        else:
            modules[one.module.name] = _module(one.module.name, one.identity, place)
    remarks = (_remark(one) for one in identified.modules if one.match is Match.NEAREST)
    return Found(
        environments=(
            FoundEnvironment(environment, SOURCE, tuple(modules.values()), remarks=tuple(remarks)),
        ),
        problems=tuple(problems),
        notes=tuple(_notes(identified, place)),
    )


def _flaw(one: Identified, taken: dict[str, FoundModule]) -> str | None:
    """Say why a module has no place in the environment."""
    if one.identity is None:
        return "it is like no commit of the repositories that were looked into"
    if one.module.name in taken:
        return f"another directory holds the module '{one.module.name}', too"
    return check_module_name(one.module.name)


def _module(name: str, identity: Identity, place: Place) -> FoundModule:
    is_openstacks = find_repository(identity.git) is not None
    is_tagged = identity.ref is not None and identity.ref.startswith(TAG)
    if is_openstacks or not is_tagged:
        kind, ref = RefKind.COMMIT, identity.commit
    else:
        kind, ref = RefKind.TAG, short_name(identity.ref or "")
    return FoundModule(name, place, git=identity.git, kind=kind, ref=ref, commit=identity.commit)


def _remark(one: Identified) -> str:
    """Say how what lay there differs from the commit that is pinned in its place."""
    changed = [_file(file) for file in one.identity.differences.files] if one.identity else []
    files = [*changed, *(f"{file.path or '.'} (not read)" for file in one.module.unread)]
    named = ", ".join(files[:NAMED])
    more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
    what = "was changed" if changed else "could not be read whole"
    return f"{one.module.name} {what}, this is the commit it comes nearest to: {named}{more}"


def _file(one: Difference) -> str:
    if not one.is_there:
        return f"{one.path} (added)"
    return (
        f"{one.path} (missing)" if not one.is_here else f"{one.path} (+{one.added or 0} -{one.removed or 0})"
    )


def _notes(identified: Identification, place: Place) -> Iterator[Problem]:
    for one in identified.modules:
        directory = one.module.directory
        if one.identity and directory != one.module.name:
            yield Problem(
                f"the module in {quoted(directory)} is called '{one.module.name}' by its metadata", place
            )
