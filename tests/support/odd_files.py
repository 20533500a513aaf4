"""Files that are none: links to anywhere, devices, pipes, sockets, directories. Hostile projects hold them."""

import os
import socket
from pathlib import Path

KINDS = ("link", "dangling", "circle", "device", "pipe", "socket", "directory")
"""What `put` can lay; a device is reached by a link, for only root can make one."""


def put(path: Path, kind: str, victim: Path) -> None:
    """Lay something of that kind at `path`; a link leads to `victim`, a dangling one to a file beside it."""
    match kind:
        case "link":
            path.symlink_to(victim)
        case "dangling":
            path.symlink_to(victim.with_name("not-there-yet"))
        case "circle":
            path.symlink_to(path.name)
        case "device":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "socket":
            _put_socket(path)
        case "directory":
            path.mkdir()
        case _:
            raise AssertionError(kind)


def _put_socket(path: Path) -> None:
    """Make a socket by its name alone: the path of a test's directory can be longer than an address may be."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)
