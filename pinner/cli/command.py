"""The class of every command: the options that all of them take, and the sections of --help."""

from pathlib import Path
from typing import Any, Final

import click

from pinner.cli.output import Color, OutputOptions, output_options

_WIDEST_FLAGS: Final = 22
"""Columns for an option's flags; the help of a wider one starts on the next line."""


class SharedOption(click.Option):
    """An option that many commands take; --help lists these in a section of their own."""


def _shared_options() -> tuple[SharedOption, ...]:
    return (
        SharedOption(
            ["-o", "--output", "output_path"],
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Write the result to FILE, which is replaced only on success (exit code 0 or 1).",
        ),
        SharedOption(["-q", "--quiet", "is_quiet"], is_flag=True, help="Print only results and problems."),
        SharedOption(
            ["-v", "--verbose", "is_verbose"], is_flag=True, help="Print each repository that is contacted."
        ),
        SharedOption(
            ["--color"],
            type=click.Choice([choice.value for choice in Color]),
            default=Color.AUTO.value,
            help="Colour the text (auto: on a terminal, unless NO_COLOR is set).",
        ),
    )


class PinnerCommand(click.Command):
    """A command that also takes the shared options, unless it defines an option of that name itself."""

    def __init__(
        self, name: str | None, *, params: list[click.Parameter] | None = None, **others: Any
    ) -> None:
        own = params or []
        taken = {flag for param in own for flag in param.opts}
        self.shared = [option for option in _shared_options() if not taken.intersection(option.opts)]
        super().__init__(name, params=[*own, *self.shared], **others)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command with its output as the shared options demand, and return its exit code."""
        given = {option.name: ctx.params.pop(option.name or "") for option in self.shared}
        if given.get("is_quiet") and given.get("is_verbose"):
            raise click.UsageError("-q and -v exclude each other.", ctx)
        options = OutputOptions(
            is_quiet=given.get("is_quiet", False),
            is_verbose=given.get("is_verbose", False),
            color=Color(given.get("color", Color.AUTO)),
            may_page=ctx.find_root().params.get("may_page", True),
        )
        with output_options(options, given.get("output_path")) as finish:
            exit_code = int(super().invoke(ctx) or 0)
            finish(exit_code)
        return exit_code

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the remaining arguments; `--json` gets the hint that other tools' users need."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name == "--json" and any("--format" in param.opts for param in self.params):
                raise click.NoSuchOption("--json", possibilities=["--format json"], ctx=ctx) from None
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those that many commands take."""
        rows: dict[bool, list[tuple[str, str]]] = {False: [], True: []}
        for param in self.get_params(ctx):
            if not isinstance(param, click.Option):
                continue
            is_shared = isinstance(param, SharedOption) or "--help" in param.opts
            if record := param.get_help_record(ctx):
                rows[is_shared].append(record)
        for title, records in (("Options", rows[False]), ("Common options", rows[True])):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records, col_max=_WIDEST_FLAGS)
