"""When things were deprecated and went, followed from release to release."""

import pytest

from pinner.comparing.steps import hop_of, milestones
from pinner.model.comparison import Name
from pinner.model.lock import Series
from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, Severity
from pinner.openstack.catalogue import find_series


def series(name: str) -> Series:
    found = find_series(name)
    assert found
    return found


def change(
    kind: ApiChangeKind,
    definition: str,
    parameter: str | None = None,
    *,
    new: str | None = None,
    hint: str | None = None,
) -> ApiChange:
    return ApiChange(kind, DefinitionKind.CLASS, definition, Severity.BREAKS, parameter, new=new, hint=hint)


OCATA = hop_of(
    series("ocata"),
    [
        change(ApiChangeKind.PARAMETER_DEPRECATED, "nova", "a", hint="use b"),
        change(ApiChangeKind.DEPRECATED, "nova::cert"),
        change(ApiChangeKind.RENAMED, "heat::api-cfn", new="heat::api_cfn"),
        change(ApiChangeKind.PARAMETER_ADDED, "nova", "z"),
        change(ApiChangeKind.PARAMETER_RENAMED, "nova", "d", new="e"),
        change(ApiChangeKind.PARAMETER_RENAMED, "nova", "h", new="i"),
    ],
)
PIKE = hop_of(
    series("pike"),
    [
        change(ApiChangeKind.PARAMETER_REMOVED, "nova", "a"),
        change(ApiChangeKind.REMOVED, "nova::cert"),
        change(ApiChangeKind.PARAMETER_REMOVED, "heat::api_cfn", "b"),
        change(ApiChangeKind.PARAMETER_DEPRECATED, "nova", "c"),
        change(ApiChangeKind.PARAMETER_RENAMED, "nova", "e", new="nova::api::f"),
        change(ApiChangeKind.PARAMETER_REMOVED, "nova", "i"),
    ],
)


@pytest.mark.parametrize(
    ("name", "words", "successor"),
    [
        (("nova", "a"), "deprecated in ocata, removed in pike", None),
        (("nova::cert", None), "deprecated in ocata, removed in pike", None),
        (("nova::cert", "x"), "deprecated in ocata, removed in pike", None),
        (("heat::api-cfn", None), "removed in ocata", "heat::api_cfn"),
        (("heat::api-cfn", "b"), "removed in pike", None),
        (("heat::api-cfn", "kept"), None, None),
        (("nova", "c"), "deprecated in pike", None),
        (("nova", "d"), "removed in ocata", "nova::api::f"),
        (("nova", "h"), "removed in ocata", None),
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
