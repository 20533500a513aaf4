"""`pinner identify` on what real servers and hostile people put into a directory of modules."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud, Upstream
from tests.support.exports import export

CODE = "class nova {\n" + "".join(f"  $v{number} = {number}\n" for number in range(20)) + "}\n"
NAMES = ['q"uote', "line\nbreak", "\x1b[31mred", "a b", "-rf", "*", os.fsdecode(b"\xff"), "\u202eright"]


@pytest.fixture
def nova(cloud: Cloud) -> Upstream:
    upstream = cloud.upstream("nova")
    files = {"manifests/init.pp": CODE, "files/run.sh": "#!/bin/sh\n", "README.md": "a\n"}
    upstream.commit("master", version="26.1.0", files=files)
    upstream.tag("26.1.0", "refs/heads/master")
    upstream.commit("master", version="26.2.0", files={**files, "manifests/init.pp": CODE + "# two\n"})
    upstream.tag("26.2.0", "refs/heads/master")
    return upstream


def identify(cloud: Cloud, directory: Path, *words: str, name: str = "nova") -> Any:
    """Return what is said of one module."""
    result = cloud.run("identify", str(directory), "--format", "json", *words)
    (row,) = (row for row in result.json["modules"] if row["directory"] == name)
    return row


def test_other_line_ends_are_told_and_make_no_other_commit(
    cloud: Cloud, nova: Upstream, modules: Path
) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    for path in (copy / "manifests/init.pp", copy / "README.md"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    row = identify(cloud, modules)
    assert (row["match"], row["identity"]["ref"]) == ("same", "refs/tags/26.1.0")
    assert row["identity"]["differences"]["line_ends"] == ["README.md", "manifests/init.pp"]
    assert (
        "    different line endings: README.md, manifests/ (1 file)\n"
        in cloud.run("identify", str(modules)).out
    )


def test_a_change_among_other_line_ends_is_a_change(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.2.0", modules / "nova")
    for path in (path for path in copy.rglob("*") if path.is_file()):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    (copy / "manifests/init.pp").write_bytes((CODE + "# too\n").replace("\n", "\r\n").encode())
    row = identify(cloud, modules)
    assert (row["match"], row["identity"]["ref"]) == ("nearest", "refs/tags/26.2.0")
    assert row["identity"]["differences"]["changed"] == [
        {"path": "manifests/init.pp", "added": 1, "removed": 1}
    ]
    assert row["identity"]["differences"]["line_ends"] == ["README.md", "files/run.sh", "metadata.json"]


def test_the_executable_bit_is_told(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / "files/run.sh").chmod(0o755)
    row = identify(cloud, modules)
    assert (row["match"], row["identity"]["differences"]["modes"]) == ("same", ["files/run.sh"])


def test_links_are_compared_by_where_they_lead(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / "README.md").unlink()
    (copy / "README.md").symlink_to("/etc/passwd")
    (copy / "files/loop").symlink_to("..")
    differences = identify(cloud, modules)["identity"]["differences"]
    assert [row["path"] for row in differences["changed"]] == ["README.md"]
    assert differences["only_here"] == [{"path": "files/loop", "added": 1, "removed": 0}]
    assert "    README.md: a symbolic link on one side\n" in cloud.run("identify", str(modules)).out


def test_a_repository_inside_is_not_looked_at(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / ".git").mkdir()
    (copy / ".git/config").write_text("[core]\n\tfsmonitor = touch /nowhere\n")
    (copy / "files/.git").write_text("gitdir: /nowhere\n")
    assert identify(cloud, modules)["match"] == "exact"


def test_hostile_names_are_shown_as_what_they_are(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    for name in NAMES:
        (copy / "files" / name).write_text("x\n")
    for name in ("\x1b[2Jnova", "..nova", "-nova", "no\nva", "nova;rm"):
        export(nova, "26.1.0", modules / name)
    row = identify(cloud, modules)
    assert {one["path"] for one in row["identity"]["differences"]["only_here"]} == {
        f"files/{name}" for name in NAMES
    }
    told = cloud.run("identify", str(modules)).out
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "no va" in told
    assert "\\x1b[2Jnova" in told


def test_what_cannot_be_read_is_named_and_nothing_is_said_of_it(
    cloud: Cloud, nova: Upstream, modules: Path
) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / "README.md").unlink()
    with (copy / "README.md").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    os.mkfifo(copy / "pipe")
    row = identify(cloud, modules)
    assert row["match"] == "same"
    assert row["unread"] == [
        {"path": "README.md", "reason": "it is larger than 16 MiB"},
        {"path": "pipe", "reason": "it is a named pipe"},
    ]
    assert not any(row["identity"]["differences"].values())
    told = cloud.run("identify", str(modules))
    assert (told.code, "    could not be read: pipe: it is a named pipe\n" in told.out) == (0, True)


@pytest.mark.parametrize("path", ["manifests/init.pp", "files/pipe", "lib"])
def test_where_what_puppet_reads_cannot_be_read_nobody_says_that_it_is_the_same(
    cloud: Cloud, nova: Upstream, modules: Path, path: str
) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / path).unlink(missing_ok=True)
    os.mkfifo(copy / path)
    told = cloud.run("identify", str(modules), "--write", "x", "--accept-findings")
    assert told.code == 3
    assert told.out.startswith("nova  nearest  26.1.0 (")
    assert told.out.splitlines()[0].endswith(": 1 could not be read")
    manifest = (cloud.project / "environments/x.yaml").read_text()
    assert (
        f"nova could not be read whole, this is the commit it comes nearest to: {path} (not read)" in manifest
    )


def test_a_large_file_differs_in_something(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / "README.md").write_bytes(b"x" * (5 * 1024 * 1024))
    (copy / "files/image").write_bytes(b"\0" * (5 * 1024 * 1024))
    differences = identify(cloud, modules)["identity"]["differences"]
    assert differences["changed"] == [{"path": "README.md", "added": None, "removed": None}]
    assert differences["only_here"] == [{"path": "files/image", "added": None, "removed": None}]
    told = cloud.run("identify", str(modules)).out
    assert "    README.md: binary\n    files/image: only here\n" in told


@pytest.mark.usefixtures("nova")
def test_what_is_only_alike_by_a_licence_is_unknown(cloud: Cloud, modules: Path) -> None:
    (modules / "nova/manifests").mkdir(parents=True)
    (modules / "nova/README.md").write_text("a\n")
    (modules / "nova/files").mkdir()
    (modules / "nova/files/run.sh").write_text("#!/bin/sh\n")
    (modules / "nova/manifests/init.pp").write_text("".join(f"own {number}\n" for number in range(20)))
    result = cloud.run("identify", str(modules))
    assert result.code == 1
    assert "nova  unknown  no similar commit in any repository searched\n" in result.out
    assert "    searched: https://opendev.org/openstack/puppet-nova\n" in result.out


@pytest.mark.usefixtures("nova")
def test_a_module_without_anything_that_puppet_reads(cloud: Cloud, modules: Path) -> None:
    (modules / "nova/manifests").mkdir(parents=True)
    (modules / "nova/README.md").write_text("a\n")
    assert identify(cloud, modules)["match"] == "unknown"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ((), "no module was found\n  hint: a module has metadata.json, Modulefile, manifests/ or lib/\n"),
        (("modules/nova/metadata.json",), "no module was found\n  hint: did you mean {0}/modules?\n"),
    ],
)
def test_a_directory_without_modules(cloud: Cloud, tmp_path: Path, files: tuple[str, ...], told: str) -> None:
    directory = tmp_path / "empty"
    directory.mkdir()
    for name in files:
        (directory / name).parent.mkdir(parents=True)
        (directory / name).write_text("{}")
    result = cloud.run("identify", str(directory))
    assert (result.code, result.err) == (2, f"{directory}: {told.format(directory)}")


@pytest.mark.parametrize(
    ("name", "told"), [("none", "the directory does not exist"), ("file", "this is not a directory")]
)
def test_what_is_no_directory(cloud: Cloud, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "file").write_text("x")
    result = cloud.run("identify", str(tmp_path / name))
    assert (result.code, result.err) == (2, f"{tmp_path / name}: {told}\n")


def test_a_repository_that_is_not_there_is_told_with_its_own_exit_code(cloud: Cloud, modules: Path) -> None:
    (modules / "glance/manifests").mkdir(parents=True)
    (modules / "glance/manifests/init.pp").write_text("class glance {\n}\n")
    result = cloud.run("identify", str(modules))
    assert result.code == 3
    assert result.out.startswith("glance  unknown  no similar commit")
    assert "no git repository at https://opendev.org/openstack/puppet-glance" in result.err


def test_offline_nothing_is_asked(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    export(nova, "26.1.0", modules / "nova")
    result = cloud.run("identify", str(modules), "--offline")
    assert result.code == 3
    assert "is not in the cache: it was never synced" in result.err
    assert identify(cloud, modules)["match"] == "exact"
    shutil.rmtree(nova.path)
    assert identify(cloud, modules, "--offline")["match"] == "exact"
    assert cloud.run("identify", str(modules)).err == ""


def test_a_bad_url_is_refused_before_git_sees_it(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    export(nova, "26.1.0", modules / "nova")
    result = cloud.run("identify", str(modules), "--against", "ext::sh -c true")
    assert result.code == 2
    assert "is not a valid git URL" in result.err


def test_a_damaged_index_and_a_damaged_mirror_are_made_anew(
    cloud: Cloud, nova: Upstream, modules: Path
) -> None:
    export(nova, "26.1.0", modules / "nova")
    assert identify(cloud, modules)["match"] == "exact"
    (mirror,) = (cloud.root / "cache/git").glob("*nova*.git")
    (mirror / "pinner-trees").write_bytes(b"pinner-trees 1 x\n" + b"\0" * 100)
    assert identify(cloud, modules, "--offline")["match"] == "exact"
    (mirror / "pinner-trees").unlink()
    for pack in (mirror / "objects/pack").iterdir():
        pack.chmod(0o644)
        pack.write_bytes(b"")
    assert identify(cloud, modules)["match"] == "exact"


def test_a_mirror_that_lost_objects_is_not_believed(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    """The index still says where to look, but what is there cannot be read; without `--offline` it is made again."""
    export(nova, "26.1.0", modules / "good")
    copy = export(nova, "26.1.0", modules / "nova")
    (copy / "manifests/init.pp").write_text(f"{CODE}# ours\n")
    assert identify(cloud, modules)["match"] == "nearest"
    (pack,) = (cloud.root / "cache/git").glob("*nova*.git/objects/pack/*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:12] + bytes(pack.stat().st_size - 12))
    result = cloud.run("identify", str(modules), "--offline")
    assert result.code == 3
    assert result.out.count("unknown  no similar commit") == 2
    assert "is not in the cache: a pack has a wrong checksum" in result.err
    assert identify(cloud, modules)["match"] == "nearest"


def test_parallel_runs_on_one_cold_cache_agree(cloud: Cloud, nova: Upstream, modules: Path) -> None:
    export(nova, "26.1.0", modules / "nova")
    words = [sys.executable, "-m", "pinner", "identify", str(modules)]
    runs = [
        subprocess.Popen(words, cwd=cloud.project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [(*run.communicate(timeout=600), run.returncode) for run in runs]
    assert {code for _, _, code in ended} == {0}, ended
    assert len({out for out, _, _ in ended}) == 1
    assert [path.name for path in (cloud.root / "cache/git").glob("*/*.lock")] == []


def test_a_forges_download_of_a_module_with_a_modulefile(cloud: Cloud, modules: Path) -> None:
    """`puppet module build` made metadata.json and checksums.json; upstream has neither."""
    upstream = cloud.upstream("glance")
    text = "name 'openstack-glance'\nversion '1.0.0'\n"
    upstream.commit("master", files={"Modulefile": text, "manifests/init.pp": CODE})
    copy = export(upstream, "refs/heads/master", modules / "glance")
    (copy / "metadata.json").write_text('{"name": "openstack-glance", "version": "1.0.0", "checksums": {}}')
    (copy / "checksums.json").write_text("{}")
    row = identify(cloud, modules, name="glance")
    assert row["match"] == "same"
    assert row["identity"]["differences"]["left_by_tools"] == ["checksums.json", "metadata.json"]


@pytest.mark.parametrize(
    "url",
    [
        "https://jane:secret@h.invalid/x",
        "https://jane:secret/@h.invalid/x",
        "ssh://jane:secret@h.invalid/x",
        "jane:secret@h.invalid:x",
        "https://h.invalid/x?token=secret",
    ],
)
def test_a_url_with_a_password_is_refused_and_not_shown(
    cloud: Cloud, nova: Upstream, modules: Path, url: str
) -> None:
    export(nova, "26.1.0", modules / "nova")
    refused = cloud.run("identify", str(modules), "--against", url)
    assert (refused.code, refused.out) == (2, "")
    assert "secret" not in refused.err
