"""`pinner import` of Jens' metadata: imported, locked and generated, the same commits come out."""

from pathlib import Path

import pytest

from tests.support.adopting import adopt, generated
from tests.support.cloud import Cloud

HOME = "https://git.example.net/cern"
PARTS = {
    "common": {"hieradata": "data", "site": "site"},
    "hostgroups": {"cloud": "hg-cloud"},
    "modules": {"sssd": "module-sssd", "abrt": "module-abrt"},
}


@pytest.fixture
def metadata(cloud: Cloud) -> Path:
    """Jens' metadata, its repositories with branches master and qa, and sssd with one more."""
    directory = cloud.root / "metadata"
    (directory / "environments").mkdir(parents=True)
    (directory / "repository").mkdir()
    lines = ["repositories:"]
    for part, repositories in PARTS.items():
        lines.append(f"  {part}:")
        for name, repository in repositories.items():
            lines.append(f"    {name}: {HOME}/{repository}")
            upstream = cloud.upstream(name, owner="private/cern", repository=repository)
            version = "1.0.0" if part == "modules" else None
            upstream.commit("master", version=version, name=f"cern-{name}")
            upstream.commit("qa", version=version, name=f"cern-{name}", start="refs/heads/master")
    (directory / "repository" / "repositories.yaml").write_text("\n".join(lines) + "\n")
    return directory


def commit(cloud: Cloud, repository: str, ref: str) -> str:
    return cloud.upstream("any", owner="private/cern", repository=repository).id(ref)


def everything(cloud: Cloud, **ref_by_repository: str) -> dict[str, tuple[str, str]]:
    """Return what a Puppetfile must say: every repository at the ref given for it, or else at `rest`."""
    names = {
        "hieradata": "data",
        "site": "site",
        "hg_cloud": "hg-cloud",
        "sssd": "module-sssd",
        "abrt": "module-abrt",
    }
    rest = ref_by_repository["rest"]
    return {
        name: (f"{HOME}/{repository}", commit(cloud, repository, ref_by_repository.get(name, rest)))
        for name, repository in names.items()
    }


def test_dynamic_environments(cloud: Cloud, metadata: Path) -> None:
    sssd = cloud.upstream("sssd", owner="private/cern", repository="module-sssd")
    sssd.commit("ai456", version="1.1.0", name="cern-sssd", start="refs/heads/qa")
    (metadata / "environments" / "production.yaml").write_text(
        "default: master\nnotifications: ops@example.org\n"
    )
    (metadata / "environments" / "ai321.yaml").write_text(
        "---\ndefault: qa\nnotifications: bob@example.org\noverrides:\n  modules:\n    sssd: ai456\n"
    )
    adopt(cloud, str(metadata))
    assert generated(cloud, "production") == everything(cloud, rest="master")
    assert generated(cloud, "ai321") == everything(cloud, rest="qa", sssd="ai456")
    manifest = (cloud.project / "environments" / "ai321.yaml").read_text()
    assert "bob@example.org" in manifest
    placed = cloud.run("generate", "--stdout", "ai321").out
    assert ":install_path => 'hostgroups'" in placed
    assert placed.count(":install_path => '.'") == 2


def test_a_snapshot_is_locked_at_its_commits_though_branches_moved_on(cloud: Cloud, metadata: Path) -> None:
    ids = {
        name: commit(cloud, repository, "qa") for part in PARTS.values() for name, repository in part.items()
    }
    expected = everything(cloud, rest="qa")
    (metadata / "environments" / "snap1.yaml").write_text(
        "# Snapshot created on 2014-03-03 14:25:37.150312 based on production\n---\n"
        "notifications: bob@example.org\noverrides:\n"
        f"  common:\n    hieradata: commit/{ids['hieradata']}\n    site: commit/{ids['site'][:7].upper()}\n"
        f"  hostgroups:\n    cloud: commit/{ids['cloud'][:12]}\n"
        f"  modules:\n    sssd: commit/{ids['sssd']}\n    abrt: COMMIT/{ids['abrt']}\n"
    )
    for name, repository in (("sssd", "module-sssd"), ("site", "site")):
        cloud.upstream(name, owner="private/cern", repository=repository).commit("qa", version="2.0.0")
    adopt(cloud, str(metadata))
    assert generated(cloud, "snap1") == expected


def test_a_commit_that_is_not_in_its_repository(cloud: Cloud, metadata: Path) -> None:
    (metadata / "environments" / "snap1.yaml").write_text(
        f"notifications: x\noverrides:\n  modules:\n    sssd: commit/{'0' * 40}\n    abrt: commit/{'0' * 8}\n"
    )
    result = cloud.run("import", str(metadata))
    if result.code == 0:
        result = cloud.run("lock")
    assert result.code == 2
    assert "0000000" in result.out + result.err
    assert not cloud.lock_path("snap1").exists()


def test_what_jens_itself_refuses_needs_a_yes(cloud: Cloud, metadata: Path) -> None:
    (metadata / "environments" / "qa.yaml").write_text(
        "default: qa\nnotifications: x\noverrides:\n  moduls:\n    sssd: master\n"
    )
    refused = cloud.run("import", str(metadata))
    assert (refused.code, refused.out) == (2, "")
    assert f"{metadata}/environments/qa.yaml:4:3: unknown part 'moduls' in 'overrides'" in refused.err
    assert not list((cloud.project / "environments").iterdir())
    adopt(cloud, str(metadata), "--partial")
    assert generated(cloud, "qa") == everything(cloud, rest="qa")
