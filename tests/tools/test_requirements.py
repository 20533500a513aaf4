"""The locked requirements are exact, have hashes, fit pyproject.toml, and name no place that they come from."""

import re
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.requirements import DIRECTORY, EXTRAS, at_lowest, read_project

_HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}")
Pin = tuple[str, str, str]
each_file = pytest.mark.parametrize("name", EXTRAS)


def logical_lines(name: str) -> Iterator[list[str]]:
    """Yield the physical lines of each requirement, without the backslashes that join them."""
    text = DIRECTORY.joinpath(f"{name}.txt").read_text(encoding="utf-8")
    for line in text.replace(" \\\n", "\0").splitlines():
        if not line.startswith("#"):
            yield line.split("\0")


def pins_of(name: str) -> set[Pin]:
    """Return name, version and marker of each requirement."""
    found: set[Pin] = set()
    for first, *_ in logical_lines(name):
        requirement = Requirement(first)
        (version,) = (each.version for each in requirement.specifier if each.operator == "==")
        found.add((canonicalize_name(requirement.name), version, str(requirement.marker or "")))
    return found


@each_file
def test_every_line_is_one_version_with_hashes_and_nothing_else(name: str) -> None:
    lines = list(logical_lines(name))
    assert len(pins_of(name)) == len(lines) > 0
    for _, *hashes in lines:
        assert hashes
        assert all(_HASH.fullmatch(line) for line in hashes)


@each_file
def test_what_pyproject_asks_for_is_locked_in_its_bounds(name: str) -> None:
    project = read_project()
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in EXTRAS[name]:
        wanted += project["project"]["optional-dependencies"][extra]
    for requirement in map(Requirement, wanted):
        versions = [pin[1] for pin in pins_of(name) if pin[0] == canonicalize_name(requirement.name)]
        assert versions, f"{requirement} is not locked: run `make lock-tools`"
        assert all(map(requirement.specifier.contains, versions)), requirement


def test_the_files_agree_with_each_other() -> None:
    pins = set().union(*map(pins_of, EXTRAS))
    assert len({(name, marker) for name, _, marker in pins}) == len(pins)


def test_every_extra_is_locked() -> None:
    extras = read_project()["project"]["optional-dependencies"]
    assert {extra for chosen in EXTRAS.values() for extra in chosen} == set(extras)
    assert {path.stem for path in DIRECTORY.iterdir()} == set(EXTRAS)


def test_the_lowest_version_is_the_lower_bound() -> None:
    assert at_lowest(Requirement("click>=8.1")) == "click==8.1"
    assert at_lowest(Requirement("rich>=13.7,<16")) == "rich==13.7"
    for line in read_project()["project"]["dependencies"]:
        assert "==" in at_lowest(Requirement(line))
    with pytest.raises(ValueError, match=r"click<9 needs one lower bound"):
        at_lowest(Requirement("click<9"))
