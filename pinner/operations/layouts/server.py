"""What is found on the machine where r10k is to run: r10k's version, Puppet's program, its configuration and paths."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, ...]

_TIMEOUT = 60.0
_ROOTS = (Path("/etc/puppetlabs"), Path("/etc/puppet"))
_PROGRAM = Path("/opt/puppetlabs/bin/puppet")


@dataclass(frozen=True, slots=True)
class Server:
    """One machine. `r10k` and `puppet` are None where they are not installed, `puppet_conf` where there is none.

    `environmentpath` is Puppet's own there: as the packages of Puppet set it, or those of Debian.
    """

    environmentpath: Path
    puppet: Path | None
    puppet_conf: Path | None
    r10k: Version | None


def look_around() -> Server:
    """Return what this machine has."""
    confs = (root / below for root, below in zip(_ROOTS, ("puppet/puppet.conf", "puppet.conf"), strict=True))
    root = next((path for path in _ROOTS if path.is_dir()), _ROOTS[0])
    return Server(
        environmentpath=root / "code" / "environments",
        puppet=_find_puppet(),
        puppet_conf=next((path for path in confs if path.is_file()), None),
        r10k=_ask_r10k(),
    )


def _find_puppet() -> Path | None:
    found = str(_PROGRAM) if _PROGRAM.is_file() else shutil.which("puppet")
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
