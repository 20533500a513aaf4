"""What is found on a machine: the programs on PATH are real ones, written for the test."""

from pathlib import Path

import pytest

from pinner.operations.layouts.server import look_around


def install(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo 'r10k 3.15.4'", (3, 15, 4)),
        ("echo warning: something; echo r10k 5.0.2", (5, 0, 2)),
        ("echo 'r10k five'", None),
        ("exit 1", None),
        ("exec /nowhere", None),
    ],
)
def test_the_version_of_r10k(
    script: str, version: tuple[int, ...] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "bin", "r10k", script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert look_around().r10k == version


def test_a_program_that_cannot_be_started_is_no_r10k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", "r10k", "").write_bytes(b"\x7fELF")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert look_around().r10k is None


def test_a_machine_with_nothing_on_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = look_around()
    assert found.r10k is None
    assert found.environmentpath.parts[-2:] == ("code", "environments")


def test_puppet_is_that_of_puppets_packages_or_else_the_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = Path("/opt/puppetlabs/bin/puppet")
    own = install(tmp_path / "bin", "puppet", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert look_around().puppet == (packaged if packaged.is_file() else own)
