"""What TAB offers: commands, options, and the names of the project's environments and modules."""

import pytest

from tests.support.cloud import Cloud
from tests.support.shell import shell
from tests.support.unharmed import lock_basic


def offered(cloud: Cloud, line: str) -> list[str]:
    """Return what bash would offer at the end of the line."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_PINNER_COMPLETE": "bash_complete"}
    result = shell("pinner", cwd=cloud.project, **variables)
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
def test_names_are_completed(locked: Cloud, line: str, names: list[str]) -> None:
    assert offered(locked, line) == names


def test_a_broken_lock_and_no_project_offer_nothing_and_say_nothing(locked: Cloud) -> None:
    locked.lock_path("production").write_text("{")
    assert offered(locked, "pinner why production ") == []
    assert offered(locked, "pinner -C / lock ") == []


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(cloud: Cloud, name: str) -> None:
    result = shell(f"_PINNER_COMPLETE={name}_source pinner", cwd=cloud.project)
    assert (result.code, "pinner" in result.out) == (0, True)
