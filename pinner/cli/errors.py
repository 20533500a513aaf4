"""Turns every way in which a command can end into a message on stderr and an exit code."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO

import click

from pinner.cli import REPORT_BUGS
from pinner.cli.output import forget_options, print_message
from pinner.cli.root import pinner
from pinner.git.process.children import EndedBySignalError, received_signal
from pinner.model.errors import (
    BUG,
    BY_SIGNAL,
    CLOSED_PIPE,
    COULD_NOT_FIND_OUT,
    WRONG_INPUT,
    PinnerError,
    exhausted,
)

_SIGNALS = {
    signal.SIGHUP: "hung up",
    signal.SIGINT: "interrupted",
    signal.SIGQUIT: "quit",
    signal.SIGTERM: "terminated",
}


def run_command(arguments: Sequence[str], command: click.Command = pinner) -> int:
    """Run the command that `arguments` name and return its exit code; nothing is raised."""
    forget_options()
    try:
        return int(command.main(list(arguments), prog_name="pinner", standalone_mode=False) or 0)
    except (Exception, KeyboardInterrupt, EndedBySignalError) as error:  # noqa: BLE001 - a bug must end with its traceback and exit code 4
        number = received_signal()
        return _reported(error) if number is None else _ended_by(number)


def _reported(error: BaseException) -> int:
    if isinstance(error, click.ClickException):
        return _print(_shown(error), WRONG_INPUT)
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return _ended_by(signal.SIGINT)
    if isinstance(error, PinnerError):
        return _print(str(error), error.exit_code)
    if problem := exhausted(error):
        return _print(str(problem), COULD_NOT_FIND_OUT)
    if isinstance(error, OSError):
        return _failed_write(error)
    return _print(f"{traceback.format_exc()}{REPORT_BUGS}", BUG)


def _ended_by(number: int) -> int:
    """Return the exit code after a signal, whatever error it caused."""
    return _print(_SIGNALS[signal.Signals(number)], BY_SIGNAL + number)


def _shown(error: click.ClickException) -> str:
    text = StringIO()
    error.show(text)
    return text.getvalue().removesuffix("\n")


def _failed_write(error: OSError) -> int:
    """Return quietly if the reader closed the pipe; report any other system error in one line."""
    if error.filename is None:
        # Standard output, the only file that is written without a name. Python flushes what is left of it at the end, and
        # would fail again, with a message and an exit code of its own.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return CLOSED_PIPE
    where = error.filename or "standard output"
    return _print(f"{where}: {error.strerror or error}", COULD_NOT_FIND_OUT)


def _print(message: str, exit_code: int) -> int:
    print_message(message)
    return exit_code
