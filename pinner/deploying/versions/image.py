"""Write and read a bundle as an OCI image layout, so that registries and their tools can carry it.

The first layer has the bundle's list of contents, each further one a git tree. Layers are not compressed, because
other versions of a compressor write other bytes; a registry may hold them compressed. The formats are those of
https://github.com/opencontainers/image-spec: image-layout.md, manifest.md, config.md.
"""

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pinner.git.objects.tree_files import exchange, failing, remove_tree, sync_directory
from pinner.model.errors import InputError, Location, Problem
from pinner.project.files import read_file

_LAYOUT, _INDEX, _BLOBS = "oci-layout", "index.json", "blobs/sha256"
_TYPE = "application/vnd.oci.image."
_LARGEST_DOCUMENT = 4 * 1024 * 1024  # registries refuse larger manifests
_EPOCH = "1970-01-01T00:00:00Z"

WriteLayer = Callable[[tarfile.TarFile], None]


def write_image(path: Path, layers: Iterable[WriteLayer]) -> tuple[str, int]:
    """Write an image to the directory `path`; return the SHA-256 of its manifest and the size in bytes of its files.

    The directory is replaced on success only. Raises InputError if it is there and is not an image, and UnknownError
    if it cannot be written.
    """
    if os.path.lexists(path) and not (path / _LAYOUT).is_file():
        hint = "name a new directory, or one with an image, which is replaced"
        raise InputError(Problem("this is not an OCI image layout", Location(str(path)), hint))
    draft = path.with_name(f".{path.name}.draft")
    blobs = draft / _BLOBS
    with failing(path.parent):
        remove_tree(draft)  # of a killed run
        try:
            blobs.mkdir(parents=True)
            rows = [_write_layer(blobs, write) for write in layers]
            config = {
                "created": _EPOCH,
                "architecture": "amd64",  # required, and without meaning here
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [row["digest"] for row in rows]},
            }
            manifest = {
                "schemaVersion": 2,
                "mediaType": f"{_TYPE}manifest.v1+json",
                "config": _write_blob(blobs, config, "config.v1+json"),
                "layers": rows,
            }
            about = _write_blob(blobs, manifest, "manifest.v1+json")
            index = {"schemaVersion": 2, "mediaType": f"{_TYPE}index.v1+json", "manifests": [about]}
            _write(draft / _INDEX, _encode(index))
            _write(draft / _LAYOUT, _encode({"imageLayoutVersion": "1.0.0"}))
            sync_directory(blobs)
            size = sum(file.stat().st_size for file in draft.rglob("*") if file.is_file())
            if path.exists():
                exchange(draft, path)
            else:
                draft.rename(path)
            sync_directory(path.parent)
        finally:
            remove_tree(draft)
    return str(about["digest"]).removeprefix("sha256:"), size


def write_tar(path: Path, parts: Iterable[WriteLayer]) -> tuple[str, int]:
    """Write the parts to one tar, on the disk for good; return its SHA-256 and its size in bytes."""
    with path.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
            for write in parts:
                write(tar)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _write_layer(blobs: Path, write: WriteLayer) -> Mapping[str, Any]:
    draft = blobs / "layer"
    digest, size = write_tar(draft, [write])
    draft.rename(blobs / digest)
    return {"mediaType": f"{_TYPE}layer.v1.tar", "digest": f"sha256:{digest}", "size": size}


def _write_blob(blobs: Path, document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    content = _encode(document)
    digest = hashlib.sha256(content).hexdigest()
    _write(blobs / digest, content)
    return {"mediaType": f"{_TYPE}{kind}", "digest": f"sha256:{digest}", "size": len(content)}


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def find_layers(path: Path) -> tuple[Path, ...]:
    """Return the files of the layers of the one image in a directory; all are compared with their digests.

    Raises ValueError, KeyError or TypeError if the directory is something else or was altered, and UnknownError if it
    cannot be read.
    """
    (about,) = json.loads(_read(path / _INDEX))["manifests"]
    return tuple(_blob(path, row) for row in json.loads(_read(_blob(path, about)))["layers"])


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    return read_file(path, shown=str(path), limit=_LARGEST_DOCUMENT)


def _blob(path: Path, row: Mapping[str, Any]) -> Path:
    """Return the file that a row of a manifest or an index names; raises ValueError if it was altered."""
    named = re.fullmatch("sha256:([0-9a-f]{64})", row["digest"])
    if not named:
        raise ValueError(f"it has the digest {row['digest']!r}")
    found = path / _BLOBS / named[1]
    if not found.is_file():
        raise ValueError(f"{named[0]} is missing")
    with failing(found), found.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != named[1]:
            raise ValueError(f"{named[0]} was altered")
    return found
