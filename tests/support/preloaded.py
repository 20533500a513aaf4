"""A `pinner` for sessions of a shell that starts without importing anything: a process that has imported all of it forks.

    with preloaded_pinner(directory) as scripts: ...

`scripts` is a directory for PATH whose `pinner` passes its arguments, variables, directory and standard streams to that
process. The fork has them as its own, runs the command and what is to run at its end, and leaves the rest to the system.

    run_preloaded(scripts, "tests.support.faults:main", ...)

runs another function there: no arguments in, an exit code out.
"""

import atexit
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pinner.cli.root import COMMANDS
from tests.support.today import stop_the_clock

ROOT = Path(__file__).resolve().parents[2]
_STREAMS = 3
_PINNER = "pinner.cli.main:run"
_CLIENT = f"""#!{sys.executable} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({{address!r}})
    request = json.dumps([{{entry!r}}, sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
    socket.send_fds(server, [b"%8d" % len(request)], [0, 1, 2])
    server.sendall(request)
    code = int(server.makefile().read())
os._exit(code & 0xFF)
"""


@contextmanager
def preloaded_pinner(directory: Path) -> Iterator[Path]:
    """Serve for the time of a `with` block; yield the directory that has the command."""
    address = directory / "socket"
    scripts = directory / "bin"
    scripts.mkdir()
    client = scripts / "pinner"
    client.write_text(_CLIENT.format(address=str(address), entry=_PINNER))
    client.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "tests.support.preloaded", str(descriptor)]
        with subprocess.Popen(command, cwd=ROOT, pass_fds=[descriptor], stdin=subprocess.DEVNULL) as server:
            try:
                yield scripts
            finally:
                server.terminate()


def run_preloaded(
    scripts: Path, entry: str, *arguments: str, cwd: Path
) -> "subprocess.CompletedProcess[str]":
    """Run `MODULE:FUNCTION` in a fork as a command of its own; below 0, its end is the signal that ended it."""
    request = json.dumps([entry, arguments, dict(os.environ), str(cwd)]).encode()
    with (
        socket.socket(socket.AF_UNIX) as server,
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
        Path(os.devnull).open("rb") as nothing,
    ):
        server.connect(str(scripts.parent / "socket"))
        socket.send_fds(server, [b"%8d" % len(request)], [nothing.fileno(), out.fileno(), err.fileno()])
        server.sendall(request)
        code = int(server.makefile().read())
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


def _serve(listener: socket.socket) -> str:
    """Fork for each connection, one process that answers it and one that is the command, which returns what it is to run."""
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _answer(connection)
        connection.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def _answer(connection: socket.socket) -> str:
    """Return in a fork, which becomes the command, and wait for it to end here."""
    length, streams, _, _ = socket.recv_fds(connection, 8, _STREAMS)
    entry, arguments, variables, directory = json.loads(connection.recv(int(length), socket.MSG_WAITALL))
    child = os.fork()
    if child == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(directory)
        sys.argv = ["pinner", *arguments]
        return str(entry)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(child, 0)
    connection.sendall(b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def main() -> None:
    """Import all commands and serve; only a fork that is a command comes to the end."""
    for file, _ in COMMANDS.values():
        importlib.import_module(f"pinner.cli.{file}")
    importlib.import_module("pinner.cli.main")
    stop_the_clock()
    gc.collect()
    gc.freeze()  # a fork need not look through what is there already, and so copy it
    module, _, function = _serve(socket.socket(fileno=int(sys.argv[1]))).partition(":")
    code = getattr(importlib.import_module(module), function)()
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other way to end without taking apart what the fork shares
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
