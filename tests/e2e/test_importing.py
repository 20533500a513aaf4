"""What r10k deployed from the files that people have is what pinner locks after it has imported them.

r10k itself deploys first; then the very same files are imported, and `verify --deployed` holds r10k's directories against
the new locks, by git's own ids.
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.adopting import adopt
from tests.support.cloud import Cloud, Upstream
from tests.support.oracles import find_tool
from tests.support.repositories import isolate_git

pytestmark = pytest.mark.e2e


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    find_tool("r10k", "r10k")
    isolate_git(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Cloud(tmp_path)


def module(cloud: Cloud, name: str) -> Upstream:
    """Return a module's upstream: a branch for each of two releases, a tag, and commits after them."""
    upstream = cloud.upstream(name, owner="mine")
    for number, branch in enumerate(("stable/2024.1", "stable/2025.1", "0120715")):
        upstream.commit(branch, version=f"{number + 1}.0.0", name=f"mine-{name}")
        upstream.tag(f"{number + 1}.0.0", f"refs/heads/{branch}")
        upstream.commit(branch, version=f"{number + 1}.0.1", name=f"mine-{name}")
    upstream.commit("master", version="9.0.0", name=f"mine-{name}")
    return upstream


def puppetfile(cloud: Cloud, release: str) -> str:
    alpha, beta, gamma = (cloud.upstream(name, owner="mine") for name in ("alpha", "beta", "gamma"))
    data = cloud.upstream("data", owner="mine")
    return (
        f"mod 'mine/alpha',\n  :git => '{alpha.path}',\n  :ref => 'stable/{release}'\n"
        f"mod 'beta', git: '{beta.path}', tag: '2.0.0'\n"
        f"mod 'gamma',\n  :commit => '{gamma.id('1.0.0')}',\n  :git => '{gamma.path}'\n"
        f"mod 'hieradata', :git => '{data.path}', :branch => :control_branch, :install_path => 'hiera'\n"
    )


def test_a_control_repository_and_environments_of_yaml(cloud: Cloud) -> None:
    _, beta, _ = (module(cloud, name) for name in ("alpha", "beta", "gamma"))
    data = cloud.upstream("data", owner="mine")
    control = cloud.upstream("control", owner="mine", repository="control")
    for branch, release in (("production", "2024.1"), ("2025.1", "2025.1"), ("feature/x", "2025.1")):
        data.commit(branch, files={"common.yaml": f"# {branch}\n"})
        control.commit(branch, files={"Puppetfile": puppetfile(cloud, release)})
    own = f"{{git: '{beta.path}', branch: '0120715'}}"
    more = cloud.root / "r10k" / "environments.d"
    more.mkdir(parents=True)
    (more / "mixed.yaml").write_text(
        f"source: '{control.path}'\nversion: 'production'\nmodules:\n  beta: {own}\n"
    )
    (more / "plain.yaml").write_text(f"type: plain\nmoduledir: site\nmodules:\n  beta: {own}\n")
    environments = cloud.root / "environments"
    config = cloud.root / "r10k" / "r10k.yaml"
    settings = {
        "cachedir": str(cloud.root / "r10k" / "cache"),
        "sources": {
            "ops": {"remote": str(control.path), "basedir": str(environments), "prefix": "ops"},
            "more": {"type": "yamldir", "config": str(more), "basedir": str(environments), "prefix": True},
        },
    }
    config.write_text(json.dumps(settings))
    subprocess.run(
        ["r10k", "deploy", "environment", "--modules", "--config", str(config)], check=True, timeout=1200
    )
    names = sorted(path.name for path in environments.iterdir())
    assert names == ["ops_2025_1", "ops_feature_x", "ops_production", "plain_mixed", "plain_plain"]
    adopt(cloud, str(config))
    verified = cloud.run("verify", "--deployed", str(environments))
    assert verified.out.splitlines()[-1] == "compared 5 environments: 0 errors, 0 warnings"
    assert verified.code == 0
