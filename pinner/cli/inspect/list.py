"""`list`, `tree` and `why`: the environments, the dependencies inside one, and where a pin comes from."""

import click

from pinner.cli.options import (
    PinnerCommand,
    complete_module,
    environment_argument,
    environments_argument,
    example,
    format_option,
)
from pinner.cli.output import Format, print_report
from pinner.cli.workspace import open_workspace
from pinner.inspecting.contents import explain_pin, read_tree, summarize_environments


@click.command("list", cls=PinnerCommand, epilog=example("pinner list", "pinner list --format json"))
@environments_argument
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def list_command(project: str, environments: tuple[str, ...], *, output: Format) -> None:
    """List the environments with their release and lock id.

    Contacts no remote; `status` also shows how far they are behind.
    """
    print_report("environments", summarize_environments(open_workspace(project), environments), output)


@click.command(
    "tree",
    cls=PinnerCommand,
    epilog=example(
        "pinner tree production", "pinner tree production stdlib --reverse    which modules require stdlib"
    ),
)
@environment_argument
@click.argument("module", metavar="[MODULE]", required=False, shell_complete=complete_module)
@click.option("--reverse", "is_reversed", is_flag=True, help="Show which modules require each module.")
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def tree_command(
    project: str, environment: str, module: str | None, *, is_reversed: bool, output: Format
) -> None:
    """Show which modules of ENV require which, and the ranges.

    Starts from MODULE, or from all modules that no other one requires. Dependencies that the manifest ignores are left
    out. Contacts no remote.
    """
    tree = read_tree(open_workspace(project), environment, module, is_reversed=is_reversed)
    print_report("tree", tree, output)


@click.command(
    "why",
    cls=PinnerCommand,
    epilog=example("pinner why production nova", "pinner why production nova::compute::enabled"),
)
@environment_argument
@click.argument("module", shell_complete=complete_module)
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def why_command(project: str, environment: str, module: str, *, output: Format) -> None:
    """Show where a pin comes from, and what depends on it.

    Shows the manifest's line, the rule, the ref and the commit. MODULE may also be a class, a type or a Hiera key such as
    nova::compute::enabled: what it is in the pinned code is shown first. Contacts no remote.
    """
    reason = explain_pin(open_workspace(project), environment, module)
    print_report("reason", reason, output)
