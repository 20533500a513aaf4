"""The Puppetfile that a lock means."""

from pinner.puppet.puppetfile.values import Puppetfile, PuppetfileModule, forge_module, git_module
from pinner.words.pins import ForgePin, Lock, Pin
from pinner.words.refs import short_name


def as_puppetfile(lock: Lock) -> Puppetfile:
    """Return every pin as a module, by name; a pin's ref becomes the comment above it."""
    modules = (_module(pin, lock.moduledir) for _, pin in sorted(lock.pins.items()))
    return Puppetfile(tuple(modules), lock.moduledir)


def _module(pin: Pin, moduledir: str) -> PuppetfileModule:
    install_path = None if pin.install_path == moduledir else pin.install_path
    if isinstance(pin, ForgePin):
        return forge_module(pin.forge, pin.version, install_path=install_path)
    comment = short_name(pin.ref) if pin.ref else None
    return git_module(pin.module, pin.git, pin.commit, install_path=install_path, comment=comment)
