"""The recipes that need a machine of their own kind: pre-commit's hooks in a commit, Zuul's playbooks by Ansible."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.merge_request import MANIFEST, make_merge_request
from tests.support.oracles import give_up
from tests.support.repositories import isolate_git, run_git

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "examples" / "ci" / "zuul" / "playbooks" / "pinner"
WHO = ("-c", "user.name=T", "-c", "user.email=t@example.org")


def find_script(name: str, package: str) -> str:
    """Return the path of a program that `pip install '.[e2e]'` brings."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        give_up(f"needs {package} (pip install '.[e2e]')")
    return str(path)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    isolate_git(monkeypatch)
    return make_merge_request(tmp_path)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed, and nothing else, as a git repository of its own: a checkout may be shallow, or none."""
    directory = tmp_path_factory.mktemp("source") / "pinner"
    directory.mkdir()
    for name in ("pinner", "share"):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, directory)
    run_git("init", "--quiet", str(directory))
    run_git("-C", str(directory), "add", "--all")
    run_git("-C", str(directory), *WHO, "commit", "--quiet", "--message", "pinner")
    return directory


def test_pre_commits_hooks_hold_a_commit_back_until_the_lock_is_fresh(
    project: Cloud, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pre_commit = find_script("pre-commit", "pre-commit")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(project.root / "hooks"))
    monkeypatch.setenv("PINNER_CACHE", str(project.root / "cache"))
    (project.project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source.as_uri()}\n    rev: {run_git('-C', str(source), 'rev-parse', 'HEAD')}\n"
        "    hooks: [{id: pinner-lock-check}, {id: pinner-generate-check}]\n"
    )
    subprocess.run([pre_commit, "install"], cwd=project.project, check=True, capture_output=True)
    project.manifest("production", MANIFEST.replace("[keystone]", "[keystone, nova]"))
    project.upstream("nova").commit("stable/2025.1", version="26.0.0")

    code, said = try_to_commit(project)
    assert code == 1
    assert "every manifest has a fresh lock..." in said
    assert "run 'pinner lock production'" in said
    assert project.run("lock").code == 0
    code, said = try_to_commit(project)
    assert code == 1
    assert "run 'pinner generate'" in said
    assert project.run("generate").code == 0
    assert try_to_commit(project)[0] == 0


def try_to_commit(project: Cloud) -> tuple[int, str]:
    subprocess.run(["git", "add", "--all"], cwd=project.project, check=True)
    done = subprocess.run(
        ["git", *WHO, "commit", "--message", "nova"],
        cwd=project.project,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_zuuls_playbooks_pass_on_a_project_and_publish(project: Cloud) -> None:
    said = play(project, "check", "nightly", "publish", options=("--skip-tags", "install"))
    assert "failed=0" in said
    assert "skipped=0" in said
    assert "Fix what main has not" in (project.root / "logs" / "changes.md").read_text()
    puppetfile = run_git("--git-dir", str(project.root / "control.git"), "show", "production:Puppetfile")
    assert project.lock("production")["modules"]["keystone"]["commit"] in puppetfile


def test_zuuls_playbooks_would_install_what_they_are_told_to(project: Cloud) -> None:
    said = play(project, "check", options=("--tags", "install", "--check"))
    assert "ok=2    changed=1    unreachable=0    failed=0" in said


def test_zuuls_check_fails_on_a_stale_lock(project: Cloud) -> None:
    project.manifest("production", MANIFEST.replace("2025.1", "2024.2"))
    said = play(project, "check", options=("--skip-tags", "install"))
    assert "failed=1" in said
    assert "run 'pinner lock production'" in said


def play(project: Cloud, *playbooks: str, options: tuple[str, ...]) -> str:
    """Run playbooks on this machine as Zuul's executor runs them on a node, and return what Ansible said.

    What `install` would have made is the environment that the tests run in.
    """
    own = project.root / "ansible"
    if "--skip-tags" in options:
        (own / "pinner").mkdir(parents=True)
        (own / "pinner" / "bin").symlink_to(Path(sys.executable).parent)
    variables = {
        "ansible_user_dir": str(own),
        "ansible_python_interpreter": sys.executable,
        "pinner_package": "git+https://git.example.net/tools/pinner",
        "control_repo": {"key": "a key", "known_hosts": "known hosts"},
        "zuul": {
            "project": {"src_dir": str(project.project)},
            "executor": {"log_root": str(project.root / "logs")},
        },
    }
    command = [
        *(
            find_script("ansible-playbook", "ansible-core"),
            "--inventory",
            "localhost,",
            "--connection",
            "local",
        ),
        *(
            "--extra-vars",
            json.dumps(variables),
            *options,
            *(str(PLAYBOOKS / f"{playbook}.yaml") for playbook in playbooks),
        ),
    ]
    settings = {"ANSIBLE_HOME": str(own), "ANSIBLE_GATHERING": "smart", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout
