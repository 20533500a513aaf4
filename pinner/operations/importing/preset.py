"""puppet_openstack_builder's environments, from what is packaged: `puppet_openstack_builder:havana`, or all three."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pinner.openstack.presets import NAME, Preset, PresetModule, presets
from pinner.puppet.names import check_module_name
from pinner.puppet.versions import version_of_tag
from pinner.words.imports import Found, FoundEnvironment, FoundModule, RefKind
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

_SEPARATOR: Final = ":"


def is_preset(path: Path) -> bool:
    """Tell whether the source is a preset's name and no file: `puppet_openstack_builder`, with or without a release."""
    name, _, release = str(path).partition(_SEPARATOR)
    return name == NAME and (bool(release) or not path.exists())


def read_preset(path: Path) -> Found:
    """Return the environment of the release named, or one for each. Raises InputError for a release it never had."""
    _, _, release = str(path).partition(_SEPARATOR)
    chosen = [preset for preset in presets() if release in {"", preset.release}]
    if not chosen:
        known = ", ".join(preset.release for preset in presets())
        raise InputError(Problem(f"{NAME} has no release {release!r}", Place(str(path)), f"it has {known}"))
    return Found(
        tuple(_environment(preset) for preset in chosen),
        notes=tuple(note for each in chosen for note in _notes(each)),
    )


def _environment(preset: Preset) -> FoundEnvironment:
    place = _place(preset)
    modules = (_module(module, place) for module in preset.modules if _flaw(module) is None)
    name = preset.release
    return FoundEnvironment(name, NAME, tuple(modules), release=preset.release)


def _module(module: PresetModule, place: Place) -> FoundModule:
    # Where it named no ref, librarian took the repository's own branch: master, for all of them in 2014.
    ref = module.ref or "master"
    kind = RefKind.TAG if version_of_tag(ref) else RefKind.BRANCH
    return FoundModule(_directory(module), place, git=module.git, kind=kind, ref=ref)


def _notes(preset: Preset) -> Iterator[Problem]:
    for module in preset.modules:
        if flaw := _flaw(module):
            hint = f"it was {module.git} at {module.ref or 'master'}, which Puppet 3 and librarian took"
            yield Problem(f"module '{module.name}' is left out: {flaw}", _place(preset), hint)


def _flaw(module: PresetModule) -> str | None:
    return check_module_name(_directory(module))


def _directory(module: PresetModule) -> str:
    """Return the name of its directory; librarian split at the slash alone, so a dash stays."""
    return module.name.partition("/")[2]


def _place(preset: Preset) -> Place:
    return Place(f"{NAME}{_SEPARATOR}{preset.release}")
