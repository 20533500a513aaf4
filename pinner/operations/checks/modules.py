"""Is it the module? What the pinned commit's own metadata says against the name it is installed under."""

from collections.abc import Iterator

from pinner.operations.checks.subject import PinnedEnvironment
from pinner.words.findings import Finding, Level
from pinner.words.metadata import Metadata


def check_modules(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `not-a-module`, `name-mismatch` and `metadata-flawed`, by module name."""
    for module in sorted(environment.metadata):
        yield from _check(environment, module, environment.metadata[module])


def _check(environment: PinnedEnvironment, module: str, metadata: Metadata) -> Iterator[Finding]:
    commit = environment.git_pins[module].commit
    if metadata.file is None:
        hint = "is the repository retired? if it is no Puppet module at all, say 'module: false'"
        message = f"commit {commit} holds no metadata.json and no Modulefile"
        yield environment.finding(Level.ERROR, "not-a-module", module, message, hint)
        return
    named = metadata.name.replace("/", "-").partition("-")[2] if metadata.name else module
    if named != module:
        message = f"{metadata.file} at {commit} says that it is the module '{named}'"
        hint = f"Puppet finds a module by its directory: call it '{named}' in the manifest"
        yield environment.finding(Level.ERROR, "name-mismatch", module, message, hint)
    for flaw in metadata.flaws:
        yield environment.finding(
            Level.INFO, "metadata-flawed", module, f"{metadata.file} at {commit}: {flaw}"
        )
