"""What `doctor --server` finds: settings as real Puppet prints them, and configuration files as Puppet Server has them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from pinner.deploying.versions.directory import DeploymentDirectory
from pinner.deploying.versions.server_check import PuppetServerFiles, check_server
from pinner.model.results import CheckState
from tests.support.oracles import find_tool
from tests.support.puppet_server_tree import ServerTree

SUBJECTS = (
    "environmentpath",
    "versioned_environment_dirs",
    "environment_timeout",
    "static_catalogs",
    "code-id-command",
    "code-content-command",
    "auth.conf",
)


@pytest.fixture
def tree(tmp_path: Path) -> ServerTree:
    """A server's files, configured for a deployment directory."""
    find_tool("puppet", "puppet-agent")
    place = DeploymentDirectory.at(tmp_path / "environments", is_made=True)
    place.write_server_files()
    made = ServerTree(tmp_path / "server", 8140, place.path)
    made.write()
    return made


def check(tree: ServerTree) -> Mapping[str, tuple[CheckState, str]]:
    files = PuppetServerFiles((tree.root / "conf.d",), tree.root / "conf")
    found = check_server(tree.environments, files)
    return {one.subject: (one.state, one.message) for one in found}


def failed(tree: ServerTree) -> Mapping[str, str]:
    return {
        subject: message for subject, (state, message) in check(tree).items() if state is CheckState.FAILED
    }


def test_a_server_that_is_configured_as_the_guide_says(tree: ServerTree) -> None:
    found = check(tree)
    assert tuple(found) == SUBJECTS
    assert {state for state, _ in found.values()} == {CheckState.OK}


@pytest.mark.parametrize(
    ("old", "new", "subject", "words"),
    [
        (
            "environmentpath = ",
            "environmentpath = /elsewhere",
            "environmentpath",
            "the server does not serve",
        ),
        ("environmentpath = ", "environmentpath = /other:", "environmentpath", "with several directories"),
        (
            "versioned_environment_dirs = true",
            "",
            "versioned_environment_dirs",
            "reads files of both versions",
        ),
        ("= unlimited", "= 180", "environment_timeout", "at some moment after the switch"),
        (
            "reports = store",
            "static_catalogs = false",
            "static_catalogs",
            "agents fetch files of the version",
        ),
    ],
)
def test_a_setting_of_puppet_that_does_not_fit(
    tree: ServerTree, old: str, new: str, subject: str, words: str
) -> None:
    text = tree.puppet_conf.read_text()
    assert old in text
    tree.puppet_conf.write_text(text.replace(old, new))
    found = failed(tree)
    assert list(found) == [subject]
    assert words in found[subject]


def test_programs_that_are_not_configured_or_are_of_another_directory(tree: ServerTree) -> None:
    path = tree.root / "conf.d/versioned-code.conf"
    path.write_text(path.read_text().replace(str(tree.environments), "/other"))
    other = failed(tree)
    assert set(other) == {"code-id-command", "code-content-command"}
    assert other["code-id-command"].startswith("/other/.pinner/code-id: it answers for another directory")
    path.unlink()
    assert failed(tree)["code-id-command"].startswith("not set: ")


def test_a_server_that_nobody_may_flush(tree: ServerTree) -> None:
    path = tree.root / "conf.d/all.conf"
    settings = json.loads(path.read_text())
    rules = settings["authorization"]["rules"]
    settings["authorization"]["rules"] = [rule for rule in rules if rule["name"] != "admin"]
    path.write_text(json.dumps(settings, indent=2))
    assert "/puppet-admin-api" in path.read_text()  # the route is still there
    assert list(failed(tree)) == ["auth.conf"]
