"""Projects that many tests begin with: each is made once, and copied for every test that changes it.

What no test changes is built once for all workers of a run.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.repositories import isolate_git


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """Return the directory `name` as `build` left it for whichever worker of this run needed it first.

    `build` is called with another path, which is renamed when it is complete.
    """
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    root = factory.getbasetemp().parent if is_worker else factory.getbasetemp()
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / name).exists():
            build(root / f"{name}.new")
            (root / f"{name}.new").rename(root / name)
    return root / name


Make = Callable[[Cloud], object]


@dataclass(frozen=True, slots=True)
class Prepared:
    """The projects made so far, below `root`, all of the same upstreams. What is made may hold no other path than `root`'s."""

    root: Path
    upstreams: Cloud
    made: dict[Make, Cloud] = field(default_factory=dict)

    def __call__(self, cloud: Cloud, make: Make) -> Cloud:
        """Return the new project `cloud` as `make` would leave it."""
        if make not in self.made:
            with pytest.MonkeyPatch.context() as monkeypatch:
                isolate_git(monkeypatch)
                made = Cloud(self.root / str(len(self.made))).take(self.upstreams)
                make(made)
            for upstream in made.upstreams.values():
                upstream.pack()
            self.made[make] = made
        return _copy(self.made[make], cloud)


def _copy(made: Cloud, cloud: Cloud) -> Cloud:
    shutil.rmtree(cloud.root / "upstreams")
    shutil.copytree(made.root, cloud.root, symlinks=True, dirs_exist_ok=True)
    settings = cloud.project / "pinner.yaml"
    settings.write_text(settings.read_text().replace(str(made.root), str(cloud.root)))
    cloud.upstreams = {
        str(path): replace(upstream, path=path)
        for upstream in made.upstreams.values()
        for path in [cloud.root / upstream.path.relative_to(made.root)]
    }
    return cloud
