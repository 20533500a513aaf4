"""What several imported environments share becomes a base that they extend, as a person would have written it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pinner.operations.importing.drafting import DEFAULT_MODULEDIR, Draft
from pinner.project.manifest_writer import ModuleGroup, NewManifest, NewModule
from pinner.project.schema import SELECTORS

_ENOUGH = 2
_THIRD_PARTY = "third-party modules"
_SELECTORS = frozenset((*SELECTORS, "as_of"))


@dataclass(frozen=True, slots=True)
class Shared:
    """What all environments have in common; nothing of it is said again in them."""

    release: str | None
    openstack: tuple[str, ...]
    modules: Mapping[str, NewModule]
    own: frozenset[str]
    owners: tuple[str, ...]
    moduledir: str | None


def write_manifests(drafts: Sequence[Draft], base: str) -> tuple[NewManifest, ...]:
    """Return the manifests, the base called `base` first where the environments share enough for one."""
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


def _share(drafts: Sequence[Draft]) -> Shared | None:
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


def _common_modules(drafts: Sequence[Draft]) -> Iterator[tuple[str, NewModule]]:
    """Yield the overrides that every environment has, where two at least agree and the rest differs in the ref alone."""
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


def _manifest(draft: Draft) -> NewManifest:
    return NewManifest(
        name=draft.name,
        remarks=(f"Imported from {_files(draft)}.", *draft.remarks),
        description=draft.description,
        owners=draft.owners,
        release=draft.release.id if draft.release else None,
        openstack=draft.openstack,
        groups=_groups(draft.overrides, draft.own),
        moduledir=_moduledir(draft),
        ignored=draft.ignored,
        left_out=_left_out(draft),
    )


def _above(draft: Draft, shared: Shared, base: str) -> NewManifest:
    """Return the manifest of an environment that extends the base: only what differs."""
    whole = _manifest(draft)
    differing = {
        name: module if name not in shared.modules else _ref_alone(module)
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


def _ref_alone(module: NewModule) -> NewModule:
    return replace(module, fields=tuple(field for field in module.fields if field[0] in _SELECTORS))


def _groups(modules: Mapping[str, NewModule], own: frozenset[str]) -> tuple[ModuleGroup, ...]:
    ours = tuple(module for name, module in sorted(modules.items()) if name in own)
    others = tuple(module for name, module in sorted(modules.items()) if name not in own)
    return ModuleGroup(ours), ModuleGroup(others, _THIRD_PARTY if ours and others else None)


def _files(draft: Draft) -> str:
    """Return the files that the modules come from, as the user typed them."""
    return " and ".join(dict.fromkeys(module.place.path for module in draft.modules))


def _moduledir(draft: Draft) -> str | None:
    return None if draft.moduledir == DEFAULT_MODULEDIR else draft.moduledir


def _left_out(draft: Draft) -> tuple[str, ...]:
    if not draft.left_out:
        return ()
    told = (f"  {problem.place}: {problem.message}" for problem in draft.left_out)
    return ("Left out, because it could not be imported:", *told)
