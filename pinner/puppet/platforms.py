"""The operating systems for which defaults are computed, and the facts that all their machines share.

Source: the output of Facter 4 on each system; os.family and the names of releases as in Puppet's metadata.json.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_FAMILIES: Final = {
    "Debian": "Debian",
    "Ubuntu": "Debian",
    **dict.fromkeys(
        ("RedHat", "CentOS", "Rocky", "AlmaLinux", "OracleLinux", "Fedora", "Scientific", "Amazon"), "RedHat"
    ),
    **dict.fromkeys(("SLES", "OpenSuSE", "SLED"), "Suse"),
    "Archlinux": "Archlinux",
    "Gentoo": "Gentoo",
    "FreeBSD": "FreeBSD",
    "OpenBSD": "OpenBSD",
}
_KERNELS: Final = {"FreeBSD": "FreeBSD", "OpenBSD": "OpenBSD"}
_CODENAMES: Final = {
    ("Debian", "11"): "bullseye",
    ("Debian", "12"): "bookworm",
    ("Debian", "13"): "trixie",
    ("Ubuntu", "20.04"): "focal",
    ("Ubuntu", "22.04"): "jammy",
    ("Ubuntu", "24.04"): "noble",
}


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and its release, as metadata.json writes them: Ubuntu and 24.04; "" for any release."""

    name: str
    release: str

    def __str__(self) -> str:
        return f"{self.name} {self.release}".rstrip()

    def fact(self, name: str) -> object:
        """Return one of the facts, such as `os.family`, None if it is not known."""
        found: object = self.facts
        for key in name.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    @property
    def facts(self) -> Mapping[str, object]:
        """Return the facts that do not depend on the machine, legacy ones included.

        `os_service_default` is the fact of puppet-openstacklib.
        """
        family = _FAMILIES.get(self.name, self.name)
        if not self.release:
            return {
                "os": {"family": family, "name": self.name},
                "kernel": _KERNELS.get(family, "Linux"),
                "osfamily": family,
                "operatingsystem": self.name,
                "os_service_default": "<SERVICE DEFAULT>",
            }
        major = self.release if self.name == "Ubuntu" else self.release.partition(".")[0]
        release = {"full": self.release, "major": major}
        found: dict[str, object] = {
            "os": {"family": family, "name": self.name, "release": release},
            "kernel": _KERNELS.get(family, "Linux"),
            "osfamily": family,
            "operatingsystem": self.name,
            "operatingsystemrelease": self.release,
            "operatingsystemmajrelease": major,
            "os_service_default": "<SERVICE DEFAULT>",
        }
        codename = _CODENAMES.get((self.name, self.release))
        if codename:
            distro = {"codename": codename, "id": self.name, "release": release}
            found["os"] = {"family": family, "name": self.name, "release": release, "distro": distro}
            found["lsbdistcodename"] = codename
            found["lsbdistid"] = self.name
        return found


PLATFORM_FACTS: Final = frozenset(
    (
        *("os.family", "os.name", "os.release.major", "os.release.full", "os.distro.codename", "osfamily"),
        *(
            "operatingsystem",
            "operatingsystemrelease",
            "operatingsystemmajrelease",
            "lsbdistcodename",
            "lsbdistid",
        ),
    )
)
"""The facts, as Hiera interpolates them, that follow from the platform."""

PLATFORMS: Final = (
    Platform("CentOS", "9"),
    Platform("Debian", "12"),
    Platform("Debian", "13"),
    Platform("RedHat", "9"),
    Platform("Ubuntu", "22.04"),
    Platform("Ubuntu", "24.04"),
)
"""Those of an environment that declares none."""


def declared_platforms(systems: Mapping[str, Iterable[str]]) -> tuple[Platform, ...]:
    """Return the platforms of a manifest's `platforms`, which maps operating systems to releases; all if it is empty.

    A system without releases has those that are known of it, else one platform of which only the name counts.
    """
    spelled = {name.lower(): name for name in _FAMILIES}
    found: dict[Platform, None] = {}
    for written, releases in systems.items():
        name = spelled.get(written.lower(), written)
        usual = [one.release for one in PLATFORMS if one.name == name]
        found.update((Platform(name, release), None) for release in (tuple(releases) or usual or ("",)))
    return tuple(found) or PLATFORMS


def name_systems(some: Iterable[str], every: Iterable[str]) -> str:
    """Return the shortest list of platforms: "" for all of `every`, a system by its name if all its releases count.

    For instance "CentOS, RedHat and Ubuntu 24.04".
    """
    chosen, known = dict.fromkeys(some), set(every)
    if set(chosen) >= known:
        return ""
    names: dict[str, None] = {}
    for platform in chosen:
        system = platform.partition(" ")[0]
        is_whole = {one for one in known if one.partition(" ")[0] == system} <= set(chosen)
        names[system if is_whole else platform] = None
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
