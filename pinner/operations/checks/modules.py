"""Is it the module? What the pinned commit's own metadata says against the name and the release it is used for."""

from collections.abc import Iterator

from pinner.openstack.catalogue import ModuleEntry, find_module
from pinner.openstack.release_versions import major_in, series_of_major
from pinner.openstack.series import Series, find_series
from pinner.operations.checks.subject import PinnedEnvironment
from pinner.puppet.versions import parse_version
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata
from pinner.words.pins import GitPin
from pinner.words.wants import Selector


def check_modules(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `not-a-module`, `name-mismatch`, `version-unexpected` and `metadata-flawed`, by module name."""
    pins = environment.git_pins
    for module, metadata in sorted(environment.metadata.items()):
        if metadata.file is None:
            yield _no_module(environment, pins[module])
            continue
        yield from _name(environment, pins[module], metadata)
        yield from _version(environment, pins[module], metadata)
        for flaw in metadata.flaws:
            message = f"{metadata.file} at {pins[module].commit}: {flaw}"
            yield environment.finding(Level.INFO, "metadata-flawed", module, message)


def _no_module(environment: PinnedEnvironment, pin: GitPin) -> Finding:
    message = f"commit {pin.commit} holds no metadata.json and no Modulefile"
    entry = find_module(pin.module, None)
    if isinstance(entry, ModuleEntry) and entry.ended and entry.git == pin.git:
        message += f": {entry.repository} is retired, its last release is {entry.ended}"
        hint = f"take that ({pin.module}: {{release: {entry.ended}}}), or leave it out ({pin.module}: false)"
    else:
        hint = "is the repository retired? if it is no Puppet module at all, say 'module: false'"
    return environment.finding(Level.ERROR, "not-a-module", pin.module, message, hint)


def _name(environment: PinnedEnvironment, pin: GitPin, metadata: Metadata) -> Iterator[Finding]:
    named = metadata.name.replace("/", "-").partition("-")[2] if metadata.name else pin.module
    if named != pin.module:
        message = f"{metadata.file} at {pin.commit} says that it is the module '{named}'"
        hint = f"Puppet finds a module by its directory: call it '{named}' in the manifest"
        yield environment.finding(Level.ERROR, "name-mismatch", pin.module, message, hint)


def _version(environment: PinnedEnvironment, pin: GitPin, metadata: Metadata) -> Iterator[Finding]:
    version = parse_version(metadata.version or "")
    series = _series(environment, pin)
    expected = major_in(pin.module, series) if series else None
    if version is None or series is None or expected is None or version.major == expected:
        return
    known = series_of_major(pin.module, version.major)
    belongs = f"that of release {known[-1]}" if known else "of no release that is known"
    message = f"its version {version} is {belongs}; release {series} has {expected}.x"
    if pin.want.selector is Selector.RELEASE:
        hint = f"does {pin.ref} of {pin.git} follow upstream's? compare the two"
    else:
        meant = f" ({pin.module}: {{release: {known[-1]}}})" if known else ""
        hint = f"take the one of {series}, or say that another release is meant{meant}"
    yield environment.finding(Level.WARNING, "version-unexpected", pin.module, message, hint)


def _series(environment: PinnedEnvironment, pin: GitPin) -> Series | None:
    """Return the release that the module is used for: the one it was taken from, else the environment's."""
    if pin.want.selector is Selector.RELEASE:
        return find_series(pin.want.value)
    return environment.wanted.series
