"""What `make` installs: writes requirements/*.txt with exact versions and hashes, and prints the versions at pyproject's bounds.

    python -m tools.requirements lock      # renew every file below requirements/ (make lock-tools)
    python -m tools.requirements lowest    # print pinner's own requirements, with those of its extras, at the lowest versions that pyproject.toml allows
    python -m tools.requirements newest    # print them as pyproject.toml has them

The files hold for every Python that pyproject.toml allows (environment markers tell them apart) and name no package index:
pip takes the files from whichever index the user has configured, and compares their hashes.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

CHECKOUT = Path(__file__).resolve().parent.parent
DIRECTORY = CHECKOUT / "requirements"
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "run": (),
    "cluster": ("cluster",),
    "test": ("test", "cluster"),
    "e2e": ("test", "e2e", "cluster"),
    "docs": ("docs",),
    "dist": ("dist",),
    "lock": ("lock",),
}
"""File of requirements/ -> the extras of pyproject.toml that it installs beside pinner's own requirements."""

_EDITABLE = "editables>=0.5"  # hatchling needs it for `pip install --editable`
_COMPILE = ("pip", "compile", "--universal", "--generate-hashes", "--no-header", "--no-annotate", "--quiet")
_HEADER = "# Renewed by `make lock-tools` from pyproject.toml; not edited by hand.\n"


def read_project() -> Mapping[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


def lock() -> None:
    """Write all files; each version is the newest that suits all of them together. Needs the network."""
    project = read_project()
    python = Requirement(f"python{project['project']['requires-python']}").specifier
    oldest = next(iter(python)).version
    DIRECTORY.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        build, everything = Path(directory, "build.in"), Path(directory, "everything.txt")
        build.write_text("\n".join([*project["build-system"]["requires"], _EDITABLE, ""]), encoding="utf-8")
        inputs = ("pyproject.toml", str(build), "--python-version", oldest)
        _compile(*inputs, "--all-extras", "--output-file", str(everything))
        for name, extras in EXTRAS.items():
            chosen = [f"--extra={extra}" for extra in extras]
            target = Path(directory, f"{name}.txt")
            _compile(*inputs, *chosen, "--constraint", str(everything), "--output-file", str(target))
            text = _HEADER + target.read_text(encoding="utf-8")
            (DIRECTORY / target.name).write_text(text, encoding="utf-8")


def at_lowest(requirement: Requirement) -> str:
    """Return the requirement with its lower bound as the only version; raises ValueError if it has none."""
    bounds = [each.version for each in requirement.specifier if each.operator == ">="]
    if len(bounds) != 1:
        raise ValueError(f"pyproject.toml: {requirement} needs one lower bound (>=)")
    return f"{requirement.name}=={bounds[0]}"


def _compile(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    # uv takes no index from the environment here: the hashes are those of the public files
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    subprocess.run([str(uv), *_COMPILE, "--no-config", *arguments], cwd=CHECKOUT, env=environment, check=True)


def main(arguments: list[str]) -> int:
    """Do what the only argument names."""
    project = read_project()["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    own = [Requirement(line) for line in lines]
    match arguments:
        case ["lock"]:
            lock()
        case ["lowest"]:
            print(*map(at_lowest, own))
        case ["newest"]:
            print(*(str(requirement).replace(" ", "") for requirement in own))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
