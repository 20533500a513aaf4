"""The CI recipes: each is valid, names only what pinner has, and does on a real project what it says."""

import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from pinner.cli.root import pinner
from tests.support.cloud import Cloud, Result
from tests.support.merge_request import MANIFEST, make_merge_request
from tests.support.oracles import find_tool
from tests.support.recipes import Script, commands, read_github, read_gitlab
from tests.support.repositories import isolate_git, run_git
from tests.support.shell import shell

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "examples" / "ci"
GITLAB, GITHUB = RECIPES / "gitlab-ci.yml", RECIPES / "github-actions.yml"
SERVICE = RECIPES / "systemd" / "pinner-nightly.service"
TIMER = SERVICE.with_suffix(".timer")
HOOKS = ROOT / ".pre-commit-hooks.yaml"
STARTER = ROOT / "pinner" / "adopting" / "starter"  # what `pinner init --ci` writes
# check_jsonschema, without parsers of IRIs, which take a second to make; no recipe has that format.
CHECK = """
import sys, types
sys.modules["rfc3987_syntax"] = types.ModuleType("rfc3987_syntax")
import check_jsonschema
check_jsonschema.main()
"""
WITH_COMMANDS = [
    GITLAB,
    GITHUB,
    HOOKS,
    RECIPES / "propose-updates",
    *STARTER.glob("*.yml"),
    SERVICE,
    *RECIPES.glob("zuul/playbooks/*/[!i]*.yaml"),
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A merge request that moves production's keystone."""
    isolate_git(monkeypatch)
    return make_merge_request(tmp_path)


def gitlab(cloud: Cloud) -> Mapping[str, Script]:
    key = cloud.root / "key"
    key.touch()
    given = {
        "CI_PROJECT_DIR": str(cloud.project),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base(cloud),
        "CONTROL_REPO_KEY": str(key),
        "CONTROL_REPO_KNOWN_HOSTS": str(key),
        "CI_DEFAULT_BRANCH": "main",
        "CI_PROJECT_PATH": "puppet/environments",
        "CI_SERVER_SHELL_SSH_HOST": "git.example.net",
        "CI_SERVER_SHELL_SSH_PORT": "22",
        "UPDATES_KEY": str(key),
    }
    return read_gitlab(GITLAB, given)


def github(cloud: Cloud) -> Mapping[str, Script]:
    given = {
        "github.workspace": str(cloud.project),
        "github.event.pull_request.base.sha": base(cloud),
        "secrets.CONTROL_REPO_KEY": "a key",
        "secrets.CONTROL_REPO_KNOWN_HOSTS": "known hosts",
        "github.token": "a token",
        "runner.temp": str(cloud.root),
    }
    return read_github(GITHUB, given)


def base(cloud: Cloud) -> str:
    return run_git("-C", str(cloud.project), "rev-parse", "main")


def run(script: Script, cloud: Cloud, scripts: Path) -> Result:
    files = {"GITHUB_STEP_SUMMARY": str(cloud.root / "summary.md"), "RUNNER_TEMP": str(cloud.root)}
    variables = {**script.variables, **files}
    return shell(script.strict, cwd=cloud.project, pinner=str(scripts / "pinner"), **variables)


def published(cloud: Cloud) -> str:
    """Return the Puppetfile that r10k would deploy."""
    return run_git("--git-dir", str(cloud.root / "control.git"), "show", "production:Puppetfile")


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
    needed = [Requirement(line) for line in metadata.requires("check-jsonschema") or ()]
    for requirement in (each for each in needed if each.name == "click"):
        if not requirement.specifier.contains(metadata.version("click")):
            pytest.skip(
                f"check-jsonschema needs {requirement}; this run has the lowest click that pinner allows"
            )
    command = [sys.executable, "-c", CHECK, "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_gitlabs_jobs_pass_on_a_project_in_order(project: Cloud, scripts: Path) -> None:
    jobs = gitlab(project)
    for name in ("locks", "verify", "changes", "publish", "publish"):
        result = run(jobs[name], project, scripts)
        assert (name, result.code, result.err) == (name, 0, result.err)
    assert "<testsuites" in (project.project / "verify.xml").read_text()
    assert "Fix what main has not" in (project.project / "changes-production.html").read_text()
    assert project.lock("production")["modules"]["keystone"]["commit"] in published(project)


def test_gitlabs_jobs_fail_on_a_stale_lock(project: Cloud, scripts: Path) -> None:
    project.manifest("production", MANIFEST.replace("2025.1", "2024.2"))
    assert run(gitlab(project)["locks"], project, scripts).code == 1


def test_gitlabs_jobs_fail_on_a_file_that_is_not_current(project: Cloud, scripts: Path) -> None:
    project.project.joinpath("puppetfiles/production/Puppetfile").write_text("# edited\n")
    assert run(gitlab(project)["locks"], project, scripts).code == 1


def test_gitlab_shows_findings_of_a_run_that_failed(project: Cloud, scripts: Path) -> None:
    project.upstream("keystone").delete("refs/heads/stable/2025.1")
    assert run(gitlab(project)["verify"], project, scripts).code == 1
    assert 'failures="1"' in (project.project / "verify.xml").read_text()


def test_news_from_upstream_is_the_one_exit_code_that_gitlab_forgives(project: Cloud, scripts: Path) -> None:
    result = run(gitlab(project)["outdated"], project, scripts)
    assert result.code == 1
    assert "  1 commit  " in result.out
    assert "exit_codes: 1\n" in GITLAB.read_text()


def test_githubs_steps_pass_on_a_project_in_order(project: Cloud, scripts: Path) -> None:
    steps = {name: script for name, script in github(project).items() if "gh pr create" not in script.text}
    for name, script in steps.items():  # all but the one that needs GitHub itself
        result = run(script, project, scripts)
        assert (name, result.code, result.err) == (name, 0, result.err)
    assert '"version": "2.1.0"' in (project.project / "pinner.sarif").read_text()
    summary = (project.root / "summary.md").read_text()
    assert "Fix what main has not" in summary
    assert "| 1 commit |" in summary
    assert project.lock("production")["modules"]["keystone"]["commit"] in published(project)


def test_githubs_first_step_fails_on_a_stale_lock(project: Cloud, scripts: Path) -> None:
    project.manifest("production", MANIFEST.replace("2025.1", "2024.2"))
    assert run(next(iter(github(project).values())), project, scripts).code == 1


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    find_tool("systemd-analyze", "systemd")
    installed = SERVICE.read_text().replace("/opt/pinner/bin/pinner", "/bin/true")
    (tmp_path / SERVICE.name).write_text(installed)
    (tmp_path / TIMER.name).write_text(TIMER.read_text())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / TIMER.name), str(tmp_path / SERVICE.name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_nightly_service_fails_on_a_finding_and_not_on_news(project: Cloud, scripts: Path) -> None:
    lines = re.findall(r"^ExecStart=(-?)/opt/pinner/bin/(.*)$", SERVICE.read_text(), re.MULTILINE)
    night = "".join(f"{line}{' || true' if forgiven else ''}\n" for forgiven, line in lines)
    result = run(Script(night, {}), project, scripts)
    assert (result.code, "  1 commit  " in result.out) == (0, True)
    project.upstream("keystone").delete("refs/heads/stable/2025.1")
    assert run(Script(night, {}), project, scripts).code == 1
