"""What `pinner upgrade` plans for the operator's data: before, after, and what needs eyes; and what it writes."""

from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.own_schemas import check, schema_of
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
def live(cloud: Cloud) -> Cloud:
    """A locked environment with nova of 2024.1, and data for it; upstream has 2024.2 and 2025.1."""
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
    return cloud


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
        "data/common.yaml:3: 'nova::api::bind_host' goes on under another name",
        "  nova::api::bind_host -> nova::api::bind_address",
        "  hint: gone in 2025.1",
        "data/common.yaml:4: 'nova::api::workers' stops compilation as it is",
        "  hint: it takes Integer, not the String 'many'",
        "data/common.yaml:3: 'nova::api::password' stops compilation as it is",
        "  hint: it has no default: give it a value",
    ]
    assert plan["Change in your data when you like, after"] == [
        "data/common.yaml:5: 'nova::api::verbose' has no effect any more",
        "  nova::api::verbose goes",
        "  hint: marked as deprecated, without a word on what to use instead (gone in 2025.1)",
        "data/common.yaml:7: 'nova::api::listen' works, and warns",
        "  nova::api::listen -> nova::api::bind_address",
        "  hint: use nova::api::bind_address (deprecated in 2025.1)",
    ]
    look = plan["Look at yourself: nobody can tell this for you"]
    assert look[:3] == [
        "data/common.yaml:6: 'nova::api::quiet' has no effect any more",
        "  hint: removed without ever having been announced (gone in 2024.2)",
        "data/common.yaml:8: this value looks up 'nova::api::bind_host', which is 'nova::api::bind_address' then",
    ]


def test_without_data_it_says_that_it_does_not_know(live: Cloud) -> None:
    look = chapters(live.run("upgrade", "live", "--to", "2025.1").out)[
        "Look at yourself: nobody can tell this for you"
    ]
    assert look[0] == "no data were given: which of 4 breaking changes touch yours is not known"
    assert "nova: needs a value now, wherever its class is used: nova::api::password" in look


def test_a_default_that_changes_counts_where_the_data_set_none(live: Cloud) -> None:
    words = "nova: has another default, which counts where you set none: nova::api::workers"
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
        "text": "'nova::api::bind_host' goes on under another name",
        "path": "data/common.yaml",
        "line": 3,
        "key": "nova::api::bind_host",
        "old": "nova::api::bind_host",
        "new": "nova::api::bind_address",
        "hint": "gone in 2025.1",
    }
    assert {
        "definition": "nova::api",
        "parameter": "quiet",
        "deprecated": None,
        "removed": "2024.2",
        "text": "gone in 2024.2",
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
    page = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--format", "html").out
    assert "The plan: 2024.1" in page
    assert "<del><code><bdi>nova::api::bind_host</bdi></code></del>" in page
    assert "<ins><code><bdi>nova::api::bind_address</bdi></code></ins>" in page
    assert "(gone in 2024.2)" in page


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
    (change,) = (row for row in found["modules"][0]["api"] if row["parameter"] == "bind_older")
    assert (change["announced"], change["hint"]) == (True, "use nova::api::bind_address")


def test_what_was_announced_on_the_way_did_not_come_out_of_nothing(live: Cloud) -> None:
    nova = live.upstream("nova")
    plain = OLD.replace("[*verbose*]", "[*other*]").replace("  $verbose      = undef,\n", "")
    plain = plain.replace("  $workers      = 1,\n", "  $workers      = 1,\n  $verbose      = undef,\n")
    nova.commit("stable/2024.1", version="24.0.2", files={"manifests/api.pp": plain})
    (live.project / "data" / "common.yaml").write_text("nova::api::verbose: true\n")
    assert live.run("update").code == 0
    plan = chapters(live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data").out)
    assert plan["Change in your data when you like, after"] == [
        "data/common.yaml:1: 'nova::api::verbose' has no effect any more",
        "  nova::api::verbose goes",
        "  hint: marked as deprecated, without a word on what to use instead (deprecated in 2024.2, gone in 2025.1)",
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
        "@@ -1,6 +1,6 @@\n"
        " ---\n"
        " # the API\n"
        "-nova::api::bind_host: 10.0.0.1   # of the first node\n"
        "+nova::api::bind_address: 10.0.0.1   # of the first node\n"
        " nova::api::workers: 'many'\n"
        " nova::api::verbose: true\n"
        " nova::api::quiet: false\n"
        "renamed 1 key in 1 file\n"
    )
    assert (live.project / "environments" / "live.yaml").read_text().startswith("release: 2024.1\n")


def test_a_key_that_cannot_be_renamed_is_left_to_a_person(live: Cloud) -> None:
    file = live.project / "data" / "common.yaml"
    text = "nova::api::bind_host: 10.0.0.1\nnova::api::bind_address: 10.0.0.2\n"
    file.write_text(text)
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    assert file.read_text() == text
    assert result.err.endswith(
        "data/common.yaml:1: 'nova::api::bind_host' becomes 'nova::api::bind_address', but not by changing its name alone\n"
        "  hint: is the new key there already? edit it by hand\n"
        "no hiera key can be renamed by the plan\n"
    )


@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_it_asks_before_it_writes(live: Cloud, answer: str) -> None:
    file = live.project / "data" / "common.yaml"
    arguments = ("upgrade", "live", "--to", "2025.1", "--hiera", "data", "--write-hiera")
    said = on_terminal(*arguments, cwd=live.project, answer=f"{answer}\n").out
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
        "site/api.pp:3: the code that sets 'nova::api::bind_host' goes on under another name"
        in plan["Change in your data before the new modules run"]
    )
    words = "site code looks up 'nova::api::bind_host' by itself, which is 'nova::api::bind_address' then"
    assert words in plan["Look at yourself: nobody can tell this for you"]
    assert (code / "api.pp").read_text() == text


def test_a_directory_that_is_none_is_wrong_input(live: Cloud) -> None:
    result = live.run("upgrade", "live", "--to", "2025.1", "--hiera", "nowhere")
    assert (result.code, "nowhere" in result.err) == (2, True)
