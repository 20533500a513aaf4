"""`pinner diff` below its first storey: API changes, release notes, bugs, and what all that does to data."""

import contextlib
import sqlite3
from typing import Any

import pytest

from pinner.git.mirrors.metadata import CACHE_FILE, TABLE, ObjectCache
from pinner.workspace.workspace import API, NOTES
from tests.support.cloud import Cloud
from tests.support.code import make_environments, make_nova, write_data
from tests.support.prepared import Prepared


def make_site(cloud: Cloud) -> None:
    make_nova(cloud)
    make_environments(cloud)
    write_data(cloud)


@pytest.fixture
def site(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, make_site)


def nova(cloud: Cloud, *arguments: str) -> Any:
    result = cloud.run("diff", "old", "new", "--format", "json", *arguments)
    assert result.code == 0, result.err
    return next(module for module in result.json["modules"] if module["name"] == "nova")


def test_changes_of_the_api(site: Cloud) -> None:
    rows = {(row["kind"], row["definition"], row["parameter"]): row for row in nova(site)["api"]}
    gone = rows["parameter-removed", "nova", "rpc_backend"]
    assert gone == {
        "kind": "parameter-removed",
        "definition": "nova",
        "parameter": "rpc_backend",
        "severity": "breaks",
        "old": "'rabbit'",
        "new": None,
        "hint": "removed without a deprecation",
        "announced": False,
        "path": "manifests/init.pp",
        "line": 14,
        "note": None,
        "applies": False,
    }
    assert rows["class-removed", "nova::cert", None]["note"] == "``nova::cert`` was removed."
    assert rows["class-renamed", "nova::old-name", None]["new"] == "nova::old_name"
    assert rows["parameter-required", "nova::api", "cell"]["severity"] == "breaks"
    assert rows["parameter-deprecated", "nova", "workers"]["severity"] == "later"
    assert ("class-added", "nova::broken", None) not in rows


def test_release_notes_security_first_and_what_cannot_be_read(site: Cloud) -> None:
    found = nova(site)
    assert [(note["section"], note["text"], note["change"]) for note in found["notes"]] == [
        ("security", "A hole is closed.", "new"),
        ("upgrade", "``nova::cert`` was removed.", "new"),
    ]
    assert [file["path"] for file in found["unreadable"]] == [
        "manifests/broken.pp",
        "releasenotes/notes/bad-2123456789abcdef.yaml",
    ]


def test_commits_say_what_they_close(site: Cloud) -> None:
    commits = nova(site)["commits"]
    assert [(row["subject"], row["bugs"], row["security"]) for row in commits[:2]] == [
        ("Close a hole", [], True),
        ("Remove what is old", ["1234567"], False),
    ]
    assert commits[1]["change_id"] == "I" + "0123456789" * 4


def test_effects_on_data_and_code(site: Cloud) -> None:
    found = nova(site, "--hiera", "../hiera", "--code", "../site")["hiera"]
    data, code = "../hiera/data/common.yaml", "../site/nova.pp"
    assert [(row["path"], row["line"], row["key"], row["effect"], row["replacement"]) for row in found] == [
        (data, 5, "nova::api::port", "breaks", None),
        (data, 6, "nova::api::enabled", "breaks", None),
        (data, 13, "nova::flavors::flavors.small.disk", "breaks", None),
        (data, 15, "classes[nova::cert]", "breaks", None),
        (code, 2, "nova::cert", "breaks", None),
        (data, 5, "nova::api::cell", "breaks", None),
        (data, 2, "nova::rpc_backend", "ignored", None),
        (data, 3, "nova::auth_host", "ignored", "nova::auth_url"),
        (data, 8, "nova::cert::x", "ignored", None),
        (data, 9, "nova::old-name::alpha_one", "ignored", "nova::old_name::alpha_one"),
        (data, 4, "nova::workers", "deprecated", "nova::api::workers"),
    ]
    assert found[6]["places"] == [{"path": data, "line": 2}, {"path": data, "line": 17}]
    assert [row["code"] for row in found].count(True) == 1


def test_the_text_says_what_matters_first(site: Cloud) -> None:
    out = site.run("diff", "old", "new", "--hiera", "../hiera").out
    lines = out.splitlines()
    assert lines[2:5] == [
        "api: 6 breaking, 4 behaviour, 1 deprecation, 2 other changes",
        "",
        "In your data (10)",
    ]
    rows = lines[5 : lines.index("", 5)]
    assert [" stops compilation" in row or " add it " in row for row in rows] == [True] * 5 + [False] * 5
    assert "  ../hiera/data/common.yaml:3: nova::auth_host was renamed to nova::auth_url" in rows
    assert "  nova::api::cell is required and not set: add it (used at ../hiera/data/common.yaml:5)" in rows
    assert lines[-1] == "Not ready for new: 5 edits required, 4 keys without effect, 1 deprecated"
    assert "    breaks: parameter-removed nova::rpc_backend (removed without a deprecation)" in lines
    assert "    breaks: class-renamed nova::old-name to nova::old_name (hyphens became underscores)" in lines
    assert "      upgrade: ``nova::cert`` was removed." in lines
    assert "    security (new): A hole is closed." in lines
    assert any(line.endswith(" Close a hole [security, CVE-2026-12345]") for line in lines)
    assert any(line.endswith(" Remove what is old [closes #1234567]") for line in lines)
    assert "  could not be read: manifests/broken.pp: line 1: a string is not closed" in lines
    assert not any(line.lstrip().startswith("later: ") for line in lines)


def test_details_on_demand(site: Cloud) -> None:
    for options in (("-v",), ("-m", "nova")):
        lines = site.run("diff", "old", "new", *options).out.splitlines()
        assert "    later: parameter-deprecated nova::workers (use nova::api::workers instead)" in lines
        assert "    upgrade (new): ``nova::cert`` was removed." in lines
    assert "keystone: " not in site.run("diff", "old", "new", "-m", "nova").out


def test_markdown_for_a_review(site: Cloud) -> None:
    out = site.run("diff", "old", "new", "--hiera", "../hiera", "--format", "markdown").out
    assert (
        "- ../hiera/data/common.yaml:2: nova::rpc\\_backend no longer has any effect: removed without a deprecation "
        "(in 2 places)\n  - also: ../hiera/data/common.yaml:17\n" in out
    )
    assert "\n### API\n\n- breaks: parameter-removed nova::rpc\\_backend" in out
    assert "\n### Release notes\n\n- security (new): A hole is closed.\n" in out
    assert (
        "\n### Unreadable files\n\n- could not be read: manifests/broken.pp: line 1: a string is not closed\n"
        in out
    )


def test_the_way_back(site: Cloud) -> None:
    result = site.run("diff", "new", "old", "--format", "json")
    found = next(module for module in result.json["modules"] if module["name"] == "nova")
    kinds = {(row["kind"], row["definition"]) for row in found["api"]}
    assert ("class-added", "nova::cert") in kinds
    assert {note["change"] for note in found["notes"]} == {"removed"}


def test_a_side_that_equals_itself_has_no_details(site: Cloud) -> None:
    result = site.run("diff", "old", "old", "--hiera", "../hiera", "--format", "json")
    assert [(module["api"], module["notes"], module["hiera"]) for module in result.json["modules"]] == [
        ([], [], [])
    ] * 2


def test_a_module_that_leaves_takes_its_keys_with_it(site: Cloud) -> None:
    site.manifest("new", "release: 2025.1\nopenstack: [keystone]\n")
    site.run("lock", "new")
    found = nova(site, "--hiera", "../hiera")
    assert found["change"] == "removed"
    (row,) = (row for row in found["hiera"] if row["key"] == "nova::debug")
    assert row == {
        "key": "nova::debug",
        "path": "../hiera/data/common.yaml",
        "line": 1,
        "effect": "ignored",
        "hint": "module 'nova' is no longer in the environment",
        "replacement": None,
        "code": False,
        "missing": False,
        "places": [{"path": "../hiera/data/common.yaml", "line": 1}],
    }


def test_a_module_under_a_new_name(cloud: Cloud) -> None:
    neutron = cloud.upstream("neutron")
    old = {"manifests/init.pp": "class quantum($core_plugin = 'ovs', $debug = false) { }\n"}
    new = {"manifests/init.pp": "class neutron($core_plugin = 'ml2', $debug = false) { }\n"}
    neutron.commit("stable/grizzly", version="2.0.0", name="puppetlabs-quantum", files=old)
    neutron.commit("stable/havana", version="3.0.0", files=new)
    cloud.manifest("old", "release: grizzly\nopenstack: [quantum]\n")
    cloud.manifest("new", "release: havana\nopenstack: [neutron]\n")
    assert cloud.run("lock").code == 0
    (cloud.root / "hiera").mkdir()
    (cloud.root / "hiera/common.yaml").write_text("quantum::debug: true\n")
    result = cloud.run("diff", "old", "new", "--hiera", "../hiera", "--format", "json")
    after, before = result.json["modules"]
    assert (after["name"], after["formerly"], before["name"], before["change"]) == (
        "neutron",
        "quantum",
        "quantum",
        "removed",
    )
    assert {(row["kind"], row["definition"], row["new"]) for row in after["api"]} >= {
        ("class-renamed", "quantum", "neutron")
    }
    assert [(row["key"], row["effect"], row["replacement"]) for row in after["hiera"]] == [
        ("quantum::debug", "ignored", "neutron::debug")
    ]
    assert "  formerly named 'quantum'" in cloud.run("diff", "old", "new").out.splitlines()


def test_a_fork_is_compared_across_repositories(site: Cloud) -> None:
    fork = site.upstream("nova", owner="private/team", repository="puppet-nova")
    fork.commit("acme", version="26.0.0", files={"manifests/init.pp": "class nova($debug = false) { }\n"})
    site.manifest(
        "new",
        'release: 2025.1\nopenstack: [keystone]\nmodules:\n  nova: {git: "https://git.example.net/team/puppet-nova", branch: acme}\n',
    )
    assert site.run("lock", "new").code == 0
    found = nova(site)
    assert (found["change"], found["ahead"]) == ("moved", None)
    assert ("parameter-removed", "nova", "workers") in {
        (row["kind"], row["definition"], row["parameter"]) for row in found["api"]
    }


def test_the_cache_is_enough_and_nothing_is_read_twice(site: Cloud) -> None:
    first = nova(site, "--hiera", "../hiera")
    site.upstream("nova").path.rename(site.root / "gone")
    assert nova(site, "--hiera", "../hiera", "--offline") == first


def test_a_note_that_is_no_note(site: Cloud) -> None:
    notes = {f"releasenotes/notes/big-{'f' * 16}.yaml": f"features:\n  - {'x' * 1_100_000}\n"}
    site.upstream("nova").commit("stable/2025.1", version="26.0.0", files=notes)
    site.run("update", "new")
    assert [(file["path"][-9:], file["reason"]) for file in nova(site)["unreadable"]] == [
        ("ffff.yaml", "it is too large")
    ]


@pytest.mark.parametrize("rubbish", ["{", '{"a": 1}', "[[1]]", "[1]", ""])
def test_what_is_cached_in_another_form_is_read_again(site: Cloud, rubbish: str) -> None:
    first = nova(site, "--hiera", "../hiera")
    with contextlib.closing(sqlite3.connect(site.root / "cache" / CACHE_FILE)) as database:
        rows = database.execute(f"SELECT reader, id FROM {TABLE}").fetchall()  # noqa: S608 - a constant
    for reader in (API, NOTES):
        ObjectCache(site.root / "cache").put(reader, {key: rubbish for name, key in rows if name == reader})
    assert nova(site, "--hiera", "../hiera") == first


def test_stat_has_one_line_per_module_with_the_numbers_of_the_document(site: Cloud) -> None:
    found = site.run("diff", "old", "new", "--format", "json").json
    row = next(module for module in found["modules"] if module["name"] == "nova")
    number = {name: sum(one["severity"] == name for one in row["api"]) for name in ("breaks", "later")}
    title, totals, _, headings, *modules, _, verdict = site.run(
        "diff", "old", "new", "--stat"
    ).out.splitlines()
    assert title.startswith("old (pin-")
    assert totals == "0 added, 0 removed, 2 moved, 0 same"
    assert headings.split() == ["module", "from", "to", "commits", "api"]
    assert [line.split()[0] for line in modules] == ["keystone", "nova"]
    assert f"  {len(row['commits'])}  " in modules[1]
    assert f"  {number['breaks']} breaking, " in modules[1]
    assert f"{number['later']} deprecation" in modules[1]
    assert verdict.startswith("Your data was not checked")


def test_stat_counts_what_affects_the_data(site: Cloud) -> None:
    data = str(site.root / "hiera")
    effects = nova(site, "--hiera", data)["hiera"]
    lines = site.run("diff", "old", "new", "--stat", "--hiera", data).out.splitlines()
    assert lines[3].split() == ["module", "from", "to", "commits", "your", "data", "api"]
    (line,) = (one for one in lines if one.startswith("  nova "))
    assert f"  {len(effects)}  " in line


def test_stat_of_equal_locks_and_in_another_format(site: Cloud) -> None:
    same = site.run("diff", "new", "new", "--stat").out.splitlines()
    assert same[1:] == [
        "0 added, 0 removed, 0 moved, 2 same",
        "",
        "no difference: both sides have the same code",
    ]
    refused = site.run("diff", "old", "new", "--stat", "--format", "json")
    assert (refused.code, "--stat is a form of the text" in refused.err) == (2, True)
