"""What an agent would do differently is a change; what means the same is none."""

from typing import Any

import pytest

from pinner.catalogs.effects import UNSET, by_name, compare_catalogs, normal_resource
from pinner.catalogs.masking import Masks
from pinner.model.catalogs import Resource
from pinner.model.preview import CatalogChange, ChangeKind, Effect


def resource(
    type_: str, title: str, kind: str = "native", name: str | None = None, **parameters: Any
) -> Resource:
    return Resource(type_, title, name, parameters, "modules/nova/manifests/init.pp", 7, kind)


def compare(before: list[Resource], after: list[Resource]) -> list[tuple[str, str, str | None, str]]:
    changes = compare_catalogs(*(by_name(map(normal_resource, side)) for side in (before, after)))
    return [(one.change.value, one.resource, one.parameter, one.effect.value) for one in changes]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (resource("Package", "a", ensure="present"), resource("Package", "a", ensure="installed")),
        (resource("Package", "a", name="c"), resource("Package", "b", name="c", ensure="present")),
        (
            resource("File", "/etc/x", mode="0640"),
            resource("File", "x", name="/etc/x", path="/etc/x", mode="0640"),
        ),
        (resource("Nova_config", "a/b", value=["x"]), resource("Nova_config", "a/b", value="x")),
        (resource("Nova_config", "a/b", value=UNSET), resource("Nova_config", "a/b", ensure="absent")),
        (
            resource("Nova_config", "a/b", value="<_UNSET_>", ensure_absent_val="<_UNSET_>"),
            resource("Nova_config", "a/b", value=UNSET),
        ),
        (
            resource("Nova_config", "a/b", value="x", ensure="present"),
            resource("Nova_config", "a/b", value="x"),
        ),
    ],
)
def test_equal_resources_in_another_form_are_no_change(before: Resource, after: Resource) -> None:
    assert compare([before], [after]) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, resource("Nova_config", "a/b", value=UNSET), ("added", "Nova_config[a/b]", None, "unset")),
        (resource("Nova_config", "a/b", value=UNSET), None, ("removed", "Nova_config[a/b]", None, "unset")),
        (None, resource("Nova_config", "a/b", value="x"), ("added", "Nova_config[a/b]", None, "acts")),
        (
            resource("Nova_config", "a/b", value=UNSET),
            resource("Nova_config", "a/b", value="x"),
            ("changed", "Nova_config[a/b]", "value", "acts"),
        ),
        (
            resource("Nova_config", "a/b", value="x"),
            resource("Nova_config", "a/b", value=UNSET),
            ("changed", "Nova_config[a/b]", "value", "acts"),
        ),
        (
            resource("Service", "a", require=["Class[A]"]),
            resource("Service", "a"),
            ("changed", "Service[a]", "require", "order"),
        ),
        (
            resource("Service", "a"),
            resource("Service", "a", tag=["x"]),
            ("changed", "Service[a]", "tag", "bookkeeping"),
        ),
        (None, resource("Nova::Db", "a", "define", x=1), ("added", "Nova::Db[a]", None, "bookkeeping")),
        (None, resource("Class", "A", "class"), ("added", "Class[A]", None, "bookkeeping")),
        (None, resource("Anchor", "a"), ("added", "Anchor[a]", None, "bookkeeping")),
        (None, resource("File", "/x", ensure="absent"), ("added", "File[/x]", None, "acts")),
        (
            resource("File", "/x", source="puppet:///modules/a/b", **{"source (content)": "1"}),
            resource("File", "/x", source="puppet:///modules/a/b", **{"source (content)": "2"}),
            ("changed", "File[/x]", "source (content)", "acts"),
        ),
    ],
)
def test_each_change_has_its_effect(
    before: Resource | None, after: Resource | None, expected: tuple[str, str, str | None, str]
) -> None:
    assert compare([before] if before else [], [after] if after else []) == [expected]


def test_a_setting_that_becomes_unset_keeps_its_order() -> None:
    before = resource("Nova_config", "a/b", value="10", notify=["Anchor[x]"], tag=["t"])
    after = resource("Nova_config", "a/b", value=UNSET, notify=["Anchor[x]"], tag="t")
    assert compare([before], [after]) == [("changed", "Nova_config[a/b]", "value", "acts")]


def test_a_catalog_does_not_differ_from_itself() -> None:
    one = [resource("File", "/x", mode="0640"), resource("Nova_config", "a/b", value=UNSET)]
    assert compare(one, list(reversed(one))) == []


def test_a_value_that_is_only_marked_as_secret_now_has_not_changed() -> None:
    masks = Masks()
    masks.add({"a long secret": "0123456789ab"})
    change = CatalogChange(
        ChangeKind.CHANGED,
        "X",
        "x",
        "value",
        '"a long secret"',
        '{"__secret__": "0123456789ab"}',
        Effect.ACTS,
    )
    masked = masks.mask(change)
    assert (masked.old, masked.new) == ('"(secret 0123456789ab)"', '"(secret 0123456789ab)"')
    assert (masked.effect, masked.is_secret) == (Effect.BOOKKEEPING, True)


def test_secrets_are_masked_in_the_forms_that_configurations_use() -> None:
    masks = Masks()
    masks.add({'p@ss "word"/1': "d1", "p@ss": "d2", "longer than p@ss": "d3"})
    assert masks.apply('x p@ss "word"/1 y') == "x (secret d1) y"
    assert masks.apply("http://u:p%40ss%20%22word%22%2F1@h") == "http://u:(secret d1)@h"
    assert masks.apply(r'{"a": "p@ss \"word\"/1"}') == '{"a": "(secret d1)"}'
    assert masks.apply("longer than p@ss") == "(secret d3)"
    assert masks.apply("p@ss") == "p@ss"  # too short to be searched for
