import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.text import quoted
from pinner.puppet.names import (
    check_commit,
    check_environment_name,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_module_name,
    check_moduledir,
    check_ref_name,
)

CHECKS = (
    check_commit,
    check_environment_name,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_module_name,
    check_moduledir,
    check_ref_name,
)
HOSTILE = (
    "",
    " ",
    "a b",
    "a'b",
    'a"b',
    "a\\",
    "a#{b}",
    "a,b",
    "a\n",
    "a\nb",
    "\x00",
    "a\x7f",
    "-upload-pack=x",
    "a\u2028b",
    "ä",
    "a`id`",
    "$(id)",
    "<script>",
    "../etc",
    "a/../b",
    "__END__\n",
    "=begin\n",
)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_rule_lets_a_hostile_value_in(check: object, text: str) -> None:
    assert callable(check)
    assert check(text) is not None


@given(st.sampled_from(CHECKS), st.text())
def test_a_message_is_one_printable_line(check: object, text: str) -> None:
    assert callable(check)
    message = check(text)
    assert message is None or message.isprintable()


@given(
    st.sampled_from(CHECKS),
    st.text(alphabet="a0'\"\\#,{}$` \n\r\t<>;&|-._/@+=%AF\u00e4\u2028", max_size=40),
)
def test_what_is_let_in_holds_no_character_that_ends_a_ruby_string_or_starts_an_option(
    check: object, text: str
) -> None:
    assert callable(check)
    if check(text) is None:
        assert not set(text) & set("'\"\\#, \n\r\t{}$`<>;&|")
        assert text.isascii()
        assert not text.startswith("-")
        assert ".." not in text.split("/")


@pytest.mark.parametrize("check", CHECKS)
def test_a_long_value_is_refused_and_cut_in_the_message(check: object) -> None:
    assert callable(check)
    message = check("a" * 100_000)
    assert message is not None
    assert len(message) < 250


@pytest.mark.parametrize("name", ["nova", "ssh_keygen", "x2", "openstack_extras"])
def test_module_names_of_puppet(name: str) -> None:
    assert check_module_name(name) is None
    assert check_environment_name(name) is None


def test_the_message_about_a_module_name() -> None:
    assert check_module_name("apt-cacher-ng") == (
        "'apt-cacher-ng' is not a valid module name: use lower-case letters, digits and underscores, starting with a letter"
    )


def test_the_message_about_an_environment_name_that_is_a_release() -> None:
    assert check_environment_name("2025.1") == (
        "'2025.1' is not a valid environment name: use lower-case letters, digits and underscores, starting with a letter"
    )


def test_the_message_about_a_name_that_is_too_long() -> None:
    assert check_module_name("a" * 201) == (
        f"'{'a' * 59}…' is not a valid module name: it is longer than 200 characters"
    )


@pytest.mark.parametrize("name", ["acme/facts", "OpenStack/nova", "0x1/a"])
def test_forge_names(name: str) -> None:
    assert check_forge_name(name) is None


@pytest.mark.parametrize("name", ["facts", "acme-facts", "/facts", "acme/", "a/b/c", "acme/Facts", "a_b/c"])
def test_forge_names_that_are_none(name: str) -> None:
    assert check_forge_name(name) == (
        f"'{name}' is not a valid Forge name: write owner/module, with letters and digits before the slash and a module name after it"
    )


@pytest.mark.parametrize("version", ["1.2.3", "0.0.0", "1.0.0-rc1", "1.0.0-0.a.b-c+build.01", "10.20.30-0a"])
def test_exact_versions(version: str) -> None:
    assert check_forge_version(version) is None


@pytest.mark.parametrize(
    "version", ["1.2", "v1.2.3", "01.2.3", "1.2.3-01", "1.2.x", "latest", "1.2.3-", "1.2.3\n"]
)
def test_versions_that_are_not_exact(version: str) -> None:
    message = check_forge_version(version)
    assert message == (
        f"{version!r} is not an exact version: write three numbers such as 1.2.3, optionally with a suffix such as -rc1"
    )


def test_a_commit_is_40_small_hex_digits() -> None:
    assert check_commit("0123456789abcdef" * 2 + "01234567") is None
    assert check_commit("0123456789ABCDEF" * 2 + "01234567") == (
        "'0123456789ABCDEF0123456789ABCDEF01234567' is not a full commit id: write all 40 hex digits in lower case"
    )
    assert (
        check_commit("abc1234") == "'abc1234' is not a full commit id: write all 40 hex digits in lower case"
    )


REFS = (
    "stable/2025.1",
    "refs/heads/unmaintained/2023.1",
    "2023.2-eol",
    "v9.7.0",
    "8.0.0b1",
    "feature/x+y",
    "a@b",
    "user/50%",
    "a=b",
    "deadbeef",
)


@pytest.mark.parametrize("ref", REFS)
def test_ref_names(ref: str) -> None:
    assert check_ref_name(ref) is None


@pytest.mark.parametrize(
    ("ref", "flaw"),
    [
        ("-x", "it starts with '-'"),
        ("@", "git reads '@' as HEAD"),
        ("a..b", "it contains '..' or ends with '.'"),
        ("a.", "it contains '..' or ends with '.'"),
        ("/a", "it starts or ends with a slash, or contains two in a row"),
        ("a/", "it starts or ends with a slash, or contains two in a row"),
        ("a//b", "it starts or ends with a slash, or contains two in a row"),
        ("a/.b", "one of its parts starts with '.'"),
        ("a.lock/b", "one of its parts ends with '.lock'"),
    ],
)
def test_the_messages_about_ref_names(ref: str, flaw: str) -> None:
    assert check_ref_name(ref) == f"'{ref}' is not a valid ref name: {flaw}"


def test_the_message_about_a_character_in_a_ref_name() -> None:
    assert check_ref_name("a b") == (
        "'a b' is not a valid ref name: use only letters, digits and . _ / + @ = % -"
    )


def git_accepts(ref: str) -> bool:
    return subprocess.run(["git", "check-ref-format", f"refs/heads/{ref}"], check=False).returncode == 0


@pytest.mark.parametrize("seed", range(2))
def test_git_accepts_every_ref_name_that_is_let_in(seed: int) -> None:
    pieces = ("a", ".", "..", "/", "-", "@", "%", ".lock", "=", "lock", "+")
    refs = [a + b + c for a in pieces[seed::2] for b in pieces for c in pieces]
    let_in = [ref for ref in refs if check_ref_name(ref) is None]
    assert len(let_in) > 50
    assert [ref for ref in let_in[::3] if not git_accepts(ref)] == []


@pytest.mark.parametrize("path", [".", "hiera", "a/b.c/d-e", ".hidden", "_x"])
def test_install_paths(path: str) -> None:
    assert check_install_path(path) is None


@pytest.mark.parametrize("path", ["a/./b", "a//b", "a/", "..", "./a", "a/-b"])
def test_install_paths_that_are_none(path: str) -> None:
    assert check_install_path(path) == (
        f"'{path}' is not a valid path: write directory names of letters, digits and _ . - separated by slashes, without '..'"
    )


def test_an_absolute_install_path_is_refused() -> None:
    assert check_install_path("/etc") == (
        "'/etc' is not a valid path: write it relative to the environment's directory"
    )


def test_the_environment_itself_is_an_install_path_but_no_moduledir() -> None:
    assert check_moduledir("modules") is None
    assert check_moduledir(".") == (
        "'.' is not a valid moduledir: r10k would purge the environment's own files; use a directory inside it"
    )


def test_quoting_spells_out_control_characters() -> None:
    assert quoted("a\x1b[31m\n") == "'a\\x1b[31m\\n'"
