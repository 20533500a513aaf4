"""A pin in a few words."""

from pinner.words.pins import ForgePin, Pin
from pinner.words.refs import short_name

SHORT = 12


def describe(pin: Pin) -> str:
    """Return a pin in a few words: version, ref, short commit."""
    if isinstance(pin, ForgePin):
        return f"{pin.version} ({pin.forge} from the Forge)"
    where = short_name(pin.ref) if pin.ref else "a bare commit"
    return f"{pin.version or 'no version'} ({where}, {pin.commit[:SHORT]})"
