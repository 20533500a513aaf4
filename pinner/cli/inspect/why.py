"""`why`: where a pin comes from."""

import click

from pinner.cli.options import PinnerCommand, complete_module, environment_argument, example, format_option
from pinner.cli.output import Format, print_report
from pinner.cli.workspace import open_workspace
from pinner.inspecting.contents import explain_pin


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
