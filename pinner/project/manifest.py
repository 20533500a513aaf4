"""Manifests of a project -> what each environment asks for, and every problem of every file in one run."""

from collections.abc import Iterable
from dataclasses import dataclass

from pinner.project.bases import Merged, Shelf
from pinner.project.check import check_exclusive, position_of
from pinner.project.layout import Project, select_environments
from pinner.project.lookups import entries_at, map_at, text_at, texts_at, texts_by_key
from pinner.project.nodes import Entry, Mapping, Sequence
from pinner.project.pruning import prune
from pinner.project.schema import MODULE
from pinner.puppet.names import check_forge_version
from pinner.words.manifests import Externals, Ignored, Manifest, Override, Text
from pinner.words.places import Place
from pinner.words.problems import Problem
from pinner.words.wants import Selector


@dataclass(frozen=True, slots=True)
class ManifestsRead:
    """The manifests without a problem, in the order asked for, and all problems in the order of reading.

    `damaged` are the others, less what has a problem: only to be asked what else is wrong with them.
    """

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()
    damaged: tuple[Manifest, ...] = ()


def read_manifests(project: Project, environments: tuple[str, ...] = ()) -> ManifestsRead:
    """Return the manifests of those environments, their bases merged in; of all environments if none is named.

    Never stops at a problem: a name not known, a file that cannot be read and a value that makes no sense are all
    told. Where all are read, so are the bases that nothing extends.
    """
    listing = select_environments(project, environments)
    shelf = Shelf(project)
    shelf.problems += listing.problems
    manifests: list[Manifest] = []
    damaged: list[Manifest] = []
    for name in listing.environments:
        merged = shelf.merged(name)
        if merged.root is not None:
            flaws = _flaws(merged, merged.root)
            shelf.problems += flaws
            if merged.is_sound and not flaws:
                manifests.append(_build(merged, merged.root))
            else:
                damaged.append(_build(merged, prune(merged.root, shelf.problems)))
        shelf.forget(name)
    for name in listing.bases:
        shelf.file(name)
    return ManifestsRead(tuple(manifests), in_order(shelf.problems), tuple(damaged))


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each problem once, those of one file together and by line, the files in the order of reading."""
    problems = tuple(problems)
    paths = [problem.place.path if problem.place else "" for problem in problems]
    rank = {path: number for number, path in enumerate(dict.fromkeys(paths))}
    unique = dict.fromkeys(problems)
    return tuple(
        sorted(unique, key=lambda told: (rank[told.place.path if told.place else ""], position_of(told)))
    )


def _flaws(merged: Merged, root: Mapping) -> tuple[Problem, ...]:
    """Return what makes no sense once the bases are merged in, though each file by itself is well formed."""
    modules = entries_at(root, "modules")
    flaws = tuple(flaw for name, entry in modules.items() for flaw in _module_flaws(name, entry))
    is_any_left = any(isinstance(entry.value, Mapping) for entry in modules.values())
    if is_any_left or _is_given(root, "openstack") or not merged.is_sound:
        return flaws
    message = f"environment '{merged.file.name}' asks for no module"
    hint = "name catalogue modules under 'openstack:', or any module under 'modules:'"
    return (*flaws, Problem(message, Place(merged.file.path), hint))


def _is_given(root: Mapping, key: str) -> bool:
    entry = root.entries.get(key)
    return entry is not None and not (isinstance(entry.value, Sequence) and not entry.value.items)


def _module_flaws(name: str, entry: Entry) -> tuple[Problem, ...]:
    if not isinstance(entry.value, Mapping):
        return ()
    at = f"modules.{name}"
    exclusive = check_exclusive(MODULE, entry.value, at=at)
    forge = text_at(entry.value, "forge")
    if exclusive or forge is None:
        return exclusive
    version = text_at(entry.value, "version")
    if version is None:
        return (
            Problem(
                f"{at}: 'forge' needs a 'version'", forge.place, "add the exact one, such as 'version: 1.2.3'"
            ),
        )
    flaw = check_forge_version(version.value)
    return (Problem(f"{at}.version: {flaw}", version.place),) if flaw else ()


def _build(merged: Merged, root: Mapping) -> Manifest:
    dependencies = map_at(root, "dependencies")
    description, moduledir, template = (
        text_at(root, key) for key in ("description", "moduledir", "template")
    )
    externals = text_at(dependencies, "externals")
    return Manifest(
        environment=merged.file.name,
        path=merged.file.path,
        bases=merged.bases,
        description=description.value if description else None,
        owners=tuple(text.value for text in texts_at(root, "owners")),
        release=text_at(root, "release"),
        platforms=_platforms(map_at(root, "platforms")),
        puppet=text_at(root, "puppet"),
        openstack=texts_at(root, "openstack"),
        openstack_all=text_at(root, "openstack"),
        modules={name: _override(name, entry) for name, entry in entries_at(root, "modules").items()},
        externals=Externals(externals.value) if externals else Externals.DECLARED,
        ignored_dependencies=texts_at(dependencies, "ignore"),
        overridden_dependencies=_overridden(map_at(dependencies, "override")),
        ignored_findings=tuple(_ignored(text) for text in texts_at(map_at(root, "findings"), "ignore")),
        moduledir=moduledir.value if moduledir else "modules",
        template=template.value if template else "default",
    )


def _override(name: str, entry: Entry) -> Override:
    if not isinstance(entry.value, Mapping):
        return Override(name, entry.key.place, is_left_out=True)
    texts = texts_by_key(entry.value)
    forge = texts.get("forge")
    selector = None if forge else next((selector for selector in Selector if selector.value in texts), None)
    return Override(
        module=name,
        place=entry.key.place,
        git=texts.get("git"),
        selector=selector,
        value=texts[selector.value] if selector else None,
        as_of=texts.get("as_of"),
        forge=forge,
        forge_version=texts.get("version") if forge else None,
        install_path=texts.get("install_path"),
        is_module="module" not in texts or texts["module"].value == "true",
        reason=texts.get("reason"),
        until=texts.get("until"),
    )


def _ignored(text: Text) -> Ignored:
    code, _, module = text.value.partition(":")
    return Ignored(code, module or None, text.place)


def _overridden(node: Mapping | None) -> dict[str, dict[str, Text]]:
    return {module: texts_by_key(map_at(node, module)) for module in (node.entries if node else ())}


def _platforms(node: Mapping | None) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(text.value for text in texts_at(node, name)) for name in (node.entries if node else ())
    }
