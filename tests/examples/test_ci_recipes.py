"""The CI recipes: each is valid, names only what pinner has, and does on a real project what it says."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import pytest

from pinner.cli.root import pinner
from tests.support.cloud import Cloud, Result
from tests.support.recipes import Script, commands, read_github, read_gitlab
from tests.support.repositories import isolate_git, run_git
from tests.support.shell import shell

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "examples" / "ci"
GITLAB, GITHUB = RECIPES / "gitlab-ci.yml", RECIPES / "github-actions.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
STARTER = ROOT / "pinner" / "operations" / "starter"  # what `pinner init --ci` writes
WITH_COMMANDS = [
    GITLAB,
    GITHUB,
    HOOKS,
    *STARTER.glob("*.yml"),
    *RECIPES.rglob("*.service"),
    *RECIPES.glob("zuul/playbooks/*/[!i]*.yaml"),
]
MANIFEST = "release: 2025.1\nopenstack: [keystone]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A project in git: a merge request that moves production's keystone, on top of a main branch."""
    isolate_git(monkeypatch)
    cloud = Cloud(tmp_path)
    upstream = cloud.upstream("keystone")
    upstream.commit("stable/2025.1", version="26.0.0")
    cloud.manifest("production", MANIFEST)
    run_git("init", "--quiet", "--initial-branch=main", str(cloud.project))
    cloud.project.joinpath(".gitignore").write_text("/.cache\n")
    for branch in ("main", "move"):
        assert cloud.run("update").code == 0
        assert cloud.run("generate").code == 0
        run_git("-C", str(cloud.project), "switch", "--quiet", "--force-create", branch)
        run_git("-C", str(cloud.project), "add", "--all")
        commit(cloud.project, branch)
        upstream.commit("stable/2025.1", version="26.1.0", message=f"Fix what {branch} has not")
    return cloud


def commit(project: Path, message: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    run_git("-C", str(project), *who, "commit", "--quiet", "--message", message)


def gitlab(cloud: Cloud) -> Mapping[str, Script]:
    given = {"CI_PROJECT_DIR": str(cloud.project), "CI_MERGE_REQUEST_DIFF_BASE_SHA": base(cloud)}
    return read_gitlab(GITLAB, given)


def github(cloud: Cloud) -> Mapping[str, Script]:
    return read_github(
        GITHUB,
        {"github.workspace": str(cloud.project), "github.event.pull_request.base.sha": base(cloud)},
    )


def base(cloud: Cloud) -> str:
    return run_git("-C", str(cloud.project), "rev-parse", "main")


def run(script: Script, cloud: Cloud) -> Result:
    summary = {"GITHUB_STEP_SUMMARY": str(cloud.root / "summary.md")}
    return shell(script.strict, cwd=cloud.project, **{**script.variables, **summary})


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_line_is_one_that_pinner_understands(path: Path) -> None:
    lines = list(commands(path.read_text()))
    assert lines
    for name, *words in lines:
        command = pinner.get_command(click.Context(pinner), name)
        assert command, name
        command.make_context(name, words)


def test_a_command_line_that_pinner_does_not_understand_is_seen() -> None:
    (line,) = commands("script: pinner lock --chekc  # pinner nothing\n# pinner comments\n")
    command = pinner.get_command(click.Context(pinner), line[0])
    assert command
    with pytest.raises(click.NoSuchOption, match="--chekc"):
        command.make_context(line[0], line[1:])


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (GITLAB, "gitlab-ci"),
        (GITHUB, "github-workflows"),
        (STARTER / "gitlab.yml", "gitlab-ci"),
        (STARTER / "github.yml", "github-workflows"),
    ],
    ids=str,
)
def test_a_recipe_is_what_its_system_reads(path: Path, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_gitlabs_jobs_pass_on_a_project_in_order(project: Cloud) -> None:
    jobs = gitlab(project)
    for name in ("locks", "verify", "changes"):
        result = run(jobs[name], project)
        assert (name, result.code, result.err) == (name, 0, result.err)
    assert "<testsuites" in (project.project / "verify.xml").read_text()
    assert "Fix what main has not" in (project.project / "changes-production.html").read_text()


def test_gitlabs_jobs_fail_on_a_stale_lock(project: Cloud) -> None:
    project.manifest("production", MANIFEST.replace("2025.1", "2024.2"))
    assert run(gitlab(project)["locks"], project).code == 1


def test_gitlabs_jobs_fail_on_a_file_that_is_not_current(project: Cloud) -> None:
    project.project.joinpath("puppetfiles/production/Puppetfile").write_text("# edited\n")
    assert run(gitlab(project)["locks"], project).code == 1


def test_gitlab_shows_findings_of_a_run_that_failed(project: Cloud) -> None:
    project.upstream("keystone").delete("refs/heads/stable/2025.1")
    assert run(gitlab(project)["verify"], project).code == 1
    assert 'failures="1"' in (project.project / "verify.xml").read_text()


def test_news_from_upstream_is_the_one_exit_code_that_gitlab_forgives(project: Cloud) -> None:
    result = run(gitlab(project)["outdated"], project)
    assert result.code == 1
    assert "1 commit behind" in result.out
    assert "exit_codes: 1\n" in GITLAB.read_text()


def test_githubs_steps_pass_on_a_project_in_order(project: Cloud) -> None:
    for name, script in github(project).items():
        result = run(script, project)
        assert (name, result.code, result.err) == (name, 0, result.err)
    assert '"version": "2.1.0"' in (project.project / "pinner.sarif").read_text()
    summary = (project.root / "summary.md").read_text()
    assert "Fix what main has not" in summary
    assert "1 commit behind" in summary


def test_githubs_first_step_fails_on_a_stale_lock(project: Cloud) -> None:
    project.manifest("production", MANIFEST.replace("2025.1", "2024.2"))
    assert run(next(iter(github(project).values())), project).code == 1
