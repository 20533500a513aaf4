import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.errors import InputError
from pinner.model.text import canonical_git_url, require_allowed, rewrite_url

NO_BLANKS = "a URL must not contain spaces or control characters, or begin with a hyphen"
NO_LOGIN = "use a git credential helper or an ssh key"
SPOKEN = "use file, git, http, https or ssh, user@host:path, or an absolute path"


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
    assert canonical_git_url(url) == name
    assert canonical_git_url(name) == name


def test_two_repositories_of_an_unknown_host_never_share_a_name() -> None:
    assert canonical_git_url("https://git.example.org/nova") != canonical_git_url(
        "https://git.example.org/nova.git"
    )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", f"'' is not a valid git URL\n  hint: {NO_BLANKS}"),
        ("-u", f"'-u' is not a valid git URL\n  hint: {NO_BLANKS}"),
        (
            "https://example.org/a b",
            f"'https://example.org/a b' is not a valid git URL\n  hint: {NO_BLANKS}",
        ),
        ("ext::sh", f"'ext::sh': git remote helpers are refused\n  hint: {SPOKEN}"),
        ("fd::3", f"'fd::3': git remote helpers are refused\n  hint: {SPOKEN}"),
        ("https::x", f"'https::x': git remote helpers are refused\n  hint: {SPOKEN}"),
        ("ftp://example.org/x", f"'ftp://example.org/x': the transport 'ftp' is refused\n  hint: {SPOKEN}"),
        ("origin", f"'origin' is not a valid git URL\n  hint: {SPOKEN}"),
        ("../nova", f"'../nova' is not a valid git URL\n  hint: {SPOKEN}"),
        ("git@-oProxyCommand=x:y", f"'git@-oProxyCommand=x:y' is not a valid git URL\n  hint: {SPOKEN}"),
        (
            "ssh://-oProxyCommand=x/y",
            "'ssh://-oProxyCommand=x/y' is not a valid git URL: it needs a host and a path",
        ),
        ("https:///x", "'https:///x' is not a valid git URL: it needs a host and a path"),
        ("https://example.org/", "'https://example.org/' is not a valid git URL: it needs a host and a path"),
        ("file://x", "'file://x' is not a valid git URL: it needs an absolute path"),
        (
            "https://example.org:99999/x",
            "'https://example.org:99999/x' is not a valid git URL: Port out of range 0-65535",
        ),
        ("https://[::1/x", "'https://[::1/x' is not a valid git URL: Invalid IPv6 URL"),
        (
            "https://anna:hunter2@example.org/x",
            f"'https://***@example.org/x': credentials in a URL are refused\n  hint: {NO_LOGIN}",
        ),
        (
            "https://ghp_token@example.org/x",
            f"'https://***@example.org/x': credentials in a URL are refused\n  hint: {NO_LOGIN}",
        ),
        *(
            (url, f"{shown!r}: credentials in a URL are refused\n  hint: {NO_LOGIN}")
            for url, shown in (
                ("https://anna%3ahunter2%40example.org/x", "https://***@example.org/x"),
                ("ssh://anna%3Ahunter2@example.org/x", "ssh://***@example.org/x"),
                ("https://example.org/x?private_token=hunter2", "https://example.org/x?private_token=***"),
                ("https://example.org/x?a=b&job-token=hunter2", "https://example.org/x?a=***&job-token=***"),
            )
        ),
        (
            "https://anna:hunter2/x",
            "'https://anna:***/x' is not a valid git URL: its host or its port is not valid",
        ),
        (
            "https:/example.org/x",
            "'https:/example.org/x' is not a valid git URL\n  hint: write https:// with two slashes",
        ),
        (
            "https:/anna:hunter2@example.org/x",
            "'https:/***@example.org/x' is not a valid git URL\n  hint: write https:// with two slashes",
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
        assert canonical_git_url(canonical_git_url(text)) == canonical_git_url(text)


def test_the_longest_prefix_rewrites() -> None:
    rules = {
        "https://opendev.org/": "https://a.example.org/",
        "https://opendev.org/openstack/": "ssh://git@b.example.org/",
    }
    assert (
        rewrite_url("https://opendev.org/openstack/puppet-nova", rules)
        == "ssh://git@b.example.org/puppet-nova"
    )
    assert rewrite_url("https://opendev.org/other/x", rules) == "https://a.example.org/other/x"
    assert rewrite_url("https://example.org/x", rules) == "https://example.org/x"


def test_a_rewrite_to_a_refused_place_is_refused() -> None:
    with pytest.raises(InputError, match="git remote helpers are refused"):
        rewrite_url("https://opendev.org/x", {"https://opendev.org/": "ext::sh "[:-1]})


def test_an_empty_prefix_rewrites_nothing() -> None:
    assert rewrite_url("https://example.org/x", {"": "https://evil.example.org/"}) == "https://example.org/x"


def test_git_gets_the_transport_in_small_letters() -> None:
    assert rewrite_url("HTTPS://Example.org/X", {}) == "https://Example.org/X"
