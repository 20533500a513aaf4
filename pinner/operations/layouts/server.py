"""What is found on the machine where r10k is to run: r10k's version, Puppet's program, its configuration and paths."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, ...]

_TIMEOUT = 60.0
_HOMES = (("etc/puppetlabs", "puppet/puppet.conf"), ("etc/puppet", "puppet.conf"))
_PROGRAM = "opt/puppetlabs/bin/puppet"


@dataclass(frozen=True, slots=True)
class Server:
    """One machine. `r10k` and `puppet` are None where they are not installed, `puppet_conf` where there is none.

    `environmentpath` is Puppet's own there: as the packages of Puppet set it, or those of Debian.
    """

    environmentpath: Path
    puppet: Path | None
    puppet_conf: Path | None
    r10k: Version | None


def look_around(root: Path = Path("/")) -> Server:
    """Return what the machine has whose files are below `root`."""
    homes = {root / home: root / home / conf for home, conf in _HOMES}
    # r10k's configuration is in /etc/puppetlabs on Debian too, so that directory alone says nothing of Puppet's.
    configured = [home for home, conf in homes.items() if conf.is_file()]
    filled = [home for home in homes if (home / "code").is_dir()]
    home = (*configured, *filled, *homes)[0]
    return Server(
        environmentpath=home / "code" / "environments",
        puppet=_find_puppet(root / _PROGRAM),
        puppet_conf=homes[home] if configured else None,
        r10k=_ask_r10k(),
    )


def _find_puppet(packaged: Path) -> Path | None:
    found = str(packaged) if packaged.is_file() else shutil.which("puppet")
    return Path(found) if found else None


def _ask_r10k() -> Version | None:
    program = shutil.which("r10k")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - r10k as PATH has it, which is what the user runs; there is no shell
            [program, "version"], capture_output=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(rb"r10k ([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})", done.stdout[:10_000])
    return tuple(int(part) for part in found.groups()) if found else None
