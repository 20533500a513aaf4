"""How one run speaks to remotes: what the user's git configuration leaves open, and the trust that costs least.

curl built with GnuTLS (Debian, Ubuntu) parses every file of the system's certificate directory for each connection,
though the bundle beside it holds the same authorities: 35 ms of the 50 ms of CPU that one `git ls-remote` takes. So
git is first given an empty directory instead. That can only distrust more: a certificate that is not trusted so is
looked at again with git's own settings, which then hold for the rest of the run.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pinner.git.command import run

_TIMEOUT = 30.0
_ASKED = r"^(core\.sshcommand|http\.(.*\.)?sslcapath)$"
_NO_QUESTIONS = "ssh -oBatchMode=yes"


@dataclass(slots=True)
class Speech:
    """What one run adds to git calls that talk to a remote; `no_authorities` is an empty directory."""

    environ: Mapping[str, str]
    no_authorities: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _configured: frozenset[str] | None = None
    _trusts_bundle: bool = True

    def variables(self, place: str, *, timeout: float) -> Mapping[str, str]:
        """Return the variables for a git call that talks to `place`; `timeout` is in seconds.

        The speed limit ends a git process that outlived a killed pinner.
        """
        found = {"GIT_HTTP_LOW_SPEED_LIMIT": "1", "GIT_HTTP_LOW_SPEED_TIME": str(max(1, round(timeout)))}
        if place.startswith("https:") and self._may_trust_bundle():
            found["GIT_SSL_CAPATH"] = str(self.no_authorities)
        if _is_ssh(place) and self._may_choose_ssh():
            found["GIT_SSH_COMMAND"] = _NO_QUESTIONS
        return found

    def trust_as_git_does(self) -> None:
        """Use the system's certificate directory from now on."""
        self._trusts_bundle = False

    def _may_trust_bundle(self) -> bool:
        return (
            self._trusts_bundle
            and "GIT_SSL_CAPATH" not in self.environ
            and self.no_authorities.is_dir()
            and not any(key.endswith("sslcapath") for key in self._configuration())
        )

    def _may_choose_ssh(self) -> bool:
        own = {"GIT_SSH", "GIT_SSH_COMMAND"} & self.environ.keys()
        return not own and "core.sshcommand" not in self._configuration()

    def _configuration(self) -> frozenset[str]:
        """Return which of the keys that matter here the user or the system has set; asked once a run."""
        with self._lock:
            if self._configured is None:
                arguments = ["--git-dir=/dev/null", "config", "--null", "--name-only", "--get-regexp", _ASKED]
                out = run(arguments, timeout=_TIMEOUT).out.decode(errors="replace")
                self._configured = frozenset(out.lower().split("\0")[:-1])
            return self._configured


def _is_ssh(place: str) -> bool:
    """Tell whether git starts ssh for it: an ssh URL, or the short form user@host:path."""
    return place.startswith("ssh:") or not (place.startswith("/") or "://" in place)
