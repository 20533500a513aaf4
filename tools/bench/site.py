"""Where the competitors run: a HOME of their own, pinner projects, and git that is led to the benchmark's server."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tools.bench.cost import Command
from tools.bench.serving import Server
from tools.bench.upstreams import OWN, RELEASES, url_of

PINNER = str(Path(sys.executable).with_name("pinner"))


@dataclass(frozen=True, slots=True)
class Site:
    """A directory in which tools run against one server."""

    root: Path
    server: Server

    def command(self, *words: str | Path, cwd: Path | None = None) -> Command:
        """Return a command that runs here, with nothing of the user's around it."""
        home = self.root / "home"
        home.mkdir(parents=True, exist_ok=True)
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_SSL_CAINFO": self.server.certificate,
        }
        return Command(tuple(map(str, words)), cwd or self.root, variables, self.root / "log")

    def lead_git_to_the_server(self) -> None:
        """Let r10k and g10k, which fetch what a Puppetfile says, reach the server by the canonical URLs."""
        rows = (f'[url "{there}"]\n\tinsteadOf = {here}\n' for here, there in self._places())
        self.write("home/.gitconfig", "".join(rows))

    def write(self, path: str, text: str) -> Path:
        """Write a file below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def project(self, name: str, environments: Mapping[str, str]) -> "Project":
        """Make a project from environment to manifest; its cache is its own."""
        for environment, text in environments.items():
            self.write(f"{name}/environments/{environment}.yaml", text)
        rewrite = "".join(f'  "{here}": "{there}"\n' for here, there in self._places())
        self.write(f"{name}/pinner.yaml", f"rewrite:\n{rewrite}")
        return Project(self, self.root / name, self.root / f"{name}.cache")

    def _places(self) -> Iterable[tuple[str, str]]:
        hosts = ("https://opendev.org/", "https://git.example.net/")
        return ((host, f"{self.server.url}/{host.partition('://')[2]}") for host in hosts)


@dataclass(frozen=True, slots=True)
class Project:
    """A pinner project on a site."""

    site: Site
    directory: Path
    cache: Path

    def pinner(self, *words: str | Path) -> Command:
        """Return a call of the installed `pinner` in the project."""
        return self.command(PINNER, *words)

    def command(self, *words: str | Path) -> Command:
        """Return a command in the project, and pinner's cache in it is this project's own.

        pinner.yaml may not name it: the whole benchmark is in the checkout of pinner's own repository.
        """
        command = self.site.command(*words, cwd=self.directory)
        return replace(command, variables={**command.variables, "PINNER_CACHE": str(self.cache)})

    def forget_cache(self) -> None:
        """Remove the mirrors and everything else pinner remembers."""
        shutil.rmtree(self.cache, ignore_errors=True)

    def forget_what_was_read(self) -> None:
        """Remove what pinner worked out from the mirrors' objects; the mirrors stay."""
        for memory in self.cache.glob("memory.sqlite*"):
            memory.unlink()

    def forget_locks(self) -> None:
        """Remove the locks, so that every module has to be resolved."""
        for lock in self.directory.glob("environments/*.lock"):
            lock.unlink()


def lead_to(site: Site, upstreams: Path) -> Project:
    """Make `project`, whose manifests are written already, fetch from upstreams/HOST/ on this disk."""
    rows = "".join(f'  "https://{host.name}/": "{host}/"\n' for host in sorted(upstreams.iterdir()))
    site.write("project/pinner.yaml", f"rewrite:\n{rows}")
    return Project(site, site.root / "project", site.root / "cache")


def environments(count: int, modules: tuple[str, ...]) -> Mapping[str, str]:
    """Return `count` manifests that spread over the releases; each has all `modules`."""
    releases = list(RELEASES)
    return {
        f"cloud_{number:04}": manifest(releases[number % len(releases)], modules) for number in range(count)
    }


def manifest(release: str, modules: tuple[str, ...]) -> str:
    """Return a manifest with those modules on a release; a site's own follow their production branch."""
    followers = ", ".join(name for name in modules if name not in OWN)
    own = "".join(f'  {name}: {{git: "{url_of(name)}", branch: master}}\n' for name in modules if name in OWN)
    more = f"modules:\n{own}" if own else ""
    ignored = "findings: {ignore: [end-of-life]}\n"  # by the date of the run
    return f'release: "{release}"\nopenstack: [{followers}]\n{more}{ignored}'
