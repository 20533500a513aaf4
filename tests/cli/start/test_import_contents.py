"""What lies in a repository decides whether `pinner import` takes it for a Puppet module."""

from pathlib import Path

from tests.support.adopting import adopt, generated
from tests.support.cloud import Cloud

DATA = "https://git.example.net/ops/data"
KEYSTONE = "https://opendev.org/openstack/puppet-keystone"


def puppetfile(cloud: Cloud, *rows: tuple[str, str, str]) -> Path:
    path = cloud.root / "Puppetfile"
    path.write_text("".join(f"mod '{name}', :git => '{git}', :ref => '{ref}'\n" for name, git, ref in rows))
    return path


def test_a_repository_without_metadata_is_no_module_at_any_kind_of_ref(cloud: Cloud) -> None:
    data = cloud.upstream("data", owner="private/ops", repository="data")
    commit = data.commit("main", files={"common.yaml": "{}\n"})
    data.tag("1.0.0", commit)
    rows = [(f"data_{number}", DATA, ref) for number, ref in enumerate(("main", "1.0.0", commit))]
    path = puppetfile(cloud, *rows, ("keystone", KEYSTONE, "stable/2025.1"))
    result = adopt(cloud, str(path), "--as", "a")
    for name, _, _ in rows:
        assert f"module '{name}': its repository has no metadata.json, manifests/ or lib/" in result.err
        assert generated(cloud, "a")[name] == (DATA, commit)
    text = (cloud.project / "environments" / "a.yaml").read_text()
    assert text.count("module: false") == 3
    assert "module 'keystone'" not in result.err


def test_metadata_that_came_or_went_count_at_the_ref_that_is_asked_for(cloud: Cloud) -> None:
    data = cloud.upstream("data", owner="private/ops", repository="data")
    data.tag("1.0.0", data.commit("main", files={"common.yaml": "{}\n"}))
    data.commit("main", version="2.0.0", name="ops-data")
    result = adopt(cloud, str(puppetfile(cloud, ("old", DATA, "1.0.0"), ("data", DATA, "main"))), "--as", "a")
    assert "module 'old': its repository has no metadata.json" in result.err
    assert "module 'data': its repository" not in result.err


def test_roles_and_profiles_without_metadata_are_modules(cloud: Cloud) -> None:
    role = cloud.upstream("role", owner="private/ops", repository="role")
    commit = role.commit("main", files={"manifests/compute.pp": "class role::compute {\n}\n"})
    rows = [("role", "https://git.example.net/ops/role", ref) for ref in ("main", commit)]
    for number, row in enumerate(rows):
        result = adopt(cloud, str(puppetfile(cloud, row)), "--as", f"a{number}")
        assert "has no metadata.json" not in result.err
        assert "module: false" not in (cloud.project / "environments" / f"a{number}.yaml").read_text()
        assert cloud.run("lock", f"a{number}").code == 0


def test_a_retired_module_of_openstacks_is_not_passed_over(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit(
        "stable/2025.1", files={"README.rst": "This project is no longer maintained.\n"}
    )
    path = puppetfile(cloud, ("keystone", KEYSTONE, "stable/2025.1"))
    assert cloud.run("import", str(path), "--as", "a").code == 0
    assert "module: false" not in (cloud.project / "environments" / "a.yaml").read_text()
    locked = cloud.run("lock")
    assert locked.code != 0
    assert "has no metadata.json, Modulefile, manifests/ or lib/ [not-a-module]" in locked.out


def test_what_could_not_be_asked_stays_a_module(cloud: Cloud) -> None:
    path = puppetfile(cloud, ("data", DATA, "1.0.0"))
    assert cloud.run("import", str(path), "--as", "a", "--offline").code == 0
    assert "module: false" not in (cloud.project / "environments" / "a.yaml").read_text()
