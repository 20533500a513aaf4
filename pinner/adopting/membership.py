"""`pinner add` and `pinner remove`: edit manifests, keeping comments and layout."""

from collections.abc import Callable, Mapping, Sequence

from pinner.locking.requirements import EnvironmentRequirements, GitRequirement, read_requirements
from pinner.model.errors import InputError, Location, Problem
from pinner.model.text import nearest, quoted
from pinner.project.files import list_environments
from pinner.project.yaml.edit import TextEdit, append_item, edit_yaml, put_value, remove_entry
from pinner.project.yaml.nodes import MappingNode, SequenceNode, entries_at, read_nodes, texts_at
from pinner.project.yaml.schema import LARGEST_PROJECT_FILE
from pinner.workspace.workspace import Workspace

OPENSTACK, MODULES = "openstack", "modules"

Edit = Callable[[EnvironmentRequirements, str, bytes], bytes]
"""Takes an environment, the name of a module and the manifest's content; returns the new content."""


def add_modules(
    workspace: Workspace,
    environments: tuple[str, ...],
    modules: Sequence[str],
    fields: Mapping[str, str],
) -> tuple[str, ...]:
    """Add the modules to the manifests and return their paths as the user would type them.

    Without `fields` (a selector, `git`), a module follows the environment's release and goes to `openstack:` if
    the manifest has a list of its own; else it goes to `modules:`. Raises InputError, and writes nothing, if one
    of the manifests would be invalid or cannot be edited without changing more.
    """

    def add(required: EnvironmentRequirements, name: str, data: bytes) -> bytes:
        path, present = required.manifest.path, required.modules.get(name)
        is_external = isinstance(present, GitRequirement) and bool(present.required_by)
        if present is not None and not is_external and not fields:
            message = f"environment '{required.environment}' has module {quoted(name)} already"
            raise InputError(Problem(message, present.place, "'pinner why' shows where its pin comes from"))
        if fields:
            for key, value in fields.items():
                data = put_value(data, (MODULES, name, key), value, path)
            return data
        root = _root(data, path)
        if name in entries_at(root, MODULES):  # `name: false`
            return remove_entry(data, (MODULES, name), path)
        if isinstance(root.entries[OPENSTACK].value if OPENSTACK in root.entries else None, SequenceNode):
            return append_item(data, OPENSTACK, name, path)
        if required.manifest.openstack or required.manifest.openstack_all:
            # A list of its own would replace that of the base; `all` is not a list.
            return put_value(data, (MODULES, name), {}, path, spelling="{}")
        return append_item(data, OPENSTACK, name, path)

    return _edit_manifests(workspace, environments, modules, add)


def remove_modules(
    workspace: Workspace, environments: tuple[str, ...], modules: Sequence[str]
) -> tuple[str, ...]:
    """Remove the modules from the manifests and return their paths as the user would type them.

    A module that a base or `openstack: all` names is left out with `modules: NAME: false`. Raises InputError, and
    writes nothing, if an environment does not name a module, or like `add_modules`.
    """

    def remove(required: EnvironmentRequirements, name: str, data: bytes) -> bytes:
        path = required.manifest.path
        _require_named(required, name)
        root = _root(data, path)
        if name in entries_at(root, MODULES):
            data = remove_entry(data, (MODULES, name), path)
            root = _root(data, path)
        for text in texts_at(root, OPENSTACK):
            if text.value == name:
                is_last = len(texts_at(root, OPENSTACK)) == 1
                if is_last:
                    data = remove_entry(data, (OPENSTACK,), path)
                else:
                    data = edit_yaml(data, [TextEdit(text.place, name, None)], path)
        (after,) = read_requirements(workspace, (required.environment,), edited={required.environment: data})
        if name in after.modules:
            return put_value(data, (MODULES, name), "false", path, spelling="false")
        return data

    return _edit_manifests(workspace, environments, modules, remove)


def choose_environments(workspace: Workspace, named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the named environments, or the project's only one; raises InputError if it has several."""
    if named:
        return named
    known = list_environments(workspace.project).environments
    if len(known) > 1:
        message = f"the project has {len(known)} environments: {', '.join(known)}"
        raise InputError(Problem(message, hint="name one with --env ENV (repeatable)"))
    return known


def _edit_manifests(
    workspace: Workspace, environments: tuple[str, ...], modules: Sequence[str], edit: Edit
) -> tuple[str, ...]:
    """Edit each manifest for each module, check that all can be read, then write them."""
    edited: dict[str, bytes] = {}
    paths: dict[str, str] = {}
    problems: list[Problem] = []
    for required in read_requirements(workspace, environments):
        name, path = required.environment, required.manifest.path
        paths[name] = path
        data = workspace.project.files.read(
            workspace.project.manifest(name), shown=path, limit=LARGEST_PROJECT_FILE
        )
        for module in modules:
            try:
                data = edit(required, module, data)
            except InputError as error:
                problems += error.problems
        edited[name] = data
    if problems:
        raise InputError(problems)
    read_requirements(workspace, tuple(edited), edited=edited)  # raises for what would be invalid
    for name, data in edited.items():
        workspace.project.files.write(workspace.project.manifest(name), data, shown=paths[name])
    return tuple(paths.values())


def _root(data: bytes, path: str) -> MappingNode:
    root = read_nodes(data, path).root
    if not isinstance(root, MappingNode):
        raise InputError(Problem("the file is not a map", Location(path)))
    return root


def _require_named(required: EnvironmentRequirements, name: str) -> None:
    """Raise InputError if the manifest does not name the module, with the reason why the lock may have it."""
    if name in required.modules:
        return
    names = sorted(required.modules)
    message = f"the manifest of '{required.environment}' names no module {quoted(name)}"
    hint = nearest(name, names) or (
        "if others require it: give them another version, or name it under 'dependencies: ignore'"
    )
    raise InputError(Problem(message, Location(required.manifest.path), hint))
