"""`pinner import` of a Puppetfile.lock: the commits that librarian-puppet got are those that come out."""

from pathlib import Path

import pytest

from tests.support.adopting import adopt, generated
from tests.support.cloud import Cloud

STDLIB = "https://github.com/puppetlabs/puppetlabs-stdlib"


def source(name: str, **options: str) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in options.items())
    return f"GIT\n{lines}  specs:\n    {name} (1.0.0)\n\n"


@pytest.fixture
def upstream_moved_on(cloud: Cloud) -> dict[str, str]:
    """The commits that a lock has, with branches that have moved on since."""
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    commits = {
        "stdlib": stdlib.commit("main", version="9.7.0", name="puppetlabs-stdlib"),
        "nova": cloud.upstream("nova").id("refs/heads/stable/2025.1"),
        "keystone": cloud.upstream("keystone").id("26.0.0"),
    }
    stdlib.commit("main", version="9.8.0", name="puppetlabs-stdlib")
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1")
    return commits


def write(cloud: Cloud, commits: dict[str, str]) -> Path:
    directory = cloud.root / "librarian" / "cloud_one"
    directory.mkdir(parents=True)
    (directory / "Puppetfile").write_text("forge 'https://forgeapi.puppetlabs.com'\nexit\n")
    text = "FORGE\n  remote: https://forgeapi.puppetlabs.com\n  specs:\n    acme-facts (1.2.3)\n\n"
    text += source(
        "openstack-keystone",
        remote="https://github.com/openstack/puppet-keystone",
        ref="26.0.0",
        sha=commits["keystone"],
    )
    text += source(
        "openstack-nova",
        remote="git://git.openstack.org/openstack/puppet-nova",
        ref="stable/2025.1",
        sha=commits["nova"],
    )
    text += source("puppetlabs-stdlib", remote=f"{STDLIB}.git", ref="main", sha=commits["stdlib"])
    text += "PATH\n  remote: site/role\n  specs:\n    acme-role (0.1.0)\n\n"
    (directory / "Puppetfile.lock").write_text(text + "DEPENDENCIES\n  openstack-nova (>= 0)\n")
    return directory


def test_what_was_locked_comes_out_though_branches_moved_on(
    cloud: Cloud, upstream_moved_on: dict[str, str]
) -> None:
    result = adopt(cloud, str(write(cloud, upstream_moved_on)))
    assert generated(cloud, "cloud_one") == {
        "facts": ("acme/facts", "1.2.3"),
        "keystone": ("https://opendev.org/openstack/puppet-keystone", upstream_moved_on["keystone"]),
        "nova": ("https://opendev.org/openstack/puppet-nova", upstream_moved_on["nova"]),
        "stdlib": (STDLIB, upstream_moved_on["stdlib"]),
    }
    assert "module 'acme-role': it is in the directory 'site/role', so there is nothing to pin" in result.err


def test_the_manifest_says_what_was_asked_for(cloud: Cloud, upstream_moved_on: dict[str, str]) -> None:
    adopt(cloud, str(write(cloud, upstream_moved_on) / "Puppetfile.lock"))
    wants = {name: row.get("want") for name, row in cloud.lock("cloud_one")["modules"].items()}
    assert wants["nova"] == {"release": "2025.1"}
    assert wants["keystone"] == {"tag": "26.0.0"}
    assert wants["stdlib"] == {"branch": "main"}


def test_a_conflict_that_was_never_resolved(cloud: Cloud, upstream_moved_on: dict[str, str]) -> None:
    path = write(cloud, upstream_moved_on) / "Puppetfile.lock"
    path.write_text(path.read_text().replace("GIT\n", "<<<<<<< HEAD\nGIT\n", 1))
    result = cloud.run("import", str(path))
    assert result.code == 2
    assert f"{path}:6: this line is not valid in a Puppetfile.lock: '<<<<<<< HEAD'" in result.err
    assert not list((cloud.project / "environments").iterdir())
