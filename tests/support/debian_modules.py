"""Real Puppet code: Debian's packages of Puppet modules, from several suites at once.

Each suite has an apt configuration and state of its own below the directory that is given; the system's apt is only
asked which mirror it uses. Nothing is installed: packages are downloaded and unpacked.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.oracles import find_tool, give_up

SUITES = ("bullseye", "bookworm", "trixie", "sid")
OPENSTACK = ("cinder", "glance", "keystone", "neutron", "nova", "openstacklib", "oslo", "placement")
THIRD_PARTY = (
    *("puppetlabs-apache", "puppetlabs-concat", "puppetlabs-inifile", "puppetlabs-mysql"),
    *("puppetlabs-postgresql", "puppetlabs-rabbitmq", "puppetlabs-stdlib"),
)
KEPT = (
    *(
        "aodh",
        "barbican",
        "ceilometer",
        "cinder",
        "cloudkitty",
        "designate",
        "glance",
        "gnocchi",
        "heat",
        "horizon",
    ),
    *(
        "ironic",
        "keystone",
        "magnum",
        "manila",
        "mistral",
        "murano",
        "neutron",
        "nova",
        "octavia",
        "openstack-extras",
    ),
    *(
        "openstacklib",
        "oslo",
        "ovn",
        "placement",
        "sahara",
        "swift",
        "tempest",
        "vswitch",
        "puppetlabs-apache",
    ),
    *(
        "puppetlabs-apt",
        "puppetlabs-concat",
        "puppetlabs-firewall",
        "puppetlabs-haproxy",
        "puppetlabs-inifile",
    ),
    *(
        "puppetlabs-mysql",
        "puppetlabs-postgresql",
        "puppetlabs-rabbitmq",
        "puppetlabs-rsync",
        "puppetlabs-stdlib",
    ),
    *("puppetlabs-translate", "puppetlabs-xinetd", "saz-memcached"),
)
"""The modules of `download_kept`."""
_CHECKOUT = Path(__file__).parents[2]
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_UNPACKED = Path("usr/share/puppet/modules.available")


@dataclass(frozen=True, slots=True)
class DebianModule:
    """One unpacked module: `owner` and `name` are from its metadata, `path` is its directory."""

    suite: str
    owner: str
    name: str
    version: str
    path: Path


def download(
    directory: Path, names: Iterable[str], suites: Iterable[str] = SUITES
) -> Mapping[str, tuple[DebianModule, ...]]:
    """Return suite to its modules by name, oldest suite first; `names` are what packages have after `puppet-module-`.

    A suite that its mirror no longer has is left out, and a package that a suite lacks; that no suite can be read is a
    reason to give up.
    """
    for tool in ("apt-get", "dpkg-deb"):
        find_tool(tool, "apt and dpkg")
    packages = [f"puppet-module-{name}" for name in names]
    with ThreadPoolExecutor() as pool:
        found = zip(
            suites, pool.map(lambda suite: _Suite(directory, suite).modules(packages), suites), strict=True
        )
    modules = {suite: modules for suite, modules in found if modules}
    if not modules:
        give_up(f"no Debian suite could be read from {_mirror()}")
    return modules


def download_kept() -> Mapping[str, tuple[DebianModule, ...]]:
    """Return the modules KEPT of all suites, from PINNER_DEBIAN_MODULES or the checkout's .e2e if they are there.

    All tests share that directory, which is filled once: it must not depend on which of them runs first.
    """
    directory = Path(os.environ.get("PINNER_DEBIAN_MODULES") or _CHECKOUT / ".e2e" / "debian_modules")
    return download(directory, KEPT)


def download_upstream(directory: Path, names: Iterable[str], suite: str) -> Mapping[str, Path]:
    """Return package name to what upstream released and Debian packaged, unpacked, for those of which Debian has it.

    `names` are as for `download`; what Debian changed since is not in it.
    """
    for tool in ("apt-get", "tar"):
        find_tool(tool, "apt and tar")
    try:
        found = dict(_Suite(directory, suite, "deb-src").unpack_upstream(names))
    except subprocess.CalledProcessError as error:
        give_up(f"the sources of Debian's suite {suite} could not be read: {error.stderr}")
    return found or give_up(f"Debian's suite {suite} has no source of these packages")


@dataclass(frozen=True, slots=True)
class _Suite:
    directory: Path
    name: str
    kind: str = "deb"

    def modules(self, packages: list[str]) -> tuple[DebianModule, ...]:
        """Return the modules, or nothing if the suite cannot be had."""
        try:
            return tuple(sorted(self._unpack(packages), key=lambda module: module.name))
        except subprocess.CalledProcessError:
            return ()

    def _unpack(self, packages: list[str]) -> list[DebianModule]:
        archives, root = self._home / "archives", self._home / "root"
        if not root.exists():
            archives.mkdir(parents=True)
            self._configure()
            self._apt("apt-get", "update", cwd=archives)
            known = self._apt("apt-cache", "pkgnames", "puppet-module-", cwd=archives).split()
            self._apt("apt-get", "download", *sorted({*packages} & {*known}), cwd=archives)
            for archive in sorted(archives.glob("*.deb")):
                subprocess.run(["dpkg-deb", "--extract", str(archive), str(root)], check=True)
            _put_back_facts(root)
        return [self._read(path) for path in (root / _UNPACKED).iterdir()]

    def unpack_upstream(self, names: Iterable[str]) -> Iterator[tuple[str, Path]]:
        archives = self._home / "archives"
        archives.mkdir(parents=True)
        self._configure()
        self._apt("apt-get", "update", cwd=archives)
        for name in names:
            with suppress(subprocess.CalledProcessError):
                self._apt("apt-get", "source", "--tar-only", f"puppet-module-{name}", cwd=archives)
                (archive,) = archives.glob(f"puppet-module-{name}_*.orig.tar.*")
                root = self._home / "root" / name
                root.mkdir(parents=True)
                subprocess.run(
                    ["tar", "-xf", str(archive), "--strip-components=1", "-C", str(root)], check=True
                )
                yield name, root

    @property
    def _home(self) -> Path:
        return self.directory / (self.name if self.kind == "deb" else f"{self.name}-sources")

    def _configure(self) -> None:
        for part in ("parts", "state/lists/partial", "cache/archives/partial"):
            (self._home / part).mkdir(parents=True)
        (self._home / "status").touch()
        source = f"{self.kind} [signed-by={_KEYRING}] {_mirror()} {self.name} main\n"
        (self._home / "sources.list").write_text(source)

    def _apt(self, tool: str, *arguments: str, cwd: Path) -> str:
        options = {
            "Dir::Etc::sourcelist": self._home / "sources.list",
            "Dir::Etc::sourceparts": self._home / "parts",
            "Dir::Etc::preferences": self._home / "none",
            "Dir::Etc::preferencesparts": self._home / "parts",
            "Dir::State": self._home / "state",
            "Dir::State::status": self._home / "status",
            "Dir::Cache": self._home / "cache",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        flags = [f"-o{name}={value}" for name, value in options.items()]
        command = [tool, "-qq", *flags, *arguments]
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

    def _read(self, path: Path) -> DebianModule:
        metadata = json.loads((path / "metadata.json").read_text())
        owner, _, name = metadata["name"].replace("/", "-").partition("-")
        return DebianModule(self.name, owner, name, metadata["version"], path)


def _mirror() -> str:
    """Return the Debian mirror that the system itself uses."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = next((line for line in listed.stdout.split() if line.rstrip("/").endswith("/debian")), None)
    return found or give_up("this system's apt knows no mirror of Debian")


def _put_back_facts(root: Path) -> None:
    """Give openstacklib its external facts again, which Debian moves to /etc; without them catalogs fail."""
    moved = root / "etc/facter/facts.d"
    library = root / _UNPACKED / "openstacklib"
    if moved.exists() and library.exists():
        shutil.copytree(moved, library / "facts.d", dirs_exist_ok=True)
