"""`pinner generate`: files that r10k reads, proved before they are written, never over somebody else's."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared

TEMPLATE = Path(__file__).resolve().parents[3] / "Puppetfile.templates" / "default.j2"


def lock_three_kinds(cloud: Cloud) -> None:
    cloud.manifest(
        "production",
        "release: 2025.1\nopenstack: [keystone, nova]\n"
        "modules:\n"
        "  facts: {forge: acme/facts, version: 1.2.3}\n"
        '  hieradata: {git: "https://git.example.net/puppet-hieradata", branch: main, install_path: hiera, module: false}\n',
    )
    cloud.upstream("hieradata", owner="private").commit("main", files={"common.yaml": "a: 1\n"})
    assert cloud.run("lock").code == 0


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_three_kinds)


def generated(cloud: Cloud) -> dict[str, str]:
    root = cloud.project / "puppetfiles"
    return {
        str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()
    }


def test_the_files_of_an_environment(locked: Cloud) -> None:
    assert locked.run("generate").code == 0
    lock_id = locked.run("id").out.split()[1]
    commits = {name: pin.get("commit") for name, pin in locked.lock("production")["modules"].items()}
    assert generated(locked) == {
        "production/Puppetfile": (
            f"# Written by pinner for environment production ({lock_id}): "
            "the next 'pinner generate' overwrites changes.\n\n"
            "mod 'acme/facts', '1.2.3'\n\n"
            "# main\nmod 'hieradata',\n  :git => 'https://git.example.net/puppet-hieradata',\n"
            f"  :install_path => 'hiera',\n  :ref => '{commits['hieradata']}'\n\n"
            "# stable/2025.1\nmod 'keystone',\n  :git => 'https://opendev.org/openstack/puppet-keystone',\n"
            f"  :ref => '{commits['keystone']}'\n\n"
            "# stable/2025.1\nmod 'nova',\n  :git => 'https://opendev.org/openstack/puppet-nova',\n"
            f"  :ref => '{commits['nova']}'\n"
        ),
        "production/environment.conf": (
            "# Written by pinner for environment production\n"
            "modulepath = modules:$basemodulepath\nconfig_version = bin/config_version\n"
        ),
        "production/bin/config_version": (
            f"#!/bin/sh\n# Written by pinner for environment production\necho {lock_id}\n"
        ),
    }


def test_config_version_is_a_program_that_prints_the_lock_id(locked: Cloud) -> None:
    locked.run("generate")
    program = locked.project / "puppetfiles/production/bin/config_version"
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == locked.run("id").out.split()[1]


def test_generating_twice_changes_nothing(locked: Cloud) -> None:
    locked.run("generate")
    before = generated(locked)
    result = locked.run("generate")
    assert generated(locked) == before
    assert all(line.startswith("unchanged ") for line in result.out.splitlines())


def test_check_tells_what_is_not_current_and_writes_nothing(locked: Cloud) -> None:
    assert locked.run("generate", "--check").code == 1
    assert not (locked.project / "puppetfiles").exists()
    locked.run("generate")
    assert locked.run("generate", "--check").code == 0
    (locked.project / "puppetfiles/production/bin/config_version").chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert locked.run("generate", "--check").code == 1


def test_stdout_prints_the_puppetfile_and_writes_nothing(locked: Cloud) -> None:
    result = locked.run("generate", "--stdout", "production")
    assert "mod 'nova'," in result.out
    assert not (locked.project / "puppetfiles").exists()


def test_a_file_of_somebody_else_is_not_overwritten(locked: Cloud) -> None:
    theirs = locked.project / "puppetfiles/production/Puppetfile"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mod 'puppetlabs/stdlib', '9.0.0'\n")
    result = locked.run("generate")
    assert (result.code, result.err) == (
        2,
        (
            "puppetfiles/production/Puppetfile was not written by pinner\n"
            "  hint: move it away, or overwrite it with --force\n"
        ),
    )
    assert list(generated(locked)) == ["production/Puppetfile"]
    assert locked.run("generate", "--force").code == 0
    assert theirs.read_text().startswith("# Written by pinner")


def test_an_environment_without_a_lock_is_wrong_input(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    result = cloud.run("generate")
    assert (result.code, result.err) == (
        2,
        "environment 'production' has no lock\n  hint: run 'pinner lock production'\n",
    )


@pytest.mark.parametrize("command", ["generate", "generate --stdout production", "generate --check"])
def test_a_lock_that_does_not_match_its_manifest_is_wrong_input(locked: Cloud, command: str) -> None:
    locked.run("generate")
    before = generated(locked)
    locked.manifest("production", "release: 2024.1\nopenstack: [keystone, nova]\n")
    result = locked.run(*command.split())
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "environments/production.lock: module 'facts': is in the lock, but the manifest no longer requires it\n"
        "  hint: run 'pinner lock production'\n"
        "environments/production.lock: module 'hieradata': is in the lock, but the manifest no longer requires it\n"
        "environments/production.yaml:2:13: module 'keystone': the manifest requires release 2024.1; the lock was made for release 2025.1\n"
        "environments/production.yaml:2:23: module 'nova': the manifest requires release 2024.1; the lock was made for release 2025.1\n"
    )
    assert generated(locked) == before


def test_a_pin_that_only_the_lock_has_gets_into_no_puppetfile(locked: Cloud) -> None:
    text = locked.lock_path("production").read_text()
    locked.lock_path("production").write_text(
        text.replace("https://opendev.org/openstack/puppet-nova", "https://git.example.org/nova")
    )
    result = locked.run("generate")
    assert (result.code, list(generated(locked))) == (2, [])
    assert "module 'nova': " in result.err
    assert "https://git.example.org/nova" in result.err


def test_an_environment_that_is_gone_is_told(locked: Cloud) -> None:
    locked.manifest("old", "release: 2025.1\nopenstack: [nova]\nfindings: {ignore: [dependency-missing]}\n")
    locked.run("lock")
    locked.run("generate")
    (locked.project / "environments/old.yaml").unlink()
    assert (
        "puppetfiles/old belongs to an environment that the project no longer has"
        in locked.run("generate").err
    )


def template(cloud: Cloud, text: str) -> None:
    folder = cloud.project / "Puppetfile.templates"
    folder.mkdir(exist_ok=True)
    (folder / "default.j2").write_text(text)


def test_the_template_we_ship_says_what_the_built_in_one_says(locked: Cloud) -> None:
    built_in = locked.run("generate", "--stdout", "production").out
    template(locked, TEMPLATE.read_text())
    assert locked.run("generate", "--stdout", "production").out == built_in


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{% for %}", "this is not a Jinja2 template"),
        ("{{ nothing }}", "this template fails: 'nothing' is undefined"),
        ("{{ ''.__class__.__mro__ }}", "this template fails: access to attribute '__class__'"),
        ("{{ 1 // 0 }}", "this template fails"),
        (f"{TEMPLATE.read_text()}# {{{{ '\\ud800' }}}}\n", "this template fails: 'utf-8' codec can't encode"),
        ("{% include '../../../../etc/passwd' %}", "this template fails"),
        ("# Written by pinner\n", "module 'nova' is missing"),
        ("{{ header }}", "Puppetfile"),
        (
            f"{TEMPLATE.read_text()}\n=begin\nmod 'extra', :git => 'https://x/y', :ref => 'main'\n=end\n",
            "Puppetfile.templates/default.j2:{}: in line 21 of the Puppetfile of 'production': only Ruby treats the text between '=begin'".format(
                TEMPLATE.read_text().count("\n") + 2
            ),
        ),
        (
            TEMPLATE.read_text().replace("  :git =>", "  :git=>"),
            "Puppetfile.templates/default.j2:{}: in line 7 of the Puppetfile of 'production': Renovate reads".format(
                TEMPLATE.read_text().split("\n").index("  :git => '{{ module.git }}',") + 1
            ),
        ),
    ],
)
def test_a_template_that_fails_or_says_something_else_is_refused(
    locked: Cloud, text: str, complaint: str
) -> None:
    template(locked, text)
    result = locked.run("generate")
    assert (result.code, complaint in result.err) == (2, True), result.err
    assert not (locked.project / "puppetfiles").exists()


def test_a_misspelt_value_is_told_with_its_line_and_what_there_is(locked: Cloud) -> None:
    template(locked, "{{ header }}\n{% for module in modules %}\n{{ module.gti }}\n{% endfor %}\n")
    assert locked.run("generate").err.splitlines() == [
        "Puppetfile.templates/default.j2:3: this template fails: a module has no attribute 'gti'",
        (
            "  hint: a template has header, environment, lock_id, moduledir and modules, and each of modules has "
            "name, git, commit, ref, version, install_path, forge"
        ),
    ]


@pytest.mark.parametrize(
    "evil", ["system('id')", "mod 'evil', :git => 'https://x.example/y', :ref => 'main'", "`id`"]
)
def test_a_template_cannot_add_code(locked: Cloud, evil: str) -> None:
    template(locked, TEMPLATE.read_text() + f"\n{evil}\n")
    assert locked.run("generate").code == 2


def test_another_template_by_name(locked: Cloud) -> None:
    text = (locked.project / "environments/production.yaml").read_text()
    locked.manifest("production", text + "template: plain\n")
    missing = locked.run("generate")
    assert (missing.code, "there is no template 'plain'" in missing.err) == (2, True)
    folder = locked.project / "Puppetfile.templates"
    folder.mkdir()
    shutil.copy(TEMPLATE, folder / "plain.j2")
    assert locked.run("generate").code == 0


def test_stdout_takes_one_environment_before_or_after_it(locked: Cloud) -> None:
    before = locked.run("generate", "--stdout", "production")
    after = locked.run("generate", "production", "--stdout")
    assert (before.code, before.out) == (0, after.out)
    for words in (("--stdout",), ("production", "--stdout", "--check")):
        shown = locked.run("generate", *words)
        assert (shown.code, "write 'pinner generate ENV --stdout'" in shown.err) == (2, True)


def test_json_names_each_file_and_whether_it_was_current(locked: Cloud) -> None:
    first = locked.run("generate", "--format", "json").json["files"]
    assert {row["path"]: row["current"] for row in first}["puppetfiles/production/Puppetfile"] is False
    again = locked.run("generate", "--check", "--format", "json").json["files"]
    assert [(row["path"], row["current"]) for row in again] == [(row["path"], True) for row in first]
