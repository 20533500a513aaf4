"""What TAB offers: commands, options, and the names of the project's environments and modules."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.shell import shell
from tests.support.unharmed import lock_basic


def offered(cloud: Cloud, scripts: Path, line: str) -> list[str]:
    """Return what bash would offer at the end of the line."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_PINNER_COMPLETE": "bash_complete"}
    result = shell("pinner", cwd=cloud.project, pinner=str(scripts / "pinner"), **variables)
    assert (result.code, result.err) == (0, "")
    return [row.partition(",")[2] for row in result.out.splitlines() if row]


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    lock_basic(cloud)
    cloud.manifest("staging", "release: 2024.1\nopenstack: [nova]\n")
    cloud.manifest("_base", "release: 2024.1\n")
    return cloud


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pinner lo", ["lock"]),
        ("pinner lock --of", ["--offline"]),
        ("pinner lock ", ["production", "staging"]),
        ("pinner diff production st", ["staging"]),
        ("pinner why pro", ["production"]),
        ("pinner why production ", ["keystone", "nova"]),
        ("pinner update -m n", ["nova"]),
        ("pinner -C environments lock s", ["staging"]),
    ],
)
def test_names_are_completed(locked: Cloud, scripts: Path, line: str, names: list[str]) -> None:
    assert offered(locked, scripts, line) == names


def test_a_broken_lock_and_no_project_offer_nothing_and_say_nothing(locked: Cloud, scripts: Path) -> None:
    locked.lock_path("production").write_text("{")
    assert offered(locked, scripts, "pinner why production ") == []
    assert offered(locked, scripts, "pinner -C / lock ") == []


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(cloud: Cloud, scripts: Path, name: str) -> None:
    result = shell(
        f"_PINNER_COMPLETE={name}_source pinner", cwd=cloud.project, pinner=str(scripts / "pinner")
    )
    assert (result.code, "pinner" in result.out) == (0, True)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_command_prints_the_script_that_click_makes(cloud: Cloud, scripts: Path, name: str) -> None:
    made = shell(f"_PINNER_COMPLETE={name}_source pinner", cwd=cloud.project, pinner=str(scripts / "pinner"))
    printed = shell(f"pinner completion {name}", cwd=cloud.root, pinner=str(scripts / "pinner"))
    assert (printed.code, printed.out.strip()) == (0, made.out.strip())
