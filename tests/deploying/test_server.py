"""What is found on a machine: the programs on PATH are real ones, written for the test."""

from pathlib import Path

import pytest

from pinner.deploying.r10k_config import detect_server


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
    assert detect_server().r10k == version


def test_a_program_that_cannot_be_started_is_no_r10k(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", "r10k", "").write_bytes(b"\x7fELF")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert detect_server().r10k is None


def test_a_machine_with_nothing_on_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = detect_server()
    assert found.r10k is None
    assert found.environmentpath.parts[-2:] == ("code", "environments")


def test_puppet_is_that_of_puppets_packages_or_else_the_one_on_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = install(tmp_path / "bin", "puppet", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert detect_server(tmp_path).puppet == own
    (tmp_path / "opt/puppetlabs").mkdir(parents=True)
    packaged = install(tmp_path / "opt/puppetlabs/bin", "puppet", "")
    assert detect_server(tmp_path).puppet == packaged


PACKAGES = ("etc/puppetlabs", "etc/puppetlabs/puppet/puppet.conf")
DEBIAN = ("etc/puppet", "etc/puppet/puppet.conf")


@pytest.mark.parametrize(
    ("files", "home", "conf"),
    [
        ([], PACKAGES[0], None),
        (["etc/puppet/code/hiera.yaml"], DEBIAN[0], None),
        ([PACKAGES[1]], *PACKAGES),
        ([DEBIAN[1]], *DEBIAN),
        ([DEBIAN[1], "etc/puppetlabs/r10k/r10k.yaml"], *DEBIAN),
        ([DEBIAN[1], PACKAGES[1]], *PACKAGES),
    ],
)
def test_environments_are_where_puppet_is_configured(
    files: list[str], home: str, conf: str | None, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = detect_server(tmp_path)
    assert found.environmentpath == tmp_path / home / "code/environments"
    assert found.puppet_conf == (tmp_path / conf if conf else None)
