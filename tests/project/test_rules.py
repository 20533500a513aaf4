from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.rules import check_ignored
from pinner.project.yaml.schema import (
    check_base,
    check_dependency,
    check_line,
    check_platform,
    check_prose,
    check_puppet_version,
    check_rewrite_target,
    check_template,
    check_url_prefix,
)
from pinner.puppet.names import check_branch, check_day, check_release, check_tag, check_whole_ref, judge
from pinner.puppet.versions import check_range

Check = Callable[[str], str | None]

# What each rule takes; with anything hostile added, none of it may pass.
GOOD_BY_CHECK: dict[Check, list[str]] = {
    check_day: ["2024-02-29", "0001-01-01"],
    check_release: ["2025.1", "essex"],
    check_branch: ["stable/2025.1", "main", "0123456789abcdef"],
    check_tag: ["v1.0.0-rc1", "31.0.0"],
    check_whole_ref: ["refs/heads/main", "refs/tags/havana-eol"],
    check_base: ["_base", "production"],
    check_ignored: ["end-of-life", "dependency-missing:horizon"],
    check_range: [">= 1.0.0 < 2.0.0", "1.x", "1.2.3"],
    check_dependency: ["apt", "puppetlabs/apt", "puppetlabs-apt"],
    check_platform: ["Ubuntu", "Red Hat", "24.04"],
    check_puppet_version: ["8.10.0", "3.8.7"],
    check_template: ["default", "two.level"],
    check_url_prefix: [
        "https://opendev.org/openstack/",
        "git@git.example.net:",
        "https://opendev.org/",
    ],
    check_rewrite_target: ["https://git.internal/", "/srv/git/", "./mirrors/", "../git x/"],
}
HOSTILE = ["\n", "'", '"', "\\", "#{x}", "\x00", "\x1b[31m", "`x`", "$(x)", ";x", "<b>", "\u202e", "ä" * 5000]
CASES = [(check, good) for check, goods in GOOD_BY_CHECK.items() for good in goods]


def name_of(value: object) -> str:
    return getattr(value, "__name__", repr(value))


@pytest.mark.parametrize(("check", "good"), CASES, ids=name_of)
def test_good_words_pass(check: Check, good: str) -> None:
    assert check(good) is None


@pytest.mark.parametrize(
    ("check", "good"), [case for case in CASES if case[1] not in {"./mirrors/", "../git x/"}], ids=name_of
)
@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_hostile_words_do_not(check: Check, good: str, hostile: str) -> None:
    assert check(good + hostile) is not None
    assert check(hostile + good) is not None


@pytest.mark.parametrize("check", GOOD_BY_CHECK, ids=name_of)
@pytest.mark.parametrize("text", ["", " ", "-x", "--upload-pack=x", "..", "\n"], ids=ascii)
def test_nothing_and_options_do_not_pass(check: Check, text: str) -> None:
    assert check(text) is not None


@pytest.mark.parametrize("check", GOOD_BY_CHECK, ids=name_of)
@given(text=st.text(max_size=30))
def test_what_is_wrong_is_said_in_printable_words(check: Check, text: str) -> None:
    flaw = check(text)
    assert flaw is None or flaw.isprintable()


@pytest.mark.parametrize("text", ["", "one\ntwo\tthree", "Ärger 東京 🐍", "<b>"])
def test_prose_is_free(text: str) -> None:
    assert check_prose(text) is None


@pytest.mark.parametrize("text", ["\r", "\x7f", "\x9b31m", "\u2066", "\ud800"], ids=ascii)
def test_prose_steers_no_terminal(text: str) -> None:
    assert check_prose(f"a{text}b") == f"the character U+{ord(text[0]):04X} is not allowed in a text"


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("a\nb", "the text must be one line"),
        (" ", "the text is empty"),
        ("a\u2028b", "the text must be one line"),
    ],
)
def test_a_line_is_one_line(text: str, flaw: str) -> None:
    assert check_line(text) == flaw


def test_credentials_are_never_part_of_a_flaw() -> None:
    flaw = judge(check_branch, "https://user:secret@git.example.net/x")
    assert flaw is not None
    assert "secret" not in flaw
