"""Manifests and settings that are broken, huge or hostile: told in words, and nothing is lost."""

import string

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.unharmed import BASIC, lock_basic, unharmed


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_basic)


def complaint(cloud: Cloud, manifest: str | bytes) -> str:
    """Return what every command that reads the manifest says of it, having changed nothing."""
    data = manifest if isinstance(manifest, bytes) else manifest.encode()
    cloud.project.joinpath("environments/production.yaml").write_bytes(data)
    with unharmed(cloud.project):
        results = [cloud.run(*command) for command in (("lock",), ("lock", "--check"), ("status",))]
    assert {(result.code, result.out, result.err) for result in results} == {(2, "", results[0].err)}
    return results[0].err


BOMB = f"a: &a [{','.join('x' * 9)}]\n" + "".join(
    f"{letter}: &{letter} [{','.join([f'*{before}'] * 9)}]\n"
    for before, letter in zip(string.ascii_lowercase, string.ascii_lowercase[1:], strict=False)
)
BROKEN = {
    "alias bomb": (BOMB, "environments/production.yaml:2:8: aliases ('*a') are not allowed\n"),
    "merge key": (
        "x: &x {a: b}\nmodules: {<<: *x}\n",
        "environments/production.yaml:2:11: merge keys ('<<') are not allowed\n",
    ),
    "10 MB of nesting": (
        "[" * 10_000_000,
        "environments/production.yaml: the file is longer than 1048576 bytes\n",
    ),
    "1 MB of flow nesting": (
        "modules: " + "{a: " * 200_000,
        "environments/production.yaml:1:86: values are nested more than 20 levels deep\n",
    ),
    "block nesting": (
        "".join(f"{' ' * depth}a:\n" for depth in range(1400)),
        "environments/production.yaml:21:21: values are nested more than 20 levels deep\n",
    ),
    "not valid UTF-8": (
        b"release: 2025.1\ndescription: caf\xe9\n",
        "environments/production.yaml:2:17: byte 0xe9 is not valid UTF-8\n  hint: save the file as UTF-8\n",
    ),
    "UTF-16": (
        BASIC.encode("utf-16"),
        "environments/production.yaml:1:1: the file is UTF-16, not UTF-8\n  hint: save it as UTF-8\n",
    ),
    "NUL": (
        "release: 2025.1\0\n",
        (
            "environments/production.yaml:1:16: the control character U+0000 does not belong in a text file\n"
            "  hint: delete it\n"
        ),
    ),
    "nothing": (
        "",
        (
            "environments/production.yaml: the manifest is empty\n  hint: write at least a release and the modules "
            "to run, such as 'release: 2025.1' and 'openstack: all'\n"
        ),
    ),
    "merge conflict": (
        f"<<<<<<< HEAD\n{BASIC}=======\n{BASIC}>>>>>>> topic\n",
        (
            "environments/production.yaml:1:1: the file has merge conflict markers\n"
            "  hint: keep the right parts of both sides, and delete the markers\n"
        ),
    ),
    "circle": (
        "extends: production\n",
        (
            "environments/production.yaml:1:10: extends: circular: 'production' extends 'production'\n"
            "  hint: remove 'extends' from one of them\n"
        ),
    ),
}


@pytest.mark.parametrize(("manifest", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_manifest_has_its_own_message(locked: Cloud, manifest: str | bytes, told: str) -> None:
    assert told in complaint(locked, manifest)


HOSTILE = {
    "release: --upload-pack=touch owned": "1:10: release: '--upload-pack=touch owned' is not an OpenStack release: ",
    "openstack: [--help]": "1:13: openstack: '--help' is not a valid module name: ",
    'openstack: ["<script>alert(1)</script>"]': "1:13: openstack: '<script>alert(1)</script>' is not a valid module name: ",
    "modules: {../../etc/passwd: {branch: main}}": "1:11: modules: '../../etc/passwd' is not a valid module name: ",
    "modules: {\"nova', :git => 'x\": {branch: main}}": "1:11: modules: \"nova', :git => 'x\" is not a valid module name: ",
    "modules: {nova: {branch: --output=owned}}": "1:26: modules.nova.branch: '--output=owned' is not a valid ref name: ",
    "modules: {nova: {tag: \"1'); system('touch owned\"}}": "1:23: modules.nova.tag: \"1'); system('touch owned\" is",
    "modules: {nova: {branch: \"#{system('touch owned')}\"}}": "1:26: modules.nova.branch: \"#{system('touch owned')}\" is",
    "modules: {nova: {branch: $(touch owned)}}": "1:26: modules.nova.branch: '$(touch owned)' is not a valid ref name: ",
    "modules: {nova: {branch: <img src=x>}}": "1:26: modules.nova.branch: '<img src=x>' is not a valid ref name: ",
    "modules: {nova: {commit: HEAD}}": "1:26: modules.nova.commit: 'HEAD' is not a full commit id: ",
    "modules: {nova: {git: 'ext::sh -c touch% owned', branch: x}}": "1:23: modules.nova.git: 'ext::sh -c touch% owned' is",
    "modules: {nova: {git: --upload-pack=owned, branch: x}}": "1:23: modules.nova.git: '--upload-pack=owned' is not a valid git URL",
    "modules: {nova: {git: \"https://h/x'; system('id')\", branch: x}}": "1:23: modules.nova.git: \"https://h/x'; system",
    "modules: {nova: {git: javascript:alert(1), branch: x}}": "1:23: modules.nova.git: 'javascript:alert(1)' is not a valid git URL",
    "modules: {nova: {branch: x, install_path: ../../etc}}": "1:43: modules.nova.install_path: '../../etc' is not a valid path",
    "modules: {nova: {branch: x, install_path: /etc}}": "1:43: modules.nova.install_path: '/etc' is not a valid path",
    'modules: {nova: {forge: "a/b\'; id", version: 1.2.3}}': '1:25: modules.nova.forge: "a/b\'; id" is not a valid Forge name',
    "moduledir: ../../etc": "1:12: moduledir: '../../etc' is not a valid path",
    "template: ../../../etc/passwd": "1:11: template: '../../../etc/passwd' is not a template name",
    "extends: ../../etc/passwd": "1:10: extends: '../../etc/passwd' is not a valid name of an environment or base",
    'findings: {ignore: ["<b>"]}': "1:21: findings.ignore: '<b>' is not a finding",
    "findings: {ignore: [end-of-lfie]}": "1:21: findings.ignore: no finding has the code 'end-of-lfie'; did you mean 'end-of-life'?",
    'dependencies: {ignore: ["$(id)"]}': "1:25: dependencies.ignore: '$(id)' is not a module name",
}


@pytest.mark.parametrize(("manifest", "told"), HOSTILE.items(), ids=range(len(HOSTILE)))
def test_a_hostile_value_is_quoted_and_refused(locked: Cloud, manifest: str, told: str) -> None:
    assert f"environments/production.yaml:{told}" in complaint(locked, f"{manifest}\n")
    assert not list(locked.root.rglob("owned"))


def test_a_password_in_a_url_is_refused_and_never_shown(locked: Cloud) -> None:
    told = complaint(locked, 'modules: {nova: {git: "https://me:geheim@git.example.net/x", branch: x}}\n')
    assert told.startswith(
        "environments/production.yaml:1:23: modules.nova.git: a git URL must not contain a user or password"
    )
    assert "geheim" not in told


SETTINGS = {
    "rewrite: {'https://opendev.org/': 'ext::sh -c owned/'}": "1:35: rewrite.'https://opendev.org/': 'ext::sh -c owned/' is",
    "rewrite: {'--upload-pack=x': /y}": "1:11: rewrite: '--upload-pack=x' is not a valid git URL",
    "modules: {evil: --upload-pack=x}": "1:17: modules.evil: '--upload-pack=x' is not a valid git URL",
    "refs: {nova: {icehouse: --output=x}}": "1:25: refs.nova.icehouse: '--output=x' is not a full ref name",
    "jobs: 1000000": "1:7: jobs: must be a whole number from 1 to 256, not '1000000'",
    "timeout: -1": "1:10: timeout: must be a number of seconds from 0.1 to 86400, not '-1'",
    "cahce: x": "1:1: unknown key 'cahce'\n  hint: did you mean 'cache'?",
    "- a": "1:1: must be a map, not a list",
}


@pytest.mark.parametrize(("settings", "told"), SETTINGS.items(), ids=range(len(SETTINGS)))
def test_settings_are_refused_with_their_place(locked: Cloud, settings: str, told: str) -> None:
    (locked.project / "pinner.yaml").write_text(f"{settings}\n")
    with unharmed(locked.project):
        result = locked.run("lock")
    assert (result.code, result.out) == (2, "")
    assert f"pinner.yaml:{told}" in result.err


def test_a_manifest_that_is_a_link_out_of_the_project_is_not_read(locked: Cloud) -> None:
    path = locked.project / "environments/production.yaml"
    path.unlink()
    path.symlink_to("/etc/passwd")
    result = locked.run("lock")
    assert (result.code, "root" in result.err) == (2, False)
    assert "environments/production.yaml: this is a link that leads out of the project\n" in result.err


def test_one_broken_manifest_does_not_stop_another_that_is_named(locked: Cloud) -> None:
    locked.manifest("broken", "release: [\n")
    assert locked.run("lock", "production").code == 0
    assert locked.run("lock").code == 2
