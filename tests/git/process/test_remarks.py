"""What git prints beside its work changes no result: traces, warnings, advice, the user's language."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from pinner.git.control.user_repository import read_at
from pinner.git.mirrors.batch import kinds_of
from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.objects.read import has_commits, read_files
from pinner.git.process.command import run
from pinner.git.process.failures import DamagedError
from pinner.git.process.repository import Mirror
from pinner.model.errors import InputError
from tests.support.repositories import Repository, run_git
from tests.support.servers import HttpGitServer

TRACES = {
    "trace": {"GIT_TRACE": "1"},
    "every trace": {
        f"GIT_TRACE{kind}": "true" for kind in ("", "_SETUP", "_PACKET", "_PERFORMANCE", "_CURL", "2")
    },
    "descriptors": {
        "GIT_TRACE": "2",
        "GIT_TRACE2_PERF": "2",
        **{f"GIT_TRACE_{n}": str(n) for n in range(3, 10)},
    },
    "a descriptor of pinner's": {"GIT_TRACE": "5", "GIT_TRACE_SETUP": "6", "GIT_TRACE_REFS": "7"},
    "curl": {"GIT_CURL_VERBOSE": "1"},
    "file": {"GIT_TRACE2_EVENT": "{tmp}/events", "GIT_TRACE": "{tmp}/trace"},
    "nonsense": {"GIT_TRACE": "relative"},
    "language": {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LANGUAGE": "de:fr"},
}
SETTINGS = {
    "deprecated": ("core.fsyncObjectFiles", "true"),
    "unknown value": ("core.fsync", "everything"),
    "trace by configuration": ("trace2.normalTarget", "2"),
    "trace without times": ("trace2.perfTarget", "2"),
    "colour": ("color.ui", "always"),
    "missing order of files": ("diff.orderFile", "/nonexistent/order"),
}


def results(mirrors: Mirrors, url: str) -> tuple[object, ...]:
    """Return what several calls find out."""
    mirror = mirrors.sync([url])[url]
    assert isinstance(mirror, Mirror), mirror
    tip = mirror.refs.commits["refs/heads/main"]
    files = read_files(mirror, [(tip, "metadata.json"), (tip, "none")], max_bytes=1000)
    return mirror.refs.commits, files, has_commits(mirror, [tip, "0" * 40]), mirrors.open(url)


def set_all(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str], tmp: Path) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp=tmp))


@pytest.mark.parametrize("name", TRACES)
def test_variables_change_no_result(
    nova: Repository,
    *,
    server: HttpGitServer,
    mirrors: Mirrors,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    url = f"{server.url}/{nova.path.name}"
    set_all(monkeypatch, TRACES[name], tmp_path)
    first = results(mirrors, url)
    monkeypatch.undo()
    assert first == results(mirrors, url)
    assert isinstance(first[1], dict)
    assert list(first[1].values())[1] is None


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_change_no_result(
    nova: Repository, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    key, value = SETTINGS[name]
    config = tmp_path / "gitconfig"
    run_git("config", "--file", str(config), key, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    first = results(mirrors, nova.url)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    assert first == results(mirrors, nova.url)


def test_a_trace_to_a_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    assert run(["version"], timeout=20).err == ""
    assert "built-in: git version" in (tmp_path / "trace").read_text()


def test_a_damaged_object_is_still_noticed_under_a_trace(
    nova: Repository, mirrors: Mirrors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    run_git("config", "--file", str(config), "trace2.normalTarget", "2")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    mirror = mirrors.sync([nova.url])[nova.url]
    assert isinstance(mirror, Mirror)
    tip = mirror.refs.commits["refs/heads/main"]
    (pack,) = (mirror.path / "objects" / "pack").glob("*.pack")
    content = bytearray(pack.read_bytes())
    content[12:-20] = bytes(len(content) - 32)
    pack.chmod(0o600)
    pack.write_bytes(content)
    with pytest.raises(DamagedError, match="cannot be read: "):
        kinds_of(mirror.path, [tip])


def test_a_revision_that_is_not_there_under_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    run_git("config", "--file", str(config), "core.fsyncObjectFiles", "true")
    run_git("init", "--quiet", str(tmp_path / "project"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(InputError, match="the project's git repository has no revision 'none'"):
        read_at(tmp_path / "project", "none", "file")
