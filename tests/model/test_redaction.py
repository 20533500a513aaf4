import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.model.text import quoted, redact, redact_url, redact_value

HARMLESS = [
    "https://opendev.org/openstack/puppet-nova",
    "https://example.org:8443/Nova.git",
    "https://example.org/a@b",
    "http://[::1]:8080/x",
    "http://localhost:8080/x.git",
    "https://git/x",
    "ssh://git@git.example.net/puppet-sunfire",
    "ssh://git.example.net:29418/a/b",
    "ssh://me@[::1]:2222/~/x",
    "ssh://git@intranet/x",
    "git@github.com:owner/repo.git",
    "me@host:~other/x",
    "file:///srv/git/a@b.git",
    "/srv/git/a@b.git",
    "../a@b",
    "host:path",
    "nova",
    "stable/2025.1",
    "",
]


@pytest.mark.parametrize("url", HARMLESS)
def test_a_url_without_credentials_is_shown_as_it_is(url: str) -> None:
    assert redact_url(url) == redact_value(url) == redact(url) == url
    assert redact(f"fatal: unable to access '{url}': no route to host") == (
        f"fatal: unable to access '{url}': no route to host"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://bob:hun/ter2@h.example/x", "https://***@h.example/x"),
        ("https://bob:hun@ter2@h.example/x", "https://***@h.example/x"),
        ("https://bob:p?s#s@h.example/x", "https://***@h.example/x"),
        ("https://bob:hun ter2@h.example:9/x", "https://***@h.example:9/x"),
        ("https//bob:hunter2@h.example:9/x", "https//***@h.example:9/x"),
        ("https:/bob:hunter2@h.example:9/x", "https:/***@h.example:9/x"),
        ("https:///bob:hunter2@h.example/x", "https:///***@h.example/x"),
        ("https://bob%3ahunter2%40h.example:9/x", "https://***@h.example:9/x"),
        ("https://bob%3Ahunter2@h.example/x", "https://***@h.example/x"),
        ("https://bob%253ahunter2%2540h.example/x", "https://***@h.example/x"),
        ("https://ghp_token@h.example/x", "https://***@h.example/x"),
        ("https://bob:hunter2/x", "https://bob:***/x"),
        ("https://bob%3ahunter2/x", "https://bob%3a***/x"),
        ("https://h.example:8443/a@b", "https://***@b"),
        ("https://bob:80/hunter2@h.example/x", "https://***@h.example/x"),
        ("https://b.b:80/hunter2@h.example/x", "https://***@h.example/x"),
        ("ssh://git:hunter2@h.example/x", "ssh://***@h.example/x"),
        ("bob:hunter2@h.example:x", "***@h.example:x"),
        ("bob:hun/t@er2@h.example:x", "***@h.example:x"),
        ("bob%3ahunter2%40h.example:x", "***@h.example:x"),
        ("https:bob:hunter2@h.example/x", "***@h.example/x"),
        ("https://h.example/x?private_token=abc&a=b", "https://h.example/x?private_token=***&a=***"),
        ("https://h.example/x?abc", "https://h.example/x?***"),
        ("https://h.example/x?a=b#abc", "https://h.example/x?a=***#***"),
        ("https:/h.example/x?token=abc", "https:/h.example/x?token=***"),
        ("https://h.example/x;token=abc", "https://h.example/x;token=***"),
        ("https://h.example/x&job-token=abc", "https://h.example/x&job-token=***"),
        ("https://h.example/x%3Faccess_token%3Dabc", "https://h.example/x%3Faccess_token%3D***"),
        ("git@h.example:x%253Fsecret%253dabc", "git@h.example:x%253Fsecret%253d***"),
        ("git@h.example:x?token=abc", "git@h.example:x?token=***"),
        (" https://bob:hunter2@h.example/x", " https://***@h.example/x"),
    ],
)
def test_what_a_url_hides(url: str, shown: str) -> None:
    assert redact_url(url) == shown
    assert redact_value(url) == shown
    assert quoted(url) == repr(shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: https://anna:pw@example.org/x not found", "fatal: https://***@example.org/x not found"),
        (
            "remote: see https://anna:p@w@example.org/x, or ask",
            "remote: see https://***@example.org/x, or ask",
        ),
        ("at 'https://anna:p w@example.org/x': no", "at 'https://***@example.org/x': no"),
        ('"https://anna:p@w\'s3@example.org/x" is not', '"https://***@example.org/x" is not'),
        ("'https://anna:p w\"s3@example.org/x' is not", "'https://***@example.org/x' is not"),
        ('https://anna:p w"s3@t<u@example.org:9/x: refused', "https://***@example.org:9/x: refused"),
        ("https://example.org:9/x: refused, ask a@b", "https://example.org:9/x: refused, ask a@b"),
        ("https://localhost:8140: refused", "https://localhost:8140: refused"),
        ("https://a.example:1, https://b.example:2; or", "https://a.example:1, https://b.example:2; or"),
        ("https://bob:hunter2: refused", "https://bob:***: refused"),
        ("from anna:pw@example.org:x and git@example.org:y", "from ***@example.org:x and git@example.org:y"),
        ("at https://anna:p\nw@example.org/x: no", "at https://***@example.org/x: no"),
        ("at https://anna:p w\n  s3@example.org/x: no", "at https://***@example.org/x: no"),
        ("at https://anna:p@w\ns3@example.org/x", "at https://***@example.org/x"),
        ("at https://anna:\npw@example.org/x", "at https://***@example.org/x"),
        ("at 'https://anna:pw@example.org/x': no\nask b@c", "at 'https://***@example.org/x': no\nask b@c"),
        ("no answer from https://example.org:\nask b@c", "no answer from https://example.org:\nask b@c"),
        ("> Authorization: Basic abc", "> Authorization: ***"),
        ("PRIVATE-TOKEN: abc", "PRIVATE-TOKEN: ***"),
        ("access_token=abc is wrong", "access_token=*** is wrong"),
        (
            "environments/production.yaml:12:10: module 'nova': no",
            "environments/production.yaml:12:10: module 'nova': no",
        ),
        (
            "git@example.org: Permission denied (publickey).",
            "git@example.org: Permission denied (publickey).",
        ),
        ("Signed-off-by: Anna <anna@example.org>", "Signed-off-by: Anna <anna@example.org>"),
    ],
)
def test_what_a_text_hides(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_a_known_url_is_found_whatever_it_holds() -> None:
    url = "https://anna:p'w \"x<y>@example.org/x"
    assert redact(f"at {url}: refused", known=[url]) == "at https://***@example.org/x: refused"


SCHEMES = st.sampled_from(
    [
        "https://",
        "http://",
        "https:/",
        "https//",
        "https:///",
        "HTTPS://",
        "ftp://",
        "git://",
        "ssh://",
        "htps://",
        "",
    ]
)
SECRETS = st.text("abcXYZ019._~-!$&()*+,;=%/@:#? ", max_size=8).map("SeCrEt{}sEcReT".format)
SEPARATORS = st.sampled_from([(":", "@"), ("%3a", "%40"), ("%3A", "@"), (":", "%40"), ("%253A", "%2540")])
HOSTS = st.sampled_from(["example.org", "127.0.0.1:9", "[::1]", "localhost"])
ENDS = st.sampled_from(["/x", ":x", "/a/b.git", "/x?y=z", ""])


@settings(max_examples=500)
@given(st.text("abX'\"<> @:&", max_size=8).map("SeCrEt{}sEcReT".format), HOSTS)
def test_no_part_of_a_password_with_quotes_is_shown_in_a_text(secret: str, host: str) -> None:
    shown = redact(f"cannot read 'https://bob:{secret}@{host}/x': no")
    assert "SeCrEt" not in shown
    assert "sEcReT" not in shown
    assert shown.endswith(f"@{host}/x': no")


@settings(max_examples=500)
@given(SCHEMES, st.sampled_from(["bob", "b.o.b", "", "a/b"]), SEPARATORS, SECRETS, st.tuples(HOSTS, ENDS))
def test_no_part_of_a_password_is_shown(
    scheme: str, user: str, separators: tuple[str, str], secret: str, home: tuple[str, str]
) -> None:
    url = f"{scheme}{user}{separators[0]}{secret}{separators[1]}{''.join(home)}"
    for shown in (
        redact_url(url),
        redact_value(url),
        quoted(url),
        redact(f"fatal: at '{url}': no", known=[url]),
    ):
        assert "SeCrEt" not in shown
        assert "sEcReT" not in shown


@given(st.text(max_size=300))
def test_redacting_ends_and_is_stable(text: str) -> None:
    redact(text)
    assert redact_url(redact_url(text)) == redact_url(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a-",
        "a//'",
        "a:",
        "@",
        "%40",
        "a//b:",
        "token",
        "=",
        "a:b@",
        "x y:/",
        "://",
        "a://b:\n",
        "a://b:c\n",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    redact(piece * 20_000)
    redact_url(piece * 20_000)
