"""`pinner generate --layout`: what each layout writes, and that config_version answers for its own environment."""

import subprocess
from pathlib import Path

import pytest

from pinner.project.yaml.nodes import MappingNode, ScalarNode, read_nodes
from tests.support.cloud import Cloud
from tests.support.control import lock_two, move_nova
from tests.support.prepared import Prepared

REPOSITORY = "ssh://git@git.example.net/puppet/control"
ONE_BRANCH = ("generate", "--layout", "one-branch", "--control-repo", REPOSITORY)
HEADER = "# Written by pinner for environment"


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    """The environments production and staging, locked."""
    return prepared(cloud, lock_two)


def written(directory: Path) -> dict[str, str]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_text() for path in paths}


def lock_id(cloud: Cloud, environment: str) -> str:
    return cloud.run("id", environment).out.split()[1]


def deploy(cloud: Cloud, name: str) -> Path:
    """Put the one branch where r10k puts the environment of that name."""
    directory = cloud.root / "code" / name
    directory.mkdir(parents=True)
    subprocess.run(["cp", "-r", f"{cloud.project}/control/.", str(directory)], check=True)
    return directory


def config_version(directory: Path, command: str | None = None, *, cwd: Path | None = None) -> str:
    """Return what Puppet is told; it runs the script by its whole path, with any working directory."""
    program = command or str(directory / "bin" / "config_version")
    done = subprocess.run([program], capture_output=True, text=True, check=True, cwd=cwd)
    assert done.stderr == ""
    return done.stdout


def test_branches_have_what_folders_have(locked: Cloud) -> None:
    assert locked.run("generate").code == 0
    folders = written(locked.project / "puppetfiles")
    assert locked.run("generate", "--layout", "branches", "-o", "x").code == 0
    assert written(locked.project / "x") == folders
    assert locked.run("generate", "--layout", "branches", "--check").code == 0


def test_the_settings_choose_the_layout(locked: Cloud) -> None:
    locked.write_settings(f"layout: one-branch\ncontrol_repo: {REPOSITORY}\n")
    assert locked.run("generate").code == 0
    assert (locked.project / "control" / "Puppetfile.staging").exists()


def test_the_files_of_one_branch(locked: Cloud) -> None:
    assert locked.run(*ONE_BRANCH).code == 0
    files = written(locked.project / "control")
    assert list(files) == [
        "Puppetfile.production",
        "Puppetfile.staging",
        "bin/config_version",
        "environment.conf",
        "environments.d/production.yaml",
        "environments.d/staging.yaml",
        "lock_ids/production",
        "lock_ids/staging",
    ]
    assert files["environments.d/staging.yaml"] == (
        f"---\n{HEADER} staging\ntype: 'git'\nremote: '{REPOSITORY}'\nref: 'production'\n"
        "puppetfile_name: 'Puppetfile.staging'\n"
    )
    assert files["lock_ids/staging"] == f"{lock_id(locked, 'staging')}\n{HEADER} staging\n"
    assert files["environment.conf"].splitlines()[1:] == [
        "modulepath = modules:$basemodulepath",
        "config_version = bin/config_version",
    ]
    locked.run("generate")
    assert files["Puppetfile.staging"] == written(locked.project / "puppetfiles")["staging/Puppetfile"]


def test_every_value_for_r10k_is_quoted(locked: Cloud) -> None:
    locked.write_settings(f'control_repo: {REPOSITORY}\ncontrol_branch: "2025.1"\n')
    assert locked.run("generate", "--layout", "one-branch").code == 0
    path = locked.project / "control/environments.d/staging.yaml"
    root = read_nodes(path.read_bytes(), "x").root
    assert isinstance(root, MappingNode)
    values = [entry.value for entry in root.entries.values()]
    assert "2025.1" in [
        value.text for value in values if isinstance(value, ScalarNode) and not value.is_plain
    ]
    assert not any(isinstance(value, ScalarNode) and value.is_plain for value in values)


def test_config_version_answers_for_the_directory_it_is_in(locked: Cloud, tmp_path: Path) -> None:
    locked.run(*ONE_BRANCH)
    for name in ("production", "staging"):
        directory = deploy(locked, name)
        assert config_version(directory) == f"{lock_id(locked, name)}\n"
        assert config_version(directory, cwd=tmp_path) == f"{lock_id(locked, name)}\n"
        assert config_version(directory, "bin/config_version", cwd=directory) == f"{lock_id(locked, name)}\n"


def test_config_version_goes_by_the_name_that_puppet_uses_and_not_by_where_a_link_leads(
    locked: Cloud,
) -> None:
    locked.run(*ONE_BRANCH)
    directory = deploy(locked, "release_17")
    (directory.parent / "staging").symlink_to(directory)
    assert config_version(directory.parent / "staging") == f"{lock_id(locked, 'staging')}\n"


def test_config_version_of_a_strange_directory_says_so_and_fails_no_compilation(locked: Cloud) -> None:
    locked.run(*ONE_BRANCH)
    assert config_version(deploy(locked, "site_production")) == "no-lock-of-site_production\n"


def test_an_environment_that_did_not_move_keeps_its_files_and_its_answer(locked: Cloud) -> None:
    locked.run(*ONE_BRANCH)
    before = written(locked.project / "control")
    move_nova(locked, "2025.1")
    assert locked.run(*ONE_BRANCH).code == 0
    after = written(locked.project / "control")
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {"Puppetfile.staging", "lock_ids/staging"}


def test_a_named_environment_leaves_the_files_of_the_others_alone(locked: Cloud) -> None:
    locked.run(*ONE_BRANCH)
    before = written(locked.project / "control")
    move_nova(locked, "2024.1", "2025.1")
    assert locked.run(*ONE_BRANCH, "staging").code == 0
    after = written(locked.project / "control")
    assert before["lock_ids/production"] == after["lock_ids/production"]
    assert before["lock_ids/staging"] != after["lock_ids/staging"]


def test_directories_that_only_one_environment_has_are_on_the_path_of_all(locked: Cloud) -> None:
    locked.upstream("acme", owner="private").commit("main", version="1.0.0", name="acme-acme")
    text = (locked.project / "environments/staging.yaml").read_text()
    module = 'acme: {git: "https://git.example.net/puppet-acme", branch: main, install_path: site}'
    locked.manifest("staging", f"{text}modules:\n  {module}\n")
    assert locked.run("lock").code == 0
    assert locked.run(*ONE_BRANCH, "production").code == 0
    conf = (locked.project / "control/environment.conf").read_text()
    assert "modulepath = modules:site:$basemodulepath\n" in conf


def test_moduledirs_that_differ_are_told(locked: Cloud) -> None:
    text = (locked.project / "environments/staging.yaml").read_text()
    locked.manifest("staging", f"{text}moduledir: external\n")
    assert locked.run("lock").code == 0
    result = locked.run(*ONE_BRANCH)
    assert (result.code, result.err) == (
        2,
        (
            "environments on one branch share one environment.conf, but their moduledirs differ: "
            "'external' in staging; 'modules' in production\n"
            "  hint: give them one moduledir, or use the layout 'branches'\n"
        ),
    )
    assert not (locked.project / "control").exists()
    assert locked.run("generate", "--layout", "branches").code == 0


def test_one_branch_needs_to_know_what_r10k_clones(locked: Cloud) -> None:
    result = locked.run("generate", "--layout", "one-branch")
    assert (result.code, result.err) == (
        2,
        (
            "r10k needs the URL of the control repository, and none is set\n"
            "  hint: write 'control_repo: URL' into pinner.yaml, or give --control-repo URL\n"
        ),
    )


def test_what_is_left_of_a_removed_environment_is_told(locked: Cloud) -> None:
    locked.run(*ONE_BRANCH)
    theirs = locked.project / "control" / "environments.d" / "theirs.yaml"
    theirs.write_text("type: plain\n")
    locked.manifest("staging", "").unlink()
    told = [line.split(" ")[0] for line in locked.run(*ONE_BRANCH).err.splitlines()]
    assert told == [
        "control/Puppetfile.staging",
        "control/environments.d/staging.yaml",
        "control/lock_ids/staging",
    ]


def test_a_file_of_somebody_else_on_the_branch_is_not_overwritten(locked: Cloud) -> None:
    theirs = locked.project / "control" / "environment.conf"
    theirs.parent.mkdir()
    theirs.write_text("environment_timeout = unlimited\n")
    assert locked.run(*ONE_BRANCH).code == 2
    assert theirs.read_text() == "environment_timeout = unlimited\n"


def test_a_directory_where_a_file_belongs_is_refused(locked: Cloud) -> None:
    lock_ids = locked.project / "control" / "lock_ids"
    (lock_ids / "old").mkdir(parents=True)
    assert locked.run(*ONE_BRANCH).code == 0
    (lock_ids / "staging").unlink()
    (lock_ids / "staging").mkdir()
    result = locked.run(*ONE_BRANCH)
    hint = "  hint: put a regular file here\n"
    assert (result.code, result.err) == (2, f"control/lock_ids/staging: this is not a regular file\n{hint}")


@pytest.mark.parametrize("arguments", [["--layout", "folders"], ["--control-repo", "ext::sh -c id"]])
def test_a_bad_choice_is_wrong_usage(locked: Cloud, arguments: list[str]) -> None:
    assert locked.run("generate", *arguments).code == 2


def test_the_r10k_yaml_of_this_machine(
    locked: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = locked.run("generate", "--layout", "exec", "--r10k-yaml", "--environmentpath", "envs")
    assert result.code == 0
    assert f"    command: '{locked.project}/control/r10k-environments'\n" in result.out
    assert f"    basedir: '{locked.project}/envs'\n" in result.out
    assert (
        "r10k is not installed, so its version is unknown: the layout 'exec' needs r10k 3.5.0 or newer\n"
        in result.err
    )
    assert not (locked.project / "control").exists()


@pytest.mark.parametrize("more", [["production"], ["--check"], ["--stdout", "production"]])
def test_printing_goes_with_nothing_else(locked: Cloud, more: list[str]) -> None:
    assert locked.run("generate", "--r10k-yaml", *more).code == 2


def test_the_module_path_of_a_manifest(locked: Cloud) -> None:
    text = (locked.project / "environments/staging.yaml").read_text()
    locked.manifest("staging", f"{text}modulepath: [site-modules, dist]\n")
    assert locked.run("lock", "--check").code == 0
    assert locked.run("generate").code == 0
    made = {
        name: text
        for name, text in written(locked.project / "puppetfiles").items()
        if "environment.conf" in name
    }
    assert ["modulepath = modules:$basemodulepath" in text for text in made.values()] == [True, False]
    assert "modulepath = site-modules:dist:modules:$basemodulepath\n" in made["staging/environment.conf"]
    assert locked.run(*ONE_BRANCH, "production").code == 0
    shared = written(locked.project / "control")["environment.conf"]
    assert "modulepath = site-modules:dist:modules:$basemodulepath\n" in shared


def test_a_module_path_with_the_moduledir_keeps_its_order(locked: Cloud) -> None:
    text = (locked.project / "environments/staging.yaml").read_text()
    locked.manifest("staging", f"{text}modulepath: [modules, site]\n")
    assert locked.run("generate", "staging").code == 0
    made = written(locked.project / "puppetfiles")["staging/environment.conf"]
    assert "modulepath = modules:site:$basemodulepath\n" in made


def test_module_paths_that_differ_on_one_branch_are_an_error(locked: Cloud) -> None:
    for name, path in (("production", "site"), ("staging", "dist")):
        text = (locked.project / f"environments/{name}.yaml").read_text()
        locked.manifest(name, f"{text}modulepath: [{path}]\n")
    result = locked.run(*ONE_BRANCH)
    assert (result.code, result.err) == (
        2,
        (
            "environments on one branch share one environment.conf, but their modulepaths differ: "
            "'dist' in staging; 'site' in production\n"
            "  hint: give them one modulepath, or use the layout 'branches'\n"
        ),
    )


@pytest.mark.parametrize("path", ["[..]", "[/etc/puppet]", "['.']", "[a:b]", "site", "[$codedir]"])
def test_a_module_path_outside_the_environment_is_refused(locked: Cloud, path: str) -> None:
    locked.manifest("staging", f"modulepath: {path}\n")
    assert locked.run("generate", "staging").code == 2
