"""What a change of code does to each use of it."""

import pytest

from pinner.model.comparison import DataEffect
from pinner.model.errors import Location
from pinner.model.operator_data import Literal, Opaque, OpaqueReason, Use, UseOrigin, Value
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.usage.codebase import LookupOptions, make_codebase
from pinner.puppet.usage.effects import CodeChange, effects_on
from tests.support.code import NEW, OLD
from tests.support.data import value_of
from tests.support.module_files import read_module


def files(texts: dict[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in texts.items()}


def move(
    old: dict[str, str] = OLD, new: dict[str, str] = NEW, *, options: LookupOptions | None = None
) -> CodeChange:
    before, after = read_module(files(old)), read_module(files(new))
    codebases = make_codebase({"nova": before}), make_codebase({"nova": after})
    return CodeChange(*codebases, compare_apis(before, after), options or LookupOptions())


def use(
    subject: str, value: Value | None = None, origin: UseOrigin = UseOrigin.KEY, *, is_whole: bool = False
) -> Use:
    owner, _, parameter = (subject, "", None) if is_whole else subject.rpartition("::")
    return Use(origin, owner, parameter, value, Location("common.yaml", 7), subject)


def said(*uses: Use, through: CodeChange | None = None) -> list[str]:
    return [shown(one) for one in effects_on(uses, through or move())]


def shown(one: DataEffect) -> str:
    replacement = f" => {one.replacement}" if one.replacement else ""
    return f"{one.effect} {one.key}{replacement} -- {one.hint}"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("nova::rpc_backend", "ignored nova::rpc_backend -- removed without a deprecation"),
        ("nova::auth_host", "ignored nova::auth_host => nova::auth_url -- write nova::auth_url"),
        ("nova::cert::x", "ignored nova::cert::x -- removed without a deprecation"),
        (
            "nova::old-name::alpha_one",
            "ignored nova::old-name::alpha_one => nova::old_name::alpha_one -- write nova::old_name::alpha_one",
        ),
        ("nova::workers", "deprecated nova::workers => nova::api::workers -- use nova::api::workers"),
    ],
)
def test_keys_that_are_gone_or_deprecated(key: str, expected: str) -> None:
    assert said(use(key, Literal(1, 1))) == [expected]


@pytest.mark.parametrize("key", ["nova::debug", "nova::nothing", "nova::nothing::x", "cinder::x"])
def test_keys_that_nothing_happens_to(key: str) -> None:
    assert said(use(key, Literal(1, 1))) == []


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "nova::api::port",
            70000,
            ["breaks nova::api::port -- it takes Nova::Port, and its value, an Integer, does not match"],
        ),
        ("nova::api::port", 8774, []),
        (
            "nova::api::enabled",
            "true",
            [
                "breaks nova::api::enabled -- it takes Boolean, not a String of 4 characters: write true or false without quotes"
            ],
        ),
        ("nova::api::enabled", None, []),
    ],
)
def test_values_under_a_new_type(key: str, value: object, expected: list[str]) -> None:
    found = said(use(key, value_of(value)))
    assert [line for line in found if key in line] == expected


def test_values_that_are_not_known() -> None:
    encrypted = Opaque(OpaqueReason.ENCRYPTED, 1)
    assert said(use("nova::api::secret", encrypted))[:-1] == []
    assert said(use("nova::api::enabled", encrypted))[:-1] == [
        "type nova::api::enabled -- it takes Boolean now: check that the value matches"
    ]
    computed = Opaque(OpaqueReason.COMPUTED, 1)
    assert said(use("nova::api::enabled", computed), use("nova::api::port", encrypted))[:-1] == [
        "type nova::api::port -- it takes Nova::Port now: check that the value matches"
    ]
    merged = move(options=LookupOptions(frozenset({"nova::api::enabled"})))
    assert said(use("nova::api::enabled", Literal("x", 1)), through=merged)[:-1] == []


def test_a_value_that_never_fitted_is_no_news() -> None:
    old = {"manifests/a.pp": "class nova::a(Integer $x = 1) { }\n"}
    new = {"manifests/a.pp": "class nova::a(Integer[0] $x = 1) { }\n"}
    assert said(use("nova::a::x", Literal("text", 1)), through=move(old, new)) == []


def test_an_alias_that_changes_under_an_unchanged_parameter() -> None:
    code = "class nova::a(Nova::Port $x = 1) { }\n"
    old = {"manifests/a.pp": code, "types/port.pp": "type Nova::Port = Integer\n"}
    new = {"manifests/a.pp": code, "types/port.pp": "type Nova::Port = Integer[0,10]\n"}
    assert said(use("nova::a::x", Literal(11, 1)), through=move(old, new)) == [
        "breaks nova::a::x -- it takes Nova::Port, and its value, an Integer, does not match"
    ]


def test_a_class_in_use_that_wants_a_value_now() -> None:
    wants = "breaks nova::api::cell -- it has no default: set it"
    assert said(use("nova::api", origin=UseOrigin.REFERENCE, is_whole=True)) == [wants]
    assert said(use("nova::api::port", Literal(1, 1))) == [wants]
    assert said(use("nova::api::port", Literal(1, 1)), use("nova::api::cell", Literal("x", 1))) == []


def test_site_code_and_hashes_break() -> None:
    disk = Use(
        UseOrigin.HASH,
        "nova::flavor",
        "disk",
        Literal(1, 1),
        Location("c.yaml", 3),
        "nova::flavors::flavors.a.disk",
    )
    assert said(
        use("nova::cert", origin=UseOrigin.CLASS, is_whole=True),
        use("nova::cert", origin=UseOrigin.LIST, is_whole=True),
        use("nova::old-name", origin=UseOrigin.REFERENCE, is_whole=True),
        use("nova::rpc_backend", Literal("x", 1), UseOrigin.CLASS),
        disk,
        use("nova::rpc_backend", origin=UseOrigin.OPTIONS),
        use("nova::workers", origin=UseOrigin.OPTIONS),
    ) == [
        "breaks nova::cert -- removed without a deprecation",
        "breaks nova::cert -- removed without a deprecation",
        "breaks nova::old-name => nova::old_name -- write nova::old_name",
        "breaks nova::rpc_backend -- removed without a deprecation",
        "breaks nova::flavors::flavors.a.disk -- removed without a deprecation",
        "ignored nova::rpc_backend -- removed without a deprecation",
    ]


def test_a_module_that_leaves() -> None:
    before = read_module(files(OLD))
    through = CodeChange(make_codebase({"nova": before}), make_codebase({}), ())
    assert said(use("nova::debug", Literal(1, 1)), through=through) == [
        "ignored nova::debug -- module 'nova' is no longer in the environment"
    ]


def test_a_file_that_cannot_be_read_any_more_is_no_removal() -> None:
    old = {"manifests/a.pp": "class nova::a($x = 1) { }\n"}
    new = {"manifests/a.pp": "class nova::a($x = 'never) { }\n"}
    assert said(use("nova::a::x", Literal(1, 1)), through=move(old, new)) == [
        "type nova::a::x -- manifests/a.pp cannot be read on the new side: line 1: a string is not closed"
    ]


def test_a_deprecated_class() -> None:
    old = {"manifests/a.pp": "class nova::a($x = 1) { }\n"}
    new = {"manifests/a.pp": "# DEPRECATED !!\nclass nova::a($x = 1) { }\n"}
    assert said(use("nova::a::x", Literal(1, 1)), through=move(old, new)) == [
        "deprecated nova::a::x -- DEPRECATED !!"
    ]


def test_nothing_changes_between_equal_sides() -> None:
    uses = [
        use(key, Literal("x", 1)) for key in ("nova::debug", "nova::workers", "nova::api::port", "nova::x")
    ]
    assert said(*uses, through=move(OLD, OLD)) == []
