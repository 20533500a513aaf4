"""The recipes that need a machine of their own kind: pre-commit's hooks, Zuul's playbooks, servers that take proposals."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.merge_request import MANIFEST, commit, make_merge_request
from tests.support.oracles import give_up
from tests.support.repositories import isolate_git, make_repository, run_git
from tests.support.servers import serve_http
from tests.support.shell import shell

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


PROPOSE = ROOT / "examples" / "ci" / "propose-updates"
NOTE_OPTIONS = r"""#!/bin/sh
n=0
while [ "$n" -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do eval "printf '%s\\n' \"\$GIT_PUSH_OPTION_$n\""; n=$((n + 1)); done > options
"""
# As Gerrit does: refs/for/BRANCH is never a ref, each Change-Id is one change, and a commit is taken once.
CHECK_CHANGE = r"""#!/bin/sh
while read -r old new ref; do
  case $ref in refs/for/main%topic=*) ;; *) continue ;; esac
  id=$(git show --no-patch --format='%(trailers:key=Change-Id,valueonly)' "$new" | grep .)
  test "$(echo "$id" | grep -cE '^I[0-9a-f]{40}$')" = 1 || { echo "missing Change-Id"; exit 1; }
  test "$(git rev-parse --verify --quiet "refs/changes/$id")" != "$new" || { echo "no new changes"; exit 1; }
done
"""
KEEP_CHANGE = r"""#!/bin/sh
while read -r old new ref; do
  case $ref in refs/for/*) ;; *) continue ;; esac
  git update-ref "refs/changes/$(git show --no-patch --format='%(trailers:key=Change-Id,valueonly)' "$new" | grep .)" "$new"
  git update-ref -d "$ref"
done
"""


@pytest.fixture
def server(project: Cloud) -> Iterator[Path]:
    """The project's bare repository on a server, which is `origin` of the project."""
    path = project.root / "served" / "project.git"
    path.parent.mkdir()
    make_repository(path)
    for key, value in (("http.receivepack", "true"), ("receive.advertisePushOptions", "true")):
        run_git("-C", str(path), "config", key, value)
    (path / "hooks").mkdir()
    with serve_http(path.parent) as http:
        run_git("-C", str(project.project), "remote", "add", "origin", f"{http.url}/project.git")
        run_git("-C", str(project.project), "push", "--quiet", "origin", "move:main")
        yield path


def add_hook(server: Path, name: str, text: str) -> None:
    (server / "hooks" / name).write_text(text)
    (server / "hooks" / name).chmod(0o755)


def propose(project: Cloud, scripts: Path, host: str) -> None:
    done = shell(f"{PROPOSE} {host}", cwd=project.project, PATH=f"{scripts}:{os.environ['PATH']}")
    assert (done.code, done.err) == (0, done.err), done.out + done.err


def move_upstream(project: Cloud, version: str) -> str:
    """Make a commit upstream, and return its id."""
    return project.upstream("keystone").commit("stable/2025.1", version=version, message=f"Be {version}")


def locked_at(server: Path, commit: str) -> str:
    """Return the commit of keystone in the lock of a commit of the project."""
    lock = run_git("-C", str(server), "show", f"{commit}:environments/production.lock")
    (found,) = re.findall(r'"?commit"?: "?([0-9a-f]{40})', lock)
    return str(found)


def refs_of(server: Path, below: str) -> dict[str, str]:
    lines = run_git(
        "-C", str(server), "for-each-ref", "--format=%(refname) %(objectname)", below
    ).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_updates_are_one_merge_request_of_gitlab_that_is_renewed(
    project: Cloud, server: Path, scripts: Path
) -> None:
    add_hook(server, "pre-receive", NOTE_OPTIONS)
    first = move_upstream(project, "26.2.0")
    propose(project, scripts, "gitlab")
    branches = refs_of(server, "refs/heads/pinner")
    assert list(branches) == ["refs/heads/pinner/production"]
    assert locked_at(server, "pinner/production") == first
    options = (server / "options").read_text().splitlines()
    title = run_git("-C", str(server), "show", "--no-patch", "--format=%s", "pinner/production")
    assert options[:4] == [
        *("merge_request.create", "merge_request.target=main", "merge_request.remove_source_branch"),
        f"merge_request.title={title}",
    ]
    description = options[4].removeprefix("merge_request.description=").replace("\\n", "\n").strip()
    body = run_git("-C", str(server), "show", "--no-patch", "--format=%b", "pinner/production").strip()
    assert description == body
    assert "Be 26.2.0" in body

    propose(project, scripts, "gitlab")
    assert refs_of(server, "refs/heads/pinner") == branches
    second = move_upstream(project, "26.3.0")
    propose(project, scripts, "gitlab")
    assert locked_at(server, "pinner/production") == second
    assert run_git("-C", str(server), "rev-list", "--count", "main..pinner/production") == "1"


def test_updates_keep_their_change_in_gerrit_until_it_is_merged(
    project: Cloud, server: Path, scripts: Path
) -> None:
    add_hook(server, "pre-receive", CHECK_CHANGE)
    add_hook(server, "post-receive", KEEP_CHANGE)
    move_upstream(project, "26.2.0")
    propose(project, scripts, "gerrit")
    first = refs_of(server, "refs/changes")
    propose(project, scripts, "gerrit")
    assert refs_of(server, "refs/changes") == first
    (change,) = first

    newest = move_upstream(project, "26.3.0")
    propose(project, scripts, "gerrit")
    assert list(refs_of(server, "refs/changes")) == [change]
    assert locked_at(server, change) == newest
    assert not refs_of(server, "refs/for")

    run_git("-C", str(server), "update-ref", "refs/heads/main", change)
    propose(project, scripts, "gerrit")
    assert list(refs_of(server, "refs/changes")) == [change]
    move_upstream(project, "26.4.0")
    propose(project, scripts, "gerrit")
    assert len(refs_of(server, "refs/changes")) == 2


def test_updates_that_cannot_be_made_or_pushed_fail_and_the_others_are_proposed(
    project: Cloud, server: Path, scripts: Path
) -> None:
    run_git("-C", str(project.project), "switch", "--quiet", "move")
    project.manifest("broken", "release: 2025.1\nopenstack: [nova]\n")
    commit(project.project, "broken")
    run_git("-C", str(project.project), "push", "--quiet", "origin", "move:main")
    move_upstream(project, "26.2.0")
    done = shell(f"{PROPOSE} branch", cwd=project.project, PATH=f"{scripts}:{os.environ['PATH']}")
    assert done.code == 1
    assert list(refs_of(server, "refs/heads/pinner")) == ["refs/heads/pinner/production"]
    add_hook(server, "pre-receive", "#!/bin/sh\necho not today\nexit 1\n")
    move_upstream(project, "26.3.0")
    done = shell(f"{PROPOSE} branch production", cwd=project.project, PATH=f"{scripts}:{os.environ['PATH']}")
    assert (done.code, "not today" in done.err) == (1, True)
