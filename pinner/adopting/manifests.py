"""Draft the manifests of imported environments, with a base for what they share."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pinner.adopting.place import PlacedEnvironment, carries, follows, is_at_home, is_openstacks, recognise
from pinner.adopting.ref_guess import PlacedModule
from pinner.model.errors import Location, Problem
from pinner.model.lock import Selector, SelectorKind, Series
from pinner.model.manifest import Settings
from pinner.model.text import quoted
from pinner.project.manifest.read import SELECTORS
from pinner.project.yaml.edit import ModuleGroup, NewManifest, NewModule
from pinner.project.yaml.schema import check_line, check_prose
from pinner.puppet.names import check_moduledir

DEFAULT_MODULEDIR = "modules"


@dataclass(frozen=True, slots=True)
class ModuleChoice:
    """What the written manifest must require when read back; `where` is a git URL or `forge:owner/module`."""

    where: str
    want: Selector | str
    install_path: str
    is_module: bool


@dataclass(frozen=True, slots=True)
class ManifestDraft:
    """One environment before it is written as a manifest.

    `own` names OpenStack's own modules among its overrides. `left_out` are the problems of what is missing in
    it, `ignored` the findings that the manifest ignores, `remarks` the comments at its top.
    """

    name: str
    source: str
    modules: tuple[PlacedModule, ...]
    release: Series | None
    openstack: tuple[str, ...]
    overrides: Mapping[str, NewModule]
    own: frozenset[str]
    wishes: Mapping[str, ModuleChoice]
    description: str | None
    owners: tuple[str, ...]
    moduledir: str
    modulepath: tuple[str, ...]
    left_out: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def draft_manifest(
    placed: PlacedEnvironment, settings: Settings, *, left_out: Sequence[Problem] = ()
) -> ManifestDraft:
    """Return the draft of an environment's manifest."""
    found = placed.found
    release = recognise(found, placed.modules)
    modules = sorted(placed.modules, key=lambda module: module.name)
    is_listed = {module.name: follows(module, release, settings) for module in modules}
    rest = [module for module in modules if not is_listed[module.name]]
    notes = list(_unfit(placed))
    moduledir = found.moduledir if check_moduledir(found.moduledir) is None else DEFAULT_MODULEDIR
    return ManifestDraft(
        name=found.name,
        source=found.source,
        modules=tuple(modules),
        release=release,
        openstack=tuple(name for name, listed in is_listed.items() if listed),
        overrides={
            module.name: NewModule(module.name, tuple(_fields(module, release, settings)), _comment(module))
            for module in rest
        },
        own=frozenset(module.name for module in rest if is_openstacks(module)),
        wishes={module.name: _wish(module, _selector_of(module, settings), moduledir) for module in modules},
        description=found.description
        if found.description and not check_prose(found.description) and found.description.strip()
        else None,
        owners=tuple(dict.fromkeys(owner for owner in found.owners if check_line(owner) is None)),
        moduledir=moduledir,
        modulepath=found.modulepath,
        left_out=tuple(left_out),
        notes=tuple(notes),
        remarks=found.remarks,
    )


def _unfit(placed: PlacedEnvironment) -> Iterator[Problem]:
    """Yield a note for each property of the environment itself that a manifest cannot hold."""
    found = placed.found
    place = Location(placed.modules[0].place.path) if placed.modules else None
    if check_moduledir(found.moduledir):
        message = f"the moduledir {quoted(found.moduledir)} is not a directory inside an environment: it becomes '{DEFAULT_MODULEDIR}'"
        yield Problem(message, place, "r10k uses another directory only if its own settings allow it")
    for text in (*([found.description] if found.description else []), *found.owners):
        if check_prose(text):
            yield Problem(f"{quoted(text)} is omitted: it is not valid in a manifest", place)


def _selector_of(module: PlacedModule, settings: Settings) -> Selector | str:
    if module.forge is not None:
        return module.forge_version
    if module.series is not None and carries(module, module.series, settings):
        return Selector(SelectorKind.RELEASE, module.series.id)
    return Selector(module.selector or SelectorKind.COMMIT, module.value)


def _wish(module: PlacedModule, want: Selector | str, moduledir: str) -> ModuleChoice:
    where = f"forge:{module.forge}" if module.forge else module.git or ""
    return ModuleChoice(where, want, module.install_path or moduledir, module.is_module)


def _fields(module: PlacedModule, release: Series | None, settings: Settings) -> Iterator[tuple[str, str]]:
    want = _selector_of(module, settings)
    if isinstance(want, str):
        yield from (("forge", module.forge or ""), ("version", want))
    else:
        carried = module.series if want.selector is SelectorKind.RELEASE else release
        if not is_at_home(module, carried, settings):
            yield "git", module.git or ""
        yield want.selector.value, want.value
    if module.install_path:
        yield "install_path", module.install_path
    if not module.is_module:
        yield "module", "false"


def _comment(module: PlacedModule) -> str | None:
    if module.was:
        return f"from {module.was}"
    return "follows the branch" if module.floats else None


_ENOUGH = 2
_THIRD_PARTY = "third-party modules"
_SELECTORS = frozenset((*SELECTORS, "as_of"))


@dataclass(frozen=True, slots=True)
class Shared:
    """What all environments have in common; their own manifests do not repeat it."""

    release: str | None
    openstack: tuple[str, ...]
    modules: Mapping[str, NewModule]
    own: frozenset[str]
    owners: tuple[str, ...]
    moduledir: str | None


def write_manifests(drafts: Sequence[ManifestDraft], base: str) -> tuple[NewManifest, ...]:
    """Return the manifests; if the environments share enough, a base named `base` comes first."""
    shared = _share(drafts)
    if shared is None:
        return tuple(_manifest(draft) for draft in drafts)
    common = NewManifest(
        name=base,
        remarks=("What the imported environments share.",),
        owners=shared.owners,
        release=shared.release,
        openstack=shared.openstack,
        groups=_groups(shared.modules, shared.own),
        moduledir=shared.moduledir,
    )
    return (common, *(_above(draft, shared, base) for draft in drafts))


def _share(drafts: Sequence[ManifestDraft]) -> Shared | None:
    if len(drafts) < _ENOUGH:
        return None
    first = drafts[0]
    openstack = first.openstack if all(draft.openstack == first.openstack for draft in drafts) else ()
    modules = dict(_common_modules(drafts))
    if not openstack and not modules:
        return None
    releases = {draft.release.id if draft.release else None for draft in drafts}
    return Shared(
        release=releases.pop() if len(releases) == 1 else None,
        openstack=openstack,
        modules=modules,
        own=frozenset(name for draft in drafts for name in draft.own),
        owners=first.owners if all(draft.owners == first.owners for draft in drafts) else (),
        moduledir=_moduledir(first) if len({draft.moduledir for draft in drafts}) == 1 else None,
    )


def _common_modules(drafts: Sequence[ManifestDraft]) -> Iterator[tuple[str, NewModule]]:
    """Yield the overrides that all environments have and that at least two share.

    The others may differ only in the ref.
    """
    for name in drafts[0].overrides:
        entries = [draft.overrides[name] for draft in drafts if name in draft.overrides]
        if len(entries) < len(drafts) or len({_beside_ref(entry) for entry in entries}) > 1:
            continue
        most, count = Counter(entries).most_common(1)[0]
        if count >= _ENOUGH:
            yield name, most


def _beside_ref(module: NewModule) -> tuple[tuple[str, str], ...]:
    is_forge = any(key == "forge" for key, _ in module.fields)
    return tuple(field for field in module.fields if is_forge or field[0] not in _SELECTORS)


def _manifest(draft: ManifestDraft) -> NewManifest:
    return NewManifest(
        name=draft.name,
        remarks=(f"Imported from {_files(draft)}.", *draft.remarks),
        description=draft.description,
        owners=draft.owners,
        release=draft.release.id if draft.release else None,
        openstack=draft.openstack,
        groups=_groups(draft.overrides, draft.own),
        moduledir=_moduledir(draft),
        modulepath=draft.modulepath,
        ignored=draft.ignored,
        left_out=_left_out(draft),
    )


def _above(draft: ManifestDraft, shared: Shared, base: str) -> NewManifest:
    """Return the manifest of an environment that extends the base, with only what differs."""
    whole = _manifest(draft)
    differing = {
        name: module
        if name not in shared.modules
        else replace(module, fields=tuple(field for field in module.fields if field[0] in _SELECTORS))
        for name, module in draft.overrides.items()
        if module != shared.modules.get(name)
    }
    return replace(
        whole,
        extends=base,
        owners=() if shared.owners else whole.owners,
        release=None if shared.release else whole.release,
        openstack=() if shared.openstack else whole.openstack,
        groups=_groups(differing, draft.own),
        moduledir=None if shared.moduledir else whole.moduledir,
    )


def _groups(modules: Mapping[str, NewModule], own: frozenset[str]) -> tuple[ModuleGroup, ...]:
    ours = tuple(module for name, module in sorted(modules.items()) if name in own)
    others = tuple(module for name, module in sorted(modules.items()) if name not in own)
    return ModuleGroup(ours), ModuleGroup(others, _THIRD_PARTY if ours and others else None)


def _files(draft: ManifestDraft) -> str:
    """Return the files that the modules come from, as the user typed them."""
    return " and ".join(dict.fromkeys(module.place.path for module in draft.modules))


def _moduledir(draft: ManifestDraft) -> str | None:
    return None if draft.moduledir == DEFAULT_MODULEDIR else draft.moduledir


def _left_out(draft: ManifestDraft) -> tuple[str, ...]:
    if not draft.left_out:
        return ()
    lines = (f"  {problem.place}: {problem.message}" for problem in draft.left_out)
    return ("Omitted, because it could not be imported:", *lines)
