"""Does the set hold together? Each module's dependencies against the versions that are pinned beside it."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from pinner.openstack.catalogue import canonical_module
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Dependency
from pinner.words.pins import ForgePin, Pin


def check_dependencies(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `dependency-unsatisfied`, `dependency-missing` and `dependency-unreadable`, by module name."""
    pinned = _pins_by_forge_name(environment)
    ignored = {_short(name.value) for name in environment.wanted.manifest.ignored_dependencies}
    for module in sorted(environment.metadata):
        overrides = _overrides(environment, module)
        for dependency in environment.metadata[module].dependencies:
            if _short(dependency.name) in ignored:
                continue
            wanted = overrides.get(_short(dependency.name), dependency.range)
            yield from _check(environment, module, Dependency(dependency.name, wanted), pinned)


def _overrides(environment: PinnedEnvironment, module: str) -> Mapping[str, str]:
    written = environment.wanted.manifest.overridden_dependencies.get(module, {})
    return {_short(name): text.value for name, text in written.items()}


def _pins_by_forge_name(environment: PinnedEnvironment) -> Mapping[str, Pin]:
    """Return canonical Forge name to pin; a module without readable metadata counts under its directory's name."""
    by_name: dict[str, Pin] = {}
    for module, pin in environment.lock.pins.items():
        name = pin.forge if isinstance(pin, ForgePin) else pin.name
        by_name[canonical_module(name) if name else module] = pin
    return by_name


def _check(
    environment: PinnedEnvironment, module: str, dependency: Dependency, pinned: Mapping[str, Pin]
) -> Iterator[Finding]:
    pin = pinned.get(canonical_module(dependency.name)) or pinned.get(_short(dependency.name))
    asks = f"wants {dependency.name} {dependency.range}".rstrip()
    if pin is None:
        hint = f"add '{_short(dependency.name)}' under 'modules', or to 'dependencies: ignore'"
        message = f"{asks}, which is not in the environment"
        yield environment.finding(Level.WARNING, "dependency-missing", module, message, hint)
        return
    satisfied = _is_satisfied(dependency.range, pin.version or "")
    if satisfied is None:
        what = f"{asks}; pinned is {pin.version or 'a commit without a version'}: they cannot be compared"
        yield environment.finding(Level.INFO, "dependency-unreadable", module, what)
    elif not satisfied:
        message = f"{asks}, but '{pin.module}' is pinned at {pin.version}"
        hint = (
            f"pin another version of '{pin.module}' or '{module}', or, if upstream's range is wrong, say so: "
            f'dependencies: {{override: {{{module}: {{{_short(dependency.name)}: "{(pin.version or "").partition(".")[0]}.x"}}}}}}'
        )
        yield environment.finding(Level.ERROR, "dependency-unsatisfied", module, message, hint)


@lru_cache(maxsize=65_536)
def _is_satisfied(wanted: str, version: str) -> bool | None:
    """Tell whether the version lies in the range, None where one cannot be read; many environments ask the same."""
    wanted_range, pinned = parse_range(wanted), parse_version(version)
    return None if wanted_range.is_unreadable or pinned is None else wanted_range.matches(pinned)


def _short(name: str) -> str:
    return name.replace("-", "/", 1).rpartition("/")[2]
