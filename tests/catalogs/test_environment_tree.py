"""Directories that are compiled may come from a stranger's control repository."""

import os
from pathlib import Path

from pinner.catalogs.environment_tree import write_tree


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    control, module = tmp_path / "control", tmp_path / "nova"
    for name in ("manifests", "x"):
        (module / name).mkdir(parents=True)
    (module / "manifests/init.pp").write_text("class nova { }\n")
    (control / "site/role/manifests").mkdir(parents=True)
    os.mkfifo(control / "environment.conf")
    os.mkfifo(control / "site/role/manifests/pipe.pp")
    os.mkfifo(control / "site/role/metadata.json")
    (control / "site/role/manifests/zero.pp").symlink_to("/dev/zero")
    tree = write_tree(
        tmp_path / "environments", "production", modules={"modules/nova": module}, control=control
    )
    assert tree.modulepath == ("site", "modules")
    assert list(tree.find_classes()) == ["nova"]
    assert tree.find_ignored() == {}
