"""What is published: built twice it is the same, and in an empty environment it works."""

import hashlib
import os
import subprocess
import sys
import tarfile
import venv
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from pinner import __version__
from pinner.cli.root import COMMANDS

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
DAY = "1700000000"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("dist"))


def build(source: Path, output: Path, **variables: str) -> Path:
    """Build the sdist, and from it the wheel, as `make dist` does."""
    command = [
        sys.executable,
        "-m",
        "build",
        "--quiet",
        "--no-isolation",
        "--outdir",
        str(output),
        str(source),
    ]
    subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": DAY, **variables})
    return output


def digests(directory: Path) -> Mapping[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel and what it asks for."""
    directory = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(directory, with_pip=True)
    subprocess.run([directory / "bin" / "pip", "install", "--quiet", wheel], check=True)
    return directory


def test_built_elsewhere_with_other_rights_and_another_clock_it_is_the_same(
    built: Path, tmp_path: Path
) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    for path in (source, *source.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    again = build(source, tmp_path / "dist", TZ="Asia/Tokyo", LC_ALL="C")
    assert digests(again) == digests(built)


def test_the_wheel_has_types_and_manuals_and_no_tests(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    below = f"pinner-{__version__}.data/data/share/"
    assert {"pinner/py.typed", f"{below}zsh/site-functions/_pinner"} <= names
    assert {f"{below}man/man1/pinner-{name}.1" for name in COMMANDS} <= names
    assert {name.split("/")[0] for name in names} == {
        "pinner",
        f"pinner-{__version__}.data",
        f"pinner-{__version__}.dist-info",
    }


def test_in_an_empty_environment_the_demo_works(empty: Path, tmp_path: Path) -> None:
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    demo = subprocess.run(
        [empty / "bin" / "pinner", "demo"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "locked 2 environments: 0 errors, 0 warnings\n" in demo.stdout
    assert (tmp_path / "pinner-demo/puppetfiles/staging/Puppetfile").exists()


def test_there_is_one_version(empty: Path) -> None:
    told = subprocess.check_output([empty / "bin" / "pinner", "--version"], text=True)
    installed = subprocess.check_output([empty / "bin" / "pip", "show", "pinner"], text=True)
    assert told == f"pinner {__version__}\n"
    assert f"\nVersion: {__version__}\n" in installed


def test_man_finds_the_manuals_of_the_environment(empty: Path) -> None:
    found = subprocess.check_output(
        ["man", "-P", "cat", "pinner-lock"],
        env={**os.environ, "MANPATH": str(empty / "share" / "man"), "MANWIDTH": "100"},
        text=True,
    )
    assert "pinner-lock - Pin what is new or changed in manifests; keep all other pins" in found
