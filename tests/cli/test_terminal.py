"""What a person sees: a bar while remotes are asked, a table, colours unless NO_COLOR says otherwise."""

import re
import socket
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.prepared import Prepared
from tests.support.terminal import on_terminal
from tests.support.unharmed import lock_basic

YELLOW = "\x1b[33m"


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    return prepared(cloud, lock_basic)


def test_a_bar_while_remotes_are_asked_and_the_result_below(locked: Cloud, scripts: Path) -> None:
    shown = on_terminal(scripts, "lock", cwd=locked.project)
    assert (shown.code, "fetching" in shown.out, "2/2" in shown.out) == (0, True, True)
    assert shown.out.endswith("locked 1 environment: 0 errors, 0 warnings\n")


def test_statuses_are_a_table_with_colours(locked: Cloud, scripts: Path) -> None:
    shown = on_terminal(scripts, "status", "--offline", cwd=locked.project)
    assert shown.code == 0
    assert "┃ module   ┃ version ┃ ref           ┃ status       ┃ behind ┃" in shown.out.replace(
        "\x1b[1m", ""
    ).replace("\x1b[0m", "")
    assert f"{YELLOW}unmaintained" in shown.out


def test_no_color_means_no_colour(locked: Cloud, scripts: Path) -> None:
    shown = on_terminal(scripts, "status", "--offline", cwd=locked.project, NO_COLOR="1")
    assert (shown.code, YELLOW in shown.out, "unmaintained" in shown.out) == (0, False, True)


def test_a_terminal_that_can_do_nothing_gets_plain_text(locked: Cloud, scripts: Path) -> None:
    shown = on_terminal(scripts, "status", "--offline", cwd=locked.project, TERM="dumb")
    assert (shown.code, "\x1b[3" in shown.out) == (0, False)


def test_the_bar_names_the_repository_whose_server_does_not_answer(locked: Cloud, scripts: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/puppet-slow"
        locked.manifest(
            "production",
            f"release: 2025.1\nopenstack: [nova]\nmodules: {{slow: {{git: '{url}', branch: main}}}}\n",
        )
        shown = on_terminal(scripts, "lock", "--timeout", "3", cwd=locked.project)
    assert shown.code == 3
    assert "waiting for puppet-slow" in shown.out


LINK = "\x1b]8;"
"""The beginning of a hyperlink on a terminal (OSC 8)."""


@pytest.fixture
def linked(cloud: Cloud) -> Cloud:
    """Two environments that differ by one commit of a host that is only in the project's settings."""
    git = "https://git.example.net/puppet/sunfire"
    upstream = cloud.upstream("sunfire", owner="puppet", repository="sunfire")
    for branch in ("old", "new"):
        upstream.commit(branch, version="1.0.0", name="acme-sunfire")
        cloud.manifest(branch, f"modules:\n  sunfire: {{git: '{git}', branch: {branch}}}\n")
    settings = cloud.project / "pinner.yaml"
    text = settings.read_text(encoding="utf-8")
    rewrite = f"rewrite:\n  https://git.example.net/puppet/sunfire: {upstream.path}\n"
    assert text.count("rewrite:\n") == 1
    links = (
        "links:\n  https://git.example.net/:\n    commit: https://web.example.net/{repository}?id={commit}\n"
    )
    settings.write_text(text.replace("rewrite:\n", rewrite) + links, encoding="utf-8")
    locked = cloud.run("lock")
    assert locked.code == 0, locked.err + locked.out
    return cloud


def test_commits_lead_to_the_pages_of_the_settings(linked: Cloud, scripts: Path) -> None:
    commit = linked.upstream("sunfire", owner="puppet", repository="sunfire").id("refs/heads/new")
    address = f"https://web.example.net/puppet/sunfire?id={commit}"
    shown = on_terminal(scripts, "diff", "old", "new", "--offline", cwd=linked.project).out
    assert re.search(rf"\x1b\]8;[^;]*;{re.escape(address)}\x1b\\[^\x1b]*{commit[:12]}", shown), repr(shown)
    assert f"[`{commit[:12]}`]({address})" in linked.run("diff", "old", "new", "--format", "markdown").out
    assert f'href="{address}"' in linked.run("diff", "old", "new", "--format", "html").out


def test_no_links_without_colour_or_terminal(linked: Cloud, scripts: Path) -> None:
    words = ("diff", "old", "new", "--offline")
    assert LINK not in on_terminal(scripts, *words, "--color", "never", cwd=linked.project).out
    assert LINK not in on_terminal(scripts, *words, cwd=linked.project, NO_COLOR="1").out
    assert LINK not in on_terminal(scripts, *words, cwd=linked.project, TERM="dumb").out
    assert LINK not in linked.run(*words, "--color", "always").out
