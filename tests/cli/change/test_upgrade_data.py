"""What `pinner upgrade` plans for the operator's data: before, after, and what needs eyes; and what it writes."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.own_schemas import check, schema_of
from tests.support.pages import Page, words
from tests.support.prepared import Prepared
from tests.support.terminal import on_terminal

OLD = """\
# == Class: nova::api
#
# [*workers*]
#   (optional) How many.
#
# [*listen*]
#   (optional) Where.
#
# [*quiet*]
#   (optional) No noise.
#
# DEPRECATED PARAMETERS
#
# [*bind_host*]
#   (optional) DEPRECATED. Use bind_address instead.
#   Defaults to undef
#
# [*verbose*]
#   (optional) Does nothing any more.
#   Defaults to undef
#
class nova::api(
  $workers      = 1,
  $listen       = '::',
  $quiet        = true,
  $bind_address = '127.0.0.1',
  # DEPRECATED PARAMETERS
  $bind_host    = undef,
  $verbose      = undef,
) {
  if $bind_host { warning('The bind_host parameter is deprecated. Use bind_address instead.') }
  nova_config { 'DEFAULT/listen': value => pick($bind_host, $bind_address) }
}
"""
MIDDLE = OLD.replace("# [*quiet*]\n#   (optional) No noise.\n#\n", "").replace(
    "  $quiet        = true,\n", ""
)
NEW = """\
# == Class: nova::api
#
# [*workers*]
#   (optional) How many.
#
# [*password*]
#   (required) A secret.
#
# DEPRECATED PARAMETERS
#
# [*listen*]
#   (optional) DEPRECATED. Use bind_address instead.
#
class nova::api(
  $password,
  Integer $workers = 4,
  $bind_address = '127.0.0.1',
  # DEPRECATED PARAMETERS
  $listen       = '::',
) {
  nova_config { 'DEFAULT/listen': value => pick($listen, $bind_address) }
}
"""
DATA = """\
---
# the API
nova::api::bind_host: 10.0.0.1   # of the first node
nova::api::workers: 'many'
nova::api::verbose: true
nova::api::quiet: false
nova::api::listen: '::1'
motd: "%{lookup('nova::api::bind_host')}"
"""


@pytest.fixture
def live(cloud: Cloud, prepared: Prepared) -> Cloud:
    """A locked environment with nova of 2024.1, and data for it; upstream has 2024.2 and 2025.1."""
    return prepared(cloud, lock_live)


def lock_live(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    for release, version, text in (
        ("2024.1", "24.0.1", OLD),
        ("2024.2", "25.0.0", MIDDLE),
        ("2025.1", "26.0.1", NEW),
    ):
        nova.commit(
            f"stable/{release}", version=version, files={"manifests/api.pp": text}, start="refs/heads/master"
        )
    cloud.manifest("live", "release: 2024.1\nopenstack: [nova]\n")
    data = cloud.project / "data"
    data.mkdir()
    (data / "common.yaml").write_text(DATA)
    assert cloud.run("lock").code == 0


def chapters(text: str) -> dict[str, list[str]]:
    """Return the lines of each chapter of a plan by the beginning of its heading."""
    found: dict[str, list[str]] = {}
    for part in text.split("\n\n")[1:]:
        heading, *lines = part.splitlines()
        found[heading.partition(" (")[0]] = [line.removeprefix("  ") for line in lines]
    return found


def test_each_place_stands_in_its_chapter_with_the_edit_spelled_out(live: Cloud) -> None:
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data")
    plan = chapters(result.out)
    assert plan["Change in your data before the new modules run"] == [
        "data/common.yaml:4: 'nova::api::workers' stops compilation",
        "  hint: it takes Integer, not a String of 4 characters",
        "'nova::api::password' is required from 2025.1 and not set: add it (used at data/common.yaml:3)",
        "data/common.yaml:3: 'nova::api::bind_host' was renamed to 'nova::api::bind_address'",
        "  nova::api::bind_host -> nova::api::bind_address",
        "  hint: removed in 2025.1",
    ]
    assert plan["Clean up in your data later"] == [
        "data/common.yaml:5: 'nova::api::verbose' no longer has any effect",
        "  remove nova::api::verbose",
        "  hint: deprecated; upstream names no replacement (removed in 2025.1)",
        "data/common.yaml:7: 'nova::api::listen' is deprecated: it works, but logs a warning",
        "  nova::api::listen -> nova::api::bind_address",
        "  hint: use nova::api::bind_address (deprecated in 2025.1)",
    ]
    look = plan["Needs manual review"]
    assert look[:3] == [
        "data/common.yaml:6: 'nova::api::quiet' no longer has any effect",
        "  hint: removed without a deprecation (removed in 2024.2)",
        "data/common.yaml:8: this value looks up 'nova::api::bind_host', which is renamed to 'nova::api::bind_address'",
    ]


def test_without_data_it_says_that_it_does_not_know(live: Cloud) -> None:
    look = chapters(live.run("upgrade", "live", "--to", "2025.1").out)["Needs manual review"]
    assert look[0] == "no data given: which of the 4 breaking changes affect you was not checked"
    assert "nova: now required, if its class is used: nova::api::password" in look


def test_a_default_that_changes_counts_where_the_data_set_none(live: Cloud) -> None:
    words = "nova: default changed; affects you unless you set it: nova::api::workers"
    assert words in live.run("upgrade", "live", "--to", "2025.1").out
    assert words not in live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data").out
    (live.project / "data" / "common.yaml").write_text("nova::api::listen: '::1'\n")
    assert words in live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data").out
    (live.project / "data" / "common.yaml").write_text("keystone::listen: '::1'\n")
    assert words not in live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data").out


def test_json_spells_edits_and_milestones_out(live: Cloud) -> None:
    found = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--format", "json").json
    (step,) = (
        step for step in found["plan"] if step["key"] == "nova::api::bind_host" and step["stage"] == "before"
    )
    assert step == {
        "stage": "before",
        "kind": "data-ignored",
        "module": "nova",
        "text": "'nova::api::bind_host' was renamed to 'nova::api::bind_address'",
        "path": "data/common.yaml",
        "line": 3,
        "also": [],
        "missing": False,
        "key": "nova::api::bind_host",
        "old": "nova::api::bind_host",
        "new": "nova::api::bind_address",
        "hint": "removed in 2025.1",
    }
    assert {
        "definition": "nova::api",
        "parameter": "quiet",
        "deprecated": None,
        "removed": "2024.2",
        "text": "removed in 2024.2",
    } in found["milestones"]


@pytest.mark.parametrize(
    "options", [[], ["--through"], ["--hiera", "data"], ["--hiera", "data", "--through"]]
)
def test_json_is_as_its_schema_says(live: Cloud, options: list[str]) -> None:
    found = live.run("upgrade", "live", "--to", "2025.1", "--format", "json", *options).json
    check("upgrade.schema.json", found, is_strict=True)
    leg, own, diff = (
        set(schema["properties"])
        for schema in (
            schema_of("upgrade.schema.json")["$defs"]["leg"],
            schema_of("upgrade.schema.json"),
            schema_of("diff.schema.json"),
        )
    )
    assert found.keys() == leg | own | diff
    assert all(one.keys() == leg | diff - {"format"} for one in found["legs"])


def test_the_page_shows_the_plan_and_when_things_went(live: Cloud) -> None:
    page = Page(live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--format", "html").out)
    must, later = (
        words(page.one("ul", **{"aria-label": name}).text) for name in ("Must do", "Clean up later")
    )
    assert "'nova::api::bind_host' was renamed to 'nova::api::bind_address'" in must
    assert must.endswith("manifest set the new release 2024.1 → 2025.1 environments/live.yaml:1:10")
    assert "(removed in 2024.2)" in page.source
    assert "'nova::api::verbose' no longer has any effect" in later


@pytest.fixture
def renamed_twice(live: Cloud) -> Cloud:
    """The same, but the key of the data is renamed by 2024.2 and again by 2025.1."""
    nova = live.upstream("nova")
    first = OLD.replace("bind_address", "bind_old").replace("bind_host", "bind_older")
    nova.commit("stable/2024.1", version="24.0.2", files={"manifests/api.pp": first})
    between = OLD.replace("bind_host", "bind_old")
    nova.commit("stable/2024.2", version="25.0.1", files={"manifests/api.pp": between})
    (live.project / "data" / "common.yaml").write_text("nova::api::bind_older: 10.0.0.1\n")
    assert live.run("update").code == 0
    return live


def renames(leg: Any) -> list[tuple[str, str]]:
    """Return old and new key of each rename before a move."""
    return [(step["old"], step["new"]) for step in leg["plan"] if step["stage"] == "before" and step["new"]]


def test_release_by_release_each_leg_starts_from_the_data_that_the_last_one_left(
    renamed_twice: Cloud,
) -> None:
    arguments = ("upgrade", "live", "--to", "2025.1", "--through", "--hiera", "data", "--format", "json")
    assert [renames(leg) for leg in renamed_twice.run(*arguments).json["legs"]] == [
        [("nova::api::bind_older", "nova::api::bind_old")],
        [("nova::api::bind_old", "nova::api::bind_address")],
    ]


def test_straight_a_key_gets_the_name_that_it_has_at_the_end(renamed_twice: Cloud) -> None:
    found = renamed_twice.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--format", "json").json
    assert renames(found) == [("nova::api::bind_older", "nova::api::bind_address")]
    kinds = {row["kind"]: row for row in found["modules"][0]["api"] if row["parameter"] == "bind_older"}
    change = kinds["parameter-renamed"]
    assert (change["announced"], change["new"]) == (True, "bind_address")


def test_what_was_announced_on_the_way_did_not_come_out_of_nothing(live: Cloud) -> None:
    nova = live.upstream("nova")
    plain = OLD.replace("[*verbose*]", "[*other*]").replace("  $verbose      = undef,\n", "")
    plain = plain.replace("  $workers      = 1,\n", "  $workers      = 1,\n  $verbose      = undef,\n")
    nova.commit("stable/2024.1", version="24.0.2", files={"manifests/api.pp": plain})
    (live.project / "data" / "common.yaml").write_text("nova::api::verbose: true\n")
    assert live.run("update").code == 0
    plan = chapters(live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data").out)
    assert plan["Clean up in your data later"] == [
        "data/common.yaml:1: 'nova::api::verbose' no longer has any effect",
        "  remove nova::api::verbose",
        "  hint: deprecated; upstream names no replacement (deprecated in 2024.2, removed in 2025.1)",
    ]


def test_hiera_is_edited_only_when_asked_and_the_diff_is_shown(live: Cloud) -> None:
    file = live.project / "data" / "common.yaml"
    live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write")
    assert file.read_text() == DATA
    live.manifest("live", "release: 2024.1\nopenstack: [nova]\n")
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    assert file.read_text() == DATA.replace("nova::api::bind_host: ", "nova::api::bind_address: ")
    assert result.err.endswith(
        "--- a/data/common.yaml\n"
        "+++ b/data/common.yaml\n"
        "@@ -3 +3 @@\n"
        "-nova::api::bind_host:\n"
        "+nova::api::bind_address:\n"
        "renamed 1 key in 1 file\n"
    )
    assert (live.project / "environments" / "live.yaml").read_text().startswith("release: 2024.1\n")


def test_a_key_that_cannot_be_renamed_is_left_to_a_person(live: Cloud) -> None:
    file = live.project / "data" / "common.yaml"
    text = "nova::api::bind_host: 10.0.0.1\nnova::api::bind_address: 10.0.0.2\n"
    file.write_text(text)
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    assert file.read_text() == text
    hint = "its value goes to nova::api::bind_address now, which is set too: keep the one that is to count"
    assert chapters(result.out)["Needs manual review"][:2] == [
        "data/common.yaml:1: 'nova::api::bind_host' no longer has any effect",
        f"  hint: {hint} (removed in 2025.1)",
    ]
    assert result.err.endswith("the plan renames no hiera key\n")


def test_one_change_in_several_files_is_one_step_and_each_file_is_edited(live: Cloud) -> None:
    nodes = live.project / "data" / "nodes"
    nodes.mkdir()
    (live.project / "data" / "common.yaml").unlink()
    for name in ("a", "b"):
        (nodes / f"{name}.yaml").write_text("---\nnova::api::bind_host: 10.0.0.1\nnova::api::verbose: true\n")
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    plan = chapters(result.out)
    assert plan["Change in your data before the new modules run"] == [
        "'nova::api::password' is required from 2025.1 and not set: add it (used at data/nodes/a.yaml:2)",
        "data/nodes/a.yaml:2: 'nova::api::bind_host' was renamed to 'nova::api::bind_address' (in 2 files, also data/nodes/b.yaml)",
        "  nova::api::bind_host -> nova::api::bind_address",
        "  hint: removed in 2025.1",
    ]
    assert plan["Clean up in your data later"][:2] == [
        "data/nodes/a.yaml:3: 'nova::api::verbose' no longer has any effect (in 2 files, also data/nodes/b.yaml)",
        "  remove nova::api::verbose",
    ]
    assert result.out.endswith("\nNot ready for 2025.1: 1 edit required, 2 keys without effect\n")
    assert {file.read_text().splitlines()[1] for file in nodes.iterdir()} == {
        "nova::api::bind_address: 10.0.0.1"
    }
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data")
    for form in (("--format", "html"), ("--format", "markdown"), ("-v",)):
        assert "data/nodes/b.yaml:3" in live.run(*arguments, *form).out


def test_the_verdict_counts_keys_in_every_format(live: Cloud) -> None:
    (live.project / "data" / "node.yaml").write_text("nova::api::verbose: true\nnova::api::workers: many\n")
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data")
    found = live.run(*arguments, "--format", "json").json
    assert found["verdict"] == {
        "ready": False,
        "required": 2,
        "ignored": 3,
        "deprecated": 1,
        "review": 0,
    }
    rows = {row["key"]: row for module in found["modules"] for row in module["hiera"]}
    assert [place["path"] for place in rows["nova::api::verbose"]["places"]] == [
        "data/common.yaml",
        "data/node.yaml",
    ]
    assert rows["nova::api::password"]["missing"]
    words = "Not ready for 2025.1: 2 edits required, 3 keys without effect, 1 deprecated"
    assert live.run(*arguments).out.splitlines()[-1] == words
    assert f"**{words}**" in live.run(*arguments, "--format", "markdown").out
    assert words in live.run(*arguments, "--format", "html").out


def test_data_that_were_not_given_are_not_counted(live: Cloud) -> None:
    arguments = ("upgrade", "live", "--to", "2025.1")
    assert live.run(*arguments, "--format", "json").json["verdict"] is None
    words = "Your data was not checked against 2025.1: use --hiera DIR for data and --code DIR for site code"
    assert live.run(*arguments).out.splitlines()[-1] == words
    assert words in live.run(*arguments, "--format", "html").out


def test_data_that_fit_are_ready(live: Cloud) -> None:
    (live.project / "data" / "common.yaml").write_text("nova::api::workers: 2\nnova::api::password: x\n")
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data")
    assert result.out.splitlines()[-1] == "Ready for 2025.1: your data needs no change"


def with_keystone(live: Cloud) -> None:
    live.manifest("live", "release: 2024.1\nopenstack: [keystone, nova]\n")
    assert live.run("lock").code == 0


def test_a_verdict_names_the_modules_if_it_is_about_some_only(live: Cloud) -> None:
    with_keystone(live)
    arguments = ("live", "--to", "2025.1", "--hiera", "data", "-m", "keystone")
    result = live.run("upgrade", *arguments)
    assert "Ready for 2025.1 (keystone only): your data needs no change" in result.out
    assert "nova" not in result.out
    assert "(keystone only)" in live.run("upgrade", *arguments, "--format", "markdown").out
    assert "(keystone only)" in live.run("upgrade", *arguments, "--format", "html").out


@pytest.mark.parametrize(
    ("options", "code"),
    [((), 3), (("--hiera", "data"), 1), (("--hiera", "data", "-m", "keystone"), 0)],
    ids=["no data", "edits required", "ready"],
)
def test_the_exit_code_is_the_verdict_on_demand(live: Cloud, options: tuple[str, ...], code: int) -> None:
    with_keystone(live)
    arguments = ("upgrade", "live", "--to", "2025.1", *options)
    assert live.run(*arguments).code == 0
    assert live.run(*arguments, "--exit-code").code == code


@pytest.mark.parametrize(
    ("type_", "value", "hint"),
    [
        (
            "Array[String]",
            "red",
            "its value goes to nova::api::bind_address now, which takes Array[String], not a String of 3 characters",
        ),
        ("String", "''", "the value had no effect; others go to nova::api::bind_address now"),
    ],
)
def test_a_value_that_the_new_name_does_not_take_is_not_written(
    live: Cloud, type_: str, value: str, hint: str
) -> None:
    file = live.project / "data" / "common.yaml"
    file.write_text(f"nova::api::bind_host: {value}\n")
    nova = live.upstream("nova")
    typed = NEW.replace("  $bind_address", f"  {type_} $bind_address")
    nova.commit("stable/2025.1", version="26.0.2", files={"manifests/api.pp": typed})
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    assert f"  hint: {hint} (removed in 2025.1)" in result.out.replace("    hint", "  hint")
    assert file.read_text() == f"nova::api::bind_host: {value}\n"


@pytest.mark.parametrize(
    ("type_", "value"), [("String[1]", "red"), ("Array[String]", "[red]"), ("Data", "{a: 1}")]
)
def test_a_value_that_the_new_name_takes_is_written(live: Cloud, type_: str, value: str) -> None:
    file = live.project / "data" / "common.yaml"
    file.write_text(f"nova::api::bind_host: {value}\n")
    nova = live.upstream("nova")
    typed = NEW.replace("  $bind_address", f"  {type_} $bind_address")
    nova.commit("stable/2025.1", version="26.0.2", files={"manifests/api.pp": typed})
    live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    assert file.read_text() == f"nova::api::bind_address: {value}\n"


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_it_asks_before_it_writes(live: Cloud, answer: str, scripts: Path) -> None:
    file = live.project / "data" / "common.yaml"
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    said = on_terminal(scripts, *arguments, cwd=live.project, answer=f"{answer}\n").out
    assert "rename 1 key in 1 file? [y/N]: " in said
    assert ("renamed 1 key in 1 file" in said) == (answer == "y")
    assert (file.read_text() == DATA) == (answer == "n")


def test_site_code_is_planned_for_and_never_written(live: Cloud) -> None:
    code = live.project / "site"
    code.mkdir()
    text = "class profile::api {\n  class { 'nova::api':\n    bind_host => '10.0.0.1',\n  }\n  $x = lookup('nova::api::bind_host')\n}\n"
    (code / "api.pp").write_text(text)
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--code", "site", "--write-hiera")
    result = live.run(*arguments)
    plan = chapters(result.out)
    assert (
        "site/api.pp:3: 'nova::api::bind_host' (set by site code) was renamed to 'nova::api::bind_address'"
        in plan["Change in your data before the new modules run"]
    )
    words = "site code looks up 'nova::api::bind_host', which is renamed to 'nova::api::bind_address'"
    assert words in plan["Needs manual review"]
    assert (code / "api.pp").read_text() == text


def test_a_directory_that_is_none_is_wrong_input(live: Cloud) -> None:
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "nowhere")
    assert (result.code, "nowhere" in result.err) == (2, True)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_manifest_and_data_are_asked_for_together_and_written_together(
    live: Cloud, answer: str, scripts: Path
) -> None:
    file, manifest = live.project / "data" / "common.yaml", live.project / "environments" / "live.yaml"
    before = manifest.read_text()
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write", "--write-hiera")
    said = on_terminal(scripts, *arguments, cwd=live.project, answer=f"{answer}\n").out
    assert said.count("[y/N]: ") == 1
    assert "write environments/live.yaml and rename 1 key in 1 file? [y/N]: " in said
    assert said.index("+release: 2025.1") < said.index("+nova::api::bind_address:") < said.index("[y/N]")
    assert (file.read_text() == DATA, manifest.read_text() == before) == ((answer == "n"),) * 2
    assert ("nothing was written" in said) == (answer == "n")


def test_yes_writes_without_asking(live: Cloud, scripts: Path) -> None:
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write", "--write-hiera", "--yes")
    assert "[y/N]" not in on_terminal(scripts, *arguments, cwd=live.project).out
    assert "nova::api::bind_address" in (live.project / "data" / "common.yaml").read_text()


def test_nothing_is_written_if_one_of_the_files_cannot_be(live: Cloud) -> None:
    file, manifest = live.project / "data" / "common.yaml", live.project / "environments" / "live.yaml"
    before = manifest.read_text()
    (live.project / "data" / ".common.yaml.draft").mkdir()  # where the new content would be put together
    shown = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write", "--write-hiera")
    assert (shown.code, "data/.common.yaml.draft" in shown.err) == (2, True)
    assert (file.read_text(), manifest.read_text()) == (DATA, before)
