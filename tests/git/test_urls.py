import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.git.urls import canonical, redacted, require_allowed, rewritten
from pinner.words.problems import InputError

NO_BLANKS = "a URL has no blanks, no control characters, no leading hyphen"
NO_LOGIN = "use a git credential helper or an ssh key"
SPOKEN = "pinner speaks file, git, http, https and ssh, user@host:path, and absolute paths"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://opendev.org/openstack/puppet-nova", "https://opendev.org/openstack/puppet-nova"),
        ("https://opendev.org/openstack/puppet-nova/", "https://opendev.org/openstack/puppet-nova"),
        ("HTTPS://OpenDev.org:443/openstack/puppet-nova.git", "https://opendev.org/openstack/puppet-nova"),
        ("https://git.example.org/nova.git", "https://git.example.org/nova.git"),
        ("https://git.example.org:8443/Nova", "https://git.example.org:8443/Nova"),
        ("http://[::1]:80/nova", "http://[::1]/nova"),
        ("ssh://git@git.example.org:22/nova", "ssh://git@git.example.org/nova"),
        ("git://git.example.org/nova", "git://git.example.org/nova"),
        ("https://git.example.org/cgi?r=nova", "https://git.example.org/cgi?r=nova"),
        ("file:///srv/git/nova.git/", "file:///srv/git/nova.git"),
        ("/srv/git/nova.git/", "/srv/git/nova.git"),
        ("git@git.example.org:nova.git", "git@git.example.org:nova.git"),
    ],
)
def test_canonical_names(url: str, name: str) -> None:
    assert canonical(url) == name
    assert canonical(name) == name


def test_two_repositories_of_an_unknown_host_never_share_a_name() -> None:
    assert canonical("https://git.example.org/nova") != canonical("https://git.example.org/nova.git")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", f"'' is no git URL\n  hint: {NO_BLANKS}"),
        ("-u", f"'-u' is no git URL\n  hint: {NO_BLANKS}"),
        (
            "https://example.org/a b",
            f"'https://example.org/a b' is no git URL\n  hint: {NO_BLANKS}",
        ),
        ("ext::sh", f"'ext::sh': git remote helpers are refused\n  hint: {SPOKEN}"),
        ("fd::3", f"'fd::3': git remote helpers are refused\n  hint: {SPOKEN}"),
        ("https::x", f"'https::x': git remote helpers are refused\n  hint: {SPOKEN}"),
        ("ftp://example.org/x", f"'ftp://example.org/x': the transport 'ftp' is refused\n  hint: {SPOKEN}"),
        ("origin", f"'origin' is no git URL\n  hint: {SPOKEN}"),
        ("../nova", f"'../nova' is no git URL\n  hint: {SPOKEN}"),
        ("git@-oProxyCommand=x:y", f"'git@-oProxyCommand=x:y' is no git URL\n  hint: {SPOKEN}"),
        ("ssh://-oProxyCommand=x/y", "'ssh://-oProxyCommand=x/y' is no git URL: it needs a host and a path"),
        ("https:///x", "'https:///x' is no git URL: it needs a host and a path"),
        ("https://example.org/", "'https://example.org/' is no git URL: it needs a host and a path"),
        ("file://x", "'file://x' is no git URL: it needs an absolute path"),
        (
            "https://example.org:99999/x",
            "'https://example.org:99999/x' is no git URL: Port out of range 0-65535",
        ),
        ("https://[::1/x", "'https://[::1/x' is no git URL: Invalid IPv6 URL"),
        (
            "https://anna:hunter2@example.org/x",
            f"'https://***@example.org/x': credentials in a URL are refused\n  hint: {NO_LOGIN}",
        ),
        (
            "https://ghp_token@example.org/x",
            f"'https://***@example.org/x': credentials in a URL are refused\n  hint: {NO_LOGIN}",
        ),
        (
            "ssh://git:hunter2@example.org/x",
            f"'ssh://***@example.org/x': credentials in a URL are refused\n  hint: {NO_LOGIN}",
        ),
    ],
)
def test_refused_urls(url: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        require_allowed(url)
    assert str(caught.value) == message


@given(st.text(max_size=60))
def test_any_text_is_allowed_or_refused_with_a_message(text: str) -> None:
    with contextlib.suppress(InputError):
        assert canonical(canonical(text)) == canonical(text)


def test_the_longest_prefix_rewrites() -> None:
    rules = {
        "https://opendev.org/": "https://a.example.org/",
        "https://opendev.org/openstack/": "ssh://git@b.example.org/",
    }
    assert (
        rewritten("https://opendev.org/openstack/puppet-nova", rules) == "ssh://git@b.example.org/puppet-nova"
    )
    assert rewritten("https://opendev.org/other/x", rules) == "https://a.example.org/other/x"
    assert rewritten("https://example.org/x", rules) == "https://example.org/x"


def test_a_rewrite_to_a_refused_place_is_refused() -> None:
    with pytest.raises(InputError, match="git remote helpers are refused"):
        rewritten("https://opendev.org/x", {"https://opendev.org/": "ext::sh "[:-1]})


def test_an_empty_prefix_rewrites_nothing() -> None:
    assert rewritten("https://example.org/x", {"": "https://evil.example.org/"}) == "https://example.org/x"


def test_git_gets_the_transport_in_small_letters() -> None:
    assert rewritten("HTTPS://Example.org/X", {}) == "https://Example.org/X"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: https://anna:pw@example.org/x not found", "fatal: https://***@example.org/x not found"),
        ("https://token@example.org/x", "https://***@example.org/x"),
        ("ssh://git@example.org/x", "ssh://git@example.org/x"),
        ("ssh://git:pw@example.org/x", "ssh://***@example.org/x"),
        ("https://example.org/x?private_token=abc&a=b", "https://example.org/x?private_token=***&a=b"),
        ("> Authorization: Basic abc", "> Authorization: ***"),
        ("https://example.org/a@b", "https://example.org/a@b"),
    ],
)
def test_credentials_are_hidden(text: str, shown: str) -> None:
    assert redacted(text) == shown
