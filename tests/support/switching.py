"""An environment with two releases that are switched while nodes ask for catalogs and files, and what they were given."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.cloud import Cloud
from tests.support.control import make_control
from tests.support.puppet_agent import Agent
from tests.support.puppet_server import PuppetServer, RefusedError
from tests.support.serving import FACTS
from tests.support.sites import Site

RELEASES = {"2024.1": "24.0.0", "2025.1": "26.0.0"}
ENVIRONMENT = "production"
FILE = "modules/nova/files/release"
MODULES = ("nova", "keystone")
PARTS = ("data", "keystone", "keystone::late", "nova", "nova::late", "site")
"""What says in a catalog, and in an agent's output, of which release it is."""

_COMPLETE = {
    "author": "openstack",
    "summary": "A module",
    "license": "Apache-2.0",
    "source": "https://opendev.org/openstack/puppet-nova",
}
_SITE = """\
notify {{ 'site {release}': }}
notify {{ "data ${{lookup('release')}}": }}
include nova
include keystone
file {{ '{target}': source => 'puppet:///modules/nova/release' }}
"""
_APPLIED = re.compile(rf"defined 'message' as '({'|'.join(PARTS)}) ([0-9.]+)'")


class MixtureError(Exception):
    """A catalog, or what an agent applied, is of more than one release; the text says how."""


@dataclass(frozen=True)
class TwoReleases:
    """A project whose environment has two states, each with its lock, site code and data; agents write `target`."""

    cloud: Cloud
    commits: dict[str, str]
    target: Path

    @classmethod
    def make(cls, root: Path) -> "TwoReleases":
        """Make the upstreams, the control repository and both states; the newer one is current."""
        cloud, target = Cloud(root / "project"), root / "file"
        control = make_control(cloud)
        commits = {}
        for release, version in RELEASES.items():
            for module in MODULES:
                init = f"class {module} {{ notify {{ '{module} {release}': }} include {module}::late }}\n"
                files = {
                    "manifests/init.pp": init,
                    "manifests/late.pp": f"class {module}::late {{ notify {{ '{module}::late {release}': }} }}\n",
                    "files/release": content_of(release),
                    "lib/puppet/type/nova_thing.rb": f"Puppet::Type.newtype(:{module}_thing) do\n  newparam(:name)\nend\n",
                }
                cloud.upstream(module).commit(
                    f"stable/{release}", version=version, files=files, metadata=_COMPLETE
                )
            own = {
                "manifests/site.pp": _SITE.format(release=release, target=target),
                "data/common.yaml": f"release: '{release}'\n",
                "hiera.yaml": "version: 5\nhierarchy:\n  - {name: common, path: common.yaml}\n",
            }
            commits[release] = control.repository.commit(own, branch=ENVIRONMENT)
            cloud.manifest(ENVIRONMENT, f"release: {release}\nopenstack: [nova, keystone]\n")
            assert cloud.run("update").code == 0
            for suffix in ("yaml", "lock"):
                kept = cloud.project / f"environments/{ENVIRONMENT}.{suffix}"
                shutil.copy(kept, cloud.root / f"{release}.{suffix}")
        return cls(cloud, commits, target)

    def select(self, release: str) -> None:
        """Make one of the states the current one."""
        for suffix in ("yaml", "lock"):
            kept = self.cloud.root / f"{release}.{suffix}"
            shutil.copy(kept, self.cloud.project / f"environments/{ENVIRONMENT}.{suffix}")
        self.move_branch(self.commits[release])

    def move_branch(self, commit: str) -> None:
        """Make the branch of the control repository name another commit."""
        path = self.cloud.root / "control.git"
        command = ["git", f"--git-dir={path}", "update-ref", f"refs/heads/{ENVIRONMENT}", commit]
        subprocess.run(command, check=True)


@dataclass(frozen=True)
class Estate:
    """Both releases, and a server of a directory that pinner deploys to."""

    code: TwoReleases
    server: PuppetServer

    @property
    def directory(self) -> Path:
        return self.server.tree.environments

    @property
    def served(self) -> str:
        """Return the id of the version that the environment's link leads to."""
        return Path(os.readlink(self.directory / ENVIRONMENT)).name  # noqa: PTH115 - the target itself

    def deploy(self, release: str, *arguments: str) -> str:
        """Deploy one of the states, and return the id of its version."""
        self.code.select(release)
        self.pinner(*arguments)
        return self.served

    def pinner(self, *arguments: str) -> None:
        """Deploy what is current, and empty the server's cache, unless `arguments` say something else."""
        url = f"https://localhost:{self.server.tree.port}"
        words = ["deploy", "--to", str(self.directory)]
        if "--prepare" not in arguments:
            words += ["--flush", url, "--ssldir", str(self.server.tree.ssl)]
        result = self.code.cloud.run(*words, *arguments)
        assert result.code == 0, result.err

    def catalog(self) -> Any:
        return self.server.catalog("node.example.org", ENVIRONMENT, FACTS, is_static=True)


@dataclass(frozen=True)
class ByR10k:
    """Both releases, and a server of a directory that r10k deploys to."""

    code: TwoReleases
    server: PuppetServer
    site: Site
    commits: dict[str, str]

    @classmethod
    def make(cls, code: TwoReleases, server: PuppetServer, root: Path) -> "ByR10k":
        """Give each state a Puppetfile with the commits of its lock, and deploy one."""
        commits = {}
        control = code.cloud.root / "control.git"
        for release, commit in code.commits.items():
            lock = json.loads((code.cloud.root / f"{release}.lock").read_text())
            mods = (
                f"mod '{name}',\n  git: '{code.cloud.upstream(name).path}',\n  commit: '{pin['commit']}'\n"
                for name, pin in sorted(lock["modules"].items())
            )
            commits[release] = _with_file(control, commit, "Puppetfile", "".join(mods))
        found = cls(code, server, Site(root), commits)
        source = f"{{remote: '{control}', basedir: '{server.tree.environments}'}}"
        found.site.write("r10k.yaml", f"cachedir: '{root}/cache'\nsources:\n  control: {source}\n")
        found.deploy(next(iter(RELEASES)))
        return found

    def deploy(self, release: str) -> None:
        """Deploy one of the states, and empty the server's cache."""
        self.code.move_branch(self.commits[release])
        config = self.site.root / "r10k.yaml"
        self.site.run("r10k", "deploy", "environment", "--modules", "--config", config)
        self.server.flush(ENVIRONMENT)

    def catalog(self) -> Any:
        return self.server.catalog("node.example.org", ENVIRONMENT, FACTS)


def _with_file(repository: Path, commit: str, path: str, text: str) -> str:
    """Return a commit that has another file, on top of `commit`."""
    ref = "refs/heads/with-file"
    data = f"data {len(text.encode())}\n{text}\n"
    given = (
        f"commit {ref}\ncommitter T <t@example.org> 1700000000 +0000\ndata 0\nfrom {commit}\n"
        f"M 100644 inline {path}\n{data}"
    )
    place = ["git", f"--git-dir={repository}"]
    subprocess.run([*place, "fast-import", "--quiet", "--force"], input=given, text=True, check=True)
    found = subprocess.run([*place, "rev-parse", ref], capture_output=True, text=True, check=True).stdout
    subprocess.run([*place, "update-ref", "-d", ref], check=True)
    return found.strip()


def content_of(release: str) -> str:
    """Return nova's file in a release."""
    return f"the file of {release}\n"


def release_of(catalog: Any) -> str:
    """Return the only release that a catalog is of; raises MixtureError."""
    notes = [one["title"].split() for one in catalog["resources"] if one["type"] == "Notify"]
    assert sorted(what for what, _ in notes) == list(PARTS)
    releases = {release for _, release in notes}
    checksums = {
        f"{{sha256}}{hashlib.sha256(content_of(name).encode()).hexdigest()}": name for name in RELEASES
    }
    releases |= {checksums[one["checksum"]["value"]] for one in catalog.get("metadata", {}).values()}
    if len(releases) != 1:
        raise MixtureError(f"{notes}, {catalog.get('metadata')}")
    return str(releases.pop())


@dataclass
class Nodes:
    """Threads that do something again and again: `tasks` return what they were given.

    `answers` are what they returned, in order; `refusals` and `mixtures` are the texts of those errors, and `failures`
    of all others.
    """

    tasks: tuple[Callable[[], tuple[str, ...]], ...]
    answers: list[tuple[str, ...]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    mixtures: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._repeat, args=[task]) for task in self.tasks]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            for thread in threads:
                thread.join()

    def _repeat(self, task: Callable[[], tuple[str, ...]]) -> None:
        while not self.is_over.is_set():
            try:
                self.answers.append(task())
            except RefusedError as error:
                self.refusals.append(str(error))
                self.is_over.wait(0.5)
            except MixtureError as error:
                self.mixtures.append(str(error))
            except (AssertionError, OSError, KeyError, ValueError) as error:
                self.failures.append(f"{type(error).__name__}: {error}")


def ask(estate: Estate, files: PuppetServer) -> tuple[str, str, str]:
    """Compile a catalog, ask the server `files` for its file, and return `static`, its release and its code id.

    The first is `not static` if the catalog has no checksums, so that there is no version to ask for.
    """
    catalog = estate.catalog()
    release, code_id = release_of(catalog), catalog["code_id"]
    if not catalog.get("metadata"):
        return "not static", release, code_id
    content = files.static_content(ENVIRONMENT, code_id, FILE)
    if content != content_of(release):
        raise MixtureError(f"{content!r} for {release}")
    return "static", release, code_id


def apply(agent: Agent, target: Path) -> tuple[str, str]:
    """Let an agent write `target` anew, and return `applied` and the release of all that it did."""
    target.unlink(missing_ok=True)
    try:
        said = agent.run(ENVIRONMENT)
    except AssertionError as error:
        if "Error 500 on SERVER" in str(error):
            raise RefusedError(str(error)) from error
        raise
    rows = dict(_APPLIED.findall(said))
    assert sorted(rows) == list(PARTS), said
    releases = {*rows.values(), target.read_text().split()[-1]}
    if len(releases) != 1:
        raise MixtureError(f"{rows}, {target.read_text()!r}")
    return "applied", releases.pop()
