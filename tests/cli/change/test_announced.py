"""A removal was announced if the code or a release note of any release before it said so."""

import json

import pytest

from tests.support.cloud import Cloud

NOTE = """---
deprecations:
  - |
    The ``nova::oil`` class and the ``nova::tallow`` parameter are deprecated,
    and will be removed in a future release.
"""
OLD = {
    "manifests/init.pp": "class nova($tallow = 1, $wax = 1, $kept = 1) { }\n",
    "manifests/gas.pp": "class nova::gas($x = 1) {\n  warning('Support for gas has been deprecated.')\n}\n",
    "manifests/oil.pp": "class nova::oil($x = 1) { }\n",
    "manifests/candle.pp": "class nova::candle($x = 1) { }\n",
    "manifests/part.pp": (
        "class nova::part($x = 1) {\n  if $x == 2 { warning('Support for two has been deprecated.') }\n}\n"
    ),
    "releasenotes/notes/oil-0123456789abcdef.yaml": NOTE,
    "releasenotes/notes/broken-1123456789abcdef.yaml": "deprecations: [ `nova::candle` deprecated\n",
    "releasenotes/notes/new-2123456789abcdef.yaml": "features:\n  - A class ``nova::candle`` was added.\n",
}
NEW = {
    "manifests/init.pp": "class nova($kept = 1) { }\n",
    "releasenotes/notes/gone-3123456789abcdef.yaml": "upgrade:\n  - The ``nova::candle`` class was removed; it was not deprecated.\n",
}
ANNOUNCED = {"nova::gas", "nova::oil", "nova::tallow"}


def announced(cloud: Cloud) -> dict[str, tuple[bool, str]]:
    found = json.loads(cloud.run("diff", "old", "new", "--format", "json").out)
    return {
        "::".join(filter(None, (one["definition"], one["parameter"]))): (one["announced"], one["hint"])
        for one in found["modules"][0]["api"]
        if one["kind"] in {"class-removed", "parameter-removed"}
    }


@pytest.fixture
def two_releases(cloud: Cloud) -> Cloud:
    nova = cloud.upstream("nova")
    nova.commit("stable/2024.1", version="24.0.0", files=OLD)
    nova.commit("stable/2025.1", version="26.0.0", files=NEW)
    for name, release in (("old", "2024.1"), ("new", "2025.1")):
        cloud.manifest(name, f"release: {release}\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0
    return cloud


def test_warnings_of_whole_classes_and_notes_announce(two_releases: Cloud) -> None:
    found = announced(two_releases)
    assert {name for name, (is_announced, _) in found.items() if is_announced} == ANNOUNCED
    assert found["nova::wax"][1] == found["nova::candle"][1] == "removed without a deprecation"
    assert found["nova::tallow"][1] == (
        "release note: The ``nova::oil`` class and the ``nova::tallow`` parameter are deprecated, and will be "
        "removed in a future release."
    )


def test_a_note_of_a_release_in_between_announces_too(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    bare = {path: text for path, text in OLD.items() if path.startswith("manifests/")}
    nova.commit("stable/2024.1", version="24.0.0", files=bare)
    nova.commit(
        "stable/2025.1", version="26.0.0", files={**NEW, "releasenotes/notes/oil-0123456789abcdef.yaml": NOTE}
    )
    for name, release in (("old", "2024.1"), ("new", "2025.1")):
        cloud.manifest(name, f"release: {release}\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0
    assert {name for name, (is_announced, _) in announced(cloud).items() if is_announced} == ANNOUNCED


def test_a_note_that_comes_with_a_removal_is_its_hint_and_no_announcement(cloud: Cloud) -> None:
    note = "upgrade:\n  - |\n    The deprecated parameters wax and wick of nova are removed.\n    Set them in nova::lamp.\n"
    nova = cloud.upstream("nova")
    nova.commit(
        "stable/2024.1", version="24.0.0", files={"manifests/init.pp": "class nova($wax = 1, $tar = 2) { }\n"}
    )
    nova.commit(
        "stable/2025.1",
        version="26.0.0",
        files={
            "manifests/init.pp": "class nova { }\n",
            "releasenotes/notes/wax-4123456789abcdef.yaml": note.replace(
                "wax and wick of nova", "``wax`` of ``nova``"
            ),
        },
    )
    for name, release in (("old", "2024.1"), ("new", "2025.1")):
        cloud.manifest(name, f"release: {release}\nopenstack: [nova]\n")
    assert cloud.run("lock").code == 0
    assert announced(cloud) == {
        "nova::wax": (
            False,
            "release note: The deprecated parameters ``wax`` of ``nova`` are removed. Set them in nova::lamp.",
        ),
        "nova::tar": (False, "removed without a deprecation"),
    }
