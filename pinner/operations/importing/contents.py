"""Which of the repositories that are to be imported are Puppet modules, by what lies in them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pinner.operations.answers import Answers
from pinner.operations.facts import read_metadata
from pinner.operations.importing.placed import Placed
from pinner.operations.importing.placing import PlacedEnvironment
from pinner.operations.importing.recognising import is_openstacks
from pinner.words.metadata import Metadata
from pinner.words.problems import Problem
from pinner.words.wants import Selector

if TYPE_CHECKING:
    from pinner.git.mirror import Mirror


def tell_modules(
    environments: Sequence[PlacedEnvironment], answers: Answers
) -> tuple[PlacedEnvironment, ...]:
    """Return the environments with `module: false` for what holds no module's metadata where it is asked for.

    A module of OpenStack's stays one: where its metadata are gone it is retired, which must not go unnoticed.
    """
    commits: dict[Mirror, set[str]] = {}
    for module in (module for environment in environments for module in environment.modules):
        mirror, commit = _spot(module, answers)
        if mirror and commit and module.is_module and not is_openstacks(module):
            commits.setdefault(mirror, set()).add(commit)
    workspace = answers.workspace
    metadata = read_metadata(commits, memory=workspace.memory, jobs=workspace.settings.jobs)
    return tuple(_told(environment, answers, metadata) for environment in environments)


def _spot(module: Placed, answers: Answers) -> "tuple[Mirror | None, str | None]":
    """Return the repository and the commit that a module is at; None for what cannot be said yet."""
    mirror = answers.mirror(module.git) if module.git else None
    if mirror is None:
        return None, None
    if module.commit:
        return mirror, module.commit
    by_selector = {Selector.BRANCH: mirror.refs.branch, Selector.TAG: mirror.refs.tag}
    find = by_selector.get(module.selector) if module.selector else None
    return mirror, find(module.value) if find else None


def _told(
    environment: PlacedEnvironment, answers: Answers, metadata: Mapping[str, Metadata]
) -> PlacedEnvironment:
    modules = []
    notes = []
    for module in environment.modules:
        known = metadata.get(_spot(module, answers)[1] or "")
        is_none = known is not None and known.file is None and module.is_module and not is_openstacks(module)
        modules.append(replace(module, is_module=False) if is_none else module)
        if is_none:
            message = f"module '{module.name}': its repository holds no metadata.json at its top: it is taken for no Puppet module"
            notes.append(
                Problem(message, module.place, "that is 'module: false'; delete it if it should be one")
            )
    return replace(environment, modules=tuple(modules), notes=(*environment.notes, *notes))
