import json
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from pinner.model.control import Layout
from pinner.model.errors import InputError
from pinner.model.manifest import Settings
from pinner.project.manifest.settings import read_settings
from tests.support.projects import Writer

NOTHING: dict[str, str] = {}
CREDENTIALS = (
    "a git URL must not contain a user or password (only ssh may have a user): use git's credential helper"
)
FORMS = (
    "transports that run commands are refused; write https://, http://, ssh://, git:// or file:///, "
    "an absolute path, or git@host:path"
)
CHOICES = "must be 'puppetfiles', 'branches', 'one-branch' or 'exec', not"
FULL = """\
rewrite:
  https://opendev.org/openstack/: https://git.internal/openstack/
  https://github.com/: ./mirrors/github/
  "git@git.example.net:": ../other/
modules: {sunfire: "ssh://git@git.example.net/puppet-sunfire"}
refs: {openstack: {havana: refs/heads/havana, 2025.1: refs/tags/v1}}
jobs: 4
timeout: 2.5
retries: 0
cache: .cache
layout: one-branch
control_repo: "ssh://git@git.example.net/control"
control_branch: main
"""


def complaint(text: str, write: Writer, **options: float) -> str:
    with pytest.raises(InputError) as caught:
        read_settings(write({"pinner.yaml": text}), variables=NOTHING, **options)  # type: ignore[arg-type]  # numbers only
    return str(caught.value)


def test_defaults_hold_outside_of_any_project() -> None:
    cache = user_cache_dir("pinner", appauthor=False)
    assert read_settings(None, variables=NOTHING) == Settings(cache=cache, jobs=16, timeout=60.0, retries=3)


def test_defaults_hold_without_a_file(write: Writer) -> None:
    assert read_settings(write({}), variables=NOTHING) == read_settings(None, variables=NOTHING)


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_a_file_that_says_nothing_is_fine(write: Writer, text: str) -> None:
    assert read_settings(write({"pinner.yaml": text}), variables=NOTHING) == read_settings(
        None, variables=NOTHING
    )


def test_the_file_goes_before_defaults(write: Writer) -> None:
    project = write({"pinner.yaml": FULL})
    assert read_settings(project, variables=NOTHING) == Settings(
        cache=f"{project.root}/.cache",
        rewrite={
            "https://opendev.org/openstack/": "https://git.internal/openstack/",
            "https://github.com/": f"{project.root}/mirrors/github/",
            "git@git.example.net:": f"{project.root.parent}/other/",
        },
        modules={"sunfire": "ssh://git@git.example.net/puppet-sunfire"},
        refs={"openstack": {"havana": "refs/heads/havana", "2025.1": "refs/tags/v1"}},
        jobs=4,
        timeout=2.5,
        retries=0,
        layout=Layout.ONE_BRANCH,
        control_repo="ssh://git@git.example.net/control",
        control_branch="main",
    )


def test_the_layout_may_come_from_anywhere(write: Writer) -> None:
    project = write({"pinner.yaml": FULL})
    variables = {
        "PINNER_LAYOUT": "branches",
        "PINNER_CONTROL_REPO": "https://git.example.net/v",
        "PINNER_CONTROL_BRANCH": "trunk",
    }
    by_variable = read_settings(project, variables=variables)
    assert (by_variable.layout, by_variable.control_repo, by_variable.control_branch) == (
        Layout.BRANCHES,
        "https://git.example.net/v",
        "trunk",
    )
    by_option = read_settings(
        project, layout="exec", control_repo="https://git.example.net/o", variables=variables
    )
    assert (by_option.layout, by_option.control_repo) == (Layout.EXEC, "https://git.example.net/o")


def test_a_bad_layout_is_told_wherever_it_comes_from(write: Writer) -> None:
    text = 'layout: folders\ncontrol_repo: "https://me:secret@git.example.net/x"\n'
    assert complaint(text, write).splitlines() == [
        f"pinner.yaml:1:9: layout: {CHOICES} 'folders'",
        f"pinner.yaml:2:15: control_repo: {CREDENTIALS}",
    ]


def test_a_bad_layout_is_told_where_no_file_has_it(write: Writer) -> None:
    with pytest.raises(InputError) as caught:
        read_settings(write({}), control_repo="ext::sh", variables={"PINNER_LAYOUT": "nothing"})
    assert str(caught.value).splitlines() == [
        f"PINNER_LAYOUT: {CHOICES} 'nothing'",
        f"--control-repo: 'ext::sh' is not a valid git URL: {FORMS}",
    ]


def test_variables_go_before_the_file(write: Writer, tmp_path: Path) -> None:
    variables = {
        "PINNER_CACHE": str(tmp_path / "there"),
        "PINNER_JOBS": "5",
        "PINNER_TIMEOUT": "7.5",
        "PINNER_RETRIES": "1",
    }
    settings = read_settings(write({"pinner.yaml": FULL}), variables=variables)
    assert (settings.cache, settings.jobs, settings.timeout, settings.retries) == (
        f"{tmp_path}/there",
        5,
        7.5,
        1,
    )


def test_empty_variables_count_as_not_set(write: Writer) -> None:
    variables = {"PINNER_CACHE": "", "PINNER_JOBS": ""}
    project = write({"pinner.yaml": FULL})
    assert read_settings(project, variables=variables) == read_settings(project, variables=NOTHING)


def test_options_go_before_variables(write: Writer) -> None:
    variables = {
        "PINNER_CACHE": "/there",
        "PINNER_JOBS": "wrong",
        "PINNER_TIMEOUT": "7",
        "PINNER_RETRIES": "1",
    }
    project = write({"pinner.yaml": FULL})
    settings = read_settings(project, cache="/here", jobs=6, timeout=0.5, retries=2, variables=variables)
    assert (settings.cache, settings.jobs, settings.timeout, settings.retries) == ("/here", 6, 0.5, 2)


def test_variables_are_those_of_the_process(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINNER_JOBS", "9")
    assert read_settings(write({})).jobs == 9


def test_a_tilde_is_the_users_home(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ops")
    project = write({"pinner.yaml": "cache: ~/.cache/pinner\n"})
    assert read_settings(project, variables=NOTHING).cache == "/home/ops/.cache/pinner"
    assert read_settings(project, cache="~/here", variables=NOTHING).cache == "/home/ops/here"


def test_an_asked_cache_is_relative_to_the_working_directory(
    write: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert read_settings(write({}), variables={"PINNER_CACHE": "../c"}).cache == f"{tmp_path}/deep/../c"


def test_the_home_of_nobody_is_told(write: Writer) -> None:
    assert complaint("cache: ~no_such_user/pinner\n", write) == (
        "cache: cannot determine the home directory in '~no_such_user/pinner'\n  hint: write the absolute path"
    )


def test_everything_wrong_in_all_sources_is_told_in_one_run(write: Writer) -> None:
    text = """\
job: 4
jobs: 0
timeout: "60"
retries: many
cache:
modules: {Sunfire: "https://u:secret@git.example.net/x"}
refs: {openstack: {havana: havana}}
rewrite:
  https://opendev.org/openstack/: ext::sh
  https://opendev.org/openstack: https://git.internal/openstack/
"""
    project = write({"pinner.yaml": text})
    with pytest.raises(InputError) as caught:
        read_settings(project, jobs=1000, variables={"PINNER_RETRIES": "-1"})
    assert str(caught.value).splitlines() == [
        "pinner.yaml:1:1: unknown key 'job'",
        "  hint: did you mean 'jobs'?",
        "pinner.yaml:2:7: jobs: must be a whole number from 1 to 256, not '0'",
        "pinner.yaml:3:10: timeout: must be a number of seconds from 0.1 to 86400, not '60'",
        "pinner.yaml:4:10: retries: must be a whole number from 0 to 20, not 'many'",
        "pinner.yaml:5:7: cache: has no value",
        "  hint: write a directory, or delete the key",
        "pinner.yaml:6:11: modules: 'Sunfire' is not a valid module name: use lower-case letters, digits and underscores, starting with a letter",
        f"pinner.yaml:6:20: modules.Sunfire: {CREDENTIALS}",
        "pinner.yaml:7:28: refs.openstack.havana: 'havana' is not a full ref name: it must begin with 'refs/heads/' or 'refs/tags/'",
        f"pinner.yaml:9:35: rewrite.'https://opendev.org/openstack/': 'ext::sh' is not a valid git URL: {FORMS}",
        "pinner.yaml:10:34: rewrite.'https://opendev.org/openstack': only one of the two ends with '/'",
        "  hint: end both with '/', or neither",
        "--jobs: must be a whole number from 1 to 256, not '1000'",
        "PINNER_RETRIES: must be a whole number from 0 to 20, not '-1'",
    ]


@pytest.mark.parametrize(
    ("option", "value"), [("timeout", 0.0), ("timeout", 1e9), ("timeout", float("nan")), ("retries", 21)]
)
def test_an_option_out_of_its_range_is_told(write: Writer, option: str, value: float) -> None:
    assert complaint("", write, **{option: value}).startswith(f"--{option}: must be a")


def test_a_file_that_is_no_map_is_told(write: Writer) -> None:
    assert complaint("- jobs\n", write) == "pinner.yaml:1:1: must be a map, not a list"


def test_a_file_that_links_out_of_the_project_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password: hunter2\n", encoding="utf-8")
    project = Writer(tmp_path.resolve() / "project")({"environments/x.yaml": ""})
    project.settings.symlink_to(secret)
    with pytest.raises(InputError) as caught:
        read_settings(project, variables=NOTHING)
    assert str(caught.value) == (
        "pinner.yaml: this is a link that leads out of the project\n"
        "  hint: put a file or directory here, or a link that stays inside the project"
    )


LINKS = """\
links:
  https://git.example.net/:
    commit: https://git.example.net/{repository}/commit/?id={commit}
    bug: "http://bugs.example.net:8080/show?id={bug}"
"""


def test_links_are_addresses_by_the_beginning_of_urls(write: Writer) -> None:
    assert read_settings(write({"pinner.yaml": LINKS}), variables=NOTHING).links == {
        "https://git.example.net/": {
            "commit": "https://git.example.net/{repository}/commit/?id={commit}",
            "bug": "http://bugs.example.net:8080/show?id={bug}",
        }
    }


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert({commit})",
        "file:///{commit}",
        "https://{commit}.example.net/",
        "https://user:pass@example.net/{commit}",
        "https://example.net/{commit}\\e]8",
        "https://example.net/{commit}')",
        "https://example.net/<{commit}>",
        "//example.net/{commit}",
    ],
)
def test_links_are_web_pages_of_one_host(write: Writer, address: str) -> None:
    text = f"links:\n  https://git.example.net/:\n    commit: {json.dumps(address)}\n"
    assert "is not the address of a web page" in complaint(text, write)


def test_a_link_has_the_placeholders_of_its_page(write: Writer) -> None:
    text = "links:\n  https://git.example.net/:\n    commit: https://git.example.net/{repository}/{id}\n"
    assert complaint(text, write) == (
        "pinner.yaml:3:13: links.'https://git.example.net/'.commit: 'https://git.example.net/{repository}/{id}' must contain "
        "'{commit}'; placeholders are '{repository}', '{commit}'"
    )
