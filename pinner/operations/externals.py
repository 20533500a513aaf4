"""Third-party modules that nobody named: wanted because pinned ones ask for them, where the manifest says so.

`dependencies: {externals: integration}` wants them as upstream's gate runs them, `newest` as the folder of that name
finds them. Only what is asked for is added, and what a lock already holds by the same rule stays.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from pinner.git.failures import FailureKind, SyncFailure
from pinner.openstack.catalogue import ExternalPin, third_party
from pinner.operations.answers import Answers
from pinner.operations.demands import corrections_of, requirers
from pinner.operations.wanted import Rule, WantedGit, WantedSet
from pinner.words.findings import Finding, Level
from pinner.words.manifests import Externals
from pinner.words.metadata import Dependency, Metadata
from pinner.words.pins import GitPin, Lock, Pin
from pinner.words.places import Place
from pinner.words.wants import Selector, Want

COMMIT = re.compile(r"[0-9a-f]{40}")
_RULES = {Externals.INTEGRATION: Rule.INTEGRATION, Externals.NEWEST: Rule.NEWEST}


def external_rule(wanted: WantedSet) -> str | None:
    """Return what a lock calls the rule that brings third-party modules in; None where none does."""
    mode = wanted.manifest.externals
    if mode is Externals.INTEGRATION:
        return f"{mode} {wanted.series}" if wanted.series else None
    return mode.value if mode is Externals.NEWEST else None


def external_wants(
    wanted: WantedSet,
    pins: Mapping[str, Pin],
    metadata: Mapping[str, Metadata],
    *,
    gate: Mapping[str, ExternalPin],
    kept: Mapping[str, WantedGit],
) -> Mapping[str, WantedGit]:
    """Return the third-party modules that the pinned ones ask for and that are not pinned yet, as `kept` or `gate` has them.

    `metadata` is by module name. What the gate lets float is left out: then `dependency-missing` tells of it.
    """
    asked = requirers(metadata, corrections_of(wanted.manifest))
    found: dict[str, WantedGit] = {}
    for name, modules in asked.items():
        if name in pins:
            continue
        external = gate.get(name)
        if name in kept:
            found[name] = replace(kept[name], required_by=modules)
        elif external is not None and external.ref is not None:
            found[name] = gate_want(wanted, external, external.ref, modules)
    return found


def gate_want(wanted: WantedSet, external: ExternalPin, ref: str, required_by: tuple[str, ...]) -> WantedGit:
    """Return the want of a module as the gate runs it: at `ref`, a commit or for now taken as a tag."""
    home = third_party(external.name)
    selector = Selector.COMMIT if COMMIT.fullmatch(ref) else Selector.TAG
    git = home.git if home else external.git
    return external_want(wanted, external.name, git, Want(selector, ref), required_by)


def external_want(
    wanted: WantedSet, module: str, git: str, want: Want, required_by: tuple[str, ...]
) -> WantedGit:
    """Return the want of a third-party module that the manifest's rule brings in."""
    return WantedGit(
        module=module,
        place=_place(wanted),
        rule=_RULES[wanted.manifest.externals],
        git=git,
        want=want,
        install_path=wanted.manifest.moduledir,
        required_by=required_by,
        external=external_rule(wanted),
    )


def locked_externals(wanted: WantedSet, lock: Lock | None) -> Mapping[str, WantedGit]:
    """Return the third-party modules that the lock holds because others required them, as they were wanted then."""
    rule = _RULES.get(wanted.manifest.externals)
    if rule is None or lock is None:
        return {}
    return {
        name: WantedGit(
            module=name,
            place=_place(wanted),
            rule=rule,
            git=pin.git,
            want=pin.want,
            install_path=pin.install_path,
            required_by=pin.required_by,
            external=pin.external,
        )
        for name, pin in lock.pins.items()
        if isinstance(pin, GitPin) and pin.required_by and name not in wanted.modules
    }


def kept_externals(wanted: WantedSet, lock: Lock | None) -> Mapping[str, WantedGit]:
    """Return those of them that the manifest's rule of now brought in, so that they stay as they are."""
    rule = external_rule(wanted)
    return {
        name: module
        for name, module in locked_externals(wanted, lock).items()
        if module.external == rule and module.install_path == wanted.manifest.moduledir
    }


def with_locked_externals(wanted: WantedSet, lock: Lock | None) -> WantedSet:
    """Return what is wanted together with what the lock holds because others required it."""
    extra = locked_externals(wanted, lock)
    return replace(wanted, modules={**wanted.modules, **extra}) if extra else wanted


def why_stale(module: str, wanted: WantedSet, lock: Lock) -> str | None:
    """Say what keeps a pin that the manifest does not name from being as `lock` would have it; None if nothing does."""
    pin, rule = lock.pins.get(module), external_rule(wanted)
    if not (isinstance(pin, GitPin) and pin.required_by and rule):
        return "is in the lock, but the manifest no longer asks for it"
    if pin.external != rule:
        return f"was brought in by {pin.external or 'another rule'}, what brings modules in is now {rule}"
    asked = requirers(_as_locked(lock), corrections_of(wanted.manifest))
    return None if module in asked else "is in the lock, but nothing asks for it any more"


def _as_locked(lock: Lock) -> Mapping[str, Metadata]:
    pins = ((name, pin) for name, pin in lock.pins.items() if isinstance(pin, GitPin))
    return {
        name: Metadata(dependencies=tuple(Dependency(*row) for row in pin.dependencies.items()))
        for name, pin in pins
    }


def _place(wanted: WantedSet) -> Place:
    release = wanted.manifest.release
    return release.place if release else Place(wanted.manifest.path)


def is_done_without(module: WantedGit, before: Lock | None, answers: Answers) -> bool:
    """Tell whether the module is left out because its repository is gone; offline, because it was left out before."""
    failure = answers.mirrors.get(module.git)
    if not isinstance(failure, SyncFailure):
        return False
    was_left_out = before is not None and module.module not in before.pins
    return failure.kind is FailureKind.NOT_FOUND or (failure.kind is FailureKind.NOT_CACHED and was_left_out)


def homeless(module: WantedGit, answers: Answers) -> Finding:
    """Return the warning that a module is left out because its repository is gone: nobody named it."""
    needs = f"{', '.join(module.required_by)} {'needs' if len(module.required_by) == 1 else 'need'} it"
    gone = "there is no repository at" if answers.is_nowhere(module.git) else "the cache has nothing of"
    return Finding(
        Level.WARNING,
        "external-not-found",
        module.module,
        f"module '{module.module}': {needs}, but {gone} {module.git}",
        "name it under 'modules' with the 'git' where it lives now, or under 'dependencies: ignore'",
        module.place,
    )
