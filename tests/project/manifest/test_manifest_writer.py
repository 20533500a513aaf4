from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.manifest import Manifest
from pinner.project.files import Project
from pinner.project.manifest.read import read_manifests
from pinner.project.yaml.edit import ModuleGroup, NewManifest, NewModule, render_manifest

NOVA = NewModule(
    "nova", (("git", "https://git.example.net/puppet-nova"), ("branch", "acme/2025.1")), "a fork"
)
WHOLE = NewManifest(
    "production",
    remarks=("Imported from Puppetfile.",),
    description="Public cloud: region one",
    owners=("cloud@example.org", "Cloud, team"),
    extends="_base",
    release="2025.1",
    openstack=("glance", "keystone"),
    groups=(
        ModuleGroup((NOVA, NewModule("swift", (("release", "icehouse"),)))),
        ModuleGroup((NewModule("ceph", ()), NewModule("stdlib", (("tag", "9.10"),))), "third-party modules"),
    ),
    moduledir="site",
    ignored=("end-of-life",),
    left_out=("Omitted:", "  Puppetfile:3"),
)
TEXT = """\
# Imported from Puppetfile.
description: "Public cloud: region one"
owners: [cloud@example.org, "Cloud, team"]
extends: _base
release: 2025.1
moduledir: site

openstack:
  - glance
  - keystone

modules:
  nova: {git: "https://git.example.net/puppet-nova", branch: acme/2025.1}    # a fork
  swift: {release: icehouse}

  # third-party modules
  ceph: false
  stdlib: {tag: "9.10"}

findings:
  ignore:    # findings of this set today: delete a line once it is fixed
    - end-of-life

# Omitted:
#   Puppetfile:3
"""


def read(tmp_path: Path, text: str) -> Manifest:
    project = Project(tmp_path)
    project.environments.mkdir(exist_ok=True)
    project.manifest("_base").write_text("moduledir: modules\n")
    project.manifest("production").write_text(text)
    found = read_manifests(project)
    assert found.problems == ()
    return found.manifests[0]


def test_a_manifest_reads_as_if_written_by_hand(tmp_path: Path) -> None:
    assert render_manifest(WHOLE) == TEXT
    manifest = read(tmp_path, TEXT)
    assert manifest.description == "Public cloud: region one"
    assert manifest.owners == ("cloud@example.org", "Cloud, team")
    assert manifest.modules["ceph"].is_left_out


def test_what_is_not_given_is_not_written() -> None:
    group = ModuleGroup((NewModule("nova", (("tag", "31.0.0"),)),))
    assert render_manifest(NewManifest("x", groups=(group,))) == "modules:\n  nova: {tag: 31.0.0}\n"


@pytest.mark.parametrize(
    "text",
    [
        "1.10",
        "0123456",
        "2024-10-02",
        "1e3",
        "0x10",
        "0o17",
        "on",
        "yes",
        "null",
        "~",
        "1_000",
        "12:30:45",
        "true",
        ".5",
        "=",
        "<<",
        "0" * 40,
        "1234567890" * 4,
        "12345e6789" + "0" * 30,
        "-x",
        "a: b",
        "a #b",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "a,b",
        "[a",
        "{a",
    ],
)
def test_what_yaml_would_read_as_anything_but_a_text_is_quoted(text: str) -> None:
    group = ModuleGroup((NewModule("nova", (("tag", text), ("reason", text))),))
    rendered = render_manifest(NewManifest("x", description=text, owners=(text,), groups=(group,)))
    values = yaml.safe_load(rendered)
    assert values["modules"]["nova"] == {"tag": text, "reason": text}
    assert (values["description"], values["owners"]) == (text, [text])


@pytest.mark.parametrize(
    "text", ["31.0.0", "v9.7.0", "stable/2025.1", "main", "deadbeef" * 5, "1.x", "10.0.0-rc1"]
)
def test_what_is_a_text_to_all_stays_plain(text: str) -> None:
    group = ModuleGroup((NewModule("nova", (("tag", text),)),))
    assert f"{{tag: {text}}}" in render_manifest(NewManifest("x", groups=(group,)))


def test_a_comment_stays_in_its_line() -> None:
    rendered = render_manifest(NewManifest("x", remarks=("a\nb: c\u2028d\x1b",), release="2025.1"))
    assert rendered == "# a?b: c?d?\nrelease: 2025.1\n"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str) -> None:
    rendered = render_manifest(NewManifest("x", description=text, owners=(text,), release="2025.1"))
    values = yaml.safe_load(rendered)
    assert values.get("description", "") == text
    assert values["owners"] == [text]
