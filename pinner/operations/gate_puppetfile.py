"""The pins in the Puppetfile of upstream's gate: what of it a lock can hold."""

from pinner.openstack.catalogue import ExternalPin
from pinner.puppet.git_urls import check_git_url
from pinner.puppet.names import check_module_name, check_ref_name
from pinner.puppet.puppetfile import PuppetfileModule, read_puppetfile

# The gate follows these from day to day, so they say nothing of a release.
_MAIN_BRANCHES = frozenset({"master", "main", "HEAD"})


def read_pins(content: bytes) -> tuple[ExternalPin, ...]:
    """Return the git modules of a Puppetfile whose name, URL and ref a lock can hold, in their order."""
    modules = read_puppetfile(content).puppetfile.modules
    return tuple(pin for module in modules if (pin := _pin(module)))


def _pin(module: PuppetfileModule) -> ExternalPin | None:
    """Return a git module with a name, URL and ref that a lock can hold; a main branch is no pin."""
    ref = module.ref
    if module.git is None or check_module_name(module.directory) or check_git_url(module.git):
        return None
    if ref is None or ref in _MAIN_BRANCHES or check_ref_name(ref):
        return ExternalPin(module.directory, module.git, None)
    return ExternalPin(module.directory, module.git, ref)
