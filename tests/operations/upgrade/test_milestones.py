"""When things were deprecated and went, followed from release to release."""

import pytest

from pinner.openstack.series import Series, find_series
from pinner.operations.upgrade.milestones import hop_of, milestones
from pinner.words.api import Kind
from pinner.words.changes import ApiChange, Change, Severity


def series(name: str) -> Series:
    found = find_series(name)
    assert found
    return found


def change(kind: Change, definition: str, parameter: str | None = None, new: str | None = None) -> ApiChange:
    return ApiChange(kind, Kind.CLASS, definition, Severity.BREAKS, parameter, new=new)


OCATA = hop_of(
    series("ocata"),
    [
        change(Change.PARAMETER_DEPRECATED, "nova", "a"),
        change(Change.DEPRECATED, "nova::cert"),
        change(Change.RENAMED, "heat::api-cfn", new="heat::api_cfn"),
        change(Change.PARAMETER_ADDED, "nova", "z"),
    ],
)
PIKE = hop_of(
    series("pike"),
    [
        change(Change.PARAMETER_REMOVED, "nova", "a"),
        change(Change.REMOVED, "nova::cert"),
        change(Change.PARAMETER_REMOVED, "heat::api_cfn", "b"),
        change(Change.PARAMETER_DEPRECATED, "nova", "c"),
        change(Change.PARAMETER_RENAMED, "nova", "d", "e"),
    ],
)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (change(Change.PARAMETER_REMOVED, "nova", "a"), "deprecated in ocata, gone in pike"),
        (change(Change.REMOVED, "nova::cert"), "deprecated in ocata, gone in pike"),
        (change(Change.PARAMETER_REMOVED, "nova::cert", "x"), "deprecated in ocata, gone in pike"),
        (change(Change.RENAMED, "heat::api-cfn"), "gone in ocata"),
        (change(Change.PARAMETER_REMOVED, "heat::api-cfn", "b"), "gone in pike"),
        (change(Change.PARAMETER_DEPRECATED, "nova", "c"), "deprecated in pike"),
        (change(Change.PARAMETER_RENAMED, "nova", "d"), "gone in pike"),
        (change(Change.PARAMETER_REMOVED, "nova", "unseen"), None),
        (change(Change.DEFAULT_CHANGED, "nova", "a"), None),
    ],
)
def test_a_name_is_followed_to_its_end(end: ApiChange, words: str | None) -> None:
    found = milestones([end], [OCATA, PIKE])
    assert [str(one) for one in found.values()] == ([words] if words else [])


def test_a_single_release_has_no_way_to_tell_of() -> None:
    assert not milestones([change(Change.PARAMETER_REMOVED, "nova", "a")], [PIKE])
