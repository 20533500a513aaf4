import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.text import check_git_url, redact_url

FORMS = "write https://, http://, ssh://, git:// or file:///, an absolute path, or git@host:path"
REFUSED = (
    "a git URL must not contain a user or password (only ssh may have a user): use git's credential helper"
)


@pytest.mark.parametrize(
    "url",
    [
        "https://opendev.org/openstack/puppet-nova",
        "http://localhost:8080/x.git",
        "ssh://git@git.example.net/puppet-sunfire",
        "ssh://git.example.net:29418/a/b",
        "ssh://me@[::1]:2222/~/x",
        "git://127.0.0.1:9418/x",
        "file:///srv/git/x.git",
        "/srv/git/x.git",
        "git@github.com:owner/repo.git",
        "me@host:~other/x",
        "me@host:/srv/x",
        "https://dev.azure.com/o/My%20Project/_git/x",
    ],
)
def test_urls_that_are_let_in(url: str) -> None:
    assert check_git_url(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://user@host/x",
        "https://user:pw@host/x",
        "HTTPS://user:pw@host/x",
        "ssh://user:pw@host/x",
        "git://user@host/x",
        "ftp://user:pw@host/x",
        "user:pw@host:x",
        "https://@host/x",
        "https://user%3apw%40host/x",
        "ssh://user%3Apw@host/x",
    ],
)
def test_credentials_are_refused_and_never_repeated(url: str) -> None:
    assert check_git_url(url) == REFUSED


@pytest.mark.parametrize("url", ["https://u:p/w@host/x", "https:/u:pw@host/x", "https://u:p#w@host/x?t=pw"])
def test_misspelt_credentials_are_not_repeated_either(url: str) -> None:
    message = check_git_url(url)
    assert message is not None
    assert "pw" not in message
    assert "p/w" not in message
    assert "p#w" not in message


@pytest.mark.parametrize(
    ("url", "flaw"),
    [
        ("ext::sh -c whoami", f"transports that run commands are refused; {FORMS}"),
        ("fd::17", f"transports that run commands are refused; {FORMS}"),
        ("ftp://host/x", FORMS),
        ("ext://host/x", FORMS),
        ("javascript:alert", FORMS),
        ("host:path", FORMS),
        ("../x", "'.' and '..' are not allowed in its path: one repository would have many names"),
        ("x/y", FORMS),
        ("--upload-pack=x", FORMS),
        ("", "only letters, digits and . _ ~ / : @ % + = - are allowed"),
        ("https://host/x'", "only letters, digits and . _ ~ / : @ % + = - are allowed"),
        ("https://host/x\n", "only letters, digits and . _ ~ / : @ % + = - are allowed"),
        ("https://host/#{x}", "only letters, digits and . _ ~ / : @ % + = - are allowed"),
        ("https://host/ä", "only letters, digits and . _ ~ / : @ % + = - are allowed"),
        ("https://host/%", "a '%' is not followed by two hex digits"),
        ("git://host/%0aX", "a '%' escape stands for a control character"),
        (
            "git://host/%2e%2e/x",
            "'.' and '..' are not allowed in its path: one repository would have many names",
        ),
        (
            "ssh://-oProxyCommand=x/y",
            "its host may contain only letters, digits, '.', '_' and '-', and its port must be a number",
        ),
        (
            "https:///x",
            "its host may contain only letters, digits, '.', '_' and '-', and its port must be a number",
        ),
        (
            "https://h:x/x",
            "its host may contain only letters, digits, '.', '_' and '-', and its port must be a number",
        ),
        ("ssh://-a@host/x", "its user may contain only letters, digits, '.', '_', '+' and '-'"),
        ("https://h:0/x", "its port is not between 1 and 65535"),
        ("https://h:65536/x", "its port is not between 1 and 65535"),
        ("https://host", "the path of the repository is missing"),
        ("https://host/", "the path of the repository is missing"),
        ("file://host/x", "a file URL is file:/// and an absolute path"),
        ("https://host//x", "its path begins with two slashes or contains a bracket"),
        ("/srv/[x]", "its path begins with two slashes or contains a bracket"),
        ("https://host/-x", "its path begins with a '-'"),
        ("git@host:-x", FORMS),
    ],
)
def test_the_messages(url: str, flaw: str) -> None:
    assert check_git_url(url) == f"{redact_url(url)!r} is not a valid git URL: {flaw}"


def test_a_long_url_is_refused_and_cut_in_the_message() -> None:
    assert check_git_url("https://host/" + "x" * 10_000) == (
        f"'https://host/{'x' * 46}…' is not a valid git URL: it is longer than 1000 characters"
    )


@given(
    st.sampled_from(["", "https://h/", "ssh://g@h/", "git@h:", "/", "file:///"]),
    st.text(alphabet="a0'\"\\#,{}$` \n<>;&|-._/@+=%:[]?\u00e4", max_size=40),
)
def test_what_is_let_in_holds_nothing_that_ruby_or_a_shell_would_act_on(prefix: str, text: str) -> None:
    if check_git_url(prefix + text) is None:
        assert not set(text) & set("'\"\\#, \n{}$`<>;&|?")
        assert (prefix + text)[0] != "-"
        assert "::" not in (prefix + text).partition("[")[0] or "://" in prefix
