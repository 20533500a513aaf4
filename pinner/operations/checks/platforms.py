"""Will it run there? The platforms and the Puppet version of an environment against what its modules declare."""

from collections.abc import Iterator, Mapping

from pinner.operations.checks.subject import PinnedEnvironment
from pinner.puppet.ranges import parse_range
from pinner.puppet.versions import parse_version
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata


def check_platforms(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `platform-unsupported` and `puppet-unsupported`, by module name; silence in metadata means: any."""
    for module, metadata in sorted(environment.metadata.items()):
        yield from _systems(environment, module, metadata)
        yield from _puppet(environment, module, metadata)


def _systems(environment: PinnedEnvironment, module: str, metadata: Metadata) -> Iterator[Finding]:
    if not metadata.platforms:
        return
    supported = {system.lower(): releases for system, releases in metadata.platforms.items()}
    for system, releases in environment.wanted.manifest.platforms.items():
        for missing in _unsupported(system, releases, supported):
            message = f"metadata at the pinned commit does not name {missing} as a platform"
            yield environment.finding(Level.WARNING, "platform-unsupported", module, message)


def _unsupported(
    system: str, releases: tuple[str, ...], supported: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    known = supported.get(system.lower())
    if known is None:
        yield system
    elif known:
        yield from (f"{system} {release}" for release in releases if not _is_named(release, known))


def _is_named(release: str, known: tuple[str, ...]) -> bool:
    """Tell whether metadata names that release: CentOS's `6` means 6.5 too, Ubuntu's `24.04` only itself."""
    return any(release == name or release.startswith(f"{name}.") for name in known)


def _puppet(environment: PinnedEnvironment, module: str, metadata: Metadata) -> Iterator[Finding]:
    asked = environment.wanted.manifest.puppet
    version = parse_version(asked.value) if asked else None
    if version is None:
        return
    for requirement in metadata.requirements:
        wanted = parse_range(requirement.range)
        if requirement.name == "puppet" and not wanted.is_unreadable and not wanted.matches(version):
            message = f"wants Puppet {requirement.range}, the environment runs {asked}"
            yield environment.finding(Level.ERROR, "puppet-unsupported", module, message)
