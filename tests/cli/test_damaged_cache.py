"""A damaged cache: no run ends in a bug, no lock gets a false fact, and the second run is whole again."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinner.git.mirrors.metadata import CACHE_FILE
from tests.support.cloud import Cloud

FLIPS = 2


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    """An environment with a branch, a tag and a module of the gate's, locked, with everything in the cache."""
    gate = cloud.upstream("openstack-integration")
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.6.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.6.0", "refs/heads/main")
    git = "https://github.com/puppetlabs/puppetlabs-stdlib"
    gate.commit("stable/2025.1", files={"Puppetfile": f"mod 'stdlib', :git => '{git}', :ref => 'v9.6.0'\n"})
    nova = cloud.upstream("nova")
    nova.commit("stable/2025.1", version="26.1.0", needs={"puppetlabs/stdlib": ">=9.0.0 <10.0.0"})
    cloud.manifest(
        "production",
        "release: 2025.1\nopenstack: [nova]\ndependencies: {externals: integration}\n"
        "modules:\n  keystone: {tag: 26.0.0}\n",
    )
    for command in ("lock", "verify"):
        assert cloud.run(command).code == 0
    return cloud


def files_of(cache: Path) -> list[Path]:
    """Return the memory and all files of two mirrors that hold anything, relative to the cache."""
    mirrors = [next((cache / "git").glob(f"*{name}-*.git")) for name in ("nova", "integration")]
    files = [
        cache / CACHE_FILE,
        *(path for mirror in mirrors for path in mirror.rglob("*") if path.is_file()),
    ]
    return sorted(path.relative_to(cache) for path in files if path.stat().st_size and path.name != "config")


def damages(content: bytes, chance: random.Random) -> Iterator[bytes]:
    """Yield the content with a bit flipped in each of its regions, and cut off."""
    step = max(1, -(-len(content) // FLIPS))
    for start in range(0, len(content), step):
        place = min(start + chance.randrange(step), len(content) - 1)
        flipped = bytearray(content)
        flipped[place] ^= 1 << chance.randrange(8)
        yield bytes(flipped)
    yield content[: chance.randrange(1, len(content))]


def damage(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.mark.parametrize("command", ["update", "verify", "status"])
def test_damage_of_any_file_is_mended_by_the_second_run(locked: Cloud, command: str) -> None:
    cache, good = locked.root / "cache", locked.root / "good"
    shutil.copytree(cache, good)
    lock = locked.lock_path("production").read_bytes()
    whole = locked.run(command)
    assert whole.code == 0
    chance = random.Random(command)  # noqa: S311 - places, no secrets
    for name in files_of(good):
        if command != "update" and not name.name.startswith(("memory", "pinner", "packed")):
            continue
        for number, content in enumerate(damages((good / name).read_bytes(), chance)):
            damage(cache / name, content)
            results = [locked.run(command) for _ in range(2)]
            what = f"{name}, damage {number}: {[(one.code, one.out, one.err) for one in results]}"
            assert results[0].code in {0, 3}, what
            assert locked.lock_path("production").read_bytes() == lock, what
            assert (results[1].code, results[1].out) == (0, whole.out), what
            shutil.rmtree(cache)
            shutil.copytree(good, cache)
