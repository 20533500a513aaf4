"""What `generate` once wrote, as it lies on the server: it must still say what the lock says.

Only the meaning counts, not the text: templates and older versions of pinner may word it otherwise. A file without
pinner's header is somebody else's, and one that is not there may not be needed.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pinner.operations.deployed.telling import shown, tell
from pinner.operations.layouts.environment_files import CONFIG_VERSION, PUPPETFILE
from pinner.operations.layouts.one_branch import LOCK_IDS, puppetfile_name
from pinner.project.text import read_bytes
from pinner.puppet.puppetfile import HEADER_MARK, as_puppetfile, check_puppetfile
from pinner.words.findings import Finding
from pinner.words.pins import Lock
from pinner.words.problems import InputError, UnknownError

LARGEST = 1024 * 1024
_LOCK_ID = re.compile(r"\bpin-[0-9a-f]{12}\b")


def check_generated(lock: Lock, place: Path) -> Iterator[Finding]:
    """Yield where the Puppetfile or the lock id in an environment's directory say something else than the lock."""
    names = (PUPPETFILE, puppetfile_name(lock.environment), CONFIG_VERSION, f"{LOCK_IDS}/{lock.environment}")
    for name in names:
        path = place / name
        if _is_absent(path):
            continue
        try:
            text = read_bytes(path, shown=shown(path), limit=LARGEST).decode(errors="replace")
        except (InputError, UnknownError) as error:
            yield tell("deployed-unread", None, f"'{name}': {error.problems[0].message}", path)
            continue
        if HEADER_MARK in text and (words := _contradiction(text, lock, name, shown(path))):
            yield tell("deployed-generated", None, f"'{name}' was made from another lock: {words}", path)


def _is_absent(path: Path) -> bool:
    """Tell whether there certainly is nothing; `os.path.lexists` takes what it may not see for nothing."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _contradiction(text: str, lock: Lock, name: str, path: str) -> str | None:
    if not name.startswith(PUPPETFILE):
        others = sorted({*_LOCK_ID.findall(text)} - {lock.lock_id})
        return f"reports will say {others[0]}, and it is {lock.lock_id}" if others else None
    problems = check_puppetfile(text, as_puppetfile(lock), path=path)
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{problems[0].message}{more}" if problems else None
