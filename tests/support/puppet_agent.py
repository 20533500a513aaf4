"""Real Puppet agents, each with directories of its own, and what they and the server say of a run."""

import getpass
import grp
import os
from dataclasses import dataclass
from pathlib import Path

from tests.support.puppet_server_tree import NAME, ServerTree
from tests.support.sites import Site

# `puppet agent --test` ends with 0 where nothing is to change and with 2 where something was changed
FINE = (0, 2)


@dataclass(frozen=True, slots=True)
class Agent:
    """A node: `root/NAME` has its configuration, its certificate and its logs."""

    name: str
    root: Path
    server: ServerTree

    def run(self, environment: str, *options: str) -> str:
        """Let the node do what `puppet agent --test` does once, and return all that it said."""
        site = Site(self.root / self.name)
        site.root.mkdir(parents=True, exist_ok=True)
        code = site.write("exit_code", "")
        script = 'puppet agent "$@" 2>&1; echo $? > exit_code'
        said = site.run(
            *("sh", "-c", script, "agent", "--test", "--color=false", "--environment", environment),
            *self._options(site.root),
            *options,
        )
        if int(code.read_text()) not in FINE:
            raise AssertionError(f"the agent {self.name} ended with {code.read_text().strip()}:\n{said}")
        return said

    def newest_report(self) -> Path:
        """Return the last report that the server has of this node."""
        return max((self.server.reports / self.name).glob("*.yaml"))

    def _options(self, root: Path) -> list[str]:
        directories = [
            f"--{name}={root / name}" for name in ("confdir", "vardir", "ssldir", "rundir", "logdir")
        ]
        user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        return [
            *directories,
            *(f"--publicdir={root / 'public'}", f"--codedir={root / 'code'}"),
            *("--certname", self.name, "--server", NAME, "--serverport", str(self.server.port)),
            *("--user", user, "--group", group),
        ]
