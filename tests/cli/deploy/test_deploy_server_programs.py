"""The programs that Puppet Server runs for static catalogs, run as it runs them: with an empty environment."""

import os
import subprocess
import time

import pytest

from tests.cli.deploy.test_deploy import deploy, target
from tests.support.cloud import Cloud
from tests.support.control import make_control, move_nova
from tests.support.prepared import Prepared

OLD = {"manifests/init.pp": "class nova {}\n", "files/x": "old\n", "files/sub/y": "y\n", "lib/z.rb": "z\n"}


def run_program(cloud: Cloud, name: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    program = target(cloud) / ".pinner" / name
    return subprocess.run([str(program), *arguments], env={}, cwd="/", capture_output=True, check=False)


def code_id(cloud: Cloud, environment: str = "production") -> str:
    done = run_program(cloud, "code-id", environment)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().strip()


def lock_with_profile(cloud: Cloud) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1", files=OLD)
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    control = make_control(cloud)
    control.repository.commit({"site/profile/files/p": "profile\n"}, branch="production")
    assert cloud.run("lock").code == 0


@pytest.fixture
def two(cloud: Cloud, prepared: Prepared) -> tuple[Cloud, str, str]:
    """A project that was deployed twice, with another file each time, and both ids."""
    prepared(cloud, lock_with_profile)
    assert deploy(cloud).code == 0
    old = code_id(cloud)
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.2", files={**OLD, "files/x": "new\n"})
    assert cloud.run("update").code == 0
    assert deploy(cloud).code == 0
    return cloud, old, code_id(cloud)


def test_the_id_is_the_version_that_is_served(two: tuple[Cloud, str, str]) -> None:
    cloud, old, new = two
    assert old != new == (target(cloud) / "production").readlink().name
    assert cloud.run("deploy", "--to", str(target(cloud)), "--rollback", "production").code == 0
    assert code_id(cloud) == old


def test_files_come_from_the_version_of_the_id(two: tuple[Cloud, str, str]) -> None:
    cloud, old, new = two
    for path, contents in {
        "modules/nova/files/x": (b"old\n", b"new\n"),
        "modules/nova/files/sub/y": (b"y\n", b"y\n"),
        "modules/nova/lib/z.rb": (b"z\n", b"z\n"),
        "site/profile/files/p": (b"profile\n", b"profile\n"),
    }.items():
        for version, content in zip((old, new), contents, strict=True):
            done = run_program(cloud, "code-content", "production", version, path)
            assert (done.returncode, done.stdout, done.stderr) == (0, content, b""), path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("other", "{new}", "modules/nova/files/x"), "environment other has no version"),
        (("", "{new}", "modules/nova/files/x"), "this is not the name of an environment"),
        (("../production", "{new}", "modules/nova/files/x"), "this is not the name of an environment"),
        (("production", "pin-0", "modules/nova/files/x"), "has no version pin-0"),
        (("production", "", "modules/nova/files/x"), "unknown code id"),
        (("production", "pin-/../{new}", "modules/nova/files/x"), "this is not a code id"),
        (("production", "{new}", "modules/nova/files/none"), "there is no such file"),
        (("production", "{new}", "modules/nova/files/sub"), "there is no such file"),
        (("production", "{new}", "modules/nova/files/../metadata.json"), "this is not a path"),
        (("production", "{new}", "modules/nova/manifests/init.pp"), "this is not a file of a module"),
        (("production", "{new}", "modules/nova/files/"), "this is not a path"),
        (("production", "{new}", "/etc/nova/files/x"), "this is not a path"),
        (("production", "{new}", "environment.conf"), "this is not a file of a module"),
        (("production", "{new}", "modules/none/files/x"), "there is no such"),
        (("production", "{new}"), "this is not a path"),
        ((), "this is not the name of an environment"),
    ],
)
def test_everything_else_fails(two: tuple[Cloud, str, str], arguments: tuple[str, ...], words: str) -> None:
    cloud, _, new = two
    done = run_program(cloud, "code-content", *(word.format(new=new) for word in arguments))
    assert done.returncode != 0
    assert done.stdout == b""
    assert words in done.stderr.decode()


@pytest.mark.parametrize(
    "target_of_link",
    ["/etc/passwd", "../../../secret", "{other}/files/x"],
    ids=["absolute", "up", "other tree"],
)
def test_no_link_leads_out_of_a_module(cloud: Cloud, target_of_link: str) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1", files=OLD)
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.1", files={"files/x": "other\n"})
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    cloud.manifest("staging", "release: 2025.1\nopenstack: [keystone]\n")
    assert cloud.run("lock").code == 0
    assert deploy(cloud).code == 0
    (target(cloud) / ".pinner/secret").write_text("secret\n")
    other = (target(cloud) / "staging/modules/keystone").resolve()
    _link(cloud, "files/link", target_of_link.format(other=other))
    assert cloud.run("update").code == 0
    result = deploy(cloud)
    assert result.code == 0, result.err
    assert "symbolic link 'files/link' leads out of the module [deploy-outward-link]" in result.out
    done = run_program(cloud, "code-content", "production", code_id(cloud), "modules/nova/files/link")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"a link leads out of the module" in done.stderr or b"there is no such file" in done.stderr


def test_a_module_that_is_a_link_to_a_tree_of_another_version_is_not_served(cloud: Cloud) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1", files=OLD)
    cloud.manifest("staging", "release: 2025.1\nopenstack: [nova]\n")
    control = make_control(cloud)
    control.repository.commit({"x": "x\n"}, branch="production")
    control.repository.commit({"x": "x\n"}, branch="staging")
    assert cloud.run("lock").code == 0
    assert deploy(cloud).code == 0
    tree = (target(cloud) / "staging/modules/nova").resolve()
    blob = control.repository.blob(str(tree).strip())
    listing = f"120000 blob {control.repository.git('hash-object', '-w', '--stdin', given=str(tree).encode())}\tnova"
    inner = control.repository.git("mktree", given=f"{listing}\n".encode())
    outer = control.repository.git("mktree", given=f"040000 tree {inner}\tsite\n".encode())
    assert blob
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    control.repository.branch("production", control.repository.git(*who, "commit-tree", "-m", "x", outer))
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone]\n")
    assert cloud.run("lock").code == 0
    assert deploy(cloud).code == 0
    assert (target(cloud) / "production/site/nova/files/x").is_file()
    done = run_program(cloud, "code-content", "production", code_id(cloud), "site/nova/files/x")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the module is not in this version" in done.stderr


def test_an_environment_that_pinner_did_not_deploy_has_no_id(two: tuple[Cloud, str, str]) -> None:
    cloud, _, _ = two
    (target(cloud) / "foreign").mkdir()
    (target(cloud) / "elsewhere").symlink_to(cloud.root)
    for name in ("foreign", "elsewhere", "none", "", "../x"):
        done = run_program(cloud, "code-id", name)
        assert done.returncode != 0
        assert done.stdout == b""
        assert done.stderr


def test_the_configuration_names_both_programs(two: tuple[Cloud, str, str]) -> None:
    text = (target(two[0]) / ".pinner/versioned-code.conf").read_text()
    assert f'code-id-command: "{target(two[0])}/.pinner/code-id"' in text
    assert f'code-content-command: "{target(two[0])}/.pinner/code-content"' in text


def test_the_programs_pass_the_shells_own_check(two: tuple[Cloud, str, str]) -> None:
    for name in ("code-id", "code-content"):
        program = target(two[0]) / ".pinner" / name
        assert program.stat().st_mode & 0o777 == 0o755
        subprocess.run(["sh", "-n", str(program)], check=True)


def _link(cloud: Cloud, path: str, leads_to: str) -> None:
    """Commit a symbolic link to nova's branch."""
    files = {**OLD, path: leads_to}
    commit = cloud.upstream("nova").commit("stable/2025.1", version="26.0.3", files=files)
    nova = cloud.upstream("nova")
    index = {**os.environ, "GIT_INDEX_FILE": str(nova.path / "link-index")}

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(nova.path), "-c", "user.name=T", "-c", "user.email=t@example.org", *words],
            env=index,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    git("read-tree", commit)
    blob = git("rev-parse", f"{commit}:{path}")
    git("update-index", "--cacheinfo", f"120000,{blob},{path}")
    made = git("commit-tree", "-p", commit, "-m", "A link", git("write-tree"))
    nova.move("refs/heads/stable/2025.1", made)


def test_no_id_is_given_while_an_environment_is_drained(two: tuple[Cloud, str, str]) -> None:
    cloud, _, new = two
    place = target(cloud) / ".pinner/versions/production/switching"
    place.write_text(f"{int(time.time()) + 3600}\n")
    held = run_program(cloud, "code-id", "production")
    assert held.returncode != 0
    assert held.stdout == b""
    assert b"environment production is being switched" in held.stderr
    for over in (f"{int(time.time()) - 1}\n", "", "x\n"):
        place.write_text(over)
        assert code_id(cloud) == new


def test_a_drain_ends_with_the_deployment(two: tuple[Cloud, str, str]) -> None:
    cloud, old, _ = two
    move_nova(cloud, "2025.1")
    before = time.monotonic()
    assert deploy(cloud, "--drain", "1.5").code == 0
    assert time.monotonic() - before >= 1.5
    assert not list(target(cloud).rglob("switching"))
    newest = code_id(cloud)
    assert deploy(cloud, "--drain", "600").code == 0  # nothing is switched, so nothing is waited for
    assert (
        cloud.run(
            "deploy", "--to", str(target(cloud)), "--rollback", f"production@{old}", "--drain", "0.1"
        ).code
        == 0
    )
    assert code_id(cloud) == old != newest
    assert not list(target(cloud).rglob("switching"))
