"""Upstreams of a real one's size, generated: some hundred commits, eight branches, about 175 advertised refs."""

import json
import random
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

RELEASES = {"2024.1": 24, "2024.2": 25, "2025.1": 26, "2025.2": 27}
OPENSTACK = (
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
        "neutron",
        "nova",
        "octavia",
        "openstacklib",
        "oslo",
    ),
    *(
        "openstack_extras",
        "ovn",
        "placement",
        "swift",
        "tempest",
        "trove",
        "vitrage",
        "vswitch",
        "watcher",
        "zaqar",
    ),
)
# Each needs those before it, and every other module needs all of them.
LIBRARIES = ("openstacklib", "oslo", "keystone")
OWN = tuple(f"site{number:02}" for number in range(10))
_OLDER = {"wallaby": 18, "xena": 19, "yoga": 20, "zed": 21}
_WHO = "Upstream <upstream@example.org>"
_START = 1_500_000_000
_WORDS_A_LINE = 8


@dataclass(frozen=True, slots=True)
class Size:
    """How much history a repository has: `files` of `lines`, `commits` that each change two of them, version tags."""

    commits: int = 400
    files: int = 300
    lines: int = 90
    tags: int = 83


def url_of(module: str) -> str:
    """Return the canonical URL of a module of the benchmark."""
    return (
        f"https://git.example.net/puppet-{module}"
        if module in OWN
        else f"https://opendev.org/openstack/puppet-{module}"
    )


def path_of(root: Path, module: str) -> Path:
    """Return where the repository of that URL lies below `root`."""
    return root / f"{url_of(module).partition('://')[2]}.git"


def build(root: Path, modules: tuple[str, ...], size: Size) -> None:
    """Build the modules' repositories below `root`, packed as a server has them.

    In processes of their own: what this one holds in memory would count as its children's peak.
    """
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_build, root, size), modules))


def commit(root: Path, module: str, release: str, number: int) -> None:
    """Add a commit to the branch of a release, as upstream does: `number` tells one from the next."""
    branch = f"refs/heads/stable/{release}"
    text = f"class {module}::fix{number} {{\n}}\n"
    head = f"commit {branch}\ncommitter {_when(10**5 + number)}\n{_data(f'Fix {number}')}from {branch}^0\n"
    given = head + _file(f"manifests/fix{number}.pp", text)
    _git(path_of(root, module), "fast-import", "--quiet", given=given)


def _build(root: Path, size: Size, module: str) -> None:
    path = path_of(root, module)
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "--bare", "--template=", "-b", "master", str(path)], check=True)
    _git(path, "fast-import", "--quiet", given="".join(_history(module, size)))
    _git(path, "config", "uploadpack.allowAnySHA1InWant", "true")
    _git(path, "repack", "-a", "-d", "-q", "--threads=1", "--write-bitmap-index")
    _git(path, "pack-refs", "--all")


def _history(module: str, size: Size) -> Iterator[str]:
    """Yield one line of history on which branches and tags are spread evenly."""
    chance = random.Random(module)  # noqa: S311 - the same history on every machine
    majors = {**_OLDER, **RELEASES}
    branches = list(majors)
    for number in range(size.commits):
        release = branches[number * len(branches) // size.commits]
        version = f"{majors[release]}.{number % 10}.{number}"
        yield f"commit refs/heads/master\nmark :{number + 1}\ncommitter {_when(number)}\n{_data(f'Change {number}')}"
        yield _file("metadata.json", _metadata(module, version))
        for part in range(size.files) if number == 0 else chance.sample(range(size.files), 2):
            yield _file(f"manifests/part{part:03}.pp", _manifest(chance, module, part, size.lines))
        if number % max(1, size.commits // size.tags) == 0:
            yield f"tag {version}\nfrom :{number + 1}\ntagger {_when(number)}\n{_data(version)}"
        yield f"reset refs/heads/stable/{release}\nfrom :{number + 1}\n\n"


def _when(number: int) -> str:
    return f"{_WHO} {_START + number * 9999} +0000"


def _file(path: str, text: str) -> str:
    return f"M 100644 inline {path}\n{_data(text)}"


def _manifest(chance: random.Random, module: str, file: int, lines: int) -> str:
    rows = (" ".join(f"{chance.getrandbits(28):x}" for _ in range(_WORDS_A_LINE)) for _ in range(lines // 4))
    plain = "".join(f"  $parameter_{line} = $facts['os_service_default'],\n" for line in range(lines))
    return f"class {module}::part{file:03} (\n{plain}) {{\n" + "".join(f"  # {row}\n" for row in rows) + "}\n"


def _metadata(module: str, version: str) -> str:
    major = int(version.partition(".")[0])
    needs = (
        LIBRARIES[: LIBRARIES.index(module)] if module in LIBRARIES else () if module in OWN else LIBRARIES
    )
    rows = [
        {"name": f"openstack/{name}", "version_requirement": f">={major}.0.0 <{major + 1}.0.0"}
        for name in needs
    ]
    owner = "example" if module in OWN else "openstack"
    return (
        json.dumps({"name": f"{owner}-{module}", "version": version, "dependencies": rows}, indent=2) + "\n"
    )


def _git(path: Path, *arguments: str, given: str | None = None) -> None:
    subprocess.run(
        ["git", "-C", str(path), *arguments], input=given, text=True, check=True, capture_output=True
    )


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
