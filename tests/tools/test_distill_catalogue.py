"""The script that makes the packaged facts, run on a small made-up set of inputs."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "distill_catalogue.py"

SERIES = """
- {name: new, id: '2025.1', status: development, released: '2025-04-02'}
- {name: mid, id: mid, status: maintained, released: '2020-04-01'}
- {name: old, id: old, status: end of life, released: '2013-04-04', eol: '2014-03-29'}
"""
MODULES = """
puppet-neutron:
  url: https://opendev.org/openstack/puppet-neutron
  series_ref: {old: old-eol, mid: stable/mid}
  last_version: {mid: 28.0.0}
puppet-gone:
  url: https://opendev.org/openstack/puppet-gone
  series_ref: {old: old-eol}
  last_version: {mid: 2.0.0}
puppet-late:
  url: https://opendev.org/openstack/puppet-late
  series_ref: {old: stable/old}
  last_version: {mid: 3.0.0}
puppet-ceph:
  url: https://opendev.org/openstack/puppet-ceph
  series_ref: {}
  last_version: {mid: 2.2.1}
"""
INTEGRATION = """
mid:
  modules:
    kmod: {git: https://github.com/voxpupuli/puppet-kmod, ref: v4.0.0}
old:
  modules:
    kmod: {git: https://github.com/camptocamp/puppet-kmod, ref: 1.0.0}
    archive: {git: https://github.com/nanliu/puppet-archive}
"""
UPSTREAMS: Mapping[str, Mapping[str, str | None]] = {
    "openstack+puppet-neutron": {
        "refs/heads/master": "openstack-neutron",
        "refs/heads/stable/mid": "openstack-neutron",
        "refs/tags/old-eol": "puppetlabs-quantum",
    },
    "openstack+puppet-gone": {
        "refs/heads/master": None,
        "refs/tags/2.0.0": "openstack-gone",
        "refs/tags/old-eol": "stackforge-gone",
    },
    "openstack+puppet-late": {
        "refs/heads/master": "openstack-late",
        "refs/heads/stable/old": "openstack-late",
    },
    "openstack+puppet-ceph": {"refs/heads/master": "openstack-ceph", "refs/tags/2.2.1": "openstack-ceph"},
    "stackforge+puppet-openstack": {"refs/heads/master": None, "refs/heads/old": "puppetlabs-openstack"},
    "voxpupuli+puppet-kmod": {
        "refs/heads/master": "puppet-kmod",
        "refs/tags/1.0.0": "camptocamp-kmod",
        "refs/tags/v4.0.0": "puppet-kmod",
    },
}


def write_upstream(folder: Path, stem: str, refs: Mapping[str, str | None]) -> None:
    lines = [f"{'0' * 40}\t{ref}{peeled}\n" for ref in refs for peeled in ("", "^{}")]
    (folder / "refs" / f"{stem}.txt").write_text("".join(lines), encoding="utf-8")
    metadata = {ref.split("/", 2)[2]: row(name) for ref, name in refs.items()}
    (folder / "metadata" / f"{stem}.json").write_text(json.dumps(metadata), encoding="utf-8")


def row(name: str | None) -> Mapping[str, Any]:
    if name is None:
        return {"file": None}
    slip = [["camtocamp/kmod", ""]] if name == "openstack-gone" else []
    dependencies = [["camptocamp/kmod", ">=1.0.0"], ["nanliu/archive", ""], *slip]
    return {"file": "metadata.json", "name": name, "dependencies": dependencies}


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    for name, text in {"series": SERIES, "modules": MODULES, "integration": INTEGRATION}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for name in ("refs", "metadata"):
        (folder / name).mkdir()
    for stem, refs in UPSTREAMS.items():
        write_upstream(folder, stem, refs)
    return folder


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


def distill(inputs: Path) -> Any:
    output = inputs.parent / "catalogue.json"
    assert run(str(inputs), str(output)).returncode == 0
    return json.loads(output.read_text(encoding="utf-8"))


def carried(raw: Any, repository: str) -> Any:
    return next(each for each in raw["repositories"] if each["repository"] == repository)["carried"]


def test_series_are_written_oldest_first(inputs: Path) -> None:
    assert distill(inputs)["series"] == [
        ["old", "old", "end of life", "2013-04-04", "2014-03-29"],
        ["mid", "mid", "maintained", "2020-04-01", None],
        ["2025.1", "new", "development", "2025-04-02", None],
    ]


def test_a_module_is_called_as_its_metadata_says_at_the_ref(inputs: Path) -> None:
    assert carried(distill(inputs), "puppet-neutron") == [
        ["old", "puppetlabs/quantum", "refs/tags/old-eol", None],
        ["mid", "openstack/neutron", "refs/heads/stable/mid", "28.0.0"],
    ]


def test_a_release_without_a_branch_is_at_its_last_version(inputs: Path) -> None:
    assert carried(distill(inputs), "puppet-gone")[1] == ["mid", "openstack/gone", "refs/tags/2.0.0", "2.0.0"]


def test_a_release_no_ref_was_seen_of_keeps_the_name_it_had(inputs: Path) -> None:
    assert carried(distill(inputs), "puppet-late")[1] == ["mid", "openstack/late", None, "3.0.0"]


def test_a_repository_of_another_calendar_carries_no_release(inputs: Path) -> None:
    assert carried(distill(inputs), "puppet-ceph") == []


def test_a_composition_layer_may_call_its_branch_after_the_series(inputs: Path) -> None:
    assert carried(distill(inputs), "puppet-openstack") == [
        ["old", "puppetlabs/openstack", "refs/heads/old", None]
    ]


def test_a_repository_ends_when_it_is_emptied_or_misses_the_newest_release(inputs: Path) -> None:
    ended = {each["repository"]: each["ended"] for each in distill(inputs)["repositories"]}
    assert ended == {
        "puppet-ceph": None,
        "puppet-gone": "mid",
        "puppet-late": None,
        "puppet-neutron": None,
        "puppet-openstack": "old",
    }


def test_third_party_modules_have_homes_and_owners_newest_first_without_slips(inputs: Path) -> None:
    assert distill(inputs)["third_party"] == [
        {"name": "archive", "git": ["https://github.com/nanliu/puppet-archive"], "forge": ["nanliu/archive"]},
        {
            "name": "kmod",
            "git": ["https://github.com/voxpupuli/puppet-kmod", "https://github.com/camptocamp/puppet-kmod"],
            "forge": ["puppet/kmod", "camptocamp/kmod"],
        },
    ]


def test_pins_are_written_by_series_and_name(inputs: Path) -> None:
    assert list(distill(inputs)["integration"].items()) == [
        (
            "old",
            [
                ["archive", "https://github.com/nanliu/puppet-archive", None],
                ["kmod", "https://github.com/camptocamp/puppet-kmod", "1.0.0"],
            ],
        ),
        ("mid", [["kmod", "https://github.com/voxpupuli/puppet-kmod", "v4.0.0"]]),
    ]


def test_one_row_a_line_and_the_same_bytes_again(inputs: Path) -> None:
    distill(inputs)
    first = (inputs.parent / "catalogue.json").read_bytes()
    distill(inputs)
    assert (inputs.parent / "catalogue.json").read_bytes() == first
    assert '\n["old","puppetlabs/quantum","refs/tags/old-eol",null],\n' in first.decode()


def test_facts_that_contradict_each_other_are_refused(inputs: Path) -> None:
    text = MODULES.replace("mid: stable/mid", "mid: mid-eol")
    (inputs / "modules.yaml").write_text(text, encoding="utf-8")
    result = run(str(inputs), str(inputs.parent / "catalogue.json"))
    assert result.returncode == 1
    assert (
        result.stderr
        == "puppet-neutron: modules.yaml says 'mid-eol' carries mid, the refs say 'refs/heads/stable/mid'\n"
    )


def test_without_an_input_the_usage_is_told() -> None:
    result = run()
    assert result.returncode == 1
    assert "usage: distill_catalogue.py INPUT_DIR [OUTPUT_FILE]" in result.stderr
