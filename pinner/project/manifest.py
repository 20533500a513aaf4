"""Manifests of a project -> what each environment asks for, and every problem of every file in one run."""

from dataclasses import dataclass

from pinner.project.bases import Merged, Shelf
from pinner.project.check import check_exclusive
from pinner.project.layout import Project, select_environments
from pinner.project.nodes import Entry, Mapping, Scalar, Sequence
from pinner.project.schema import MODULE, SELECTORS
from pinner.puppet.names import check_forge_version
from pinner.words.manifests import Externals, Ignored, Manifest, Override, Text
from pinner.words.places import Place
from pinner.words.problems import Problem
from pinner.words.wants import Selector


@dataclass(frozen=True, slots=True)
class ManifestsRead:
    """The manifests without a problem, in the order asked for, and all problems in the order of reading."""

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()


def read_manifests(project: Project, environments: tuple[str, ...] = ()) -> ManifestsRead:
    """Return the manifests of those environments, their bases merged in; of all environments if none is named.

    Never stops at a problem: a name not known, a file that cannot be read and a value that makes no sense are all
    told. Where all are read, so are the bases that nothing extends.
    """
    listing = select_environments(project, environments)
    shelf = Shelf(project)
    shelf.problems += listing.problems
    manifests: list[Manifest] = []
    for name in listing.environments:
        merged = shelf.merged(name)
        if merged.root is not None:
            flaws = _flaws(merged, merged.root)
            shelf.problems += flaws
            if merged.is_sound and not flaws:
                manifests.append(_build(merged, merged.root))
    for name in listing.bases:
        shelf.file(name)
    return ManifestsRead(tuple(manifests), tuple(dict.fromkeys(shelf.problems)))


def _flaws(merged: Merged, root: Mapping) -> tuple[Problem, ...]:
    """Return what makes no sense once the bases are merged in, though each file by itself is well formed."""
    modules = _entries(root, "modules")
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
    forge = _text(entry.value, "forge")
    if exclusive or forge is None:
        return exclusive
    version = _text(entry.value, "version")
    if version is None:
        return (
            Problem(
                f"{at}: 'forge' needs a 'version'", forge.place, "add the exact one, such as 'version: 1.2.3'"
            ),
        )
    flaw = check_forge_version(version.value)
    return (Problem(f"{at}.version: {flaw}", version.place),) if flaw else ()


def _build(merged: Merged, root: Mapping) -> Manifest:
    dependencies = _map(root, "dependencies")
    description, moduledir, template = (_text(root, key) for key in ("description", "moduledir", "template"))
    externals = _text(dependencies, "externals")
    return Manifest(
        environment=merged.file.name,
        path=merged.file.path,
        bases=merged.bases,
        description=description.value if description else None,
        owners=tuple(text.value for text in _texts(root, "owners")),
        release=_text(root, "release"),
        platforms={name: _values(_map(root, "platforms"), name) for name in _entries(root, "platforms")},
        puppet=_text(root, "puppet"),
        openstack=_texts(root, "openstack"),
        openstack_all=_text(root, "openstack"),
        modules={name: _override(name, entry) for name, entry in _entries(root, "modules").items()},
        externals=Externals(externals.value) if externals else Externals.DECLARED,
        ignored_dependencies=_texts(dependencies, "ignore"),
        overridden_dependencies=_overridden(dependencies),
        ignored_findings=tuple(_ignored(text) for text in _texts(_map(root, "findings"), "ignore")),
        moduledir=moduledir.value if moduledir else "modules",
        template=template.value if template else "default",
    )


def _override(name: str, entry: Entry) -> Override:
    if not isinstance(entry.value, Mapping):
        return Override(name, entry.key.place, is_left_out=True)
    module = entry.value
    forge, version = _text(module, "forge"), _text(module, "version")
    selector = None if forge else next((key for key in SELECTORS if key in module.entries), None)
    is_module = _text(module, "module")
    return Override(
        module=name,
        place=entry.key.place,
        git=_text(module, "git"),
        selector=Selector(selector) if selector else None,
        value=_text(module, selector) if selector else None,
        as_of=_text(module, "as_of"),
        forge=forge,
        forge_version=version if forge else None,
        install_path=_text(module, "install_path"),
        is_module=is_module is None or is_module.value == "true",
        reason=_text(module, "reason"),
        until=_text(module, "until"),
    )


def _ignored(text: Text) -> Ignored:
    code, _, module = text.value.partition(":")
    return Ignored(code, module or None, text.place)


def _overridden(dependencies: Mapping | None) -> dict[str, dict[str, Text]]:
    rows = _map(dependencies, "override")
    ranges = {module: _map(rows, module) for module in _entries(dependencies, "override")}
    return {
        module: {name: text for name in by_name.entries if (text := _text(by_name, name))}
        for module, by_name in ranges.items()
        if by_name
    }


def _entries(node: Mapping | None, key: str) -> dict[str, Entry]:
    found = _map(node, key)
    return found.entries if found else {}


def _map(node: Mapping | None, key: str) -> Mapping | None:
    entry = node.entries.get(key) if node else None
    return entry.value if entry and isinstance(entry.value, Mapping) else None


def _text(node: Mapping | None, key: str) -> Text | None:
    entry = node.entries.get(key) if node else None
    value = entry.value if entry else None
    return Text(value.text, value.place) if isinstance(value, Scalar) else None


def _texts(node: Mapping | None, key: str) -> tuple[Text, ...]:
    entry = node.entries.get(key) if node else None
    items = entry.value.items if entry and isinstance(entry.value, Sequence) else ()
    return tuple(Text(item.text, item.place) for item in items if isinstance(item, Scalar))


def _values(node: Mapping | None, key: str) -> tuple[str, ...]:
    return tuple(text.value for text in _texts(node, key))
