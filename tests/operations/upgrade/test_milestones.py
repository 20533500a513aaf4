"""When things were deprecated and went, followed from release to release."""

import pytest

from pinner.openstack.series import Series, find_series
from pinner.operations.upgrade.milestones import Name, hop_of, milestones
from pinner.words.api import Kind
from pinner.words.changes import ApiChange, Change, Severity


def series(name: str) -> Series:
    found = find_series(name)
    assert found
    return found


def change(
    kind: Change,
    definition: str,
    parameter: str | None = None,
    *,
    new: str | None = None,
    hint: str | None = None,
) -> ApiChange:
    return ApiChange(kind, Kind.CLASS, definition, Severity.BREAKS, parameter, new=new, hint=hint)


OCATA = hop_of(
    series("ocata"),
    [
        change(Change.PARAMETER_DEPRECATED, "nova", "a", hint="use b"),
        change(Change.DEPRECATED, "nova::cert"),
        change(Change.RENAMED, "heat::api-cfn", new="heat::api_cfn"),
        change(Change.PARAMETER_ADDED, "nova", "z"),
        change(Change.PARAMETER_RENAMED, "nova", "d", new="e"),
        change(Change.PARAMETER_RENAMED, "nova", "h", new="i"),
    ],
)
PIKE = hop_of(
    series("pike"),
    [
        change(Change.PARAMETER_REMOVED, "nova", "a"),
        change(Change.REMOVED, "nova::cert"),
        change(Change.PARAMETER_REMOVED, "heat::api_cfn", "b"),
        change(Change.PARAMETER_DEPRECATED, "nova", "c"),
        change(Change.PARAMETER_RENAMED, "nova", "e", new="nova::api::f"),
        change(Change.PARAMETER_REMOVED, "nova", "i"),
    ],
)


@pytest.mark.parametrize(
    ("name", "words", "successor"),
    [
        (("nova", "a"), "deprecated in ocata, gone in pike", None),
        (("nova::cert", None), "deprecated in ocata, gone in pike", None),
        (("nova::cert", "x"), "deprecated in ocata, gone in pike", None),
        (("heat::api-cfn", None), "gone in ocata", "heat::api_cfn"),
        (("heat::api-cfn", "b"), "gone in pike", None),
        (("heat::api-cfn", "kept"), None, None),
        (("nova", "c"), "deprecated in pike", None),
        (("nova", "d"), "gone in ocata", "nova::api::f"),
        (("nova", "h"), "gone in ocata", None),
        (("nova", "unseen"), None, None),
    ],
)
def test_a_name_is_followed_to_its_end(name: Name, words: str | None, successor: str | None) -> None:
    found = milestones([name], [OCATA, PIKE]).get(name)
    assert (str(found) if found else None, found.successor if found else None) == (words, successor)


def test_what_the_deprecation_said_is_kept() -> None:
    assert milestones([("nova", "a")], [OCATA, PIKE])["nova", "a"].advice == "use b"


def test_a_single_release_has_no_way_to_tell_of() -> None:
    assert not milestones([("nova", "a")], [PIKE])
