"""`pinner identify --write`: a manifest and a lock of what lies in a directory of modules."""

import json
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.exports import export

RELEASE = "stable/2025.1"


@pytest.fixture
def modules(cloud: Cloud, tmp_path: Path) -> Path:
    """Three of OpenStack's modules, one of them changed and one behind its branch, stdlib at a tag, one of nobody's."""
    made = tmp_path / "modules"
    glance = cloud.upstream("glance")
    glance.commit(RELEASE, version="26.0.0", files={"manifests/init.pp": "class glance {\n}\n" * 9})
    for name in ("keystone", "nova", "glance"):
        export(cloud.upstream(name), f"refs/heads/{RELEASE}", made / name)
    cloud.upstream("keystone").commit(RELEASE, version="26.0.0")
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.6.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.6.0", "refs/heads/main")
    export(stdlib, "v9.6.0", made / "puppetlabs-stdlib")
    (made / "glance/manifests/init.pp").write_text("class glance {\n}\n" * 9 + "# ours\n")
    (made / "glance/manifests/ours.pp").write_text("class glance::ours {\n}\n")
    (made / "acme/manifests").mkdir(parents=True)
    (made / "acme/manifests/init.pp").write_text("class acme {\n}\n")
    return made


def test_what_follows_the_release_is_a_list_and_the_lock_holds_the_commits(
    cloud: Cloud, modules: Path
) -> None:
    result = cloud.run("identify", str(modules), "--write", "found")
    assert cloud.project.joinpath("environments/found.yaml").read_text() == (
        f"# Imported from {modules}.\n"
        "# glance was changed, this is the commit it comes nearest to: manifests/init.pp (+1 -0), manifests/ours.pp (added)\n"
        "release: 2025.1\n"
        "\n"
        "openstack:\n"
        "  - glance\n"
        "  - keystone\n"
        "  - nova\n"
        "\n"
        "modules:\n"
        "  stdlib: {tag: v9.6.0}\n"
        "\n"
        "# Omitted, because it could not be imported:\n"
        f"#   {modules}: module 'acme': it is not similar to any commit of the searched repositories\n"
    )
    pins = cloud.lock("found")["modules"]
    keystone = cloud.upstream("keystone")
    assert pins["keystone"]["commit"] == keystone.id(f"refs/heads/{RELEASE}~1")
    assert pins["keystone"]["want"] == {"release": "2025.1"}
    assert pins["stdlib"]["ref"] == "refs/tags/v9.6.0"
    assert set(pins) == {"glance", "keystone", "nova", "stdlib"}
    assert result.code == 1
    assert "wrote environments/found.yaml\nwrote environments/found.lock\n" in result.err
    assert f"{modules}: the module in 'puppetlabs-stdlib' is called 'stdlib' by its metadata\n" in result.err
    assert cloud.run("lock", "--check").code == 0


def test_json_stays_json(cloud: Cloud, modules: Path) -> None:
    told = cloud.run("identify", str(modules), "--write", "found", "--format", "json").out
    assert [row["directory"] for row in json.loads(told)["modules"]] == [
        "acme",
        "glance",
        "keystone",
        "nova",
        "puppetlabs-stdlib",
    ]


def test_nothing_is_overwritten_without_force(cloud: Cloud, modules: Path) -> None:
    manifest = cloud.manifest("found", "release: 2025.1\nopenstack: [nova]\n")
    result = cloud.run("identify", str(modules), "--write", "found")
    assert (result.code, manifest.read_text()) == (2, "release: 2025.1\nopenstack: [nova]\n")
    assert "environments/found.yaml: this file already exists\n" in result.err
    assert not cloud.lock_path("found").exists()
    cloud.run("identify", str(modules), "--write", "found", "--force")
    assert manifest.read_text().startswith(f"# Imported from {modules}.\n")
    assert cloud.lock_path("found").exists()


def test_a_name_that_is_none_is_refused(cloud: Cloud, modules: Path) -> None:
    result = cloud.run("identify", str(modules), "--write", "../x")
    assert result.code == 2
    assert "'../x' is not a valid environment name" in result.err
    assert not list(cloud.project.joinpath("environments").iterdir())


def test_where_the_set_contradicts_itself_the_manifest_keeps_the_commits(cloud: Cloud, modules: Path) -> None:
    upstream = cloud.upstream("glance")
    upstream.commit(
        "old", version="26.0.0", needs={"openstack/keystone": ">= 99.0.0"}, files={"manifests/init.pp": "#\n"}
    )
    (modules / "glance/manifests/ours.pp").unlink()
    for path in ("metadata.json", "manifests/init.pp"):
        (modules / "glance" / path).write_text(upstream.git("show", f"old:{path}") + "\n")
    result = cloud.run("identify", str(modules), "--write", "found")
    manifest = cloud.project.joinpath("environments/found.yaml")
    assert f"  glance: {{commit: {upstream.id('refs/heads/old')}}}\n" in manifest.read_text()
    assert "[dependency-unsatisfied]" in result.err
    assert not cloud.lock_path("found").exists()
    cloud.run("identify", str(modules), "--write", "found", "--force", "--accept-findings")
    assert cloud.lock_path("found").exists()
    assert "    - dependency-unsatisfied:glance\n" in manifest.read_text()


def test_two_directories_of_one_module(cloud: Cloud, modules: Path) -> None:
    export(cloud.upstream("nova"), f"refs/heads/{RELEASE}", modules / "openstack-nova")
    cloud.run("identify", str(modules), "--write", "found")
    told = cloud.project.joinpath("environments/found.yaml").read_text()
    assert (
        f"#   {modules}: module 'openstack-nova': another directory also contains the module 'nova'\n" in told
    )


def test_only_unknown_modules_make_no_environment(cloud: Cloud, modules: Path) -> None:
    result = cloud.run("identify", str(modules / "acme"), "--write", "found")
    assert result.code == 2
    assert "no module to import was found" in result.err


def test_offline_the_lock_is_made_of_what_the_cache_has(cloud: Cloud, modules: Path) -> None:
    assert cloud.run("identify", str(modules)).code == 1
    result = cloud.run("identify", str(modules), "--write", "found", "--offline")
    assert result.err.splitlines()[-1] == "locked 1 environment: 0 errors, 0 warnings"
    offline = cloud.lock("found")["modules"]
    cloud.run("identify", str(modules), "--write", "found", "--force")
    assert cloud.lock("found")["modules"] == offline
