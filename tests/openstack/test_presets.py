from collections import Counter

import pytest

from pinner.model.text import check_git_url
from pinner.openstack.catalogue import Preset, find_series, presets
from pinner.puppet.names import check_ref_name


def test_three_releases_of_51_modules() -> None:
    assert [(preset.release, len(preset.modules)) for preset in presets()] == [
        ("grizzly", 51),
        ("havana", 51),
        ("icehouse", 51),
    ]


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.release)
def test_the_refs_are_as_its_program_chose_them(preset: Preset) -> None:
    release = preset.release
    refs = Counter(module.ref for module in preset.modules)
    tags = ("2.5.0", "2.0.0", "0.1.2", "0.4.0", "0.0.18")
    assert refs == {
        f"stable/{release}": 10,
        release: 21,
        "master": 10,
        "0.x": 2,
        "2.x": 1,
        None: 2,
    } | dict.fromkeys(tags, 1)
    assert find_series(release) is not None


def test_the_network_module_is_called_as_in_its_release() -> None:
    names = {preset.release: {module.name for module in preset.modules} for preset in presets()}
    assert ["stackforge/quantum" in names[release] for release in names] == [True, False, False]
    assert ["stackforge/neutron" in names[release] for release in names] == [False, True, True]


def test_every_row_is_a_name_a_url_and_perhaps_a_ref() -> None:
    for module in (module for preset in presets() for module in preset.modules):
        assert module.name.count("/") == 1
        assert check_git_url(module.git) is None
        assert module.ref is None or check_ref_name(module.ref) is None
