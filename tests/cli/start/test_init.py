"""`pinner init`: the first manifest, and one more; nothing that is there is changed."""

from pathlib import Path

import pytest
import yaml

from tests.support.cloud import Cloud
from tests.support.terminal import on_terminal
from tests.support.unharmed import lock_basic

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = "Puppetfile.templates/default.j2"


@pytest.fixture
def empty(cloud: Cloud) -> Path:
    (cloud.project / "pinner.yaml").unlink()
    return cloud.project


def test_a_project_starts_where_one_stands(cloud: Cloud, empty: Path) -> None:
    result = cloud.run("init", "--release", "2025.1", "staging")
    assert result.out == (
        "wrote pinner.yaml\n"
        "wrote environments/staging.yaml\n"
        "next: review environments/staging.yaml, then run 'pinner lock staging'\n"
    )
    assert "release: 2025.1\n" in (empty / "environments/staging.yaml").read_text()


def test_paths_are_told_as_one_would_type_them(cloud: Cloud, empty: Path) -> None:
    (empty / "cloud").mkdir()
    assert cloud.run("-C", "cloud", "init").out.startswith(
        "wrote cloud/pinner.yaml\nwrote cloud/environments/production.yaml\n"
    )


def test_the_first_manifest_is_sound_for_every_usual_module(cloud: Cloud) -> None:
    cloud.run("init", "production")
    result = cloud.run("lock", "--check")
    assert (result.code, "environment 'production' has no lock" in result.out) == (1, True)


def test_named_modules_are_listed_and_pinned(cloud: Cloud) -> None:
    cloud.run("init", "--release", "epoxy", "-m", "nova", "-m", "keystone", "production")
    assert (
        "openstack:              # modules that follow the release; or `openstack: all`\n  - keystone\n  - nova\n"
        in (cloud.project / "environments/production.yaml").read_text()
    )


def test_a_manifest_that_is_there_is_left_alone(cloud: Cloud) -> None:
    cloud.manifest("production", "openstack: [mine]\n")
    result = cloud.run("init", "production")
    assert (result.code, result.err) == (
        2,
        "environments/production.yaml already exists\n  hint: choose another name\n",
    )
    assert (cloud.project / "environments/production.yaml").read_text() == "openstack: [mine]\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--release", "2025.3"), "unknown release '2025.3'\n"),
        (("../../etc/passwd",), "'../../etc/passwd' is not a valid environment name"),
        (("-m", "--help"), "no module '--help' in the catalogue"),
        (("--release", "grizzly", "-m", "neutron"), "module 'neutron' is called 'quantum' in grizzly"),
    ],
)
def test_wrong_words_write_nothing(cloud: Cloud, empty: Path, words: tuple[str, ...], told: str) -> None:
    result = cloud.run("init", *words)
    assert (result.code, told in result.err) == (2, True), result.err
    assert list(empty.rglob("*.yaml")) == []


def test_all_modules_of_the_release_may_be_meant(cloud: Cloud) -> None:
    cloud.run("init", "--release", "2025.1", "-m", "all", "production")
    text = (cloud.project / "environments/production.yaml").read_text()
    assert "\nrelease: 2025.1\n# puppet: 8.10.0" in text
    assert "\n\nopenstack: all\n\n# modules:" in text
    assert cloud.run("lock", "--check").code == 1


@pytest.mark.parametrize(
    ("name", "path"), [("gitlab", ".gitlab-ci.yml"), ("github", ".github/workflows/pinner.yml")]
)
def test_a_ci_file_runs_the_three_checks(cloud: Cloud, empty: Path, name: str, path: str) -> None:
    result = cloud.run("init", "--ci", name)
    assert f"wrote {path}\n" in result.out
    text = (empty / path).read_text()
    commands = [line.strip().removeprefix("- ").removeprefix("run: ") for line in text.splitlines()]
    assert [
        command.split(" --")[0] for command in commands if " pinner " in f" {command}" and "#" not in command
    ] == ["pinner lock", "pinner verify", "test ! -d puppetfiles || pinner generate"]
    assert "pinner lock --check" in text
    assert "pinner generate --check" in text
    assert isinstance(yaml.safe_load(text), dict)


def test_the_template_is_the_built_in_one(cloud: Cloud) -> None:
    lock_basic(cloud)
    built_in = cloud.run("generate", "--stdout", "production").out
    assert "wrote Puppetfile.templates/default.j2\n" in cloud.run("init", "--template", "staging").out
    assert cloud.run("generate", "--stdout", "production").out == built_in
    assert (cloud.project / TEMPLATE).read_bytes() == (ROOT / TEMPLATE).read_bytes()


def test_a_ci_file_that_is_there_is_left_alone_and_nothing_is_written(cloud: Cloud, empty: Path) -> None:
    (empty / ".gitlab-ci.yml").write_text("mine: {}\n")
    result = cloud.run("init", "--ci", "gitlab")
    assert (result.code, result.err) == (
        2,
        ".gitlab-ci.yml already exists\n  hint: existing files are not overwritten: omit that option\n",
    )
    assert [path.name for path in empty.rglob("*") if path.is_file()] == [".gitlab-ci.yml"]


@pytest.mark.parametrize("link", ["environments/production.yaml", ".github", "pinner.yaml"])
def test_no_link_out_of_the_project_is_followed(cloud: Cloud, empty: Path, tmp_path: Path, link: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (empty / link).parent.mkdir(exist_ok=True)
    (empty / link).symlink_to(elsewhere / ("new" if link.endswith(".yaml") else ""))
    refused = cloud.run("-C", str(empty), "init", "--ci", "github")
    assert refused.code == 2
    assert refused.err.startswith(link)
    assert "this is a link that leads out of the project" in refused.err
    assert not list(elsewhere.iterdir())


def test_on_a_terminal_it_asks_and_asks_again(empty: Path, scripts: Path) -> None:
    answers = (
        "9lives",
        "staging",
        "2025.3",
        "epoxy",
        "nova, neuton",
        "nova, keystone",
        "jenkins",
        "github",
        "y",
    )
    said = on_terminal(scripts, "init", cwd=empty, answer="".join(f"{answer}\n" for answer in answers))
    assert said.code == 0
    assert "Puppet environment [production]: " in said.out
    assert "Error: unknown release '2025.3'" in said.out
    assert "Modules that follow it, or 'all' [cinder glance horizon" in said.out
    assert "Error: no module 'neuton' in the catalogue" in said.out
    assert said.out.endswith(
        "wrote pinner.yaml\n"
        "wrote environments/staging.yaml\n"
        "wrote Puppetfile.templates/default.j2\n"
        "wrote .github/workflows/pinner.yml\n"
        "next: review environments/staging.yaml, then run 'pinner lock staging'\n"
    )
    text = (empty / "environments/staging.yaml").read_text()
    assert "\nrelease: 2025.1\n" in text
    assert "\n  - keystone\n  - nova\n\n#" in text


def test_enter_takes_what_is_offered_which_is_what_no_terminal_gets(
    cloud: Cloud, empty: Path, scripts: Path
) -> None:
    assert on_terminal(scripts, "init", cwd=empty, answer="\n" * 5).code == 0
    asked = (empty / "environments/production.yaml").read_text()
    assert not (empty / "Puppetfile.templates").exists()
    assert cloud.run("init", "again").code == 0
    assert (empty / "environments/again.yaml").read_text() == asked


def test_a_project_that_is_there_is_not_asked_about(cloud: Cloud, scripts: Path) -> None:
    said = on_terminal(scripts, "init", "staging", cwd=cloud.project, answer="\n\n")
    assert (said.code, "CI file" in said.out, "Puppet environment" in said.out) == (0, False, False)


@pytest.mark.parametrize(
    "options", [("--release", "2025.1"), ("-m", "nova"), ("--ci", "none"), ("--template",)]
)
def test_an_option_on_a_terminal_means_no_questions(
    empty: Path, options: tuple[str, ...], scripts: Path
) -> None:
    said = on_terminal(scripts, "init", *options, cwd=empty)
    assert (said.code, said.out.startswith("wrote pinner.yaml\n")) == (0, True)


def test_who_goes_away_leaves_nothing(empty: Path, scripts: Path) -> None:
    assert on_terminal(scripts, "init", cwd=empty, answer="\n\n\x04").code == 130
    assert list(empty.rglob("*.*")) == []


def test_a_project_that_is_there_gets_a_template_or_a_ci_file_alone(cloud: Cloud) -> None:
    cloud.manifest("production", "openstack: [mine]\n")
    result = cloud.run("init", "--ci", "gitlab", "--template")
    assert (result.code, result.out) == (0, "wrote Puppetfile.templates/default.j2\nwrote .gitlab-ci.yml\n")
    again = cloud.run("init", "--template")
    assert (again.code, "Puppetfile.templates/default.j2 already exists\n" in again.err) == (2, True)


def test_overrides_begin_where_the_modules_own_ranges_do(cloud: Cloud) -> None:
    """An environment on an older release may extend the manifest."""
    assert cloud.run("init", "--release", "2025.1", "-m", "horizon", "production").code == 0
    text = (cloud.project / "environments/production.yaml").read_text()
    assert '    horizon: {memcached: ">= 2.0.2 < 11.0.0"}\n' in text


@pytest.mark.parametrize(("modules", "written"), [(("nova", "horizon"), 0), (("swift",), 1), (("all",), 1)])
def test_only_modules_of_the_set_get_overrides(cloud: Cloud, modules: tuple[str, ...], written: int) -> None:
    """Of OpenStack's modules, only swift brings in rsync, whose metadata allow no current concat."""
    options = [option for module in modules for option in ("-m", module)]
    assert cloud.run("init", "--release", "2025.1", *options, "production").code == 0
    text = (cloud.project / "environments/production.yaml").read_text()
    assert text.count('    rsync: {concat: ">= 1.1.1 < 10.0.0", stdlib: ">= 4.2.0 < 10.0.0"}\n') == written
    assert text.count("rsync") == written
