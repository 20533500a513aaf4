"""What a person sees: a bar while remotes are asked, a table, colours unless NO_COLOR says otherwise."""

import pytest

from tests.support.cloud import Cloud
from tests.support.terminal import on_terminal
from tests.support.unharmed import lock_basic

GREEN = "\x1b[32m"


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    return lock_basic(cloud)


def test_a_bar_while_remotes_are_asked_and_the_result_below(locked: Cloud) -> None:
    shown = on_terminal("lock", cwd=locked.project)
    assert (shown.code, "asking git" in shown.out, "2/2" in shown.out) == (0, True, True)
    assert shown.out.endswith("locked 1 environment: 0 errors, 0 warnings\n")


def test_statuses_are_a_table_with_colours(locked: Cloud) -> None:
    shown = on_terminal("status", "--offline", cwd=locked.project)
    assert shown.code == 0
    assert "┃ module   ┃ version ┃ ref           ┃ status     ┃ behind ┃" in shown.out.replace(
        "\x1b[1m", ""
    ).replace("\x1b[0m", "")
    assert f"{GREEN}maintained" in shown.out


def test_no_color_means_no_colour(locked: Cloud) -> None:
    shown = on_terminal("status", "--offline", cwd=locked.project, NO_COLOR="1")
    assert (shown.code, GREEN in shown.out, "maintained" in shown.out) == (0, False, True)


def test_a_terminal_that_can_do_nothing_gets_plain_text(locked: Cloud) -> None:
    shown = on_terminal("status", "--offline", cwd=locked.project, TERM="dumb")
    assert (shown.code, "\x1b[3" in shown.out) == (0, False)
