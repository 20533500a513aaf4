"""`completion`: the script that makes a shell complete pinner's commands and names."""

import click
from click.shell_completion import get_completion_class

from pinner.cli.options import PinnerCommand, example
from pinner.cli.output import print_data
from pinner.cli.root import pinner

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    cls=PinnerCommand,
    epilog=example(
        "pinner completion bash > ~/.local/share/bash-completion/completions/pinner",
        'eval "$(pinner completion zsh)"       in ~/.zshrc',
        "pinner completion fish > ~/.config/fish/completions/pinner.fish",
    ),
)
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(SHELLS))
def completion_command(shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, options, and the names of the project's environments and modules.
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"no completion for {shell}")
    complete = made(pinner, {}, "pinner", "_PINNER_COMPLETE")
    print_data((complete.source_template % complete.source_vars()).strip("\n").split("\n"))
