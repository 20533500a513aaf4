"""The door itself: every way a command can end becomes a message on stderr and an exit code."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from io import StringIO

import click

from pinner.cli.main import REPORT_BUGS, TerminatedError
from pinner.cli.output import tell
from pinner.cli.root import pinner
from pinner.words.exit_codes import BUG, CLOSED_PIPE, COULD_NOT_FIND_OUT, INTERRUPTED, TERMINATED, WRONG_INPUT
from pinner.words.problems import PinnerError


def go_through(arguments: Sequence[str], command: click.Command = pinner) -> int:
    """Run the command that `arguments` name and return its exit code; nothing is raised."""
    try:
        return int(command.main(list(arguments), prog_name="pinner", standalone_mode=False) or 0)
    except click.ClickException as error:
        return _say(_shown(error), WRONG_INPUT)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", INTERRUPTED)
    except TerminatedError:
        return _say("terminated", TERMINATED)
    except OSError as error:
        return _failed_write(error)
    except Exception as error:  # noqa: BLE001 - the last door: a bug must end with its traceback and code 4
        return _told(error)


def _shown(error: click.ClickException) -> str:
    text = StringIO()
    error.show(text)
    return text.getvalue().removesuffix("\n")


def _told(error: Exception) -> int:
    if isinstance(error, PinnerError):
        return _say(str(error), error.exit_code)
    return _say(f"{traceback.format_exc()}{REPORT_BUGS}", BUG)


def _failed_write(error: OSError) -> int:
    """Return quietly where the reader closed the pipe; tell any other failure of the system in one line."""
    if error.errno == errno.EPIPE:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    where = error.filename or "standard output"  # the one file that is written without its name at hand
    return _say(f"{where}: {error.strerror or error}", COULD_NOT_FIND_OUT)


def _say(message: str, exit_code: int) -> int:
    tell(message)
    return exit_code
