"""The root command: which commands there are, and how each end of one becomes a message on stderr and an exit code.

A command's file is imported only when the command runs.
"""

import errno
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from io import StringIO

import click

from pinner import __version__
from pinner.cli import REPORT_BUGS
from pinner.cli.output import forget_options, print_message
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

# group -> command -> the module of pinner.cli that holds it under its own name with underscores, and the first line of
# its help: so `pinner --help` imports none of them, and a test keeps the lines the same
GROUPS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Start": {
        "demo": ("start.demo", "Create a small project with its own upstreams, to try pinner."),
        "init": ("start.init", "Start a project here, or add a manifest to it."),
        "import": ("start.import_", "Create manifests from Puppetfiles and other pin formats."),
        "identify": ("start.identify", "Find the upstream commits of modules without git history."),
        "doctor": (
            "start.doctor",
            "Check git, the cache, the project and its servers.",
        ),
        "config": ("start.doctor", "Show the settings in force, and where each comes from."),
        "completion": ("start.completion", "Print the completion script of a shell."),
    },
    "Pin": {
        "lock": ("pin.lock", "Pin what is new or changed in manifests; keep all other pins."),
        "update": ("pin.update", "Move pins to the newest commits that the manifest allows."),
        "add": ("pin.membership", "Add modules to a manifest, and show what 'lock' would do."),
        "remove": ("pin.membership", "Remove modules from a manifest, and show what 'lock' would do."),
        "verify": ("pin.verify", "Check locks against remotes, and modules against each other."),
        "catalogue": ("pin.catalogue", "Show or update the facts about OpenStack's releases."),
        "id": ("pin.id", "Show lock ids; environments with the same id run the same code."),
    },
    "Inspect": {
        "list": ("inspect.list", "List the environments with their release and lock id."),
        "dashboard": ("inspect.status", "Write one HTML page with the state of all environments."),
        "status": ("inspect.status", "Show what each environment pins, and how far behind it is."),
        "show": ("inspect.show", "Show what a module of ENV defines at its pin."),
        "tree": ("inspect.list", "Show which modules of ENV require which, and the ranges."),
        "why": ("inspect.list", "Show where a pin comes from, and what depends on it."),
        "outdated": ("inspect.outdated", "Show updates available upstream, and upcoming ends of life."),
        "find": ("inspect.find", "Show which environments contain a commit, change or fix."),
        "api": ("inspect.show", "Show what a module defines at a commit, with all parameters."),
        "sbom": ("inspect.sbom", "Print a software bill of materials of ENV's lock."),
    },
    "Change": {
        "diff": ("change.diff", "Show what changes from one lock to another."),
        "upgrade": ("change.upgrade", "Show what moving ENV to another release would change."),
        "audit": ("change.audit", "Check hiera data and site code against the pinned modules."),
        "preview": ("change.preview", "Show what changes on each node from one lock to another."),
        "compile": ("change.compile", "Compile the catalogs of nodes with the locked modules."),
        "bisect": ("change.bisect", "Find the module and the commit that made CMD fail."),
    },
    "Deploy": {
        "generate": ("deploy.generate", "Write a Puppetfile and environment.conf for each environment."),
        "publish": ("deploy.publish", "Commit the generated files to the control repository."),
        "bundle": ("deploy.bundle", "Write a file from which environments are deployed offline."),
        "deploy": ("deploy.deploy", "Switch environments to the locked modules, each by one rename."),
        "r10k-environments": ("deploy.generate", "Print the environments for r10k's exec source."),
    },
}
COMMANDS = {name: place for commands in GROUPS.values() for name, place in commands.items()}
ALIASES = {"check": "audit"}
HIDDEN = {"r10k-environments"}
"""Commands that programs run: they have help, a manual page and completion, and no line in the list."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order in which a new user needs them."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command named by the first word, or after `help`; raises UsageError with similar names."""
        word = ALIASES.get(args[0], args[0])
        if word == "help" and len(args) == 1:
            click.echo(ctx.get_help())
            ctx.exit()
        args = [ALIASES.get(args[1], args[1]), "--help"] if word == "help" else [word, *args[1:]]
        word = args[0]
        if word in COMMANDS or word.startswith("-"):
            return super().resolve_command(ctx, args)
        near = " or ".join(f"'{name}'" for name in get_close_matches(word, COMMANDS))
        raise click.UsageError(f"No such command '{word}'." + (f" Did you mean {near}?" if near else ""), ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Return the command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pinner.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the commands of each group from the table above."""
        width = max(len(name) for name in COMMANDS if name not in HIDDEN)  # the same column in every group
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl(
                    [
                        (name.ljust(width), line)
                        for name, (_module, line) in commands.items()
                        if name not in HIDDEN
                    ],
                    col_max=width,
                )


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="pinner", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "--project",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    help="Work on the project at or above DIR (default: here).",
)
@click.option(
    "--no-pager",
    "may_page",
    flag_value=False,
    default=True,
    type=bool,
    help="Print long results on a terminal without a pager (PAGER, default less).",
)
@click.pass_context
def pinner(context: click.Context, project: str, *, may_page: bool) -> None:  # noqa: ARG001 - read by each command
    """Pin puppet-openstack modules per Puppet environment.

    Manifests (environments/*.yaml) name modules and their release, branch, tag or commit; `lock` resolves them to
    exact commits and checks that they fit together; `diff` shows what changes; `generate` writes Puppetfiles for r10k.

    Exit codes: 0 success, 1 findings, a stale lock or a difference, 2 invalid input, 3 could not be determined,
    4 a bug in pinner, 130 interrupted.
    """
    context.obj = project


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
        text = StringIO()
        error.show(text)
        return _print(text.getvalue().removesuffix("\n"), WRONG_INPUT)
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
