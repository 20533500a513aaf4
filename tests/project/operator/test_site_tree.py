"""A directory of site code: what its files name and define."""

import os
from pathlib import Path

from pinner.project.operator.tree import LARGEST_CODE_FILE, SiteTree, read_site, read_site_texts
from pinner.puppet.usage.values import Surroundings


def read(root: Path, files: dict[str, bytes]) -> SiteTree:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return read_site(read_site_texts(root), Surroundings())


def test_all_manifests_are_read(tmp_path: Path) -> None:
    tree = read(
        tmp_path,
        {
            "site/profile/manifests/nova.pp": b"class profile::nova($x) { include nova }\n",
            "manifests/site.pp": b"\xef\xbb\xbfnode default { include profile::nova }\n",
            "README.md": b"include cinder\n",
        },
    )
    assert [file.path for file in tree.files] == [
        f"{tmp_path}/manifests/site.pp",
        f"{tmp_path}/site/profile/manifests/nova.pp",
    ]
    assert [use.owner for file in tree.files for use in file.uses] == ["profile::nova", "nova"]
    assert [one.name for one in tree.definitions] == ["profile::nova"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.pp")
    with (tmp_path / "b.pp").open("wb") as file:
        file.truncate(LARGEST_CODE_FILE + 1)
    tree = read(tmp_path, {"a.pp": b"class x { 'never closed }\n"})
    assert [str(file.refusal) for file in tree.files] == [
        f"{tmp_path}/a.pp:1: a string is not closed",
        f"{tmp_path}/b.pp: the file is longer than {LARGEST_CODE_FILE} bytes",
        f"{tmp_path}/c.pp: this is not a regular file\n  hint: put a regular file here",
    ]
