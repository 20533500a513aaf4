"""`pinner bundle --oci`: an image that is laid out as the OCI specification defines it, and deploys as a bundle does."""

import gzip
import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.deploy.test_bundle import import_bundle
from tests.cli.deploy.test_deploy import locked, served, target
from tests.support.cloud import Cloud
from tests.support.control import lock_two, make_control
from tests.support.oracles import find_tool
from tests.support.prepared import Prepared
from tests.support.trees import files_in

BOTH = ("production", "staging")


def bundle_as_image(cloud: Cloud) -> None:
    control = make_control(cloud)
    lock_two(cloud)
    for name in BOTH:
        control.repository.commit({"data/common.yaml": f"a: {name}\n"}, branch=name)
    result = cloud.run("bundle", "--oci", "-o", str(cloud.root / "image"))
    assert result.code == 0, result.err


@pytest.fixture
def image(cloud: Cloud, prepared: Prepared) -> tuple[Cloud, Path]:
    """A project with a control repository, and the image of it."""
    prepared(cloud, bundle_as_image)
    return cloud, cloud.root / "image"


def blob(directory: Path, about: Any) -> Path:
    return directory / "blobs" / "sha256" / str(about["digest"]).removeprefix("sha256:")


def manifest_of(directory: Path) -> Any:
    (about,) = json.loads((directory / "index.json").read_text())["manifests"]
    return json.loads(blob(directory, about).read_text())


def replace_manifest(directory: Path, manifest: Any) -> None:
    """Put another manifest in place, with its own digest, as a registry does that compresses layers."""
    content = json.dumps(manifest).encode()
    index = json.loads((directory / "index.json").read_text())
    index["manifests"][0].update(digest=f"sha256:{hashlib.sha256(content).hexdigest()}", size=len(content))
    blob(directory, index["manifests"][0]).write_bytes(content)
    (directory / "index.json").write_text(json.dumps(index))


def test_every_blob_has_its_digest_and_size_and_each_tree_has_a_layer(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    assert json.loads((directory / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (about,) = json.loads((directory / "index.json").read_text())["manifests"]
    manifest = manifest_of(directory)
    named = [about, manifest["config"], *manifest["layers"]]
    for one in named:
        content = blob(directory, one).read_bytes()
        assert (len(content), f"sha256:{hashlib.sha256(content).hexdigest()}") == (one["size"], one["digest"])
    assert len(set(os.listdir(directory / "blobs/sha256"))) == len({one["digest"] for one in named})  # noqa: PTH208 - names, not paths
    config = json.loads(blob(directory, manifest["config"]).read_text())
    assert config["rootfs"]["diff_ids"] == [one["digest"] for one in manifest["layers"]]
    roots = []
    for layer in manifest["layers"][1:]:
        with tarfile.open(blob(directory, layer)) as tar:
            assert {(one.mtime, one.uid, one.gid, one.uname) for one in tar} == {(0, 0, 0, "")}
            names = tar.getnames()
            assert names == sorted(names)
            roots.append({"/".join(name.split("/")[:2]) for name in names})
    commits = {pin["commit"] for name in BOTH for pin in cloud.lock(name)["modules"].values()}
    assert all(len(root) == 1 for root in roots)
    assert len(roots) == len(commits) + len(BOTH)


def test_the_same_locks_give_the_same_bytes(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    again = cloud.root / "again"
    (cloud.root / "cache/trees").rename(cloud.root / "cache/elsewhere")
    result = cloud.run("bundle", "--oci", "-o", str(again), "--format", "json")
    assert files_in(again) == files_in(directory)
    (about,) = json.loads((again / "index.json").read_text())["manifests"]
    assert f"sha256:{result.json['sha256']}" == about["digest"]
    assert result.json["bytes"] == sum(path.stat().st_size for path in again.rglob("*") if path.is_file())


def test_a_machine_without_network_deploys_it(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    for name in ("cache", "control.git"):
        (cloud.root / name).rename(cloud.root / f"gone-{name}")
    result = import_bundle(cloud, directory)
    assert result.code == 0, result.err
    for name in BOTH:
        assert served(cloud, name) == locked(cloud, name)
        assert (target(cloud) / name / "data/common.yaml").read_text() == f"a: {name}\n"


def test_layers_that_a_registry_compressed_are_read(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    manifest = manifest_of(directory)
    for layer in manifest["layers"]:
        content = gzip.compress(blob(directory, layer).read_bytes())
        blob(directory, layer).unlink()
        layer.update(digest=f"sha256:{hashlib.sha256(content).hexdigest()}", size=len(content))
        blob(directory, layer).write_bytes(content)
    replace_manifest(directory, manifest)
    result = import_bundle(cloud, directory)
    assert result.code == 0, result.err
    assert {name: served(cloud, name) for name in BOTH} == {name: locked(cloud, name) for name in BOTH}


def test_an_altered_image_is_refused(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    for path in sorted((*(directory / "blobs/sha256").iterdir(), directory / "index.json")):
        if path == blob(directory, manifest_of(directory)["config"]):
            continue  # it has nothing that is deployed
        content = path.read_bytes()
        for changed in (b"", content[: len(content) // 2], content.replace(b"e", b"f", 100)):
            path.write_bytes(changed)
            result = import_bundle(cloud, directory)
            assert result.code == 2, (path, result.err)
            assert f"{directory}: this is not a whole bundle of pinner: " in result.err
        path.write_bytes(content)
    assert not (target(cloud) / "production").exists()
    assert import_bundle(cloud, directory).code == 0


@pytest.mark.parametrize("kind", ["no layer", "a layer too few", "outside", "two images", "nested"])
def test_other_manifests_are_refused(image: tuple[Cloud, Path], kind: str) -> None:
    cloud, directory = image
    manifest = manifest_of(directory)
    if kind == "no layer":
        manifest["layers"] = []
    elif kind == "a layer too few":
        manifest["layers"].pop()
    elif kind == "outside":
        manifest["layers"][0]["digest"] = "sha256:../../../secret"
    replace_manifest(directory, manifest)
    index = json.loads((directory / "index.json").read_text())
    if kind == "two images":
        (directory / "index.json").write_text(json.dumps({"manifests": index["manifests"] * 2}))
    elif kind == "nested":
        (directory / "index.json").write_text("[" * 100_000)
    result = import_bundle(cloud, directory)
    assert result.code == 2, result.err
    assert f"{directory}: this is not a whole bundle of pinner: " in result.err
    assert not (target(cloud) / "production").exists()


def test_only_an_image_is_replaced_and_on_success_only(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    before = files_in(directory)
    (directory / "note").write_text("x\n")
    assert cloud.run("bundle", "--oci", "-o", str(directory)).code == 0
    assert files_in(directory) == before
    other = cloud.root / "other"
    other.mkdir()
    (other / "note").write_text("x\n")
    refused = cloud.run("bundle", "--oci", "-o", str(other))
    assert refused.code == 2
    assert f"{other}: this is not an OCI image layout\n  hint: name a new directory" in refused.err
    assert (other / "note").read_text() == "x\n"
    assert cloud.run("bundle", "-o", str(other)).code == 2
    cloud.manifest("staging", "release: 2024.1\nopenstack: [nova]\n")
    assert cloud.run("bundle", "--oci", "-o", str(directory)).code == 2
    assert files_in(directory) == before
    assert not list(cloud.root.glob(".*.draft"))


@pytest.mark.e2e
def test_skopeo_reads_it_and_what_it_compresses_is_deployed(image: tuple[Cloud, Path]) -> None:
    cloud, directory = image
    skopeo = find_tool("skopeo", "skopeo")
    done = subprocess.run([skopeo, "inspect", f"oci:{directory}"], check=True, capture_output=True)
    (about,) = json.loads((directory / "index.json").read_text())["manifests"]
    inspected = json.loads(done.stdout)
    assert inspected["Digest"] == about["digest"]
    assert inspected["Layers"] == [layer["digest"] for layer in manifest_of(directory)["layers"]]
    copy = cloud.root / "copy"
    words = ["--insecure-policy", "copy", "--quiet", "--dest-compress", f"oci:{directory}", f"oci:{copy}"]
    subprocess.run([skopeo, *words], check=True, capture_output=True)
    assert all(layer["mediaType"].endswith("tar+gzip") for layer in manifest_of(copy)["layers"])
    result = import_bundle(cloud, copy)
    assert result.code == 0, result.err
    assert {name: served(cloud, name) for name in BOTH} == {name: locked(cloud, name) for name in BOTH}
