"""`pinner deploy`: find what the environments are to be, and what is to be done, and do it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pinner.deploying.versions.content import Plan, sources_by_tree
from pinner.deploying.versions.directory import DeploymentDirectory, OnNote
from pinner.deploying.versions.generated_types import puppet_version
from pinner.deploying.versions.plan import read_plans
from pinner.deploying.versions.switch import (
    PROCESSORS,
    Options,
    current_version,
    deploy_plans,
    find_reason,
    version_of,
)
from pinner.git.objects.tree_files import tree_size
from pinner.git.objects.tree_store import StoredTree, TreeStore, in_parallel
from pinner.model.deployment import (
    Action,
    Deployment,
    EnvironmentDeployment,
)
from pinner.model.errors import Problem
from pinner.project.files import list_environments
from pinner.workspace.workspace import Workspace


def look(workspace: Workspace, environments: tuple[str, ...], path: Path, options: Options) -> Deployment:
    """Return what `deploy` would do to the directory `path`, which need not exist; writes nothing there."""
    directory = DeploymentDirectory.named(path)
    there = DeploymentDirectory.at(path) if directory.own.is_dir() else None
    plans = _plans(workspace, environments, options)
    trees = sources_by_tree(plans)
    found = in_parallel(directory.trees.find, trees, PROCESSORS) if there else [None] * len(trees)
    stored = {tree: one for tree, one in zip(trees, found, strict=True) if one}
    missing = {tree: source for tree, source in trees.items() if tree not in stored}
    sizes = dict(
        zip(
            missing,
            workspace.map(lambda one: tree_size(one.mirror, one.commit), missing.values()),
            strict=True,
        )
    )
    results = []
    for plan in plans:
        new = {tree: sizes.pop(tree) for tree in plan.content.trees.values() if tree in sizes}
        results.append(_foresee(plan, directory, stored, options, new))
    return Deployment(
        str(path), tuple(results), _orphans(workspace, environments, directory), is_dry_run=True
    )


def deploy(
    workspace: Workspace,
    environments: tuple[str, ...],
    path: Path,
    options: Options,
    on_note: OnNote = lambda _note: None,
) -> Deployment:
    """Deploy the named environments (none: all) to the directory `path`, and switch them.

    Raises InputError and UnknownError; then no environment was switched, unless an error of the disk came
    between two switches: each environment is then wholly the old or the new one.
    """
    DeploymentDirectory.named(path)
    plans = _plans(workspace, environments, options)

    def fill(store: TreeStore) -> Iterable[StoredTree]:
        sources = {tree: (one.mirror, one.commit) for tree, one in sources_by_tree(plans).items()}
        return store.add_trees(sources, jobs=workspace.settings.jobs).values()

    results = deploy_plans(plans, path, options, fill, on_note)
    place = DeploymentDirectory.at(path)
    return Deployment(str(path), results, _orphans(workspace, environments, place))


def _plans(workspace: Workspace, environments: tuple[str, ...], options: Options) -> tuple[Plan, ...]:
    types = puppet_version(options.puppet) if options.puppet else None
    return read_plans(workspace, environments, types=types)


def _foresee(
    plan: Plan,
    place: DeploymentDirectory,
    stored: Mapping[str, StoredTree],
    options: Options,
    new: Mapping[str, int],
) -> EnvironmentDeployment:
    wanted = version_of(plan, options)
    reason = find_reason(plan, place, stored, options)
    previous = current_version(place, plan.environment)
    return EnvironmentDeployment(
        environment=plan.environment,
        version=wanted,
        directory=str(place.version(plan.environment, wanted.id)),
        action=Action.PENDING if reason else Action.UNCHANGED,
        previous=previous,
        reason=reason,
        added=len(new),
        added_bytes=sum(new.values()),
        findings=plan.findings_with(stored),
    )


def _orphans(
    workspace: Workspace, environments: tuple[str, ...], place: DeploymentDirectory
) -> tuple[Problem, ...]:
    """Return a note for each deployed environment that the project no longer has, if all were meant."""
    if environments:
        return ()
    known = list_environments(workspace.project).environments
    gone = [name for name in place.list_environments() if name not in known and place.current(name)]
    hint = "remove the link when no node uses it; 'pinner deploy --clean' then removes its versions"
    return tuple(
        Problem(f"{place.link(name)}: the project no longer has this environment", hint=hint) for name in gone
    )
