"""The root command: which commands there are. Each file is imported only when its command runs."""

import importlib
from difflib import get_close_matches

import click

from pinner import __version__

# command -> the file of pinner.cli that holds it under its own name with underscores, and the first line of its help:
# so `pinner --help` imports none of them, and a test keeps the lines the same
COMMANDS = {
    "demo": ("start", "Make a small project with upstreams of its own, and try pinner."),
    "init": ("init", "Start a project here, or add a manifest to it."),
    "import": ("adopt", "Make manifests of Puppetfiles and what else pins modules."),
    "lock": ("pin", "Pin what is new or changed in manifests; keep all other pins."),
    "update": ("pin", "Move modules to what their wants now say (default: all)."),
    "verify": ("pin", "Check locks against remotes, and modules against each other."),
    "status": ("show", "Show what each environment runs, and how many commits behind."),
    "id": ("show", "Show lock ids: two environments with one id run the same code."),
    "why": ("show", "Show where a pin comes from, and who depends on it."),
    "outdated": ("outdated", "Show what is newer upstream, and what is near its end."),
    "diff": ("compare", "Show what changes from A to B."),
    "bisect": ("bisect", "Find which module, and which commit of it, broke what CMD tells."),
    "upgrade": ("upgrade", "Plan a move of ENV to another release: what it would change."),
    "audit": ("explain", "Hold hiera data and site code against the modules that ENV pins."),
    "api": ("explain", "Show what a module defines at a commit, with all parameters."),
    "find": ("find", "Show which environments contain a commit, change or fix."),
    "sbom": ("sbom", "Print a software bill of materials of ENV's lock."),
    "identify": ("identify", "Find the upstream commits that modules without history are."),
    "generate": ("generate", "Write a Puppetfile and environment.conf for each environment."),
    "publish": ("publish", "Commit the generated files to the control repository."),
    "r10k-environments": ("r10k_environments", "Print the environments as r10k's exec source reads them."),
}


class LazyGroup(click.Group):
    """A group that knows its commands' names before it imports them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of a newcomer's way."""
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; raises UsageError with what it may have meant."""
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
        """Write the list of commands from the table above."""
        with formatter.section("Commands"):
            rows = [(name, line) for name, (_file, line) in COMMANDS.items()]
            formatter.write_dl(rows, col_max=8)  # a longer name has a line of its own


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
@click.pass_context
def pinner(context: click.Context, project: str) -> None:
    """Pin puppet-openstack modules per Puppet environment.

    Manifests (environments/*.yaml) say which modules from which release, branch, tag or commit; `lock` finds the
    commits and proves that they hold together; `diff` says what changes; `generate` writes r10k Puppetfiles.

    Exit codes: 0 done or yes, 1 no (findings, a stale lock, a difference), 2 wrong input, 3 could not find out,
    4 a bug in pinner, 130 interrupted.
    """
    context.obj = project
