import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.operator_data import Array, Hash, Literal, Opaque, OpaqueReason, Plain, Value
from pinner.puppet.usage.judge import correction, is_secret, mismatch

SECRET = [
    *(
        "password",
        "db_password",
        "passphrase",
        "user_pw",
        "rootpw",
        "pwd",
        "shared_secret",
        "secrets",
        "admin_token",
        "api_key",
    ),
    *(
        "apikey",
        "keys",
        "ssh_key",
        "credential",
        "creds",
        "auth",
        "auth_url",
        "oauth_id",
        "authorization",
        "login",
        "psk",
        "wifi_psk",
    ),
    *(
        "community",
        "snmp_community",
        "hmac",
        "hmac_name",
        "pin",
        "pin_code",
        "bind_dn",
        "binddn",
        "private_data",
        "cert",
        "ssl_cert",
    ),
    *(
        "certificate",
        "database_connection",
        "transport_url",
        "salt",
        "dsn",
        "otp",
        "seed",
        "license",
        "password2",
        "Password",
    ),
]
PLAIN = [
    "port",
    "debug",
    "hosts",
    "spinning",
    "shipping",
    "pinned",
    "author",
    "authors",
    "monkeybars",
    "workers",
    "driver",
    "ring",
]


@pytest.mark.parametrize("name", SECRET)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(f"keystone::db::{name}")
    assert is_secret(f"site::{name}::value")


@pytest.mark.parametrize("name", PLAIN)
def test_other_names(name: str) -> None:
    assert not is_secret(f"keystone::db::{name}")


@pytest.mark.parametrize(
    ("value", "type_", "hidden", "shown"),
    [
        ("abc", "Integer", ", not a String of 3 characters", ", not the String 'abc'"),
        (
            "",
            "String[1]",
            ", and its value, an empty String, does not match",
            ", and its value, the String '', does not match",
        ),
        (
            "abc",
            "Pattern[/x/]",
            ", and its value, a String of 3 characters, does not match",
            ", and its value, the String 'abc', does not match",
        ),
        (
            "abc",
            "Stdlib::Port",
            ", and its value, a String of 3 characters, does not match",
            ", and its value, the String 'abc', does not match",
        ),
        (
            5,
            "Integer[6]",
            ", and its value, an Integer, does not match",
            ", and its value, the Integer 5, does not match",
        ),
        (5, "String", ", not an Integer", ", not the Integer 5"),
        (1.5, "String", ", not a Float", ", not the Float 1.5"),
        (True, "String", ", not a Boolean", ", not the Boolean true"),
        (None, "String", ", not undef", ", not undef"),
        (
            "rabbit://u:p@h/",
            "Integer",
            ", not a String of 15 characters",
            ", not the String 'rabbit://***@h/'",
        ),
    ],
)
def test_a_value_is_shown_on_request_only(value: Plain, type_: str, hidden: str, shown: str) -> None:
    literal = Literal(value, 1)
    assert mismatch(literal, "nova::port", type_) == hidden
    assert mismatch(literal, "nova::port", type_, shows_values=True) == shown
    assert mismatch(literal, "nova::pin", type_, shows_values=True) == hidden
    assert "abc" not in mismatch(literal, "nova::port", f"Sensitive[{type_}]", shows_values=True)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Array((Literal("x", 1),), 1), ", not an Array of 1"),
        (Hash(((Literal("x", 1), Literal("y", 1)),), 1), ", not a Hash of 1"),
        (Opaque(OpaqueReason.INTERPOLATED, 1, "%{x}"), ", not an unknown value"),
    ],
)
def test_of_collections_only_the_length_is_shown(value: Value, words: str) -> None:
    assert mismatch(value, "nova::port", "Boolean", shows_values=True) == words


@pytest.mark.parametrize(
    ("value", "type_", "hidden", "shown"),
    [
        ("Yes", "Boolean", "write true or false without quotes", "write true without quotes"),
        ("0815", "Integer", None, None),
        ("815", "Integer", "write the number without quotes", "write 815 without quotes"),
        (815, "String", "put it in quotes", "put it in quotes"),
    ],
)
def test_a_correction_repeats_no_value(
    value: Plain, type_: str, hidden: str | None, shown: str | None
) -> None:
    assert correction(Literal(value, 1), "nova::port", type_) == hidden
    assert correction(Literal(value, 1), "nova::port", type_, shows_values=True) == shown
    assert correction(Literal(value, 1), "nova::psk", type_, shows_values=True) == hidden


@given(
    st.one_of(st.text(min_size=4), st.integers(min_value=1000), st.floats(min_value=1000.5)),
    st.sampled_from(["Boolean", "Integer", "String", "Enum['a']", "Array"]),
)
def test_no_digit_or_letter_of_a_value_is_in_a_message(value: str | float, type_: str) -> None:
    words = mismatch(Literal(value, 1), "nova::x", type_) + str(
        correction(Literal(value, 1), "nova::x", type_)
    )
    kinds = {"a", "an", "String", "Integer", "Float", "of", "not", "and", "its", "value"}
    assert (
        str(value) not in words
        or str(value).strip() in kinds
        or str(value) in "characters does not match write the number true or false without quotes put it into"
    )
