"""One environment's manifest in values: what follows the release is a list of names, what differs an override."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pinner.openstack.series import Series
from pinner.operations.importing.placed import Placed
from pinner.operations.importing.placing import PlacedEnvironment
from pinner.operations.importing.recognising import carries, follows, is_at_home, is_openstacks, recognise
from pinner.project.manifest_writer import NewModule
from pinner.project.rules import check_line, check_prose
from pinner.puppet.names import check_moduledir, quoted
from pinner.words.manifests import Settings
from pinner.words.places import Place
from pinner.words.problems import Problem
from pinner.words.wants import Selector, Want

DEFAULT_MODULEDIR = "modules"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the written manifest must be read back as asking for; `where` is a git URL or `forge:owner/module`."""

    where: str
    want: Want | str
    install_path: str
    is_module: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """One environment on its way to a manifest; `own` names the modules of OpenStack's among its overrides.

    `left_out` are the problems of what is missing in it, `ignored` findings that it is imported with;
    `remarks` stand above everything else.
    """

    name: str
    source: str
    modules: tuple[Placed, ...]
    release: Series | None
    openstack: tuple[str, ...]
    overrides: Mapping[str, NewModule]
    own: frozenset[str]
    wishes: Mapping[str, Wish]
    description: str | None
    owners: tuple[str, ...]
    moduledir: str
    left_out: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def draft_manifest(
    placed: PlacedEnvironment, settings: Settings, *, left_out: Sequence[Problem] = ()
) -> Draft:
    """Return the draft of an environment's manifest."""
    found = placed.found
    release = recognise(found, placed.modules)
    modules = sorted(placed.modules, key=lambda module: module.name)
    is_listed = {module.name: follows(module, release, settings) for module in modules}
    rest = [module for module in modules if not is_listed[module.name]]
    notes = list(_unfit(placed))
    moduledir = found.moduledir if check_moduledir(found.moduledir) is None else DEFAULT_MODULEDIR
    return Draft(
        name=found.name,
        source=found.source,
        modules=tuple(modules),
        release=release,
        openstack=tuple(name for name, listed in is_listed.items() if listed),
        overrides={module.name: _override(module, release, settings) for module in rest},
        own=frozenset(module.name for module in rest if is_openstacks(module)),
        wishes={module.name: _wish(module, _want(module, settings), moduledir) for module in modules},
        description=found.description
        if found.description and not check_prose(found.description) and found.description.strip()
        else None,
        owners=tuple(dict.fromkeys(owner for owner in found.owners if check_line(owner) is None)),
        moduledir=moduledir,
        left_out=tuple(left_out),
        notes=tuple(notes),
        remarks=found.remarks,
    )


def _unfit(placed: PlacedEnvironment) -> Iterator[Problem]:
    """Yield what of the environment itself has no place in a manifest."""
    found = placed.found
    place = Place(placed.modules[0].place.path) if placed.modules else None
    if check_moduledir(found.moduledir):
        message = f"the moduledir {quoted(found.moduledir)} is no directory inside an environment: it becomes '{DEFAULT_MODULEDIR}'"
        yield Problem(message, place, "r10k installs there only if its own settings say so")
    for text in (*([found.description] if found.description else []), *found.owners):
        if check_prose(text):
            yield Problem(f"{quoted(text)} is left out: no manifest can hold it", place)


def _want(module: Placed, settings: Settings) -> Want | str:
    if module.forge is not None:
        return module.forge_version
    if module.series is not None and carries(module, module.series, settings):
        return Want(Selector.RELEASE, module.series.id)
    return Want(module.selector or Selector.COMMIT, module.value)


def _wish(module: Placed, want: Want | str, moduledir: str) -> Wish:
    where = f"forge:{module.forge}" if module.forge else module.git or ""
    return Wish(where, want, module.install_path or moduledir, module.is_module)


def _override(module: Placed, release: Series | None, settings: Settings) -> NewModule:
    return NewModule(module.name, tuple(_fields(module, release, settings)), _comment(module))


def _fields(module: Placed, release: Series | None, settings: Settings) -> Iterator[tuple[str, str]]:
    want = _want(module, settings)
    if isinstance(want, str):
        yield from (("forge", module.forge or ""), ("version", want))
    else:
        carried = module.series if want.selector is Selector.RELEASE else release
        if not is_at_home(module, carried, settings):
            yield "git", module.git or ""
        yield want.selector.value, want.value
    if module.install_path:
        yield "install_path", module.install_path
    if not module.is_module:
        yield "module", "false"


def _comment(module: Placed) -> str | None:
    if module.was:
        return f"from {module.was}"
    return "moves with the branch" if module.floats else None
